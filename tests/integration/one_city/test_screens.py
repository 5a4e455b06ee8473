"""Screens that read when they like: none holds up another, and each ends with what the server shows, in one chain."""

from __future__ import annotations

import asyncio
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
from eventlog.append import Appender
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
STALLS_S_MAX = 2.5
RECEIVE_BUFFER_BYTES = 8 * 1024
SAME_S_MAX = 30.0


class Dozing:
    """A screen that reads for a while, and then does not; at last it reads all there is."""

    def __init__(self, seed: int, stands: dict[str, Any]) -> None:
        self.state = shown(stands)
        self.broken = self.together = 0
        self.awake = asyncio.Event()
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
                while self.awake.is_set() or time.monotonic() < until:
                    self._take(msgspec.json.decode(await feed.recv()))
                try:
                    async with asyncio.timeout(self._chance.uniform(0, STALLS_S_MAX)):
                        await self.awake.wait()
                except TimeoutError:
                    continue

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
    async def run() -> tuple[list[Dozing], dict[str, Any]]:
        async with httpx.AsyncClient(base_url=live.address, timeout=SAME_S_MAX) as client:
            headers = await log_in(client)
            stands = await snapshot(client, headers)
            screens = [Dozing(seed * SCREENS + number, stands) for number in range(SCREENS)]
            screens[0].awake.set()
            async with asyncio.TaskGroup() as looking:
                tasks = []
                for screen in screens:
                    ticket = (await client.post("/api/wall/ticket", headers=headers)).json()["ticket"]
                    tasks.append(looking.create_task(screen.look(live.address, ticket)))
                await _report(live.kafka)
                for screen in screens:
                    screen.awake.set()
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
    async with Appender(kafka, TopicNames()) as appender, asyncio.TaskGroup() as sending:
        async for _ in paced(REPORTS_A_S, REPORTS):
            report = Report(Place(GRID), Channel.HOTLINE, "010101")
            now_ms = time.time_ns() // 1_000_000
            attempt = Attempt(str(uuid.uuid4()), str(uuid.uuid4()), acting, report, now_ms, "screens")
            sending.create_task(appender.append(attempt))
