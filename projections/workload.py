"""workload: what lies on each grid and each unit now? Asked by who gives out work and by who answers for an area.

Owns the sums, by grid and unit. Near and overdue mean what they mean on the board (`board.due_of`); nothing here
depends on the time of day, because both come as events. A case is counted where it lies now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from domain.case.duties import AT_WORK
from domain.case.state import Case
from eventlog.casefile import CaseFile
from projections import board
from projections.steps import Step
from projections.sums import Sums, add

NAME = "workload"
NOBODY = ""
"""Stands for the unit of a case that none leads: it is not dispatched, or was given back."""
FILES_AT_ONCE = 500


class Load(msgspec.Struct, frozen=True, gc=False):
    """Open cases led, those of them that are near 临期 and overdue 超时, and parts beside another lead not done yet."""

    led: int = 0
    near: int = 0
    overdue: int = 0
    beside: int = 0

    def plus(self, other: Load, sign: int = 1) -> Load:
        """The sum (or, with sign -1, the difference)."""
        return Load(
            self.led + sign * other.led,
            self.near + sign * other.near,
            self.overdue + sign * other.overdue,
            self.beside + sign * other.beside,
        )


Loads = dict[tuple[str, str], Load]
"""(grid, unit) → what lies there."""
NONE = Load()
SUMS = Sums({"grid": "text", "unit": "text", "partition": "int"}, Load.__struct_fields__)
_SUMS = "sum(led)::int, sum(near)::int, sum(overdue)::int, sum(beside)::int"
_WHERE = "where starts_with(grid, $1) and ($2::text is null or unit = $2)"
_decoder = msgspec.json.Decoder(CaseFile)


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What lies in the scope (a code prefix), of one unit if so wanted."""

    scope: str
    unit: str | None = None


async def total(connection: Any, asked: Asked) -> Load:
    """All that was asked for in one sum."""
    row = await connection.fetchrow(f"select {_SUMS} from {NAME} {_WHERE}", asked.scope, asked.unit)
    return NONE if row[0] is None else Load(*row)


async def by_unit(connection: Any, asked: Asked, limit: int) -> list[tuple[str, Load]]:
    """Each unit's, who leads most first."""
    return await _by(connection, "unit", asked, limit)


async def by_grid(connection: Any, asked: Asked, limit: int) -> list[tuple[str, Load]]:
    """Each grid's, where most lies first."""
    return await _by(connection, "grid", asked, limit)


def loads(case: Case | None) -> Loads:
    """What the case, as it stands, puts on its grid and on which units; nothing once it has ended."""
    if case is None or not case.open:
        return {}
    due = board.due_of(case.handling_clock)
    lead = case.lead.unit if case.lead else NOBODY
    grid = case.place.grid
    found = {(grid, lead): Load(1, int(due == board.NEAR), int(due == board.OVERDUE))}
    if case.status in AT_WORK:
        for party in case.co_handlers:
            if not party.done:
                found[grid, party.unit] = found.get((grid, party.unit), NONE).plus(Load(beside=1))
    return found


def moved(before: Case | None, after: Case | None) -> Loads:
    """What changes where while a case goes from one state to the other; what stays the same is left out."""
    changes = loads(after)
    for key, load in loads(before).items():
        changes[key] = changes.get(key, NONE).plus(load, -1)
    return {key: load for key, load in changes.items() if load != NONE}


async def write(connection: Any, steps: Sequence[Step], table: str = NAME) -> None:
    """Add what these steps change."""
    sums: dict[int, Loads] = {}
    first = {step.after.id: step for step in reversed(steps) if step.changed}
    last = {step.after.id: step for step in steps if step.changed}
    for case_id, step in last.items():
        _add(sums.setdefault(step.partition, {}), moved(first[case_id].before.case, step.after.case))
    await _write_sums(connection, sums, table)


async def fill(connection: Any, partition: int) -> None:
    """Write the rows of a partition that an earlier release folded, from its open cases as they stand."""
    found = connection.cursor(
        "select file from case_state where partition = $1 and open", partition, prefetch=FILES_AT_ONCE
    )
    sums: Loads = {}
    async for row in found:
        _add(sums, loads(_decoder.decode(row["file"]).case))
    await _write_sums(connection, {partition: sums}, NAME)


async def _by(connection: Any, column: str, asked: Asked, limit: int) -> list[tuple[str, Load]]:
    rows = await connection.fetch(
        f"select {column}, {_SUMS} from {NAME} {_WHERE} group by {column} "
        f'order by sum(led) desc, sum(beside) desc, {column} collate "C" limit $3',
        asked.scope,
        asked.unit,
        limit,
    )
    return [(row[0], Load(*tuple(row)[1:])) for row in rows]


def _add(sums: Loads, changes: Mapping[tuple[str, str], Load]) -> None:
    for key, load in changes.items():
        sums[key] = sums.get(key, NONE).plus(load)


async def _write_sums(connection: Any, sums: Mapping[int, Loads], table: str) -> None:
    changes = {
        (*key, partition): msgspec.structs.astuple(load) for partition, own in sums.items() for key, load in own.items()
    }
    await add(connection, table, SUMS, changes)
