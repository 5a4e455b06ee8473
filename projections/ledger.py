"""ledger: who held this case, and how long did each holder have cases in this period? Asked by leaders and appraisers.

Owns the rows of the responsibility ledger (`domain.case.ledger` is the fold). A case is folded on from its open
intervals only, so a record costs the same however long the case's story is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from domain.case.evolve import Move
from domain.case.ledger import Interval, Ledger, Pause, Round, Standing, extend
from domain.case.values import ClockKind, Status
from projections import timeline
from projections.steps import Step

NAME = "ledger"
ROUND = "ledger_round"
TOTALS_MAX = 5_000
CASES_AT_ONCE = 500
_COLUMNS = "case_id, version, lane, round, from_ms, to_ms, holder, pause, level, status, clock"


class Total(msgspec.Struct, frozen=True, gc=False):
    """What one holder (or, without one, an approved pause) had in one state: milliseconds in the period, in how many
    intervals of how many cases. `lane`: as a co-handler, beside the sum."""

    lane: bool
    holder: str | None
    pause: Pause | None
    status: Status
    ms: int
    intervals: int
    cases: int


class Home(msgspec.Struct, frozen=True, gc=False):
    """Where a case's rows belong: its partition and grid; `moved`: its place was written down after the report."""

    partition: int
    grid: str
    moved: bool = False


async def of_case(connection: Any, case_id: str) -> Ledger | None:
    """The whole ledger of a case, None if it has none (yet)."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return (await _read(connection, [case_id], "true", "")).get(case_id)


async def of_cases(connection: Any, ids: Sequence[str]) -> dict[str, Ledger]:
    """The whole ledgers of these cases; a case without one is left out."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await _read(connection, ids, "true", "")


async def totals(connection: Any, from_ms: int, to_ms: int, as_of_ms: int, scope: str) -> list[Total]:
    """What each holder had in [from_ms, to_ms), of the cases that lie in the scope (a code prefix) now, longest first.

    Intervals count with the part that lies in the period, one that goes on up to `as_of_ms`. At most TOTALS_MAX + 1
    rows: that there is one more says that some are left out.
    """
    rows = await connection.fetch(
        "select lane, holder, pause, status, sum(ends - greatest(from_ms, $1))::bigint, count(*)::int, "
        "count(distinct case_id)::int from ("
        "  select *, least(coalesce(to_ms, greatest($3, from_ms)), $2) as ends from ledger"
        "  where from_ms < $2 and (to_ms is null or to_ms > $1) and starts_with(grid, $4)"
        ") as held where ends > greatest(from_ms, $1) "
        f"group by lane, holder, pause, status order by 1, 5 desc, 2, 3, 4 limit {TOTALS_MAX + 1}",
        from_ms,
        to_ms,
        as_of_ms,
        scope,
    )
    return [
        Total(lane, holder, None if pause is None else Pause(pause), Status(status), *counts)
        for lane, holder, pause, status, *counts in rows
    ]


async def write(connection: Any, steps: Sequence[Step], suffix: str = "") -> None:
    """Fold these steps onto the ledgers as the rows have them, and write what changed."""
    changed = [step for step in steps if step.changed and step.record.events]
    if not changed:
        return
    known = list({step.record.case for step in changed if step.before.case is not None})
    before = await _read(connection, known, "to_ms is null", suffix) if known else {}
    after, last = dict(before), dict[str, Home]()
    for step in changed:
        case_id = step.record.case
        after[case_id] = _folded(after.get(case_id), step.moves)
        assert step.after.case is not None, "a record with events makes a case"
        last[case_id] = Home(step.partition, step.after.case.place.grid, step.after.case.placed_ms is not None)
    await _write(connection, before, after, last, suffix)


async def fill(connection: Any, partition: int) -> None:
    """Write the rows of a partition that an earlier release folded, which kept no ledger, from its cases' stories.

    Must run in a transaction.
    """
    after, homes = dict[str, Ledger](), dict[str, Home]()
    async for case_id, story in timeline.stories(connection, partition):
        moves = timeline.moves(story)
        if moves:
            after[case_id] = _folded(None, moves)
            _, _, case = moves[-1]
            homes[case_id] = Home(partition, case.place.grid)
        if len(after) >= CASES_AT_ONCE:
            await _write(connection, {}, after, homes, "")
            after, homes = {}, {}
    await _write(connection, {}, after, homes, "")


def _folded(ledger: Ledger | None, moves: Iterable[Move]) -> Ledger:
    for before, event, after in moves:
        ledger = extend(ledger, before, after, event)
    assert ledger is not None, "events make a ledger"
    return ledger


async def _write(
    connection: Any, before: Mapping[str, Ledger], after: Mapping[str, Ledger], homes: Mapping[str, Home], suffix: str
) -> None:
    if homes:
        await _move(connection, homes, suffix)
        await _write_intervals(connection, before, after, homes, suffix)
        await _write_rounds(connection, before, after, homes, suffix)


async def _read(connection: Any, ids: Sequence[str], where: str, suffix: str) -> dict[str, Ledger]:
    """`where` is one of ours, never a client's."""
    rounds: dict[str, list[Round]] = {}
    found = await connection.fetch(
        f"select case_id, round, opened_ms, ended_ms from {ROUND}{suffix} where case_id = any($1::text[]) "
        "order by case_id, round",
        list(ids),
    )
    for case_id, number, opened_ms, ended_ms in found:
        rounds.setdefault(case_id, []).append(Round(number, opened_ms, ended_ms))
    held: dict[tuple[str, bool], list[Interval]] = {}
    found = await connection.fetch(
        f"select {_COLUMNS} from {NAME}{suffix} where case_id = any($1::text[]) and {where} order by case_id, version",
        list(ids),
    )
    for case_id, version, lane, number, from_ms, to_ms, holder, pause, level, status, clock in found:
        standing = Standing(holder, level, Status(status), None if pause is None else Pause(pause))
        ticking = None if clock is None else ClockKind(clock)
        interval = Interval(version, number, from_ms, to_ms, standing, ticking)
        held.setdefault((case_id, lane), []).append(interval)
    return {
        case_id: _ledger(held.get((case_id, False), []), held.get((case_id, True), []), lives)
        for case_id, lives in rounds.items()
    }


def _ledger(intervals: list[Interval], lanes: list[Interval], rounds: list[Round]) -> Ledger:
    instants = [rounds[-1].opened_ms, rounds[-1].ended_ms or 0]
    instants += [instant for i in intervals for instant in (i.from_ms, i.to_ms or 0)]
    return Ledger(tuple(intervals), tuple(lanes), tuple(rounds), max(instants))


async def _move(connection: Any, homes: Mapping[str, Home], suffix: str) -> None:
    """The rows of a case lie where it lies now, also those of before it moved."""
    moved = [(case_id, home.grid) for case_id, home in homes.items() if home.moved]
    if moved:
        await connection.execute(
            f"update {NAME}{suffix} as held set grid = now.grid from unnest($1::text[], $2::text[]) as now (id, grid) "
            "where held.case_id = now.id and held.grid <> now.grid",
            *map(list, zip(*moved, strict=True)),
        )


def _numbered(ledger: Ledger | None) -> dict[int, tuple[bool, Interval]]:
    if ledger is None:
        return {}
    lanes = {interval.version: (True, interval) for interval in ledger.lanes}
    return {interval.version: (False, interval) for interval in ledger.intervals} | lanes


async def _write_intervals(
    connection: Any, before: Mapping[str, Ledger], after: Mapping[str, Ledger], homes: Mapping[str, Home], suffix: str
) -> None:
    gone: list[tuple[str, int]] = []
    rows: list[tuple[Any, ...]] = []
    for case_id, home in homes.items():
        held, now = _numbered(before.get(case_id)), _numbered(after[case_id])
        gone += [(case_id, version) for version in held.keys() - now.keys()]
        rows += [_row(case_id, home, *one) for version, one in now.items() if held.get(version) != one]
    if gone:
        await connection.execute(
            f"delete from {NAME}{suffix} where (case_id, version) in (select * from unnest($1::text[], $2::int[]))",
            *map(list, zip(*gone, strict=True)),
        )
    if rows:
        rows.sort(key=lambda row: row[5] is None)  # what ends before what goes on: a case has one of those
        await connection.execute(
            f"insert into {NAME}{suffix} (case_id, version, lane, round, from_ms, to_ms, holder, pause, level, "
            "status, clock, partition, grid) select * from unnest($1::text[], $2::int[], $3::bool[], $4::int[], "
            "$5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::smallint[], $10::text[], $11::text[], "
            "$12::int[], $13::text[]) on conflict (case_id, version) do update set to_ms = excluded.to_ms, "
            "clock = excluded.clock",
            *map(list, zip(*rows, strict=True)),
        )


def _row(case_id: str, home: Home, lane: bool, interval: Interval) -> tuple[Any, ...]:
    held = interval.standing
    standing = (held.holder, held.pause, held.level, held.status, interval.clock)
    span = (interval.round, interval.from_ms, interval.to_ms)
    return (case_id, interval.version, lane, *span, *standing, home.partition, home.grid)


async def _write_rounds(
    connection: Any, before: Mapping[str, Ledger], after: Mapping[str, Ledger], homes: Mapping[str, Home], suffix: str
) -> None:
    rows = [
        (case_id, one.number, home.partition, one.opened_ms, one.ended_ms)
        for case_id, home in homes.items()
        for one in _other(after[case_id].rounds, before[case_id].rounds if case_id in before else ())
    ]
    if rows:
        await connection.execute(
            f"insert into {ROUND}{suffix} select * from unnest($1::text[], $2::int[], $3::int[], $4::bigint[], "
            "$5::bigint[]) on conflict (case_id, round) do update set ended_ms = excluded.ended_ms",
            *map(list, zip(*rows, strict=True)),
        )


def _other(now: Iterable[Round], before: tuple[Round, ...]) -> list[Round]:
    return [one for one in now if one not in before]
