"""Which sessions a date has: special before holidays, before make-up days, before seasons, before the week.

Owns that order (domain document §4, "Calendar"). A make-up day is worked like a Monday of its season.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from itertools import pairwise

import msgspec

from domain.worktime.calendar_file import CalendarFile
from domain.worktime.reading import MonthDay, Reading, Spans

MONDAY = 0


class DayKind(StrEnum):
    """Why a date has the sessions it has."""

    SPECIAL = "special"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"
    WORKDAY = "workday"
    DAY_OFF = "day_off"


class SeasonDays(msgspec.Struct, frozen=True, gc=False):
    """From and to, both included; over new year where `first` is the later one."""

    first: MonthDay
    last: MonthDay
    week: tuple[Spans, ...]

    def holds(self, on: MonthDay) -> bool:
        """True for a day of the year in this season."""
        if self.first <= self.last:
            return self.first <= on <= self.last
        return on >= self.first or on <= self.last


class Days(msgspec.Struct, frozen=True, gc=False):
    """The rule of days that a file states; days are date ordinals."""

    week: tuple[Spans, ...]
    seasons: tuple[SeasonDays, ...]
    holidays: frozenset[int]
    workdays: frozenset[int]
    special: dict[int, Spans]

    def week_on(self, day: int) -> tuple[Spans, ...]:
        """The week of the season that the date lies in."""
        if self.seasons:
            on = date.fromordinal(day)
            for season in self.seasons:
                if season.holds((on.month, on.day)):
                    return season.week
        return self.week

    def spans_on(self, day: int) -> Spans:
        """The sessions of a date."""
        if day in self.special:
            return self.special[day]
        if day in self.holidays:
            return ()
        return self.week_on(day)[MONDAY if day in self.workdays else (day - 1) % 7]

    def kind_on(self, day: int) -> DayKind:
        """Why it has these sessions."""
        if day in self.special:
            return DayKind.SPECIAL
        if day in self.holidays:
            return DayKind.HOLIDAY
        if day in self.workdays:
            return DayKind.MAKE_UP
        return DayKind.WORKDAY if self.spans_on(day) else DayKind.DAY_OFF

    def worked(self, first: int, end: int) -> Iterator[tuple[int, Spans]]:
        """The dates from `first` up to `end` (not included) that have sessions, with them."""
        listed = {day: self.spans_on(day) for day in (*self.special, *self.holidays, *self.workdays)}
        for run_first, run_end in self._runs(first, end):
            week = self.week_on(run_first)
            for day in range(run_first, run_end):
                spans = listed[day] if day in listed else week[(day - 1) % 7]
                if spans:
                    yield day, spans

    def _runs(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Stretches of dates in which the week is the same."""
        starts = {first}
        if self.seasons:
            starts |= {day for day in range(first + 1, end) if self.week_on(day) is not self.week_on(day - 1)}
        bounds = [*sorted(starts), end]
        yield from pairwise(bounds)


def read_days(file: CalendarFile, reading: Reading) -> Days:
    """The rule of days of a file, as far as it can be read; what cannot be read is found."""
    seasons: list[SeasonDays] = []
    for number, season in enumerate(file.seasons, start=1):
        key = f"seasons.{number}"
        first, last = reading.month_day(f"{key}.from", season.from_day), reading.month_day(f"{key}.to", season.to_day)
        week = reading.week(f"{key}.week", season.week)
        if first is not None and last is not None:
            seasons.append(SeasonDays(first, last, week))
    special = {reading.day("special", on): reading.spans(f"special.{on}", those) for on, those in file.special.items()}
    return Days(
        week=reading.week("week", file.week),
        seasons=tuple(seasons),
        holidays=frozenset(day for on in file.holidays if (day := reading.day("holidays", on)) is not None),
        workdays=frozenset(day for on in file.workdays if (day := reading.day("workdays", on)) is not None),
        special={day: spans for day, spans in special.items() if day is not None},
    )


def published_years(file: CalendarFile) -> frozenset[int]:
    """The years whose holidays are official; all others are computed from weekdays and provisional."""
    if file.published is not None:
        return frozenset(file.published)
    return frozenset(int(text[:4]) for text in (*file.holidays, *file.workdays) if text[:4].isdecimal())
