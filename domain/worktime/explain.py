"""Why an answer is what it is: the days and sessions between two instants, with what was counted of each.

Owns the explanation as values; drawing is somebody else's. It reads the same table as the answers do, so that it can
never tell another story than they.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date

import msgspec

from domain.worktime.calendar import Calendar
from domain.worktime.calendar_file import CalendarFile
from domain.worktime.check import read_and_check
from domain.worktime.days import DayKind
from domain.worktime.limit import DAY_MS

EPOCH_DAY = date(1970, 1, 1).toordinal()


class Session(msgspec.Struct, frozen=True, gc=False):
    """A session, and the part of it that was counted; nothing was where `from_ms` is not before `to_ms`."""

    start_ms: int
    end_ms: int
    from_ms: int
    to_ms: int

    @property
    def counted_ms(self) -> int:
        """Milliseconds of it that were counted."""
        return max(self.to_ms - self.from_ms, 0)


class DayCounted(msgspec.Struct, frozen=True, gc=False):
    """One local date: why it is worked or not, its sessions, and what was counted up to its end."""

    on: date
    kind: DayKind
    sessions: tuple[Session, ...]
    counted_ms: int
    so_far_ms: int
    provisional: bool


def explain(file: CalendarFile, calendar: Calendar, start_ms: int, end_ms: int) -> Iterator[DayCounted]:
    """The local dates from that of `start_ms` to that of `end_ms`, with the working time in [start, end).

    `calendar` is the compiled `file`. Raises CalendarError outside its years.
    """
    for at_ms in (start_ms, end_ms):
        calendar.worked_before(at_ms)
    days, _findings = read_and_check(file)
    so_far = 0
    for day in range(calendar.local_day(start_ms), calendar.local_day(end_ms) + 1):
        on = date.fromordinal(day + EPOCH_DAY)
        sessions = tuple(
            Session(first, last, max(first, start_ms), min(last, end_ms)) for first, last in _sessions(calendar, day)
        )
        counted = sum(session.counted_ms for session in sessions)
        so_far += counted
        kind = days.kind_on(day + EPOCH_DAY)
        yield DayCounted(on, kind, sessions, counted, so_far, calendar.provisional(on.year))


def _sessions(calendar: Calendar, day: int) -> Iterator[tuple[int, int]]:
    # a local date begins at most a day before or after the same date of UTC
    index = bisect_right(calendar.starts, (day - 1) * DAY_MS - 1, lo=1)
    while index < len(calendar.starts) and calendar.starts[index] < (day + 2) * DAY_MS:
        if calendar.local_day(calendar.starts[index]) == day:
            yield calendar.starts[index], calendar.ends[index]
        index += 1
