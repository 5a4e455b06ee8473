"""`liandong bench screens`: thousands of screens on one wall, with a floor, and all of them cut off at once.

Ten reports a second, so that the feed has ten changes a second to tell. How long from a report's append until a screen
holds it, over all screens; then every connection is cut at one instant while reports go on, each screen comes back as
a browser does (`wall.md`: a ticket, its own moment, from its own place), and at the end each must have held every case.
"""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from array import array
from collections.abc import Coroutine
from typing import Annotated, Any

import aiohttp
import msgspec
import psutil
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from domain.case.actions import Attempt, Report
from domain.case.values import Actor, Channel, Place, Role
from eventlog.append import Appender
from eventlog.topics import TopicNames
from ops.bars import bars
from ops.bench.alone import alone, paced
from ops.bench.screen import ANSWER_S_MAX, Screen, Told, enter, snapshot
from ops.bench.screens_floor import Spread, floor, spread
from reference.profile import Profile
from runtime.descriptors import allow_descriptors
from runtime.logs import configure_logging
from runtime.settings import Settings

CONNECTING_MAX = 64
"""Screens that are on their way in at once; in the storm all are."""
WARM_UP_S_MAX = 5.0
ALL_S_MAX = 180.0
LOOK_S = 0.05
MB = 1_000_000


class Looked(msgspec.Struct, frozen=True):
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


async def _measured(count: int, rate: float, seconds: int) -> Looked:
    below = await floor(count, rate, seconds)
    async with alone() as (settings, profile, system):
        api = psutil.Process(system.parts["api"].pid)
        return await _Hall(settings, profile, api, system.env["LIANDONG_KAFKA"], rate).measure(count, seconds, below)


class _Hall:
    """All screens, and the reports that they are told of."""

    def __init__(self, settings: Settings, profile: Profile, api: psutil.Process, bootstrap: str, rate: float) -> None:
        self._told = Told(f"http://{settings.host}:{settings.port}")
        self._settings = settings
        self._profile = profile
        self._api = api
        self._bootstrap = bootstrap
        self._rate = rate

    async def measure(self, count: int, seconds: int, below: Spread) -> Looked:
        async with (
            Appender(self._bootstrap, TopicNames(self._settings.topic_prefix)) as appender,
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S_MAX)) as web,
        ):
            headers = await enter(web, self._told.address)
            stands = await snapshot(web, self._told.address, headers)
            hall = [Screen(self._told, web, headers, stands) for _ in range(count)]
            joined = await self._join(hall)
            await self._report(appender, min(WARM_UP_S_MAX, seconds))
            await self._settled(hall)
            frames, spent, began = self._told.counts["frames"], self._spent(), time.perf_counter()
            self._told.took = array("f")
            await self._report(appender, seconds)
            await self._settled(hall)
            took = time.perf_counter() - began
            shown, cores = spread(self._told.took), (self._spent() - spent) / took
            each = (self._told.counts["frames"] - frames) / count / took
            self._told.took = array("f")
            back = await self._storm(hall, appender, seconds)
            await self._settled(hall)
            return Looked(
                screens=count,
                floor=below,
                shown=shown,
                frames=each,
                cores=cores,
                memory=self._api.memory_full_info().pss,
                joined_s=joined,
                back_s=back,
                storm=spread(self._told.took),
                cases=len(self._told.sent),
                lost=sum(len(self._told.sent) - screen.seen.bit_count() for screen in hall),
                broken=self._told.counts["broken"],
                resynced=self._told.counts["resynced"],
            )

    async def _join(self, hall: list[Screen]) -> float:
        began, room = time.perf_counter(), asyncio.Semaphore(CONNECTING_MAX)
        with bars() as progress:
            task = progress.add_task("screens", total=len(hall))

            async def one(screen: Screen) -> None:
                async with room:
                    await screen.join()
                    progress.advance(task)

            await asyncio.gather(*map(one, hall))
        return time.perf_counter() - began

    async def _storm(self, hall: list[Screen], appender: Appender, seconds: float) -> float:
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
                self._told.numbers[f"c:{case_id}"] = len(self._told.sent)
                self._told.sent.append(time.perf_counter())
                report = Report(Place(next(grids)), Channel.HOTLINE, case_class)
                attempt = Attempt(str(uuid.uuid4()), case_id, acting, report, time.time_ns() // 1_000_000, "bench")
                sending.create_task(appender.append(attempt))

    async def _settled(self, hall: list[Screen]) -> None:
        """Until every screen holds every case, or ALL_S_MAX: then the rest counts as lost."""
        everything, deadline = (1 << len(self._told.sent)) - 1, time.perf_counter() + ALL_S_MAX
        while any(screen.seen != everything for screen in hall):
            if time.perf_counter() > deadline:
                return
            await asyncio.sleep(LOOK_S)

    def _spent(self) -> float:
        times = self._api.cpu_times()
        return float(times.user + times.system)


async def _timed(coming: list[Coroutine[Any, Any, None]], began: float) -> float:
    """When all were there, in seconds. Raises TimeoutError after ALL_S_MAX."""
    async with asyncio.timeout(ALL_S_MAX), asyncio.TaskGroup() as all_of_them:
        for one in coming:
            all_of_them.create_task(one)
    return time.perf_counter() - began
