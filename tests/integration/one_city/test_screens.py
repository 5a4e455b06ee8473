"""Screens that read when they like: none holds up another, and each ends with what the server shows, in one chain."""

from __future__ import annotations

import asyncio
import math
import random
import socket
import time
import uuid
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect

from domain.case.actions import Attempt, Report
from domain.case.values import Actor, Channel, Place, Role
from eventlog.append import BULK_MS_MAX, Appender
from eventlog.topics import TopicNames
from ops.bench.alone import paced
from ops.wall_client import log_in, snapshot
from tests.support.city import GRID
from tests.support.live import Live
from tests.support.onlooker import shown

SCREENS = 12
REPORTS = 2_000
REPORTS_A_S = 600
READS_S_MAX = 0.1
DOZES_BYTES = 250 * 1024, 400 * 1024
"""So much is told meanwhile, however long that takes, of 450 KB. Server, its system and ours hold 200 KB of a socket
that nobody reads (`api.websocket`); the rest waits, and is told together."""
RECEIVE_BUFFER_BYTES = 8 * 1024
SAME_S_MAX = 30.0


class Told:
    """How much the screen that always reads was told; whoever waits for some of it is woken by it."""

    def __init__(self) -> None:
        self.bytes = 0.0
        self._waiting: list[tuple[float, asyncio.Event]] = []

    def more(self, count: float) -> None:
        """So many bytes; without end (`math.inf`) nobody waits any more."""
        self.bytes += count
        for upto, woken in self._waiting:
            if self.bytes >= upto:
                woken.set()

    async def wait(self, count: float) -> None:
        """Until so many more were told."""
        woken = asyncio.Event()
        self._waiting.append((self.bytes + count, woken))
        if not math.isinf(self.bytes):
            await woken.wait()


class Screen:
    """Reads all the time, or for a while and then not, until `told` has no end; at last it reads all there is."""

    def __init__(self, seed: int, stands: dict[str, Any], told: Told, *, dozes: bool) -> None:
        self.state = shown(stands)
        self.broken = self.together = 0
        self._told = told
        self._dozes = dozes
        self._chance = random.Random(seed)
        self._place = {"log": stands["log"], "pos": stands["pos"]}
        self._last: int | None = None

    async def look(self, address: str, ticket: str) -> None:
        """Until it is cancelled."""
        host, _, port = address.removeprefix("http://").partition(":")
        own = socket.socket()
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        own.setblocking(False)
        await asyncio.get_running_loop().sock_connect(own, (host, int(port)))
        async with connect(f"ws://{host}:{port}/api/wall/feed", sock=own, max_queue=1, max_size=None) as feed:
            await self._say(feed, {"op": "auth", "ticket": ticket})
            await self._say(feed, {"op": "sub", "t": "city", "from": self._place})
            while True:
                until = time.monotonic() + self._chance.uniform(0, READS_S_MAX)
                while not self._dozes or math.isinf(self._told.bytes) or time.monotonic() < until:
                    message = await feed.recv()
                    if not self._dozes:
                        self._told.more(len(message))
                    self._take(msgspec.json.decode(message))
                await self._told.wait(self._chance.uniform(*DOZES_BYTES))

    async def _say(self, feed: ClientConnection, message: dict[str, Any]) -> None:
        await feed.send(msgspec.json.encode(message).decode())

    def _take(self, message: dict[str, Any]) -> None:
        assert message["op"] != "resync", "nothing it missed was thrown away yet"
        if message["op"] != "d":
            return
        if self._last is not None:
            self.broken += message["p"] != self._last
            self.together = max(self.together, message["s"] - message["p"])
        self._last = message["s"]
        for key, value in message["c"].items():
            if value is None:
                self.state.pop(key, None)
            elif key != "book":
                self.state[key] = value


@pytest.mark.parametrize("seed", [1, 2])
def test_screens_that_doze_end_with_what_the_server_shows(live: Live, seed: int) -> None:
    async def run() -> tuple[list[Screen], dict[str, Any]]:
        async with httpx.AsyncClient(base_url=live.address, timeout=SAME_S_MAX) as client:
            headers = await log_in(client)
            stands = await snapshot(client, headers)
            told = Told()
            screens = [Screen(seed * SCREENS + n, stands, told, dozes=n > 0) for n in range(SCREENS)]
            async with asyncio.TaskGroup() as looking:
                tasks = []
                for screen in screens:
                    ticket = (await client.post("/api/wall/ticket", headers=headers)).json()["ticket"]
                    tasks.append(looking.create_task(screen.look(live.address, ticket)))
                await _report(live.kafka)
                told.more(math.inf)
                now: dict[str, Any] = {}
                deadline = time.monotonic() + SAME_S_MAX
                while time.monotonic() < deadline:
                    now = shown(await snapshot(client, headers))
                    if _cases(now) >= _cases(shown(stands)) + REPORTS and all(
                        screen.state == now for screen in screens
                    ):
                        break
                for task in tasks:
                    task.cancel()
            return screens, now

    screens, now = asyncio.run(run())
    assert [screen.state == now for screen in screens] == [True] * SCREENS
    assert [screen.broken for screen in screens] == [0] * SCREENS, "each frame follows the one before"
    awake, *dozing = screens
    together = max(screen.together for screen in dozing)
    assert together > awake.together, "who did not read was told in one what the one who did was told one by one"


def _cases(state: dict[str, Any]) -> int:
    return sum(key.startswith("c:") for key in state)


async def _report(kafka: str) -> None:
    acting = Actor("acceptor", Role.ACCEPTOR, GRID[:6])
    async with Appender(kafka, TopicNames(), BULK_MS_MAX) as appender, asyncio.TaskGroup() as sending:
        async for _ in paced(REPORTS_A_S, REPORTS):
            report = Report(Place(GRID), Channel.HOTLINE, "010101")
            now_ms = time.time_ns() // 1_000_000
            attempt = Attempt(str(uuid.uuid4()), str(uuid.uuid4()), acting, report, now_ms, "screens")
            sending.create_task(appender.append(attempt))
