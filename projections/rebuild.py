"""Rebuild: projections folded again from the first record, beside the live ones, compared, and swapped in.

Must never leave a table half rebuilt: the comparison and the swap are one transaction at one place in the log, during
which the live projection's place is held. A comparison alone holds nobody up: it looks at one moment of the rows.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from eventlog.position import PARTITIONS
from eventlog.stored import Stored, read_entry
from projections import board, case_state, checkpoint, daily, facts, ledger
from projections.runner import NAMES, fold, writers
from projections.steps import Folder
from projections.towns import Towns
from runtime import failpoints

TABLES = {name: (name,) for name in NAMES} | {
    board.NAME: (board.NAME, board.COUNT),
    ledger.NAME: (ledger.NAME, ledger.ROUND),
    # One fold, so they are made again together, by whichever name.
    facts.NAME: (facts.NAME, daily.NAME),
    daily.NAME: (facts.NAME, daily.NAME),
}
KEYS = {
    "adoptions": "partition, action_offset",
    "case_state": "case_id",
    "outcomes": "case_id, action_id",
    "timeline": "case_id, seq",
    "board": "case_id",
    "board_count": "partition, town, day",
    "ledger": "case_id, version",
    "ledger_round": "case_id, round",
    "facts": "case_id",
    "duties": "case_id, ordinal",
    "registers": "case_id, version",
    "breaches": "case_id, version",
    "workload": "grid, unit, partition",
    "stage_clocks": "case_id, version",
    "daily": "grid, day, partition",
}
NEW = "_new"
GATE = f"select from checkpoint where projection = '{case_state.NAME}' order by partition for update"
"""What every transaction of the runner locks before anything else (`checkpoint.require_place`)."""
CAUGHT_UP_S_MAX = 60.0
ROWS_AT_ONCE = 5_000
LEFT_RECORDS_MAX = 2_000
"""So many are folded while the live projections are held, and no more; what came meanwhile is folded before that."""
PASSES_MAX = 10
"""After so many the log grows faster than it is folded, and what is left is folded all the same."""
CONNECTIONS = 2
"""That `rebuild` takes, beside those of the shares."""
Read = Callable[[dict[int, int], dict[int, int]], AsyncIterator[list[Stored]]]
Fold = Callable[[Mapping[int, int]], Awaitable[None]]
Digests = dict[tuple[str, ...], str]


class RebuildReport(msgspec.Struct, frozen=True, gc=False):
    """What came out: records folded, rows, and the digests of the live and the rebuilt tables at one place."""

    name: str
    records: int
    rows: int
    live: str
    rebuilt: str
    seconds: float

    @property
    def equal(self) -> bool:
        """True if live and rebuilt are the same, byte for byte."""
        return self.live == self.rebuilt


async def rebuild(
    pool: Any, names: Sequence[str], fold: Fold, upto: Mapping[int, int], *, swap: bool = True
) -> list[RebuildReport]:
    """Make these projections again beside the live ones: `fold` brings their new tables up to `upto` and then up to
    where the live rows stand (`Share`, one or several); compare them at that place, and swap, unless only the
    comparison is wanted.

    Raises KeyError for an unknown name, TimeoutError where the live projections do not catch up.
    """
    tables = list(dict.fromkeys(table for name in names for table in TABLES[name]))
    started = time.monotonic()
    async with pool.acquire() as connection:
        for table in tables:
            await connection.execute(f"drop table if exists {table}{NEW}")
            await connection.execute(f"create table {table}{NEW} (like {table} including all)")
            failpoints.hit("rebuild.table_made")
        await fold(upto)
        await _caught_up(connection, names, upto)
        for _ in range(PASSES_MAX):
            reached, upto = upto, await _places(connection, names)
            if sum(upto.values()) - sum(reached.values()) <= LEFT_RECORDS_MAX:
                break
            await fold(upto)
        failpoints.hit("rebuild.caught_up")
        async with connection.transaction(isolation="read_committed" if swap else "repeatable_read"):
            if swap:
                # The place that the runner locks first: so it waits for us with nothing held that we need.
                await connection.execute(GATE)
                await connection.execute(f"lock table {', '.join(tables)} in exclusive mode")
                failpoints.hit("rebuild.locked")
            places = await _places(connection, names)
            await fold(places)
            # The new rows came after this transaction's moment.
            async with pool.acquire() as other, other.transaction(readonly=True):
                groups = list(dict.fromkeys(TABLES[name] for name in names))
                live, rebuilt = await _both(_digests(connection, groups, ""), _digests(other, groups, NEW))
                rows = {name: await other.fetchval(f"select count(*) from {name}{NEW}") for name in names}
            records, seconds = sum(places.values()), round(time.monotonic() - started, 2)
            reports = [RebuildReport(n, records, rows[n], live[TABLES[n]], rebuilt[TABLES[n]], seconds) for n in names]
            failpoints.hit("rebuild.before_swap")
            for table in tables:
                await connection.execute(f"drop table {table if swap else table + NEW}")
                failpoints.hit("rebuild.table_dropped")
                if swap:
                    await connection.execute(f"alter table {table}{NEW} rename to {table}")
                failpoints.hit("rebuild.table_swapped")
    failpoints.hit("rebuild.swapped")
    return reports


async def _both(one: Coroutine[Any, Any, Digests], other: Coroutine[Any, Any, Digests]) -> tuple[Digests, Digests]:
    """Side by side; where one fails the other is ended first."""
    try:
        async with asyncio.TaskGroup() as group:
            first, second = group.create_task(one), group.create_task(other)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return first.result(), second.result()


async def _digests(connection: Any, groups: Sequence[tuple[str, ...]], suffix: str) -> Digests:
    """Of each group of tables."""
    return {tables: await _digest(connection, tables, suffix) for tables in groups}


async def _places(connection: Any, names: Sequence[str]) -> dict[int, int]:
    """How far all of these stand; they are written together, so once caught up none stands elsewhere."""
    found = [await checkpoint.read(connection, name) for name in names]
    return {p: min(places[p].next_offset if p in places else 0 for places in found) for p in range(PARTITIONS)}


async def _caught_up(connection: Any, names: Sequence[str], reached: Mapping[int, int]) -> None:
    async with asyncio.timeout(CAUGHT_UP_S_MAX):
        while True:
            live_at = await _places(connection, names)
            if all(live_at[p] >= offset for p, offset in reached.items()):
                return
            await asyncio.sleep(0.05)


class Share:
    """Some partitions of a rebuild, one after the other: so a case's records come together, and its rows are written
    once in a while instead of once a record. `pool` has a connection, `read(from, to)` gives the records, and `folded`
    is told of each chunk's how many there were."""

    def __init__(
        self,
        pool: Any,
        names: Sequence[str],
        zone: str,
        towns: Sequence[str],
        partitions: Iterable[int],
        read: Read,
        folded: Callable[[int], None],
    ) -> None:
        """Raises KeyError for an unknown name."""
        by_name = writers(ZoneInfo(zone))
        self._pool = pool
        self._writers = tuple(dict.fromkeys(by_name[name] for name in names))
        self._folders = {partition: Folder(partition) for partition in partitions}
        self._towns = {partition: Towns(towns) for partition in self._folders}
        self._read = read
        self._folded = folded

    async def fold(self, ends: Mapping[int, int]) -> None:
        """Fold its partitions up to there, from where they stand, and write the rows. Raises Hole, Unreadable."""
        async with self._pool.acquire() as connection:
            for partition, folder in self._folders.items():
                async for chunk in self._read({partition: folder.next_offset}, {partition: ends.get(partition, 0)}):
                    async with connection.transaction():  # a commit a chunk, not one a statement
                        await self._write(connection, chunk)
                    self._folded(len(chunk))
                folder.rest()

    async def _write(self, connection: Any, chunk: Sequence[Stored]) -> None:
        steps = fold(self._folders, [read_entry(stored) for stored in chunk], self._towns)
        for write in self._writers:
            await write(connection, steps, NEW)


async def _digest(connection: Any, tables: Sequence[str], suffix: str) -> str:
    """SHA-256 over the SHA-256 of each row's binary form, in the key's order: the database sends 32 bytes a row."""
    digest = hashlib.sha256()
    for table in tables:
        order = ", ".join(f'{key.strip()}::text collate "C"' for key in KEYS[table].split(","))
        rows = f"select sha256(record_send(t)) from {table}{suffix} t order by {order}"
        async for row in connection.cursor(rows, prefetch=ROWS_AT_ONCE):
            digest.update(row[0])
    return digest.hexdigest()
