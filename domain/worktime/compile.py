"""From a calendar file to its table: local sessions become instants here, once (domain document §4, "Calendar").

A session lasts the real time between its two ends, so where the zone changes its clock it is longer or shorter; one
that a change leaves without any time is dropped.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date

from domain.finding import faults
from domain.worktime.calendar import BUCKET_BITS, Calendar, CalendarError
from domain.worktime.calendar_file import YEAR_FIRST, YEAR_LAST, CalendarFile
from domain.worktime.check import read_and_check
from domain.worktime.days import Days, published_years
from domain.worktime.reading import Spans
from domain.worktime.zone import ZoneClock, zone_clock

DAY_S = 24 * 3600
EPOCH_DAY = date(1970, 1, 1).toordinal()


def compile_calendar(file: CalendarFile, year_first: int = YEAR_FIRST, year_last: int = YEAR_LAST) -> Calendar:
    """The table of a calendar file for those years. Raises CalendarError for the first of its faults.

    Fewer years are compiled faster; what is asked about other years is then refused.
    """
    days, findings = read_and_check(file)
    for fault in faults(findings):
        raise CalendarError(fault.code, fault.zh, fault.en)
    clock = zone_clock(file.zone)
    assert clock is not None, "a zone that there is not is a fault"
    first, end = date(year_first, 1, 1).toordinal(), date(year_last + 1, 1, 1).toordinal()
    return _table(file, days, clock, first, end)


def _table(file: CalendarFile, days: Days, clock: ZoneClock, first: int, end: int) -> Calendar:
    from_ms, to_ms = (clock.instant_s((day - EPOCH_DAY) * DAY_S) * 1000 for day in (first, end))
    starts, ends, before, idle = [from_ms], [from_ms], [0], [from_ms]
    worked_days: list[int] = []
    day_ends: list[int] = []
    worked = 0
    steady = _Steady(clock)
    for day, spans in days.worked(first, end):
        known = len(starts)
        for start, stop in steady.sessions(day - EPOCH_DAY, spans):
            starts.append(start)
            ends.append(stop)
            before.append(worked)
            idle.append(start - worked)
            worked += stop - start
        if len(starts) > known:
            worked_days.append(day - EPOCH_DAY)
            day_ends.append(ends[-1])
    return Calendar(
        version=file.version,
        zone=file.zone,
        workday_minutes=file.workday_minutes,
        published=published_years(file),
        from_ms=from_ms,
        to_ms=to_ms,
        worked_ms=worked,
        starts=starts,
        ends=ends,
        before=before,
        idle=idle,
        first=_buckets(starts, from_ms, to_ms, at_bound=True),
        reached=_buckets(before, 0, worked, at_bound=False),
        days=worked_days,
        day_ends=day_ends,
        clock_since_ms=[since * 1000 for since in clock.since_s],
        clock_offset_ms=[offset * 1000 for offset in clock.offset_s],
    )


class _Steady:
    """Turns sessions into instants, fast on the days on which the zone's clock is not changed: nearly all."""

    def __init__(self, clock: ZoneClock) -> None:
        self._clock = clock
        self._until_s = -1
        self._offset_s = 0

    def sessions(self, day: int, spans: Spans) -> list[tuple[int, int]]:
        """The sessions of a day (since 1970) in UTC milliseconds. Days are asked for in ascending order."""
        midnight = day * DAY_S
        if midnight + DAY_S > self._until_s:
            self._look_ahead(midnight)
        if midnight + DAY_S <= self._until_s:
            base = midnight - self._offset_s
            return [((base + start) * 1000, (base + end) * 1000) for start, end in spans]
        instant = self._clock.instant_s
        ends = ((instant(midnight + start) * 1000, instant(midnight + end) * 1000) for start, end in spans)
        return [(start, end) for start, end in ends if start < end]

    def _look_ahead(self, midnight: int) -> None:
        clock = self._clock
        piece = bisect_right(clock.since_s, clock.instant_s(midnight)) - 1
        self._offset_s = clock.offset_s[piece]
        shown = clock.instant_s(midnight) + self._offset_s == midnight
        last = piece + 1 == len(clock.since_s)
        # the last piece of a zone has no end: the farthest wall time that any calendar asks for lies before it
        end = midnight + 200 * 366 * DAY_S if last else clock.since_s[piece + 1] + self._offset_s
        self._until_s = end if shown else -1


def _buckets(ascending: Sequence[int], first: int, last: int, *, at_bound: bool) -> list[int]:
    """For each bucket's beginning, how many lie before it (or at it)."""
    found: list[int] = []
    index, count = 0, len(ascending)
    for bucket in range(((last - first) >> BUCKET_BITS) + 2):
        bound = first + (bucket << BUCKET_BITS) + at_bound
        while index < count and ascending[index] < bound:
            index += 1
        found.append(index)
    return found
