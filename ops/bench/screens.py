"""`liandong bench screens`: thousands of screens on one wall, with a floor, and all of them cut off at once.

Ten reports a second, so that the feed has ten changes a second to tell. How long from a report's append until a screen
holds it, over all screens; then every connection is cut at one instant while reports go on, each screen comes back as
a browser does (`wall.md`: a ticket, its own moment, from its own place), and at the end each must have held every case.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
import uuid
from array import array
from collections import Counter
from collections.abc import Coroutine
from typing import Annotated, Any

import aiohttp
import msgspec
import psutil
import typer
import uvloop
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from rich.console import Console
from rich.table import Table

from api.accounts import DEMO_PASSWORD
from domain.case.actions import Attempt, Report
from domain.case.values import Actor, Channel, Place, Role
from eventlog.append import Appender
from eventlog.topics import TopicNames
from ops.bars import bars
from ops.bench.alone import alone, paced
from ops.bench.screens_floor import Spread, floor, spread
from reference.profile import Profile
from runtime.descriptors import allow_descriptors
from runtime.logs import configure_logging
from runtime.settings import Settings

CONNECTING_MAX = 64
"""Screens that are on their way in at once; in the storm all are."""
BACK_S = (1.0, 30.0)
"""A screen comes back after a random time of the first, doubled with each failure, up to the second."""
WARM_UP_S_MAX = 5.0
ALL_S_MAX = 180.0
ANSWER_S_MAX = 30.0
LOOK_S = 0.05
MB = 1_000_000
SUBPROTOCOL = "liandong.wall.v1"


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


class Told(msgspec.Struct, frozen=True):
    """What came out. `frames`: that a screen got a second; `cores`: of the API; `lost`: cases that a screen never held;
    `broken`: frames that were not the next of their screen; `resynced`: screens that had to read the wall anew."""

    screens: int
    floor: Spread
    shown: Spread
    frames: float
    cores: float
    memory: int
    joined_s: float
    back_s: float
    storm: Spread
    cases: int
    lost: int
    broken: int
    resynced: int


_read = msgspec.json.Decoder(Message).decode


def screens(
    count: Annotated[int, typer.Option(help="How many screens look at the wall.")] = 5_000,
    rate: Annotated[float, typer.Option(help="Reports a second: so many changes of the wall.")] = 10.0,
    seconds: Annotated[int, typer.Option(help="For how long, before the cut and at least after it.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything measured as JSON.")] = False,
) -> None:
    """Measure how soon a case is on every one of thousands of screens, and cut all of them off at once."""
    configure_logging("critical", "bench")
    allow_descriptors()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(_measured(count, rate, seconds))
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    lines = Table("", "n", "p50 ms", "p99 ms", "most ms", title=f"{found.screens:,} screens", title_justify="left")
    for name, one in (
        ("one socket each (floor)", found.floor),
        ("report → screen", found.shown),
        ("after the cut", found.storm),
    ):
        lines.add_row(name, f"{one.n:,}", f"{one.p50:.1f}", f"{one.p99:.1f}", f"{one.most:.0f}")
    Console(width=100).print(lines)
    typer.echo(
        f"{found.frames:.1f} frames a second each; the API took {found.cores:.2f} of a core, "
        f"{found.memory / MB:,.0f} MB\n"
        f"all in after {found.joined_s:.1f} s, all back {found.back_s:.1f} s after the cut\n"
        f"{found.cases:,} cases: {found.lost} lost, {found.broken} frames out of order, "
        f"{found.resynced} screens that had to read the wall anew"
    )


async def _measured(count: int, rate: float, seconds: int) -> Told:
    below = await floor(count, rate, seconds)
    async with alone() as (settings, profile, system):
        api = psutil.Process(system.parts["api"].pid)
        return await _Hall(settings, profile, api, system.env["LIANDONG_KAFKA"], rate).measure(count, seconds, below)


class _Hall:
    """All screens, and the reports that they are told of."""

    def __init__(self, settings: Settings, profile: Profile, api: psutil.Process, bootstrap: str, rate: float) -> None:
        self.address = f"http://{settings.host}:{settings.port}"
        self.numbers: dict[str, int] = {}
        self.sent: list[float] = []
        self.took = array("f")
        self.counts: Counter[str] = Counter()
        self._settings = settings
        self._profile = profile
        self._api = api
        self._bootstrap = bootstrap
        self._rate = rate

    async def measure(self, count: int, seconds: int, below: Spread) -> Told:
        async with (
            Appender(self._bootstrap, TopicNames(self._settings.topic_prefix)) as appender,
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S_MAX)) as web,
        ):
            headers = await _entered(web, self.address)
            stands = await _snapshot(web, self.address, headers)
            hall = [_Screen(self, web, headers, stands) for _ in range(count)]
            joined = await self._join(hall)
            await self._report(appender, min(WARM_UP_S_MAX, seconds))
            await self._settled(hall)
            frames, spent, began = self.counts["frames"], self._spent(), time.perf_counter()
            self.took = array("f")
            await self._report(appender, seconds)
            await self._settled(hall)
            took = time.perf_counter() - began
            shown, cores = spread(self.took), (self._spent() - spent) / took
            told = (self.counts["frames"] - frames) / count / took
            self.took = array("f")
            back = await self._storm(hall, appender, seconds)
            await self._settled(hall)
            return Told(
                screens=count,
                floor=below,
                shown=shown,
                frames=told,
                cores=cores,
                memory=self._api.memory_full_info().pss,
                joined_s=joined,
                back_s=back,
                storm=spread(self.took),
                cases=len(self.sent),
                lost=sum(len(self.sent) - screen.seen.bit_count() for screen in hall),
                broken=self.counts["broken"],
                resynced=self.counts["resynced"],
            )

    async def _join(self, hall: list[_Screen]) -> float:
        began, room = time.perf_counter(), asyncio.Semaphore(CONNECTING_MAX)
        with bars() as progress:
            task = progress.add_task("screens", total=len(hall))

            async def one(screen: _Screen) -> None:
                async with room:
                    await screen.join()
                    progress.advance(task)

            await asyncio.gather(*map(one, hall))
        return time.perf_counter() - began

    async def _storm(self, hall: list[_Screen], appender: Appender, seconds: float) -> float:
        """Cut all off, and report on for so long and until everybody is back: when that was, in seconds."""
        began = time.perf_counter()
        for screen in hall:
            screen.cut()
        ended = asyncio.create_task(_timed([screen.come_back() for screen in hall], began))
        while not ended.done() or time.perf_counter() - began < seconds:
            await self._report(appender, 1.0)
        return await ended

    async def _report(self, appender: Appender, seconds: float) -> None:
        grids = itertools.cycle([grid.code for grid in self._profile.contents.grids if grid.level == 3])
        acting = Actor("acceptor", Role.ACCEPTOR, self._profile.about.root)
        case_class = self._profile.contents.standard.classes[0].code
        async with asyncio.TaskGroup() as sending:
            async for _ in paced(self._rate, round(self._rate * seconds)):
                case_id = str(uuid.uuid4())
                self.numbers[f"c:{case_id}"] = len(self.sent)
                self.sent.append(time.perf_counter())
                report = Report(Place(next(grids)), Channel.HOTLINE, case_class)
                attempt = Attempt(str(uuid.uuid4()), case_id, acting, report, time.time_ns() // 1_000_000, "bench")
                sending.create_task(appender.append(attempt))

    async def _settled(self, hall: list[_Screen]) -> None:
        """Until every screen holds every case, or ALL_S_MAX: then the rest counts as lost."""
        everything, deadline = (1 << len(self.sent)) - 1, time.perf_counter() + ALL_S_MAX
        while any(screen.seen != everything for screen in hall):
            if time.perf_counter() > deadline:
                return
            await asyncio.sleep(LOOK_S)

    def _spent(self) -> float:
        times = self._api.cpu_times()
        return float(times.user + times.system)


class _Screen:
    """One screen: its place in the log, and the cases that it has held, a bit each."""

    def __init__(self, hall: _Hall, web: aiohttp.ClientSession, headers: dict[str, str], stands: Snapshot) -> None:
        self.seen = 0
        self._hall = hall
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
        answer = await self._web.post(f"{self._hall.address}/api/wall/ticket", headers=self._headers)
        answer.raise_for_status()
        ticket = (await answer.json())["ticket"]
        self._in.clear()
        feed = self._hall.address.replace("http", "ws", 1) + "/api/wall/feed"
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
            self._hall.counts["resynced"] += 1
            self._reading = asyncio.create_task(self._read_anew(socket))
        elif message.op == "d":
            self._apply(message)

    async def _read_anew(self, socket: WSTransport) -> None:
        stands = await _snapshot(self._web, self._hall.address, self._headers)
        self._log, self._pos = stands.log, stands.pos
        for case_id in stands.cols.id:
            self._hold(f"c:{case_id}")
        self.take(socket, Message("hello"))

    def _apply(self, delta: Message) -> None:
        self._hall.counts["frames"] += 1
        if not delta.con and delta.p != self._last:
            self._hall.counts["broken"] += 1
        self._last, self._pos = delta.s, delta.pos
        for key in delta.c:
            self._hold(key)
        self._in.set()

    def _hold(self, key: str) -> None:
        hall = self._hall
        number = hall.numbers.get(key)
        if number is not None and not self.seen >> number & 1:
            self.seen |= 1 << number
            hall.took.append((time.perf_counter() - hall.sent[number]) * 1000)


class _Reader(WSListener):
    """Hands a screen its messages."""

    def __init__(self, screen: _Screen) -> None:
        self._screen = screen

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Called for each frame."""
        if frame.msg_type == WSMsgType.TEXT:
            self._screen.take(transport, _read(frame.get_payload_as_memoryview()))


async def _entered(web: aiohttp.ClientSession, address: str) -> dict[str, str]:
    body = {"username": "wall", "password": DEMO_PASSWORD}
    async with web.post(f"{address}/api/token", json=body) as answer:
        answer.raise_for_status()
        return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}


async def _snapshot(web: aiohttp.ClientSession, address: str, headers: dict[str, str]) -> Snapshot:
    async with web.get(f"{address}/api/wall/snapshot", headers=headers) as answer:
        answer.raise_for_status()
        return msgspec.json.decode(await answer.read(), type=Snapshot)


async def _timed(coming: list[Coroutine[Any, Any, None]], began: float) -> float:
    """When all were there, in seconds. Raises TimeoutError after ALL_S_MAX."""
    async with asyncio.timeout(ALL_S_MAX), asyncio.TaskGroup() as all_of_them:
        for one in coming:
            all_of_them.create_task(one)
    return time.perf_counter() - began
