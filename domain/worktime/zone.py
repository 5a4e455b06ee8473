"""The clock of a zone: which instant a local wall-clock time is, where clocks are changed too.

Owns one rule: **a wall-clock time is the first instant at which the zone's clock shows it or a later time.** A time
that is skipped in spring is the instant of the change, one that comes twice in autumn is its first coming. So the
order of wall-clock times is the order of their instants, and sessions that are apart on the wall never overlap.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from domain.worktime.calendar_file import YEAR_FIRST, YEAR_LAST

ZONES_KEPT_MAX = 64
PROBE_S = 3 * 24 * 3600
"""Changes of one zone lie further apart than this; a proof walks through all zones day by day."""


class ZoneClock(msgspec.Struct, frozen=True, gc=False):
    """From `since_s[i]` on, an instant in UTC seconds, the clock shows UTC plus `offset_s[i]`."""

    since_s: tuple[int, ...]
    offset_s: tuple[int, ...]

    def instant_s(self, wall_s: int) -> int:
        """The first instant at which the clock shows `wall_s` or later. Both are seconds since 1970."""
        last = len(self.since_s) - 1
        piece = max(bisect_right(self.since_s, wall_s - self.offset_s[0]) - 3, 0)
        while piece < last and wall_s >= self.since_s[piece + 1] + self.offset_s[piece]:
            piece += 1
        return max(wall_s - self.offset_s[piece], self.since_s[piece])

    def offset_at_s(self, at_s: int) -> int:
        """What the clock shows at that instant, less UTC."""
        return self.offset_s[max(bisect_right(self.since_s, at_s) - 1, 0)]


@lru_cache(maxsize=ZONES_KEPT_MAX)
def zone_clock(name: str) -> ZoneClock | None:
    """The clock of a zone from a year before the first calendar year to one after the last; None: no such zone."""
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    first = _utc_s(YEAR_FIRST - 1)
    since, offsets = [first], [_offset_s(zone, first)]
    for probe in range(first + PROBE_S, _utc_s(YEAR_LAST + 2), PROBE_S):
        if _offset_s(zone, probe) != offsets[-1]:
            since.append(_change_s(zone, probe - PROBE_S, probe))
            offsets.append(_offset_s(zone, probe))
    return ZoneClock(tuple(since), tuple(offsets))


def _change_s(zone: ZoneInfo, before: int, after: int) -> int:
    old = _offset_s(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset_s(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset_s(zone: ZoneInfo, at_s: int) -> int:
    offset = datetime.fromtimestamp(at_s, zone).utcoffset()
    return (offset or timedelta()) // timedelta(seconds=1)


def _utc_s(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
