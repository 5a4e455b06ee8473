"""An answer drawn for the person who has to keep it: a line a day with its sessions, what was counted and why.

Owns the drawing only; what was counted comes from the same table as the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice

from domain.worktime import DayCounted, DayKind, Limit, explain
from ops.worktime.questions import Due
from ops.worktime.tables import Table
from reference.china import ZONE as CHINA
from reference.china import holiday_name

CELLS_PER_HOUR = 2
CELL_MS = 3_600_000 // CELLS_PER_HOUR
DAYS_DRAWN_MAX = 40
"""Of a longer span the first and the last days are drawn."""
COUNTED, PARTLY, UNCOUNTED, OUTSIDE = "█", "▓", "░", "·"
_WEEKDAYS_ZH, _WEEKDAYS_EN = "一二三四五六日", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_KINDS = {
    DayKind.SPECIAL: ("特别时段", "special hours"),
    DayKind.HOLIDAY: ("节假日", "holiday"),
    DayKind.MAKE_UP: ("调休上班", "make-up workday"),
    DayKind.WORKDAY: ("", ""),
    DayKind.DAY_OFF: ("休息日", "day off"),
}


def drawn(
    table: Table, start_ms: int, end_ms: int, zh: bool, limit: Limit | None = None, answer: Due | None = None
) -> list[str]:
    """The lines of an explanation. Raises CalendarError where the calendar does not cover the span."""
    lines = [_legend(zh)]
    if limit is not None and not limit.working:
        lines.append(
            "该时限昼夜连续计算,与工作时段无关;以下仅供对照。"
            if zh
            else "This limit counts day and night; sessions do not matter and are shown for comparison."
        )
    lines.append(_ruler(zh))
    marks = {} if answer is None else _marks(table, start_ms, answer, zh)
    total = _days_between(table, start_ms, end_ms)
    left_out = max(total - DAYS_DRAWN_MAX, 0)
    head = total if not left_out else DAYS_DRAWN_MAX // 2
    days = explain(table.file, table.calendar, start_ms, end_ms)
    lines += [line for day in islice(days, head) for line in _day(table, day, zh, marks)]
    if left_out:
        skipped = list(islice(days, left_out))
        sum_of = _hours(sum(day.counted_ms for day in skipped))
        lines.append(f"… 其间 {left_out} 天计 {sum_of}" if zh else f"… {left_out} days between, counted {sum_of}")
    lines += [line for day in days for line in _day(table, day, zh, marks)]
    return lines


def _legend(zh: bool) -> str:
    if zh:
        return f"{COUNTED} 计入  {PARTLY} 部分计入  {UNCOUNTED} 工作时段但不计入  {OUTSIDE} 非工作时间;每格 30 分钟"
    return f"{COUNTED} counted  {PARTLY} partly  {UNCOUNTED} session, not counted  {OUTSIDE} outside hours; 30 min each"


def _ruler(zh: bool) -> str:
    hours = "".join(f"{hour:<{4 * CELLS_PER_HOUR}}" for hour in range(0, 24, 4))
    return f"{'':16}{hours}  " + ("当日  累计" if zh else "day   so far")


def _marks(table: Table, start_ms: int, answer: Due, zh: bool) -> dict[date, list[str]]:
    told: dict[date, list[str]] = {}
    named = ((start_ms, "开始", "start"), (answer.near_ms, "临期", "near"), (answer.deadline_ms, "截止", "due"))
    for at_ms, its_zh, its_en in named:
        at = _local(table, at_ms)
        told.setdefault(at.date(), []).append(f"{its_zh if zh else its_en} {at:%H:%M:%S}")
    return told


def _day(table: Table, day: DayCounted, zh: bool, marks: dict[date, list[str]]) -> Iterator[str]:
    weekday = f"周{_WEEKDAYS_ZH[day.on.weekday()]}" if zh else f"{_WEEKDAYS_EN[day.on.weekday()]} "
    cells = "".join(_cells(table, day))
    reasons = [_reason(table, day, zh), *marks.get(day.on, ())]
    told = " · ".join(reason for reason in reasons if reason)
    yield f"{day.on} {weekday} {cells}  {_hours(day.counted_ms)} {_hours(day.so_far_ms)}  {told}".rstrip()


def _cells(table: Table, day: DayCounted) -> Iterator[str]:
    midnight = datetime(day.on.year, day.on.month, day.on.day)
    for number in range(24 * CELLS_PER_HOUR):
        first = midnight + timedelta(milliseconds=number * CELL_MS)
        worked = counted = 0
        for session in day.sessions:
            worked += _shared(table, first, session.start_ms, session.end_ms)
            counted += _shared(table, first, session.from_ms, session.to_ms)
        if counted:
            yield COUNTED if counted >= worked and counted >= CELL_MS else PARTLY
        else:
            yield UNCOUNTED if worked else OUTSIDE


def _shared(table: Table, first: datetime, start_ms: int, end_ms: int) -> int:
    """How much of the cell that begins at that wall-clock time lies in [start, end), as the wall clock shows it."""
    if end_ms <= start_ms:
        return 0
    last = first + timedelta(milliseconds=CELL_MS)
    start, end = _local(table, start_ms), _local(table, end_ms)
    return max((min(end, last) - max(start, first)) // timedelta(milliseconds=1), 0)


def _reason(table: Table, day: DayCounted, zh: bool) -> str:
    told = _KINDS[day.kind][0 if zh else 1]
    name = holiday_name(day.on) if table.file.zone == CHINA else None
    if name is not None and day.kind in (DayKind.HOLIDAY, DayKind.DAY_OFF):
        told = f"{name[0]}{told}" if zh else f"{name[1]}, {told}"
    if day.provisional:
        told += "(未公布,推算)" if zh else " (provisional)"
    return told


def _local(table: Table, at_ms: int) -> datetime:
    shown = datetime.fromtimestamp(at_ms // 1000, table.zone).replace(tzinfo=None)
    return shown + timedelta(milliseconds=at_ms % 1000)


def _days_between(table: Table, start_ms: int, end_ms: int) -> int:
    return (_local(table, end_ms).date() - _local(table, start_ms).date()).days + 1


def _hours(milliseconds: int) -> str:
    minutes = milliseconds // 60_000
    return f"{minutes // 60:2d}:{minutes % 60:02d}"
