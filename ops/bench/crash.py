"""`liandong bench crash`: parts, database and broker killed with SIGKILL under load, and how soon all is as before.

Two times each: until somebody who asked after its end is told an outcome, and until a part that was killed stands at
the end of what it reads (the API: is ready); after database and broker, until all parts do.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Annotated

import msgspec
import psutil
import typer
from rich.console import Console
from rich.table import Table

from ops.bars import bars
from ops.bench.alone import alone, paced
from ops.bench.append import Ask, reports
from ops.bench.beside import measured
from ops.bench.people import people
from ops.bench.standing import until_standing
from ops.system import System
from runtime.logs import configure_logging
from runtime.settings import Settings

PARTS = ("dispatch", "project", "clock", "react", "api")
NODES = ("postgres", "kafka")
GOALS_S = {"api": 2, "postgres": 5, "kafka": 12}
PROCESSOR_GOAL_S = 5
HANDS = 32
SPARED_S = 5.0
"""Between two kills, and before the first."""
ALL_S_MAX = 120.0
DAY_S = 24 * 3_600


class Back(msgspec.Struct, frozen=True):
    """Seconds from the kill until somebody was answered, and until what was killed was as before."""

    killed: str
    answered: float
    live: float


def crash(
    rounds: Annotated[int, typer.Option(help="How often each is killed.")] = 3,
    rate: Annotated[int, typer.Option(help="Reports a second meanwhile.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print every kill as JSON.")] = False,
) -> None:
    """Kill every part under load and measure how soon people are answered and the part is as before."""
    configure_logging("critical", "bench")
    found = asyncio.run(_measured(rounds, rate))
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    lines = Table("killed", "n", "answered s", "most", "as before s", "most", "goal s")
    for killed in (*PARTS, *NODES):
        here = [one for one in found if one.killed == killed]
        cells = [f"{way([one.answered for one in here]):.1f}" for way in (statistics.median, max)]
        cells += [f"{way([one.live for one in here]):.1f}" for way in (statistics.median, max)]
        lines.add_row(killed, str(len(here)), *cells, str(GOALS_S.get(killed, PROCESSOR_GOAL_S)))
    Console(width=120).print(lines)


async def _measured(rounds: int, rate: int) -> list[Back]:
    async with alone() as (settings, profile, system), people(settings, HANDS) as asking:
        ask = await reports(asking, profile)
        load = _Load(ask, rate)

        async def kill() -> list[Back]:
            found: list[Back] = []
            with bars() as progress:
                task = progress.add_task("kills", total=rounds * len((*PARTS, *NODES)))
                for killed in (*PARTS, *NODES) * rounds:
                    await asyncio.sleep(SPARED_S)
                    found.append(await _killed(settings, system, load, killed))
                    progress.advance(task)
            return found

        return await measured(kill(), load.work())


async def _killed(settings: Settings, system: System, load: _Load, killed: str) -> Back:
    before = system.parts.get(killed)
    process = psutil.Process(before.pid) if before is not None else _node(killed)
    process.kill()
    began = time.perf_counter()
    await asyncio.to_thread(process.wait, ALL_S_MAX)
    asked = time.perf_counter()
    async with asyncio.timeout(ALL_S_MAX):
        answered = asyncio.create_task(load.answered(asked))
        if before is not None:
            await until_standing(settings, system, killed, before=before)
        else:
            await answered
            for part in PARTS:
                await until_standing(settings, system, part)
        live = time.perf_counter() - began
        return Back(killed, await answered - began, live)


def _node(name: str) -> psutil.Process:
    """The embedded broker or database itself: a child of this process."""
    marks = {"kafka": "java", "postgres": "postgres"}
    return next(child for child in psutil.Process().children() if child.name() == marks[name])


class _Load:
    """Reports at an even rate, for as long as it takes; whoever is not answered is not waited for."""

    def __init__(self, ask: Ask, rate: int) -> None:
        self._ask = ask
        self._rate = rate
        self._waiting = 0
        self._last = (0.0, 0.0)
        self._told = asyncio.Condition()

    async def work(self) -> None:
        """Until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            async for _ in paced(self._rate, self._rate * DAY_S):
                if self._waiting < HANDS:
                    self._waiting += 1
                    tasks.create_task(self._one())

    async def _one(self) -> None:
        began = time.perf_counter()
        try:
            told = await self._ask()
        finally:
            self._waiting -= 1
        if told:
            async with self._told:
                if began > self._last[0]:
                    self._last = (began, time.perf_counter())
                self._told.notify_all()

    async def answered(self, since: float) -> float:
        """When the first of those who asked after that instant was told an outcome."""
        async with self._told:
            await self._told.wait_for(lambda: self._last[0] >= since)
            return self._last[1]
