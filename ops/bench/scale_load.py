"""What the workers of a bench are given to do, and how much of it is done: a year's records, or reports to decide."""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from domain.case.actions import Attempt, Report
from domain.case.values import Actor, Channel, Place, Role
from domain.grid.values import CELL_LEVEL
from eventlog.append import Appender
from eventlog.position import PARTITIONS
from eventlog.record import DecisionRecord
from eventlog.stored import read_entry
from eventlog.tail import tail
from eventlog.topics import TopicNames
from ops.bench.standing import rows_stand
from ops.bench.year import made_log
from ops.system import System
from projections.database import open_pool
from reference.profile import Profile

YEARS_EVENTS = 10_000_000
"""More than is ever taken of the made-up log."""

Send = Callable[[Appender], Awaitable[None]]
Done = Callable[[], Awaitable[int]]


@asynccontextmanager
async def rows_done(system: System, _: TopicNames) -> AsyncGenerator[Done]:
    """How many records of `events` the rows hold."""
    pool = await open_pool(system.env["LIANDONG_POSTGRES"], 1, "liandong-bench")

    try:
        yield lambda: rows_stand(pool)
    finally:
        await pool.close()


@asynccontextmanager
async def decisions_done(system: System, names: TopicNames) -> AsyncGenerator[Done]:
    """How many decisions stand on `events`."""
    found = 0

    async def count() -> None:
        nonlocal found
        async for chunk in tail(system.env["LIANDONG_KAFKA"], names.events, dict.fromkeys(range(PARTITIONS), 0)):
            found += sum(isinstance(read_entry(one).record, DecisionRecord) for one in chunk)

    async def done() -> int:
        if counting.done():
            counting.result()
        return found

    counting = asyncio.create_task(count())
    try:
        yield done
    finally:
        counting.cancel()
        with suppress(asyncio.CancelledError):
            await counting


def records(profile: Profile, names: TopicNames) -> Iterator[Send]:
    """The records of a year's log, in their order."""
    for one in made_log(profile, YEARS_EVENTS):

        async def send(appender: Appender, told: Any = one) -> None:
            await appender.append_raw(names.events, told.partition, told.key, told.value, told.headers)

        yield send


def reports(profile: Profile, _: TopicNames) -> Iterator[Send]:
    """Reports of one desk, all over the city."""
    cells = itertools.cycle([grid.code for grid in profile.contents.grids if grid.level == CELL_LEVEL])
    acting = Actor("acceptor", Role.ACCEPTOR, profile.about.root)
    case_class = profile.contents.standard.classes[0].code
    while True:

        async def send(appender: Appender) -> None:
            report, now_ms = Report(Place(next(cells)), Channel.HOTLINE, case_class), time.time_ns() // 1_000_000
            await appender.append(Attempt(str(uuid.uuid4()), str(uuid.uuid4()), acting, report, now_ms, "bench"))

        yield send
