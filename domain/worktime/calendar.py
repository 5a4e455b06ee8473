"""A calendar compiled to a table of working sessions, so that both questions are two look-ups.

Owns the table: session i is [starts[i], ends[i]) in UTC milliseconds, `before[i]` the working time and `idle[i]` the
time not worked before it. Sessions are ascending, never overlap and never are empty, but for session 0: an empty one
at the calendar's beginning, so that every instant has a session at or before it. Must never be changed once made:
open cases hold their calendar for years.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime

import msgspec

from domain.worktime.limit import DAY_MS

BUCKET_BITS = 26
"""2^26 ms are 18.6 hours: a bisection within such a bucket of time looks at a handful of sessions, not at 90 years."""


class CalendarError(ValueError):
    """A calendar that cannot be read, or an instant outside the years it covers; `zh` and `en` say what was found."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.zh = zh
        self.en = en


class Calendar(msgspec.Struct, frozen=True, gc=False):
    """Working time of one version of one calendar, from `from_ms` to `to_ms`.

    `first[b]` is how many sessions begin at or before bucket b of time, `reached[b]` how many begin before that much
    working time is done. `days` are the local days (since 1970) that are worked, ascending, `day_ends` when they end;
    from `clock_since_ms[i]` on local time is UTC plus `clock_offset_ms[i]`.
    """

    version: str
    zone: str
    workday_minutes: int
    published: frozenset[int]
    from_ms: int
    to_ms: int
    worked_ms: int
    starts: list[int]
    ends: list[int]
    before: list[int]
    idle: list[int]
    first: list[int]
    reached: list[int]
    days: list[int]
    day_ends: list[int]
    clock_since_ms: list[int]
    clock_offset_ms: list[int]

    def worked_before(self, at_ms: int) -> int:
        """Working milliseconds from the calendar's beginning to `at_ms`. Raises CalendarError outside its years."""
        from_ms = self.from_ms
        if not from_ms <= at_ms <= self.to_ms:
            raise self.out_of_years()
        first = self.first
        bucket = (at_ms - from_ms) >> BUCKET_BITS
        index = bisect_right(self.starts, at_ms, first[bucket], first[bucket + 1]) - 1
        end_ms = self.ends[index]
        return (at_ms if at_ms < end_ms else end_ms) - self.idle[index]

    def when_worked(self, worked_ms: int) -> int:
        """The earliest instant with that much working time (> 0) before it. Raises CalendarError beyond its years."""
        if worked_ms > self.worked_ms:
            raise self.out_of_years()
        reached = self.reached
        bucket = worked_ms >> BUCKET_BITS
        index = bisect_left(self.before, worked_ms, reached[bucket], reached[bucket + 1]) - 1
        return worked_ms + self.idle[index]

    def close_of_business(self, at_ms: int, working_days: int) -> int:
        """The end of the last session of the n-th working day after the local day of `at_ms`. Raises CalendarError."""
        if not self.from_ms <= at_ms <= self.to_ms:
            raise self.out_of_years()
        index = bisect_right(self.days, self.local_day(at_ms)) + working_days - 1
        if index >= len(self.days):
            raise self.out_of_years()
        return self.day_ends[index]

    def local_day(self, at_ms: int) -> int:
        """The local date at that instant, in days since 1970."""
        piece = bisect_right(self.clock_since_ms, at_ms) - 1
        return (at_ms + self.clock_offset_ms[piece]) // DAY_MS

    def provisional(self, year: int) -> bool:
        """True for a year without a published list of holidays: its days are computed from weekdays."""
        return year not in self.published

    def out_of_years(self) -> CalendarError:
        """What is raised for an instant that the calendar does not cover."""
        return out_of_years(self.version, _year(self.from_ms), _year(self.to_ms - DAY_MS))


def out_of_years(version: str, first: int, last: int) -> CalendarError:
    """The refusal of a time or a deadline outside those years."""
    return CalendarError(
        "calendar.out_of_years",
        f"日历 {version} 只覆盖 {first}–{last} 年,所问的时间或其截止时间不在其中。",
        f"The calendar {version} covers the years {first}–{last} only; the time or its deadline lies outside.",
    )


def _year(at_ms: int) -> int:
    # half a day on, so that no zone's offset moves new year into the year before
    return datetime.fromtimestamp(at_ms / 1000 + 43_200, UTC).year
