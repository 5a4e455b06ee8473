"""Rebuild and fill while somebody else writes rows, in a real PostgreSQL: nobody is thrown out, no sum doubled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from eventlog.stored import Stored
from ops.embedded.postgres import PostgresNode
from projections.database import migrate, open_pool
from projections.rebuild import Fold, Read, Share, rebuild
from projections.runner import NAMES, Runner
from reference.profile import load_profile
from tests.integration.test_ledger_rows import END, lives, one_log

PROFILE = load_profile("xinmi")
CITY = PROFILE.about.zone, PROFILE.towns
WAITS_S_MAX = 20.0


@asynccontextmanager
async def database(folder: Path) -> AsyncGenerator[Any, None]:
    """A pool of connections to empty tables."""
    node = PostgresNode(folder)
    await node.start()
    try:
        pool = await open_pool(node.dsn, 4)
        async with pool.acquire() as connection:
            await migrate(connection)
        yield pool
        await pool.close()
    finally:
        await node.stop()


def runner(pool: Any) -> Runner:
    return Runner(pool, "log", *CITY, 2_000)


async def until_somebody_waits(pool: Any) -> None:
    """For a lock that another transaction holds."""
    asked = "select count(*) from pg_locks where not granted"
    async with asyncio.timeout(WAITS_S_MAX), pool.acquire() as connection:
        while not await connection.fetchval(asked):
            await connection.execute("select pg_sleep(0.01)")


def share(pool: Any, names: Sequence[str], read: Read) -> Fold:
    """The whole log in one share."""
    return Share(pool, names, *CITY, [0], read, lambda _records: None).fold


@pytest.mark.parametrize("name", ["ledger", "stage_clocks", "daily", "breaches"])
def test_a_projection_is_swapped_while_its_writer_is_in_the_middle_of_a_transaction(tmp_path: Path, name: str) -> None:
    entries = one_log(lives())
    half = len(entries) // 2

    async def swap() -> bool:
        async with database(tmp_path) as pool:
            live = runner(pool)
            await live.start(0, END)
            await live.apply(entries[:half])
            begun: list[asyncio.Task[Any]] = []

            async def read(start: dict[int, int], end: dict[int, int]) -> AsyncIterator[list[Stored]]:
                """Once the rebuild has caught up and holds its locks, the writer goes on."""
                if start[0] and not begun:
                    begun.append(asyncio.create_task(live.apply(entries[half:])))
                    await until_somebody_waits(pool)
                yield [entry.stored for entry in entries[start.get(0, 0) : end[0]]]

            (swapped,) = await rebuild(pool, [name], share(pool, [name], read), {0: half})
            await begun[0]
            whole = {0: len(entries)}
            (after,) = await rebuild(pool, [name], share(pool, [name], read), whole, swap=False)
            return swapped.equal and after.equal

    assert asyncio.run(swap())


def test_two_that_take_up_a_partition_at_once_fill_its_sums_once(tmp_path: Path) -> None:
    entries = one_log(lives())

    async def read(start: dict[int, int], end: dict[int, int]) -> AsyncIterator[list[Stored]]:
        yield [entry.stored for entry in entries[start.get(0, 0) : end[0]]]

    async def filled() -> list[str]:
        async with database(tmp_path) as pool:
            first = runner(pool)
            await first.start(0, END)
            await first.apply(entries)
            async with pool.acquire() as connection:
                await connection.execute("truncate workload, daily")
                await connection.execute("delete from checkpoint where projection in ('workload', 'daily')")
            one, other = runner(pool), runner(pool)
            await asyncio.gather(one.start(0, END), other.start(0, END))
            reports = await rebuild(pool, NAMES, share(pool, NAMES, read), {0: len(entries)}, swap=False)
            return [report.name for report in reports if not report.equal]

    assert asyncio.run(filled()) == []
