"""registers: which extensions, suspensions, returns, voids and appeals were there, and what became of each?

Owns one row a request, return or void, opened by its event and finished by the one that decides or drops it. Must never
hold a text: texts are sealed, and stay in the case's story. Where a case lies is asked of `case_state`, so that its
rows follow it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from domain.case.events import (
    AppealDecided,
    AppealDropped,
    AppealRequested,
    AppealReviewed,
    CaseEvent,
    CoReturned,
    ExtensionDecided,
    ExtensionDropped,
    ExtensionRequested,
    Returned,
    SuspensionDecided,
    SuspensionDropped,
    SuspensionRequested,
    Voided,
)
from domain.case.evolve import Move
from projections import timeline
from projections.steps import Step

NAME = "registers"
ROWS_AT_ONCE = 2_000


class Register(StrEnum):
    """What a row is about."""

    EXTENSIONS = "extensions"
    SUSPENSIONS = "suspensions"
    RETURNS = "returns"
    CO_RETURNS = "co_returns"
    VOIDS = "voids"
    APPEALS = "appeals"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One row. `status` is the case's before it; `outcome` is open, granted, refused or dropped for what is asked
    for, done for what just happens; `amount` is a limit ("2WH"), instants are ms."""

    case_id: str
    version: int
    partition: int
    register: str
    number: str
    case_class: str | None
    status: str
    at_ms: int | None
    person: str
    unit: str | None
    reason: str
    amount: str | None = None
    until_ms: int | None = None
    outcome: str = "open"
    decided_ms: int | None = None
    decided_by: str | None = None
    cause: str | None = None
    reviewer: str | None = None
    supported: bool | None = None


_COLUMNS = ", ".join(Entry.__struct_fields__)
_VALUES = ", ".join(f"${number}" for number in range(1, len(Entry.__struct_fields__) + 1))
_SET = ", ".join(f"{name} = excluded.{name}" for name in Entry.__struct_fields__[-6:])

Mark = tuple[int, str, int]
"""Where a page ends: instant, case, version."""
BEGIN: Mark = (2**63 - 1, "", 2**31 - 1)


async def of_period(
    connection: Any, register: Register, from_ms: int, to_ms: int, scope: str, after: Mark, limit: int
) -> list[Entry]:
    """The rows whose event lies in [from_ms, to_ms), of the cases that lie in the scope now, newest first."""
    rows = await connection.fetch(
        f"select {', '.join(f'r.{name}' for name in Entry.__struct_fields__)} from {NAME} r "
        "join case_state c using (case_id) where r.register = $1 and r.at_ms >= $2 and r.at_ms < $3 "
        "and starts_with(c.grid, $4) and (r.at_ms, r.case_id, r.version) < ($5::bigint, $6::text, $7::int) "
        "order by r.at_ms desc, r.case_id desc, r.version desc limit $8",
        str(register),
        from_ms,
        to_ms,
        scope,
        *after,
        limit,
    )
    return [Entry(*row) for row in rows]


async def count(connection: Any, register: Register, from_ms: int, to_ms: int, scope: str) -> dict[str, int]:
    """How many rows of that period and scope have which outcome."""
    rows = await connection.fetch(
        f"select r.outcome, count(*)::int from {NAME} r join case_state c using (case_id) where r.register = $1 "
        "and r.at_ms >= $2 and r.at_ms < $3 and starts_with(c.grid, $4) group by r.outcome order by r.outcome",
        str(register),
        from_ms,
        to_ms,
        scope,
    )
    return dict(map(tuple, rows))


def entered(held: Sequence[Entry], case_id: str, partition: int, moves: Iterable[Move]) -> list[Entry]:
    """The open rows `held` of a case, with what these events open and finish; those that no event touched as well."""
    rows = list(held)
    for case, event, _ in moves:
        if case is not None and (opened := _opened(event)) is not None:
            register, fields = opened
            about = (case.number, case.case_class, str(case.status))
            rows.append(Entry(case_id, case.version + 1, partition, str(register), *about, **fields))
        elif (finished := _finished(event)) is not None:
            register, fields = finished
            rows = [
                replace(row, **fields) if row.register == register and row.outcome == "open" else row for row in rows
            ]
    return rows


async def write(connection: Any, steps: Sequence[Step], table: str = NAME) -> None:
    """Write the rows that these steps open and finish."""
    told = [step for step in steps if step.changed and any(_concerns(event) for event in step.record.events)]
    if not told:
        return
    found = await connection.fetch(
        f"select {_COLUMNS} from {table} where outcome = 'open' and case_id = any($1::text[])",
        sorted({step.record.case for step in told}),
    )
    rows: dict[str, list[Entry]] = {}
    for one in found:
        rows.setdefault(one["case_id"], []).append(Entry(*one))
    for step in told:
        case_id = step.record.case
        rows[case_id] = entered(rows.get(case_id, []), case_id, step.partition, step.moves)
    await _write_rows(connection, [row for some in rows.values() for row in some], table)


async def fill(connection: Any, partition: int) -> None:
    """Write the rows of a partition that an earlier release folded, from its cases' stories."""
    rows: list[Entry] = []
    async for case_id, story in timeline.stories(connection, partition):
        rows += entered([], case_id, partition, timeline.moves(story))
        if len(rows) > ROWS_AT_ONCE:
            await _write_rows(connection, rows, NAME)
            rows = []
    await _write_rows(connection, rows, NAME)


def _opened(event: CaseEvent) -> tuple[Register, dict[str, Any]] | None:
    match event:
        case ExtensionRequested():
            return Register.EXTENSIONS, _asked(event, event.unit, amount=event.amount)
        case SuspensionRequested():
            return Register.SUSPENSIONS, _asked(event, event.unit, until_ms=event.until_ms)
        case AppealRequested():
            return Register.APPEALS, _asked(event, event.unit)
        case Returned():
            return Register.RETURNS, _asked(event, event.unit, outcome="done")
        case CoReturned():
            return Register.CO_RETURNS, _asked(event, event.unit, outcome="done")
        case Voided():
            return Register.VOIDS, _asked(event, None, outcome="done")
        case _:
            return None


def _asked(event: Any, unit: str | None, **more: Any) -> dict[str, Any]:
    return {"at_ms": event.at_ms, "person": event.person, "unit": unit, "reason": str(event.reason), **more}


def _finished(event: CaseEvent) -> tuple[Register, dict[str, Any]] | None:
    match event:
        case ExtensionDecided():
            return Register.EXTENSIONS, _decided(event, event.granted)
        case SuspensionDecided():
            return Register.SUSPENSIONS, _decided(event, event.granted)
        case AppealDecided():
            return Register.APPEALS, _decided(event, event.upheld)
        case AppealReviewed():
            return Register.APPEALS, {"reviewer": event.person, "supported": event.supported}
        case ExtensionDropped():
            return Register.EXTENSIONS, _dropped(event)
        case SuspensionDropped():
            return Register.SUSPENSIONS, _dropped(event)
        case AppealDropped():
            return Register.APPEALS, _dropped(event)
        case _:
            return None


def _decided(event: Any, granted: bool) -> dict[str, Any]:
    return {"outcome": "granted" if granted else "refused", "decided_ms": event.at_ms, "decided_by": event.person}


def _dropped(event: Any) -> dict[str, Any]:
    return {"outcome": "dropped", "decided_ms": event.at_ms, "cause": str(event.cause)}


def _concerns(event: CaseEvent) -> bool:
    return _opened(event) is not None or _finished(event) is not None


async def _write_rows(connection: Any, rows: Sequence[Entry], table: str) -> None:
    if rows:
        await connection.executemany(
            f"insert into {table} ({_COLUMNS}) values ({_VALUES}) on conflict (case_id, version) do update set {_SET}",
            [msgspec.structs.astuple(row) for row in rows],
        )
