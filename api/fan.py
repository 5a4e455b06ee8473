"""The fan: one frame, made into bytes once, to all screens that are up to date.

Owns who is: a screen in the chain has been told everything up to the frame before. Another one, or one that does not
drain, is called instead, and its own task brings it up to where the others stand, with one conflated delta
(`api.feed`); so nobody waits for anybody, and a screen is a number and no queue. A beat goes out the same way.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import msgspec
from websockets.frames import Frame as SocketFrame
from websockets.frames import Opcode

from api.hub import Frame, Hub
from eventlog.open_letters import LETTERS_LIMIT
from runtime import failpoints

HEARTBEAT_S = 1.0
TOLD_AT_ONCE = 200
"""Screens between two turns of everybody else: some milliseconds."""
REST = 1.0
"""After telling all screens as long a pause as that took, so that it never takes more than half of a core: a few
screens are told each frame of the hub, a thousand some ten a second (docs/performance.md)."""
TICKER_MAX = 20


class Wire(Protocol):
    """A screen's socket, as far as it takes whole frames."""

    @property
    def takes(self) -> bool:
        """True while it is open and what was written drains."""
        ...

    def write_whole(self, frame: bytes) -> None:
        """Write a frame of the websocket as it is; to one that is closed, nothing."""
        ...

    async def drained(self) -> None:
        """Wait until it takes more. Raises OSError where that takes too long, and it was let go."""
        ...


class Screen:
    """One screen. `seq` is the number of the last frame it was told, None while it is being brought up; `called` is set
    when there is more that the fan did not tell it."""

    __slots__ = ("called", "seq", "wire")

    def __init__(self, wire: Wire) -> None:
        self.seq: int | None = None
        self.wire = wire
        self.called = asyncio.Event()


class Fan:
    """All screens of a hub; `told` is the number of the last frame that went out. Run `tell` and `beat` as tasks."""

    def __init__(self, hub: Hub) -> None:
        self.screens: dict[Screen, None] = {}
        self.told = hub.seq
        self._hub = hub

    async def tell(self) -> None:
        """Tell every frame, or those together that were made meanwhile, for ever."""
        while True:
            await self._hub.changed.wait()
            self._hub.changed.clear()
            frames, before = self._hub.since(self.told), self.told
            began = time.monotonic()
            if frames is None:  # more than are kept were made meanwhile
                self.told = self._hub.seq
                async for screen in self._each():
                    screen.called.set()
            elif frames:
                failpoints.hit("api.before_frame")
                self.told = frames[-1].seq
                await self._tell_those_at(before, frames)
            await asyncio.sleep(REST * (time.monotonic() - began))

    async def beat(self) -> None:
        """Say every HEARTBEAT_S that nothing is missing, to those for whom that is so, for ever."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            seq = self.told
            told = text_frame(beat_of(self._hub, seq))
            async for screen in self._each():
                if screen.seq is not None and screen.seq >= seq and screen.wire.takes:
                    screen.wire.write_whole(told)

    async def _tell_those_at(self, before: int, frames: Sequence[Frame]) -> None:
        last, told = frames[-1].seq, text_frame(delta_of(self._hub, frames, before))
        async for screen in self._each():
            if screen.seq == before and screen.wire.takes:
                screen.wire.write_whole(told)
                screen.seq = last
            elif screen.seq != last:
                screen.called.set()

    async def _each(self) -> AsyncIterator[Screen]:
        """Those who are here now; everybody else gets a turn now and then."""
        for number, screen in enumerate(list(self.screens), 1):
            yield screen
            if number % TOLD_AT_ONCE == 0:
                await asyncio.sleep(0)


def delta_of(hub: Hub, frames: Sequence[Frame], before: int) -> dict[str, Any]:
    """What these frames changed, each key once, as a message to who was told everything up to `before`."""
    changes: dict[str, Any] = {}
    for frame in frames:
        changes.update(frame.changes)
    last = frames[-1]
    return {
        "op": "d",
        "t": "city",
        "p": before,
        "s": last.seq,
        "pos": last.pos,
        "now": now_ms(),
        "as_of": hub.marks.as_of_ms,
        "c": changes,
        "e": list(itertools.chain.from_iterable(frame.ticker for frame in frames))[-TICKER_MAX:],
    }


def beat_of(hub: Hub, seq: int) -> dict[str, Any]:
    """Also says why nothing is decided, where the log tells: a screen shows it only while its data are old; and what
    the auditor found last."""
    now = now_ms()
    beat: dict[str, Any] = {
        "op": "hb",
        "t": {"city": seq},
        "now": now,
        "as_of": hub.marks.as_of_ms,
        "lag": max(now - hub.marks.as_of_ms, 0),
    }
    if hub.letters.exceeded:
        beat["stands"] = {"code": LETTERS_LIMIT, "open": hub.letters.open, "max": hub.letters.limit}
    if (audit := hub.audits.told(now)) is not None:
        beat["audit"] = audit
    return beat


def text_frame(message: Any) -> bytes:
    """A message as one whole frame of a websocket, as a server sends it (RFC 6455: not masked)."""
    return SocketFrame(Opcode.TEXT, msgspec.json.encode(message)).serialize(mask=False)


def now_ms() -> int:
    """This machine's clock, ms."""
    return time.time_ns() // 1_000_000
