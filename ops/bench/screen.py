"""One screen of `liandong bench screens`: a client of the wall that does what a browser does, and draws nothing."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from array import array
from collections import Counter

import aiohttp
import msgspec
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from api.accounts import DEMO_PASSWORD
from api.feed import SUBPROTOCOL

ANSWER_S_MAX = 30.0
BACK_S = (1.0, 30.0)
"""A screen comes back after a random time of the first, doubled with each failure, up to the second."""


class Message(msgspec.Struct):
    """What a screen reads of a message of the feed; the values of changes are left as they came."""

    op: str
    p: int = -1
    s: int = -1
    pos: str = ""
    log: str = ""
    c: dict[str, msgspec.Raw] = {}
    con: int = 0


class Columns(msgspec.Struct):
    """Of the wall's rows only the ids."""

    id: list[str]


class Snapshot(msgspec.Struct):
    """What a screen begins with."""

    log: str
    pos: str
    cols: Columns


_read = msgspec.json.Decoder(Message).decode


class Told:
    """What all screens of the API at that address were told: when each case was reported (`sent`, by its `numbers`),
    how long (ms) it took to a screen, and how often what happened (`counts`: frames, broken, resynced)."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.numbers: dict[str, int] = {}
        self.sent: list[float] = []
        self.took = array("f")
        self.counts: Counter[str] = Counter()


class Screen:
    """One screen: its place in the log, and the cases that it has held, a bit each."""

    def __init__(self, told: Told, web: aiohttp.ClientSession, headers: dict[str, str], stands: Snapshot) -> None:
        self.seen = 0
        self._told = told
        self._web = web
        self._headers = headers
        self._log = stands.log
        self._pos = stands.pos
        self._last = -1
        self._socket: WSTransport | None = None
        self._in = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def join(self) -> None:
        """Come in: a ticket, the feed, from its own place on, until its first message is here."""
        answer = await self._web.post(f"{self._told.address}/api/wall/ticket", headers=self._headers)
        answer.raise_for_status()
        ticket = (await answer.json())["ticket"]
        self._in.clear()
        feed = self._told.address.replace("http", "ws", 1) + "/api/wall/feed"
        socket, _ = await ws_connect(
            lambda: _Reader(self),
            feed,
            extra_headers={"Sec-WebSocket-Protocol": SUBPROTOCOL},
            websocket_handshake_timeout=ANSWER_S_MAX,
        )
        self._socket = socket
        socket.send(WSMsgType.TEXT, msgspec.json.encode({"op": "auth", "ticket": ticket}))
        async with asyncio.timeout(ANSWER_S_MAX):
            await self._in.wait()

    def cut(self) -> None:
        """The cable is pulled."""
        assert self._socket is not None, "cut after it joined"
        self._socket.disconnect(graceful=False)

    async def come_back(self) -> None:
        """As a browser does: each at its own moment, later after each failure."""
        first, most = BACK_S
        for failures in itertools.count():
            await asyncio.sleep(random.uniform(0, min(most, first * 2**failures)))
            try:
                await self.join()
            except (aiohttp.ClientError, WSError, OSError, TimeoutError):
                if self._socket is not None:
                    self._socket.disconnect(graceful=False)
            else:
                return

    def take(self, socket: WSTransport, message: Message) -> None:
        """Do what a screen does with a message."""
        if message.op == "hello":
            place = {"log": self._log, "pos": self._pos}
            socket.send(WSMsgType.TEXT, msgspec.json.encode({"op": "sub", "t": "city", "from": place}))
        elif message.op == "resync":
            self._told.counts["resynced"] += 1
            self._reading = asyncio.create_task(self._read_anew(socket))
        elif message.op == "d":
            self._apply(message)

    async def _read_anew(self, socket: WSTransport) -> None:
        stands = await snapshot(self._web, self._told.address, self._headers)
        self._log, self._pos = stands.log, stands.pos
        for case_id in stands.cols.id:
            self._hold(f"c:{case_id}")
        self.take(socket, Message("hello"))

    def _apply(self, delta: Message) -> None:
        self._told.counts["frames"] += 1
        if not delta.con and delta.p != self._last:
            self._told.counts["broken"] += 1
        self._last, self._pos = delta.s, delta.pos
        for key in delta.c:
            self._hold(key)
        self._in.set()

    def _hold(self, key: str) -> None:
        told = self._told
        number = told.numbers.get(key)
        if number is not None and not self.seen >> number & 1:
            self.seen |= 1 << number
            told.took.append((time.perf_counter() - told.sent[number]) * 1000)


class _Reader(WSListener):
    """Hands a screen its messages."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Called for each frame."""
        if frame.msg_type == WSMsgType.TEXT:
            self._screen.take(transport, _read(frame.get_payload_as_memoryview()))


async def enter(web: aiohttp.ClientSession, address: str) -> dict[str, str]:
    """The headers of the demo's screen. Raises aiohttp.ClientError."""
    body = {"username": "wall", "password": DEMO_PASSWORD}
    async with web.post(f"{address}/api/token", json=body) as answer:
        answer.raise_for_status()
        return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}


async def snapshot(web: aiohttp.ClientSession, address: str, headers: dict[str, str]) -> Snapshot:
    """The wall as it stands. Raises aiohttp.ClientError."""
    async with web.get(f"{address}/api/wall/snapshot", headers=headers) as answer:
        answer.raise_for_status()
        return msgspec.json.decode(await answer.read(), type=Snapshot)
