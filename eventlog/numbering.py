"""Case numbers 案件编号: date, partition and running number in that partition and day (domain document §3, "Ids").

The series is a fold of the log like everything else, so no number is ever asked for or given twice.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec


class Series(msgspec.Struct, frozen=True, gc=False):
    """The last number given in a partition: the day (YYYYMMDD, the city's zone) and the running number."""

    day: str = ""
    last: int = 0


def next_number(series: Series, partition: int, at_ms: int, zone: str) -> str:
    """The number of the next case of that partition, e.g. 20261124-07-0001."""
    day = _day(at_ms, zone)
    running = series.last + 1 if day == series.day else 1
    return f"{day}-{partition:02d}-{running:04d}"


def after(series: Series, number: str) -> Series:
    """The series once that number is given; days only go forward, so an older day leaves it as it was."""
    day, _, running = number.split("-")
    return Series(day, int(running)) if (day, int(running)) > (series.day, series.last) else series


def _day(at_ms: int, zone: str) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone)).strftime("%Y%m%d")
