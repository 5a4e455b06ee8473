"""A calendar as people write it, and its compilation (domain document §4, "Calendar").

Local wall-clock sessions become instants here, once. A session lasts the real time between its two ends, so where the
zone changes its clock it is longer or shorter. A local time that does not exist is read with the offset before the
change, one that exists twice as its first occurrence (PEP 495, fold 0). A session that a clock change leaves without
any time is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from domain.worktime.calendar import Calendar, CalendarError

YEAR_FIRST = 1990
YEAR_LAST = 2079
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_S = 24 * 3600
EPOCH = datetime(1970, 1, 1)  # naive on purpose: seconds of local wall-clock time

Session = tuple[str, str]
Week = dict[str, tuple[Session, ...]]
Spans = tuple[tuple[int, int], ...]
MonthDay = tuple[int, int]

_TIME = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])(?::([0-5][0-9]))?", re.ASCII)
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-([0-2][0-9]|3[01])", re.ASCII)


class Season(
    msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, rename={"from_day": "from", "to_day": "to"}
):
    """A part of every year with a week of its own: "05-01" to "09-30", both included; may run over new year."""

    from_day: str
    to_day: str
    week: Week


class CalendarFile(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """What a calendar file says. `special` gives one date its own sessions and wins over everything else.

    `published` are the years whose list of holidays is official; None: those that have a holiday or workday listed.
    """

    zone: str
    week: Week
    version: str = "inline"
    workday_minutes: Annotated[int, Meta(ge=1, le=1440)] = 480
    seasons: tuple[Season, ...] = ()
    holidays: tuple[str, ...] = ()
    workdays: tuple[str, ...] = ()
    special: dict[str, tuple[Session, ...]] = {}
    published: tuple[int, ...] | None = None


def compile_calendar(file: CalendarFile) -> Calendar:
    """The table of a calendar file, for the years YEAR_FIRST to YEAR_LAST. Raises CalendarError."""
    try:
        zone = ZoneInfo(file.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CalendarError("calendar.zone", f"没有时区“{file.zone}”", f"there is no zone '{file.zone}'") from error
    starts: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    days: list[int] = []
    day_ends: list[int] = []
    worked = 0
    for day, spans in _worked_days(file):
        sessions_before = len(starts)
        for start, end in _instants(day, spans, zone):
            starts.append(start)
            ends.append(end)
            before.append(worked)
            worked += end - start
        if len(starts) > sessions_before:
            days.append(day)
            day_ends.append(ends[-1])
    return Calendar(
        version=file.version,
        zone=file.zone,
        workday_minutes=file.workday_minutes,
        published=_published(file),
        from_ms=_instant(_wall(date(YEAR_FIRST, 1, 1).toordinal(), 0), zone),
        to_ms=_instant(_wall(date(YEAR_LAST + 1, 1, 1).toordinal(), 0), zone),
        starts=starts,
        ends=ends,
        before=before,
        days=days,
        day_ends=day_ends,
    )


def _worked_days(file: CalendarFile) -> Iterator[tuple[int, Spans]]:
    week = _week(file.week)
    seasons = [(_month_day(s.from_day), _month_day(s.to_day), _week(s.week)) for s in file.seasons]
    holidays = {_date(text) for text in file.holidays}
    workdays = {_date(text) for text in file.workdays}
    special = {_date(text): _spans(sessions) for text, sessions in file.special.items()}
    for day in range(date(YEAR_FIRST, 1, 1).toordinal(), date(YEAR_LAST + 1, 1, 1).toordinal()):
        if day in special:
            spans = special[day]
        elif day in holidays:
            continue
        else:
            on = date.fromordinal(day)
            weekday = 0 if day in workdays else on.weekday()
            spans = _season_week((on.month, on.day), seasons, week)[weekday]
        if spans:
            yield day, spans


def _season_week(
    on: tuple[int, int],
    seasons: list[tuple[tuple[int, int], tuple[int, int], tuple[Spans, ...]]],
    week: tuple[Spans, ...],
) -> tuple[Spans, ...]:
    for first, last, its_week in seasons:
        inside = first <= on <= last if first <= last else on >= first or on <= last
        if inside:
            return its_week
    return week


def _instants(day: int, spans: Spans, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    opening, closing = _wall(day, 0).replace(tzinfo=zone), _wall(day + 1, 0).replace(tzinfo=zone)
    offset = opening.utcoffset()
    steady = offset == closing.utcoffset() and offset is not None
    for start_s, end_s in spans:
        if steady and offset is not None:
            base = (day - EPOCH.toordinal()) * DAY_S - int(offset.total_seconds())
            yield (base + start_s) * 1000, (base + end_s) * 1000
            continue
        start, end = _instant(_wall(day, start_s), zone), _instant(_wall(day, end_s), zone)
        if start < end:
            yield start, end


def _wall(day: int, second: int) -> datetime:
    return EPOCH + timedelta(days=day - EPOCH.toordinal(), seconds=second)


def _instant(wall: datetime, zone: ZoneInfo) -> int:
    return int(wall.replace(tzinfo=zone).astimezone(UTC).timestamp()) * 1000


def _week(week: Mapping[str, tuple[Session, ...]]) -> tuple[Spans, ...]:
    for name in week:
        if name not in WEEKDAYS:
            allowed = ", ".join(WEEKDAYS)
            raise CalendarError(
                "calendar.weekday", f"没有星期“{name}”,应为 {allowed}", f"there is no weekday '{name}', only {allowed}"
            )
    return tuple(_spans(week.get(name, ())) for name in WEEKDAYS)


def _spans(sessions: tuple[Session, ...]) -> Spans:
    spans = tuple((_second(start), _second(end)) for start, end in sessions)
    last = 0
    for (start, end), written in zip(spans, sessions, strict=True):
        if start < last or start >= end:
            raise CalendarError(
                "calendar.session",
                f"时段 {written[0]}–{written[1]} 为空、颠倒或与前一时段重叠",
                f"session {written[0]}-{written[1]} is empty, reversed, or overlaps the one before",
            )
        last = end
    return spans


def _second(text: str) -> int:
    match = _TIME.fullmatch(text)
    second = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0) if match else DAY_S + 1
    if second > DAY_S:
        raise CalendarError(
            "calendar.time", f"“{text}”不是 00:00 至 24:00 的时间", f"'{text}' is no time from 00:00 to 24:00"
        )
    return second


def _date(text: str) -> int:
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError as error:
        raise CalendarError(
            "calendar.date", f"“{text}”不是日期,应为 2018-10-01", f"'{text}' is no date like 2018-10-01"
        ) from error


def _month_day(text: str) -> MonthDay:
    match = _MONTH_DAY.fullmatch(text)
    if match is None:
        raise CalendarError(
            "calendar.season", f"“{text}”不是月日,应为 05-01", f"'{text}' is no month and day like 05-01"
        )
    return int(match[1]), int(match[2])


def _published(file: CalendarFile) -> frozenset[int]:
    if file.published is not None:
        return frozenset(file.published)
    return frozenset(int(text[:4]) for text in (*file.holidays, *file.workdays))
