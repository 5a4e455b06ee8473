"""Somebody who looks at the wall all the time: how long does an action take until a screen holds it?"""

from __future__ import annotations

import asyncio
import time
from collections import deque

import httpx
from websockets.exceptions import WebSocketException

from domain.case.actions import (
    Accept,
    Close,
    Dispatch,
    File,
    Handle,
    PassCheck,
    Return,
    SendCheck,
    StepAction,
)
from ops.wall_client import follow

SECONDS_KEPT_MAX = 50_000
WAITING_MAX = 10_000
AGAIN_S = 1.0
SHOWN = (Accept, Close, Dispatch, File, Handle, PassCheck, Return, SendCheck)
"""What always changes the wall's view of a case when the rules accept it (a signature only does if the lead's)."""


class Watcher:
    """A client of the wall's feed. `seconds` are the times from an action's request to its frame, newest last."""

    def __init__(self, address: str) -> None:
        self.seconds: deque[float] = deque(maxlen=SECONDS_KEPT_MAX)
        self._address = address
        self._sent: dict[str, float] = {}

    def sent(self, case_id: str, action: StepAction | None = None) -> None:
        """A request about that case goes out now; None is a report."""
        if (action is None or isinstance(action, SHOWN)) and len(self._sent) < WAITING_MAX:
            self._sent.setdefault(case_id, time.perf_counter())

    def nothing_changed(self, case_id: str) -> None:
        """The answer was no, or that it is so already: no frame will come of it."""
        self._sent.pop(case_id, None)

    async def watch(self) -> None:
        """Follow the feed for ever; a feed that went away is joined again, and what was under way is not counted."""
        while True:
            self._sent.clear()
            try:
                async with follow(self._address) as messages:
                    async for message in messages:
                        self._note(message.get("c", {}))
            except (httpx.HTTPError, OSError, WebSocketException, KeyError):
                pass
            await asyncio.sleep(AGAIN_S)

    def p99_ms(self) -> float:
        """The 99th percentile, milliseconds; 0 without any."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[int(len(ordered) * 0.99)] if ordered else 0.0

    def _note(self, changes: dict[str, object]) -> None:
        now = time.perf_counter()
        for key in changes:
            if key.startswith("c:") and (sent := self._sent.pop(key[2:], None)) is not None:
                self.seconds.append(now - sent)
