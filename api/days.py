"""A period of whole local days, as a query names it and as an answer shows it."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Request

from api.problems import Problem

PERIOD_DAYS_MAX = 366

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Days(msgspec.Struct, frozen=True):
    """Local days of that zone, the first and the last counted in."""

    first: date
    last: date
    zone: str

    @property
    def from_ms(self) -> int:
        """The instant at which the first begins, ms."""
        return _begins_ms(self.first, self.zone)

    @property
    def to_ms(self) -> int:
        """The instant at which the last is over, ms."""
        return _begins_ms(self.last + timedelta(days=1), self.zone)

    def shown(self) -> dict[str, str]:
        """As an answer tells it."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat(), "zone": self.zone}


def days_asked(request: Request, zone: str) -> Days:
    """The period that `from` and `to` name. Raises Problem `bad_date`, `period_reversed`, `period_too_long`,
    `outside_calendar`."""
    first, last = _day_asked(request, "from"), _day_asked(request, "to")
    if last < first:
        raise Problem("period_reversed", field="to", found=str(last), allowed=f"≥ {first}")
    if (last - first).days >= PERIOD_DAYS_MAX:
        raise Problem("period_too_long", field="to", found=(last - first).days + 1, allowed=PERIOD_DAYS_MAX)
    if last == date.max or first == date.min:
        raise Problem("outside_calendar", field="from", found=str(first))
    return Days(first, last, zone)


def _day_asked(request: Request, field: str) -> date:
    text = request.query_params.get(field, "")
    try:
        if not _DAY.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        raise Problem("bad_date", field=field, found=text, allowed=["2026-11-25"]) from error


def _begins_ms(day: date, zone: str) -> int:
    return round(datetime.combine(day, time(), ZoneInfo(zone)).timestamp() * 1000)
