"""Working time counted second by second, from a calendar's plain JSON.

Walks the zone's clock forward through UTC and notes for every second of the span whether it is worked: one byte a
second. Knows a zone only by what its clock shows at an instant; never turns a local time into an instant by itself.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

NAMES = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
UNIT_SECONDS = {"UM": 60, "UH": 3600, "CD": 86400, "WM": 60, "WH": 3600}
STEP = 900
"""Clocks are changed at full quarters of an hour, in every zone used here."""


class Seconds:
    """Every second from `first` (UTC) for so many days; instants are seconds counted from there.

    `done[i]` is how many of the first i seconds are working time.
    """

    def __init__(self, calendar: dict[str, Any], first: date, days: int) -> None:
        self.calendar = calendar
        self.zero = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
        self.size = days * 86400
        zone = ZoneInfo(calendar["zone"])
        self.shown = [
            datetime.fromtimestamp(self.zero + second, zone).replace(tzinfo=None)
            for second in range(0, self.size + STEP, STEP)
        ]
        """What the clock shows at the beginning of each quarter of an hour."""
        worked = np.zeros(self.size + 1, dtype=np.uint8)
        self._mark(worked)
        self.done = np.cumsum(worked, dtype=np.int32)
        self.closings = self._closings(worked[1:])

    def elapsed(self, start: int, end: int) -> int:
        """Seconds of working time in [start, end)."""
        return int(self.done[end] - self.done[start])

    def deadline(self, start: int, limit: str, rule: str) -> int:
        """The first instant at which the limit is used up."""
        amount, unit = int(limit[:-2]), limit[-2:]
        if unit in ("UM", "UH", "CD"):
            return start + amount * UNIT_SECONDS[unit]
        if unit == "WD" and rule == "end_of_day":
            later = [end for on, end in self.closings if on > self.shown[start // STEP].date()]
            return later[amount - 1]
        day = int(self.calendar.get("workday_minutes", 480)) * 60
        return self._after_working(start, amount * (day if unit == "WD" else UNIT_SECONDS[unit]))

    def near_fifths(self, start: int, limit: str, rule: str) -> int:
        """The first instant at which four fifths of the limit are used, in fifths of a second."""
        end = self.deadline(start, limit, rule)
        if limit[-2:] in ("UM", "UH", "CD"):
            return start * 5 + (end - start) * 4
        whole, part = divmod(self.elapsed(start, end) * 4, 5)
        if part == 0:
            return self._after_working(start, whole) * 5
        return (self._after_working(start, whole + 1) - 1) * 5 + part

    def _after_working(self, start: int, seconds: int) -> int:
        wanted = int(self.done[start]) + seconds
        if wanted > int(self.done[-1]):
            raise IndexError("beyond the seconds that are marked")
        # of the array's own type, or all of it would be copied for every question
        return int(np.searchsorted(self.done, np.int32(wanted)))

    def _mark(self, worked: Any) -> None:
        """A session lasts from when the clock first shows its start, or a later time, to when it does its end.

        The second that begins at instant i is worked[i + 1].
        """
        day, last_day = self.shown[0].date() - timedelta(days=1), self.shown[-1].date()
        while day <= last_day:
            midnight = datetime(day.year, day.month, day.day)
            for start, end in self._sessions(day):
                first, last = self._first_showing(midnight + start), self._first_showing(midnight + end)
                worked[first + 1 : last + 1] = 1
            day += timedelta(days=1)

    def _first_showing(self, wall: datetime) -> int:
        # no clock is more than 15 hours ahead of UTC, so the search begins before the first showing
        as_if_utc = int(wall.replace(tzinfo=UTC).timestamp()) - self.zero
        quarter = min(max((as_if_utc - 15 * 3600) // STEP, 0), len(self.shown) - 1)
        while quarter < len(self.shown) and self.shown[quarter] < wall:
            ahead = int((wall - self.shown[quarter]).total_seconds())
            if ahead < STEP:
                return min(quarter * STEP + ahead, self.size)
            quarter += 1
        return min(quarter * STEP, self.size)

    def _sessions(self, day: date) -> list[tuple[timedelta, timedelta]]:
        calendar = self.calendar
        text = day.isoformat()
        if text in calendar.get("special", {}):
            written = calendar["special"][text]
        elif text in calendar.get("holidays", ()):
            written = []
        else:
            week = calendar["week"]
            for season in calendar.get("seasons", ()):
                first, last, on = season["from"], season["to"], text[5:]
                if (first <= on <= last) if first <= last else (on >= first or on <= last):
                    week = season["week"]
                    break
            name = "mon" if text in calendar.get("workdays", ()) else NAMES[day.weekday()]
            written = week.get(name, [])
        return sorted((_of_day(start), _of_day(end)) for start, end in written)

    def _closings(self, worked: Any) -> list[tuple[date, int]]:
        """For each local date with a worked second, where its last session ends."""
        last: dict[date, int] = {}
        for quarter in np.flatnonzero(worked.reshape(-1, STEP).any(axis=1)):
            seconds = np.flatnonzero(worked[quarter * STEP : (quarter + 1) * STEP])
            end = int(quarter * STEP + seconds[-1]) + 1
            on = self.shown[quarter].date()
            last[on] = max(end, last.get(on, 0))
        return sorted(last.items())


def _of_day(text: str) -> timedelta:
    parts = [*map(int, text.split(":")), 0]
    return timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2])
