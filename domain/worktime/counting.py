"""The two questions: counted time between two instants, and the instant at which a limit is used up (domain §4).

A deadline is the earliest instant t with counted(start, t) ≥ limit, so a limit used up exactly at noon is due at noon.
Near has the same shape: it is the earliest instant at which 80 % is used, and a clock is near strictly after it, as it
is overdue strictly after its deadline.
"""

from __future__ import annotations

from domain.worktime.calendar import Calendar
from domain.worktime.limit import MINUTE_MS, Limit, LimitUnit, WdRule

NEAR_NUMERATOR, NEAR_DENOMINATOR = 4, 5
"""临期 is more than 80 % used."""

_WD, _END_OF_DAY = LimitUnit.WD, WdRule.END_OF_DAY


def elapsed_ms(calendar: Calendar, start_ms: int, end_ms: int) -> int:
    """Working milliseconds in [start, end); 0 where the end is not after the start. Raises CalendarError."""
    if end_ms <= start_ms:
        return 0
    return calendar.worked_before(end_ms) - calendar.worked_before(start_ms)


def counted_ms(calendar: Calendar, start_ms: int, end_ms: int, limit: Limit) -> int:
    """What the limit counts in [start, end): working time for W*, running time for U* and CD. Raises CalendarError."""
    if limit.unit.working:
        return elapsed_ms(calendar, start_ms, end_ms)
    return max(end_ms - start_ms, 0)


def deadline_after_ms(calendar: Calendar, start_ms: int, remaining_ms: int, limit: Limit) -> int:
    """When `remaining_ms` of counted time is used up; the start itself if nothing remains. Raises CalendarError."""
    if remaining_ms <= 0:
        return start_ms
    if limit.unit.working:
        return calendar.when_worked(calendar.worked_before(start_ms) + remaining_ms)
    return start_ms + remaining_ms


def deadline_ms(calendar: Calendar, start_ms: int, limit: Limit, wd_rule: WdRule = WdRule.HOURS) -> int:
    """When the limit is used up. Raises CalendarError beyond the calendar's years."""
    unit = limit.unit
    if not unit.working:
        return start_ms + limit.amount * unit.unit_ms
    if unit is _WD and wd_rule is _END_OF_DAY:
        return calendar.close_of_business(start_ms, limit.amount)
    span_ms = limit.amount * (unit.unit_ms or calendar.workday_minutes * MINUTE_MS)
    return calendar.when_worked(calendar.worked_before(start_ms) + span_ms)


def total_ms(calendar: Calendar, start_ms: int, limit: Limit, wd_rule: WdRule = WdRule.HOURS) -> int:
    """The counted time of the whole limit from that start. Raises CalendarError beyond the calendar's years."""
    if limit.unit is _WD and wd_rule is _END_OF_DAY:
        return elapsed_ms(calendar, start_ms, calendar.close_of_business(start_ms, limit.amount))
    return limit.span_ms(calendar.workday_minutes)


def near_ms(calendar: Calendar, start_ms: int, limit: Limit, wd_rule: WdRule = WdRule.HOURS) -> int:
    """The earliest instant at which 80 % is used, rounded up to a millisecond. Raises CalendarError."""
    whole = total_ms(calendar, start_ms, limit, wd_rule)
    share = -(-whole * NEAR_NUMERATOR // NEAR_DENOMINATOR)
    return deadline_after_ms(calendar, start_ms, share, limit)
