"""The wall's websocket `liandong.wall.v1`: a ticket, one catch-up, then frames. One integer a client, no queue.

The fan tells those that are up to date (`api.fan`). Owns one client's way in, and how it is brought up again where it
is not: with one conflated frame, once it drains. Who does not drain for too long is let go by the server
(`api.websocket`).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any

import msgspec
from fastapi import WebSocket, WebSocketDisconnect

from api.fan import Fan, Screen, beat_of, delta_of, now_ms
from api.hub import Hub
from api.websocket import wire_of
from runtime import failpoints

TICKET_MS = 30_000
TICKETS_MAX = 10_000
AUTH_S_MAX = 5.0
RETRY_MS = 2_000
"""Within this, each at its own moment, screens come back to a server that restarts: it is up again in about 3 s."""
SUBPROTOCOL = "liandong.wall.v1"
RESYNC = {"op": "resync", "t": "city"}


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


async def serve_feed(
    socket: WebSocket, hub: Hub, fan: Fan, tickets: Tickets, build: str, closing: asyncio.Event
) -> None:
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
    await _send(socket, {"op": "hello", "log": hub.log, "now": now_ms(), "hb": 1000, "build": build, "retry_ms": 0})
    wanted: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=4)
    screen = Screen(wire_of(socket))
    ending = asyncio.create_task(closing.wait())
    tasks = [
        asyncio.create_task(_receive(socket, screen, wanted)),
        asyncio.create_task(_keep_up(socket, hub, fan, screen, wanted)),
        ending,
    ]
    fan.screens[screen] = None
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        if ending in done:
            await socket.close(1012, f'{{"retry_ms":{RETRY_MS}}}')
    except (WebSocketDisconnect, RuntimeError, OSError):
        return
    finally:
        del fan.screens[screen]
        for task in tasks:
            task.cancel()


async def _receive(socket: WebSocket, screen: Screen, wanted: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        message = await _read(socket)
        if message is None:
            await socket.close(4400)
            return
        if message.get("op") == "ping":
            await _send(socket, {"op": "pong", "c": message.get("c"), "now": now_ms()})
        elif message.get("op") == "sub" and message.get("t") == "city":
            await wanted.put(message)
            screen.called.set()
        else:
            await socket.close(4403 if message.get("op") == "sub" else 4400)
            return


async def _keep_up(
    socket: WebSocket, hub: Hub, fan: Fan, screen: Screen, wanted: asyncio.Queue[dict[str, Any]]
) -> None:
    """Bring the screen up to where the fan stands when it comes and whenever it is called; else the fan tells it."""
    while True:
        screen.called.clear()
        seq, screen.seq = screen.seq, None  # out of the chain until it is told everything
        while not wanted.empty():
            seq = await _catch_up(socket, hub, fan, wanted.get_nowait().get("from") or {})
            if seq is not None:
                await _send(socket, beat_of(hub, seq))
        while seq is not None and seq < fan.told:
            await screen.wire.drained()  # only then: what is told meanwhile is told together
            frames = hub.since(seq, fan.told)
            if frames is None:
                await _send(socket, RESYNC)
                seq = None
            else:
                await _send(socket, delta_of(hub, frames, seq))
                seq = frames[-1].seq
        screen.seq = seq
        await screen.called.wait()


async def _catch_up(socket: WebSocket, hub: Hub, fan: Fan, place: dict[str, Any]) -> int | None:
    at = hub.frame_at(str(place.get("pos"))) if place.get("log") == hub.log else None
    frames = None if at is None else hub.since(at.seq, fan.told)
    failpoints.hit("api.before_catch_up")
    if at is None or frames is None:
        await _send(socket, RESYNC)
        return None
    delta = delta_of(hub, frames or [at], 0)
    if not frames:
        delta |= {"c": {}, "e": []}
    await _send(socket, {**delta, "con": 1})
    return int(delta["s"])


async def _read(socket: WebSocket) -> dict[str, Any] | None:
    try:
        message = msgspec.json.decode(await socket.receive_text())
    except (msgspec.DecodeError, KeyError):
        return None
    return message if isinstance(message, dict) else None


async def _send(socket: WebSocket, message: dict[str, Any]) -> None:
    await socket.send_text(msgspec.json.encode(message).decode())
