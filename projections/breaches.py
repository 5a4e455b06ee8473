"""breaches: which deadlines passed, whose were they, and how late was it in the end?

Owns one row a passed deadline, opened by the event that tells it with the deadline's own instant, finished when that
clock stops or stands still, and open again when it goes on. Every clock is here; only the lead's handling clock makes a
case late 超时 (domain document §4). Where a case lies is asked of `case_state`, so that its rows follow it. The time of
a supervision is no clock's and not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from domain.case.events import AppealDecided, CaseEvent, ClockOverdue, ClockPaused, ClockResumed, ClockStopped
from domain.case.evolve import Move
from domain.case.state import Case
from domain.case.values import ClockKind
from projections import timeline
from projections.steps import Step

NAME = "breaches"
ROWS_AT_ONCE = 2_000


class Breach(msgspec.Struct, frozen=True, gc=False):
    """One deadline that passed; instants are ms, `ended_ms` is None while the clock runs."""

    case_id: str
    version: int
    partition: int
    number: str
    case_class: str | None
    round: int
    desk: int
    status: str
    clock: str
    unit: str | None
    holder: str
    deadline_ms: int
    ended_ms: int | None = None
    exempt: bool = False


class Tally(msgspec.Struct, frozen=True, gc=False):
    """Of one kind of clock: how many deadlines passed, how many are not done yet, how many an appeal exempts."""

    clock: str
    passed: int
    open: int
    exempt: int


_COLUMNS = ", ".join(Breach.__struct_fields__)
_VALUES = ", ".join(f"${number}" for number in range(1, len(Breach.__struct_fields__) + 1))
_WHERE = (
    "join case_state c using (case_id) where b.deadline_ms >= $1 and b.deadline_ms < $2 and starts_with(c.grid, $3) "
    "and ($4::text is null or b.clock = $4) and (not $5 or b.ended_ms is null)"
)

Mark = tuple[int, str, int]
"""Where a page ends: deadline, case, version."""
BEGIN: Mark = (2**63 - 1, "", 2**31 - 1)


class Asked(msgspec.Struct, frozen=True, gc=False):
    """Deadlines in [from_ms, to_ms) of cases that lie in the scope now; of one clock, and only those not done, if so
    wanted."""

    from_ms: int
    to_ms: int
    scope: str
    clock: ClockKind | None = None
    open_only: bool = False

    def values(self) -> tuple[int, int, str, str | None, bool]:
        """In the order in which the queries take them."""
        return self.from_ms, self.to_ms, self.scope, self.clock and str(self.clock), self.open_only


async def of_period(connection: Any, asked: Asked, after: Mark, limit: int) -> list[Breach]:
    """The breaches asked for, the newest deadline first, after that mark."""
    rows = await connection.fetch(
        f"select {', '.join(f'b.{name}' for name in Breach.__struct_fields__)} from {NAME} b {_WHERE} "
        "and (b.deadline_ms, b.case_id, b.version) < ($6::bigint, $7::text, $8::int) "
        "order by b.deadline_ms desc, b.case_id desc, b.version desc limit $9",
        *asked.values(),
        *after,
        limit,
    )
    return [Breach(*row) for row in rows]


async def count(connection: Any, asked: Asked) -> list[Tally]:
    """How many there are of each clock; a clock without any is left out."""
    rows = await connection.fetch(
        "select b.clock, count(*)::int, count(*) filter (where b.ended_ms is null)::int, "
        f"count(*) filter (where b.exempt)::int from {NAME} b {_WHERE} group by b.clock order by b.clock",
        *asked.values(),
    )
    return [Tally(*row) for row in rows]


def passed(held: Sequence[Breach], case_id: str, partition: int, moves: Iterable[Move]) -> list[Breach]:
    """The rows `held` of a case, with what these events open, finish and exempt."""
    rows = list(held)
    for case, event, _ in moves:
        match event:
            case ClockOverdue():
                assert case is not None, "a clock runs in a case"
                rows.append(_opened(case_id, partition, case, event))
            case ClockStopped() | ClockPaused():
                open_row = (str(event.clock), event.unit, None)
                rows = [
                    replace(row, ended_ms=event.at_ms) if (row.clock, row.unit, row.ended_ms) == open_row else row
                    for row in rows
                ]
            case ClockResumed():
                rows = _going_on(rows, case, event)
            case AppealDecided(upheld=True):
                assert case is not None, "an appeal is about a case"
                now = len(case.rounds) + 1
                rows = [
                    replace(row, exempt=True) if (row.clock, row.round) == (str(ClockKind.HANDLE), now) else row
                    for row in rows
                ]
            case _:
                pass
    return rows


async def write(connection: Any, steps: Sequence[Step], table: str = NAME) -> None:
    """Write the rows that these steps open, finish and exempt."""
    told = [step for step in steps if step.changed and any(map(_concerns, step.record.events))]
    if not told:
        return
    found = await connection.fetch(
        f"select {_COLUMNS} from {table} where case_id = any($1::text[])", sorted({step.record.case for step in told})
    )
    rows: dict[str, list[Breach]] = {}
    for one in found:
        rows.setdefault(one["case_id"], []).append(Breach(*one))
    for step in told:
        case_id = step.record.case
        rows[case_id] = passed(rows.get(case_id, []), case_id, step.partition, step.moves)
    await _write_rows(connection, [row for some in rows.values() for row in some], table)


async def fill(connection: Any, partition: int) -> None:
    """Write the rows of a partition that an earlier release folded, from its cases' stories."""
    rows: list[Breach] = []
    async for case_id, story in timeline.stories(connection, partition):
        rows += passed([], case_id, partition, timeline.moves(story))
        if len(rows) > ROWS_AT_ONCE:
            await _write_rows(connection, rows, NAME)
            rows = []
    await _write_rows(connection, rows, NAME)


def _opened(case_id: str, partition: int, case: Case, event: ClockOverdue) -> Breach:
    clock = case.clock(event.clock, event.unit)
    assert clock is not None, "what is overdue was started"
    assert event.at_ms is not None, "a deadline is an instant"
    return Breach(
        case_id,
        case.version + 1,
        partition,
        case.number,
        case.case_class,
        len(case.rounds) + 1,
        case.level,
        str(case.status),
        str(event.clock),
        event.unit,
        clock.holder,
        event.at_ms,
    )


def _going_on(rows: list[Breach], case: Case | None, event: ClockResumed) -> list[Breach]:
    """A clock that goes on after its deadline had passed is late again: the newest row of it is open."""
    clock = case and case.clock(event.clock, event.unit)
    if not clock or not clock.overdue:
        return rows
    own = [place for place, row in enumerate(rows) if (row.clock, row.unit) == (str(event.clock), event.unit)]
    return [replace(row, ended_ms=None) if place == own[-1] else row for place, row in enumerate(rows)]


def _concerns(event: CaseEvent) -> bool:
    return isinstance(event, ClockOverdue | ClockStopped | ClockPaused | ClockResumed | AppealDecided)


async def _write_rows(connection: Any, rows: Sequence[Breach], table: str) -> None:
    if rows:
        await connection.executemany(
            f"insert into {table} ({_COLUMNS}) values ({_VALUES}) on conflict (case_id, version) do update set "
            "ended_ms = excluded.ended_ms, exempt = excluded.exempt",
            [msgspec.structs.astuple(row) for row in rows],
        )
