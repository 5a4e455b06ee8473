"""The two questions: counted time between two instants, and the instant at which a limit is used up (domain §4).

A deadline is the earliest instant t with counted(start, t) ≥ limit, so a limit used up exactly at noon is due at noon.
"""

from __future__ import annotations

from domain.worktime.calendar import Calendar
from domain.worktime.limit import Limit, LimitUnit, WdRule

NEAR_NUMERATOR, NEAR_DENOMINATOR = 4, 5
"""临期 is more than 80 % used."""


def elapsed_ms(calendar: Calendar, start_ms: int, end_ms: int) -> int:
    """Working milliseconds in [start, end); 0 where the end is not after the start. Raises CalendarError."""
    return max(calendar.worked_before(end_ms) - calendar.worked_before(start_ms), 0) if end_ms > start_ms else 0


def counted_ms(calendar: Calendar, start_ms: int, end_ms: int, limit: Limit) -> int:
    """What the limit counts in [start, end): working time for W*, running time for U* and CD. Raises CalendarError."""
    if limit.working:
        return elapsed_ms(calendar, start_ms, end_ms)
    return max(end_ms - start_ms, 0)


def deadline_after_ms(calendar: Calendar, start_ms: int, remaining_ms: int, limit: Limit) -> int:
    """When `remaining_ms` of counted time is used up; the start itself if nothing remains. Raises CalendarError."""
    if remaining_ms <= 0:
        return start_ms
    if limit.working:
        return calendar.when_worked(calendar.worked_before(start_ms) + remaining_ms)
    return start_ms + remaining_ms


def deadline_ms(calendar: Calendar, start_ms: int, limit: Limit, wd_rule: WdRule = WdRule.HOURS) -> int:
    """When the limit is used up. Raises CalendarError beyond the calendar's years."""
    if _by_day(limit, wd_rule):
        return calendar.close_of_business(start_ms, limit.amount)
    return deadline_after_ms(calendar, start_ms, limit.span_ms(calendar.workday_minutes), limit)


def total_ms(calendar: Calendar, start_ms: int, limit: Limit, wd_rule: WdRule = WdRule.HOURS) -> int:
    """The counted time of the whole limit from that start. Raises CalendarError beyond the calendar's years."""
    if _by_day(limit, wd_rule):
        return elapsed_ms(calendar, start_ms, deadline_ms(calendar, start_ms, limit, wd_rule))
    return limit.span_ms(calendar.workday_minutes)


def near_ms(calendar: Calendar, start_ms: int, limit: Limit, wd_rule: WdRule = WdRule.HOURS) -> int:
    """The instant at which 80 % is used; the clock is near strictly after it. Raises CalendarError."""
    whole = total_ms(calendar, start_ms, limit, wd_rule)
    share = -(-whole * NEAR_NUMERATOR // NEAR_DENOMINATOR)
    return deadline_after_ms(calendar, start_ms, share, limit)


def _by_day(limit: Limit, wd_rule: WdRule) -> bool:
    return limit.unit is LimitUnit.WD and wd_rule is WdRule.END_OF_DAY
