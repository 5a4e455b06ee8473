"""duties: what has to be done next, by whom, and until when? Asked by everybody at work, and for a desk's queues.

Owns the rows. What is owed, and by whom, is the domain's (`domain.case.duties`); nothing in a row depends on the time
of day, so near and overdue are told by comparing with the instant of the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from domain.case.duties import Duty, duties
from domain.case.state import Case
from domain.case.values import Actor
from eventlog.casefile import CaseFile
from projections.steps import Step

NAME = "duties"
FILES_AT_ONCE = 500
NO_DUE_MS = 2**63 - 1
"""Stands for the instant of a duty without one: it comes last."""
_COLUMNS = (
    "case_id, ordinal, partition, number, case_class, grid, status, desk, act, roles, level, unit, person, not_by, "
    "about, near_ms, due_ms"
)
_ORDER = f"coalesce(due_ms, {NO_DUE_MS}), case_id, ordinal"
_decoder = msgspec.json.Decoder(CaseFile)


class DutyRow(msgspec.Struct, frozen=True, gc=False):
    """A duty with the case it is on; `desk` is the case's level, `about` the number of the order or consultation."""

    case_id: str
    ordinal: int
    partition: int
    number: str
    case_class: str | None
    grid: str
    status: str
    desk: int
    act: str
    roles: list[str]
    level: int | None
    unit: str | None
    person: str | None
    not_by: list[str]
    about: int | None
    near_ms: int | None
    due_ms: int | None


class Queue(msgspec.Struct, frozen=True, gc=False):
    """How many cases' duties of one act wait, how many of them are near and overdue, and the soonest instant (ms)."""

    act: str
    waiting: int
    near: int
    overdue: int
    soonest_ms: int | None


Mark = tuple[int, str, int]
"""Where a page ends: due instant (NO_DUE_MS without one), case, ordinal."""
BEGIN: Mark = (-(2**63), "", -1)


def mark_of(row: DutyRow) -> Mark:
    """The place of a row in the order of pages: soonest first."""
    return (NO_DUE_MS if row.due_ms is None else row.due_ms, row.case_id, row.ordinal)


async def of_posts(connection: Any, posts: Sequence[Actor], after: Mark, limit: int) -> list[DutyRow]:
    """What somebody with these posts owes now, soonest first, after that mark."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from {NAME} d where (d.person is null or d.person = $1) and not ($1 = any(d.not_by)) "
        "and exists (select from unnest($2::text[], $3::text[], $4::int[], $5::text[]) as p(role, scope, level, unit) "
        "where (cardinality(d.roles) = 0 or p.role = any(d.roles)) and (d.level is null or d.level = p.level) "
        "and (d.unit is null or d.unit = p.unit) and starts_with(d.grid, p.scope)) "
        f"and ({_ORDER}) > ($6::bigint, $7::text, $8::int) order by {_ORDER} limit $9",
        posts[0].person,
        [str(post.role) for post in posts],
        [post.scope for post in posts],
        [post.level for post in posts],
        [post.unit for post in posts],
        *after,
        limit,
    )
    return [DutyRow(*row) for row in rows]


async def queues(connection: Any, desk: int, scopes: Sequence[str], at_ms: int) -> list[Queue]:
    """The queues of a desk level in these scopes (code prefixes) at that instant, by act; an empty one is left out."""
    rows = await connection.fetch(
        "select act, count(*)::int, count(*) filter (where near_ms < $3 and due_ms >= $3)::int, "
        f"count(*) filter (where due_ms < $3)::int, min(due_ms) from {NAME} where desk = $1 "
        "and exists (select from unnest($2::text[]) as s where starts_with(grid, s)) group by act order by act",
        desk,
        list(scopes),
        at_ms,
    )
    return [Queue(*row) for row in rows]


async def of_queue(
    connection: Any, desk: int, act: str, scopes: Sequence[str], after: Mark, limit: int
) -> list[DutyRow]:
    """The duties of that act at that desk level in these scopes, soonest first, after that mark."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from {NAME} where desk = $1 and act = $2 "
        "and exists (select from unnest($3::text[]) as s where starts_with(grid, s)) "
        f"and ({_ORDER}) > ($4::bigint, $5::text, $6::int) order by {_ORDER} limit $7",
        desk,
        act,
        list(scopes),
        *after,
        limit,
    )
    return [DutyRow(*row) for row in rows]


async def write(connection: Any, steps: Sequence[Step], table: str = NAME) -> None:
    """Replace the duties of each case that these steps changed."""
    last = {step.after.id: step for step in steps if step.changed}
    if not last:
        return
    await connection.execute(f"delete from {table} where case_id = any($1::text[])", list(last))
    await _insert(connection, ((s.partition, i, s.after.case) for i, s in last.items()), table)


async def fill(connection: Any, partition: int) -> None:
    """Write the rows of a partition that an earlier release folded, from its cases as they stand."""
    found = connection.cursor(
        "select case_id, file from case_state where partition = $1", partition, prefetch=FILES_AT_ONCE
    )
    held: list[tuple[int, str, Case | None]] = []
    async for row in found:
        held.append((partition, row["case_id"], _decoder.decode(row["file"]).case))
        if len(held) == FILES_AT_ONCE:
            await _insert(connection, held, NAME)
            held = []
    await _insert(connection, held, NAME)


def rows_of(partition: int, case_id: str, case: Case) -> list[DutyRow]:
    """The rows of a case as it stands."""
    return [_row(partition, case_id, case, ordinal, duty) for ordinal, duty in enumerate(duties(case))]


def _row(partition: int, case_id: str, case: Case, ordinal: int, duty: Duty) -> DutyRow:
    return DutyRow(
        case_id,
        ordinal,
        partition,
        case.number,
        case.case_class,
        case.place.grid,
        str(case.status),
        case.level,
        str(duty.act),
        [str(role) for role in duty.roles],
        duty.level,
        duty.unit,
        duty.person,
        list(duty.not_by),
        duty.number,
        duty.near_ms,
        duty.due_ms,
    )


async def _insert(connection: Any, cases: Iterable[tuple[int, str, Case | None]], table: str) -> None:
    rows = [row for partition, i, case in cases if case is not None for row in rows_of(partition, i, case)]
    if rows:
        await connection.executemany(
            f"insert into {table} ({_COLUMNS}) values "
            "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            [msgspec.structs.astuple(row) for row in rows],
        )
