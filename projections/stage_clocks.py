"""stage_clocks: who answered in time on the way, and who did not? Asked for the stages of a period, run by run.

Owns one row a run of a stage clock, from the event that starts it; the handling clocks are not here (`breaches` has
those that passed). What a run counts as is the domain's (`domain.figures.facts`), so that the sums are those of the
stage rates. An appeal exempts the handling alone: no stage clock is ever exempt. Where a case lies, and whether it is
void, is asked of `case_state`, so that its rows follow it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeGuard

import msgspec
from msgspec.structs import replace

from domain.case.events import CaseEvent, ClockPaused, ClockResumed, ClockStarted, ClockStopped
from domain.case.evolve import Move
from domain.case.state import Case
from domain.case.values import HANDLING_CLOCKS, ClockKind
from domain.figures.facts import CLOCK_EVENTS, Answer, ClockEvent, StageClock, run_after
from projections import timeline
from projections.steps import Step

NAME = "stage_clocks"
ROWS_AT_ONCE = 2_000


class Run(msgspec.Struct, frozen=True, gc=False):
    """One run of a stage clock. Instants are ms; `stopped_ms` is None while it runs, and `verdict` (`ClockVerdict`)
    until it stopped for good. `answer` (`Answer`) is what the rates count."""

    case_id: str
    version: int
    partition: int
    number: str
    round: int
    clock: str
    unit: str | None
    holder: str
    started_ms: int
    deadline_ms: int | None
    stopped_ms: int | None = None
    verdict: str | None = None
    answer: str = str(Answer.RUNNING)


class Tally(msgspec.Struct, frozen=True, gc=False):
    """Of one kind of clock: how many were met, missed, and are running; those owed no more are left out."""

    clock: str
    met: int
    missed: int
    running: int

    @property
    def due(self) -> int:
        """All that are owed."""
        return self.met + self.missed + self.running


_COLUMNS = ", ".join(Run.__struct_fields__)
_TYPES = ("text", "int", "int", "text", "int", "text", "text", "text", *("bigint",) * 3, "text", "text")
_VALUES = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_TYPES, 1))
_MOVING = ("deadline_ms", "stopped_ms", "verdict", "answer")
_SET = ", ".join(f"{name} = excluded.{name}" for name in _MOVING)
_WHERE = (
    "join case_state c using (case_id) where s.deadline_ms >= $1 and s.deadline_ms < $2 and starts_with(c.grid, $3) "
    "and c.status <> 'void' and ($4::text is null or s.clock = $4) and ($5::text is null or s.answer = $5)"
)

Mark = tuple[int, str, int]
"""Where a page ends: deadline, case, version."""
BEGIN: Mark = (2**63 - 1, "", 2**31 - 1)


class Asked(msgspec.Struct, frozen=True, gc=False):
    """Runs with a deadline in [from_ms, to_ms), of cases that lie in the scope now and are not void; of one clock, and
    with one answer, if so wanted."""

    from_ms: int
    to_ms: int
    scope: str
    clock: ClockKind | None = None
    answer: Answer | None = None

    def values(self) -> tuple[int, int, str, str | None, str | None]:
        """In the order in which the queries take them."""
        return self.from_ms, self.to_ms, self.scope, self.clock and str(self.clock), self.answer and str(self.answer)


async def of_period(connection: Any, asked: Asked, after: Mark, limit: int) -> list[Run]:
    """The runs asked for, the newest deadline first, after that mark."""
    rows = await connection.fetch(
        f"select {', '.join(f's.{name}' for name in Run.__struct_fields__)} from {NAME} s {_WHERE} "
        "and (s.deadline_ms, s.case_id, s.version) < ($6::bigint, $7::text, $8::int) "
        "order by s.deadline_ms desc, s.case_id desc, s.version desc limit $9",
        *asked.values(),
        *after,
        limit,
    )
    return [Run(*row) for row in rows]


async def count(connection: Any, asked: Asked) -> list[Tally]:
    """How many there are of each clock, as the stage rates count them; a clock without any is left out."""
    rows = await connection.fetch(
        "select s.clock, count(*) filter (where s.answer = 'met')::int, "
        "count(*) filter (where s.answer = 'missed')::int, count(*) filter (where s.answer = 'running')::int "
        f"from {NAME} s {_WHERE} and s.answer <> 'left_out' group by s.clock order by s.clock",
        *asked.values(),
    )
    return [Tally(*row) for row in rows]


def runs(held: Sequence[Run], case_id: str, partition: int, moves: Iterable[Move]) -> list[Run]:
    """The runs `held` of a case in order, with what these events begin, move and end. Of those that stopped for good
    none moves again, so they need not be held."""
    rows = list(held)
    for _, event, case in moves:
        if not _of_stage(event):
            continue
        if isinstance(event, ClockStarted):
            rows.append(_begun(case_id, partition, case, event))
            continue
        own = [at for at, row in enumerate(rows) if (row.clock, row.unit) == (str(event.clock), event.unit)]
        for at in own[-1:]:
            rows[at] = _moved(rows[at], event)
    return rows


async def write(connection: Any, steps: Sequence[Step], table: str = NAME) -> None:
    """Write the runs that these steps begin, move and end."""
    told = [step for step in steps if step.changed and any(map(_of_stage, step.record.events))]
    if not told:
        return
    found = await connection.fetch(
        f"select {_COLUMNS} from {table} where verdict is null and case_id = any($1::text[]) order by case_id, version",
        sorted({step.record.case for step in told}),
    )
    held: dict[str, list[Run]] = {}
    for one in found:
        held.setdefault(one["case_id"], []).append(Run(*one))
    rows = dict(held)
    for step in told:
        case_id = step.record.case
        rows[case_id] = runs(rows.get(case_id, []), case_id, step.partition, step.moves)
    await _write_rows(connection, [row for i, own in rows.items() for row in _other(own, held.get(i, []))], table)


async def fill(connection: Any, partition: int) -> None:
    """Write the rows of a partition that an earlier release folded, from its cases' stories."""
    rows: list[Run] = []
    async for case_id, story in timeline.stories(connection, partition):
        rows += runs([], case_id, partition, timeline.moves(story))
        if len(rows) > ROWS_AT_ONCE:
            await _write_rows(connection, rows, NAME)
            rows = []
    await _write_rows(connection, rows, NAME)


def _of_stage(event: CaseEvent) -> TypeGuard[ClockEvent]:
    return isinstance(event, CLOCK_EVENTS) and event.clock not in HANDLING_CLOCKS


def _begun(case_id: str, partition: int, case: Case, event: ClockStarted) -> Run:
    assert event.at_ms is not None, "clock events always have an instant"
    about = (case_id, case.version, partition, case.number, len(case.rounds) + 1)
    return Run(*about, str(event.clock), event.unit, event.holder, event.at_ms, event.deadline_ms)


def _moved(row: Run, event: ClockEvent) -> Run:
    stage = StageClock(ClockKind(row.clock), row.unit, row.deadline_ms, Answer(row.answer))
    now = run_after(stage, event)
    row = replace(row, deadline_ms=now.deadline_ms, answer=str(now.answer))
    match event:
        case ClockStopped():
            return replace(row, stopped_ms=event.at_ms, verdict=str(event.verdict))
        case ClockPaused():
            return replace(row, stopped_ms=event.at_ms)
        case ClockResumed():
            return replace(row, stopped_ms=None, verdict=None)
        case _:
            return row


def _other(now: Sequence[Run], before: Sequence[Run]) -> list[Run]:
    """Those that are new or not as they were; a case's rows keep their order, and none is ever taken away."""
    return [row for at, row in enumerate(now) if at >= len(before) or before[at] != row]


async def _write_rows(connection: Any, rows: Sequence[Run], table: str) -> None:
    if rows:
        columns = zip(*(msgspec.structs.astuple(row) for row in rows), strict=True)
        await connection.execute(
            f"insert into {table} ({_COLUMNS}) select * from unnest({_VALUES}) "
            f"on conflict (case_id, version) do update set {_SET}",
            *map(list, columns),
        )
