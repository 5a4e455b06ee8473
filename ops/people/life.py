"""The demo city's life: its history in the background, its people at work, a line a minute, a summary at the end."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.sealing import Keys
from domain.worktime import compile_calendar
from eventlog.append import BULK_MS_MAX, Appender
from eventlog.topics import TopicNames
from ops.footprint import memory
from ops.people.crowd import Crowd
from ops.people.history import bring_in, days_back, ended_digest
from ops.people.pace import load_pace
from ops.people.plan import City
from ops.system import System
from ops.wall_client import log_in, snapshot
from projections.database import open_pool
from reference.profile import Profile
from runtime.settings import Settings

SEED = 20180015
RATE = 4_000.0
"""Reports a day, more than a provincial capital's 3,300 (domain document §9): a wall to be trained at has to move."""
HISTORY_EVERY = 4
"""The days before today are thinner: every fourth case, about a large county's number, so that they are in soon."""
OPEN_MAX = 5_000
LINE_S = 60.0
ANSWER_S_MAX = 15.0
AHEAD_DAYS = 1
TILES = ("open", "near", "overdue", "accepted", "closed", "should", "handled")
"""The wall's seven numbers of the city, in the order in which a snapshot gives them."""


class Wish(msgspec.Struct, frozen=True):
    """What the person asked of the demo; `minutes` 0 means until Ctrl-C."""

    days: int
    rate: float
    seed: int
    headless: bool
    minutes: float


async def live(wish: Wish, settings: Settings, profile: Profile, system: System, address: str) -> None:
    """Let the city live until cancelled, or for `minutes`; ends with the summary either way."""
    zone = ZoneInfo(profile.about.zone)
    city = City(profile, compile_calendar(profile.contents.calendar), load_pace(), wish.seed, wish.rate)
    crowd = Crowd(address, wish.seed, OPEN_MAX)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    began = time.monotonic()
    bar = Progress(*columns, console=Console(), disable=wish.headless, transient=True)
    teller = _Teller(city, crowd, system, address, zone)
    try:
        with bar, suppress(TimeoutError):
            async with asyncio.timeout(wish.minutes * 60 or None), asyncio.TaskGroup() as tasks:
                tasks.create_task(crowd.act())
                tasks.create_task(crowd.watcher.watch())
                tasks.create_task(teller.lines(bar.console))
                tasks.create_task(_days(city, crowd, zone))
                tasks.create_task(_history(wish, settings, city, crowd, system, zone, bar))
    finally:
        typer.echo("\n".join(teller.summary(time.monotonic() - began)))


async def _history(
    wish: Wish, settings: Settings, city: City, crowd: Crowd, system: System, zone: ZoneInfo, bar: Progress
) -> None:
    now_ms = time.time_ns() // 1_000_000
    days = days_back(_today(zone), wish.days)
    task = bar.add_task("历史 history (cases)", total=None)
    started, new, known = time.monotonic(), 0, 0
    pool = await open_pool(system.env["LIANDONG_POSTGRES"], 1, "liandong-history")
    try:
        keys = Keys(system.env["LIANDONG_MASTER_KEY"], pool)
        names = TopicNames(settings.topic_prefix)
        async with Appender(system.env["LIANDONG_KAFKA"], names, BULK_MS_MAX) as appender:
            for done, day in enumerate(days):
                every = HISTORY_EVERY if done else 1
                async for added, there, going in bring_in(city, appender, keys, pool, day, now_ms, every):
                    new, known = new + added, known + there
                    for one in going:
                        crowd.go_on(one)
                    bar.update(task, completed=new + known)
                bar.update(task, total=round((new + known) * len(days) / (done + 1)))
        digest = await ended_digest(city, pool, days[1:], _midnight(days[0], zone))
    finally:
        await pool.close()
    bar.remove_task(task)
    seconds = time.monotonic() - started
    bar.console.print(
        f"历史就绪 history is in: {days[-1]} … {days[0]}, {new} 件新增 new, {known} 件已有 known, {seconds:.0f} s, "
        f"摘要 digest {digest}",
        soft_wrap=True,
        highlight=False,
    )


async def _days(city: City, crowd: Crowd, zone: ZoneInfo) -> None:
    """Today's reports that are still to come, and each following day's when it begins."""
    day = _today(zone)
    while True:
        now_ms = time.time_ns() // 1_000_000
        for life in await asyncio.to_thread(city.day, day):
            if life.opened_ms > now_ms:
                crowd.report(life)
        day += timedelta(days=AHEAD_DAYS)
        await asyncio.sleep(max(_midnight(day, zone) / 1000 - time.time(), 0))


class _Teller:
    """Says a line a minute what the people did and what the wall shows."""

    def __init__(self, city: City, crowd: Crowd, system: System, address: str, zone: ZoneInfo) -> None:
        self._city = city
        self._crowd = crowd
        self._system = system
        self._address = address
        self._zone = zone
        self._tiles: dict[str, int] = {}
        self._first_memory: dict[str, int] = {}
        self._headers: dict[str, str] = {}

    async def lines(self, console: Console) -> None:
        """A line a minute, for ever."""
        async with httpx.AsyncClient(base_url=self._address, timeout=ANSWER_S_MAX) as client:
            before = 0
            for minute in itertools.count():
                with suppress(httpx.HTTPError):
                    self._tiles = await self._look(client)
                    self._crowd.open_cases = self._tiles["open"]
                if minute == 1:
                    self._first_memory = _memory(self._system)
                actions = self._crowd.tally.actions
                console.print(self._line(actions - before), soft_wrap=True, highlight=False)
                before = actions
                await asyncio.sleep(LINE_S)

    def summary(self, seconds: float) -> Iterable[str]:
        """What happened, for the end."""
        tally = self._crowd.tally
        yield f"共 {seconds / 60:.1f} 分钟 minutes: {tally.actions} 次操作 actions {_shown(tally.outcomes)}"
        yield (
            f"  上报 reports {tally.reports}, 走完 ended {tally.ended}, 放弃 given up {tally.given_up}, "
            f"无应答 without answer {tally.no_answer}, 应答 answer p99 {tally.p99_ms():.0f} ms, "
            f"操作到大屏 action → wall p99 {self._crowd.watcher.p99_ms():.0f} ms (n {len(self._crowd.watcher.seconds)})"
        )
        yield f"  在办 open {self._tiles.get('open', 0)}, 临期 near {self._tiles.get('near', 0)}, " + (
            f"超时 overdue {self._tiles.get('overdue', 0)}"
        )
        first, last = self._first_memory, _memory(self._system)
        parts = [f"{name} {first.get(name, '-')} → {mib}" for name, mib in last.items()]
        yield "  内存 memory, MiB, 第一分钟 → 现在 first minute → now: " + ", ".join(parts)

    def _line(self, actions: int) -> str:
        tally = self._crowd.tally
        at = datetime.now(self._zone).strftime("%H:%M")
        shown = ", ".join(f"{name} {self._tiles.get(name, 0)}" for name in ("open", "near", "overdue"))
        weather = " 暴雨 storm;" if self._city.storm(_today(self._zone)) else ""
        wall = f"action → wall p99 {self._crowd.watcher.p99_ms():.0f} ms"
        return f"{at}{weather} 操作 actions +{actions} ({_shown(tally.outcomes)}); {shown}; {wall}"

    async def _look(self, client: httpx.AsyncClient) -> dict[str, int]:
        self._headers = self._headers or await log_in(client)
        try:
            stands = await snapshot(client, self._headers)
        except httpx.HTTPStatusError:
            self._headers = {}
            raise
        return dict(zip(TILES, stands["agg"]["kpi"], strict=True))


def _memory(system: System) -> dict[str, int]:
    """Memory of each process under this one, MiB."""
    return {name: size >> 20 for name, size in memory(system, "demo").items()}


def _shown(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(outcomes.items())) or "-"


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


def _today(zone: ZoneInfo) -> date:
    return datetime.now(UTC).astimezone(zone).date()
