"""Times as people and machines write them (RFC 3339), to and from UTC milliseconds.

Must never guess: a time that does not say its offset is refused, unless whoever reads it names the zone it is meant in.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.worktime.zone import zone_clock

_WRITTEN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)
_DAY_MS = 86_400_000


class TimeUnread(ValueError):
    """A time that cannot be used; `zh` and `en` say what was found and what is allowed."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.code = code
        self.zh = zh
        self.en = en


def read_instant(written: str, zone: str | None = None) -> int:
    """UTC milliseconds of "2018-10-12T17:50:00+08:00", seconds optional, finer parts cut off. Raises TimeUnread.

    `zone` is the zone of a time without an offset; None: such a time is refused. Where clocks are changed, a local time
    is the first instant at which the clock shows it or a later time.
    """
    try:
        if _WRITTEN.fullmatch(written) is None:
            raise ValueError(written)
        at = datetime.fromisoformat(written if written[-1] != "z" else f"{written[:-1]}Z")
    except ValueError:
        raise TimeUnread(
            "time.unreadable",
            f"“{written}”不是时间,应为 2018-10-12T17:50:00+08:00 这样的写法。",
            f"'{written}' is no time like 2018-10-12T17:50:00+08:00.",
        ) from None
    if at.tzinfo is not None:
        since = at - _EPOCH
        return since.days * _DAY_MS + since.seconds * 1000 + since.microseconds // 1000
    clock = zone_clock(zone) if zone is not None else None
    if clock is None:
        raise TimeUnread(
            "time.no_offset",
            f"时间“{written}”没有时区偏移,应为 2018-10-12T17:50:00+08:00 这样的写法。",
            f"The time '{written}' states no offset; it should be like 2018-10-12T17:50:00+08:00.",
        )
    wall_ms = (at - _NAIVE_EPOCH) // _MILLISECOND
    return clock.instant_s(wall_ms // 1000) * 1000 + wall_ms % 1000


def show_instant(at_ms: int, zone: ZoneInfo) -> str:
    """The instant with the zone's offset; milliseconds only where there are some. Raises OverflowError, ValueError."""
    second, part = divmod(at_ms, 1000)
    at = datetime.fromtimestamp(second, zone)
    return at.isoformat() if part == 0 else at.replace(microsecond=part * 1000).isoformat(timespec="milliseconds")
