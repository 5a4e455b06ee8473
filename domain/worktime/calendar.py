"""A calendar compiled to a table of working sessions, so that both questions are two bisections.

Owns the table: session i is [starts[i], ends[i]) in UTC milliseconds and `before[i]` is the working time of all
sessions before it. Sessions never overlap and never are empty.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec


class CalendarError(ValueError):
    """A calendar that cannot be read, or an instant outside the years it covers; `zh` and `en` say what was found."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.zh = zh
        self.en = en


class Calendar(msgspec.Struct, frozen=True, gc=False):
    """Working time of one version of one calendar. `days` are the local dates (ordinals) that are worked, ascending."""

    version: str
    zone: str
    workday_minutes: int
    published: frozenset[int]
    from_ms: int
    to_ms: int
    starts: list[int]
    ends: list[int]
    before: list[int]
    days: list[int]
    day_ends: list[int]

    def worked_before(self, at_ms: int) -> int:
        """Working milliseconds from the calendar's beginning to `at_ms`. Raises CalendarError outside its years."""
        self._require_covered(at_ms)
        index = bisect_right(self.starts, at_ms) - 1
        if index < 0:
            return 0
        return self.before[index] + min(at_ms, self.ends[index]) - self.starts[index]

    def when_worked(self, worked_ms: int) -> int:
        """The earliest instant with that much working time before it. Raises CalendarError beyond its years."""
        index = bisect_left(self.before, worked_ms) - 1
        index = max(index, 0)
        if not self.starts or worked_ms > self.before[-1] + self.ends[-1] - self.starts[-1]:
            self._require_covered(self.to_ms + 1)
        return self.starts[index] + worked_ms - self.before[index]

    def close_of_business(self, at_ms: int, working_days: int) -> int:
        """The end of the last session of the n-th working day after the local day of `at_ms`."""
        self._require_covered(at_ms)
        day = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(self.zone)).toordinal()
        index = bisect_right(self.days, day) + working_days - 1
        if index >= len(self.days):
            self._require_covered(self.to_ms + 1)
        return self.day_ends[index]

    def provisional(self, year: int) -> bool:
        """True for a year without a published list of holidays: its days are computed from weekdays."""
        return year not in self.published

    def _require_covered(self, at_ms: int) -> None:
        if not self.from_ms <= at_ms <= self.to_ms:
            years = f"{_year(self.from_ms)}-{_year(self.to_ms) - 1}"
            raise CalendarError(
                "calendar.out_of_range",
                f"日历 {self.version} 只覆盖 {years} 年",
                f"calendar {self.version} covers the years {years} only",
            )


def _year(at_ms: int) -> int:
    return datetime.fromtimestamp(at_ms / 1000, UTC).year
