"""The calendars that a run of questions asks about: each compiled once, for the years that are asked about.

Owns the compiled tables of one run. A named calendar is compiled whole; an inline one only for a few years, wider when
a question needs it, because every line of a batch may bring another.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from domain.worktime import Calendar, CalendarError, CalendarFile, compile_calendar, out_of_years
from domain.worktime.calendar_file import YEAR_FIRST, YEAR_LAST
from reference.calendars import load_calendar
from runtime.faults import Fault

INLINE_KEPT_MAX = 256
NAMED_KEPT_MAX = 64
_decoder = msgspec.json.Decoder(CalendarFile)
LOOK_AHEAD_MS = 60 * 24 * 3_600_000
"""Most deadlines lie nearer than this; for the others the table grows."""
_DAY_MS = 24 * 3_600_000
K = TypeVar("K")
V = TypeVar("V")


class Table:
    """A calendar of the run, for the years from `first` to `last`."""

    def __init__(self, file: CalendarFile, first: int, last: int) -> None:
        self.file = file
        self.first, self.last = first, last
        self.calendar: Calendar = compile_calendar(file, first, last)
        self.zone = ZoneInfo(file.zone)

    def reach(self, first: int, last: int) -> bool:
        """Cover those years as well; False where nothing is left to be gained. Grows by what it has, at least."""
        first, last = max(first, YEAR_FIRST), min(last, YEAR_LAST)
        if self.first <= first and last <= self.last:
            return False
        grown = self.last - self.first + 1
        self.first = max(min(first, self.first - grown), YEAR_FIRST) if first < self.first else self.first
        self.last = min(max(last, self.last + grown), YEAR_LAST) if last > self.last else self.last
        self.calendar = compile_calendar(self.file, self.first, self.last)
        return True

    def require_years(self, first_ms: int, last_ms: int) -> None:
        """Cover what lies between these instants. Raises CalendarError outside the years of all calendars."""
        if self._covers(first_ms, last_ms):
            return
        # a day on each side, because the local year may begin and end that much apart from UTC's
        self.reach(_year(first_ms - _DAY_MS), _year(last_ms + _DAY_MS))
        if not self._covers(first_ms, last_ms):
            raise out_of_years(self.file.version, YEAR_FIRST, YEAR_LAST)

    def _covers(self, first_ms: int, last_ms: int) -> bool:
        return self.calendar.from_ms <= first_ms and last_ms <= self.calendar.to_ms


def table_around(file: CalendarFile, at_ms: int) -> Table:
    """A table for the year of that instant, and the next one where it is near. Raises CalendarError."""
    first, last = (min(max(_year(one), YEAR_FIRST), YEAR_LAST) for one in (at_ms, at_ms + LOOK_AHEAD_MS))
    return Table(file, first, last)


class Tables:
    """The tables of one run, by name and by the bytes of an inline calendar; `own` is for what names none."""

    def __init__(self, own: str) -> None:
        """Raises Fault for a calendar that is missing or wrong."""
        self.own = Table(load_calendar(own), YEAR_FIRST, YEAR_LAST)
        self._named: OrderedDict[str, Table | Fault] = OrderedDict()
        self._inline: OrderedDict[bytes, Table | CalendarError] = OrderedDict()

    def named(self, name: str | None) -> Table:
        """A calendar by name or path; None: the run's own. Raises Fault."""
        if name is None:
            return self.own
        found = self._named.get(name)
        if found is None:
            try:
                found = Table(load_calendar(name), YEAR_FIRST, YEAR_LAST)
            except Fault as fault:
                found = fault
            _keep(self._named, name, found, NAMED_KEPT_MAX)
        if isinstance(found, Fault):
            raise found
        return found

    def inline(self, written: bytes, around_ms: int) -> Table:
        """A calendar given as JSON. Raises CalendarError, msgspec.DecodeError."""
        found = self._inline.get(written)
        if found is None:
            file = _decoder.decode(written)
            try:
                found = table_around(file, around_ms)
            except CalendarError as error:
                found = error
            _keep(self._inline, written, found, INLINE_KEPT_MAX)
        else:
            self._inline.move_to_end(written)
        if isinstance(found, CalendarError):
            raise found
        return found


def _keep(kept: OrderedDict[K, V], key: K, value: V, kept_max: int) -> None:
    kept[key] = value
    if len(kept) > kept_max:
        kept.popitem(last=False)


def _year(at_ms: int) -> int:
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).year
    except (OverflowError, ValueError):
        return YEAR_LAST + 1 if at_ms > 0 else YEAR_FIRST - 1
