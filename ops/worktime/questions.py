"""A question of working time and its answer, the same for the command line and for a batch.

Owns the arithmetic's edge: from written times and limits to an answer or a Refusal. Must never leave a trace where a
person wrote something wrong.
"""

from __future__ import annotations

import msgspec

from domain.worktime import CalendarError, Limit, LimitError, WdRule, deadline_ms, elapsed_ms, near_ms
from ops.worktime.instants import TimeUnread, show_instant
from ops.worktime.tables import Table
from runtime.faults import Fault

Refusal = CalendarError | LimitError | TimeUnread | Fault
"""What a question may be answered with instead; each has code, zh and en."""
REFUSALS = (CalendarError, LimitError, TimeUnread, Fault)


class Due(msgspec.Struct, frozen=True, gc=False):
    """When a limit is used up, and when 80 % of it are. UTC milliseconds."""

    deadline_ms: int
    near_ms: int


def due(table: Table, start_ms: int, limit: Limit, wd_rule: WdRule) -> Due:
    """The answer to `deadline`. Raises CalendarError."""
    if limit.working:
        table.require_years(start_ms, start_ms)
    while True:
        try:
            found = deadline_ms(table.calendar, start_ms, limit, wd_rule)
            break
        except CalendarError:
            if not table.reach(table.first, table.last + 1):
                raise
    return Due(found, near_ms(table.calendar, start_ms, limit, wd_rule))


def worked_ms(table: Table, start_ms: int, end_ms: int) -> int:
    """The answer to `elapsed` in milliseconds. Raises CalendarError, TimeUnread for an end before its start."""
    if end_ms < start_ms:
        start, end = shown(table, start_ms), shown(table, end_ms)
        raise TimeUnread(
            "time.end_before_start",
            f"结束时间 {end} 早于开始时间 {start}。",
            f"The end {end} lies before the start {start}.",
        )
    table.require_years(start_ms, end_ms)
    return elapsed_ms(table.calendar, start_ms, end_ms)


def seconds(milliseconds: int) -> str:
    """Seconds as JSON writes them: whole ones without a point."""
    whole, part = divmod(milliseconds, 1000)
    return f"{whole}.{part:03d}".rstrip("0") if part else str(whole)


def shown(table: Table, at_ms: int) -> str:
    """The instant with the calendar's offset. Raises CalendarError for one that no date can state."""
    try:
        return show_instant(at_ms, table.zone)
    except (OverflowError, ValueError):
        raise table.calendar.out_of_years() from None
