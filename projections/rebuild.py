"""Rebuild: projections folded again from the first record, beside the live ones, compared, and swapped in.

Must never leave a table half rebuilt: the comparison and the swap are one transaction at one place in the log, during
which the live projection's place is held. A comparison alone holds nobody up: it looks at one moment of the rows.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
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
Read = Callable[[dict[int, int], dict[int, int]], AsyncIterator[list[Stored]]]


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
    pool: Any,
    names: Sequence[str],
    read: Read,
    upto: dict[int, int],
    zone: str,
    towns: Sequence[str],
    advance: Callable[[int], None],
    *,
    swap: bool = True,
) -> list[RebuildReport]:
    """Fold these projections from 0 with `read(from, to)`, compare with the live rows at one place, and swap, unless
    only the comparison is wanted.

    Raises KeyError for an unknown name, TimeoutError where the live projections do not catch up.
    """
    tables = list(dict.fromkeys(table for name in names for table in TABLES[name]))
    started = time.monotonic()
    fold = _Fold(names, zone, towns)
    async with pool.acquire() as connection:
        for table in tables:
            await connection.execute(f"drop table if exists {table}{NEW}")
            await connection.execute(f"create table {table}{NEW} (like {table} including all)")
            failpoints.hit("rebuild.table_made")
        async for chunk in read({}, upto):
            async with connection.transaction():  # a commit a chunk, not one a statement
                await fold.write(connection, chunk)
            failpoints.hit("rebuild.mid_fold")
            advance(len(chunk))
        await _caught_up(connection, names, fold.reached())
        failpoints.hit("rebuild.caught_up")
        async with connection.transaction(isolation="read_committed" if swap else "repeatable_read"):
            if swap:
                # The place that the runner locks first: so it waits for us with nothing held that we need.
                await connection.execute(GATE)
                await connection.execute(f"lock table {', '.join(tables)} in exclusive mode")
                failpoints.hit("rebuild.locked")
            async for chunk in read(fold.reached(), await _places(connection, names)):
                await fold.write(connection, chunk)
            digests = {found: await _digests(connection, found) for found in {TABLES[name] for name in names}}
            rows = {name: await connection.fetchval(f"select count(*) from {name}{NEW}") for name in names}
            seconds = round(time.monotonic() - started, 2)
            reports = [RebuildReport(n, fold.records, rows[n], *digests[TABLES[n]], seconds) for n in names]
            failpoints.hit("rebuild.before_swap")
            for table in tables:
                await connection.execute(f"drop table {table if swap else table + NEW}")
                failpoints.hit("rebuild.table_dropped")
                if swap:
                    await connection.execute(f"alter table {table}{NEW} rename to {table}")
                failpoints.hit("rebuild.table_swapped")
    failpoints.hit("rebuild.swapped")
    return reports


async def _digests(connection: Any, tables: Sequence[str]) -> tuple[str, str]:
    """Of the live rows and of the rebuilt ones."""
    return await _digest(connection, tables, ""), await _digest(connection, tables, NEW)


async def _places(connection: Any, names: Sequence[str]) -> dict[int, int]:
    """How far all of these stand; they are written together, so once caught up none stands elsewhere."""
    found = [await checkpoint.read(connection, name) for name in names]
    return {p: min(places[p].next_offset if p in places else 0 for places in found) for p in range(PARTITIONS)}


async def _caught_up(connection: Any, names: Sequence[str], reached: dict[int, int]) -> None:
    async with asyncio.timeout(CAUGHT_UP_S_MAX):
        while True:
            live_at = await _places(connection, names)
            if all(live_at[p] >= offset for p, offset in reached.items()):
                return
            await asyncio.sleep(0.05)


class _Fold:
    def __init__(self, names: Sequence[str], zone: str, towns: Sequence[str]) -> None:
        self.records = 0
        by_name = writers(ZoneInfo(zone))
        self._writers = tuple(dict.fromkeys(by_name[name] for name in names))
        self._folders = {partition: Folder(partition) for partition in range(PARTITIONS)}
        self._towns = {partition: Towns(towns) for partition in range(PARTITIONS)}

    def reached(self) -> dict[int, int]:
        return {partition: folder.next_offset for partition, folder in self._folders.items()}

    async def write(self, connection: Any, chunk: list[Stored]) -> None:
        entries = [read_entry(stored) for stored in chunk]
        folded = fold(self._folders, entries, self._towns)
        for write in self._writers:
            await write(connection, folded, NEW)
        self.records += len(chunk)


async def _digest(connection: Any, tables: Sequence[str], suffix: str) -> str:
    """SHA-256 over the SHA-256 of each row, in the order of the key: the database sends 32 bytes a row."""
    digest = hashlib.sha256()
    for table in tables:
        order = ", ".join(f'{key.strip()}::text collate "C"' for key in KEYS[table].split(","))
        rows = f"select sha256(convert_to(t::text, 'UTF8')) from {table}{suffix} t order by {order}"
        async for row in connection.cursor(rows, prefetch=ROWS_AT_ONCE):
            digest.update(row[0])
    return digest.hexdigest()
