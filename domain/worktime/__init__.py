"""Working time: limits, calendars, and the two questions asked of them (domain document §4).

How much counted time lies between two instants, and when is a limit used up. All instants are UTC milliseconds.
"""

from __future__ import annotations

from domain.worktime.calendar import Calendar, CalendarError
from domain.worktime.calendar_file import CalendarFile, compile_calendar
from domain.worktime.counting import (
    counted_ms,
    deadline_after_ms,
    deadline_ms,
    elapsed_ms,
    near_ms,
    total_ms,
)
from domain.worktime.limit import Limit, LimitError, LimitUnit, WdRule

__all__ = [
    "Calendar",
    "CalendarError",
    "CalendarFile",
    "Limit",
    "LimitError",
    "LimitUnit",
    "WdRule",
    "compile_calendar",
    "counted_ms",
    "deadline_after_ms",
    "deadline_ms",
    "elapsed_ms",
    "near_ms",
    "total_ms",
]
