"""`liandong bench scale`: 1, 2 and 4 workers of one processor: throughput, then partitions moved under load.

The projections fold a year's log; the decider decides reports. First so many workers share the partitions, and work
through records that come as fast as they can be appended. Then records come at an even rate while workers join and
leave: how far behind the group is, and the longest time in which nothing went on, are what a move costs.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import httpx
import msgspec
import typer
from rich.console import Console
from rich.table import Table

from eventlog.append import BULK_MS_MAX, Appender
from eventlog.position import PARTITIONS
from eventlog.topics import TopicNames
from ops.bars import bars
from ops.bench.alone import alone, paced
from ops.bench.beside import measured
from ops.bench.scale_load import Done, Send, decisions_done, records, reports, rows_done
from ops.bench.standing import places
from ops.bench.year import APPENDED_AT_ONCE
from ops.system import System
from runtime.children import Child, start
from runtime.faults import Fault
from runtime.logs import configure_logging
from runtime.metrics import targets

SHARED = (1, 2, 4)
MOVES = (1, 2, 4, 2, 1)
"""Workers at once, one stage after the other."""
LOOK_S = 0.05
DONE_S_MAX = 600.0
SHARED_S_MAX = 60.0
WAITING_MAX = 5_000
"""Appends under way, not acknowledged; beyond it none is begun."""
ASK_S_MAX = 5.0


class Part(StrEnum):
    """Whose workers."""

    PROJECT = "project"
    DISPATCH = "dispatch"


class Stage(msgspec.Struct, frozen=True):
    """So many workers: records a second, the most that was not worked through (records), and the longest time (s) in
    which nothing was; the last two only where records came at an even rate."""

    name: str
    workers: int
    seconds: float
    rate: float
    lag_most: int | None = None
    pause_most: float | None = None


def scale(
    part: Annotated[Part, typer.Option(help="Whose workers.")] = Part.PROJECT,
    burst: Annotated[int, typer.Option(help="Records that come as fast as they can be appended.")] = 40_000,
    rate: Annotated[int, typer.Option(help="Records a second while workers join and leave.")] = 500,
    seconds: Annotated[int, typer.Option(help="For how long with each number of workers.")] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything measured as JSON.")] = False,
) -> None:
    """Measure throughput and lag with 1, 2 and 4 workers, and while partitions move between them under load."""
    configure_logging("error", "bench")
    found = asyncio.run(_measured(part, burst, rate, seconds))
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    lines = Table(str(part), "workers", "s", "records/s", "behind at most, records", "nothing went on, s at most")
    for one in found:
        lag = "" if one.lag_most is None else f"{one.lag_most:,}"
        pause = "" if one.pause_most is None else f"{one.pause_most:.2f}"
        lines.add_row(one.name, str(one.workers), f"{one.seconds:.1f}", f"{one.rate:,.0f}", lag, pause)
    Console(width=120).print(lines)


async def _measured(part: Part, burst: int, rate: int, seconds: int) -> list[Stage]:
    async with alone(()) as (settings, profile, system):
        names, bootstrap = TopicNames(settings.topic_prefix), system.env["LIANDONG_KAFKA"]
        counting = rows_done if part is Part.PROJECT else decisions_done
        send = (records if part is Part.PROJECT else reports)(profile, names)
        async with Appender(bootstrap, names, BULK_MS_MAX) as appender, counting(system, names) as done:
            bench = _Bench(part, system, appender, send, done)
            try:
                with bars() as progress:
                    task = progress.add_task(str(part), total=len(SHARED) + len(MOVES))
                    for workers in SHARED:
                        await bench.share(workers, burst)
                        progress.advance(task)
                    await measured(bench.move(seconds, lambda: progress.advance(task)), bench.sending(rate))
            finally:
                await bench.work(0)
            return bench.stages


class _Bench:
    """The workers at work, what was sent to them, and what was measured so far."""

    def __init__(self, part: Part, system: System, appender: Appender, send: Iterator[Send], done: Done) -> None:
        self.stages: list[Stage] = []
        self._part = part
        self._system = system
        self._appender = appender
        self._send = send
        self._done = done
        self._sent = 0
        self._waiting = 0
        self._workers: list[tuple[Child, Path]] = []
        self._numbers = itertools.count(1)

    async def share(self, workers: int, burst: int) -> None:
        """Let so many workers share the partitions, and time them from the first append to the last record."""
        await self.work(workers)
        await self._shared()
        await self._caught_up()
        made = list(itertools.islice(self._send, burst))  # before the clock runs: making them takes a core
        began = time.monotonic()
        for first in range(0, burst, APPENDED_AT_ONCE):
            await asyncio.gather(*(self._one(send) for send in made[first : first + APPENDED_AT_ONCE]))
        await self._caught_up()
        seconds = time.monotonic() - began
        self.stages.append(Stage("as fast as it goes", workers, seconds, burst / seconds))

    async def move(self, seconds: int, advance: Callable[[], None]) -> None:
        """The workers become more, and fewer again, each number of them for so many seconds."""
        await self.work(MOVES[0])
        await self._shared()
        await self._caught_up()
        before = MOVES[0]
        for workers in MOVES:
            name = "even rate" if workers == before else "even rate, moved" + (" to more" if workers > before else "")
            await self._stage(name, workers, seconds)
            before = workers
            advance()

    async def sending(self, rate: int) -> None:
        """Records at that rate, until cancelled. Raises LogUnreachable."""
        async with asyncio.TaskGroup() as tasks:
            async for _ in paced(rate, sys.maxsize):
                if self._waiting < WAITING_MAX:
                    tasks.create_task(self._one(next(self._send)))

    async def _stage(self, name: str, workers: int, seconds: int) -> None:
        began, first = time.monotonic(), await self._done()
        moving = asyncio.create_task(self.work(workers))
        last, since, behind, pause = first, began, 0, 0.0
        while (now := time.monotonic()) < began + seconds or not moving.done():
            done = await self._done()
            behind = max(behind, self._sent - done)
            if done > last:
                last, since = done, now
            pause = max(pause, now - since)
            self._require_alive()
            await asyncio.sleep(LOOK_S)
        await moving
        took = now - began
        self.stages.append(Stage(name, workers, took, (last - first) / took, behind, pause))

    async def _one(self, send: Send) -> None:
        self._waiting += 1
        try:
            await send(self._appender)
        finally:
            self._waiting -= 1
        self._sent += 1

    async def _caught_up(self) -> None:
        async with asyncio.timeout(DONE_S_MAX):
            while await self._done() < self._sent:
                self._require_alive()
                await asyncio.sleep(LOOK_S)

    async def _shared(self) -> None:
        """Wait until every worker has its share of the partitions, and nobody more."""
        async with asyncio.timeout(SHARED_S_MAX), httpx.AsyncClient(timeout=ASK_S_MAX, trust_env=False) as client:
            while True:
                self._require_alive()
                addresses = [targets(folder).get(str(self._part)) for _, folder in self._workers]
                held = [len(await places(client, address)) for address in addresses]
                if sum(held) == PARTITIONS and min(held) >= PARTITIONS // len(held):
                    return
                await asyncio.sleep(LOOK_S)

    def _require_alive(self) -> None:
        for child, _ in self._workers:
            if (code := child.code()) is not None:
                raise Fault(
                    "bench.worker_ended",
                    f"{child.name} 以退出码 {code} 结束:{child.last_lines(3)}",
                    f"{child.name} ended with {code}: {child.last_lines(3)}",
                )

    async def work(self, workers: int) -> None:
        """So many of them from now on: the newest are told to stop, or others start."""
        while len(self._workers) > workers:
            await self._workers.pop()[0].stop()
        while len(self._workers) < workers:
            self._workers.append(self._started(next(self._numbers)))

    def _started(self, number: int) -> tuple[Child, Path]:
        """Another member of the group, as on another machine: with a data folder of its own."""
        folder = Path(self._system.env["LIANDONG_DATA_DIR"]) / f"worker-{number}"
        folder.mkdir()
        command = [sys.executable, "-m", "ops.serve", "serve", str(self._part)]
        env = os.environ | self._system.env | {"LIANDONG_DATA_DIR": str(folder), "LIANDONG_MEMBER": ""}
        return start(f"{self._part}-{number}", command, folder / "worker.log", env=env), folder
