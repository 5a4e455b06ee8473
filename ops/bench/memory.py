"""`liandong bench memory`: what each process takes of the machine's memory with so many open cases.

A system of its own on an empty folder; the cases come in through the log, as an import's do, and nothing is written
by hand. Each size is measured twice: after the processes have folded it, and after each was started anew.
"""

from __future__ import annotations

import asyncio
import signal
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console

from domain.case.actions import Attempt
from domain.worktime import compile_calendar
from eventlog.append import BULK_MS_MAX, Appender
from eventlog.topics import TopicNames
from ops.bars import bars
from ops.bench.alone import alone
from ops.bench.memory_looks import MB, Found, Held, Measured, read_sizes, tables
from ops.bench.standing import until_standing
from ops.footprint import memory as footprint
from ops.footprint import peaks
from ops.importing import folded
from ops.people.pace import load_pace
from ops.people.plan import City
from ops.people.standing import attempts, histories, mix, open_lives
from ops.system import System
from projections import board, case_state
from projections.database import open_pool
from reference.profile import Profile
from runtime.logs import configure_logging
from runtime.settings import Settings

SEED = 1
RATE = 800.0
LIVES_MAX = 2_000
CHUNK_CASES = 2_000
AHEAD_CHUNKS_MAX = 8
"""What is appended and not in the rows yet, so that no reader is left far behind."""
REST_S = 10.0
IN_TURN = ("clock", "react", "project", "dispatch", "audit", "api")
"""In the order in which they are started anew, one after the other."""


def memory(
    cases: Annotated[str, typer.Option(help="Numbers of open cases, rising.")] = "0,100000,1000000",
    as_json: Annotated[bool, typer.Option("--json", help="Print everything measured as JSON.")] = False,
) -> None:
    """Measure every process's memory with so many open cases, after folding them and after a start."""
    sizes = read_sizes(cases)
    configure_logging("error", "bench")
    found = asyncio.run(_measured(sizes))
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    Console(width=120).print(*tables(found), sep="\n")


async def _measured(sizes: Sequence[int]) -> Found:
    async with alone() as (settings, profile, system):
        bench = _Bench(settings, profile, system)
        looks: list[Measured] = []
        pool = await open_pool(system.env["LIANDONG_POSTGRES"], 2, "liandong-bench")
        try:
            async with _appender(settings, system) as appender:
                for size in sizes:
                    await bench.bring_in(appender, pool, size)
                    await bench.stand()
                    looks.append(await bench.look(pool))
                    _tell(looks[-1])
                    ready_s = {part: await bench.start_anew(part) for part in IN_TURN}
                    looks.append(await bench.look(pool, ready_s))
                    _tell(looks[-1])
            held = await _held(pool)
            there = await _open(pool)
        finally:
            await pool.close()
    return Found(looks, mix(bench.past), bench.rate, bench.sent - there, held)


def _tell(look: Measured) -> None:
    """A line as soon as it is known: the next number of cases may take long."""
    when = "after a start" if look.started else "after folding them"
    sizes = ", ".join(f"{name} {size / MB:,.0f}" for name, size in look.memory.items())
    typer.echo(f"{look.cases:,} cases {when}, MB: {sizes}", err=True)


class _Bench:
    """The cases brought in so far, and the system they were brought into."""

    def __init__(self, settings: Settings, profile: Profile, system: System) -> None:
        now_ms = time.time_ns() // 1_000_000
        city = City(profile, compile_calendar(profile.contents.calendar), load_pace(), SEED, RATE)
        today = datetime.now(UTC).astimezone(ZoneInfo(profile.about.zone)).date()
        self.past = histories(open_lives(city, today, now_ms, LIVES_MAX), now_ms)
        self.sent = 0
        self.rate = 0.0
        self._settings = settings
        self._system = system
        self._attempts = attempts(self.past, profile.about.root, now_ms)

    async def bring_in(self, appender: Appender, pool: Any, size: int) -> None:
        """Append until so many cases were brought in and stand in the rows."""
        wanted, began = size - self.sent, time.monotonic()
        waiting: list[list[tuple[int, int]]] = []
        with bars() as progress:
            task = progress.add_task("cases", total=wanted)
            while self.sent < size:
                chunk = list(islice(self._attempts, min(CHUNK_CASES, size - self.sent)))
                waiting.append(await _appended(appender, chunk))
                self.sent += len(chunk)
                while len(waiting) > (AHEAD_CHUNKS_MAX if self.sent < size else 0):
                    await folded(pool, waiting[0])
                    progress.advance(task, len(waiting.pop(0)))
        if wanted:
            self.rate = wanted / (time.monotonic() - began)

    async def stand(self) -> None:
        """Wait until every part stands at the end of what it reads. Raises Fault `bench.not_standing`."""
        for part in IN_TURN:
            await until_standing(self._settings, self._system, part, self.sent)

    async def look(self, pool: Any, ready_s: Mapping[str, float] | None = None) -> Measured:
        """Everybody's memory after a rest."""
        await asyncio.sleep(REST_S)
        started = ready_s is not None
        taken = footprint(self._system, "bench")
        taken.pop("bench")
        return Measured(await _open(pool), started, taken, peaks(self._system) if started else {}, dict(ready_s or {}))

    async def start_anew(self, part: str) -> float:
        """End a part and wait until the one that supervision starts stands at the end; gives seconds."""
        before, began = self._system.parts[part], time.monotonic()
        before.process.send_signal(signal.SIGTERM)
        await until_standing(self._settings, self._system, part, self.sent, before)
        return time.monotonic() - began


def _appender(settings: Settings, system: System) -> Appender:
    return Appender(system.env["LIANDONG_KAFKA"], TopicNames(settings.topic_prefix), BULK_MS_MAX)


async def _appended(appender: Appender, chunk: Sequence[Attempt]) -> list[tuple[int, int]]:
    return await asyncio.gather(*(appender.append(attempt) for attempt in chunk))


async def _open(pool: Any) -> int:
    async with pool.acquire() as connection:
        found: int = await connection.fetchval("select count(*) from board")
        return found


async def _held(pool: Any) -> Held:
    """What one partition's open cases take in memory as the hub reads them: the mean."""
    async with pool.acquire() as connection:
        return Held(
            await _bytes_each(connection, lambda: board.read_rows(connection, "partition = 0")),
            await _bytes_each(connection, lambda: case_state.load_open(connection, 0)),
        )


async def _bytes_each(connection: Any, read: Callable[[], Any]) -> float:
    """Read twice: the first time the connection learns the query. It keeps the last answer until it is asked again."""
    await read()
    tracemalloc.start()
    try:
        kept = await read()
        await connection.fetchval("select 1")
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return size / max(len(kept), 1)
