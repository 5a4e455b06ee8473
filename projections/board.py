"""board: which cases are open, where, how late, and what was done today? Asked by the wall, the board and its tiles.

Owns the meaning of the wall's columns and counts (domain document §4, "Which clock is late", and §6, 处置率). Nothing
here depends on the time of day: near and overdue come as events, and counts stand under the day they speak of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from domain.case.events import Accepted, Closed, ForceClosed
from domain.case.state import Case, Clock
from domain.case.values import HANDLED_STATUSES, HANDLING_CLOCKS, ClockKind, ClockVerdict, Status
from projections.steps import Step

NAME = "board"
COUNT = "board_count"
QUARTER_MS = 15 * 60_000
QUARTERS_KEPT_MAX = 16_384
NORMAL, NEAR, OVERDUE = 0, 1, 2

_HANDLED = HANDLED_STATUSES | {Status.CLOSED}
_NO_DUTY = frozenset({Status.VOID, Status.MERGED})


class BoardRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An open case on the wall. `due`: 0 normal, 1 near 临期, 2 overdue 已超时 (the handling clock of the present lead,
    or of the one that gave the case back, until the case ends); `stage`: 1 while a stage clock or a co-handler's is
    overdue 流程; `unclear`: 1 while it is on the docket 权属不清. Times in ms, degrees WGS84."""

    case_id: str
    number: str
    case_class: str | None
    grid: str
    town: str
    lon: float | None
    lat: float | None
    status: str
    due: int
    deadline_ms: int | None
    near_ms: int | None
    stage: int
    unit: str | None
    opened_ms: int
    unclear: int = 0


class Counts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one day saw in one township; `should` and `handled` speak of the handling deadlines of that day."""

    accepted: int = 0
    closed: int = 0
    should: int = 0
    handled: int = 0

    def plus(self, other: Counts, sign: int = 1) -> Counts:
        """The sum (or, with sign -1, the difference)."""
        return Counts(
            self.accepted + sign * other.accepted,
            self.closed + sign * other.closed,
            self.should + sign * other.should,
            self.handled + sign * other.handled,
        )


CountKey = tuple[str, str]
"""Township code and local day (YYYY-MM-DD)."""


def row_of(step: Step) -> BoardRow | None:
    """The row of the case after that step, None when it is not open."""
    case = step.after.case
    if case is None or not case.open:
        return None
    shown = _shown_clock(case)
    return BoardRow(
        case_id=step.after.id,
        number=case.number,
        case_class=case.case_class,
        grid=case.place.grid,
        town=step.town,
        lon=case.place.lon,
        lat=case.place.lat,
        status=str(case.status),
        due=due_of(case.handling_clock),
        deadline_ms=shown.deadline_ms if shown else None,
        near_ms=shown.near_ms if shown else None,
        stage=int(any(clock.running and clock.overdue and clock.kind is not ClockKind.HANDLE for clock in case.clocks)),
        unit=case.lead.unit if case.lead else None,
        opened_ms=case.opened_ms,
        unclear=int(case.unclear),
    )


def counted(step: Step, zone: ZoneInfo) -> dict[CountKey, Counts]:
    """What the step adds to (or takes from) the counts of which day and township; a step without effect is empty.

    What was done stays where it was done; what is still to be done goes with the case into another township.
    """
    case = step.after.case
    if case is None or not step.changed:
        return {}
    changes: dict[CountKey, Counts] = {}
    for event in step.record.events:
        if isinstance(event, Accepted) and event.at_ms is not None:
            _add(changes, (step.town, day_of(event.at_ms, zone)), Counts(accepted=1))
        if isinstance(event, Closed | ForceClosed) and event.at_ms is not None:
            _add(changes, (step.town, day_of(event.at_ms, zone)), Counts(closed=1))
    for case_then, town, sign in ((step.before.case, step.town_before, -1), (case, step.town, 1)):
        due = _due_day(case_then, zone)
        if due is not None:
            _add(changes, (town, due[0]), due[1], sign)
    return {key: counts for key, counts in changes.items() if counts != Counts()}


def due_of(clock: Clock | None) -> int:
    """NORMAL, NEAR or OVERDUE by a lead's handling clock (domain document §4, "Which clock is late")."""
    if clock is None:
        return NORMAL
    if clock.overdue or clock.verdict is ClockVerdict.MISSED:
        return OVERDUE
    return NEAR if clock.near and clock.running else NORMAL


def day_of(at_ms: int, zone: ZoneInfo) -> str:
    """The local day of an instant, YYYY-MM-DD."""
    return _day_of_quarter(at_ms // QUARTER_MS, zone)


@lru_cache(maxsize=QUARTERS_KEPT_MAX)
def _day_of_quarter(quarter: int, zone: ZoneInfo) -> str:
    """No zone of the tz database has been off the quarter of an hour since 1973, so midnight never lies inside one."""
    return datetime.fromtimestamp(quarter * QUARTER_MS / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d")


async def write(connection: Any, steps: Sequence[Step], zone: ZoneInfo, suffix: str = "") -> None:
    """Write the rows and counts that these steps changed."""
    last = {step.after.id: step for step in steps if step.changed}
    rows = [(step, row_of(step)) for step in last.values()]
    gone = [step.after.id for step, row in rows if row is None]
    kept = [(step.partition, row) for step, row in rows if row is not None]
    if gone:
        await connection.execute(f"delete from {NAME}{suffix} where case_id = any($1::text[])", gone)
    if kept:
        await _write_rows(connection, kept, f"{NAME}{suffix}")
    changes: dict[tuple[int, str, str], Counts] = {}
    for step in steps:
        for (town, day), counts in counted(step, zone).items():
            key = (step.partition, town, day)
            changes[key] = changes.get(key, Counts()).plus(counts)
    if changes:
        await _write_counts(connection, changes, f"{COUNT}{suffix}")


async def read_rows(connection: Any, where: str = "true", *values: Any) -> list[BoardRow]:
    """Rows of the table; `where` is one of ours, never a client's."""
    found = await connection.fetch(
        "select case_id, number, case_class, grid, town, lon, lat, status, due, deadline_ms, near_ms, stage, unit, "
        f"opened_ms, unclear from {NAME} where {where}",
        *values,
    )
    return [BoardRow(*row) for row in found]


async def read_towns(connection: Any, partition: int) -> dict[str, str]:
    """Open case → its township, of one partition."""
    rows = await connection.fetch(f"select case_id, town from {NAME} where partition = $1", partition)
    return {row["case_id"]: row["town"] for row in rows}


async def read_counts(connection: Any) -> dict[CountKey, Counts]:
    """All counts, the partitions added up; sums that came back to nothing are left out."""
    found = await connection.fetch(
        "select town, day, sum(accepted)::int, sum(closed)::int, sum(should)::int, sum(handled)::int "
        f"from {COUNT} group by town, day"
    )
    counts = {(row[0], row[1]): Counts(*row[2:]) for row in (tuple(record) for record in found)}
    return {key: value for key, value in counts.items() if value != Counts()}


def digest(rows: Iterable[BoardRow], counts: Mapping[CountKey, Counts]) -> str:
    """SHA-256 over the sorted rows and counts: equal for the table, for a hub and for a rebuild at one position."""
    summed = sorted((key, value) for key, value in counts.items() if value != Counts())
    ordered = sorted(rows, key=lambda row: row.case_id)
    return hashlib.sha256(
        msgspec.json.encode([ordered, [[*key, *msgspec.structs.astuple(v)] for key, v in summed]])
    ).hexdigest()


def _shown_clock(case: Case) -> Clock | None:
    handling = case.handling_clock
    if handling is not None and handling.running:
        return handling
    stages = [c for c in case.clocks if c.running and c.kind not in HANDLING_CLOCKS and c.deadline_ms is not None]
    return min(stages, key=lambda clock: clock.deadline_ms or 0, default=None)


def _due_day(case: Case | None, zone: ZoneInfo) -> tuple[str, Counts] | None:
    clock = case.handling_clock if case else None
    if case is None or case.status in _NO_DUTY or clock is None or clock.deadline_ms is None:
        return None
    if case.suspended_until_ms is not None:  # paused, or ended while it was: no day's duty
        return None
    handled = not clock.running and case.status in _HANDLED and not case.unhandled
    return day_of(clock.deadline_ms, zone), Counts(should=1, handled=int(handled))


def _add(changes: dict[CountKey, Counts], key: CountKey, counts: Counts, sign: int = 1) -> None:
    changes[key] = changes.get(key, Counts()).plus(counts, sign)


async def _write_rows(connection: Any, rows: list[tuple[int, BoardRow]], table: str) -> None:
    columns = list(zip(*(msgspec.structs.astuple(row) for _, row in rows), strict=True))
    await connection.execute(
        f"insert into {table} (case_id, number, case_class, grid, town, lon, lat, status, due, deadline_ms, near_ms, "
        "stage, unit, opened_ms, unclear, partition) select * from unnest($1::text[], $2::text[], $3::text[], "
        "$4::text[], $5::text[], $6::float8[], $7::float8[], $8::text[], $9::int2[], $10::int8[], $11::int8[], "
        "$12::int2[], $13::text[], $14::int8[], $15::int2[], $16::int[]) on conflict (case_id) do update set "
        "case_class = excluded.case_class, grid = excluded.grid, town = excluded.town, lon = excluded.lon, "
        "lat = excluded.lat, status = excluded.status, due = excluded.due, deadline_ms = excluded.deadline_ms, "
        "near_ms = excluded.near_ms, stage = excluded.stage, unit = excluded.unit, unclear = excluded.unclear",
        *map(list, columns),
        [partition for partition, _ in rows],
    )


async def _write_counts(connection: Any, changes: Mapping[tuple[int, str, str], Counts], table: str) -> None:
    await connection.execute(
        f"insert into {table} as held select * from unnest($1::int[], $2::text[], $3::text[], $4::int[], $5::int[], "
        "$6::int[], $7::int[]) on conflict (partition, town, day) do update set "
        "accepted = held.accepted + excluded.accepted, closed = held.closed + excluded.closed, "
        "should = held.should + excluded.should, handled = held.handled + excluded.handled",
        [partition for partition, _, _ in changes],
        [town for _, town, _ in changes],
        [day for _, _, day in changes],
        [counts.accepted for counts in changes.values()],
        [counts.closed for counts in changes.values()],
        [counts.should for counts in changes.values()],
        [counts.handled for counts in changes.values()],
    )
