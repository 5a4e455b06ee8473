"""adoptions: which version of the contents does each partition decide by, and since which place of the log?

Asked by the decider when it takes a partition, and by whoever wants to see the history of what was in force. Owns the
lock under which adoptions are appended: two at once would each win in some partitions.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from domain.adoption.evolve import evolve
from domain.adoption.state import InForce
from eventlog.record import AdoptionRecord, decode
from projections.steps import Adoption
from projections.towns import Towns
from runtime.faults import Fault

NAME = "adoptions"
LOCK = 7302
"""The advisory lock of an adoption; of the numbers that ours use on this database no two are the same."""


class AdoptionUnderWay(Fault):
    """Another adoption had the turn for as long as this one could wait: nothing was appended."""

    def __init__(self, waited_s: float) -> None:
        super().__init__(
            "adoption_under_way",
            f"另一次采用在 {waited_s:g} 秒后仍未完成。",
            f"Another adoption is still under way after {waited_s:g} s.",
            hint_zh="请稍后重新比较,再采用。",
            hint_en="Wait for it, compare again, then adopt.",
        )


@asynccontextmanager
async def one_at_a_time(connection: Any, wait_s_max: float) -> AsyncGenerator[None, None]:
    """The one turn that there is in the whole city to adopt, from whatever process; held until the block is left.

    Waits `wait_s_max` seconds for it, then raises AdoptionUnderWay. Whoever appends an adoption does it in here.
    """
    async with connection.transaction():
        await connection.execute("select set_config('lock_timeout', $1, true)", f"{round(wait_s_max * 1000)}ms")
        try:
            await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
        except asyncpg.LockNotAvailableError:
            raise AdoptionUnderWay(wait_s_max) from None
        yield


class AdoptionRow(msgspec.Struct, frozen=True, gc=False):
    """One decided adoption, and where its decision stands on `events`."""

    event_offset: int
    record: AdoptionRecord

    @property
    def partition(self) -> int:
        """The partition that it speaks of."""
        return self.record.origin.partition


async def read_rows(connection: Any, partition: int | None = None) -> list[AdoptionRow]:
    """All rows, of one partition if it is given: by partition, and there in the order of the log."""
    found = await connection.fetch(
        "select event_offset, record from adoptions where $1::int is null or partition = $1 "
        "order by partition, action_offset",
        partition,
    )
    rows: list[AdoptionRow] = []
    for event_offset, value in found:
        record = decode(value)
        assert isinstance(record, AdoptionRecord), "only adoptions are written here"
        rows.append(AdoptionRow(event_offset, record))
    return rows


def decided_first(rows: Iterable[AdoptionRow], action_id: str) -> dict[int, AdoptionRow]:
    """Partition → its first decision on that action id; partitions that have decided none are left out."""
    found: dict[int, AdoptionRow] = {}
    for row in rows:
        if row.record.attempt.id == action_id:
            found.setdefault(row.partition, row)
    return found


def in_force(rows: Sequence[AdoptionRow]) -> dict[int, InForce]:
    """What each partition decides by after these rows."""
    states: dict[int, InForce] = {}
    for row in rows:
        record = row.record
        state = states.get(row.partition, InForce())
        states[row.partition] = evolve(state, record.attempt, record.origin.offset, record.events)
    return states


def towns_after(rows: Sequence[AdoptionRow], before: Iterable[str], homes: Mapping[str, str]) -> Towns:
    """The townships of one partition after these of its rows; `homes` are those of its open cases."""
    towns = Towns(before)
    for row in rows:
        for event in row.record.events:
            towns.adopt(event.towns)
    for case_id, town in homes.items():
        towns.put(case_id, town)
    return towns


async def write(connection: Any, adoptions: Sequence[Adoption], table: str = NAME) -> None:
    """Insert these decisions."""
    await connection.executemany(
        f"insert into {table} values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
        [
            (
                adoption.partition,
                adoption.record.origin.offset,
                adoption.entry.stored.offset,
                adoption.record.attempt.id,
                str(adoption.record.outcome),
                adoption.record.attempt.action.version,
                adoption.record.at_ms,
                adoption.entry.stored.value,
            )
            for adoption in adoptions
        ],
    )
