"""The wall's websocket `liandong.wall.v1`: a ticket, one catch-up, then frames. One integer a client, no queue.

A client that does not drain is given one conflated frame when it does; nobody waits for anybody. Who does not drain for
too long is let go by the server (`api.server`).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any

import msgspec
from fastapi import WebSocket, WebSocketDisconnect

from api.hub import Frame, Hub
from eventlog.open_letters import LETTERS_LIMIT
from runtime import failpoints

TICKET_MS = 30_000
TICKETS_MAX = 10_000
AUTH_S_MAX = 5.0
HEARTBEAT_S = 1.0
RETRY_MS = 2_000
"""Within this, each at its own moment, screens come back to a server that restarts: it is up again in about 3 s."""
SUBPROTOCOL = "liandong.wall.v1"


class Tickets:
    """One-use tickets, so that no token ever stands in an address."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def give(self) -> str:
        """A new ticket."""
        if len(self._until) >= TICKETS_MAX:
            now = time.monotonic()
            self._until = {ticket: until for ticket, until in self._until.items() if until > now}
        ticket = secrets.token_urlsafe(24)
        self._until[ticket] = time.monotonic() + TICKET_MS / 1000
        return ticket

    def take(self, ticket: str) -> bool:
        """True once, for a ticket that is not over."""
        return self._until.pop(ticket, 0.0) > time.monotonic()


async def serve_feed(socket: WebSocket, hub: Hub, tickets: Tickets, build: str, closing: asyncio.Event) -> None:
    """Serve one client until it leaves, or until the server closes: then it is told when to come back."""
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in socket.scope.get("subprotocols", []) else None)
    try:
        async with asyncio.timeout(AUTH_S_MAX):
            first = await _read(socket)
    except TimeoutError:
        await socket.close(4401)
        return
    if first is None or first.get("op") != "auth" or not tickets.take(str(first.get("ticket"))):
        await socket.close(4401)
        return
    await _send(socket, {"op": "hello", "log": hub.log, "now": _now(), "hb": 1000, "build": build, "retry_ms": 0})
    wanted: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=4)
    ending = asyncio.create_task(closing.wait())
    tasks = [asyncio.create_task(_receive(socket, wanted)), asyncio.create_task(_push(socket, hub, wanted)), ending]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        if ending in done:
            await socket.close(1012, f'{{"retry_ms":{RETRY_MS}}}')
    except (WebSocketDisconnect, RuntimeError):
        return
    finally:
        for task in tasks:
            task.cancel()


async def _receive(socket: WebSocket, wanted: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        message = await _read(socket)
        if message is None:
            await socket.close(4400)
            return
        if message.get("op") == "ping":
            await _send(socket, {"op": "pong", "c": message.get("c"), "now": _now()})
        elif message.get("op") == "sub" and message.get("t") == "city":
            await wanted.put(message)
        else:
            await socket.close(4403 if message.get("op") == "sub" else 4400)
            return


async def _push(socket: WebSocket, hub: Hub, wanted: asyncio.Queue[dict[str, Any]]) -> None:
    seq: int | None = None
    beat = 0.0
    while True:
        if seq is None or not wanted.empty():
            seq = await _catch_up(socket, hub, (await wanted.get()).get("from") or {})
            continue
        frames = hub.since(seq)
        if frames is None:
            await _send(socket, {"op": "resync", "t": "city"})
            seq = None
            continue
        if frames:
            failpoints.hit("api.before_frame")
            await _send(socket, _delta(hub, frames, seq))
            seq = frames[-1].seq
        if time.monotonic() - beat >= HEARTBEAT_S:
            beat = time.monotonic()
            await _send(socket, _beat(hub, seq))
        try:
            async with asyncio.timeout(max(beat + HEARTBEAT_S - time.monotonic(), 0.01)), hub.changed:
                if hub.seq == seq:
                    await hub.changed.wait()
        except TimeoutError:
            continue


async def _catch_up(socket: WebSocket, hub: Hub, place: dict[str, Any]) -> int | None:
    seq = hub.seq_at(str(place.get("pos"))) if place.get("log") == hub.log else None
    frames = None if seq is None else hub.since(seq)
    failpoints.hit("api.before_catch_up")
    if seq is None or frames is None:
        await _send(socket, {"op": "resync", "t": "city"})
        return None
    delta = _delta(hub, frames or [hub.frames[-1]], 0)
    if not frames:
        delta |= {"c": {}, "e": []}
    await _send(socket, {**delta, "con": 1})
    return int(delta["s"])


def _beat(hub: Hub, seq: int) -> dict[str, Any]:
    """Also says why nothing is decided, where the log tells: a screen shows it only while its data are old; and what
    the auditor found last."""
    now = _now()
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


def _delta(hub: Hub, frames: list[Frame], before: int) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for frame in frames:
        changes.update(frame.changes)
    ticker = [entry for frame in frames for entry in frame.ticker][-20:]
    last = frames[-1]
    delta = {
        "op": "d",
        "t": "city",
        "p": before,
        "s": last.seq,
        "pos": last.pos,
        "now": _now(),
        "as_of": hub.marks.as_of_ms,
    }
    return {**delta, "c": changes, "e": ticker}


async def _read(socket: WebSocket) -> dict[str, Any] | None:
    try:
        message = msgspec.json.decode(await socket.receive_text())
    except (msgspec.DecodeError, KeyError):
        return None
    return message if isinstance(message, dict) else None


async def _send(socket: WebSocket, message: dict[str, Any]) -> None:
    await socket.send_text(msgspec.json.encode(message).decode())


def _now() -> int:
    return time.time_ns() // 1_000_000
