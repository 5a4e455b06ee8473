"""Working time: limits, calendars, and the two questions asked of them (domain document §4).

How much counted time lies between two instants, and when is a limit used up. All instants are UTC milliseconds.
"""

from __future__ import annotations

from domain.worktime.calendar import Calendar, CalendarError, out_of_years
from domain.worktime.calendar_file import CalendarFile
from domain.worktime.check import check_calendar
from domain.worktime.compile import compile_calendar
from domain.worktime.counting import (
    counted_ms,
    deadline_after_ms,
    deadline_ms,
    elapsed_ms,
    near_ms,
    total_ms,
)
from domain.worktime.days import DayKind
from domain.worktime.explain import DayCounted, explain
from domain.worktime.limit import Limit, LimitError, LimitUnit, WdRule

__all__ = [
    "Calendar",
    "CalendarError",
    "CalendarFile",
    "DayCounted",
    "DayKind",
    "Limit",
    "LimitError",
    "LimitUnit",
    "WdRule",
    "check_calendar",
    "compile_calendar",
    "counted_ms",
    "deadline_after_ms",
    "deadline_ms",
    "elapsed_ms",
    "explain",
    "near_ms",
    "out_of_years",
    "total_ms",
]
