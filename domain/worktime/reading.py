"""The words of a calendar file, read one by one: times, sessions, dates, days of the year.

Owns what each word may look like and the finding for one that does not. A word that cannot be read never stops the
reading: it is left out and found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from domain.finding import Finding, Weight
from domain.worktime.calendar_file import WEEKDAYS, YEAR_FIRST, YEAR_LAST, Session

Span = tuple[int, int]
"""Seconds of the local day from and to, the end not included; 86,400 is 24:00."""
Spans = tuple[Span, ...]
MonthDay = tuple[int, int]

PART = "calendar"
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?|(24):00(?::00)?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_LEAP_YEAR = 2000


class Reading:
    """What was found while a file was read; `key` says where in the file, such as "week.mon"."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def found(
        self, code: str, key: str, found: str, allowed: str, zh: str, en: str, weight: Weight = Weight.FAULT
    ) -> None:
        """Add a finding; its sentences say where it stands."""
        self.findings.append(
            Finding(
                f"calendar.{code}",
                PART,
                f"{key}:{zh}。",
                f"{key}: {en}.",
                found=found,
                allowed=allowed,
                key=key,
                weight=weight,
            )
        )

    def warned(self, code: str, key: str, found: str, allowed: str, zh: str, en: str) -> None:
        """Add a finding that forbids nothing."""
        self.found(code, key, found, allowed, zh, en, Weight.WARNING)

    def week(self, key: str, written: Mapping[str, tuple[Session, ...]]) -> tuple[Spans, ...]:
        """The sessions of Monday to Sunday; a weekday that is not written is not worked."""
        for name in written:
            if name not in WEEKDAYS:
                allowed = ", ".join(WEEKDAYS)
                zh, en = f"没有星期“{name}”,应为 {allowed}", f"there is no weekday '{name}', only {allowed}"
                self.found("weekday", f"{key}.{name}", name, allowed, zh, en)
        return tuple(self.spans(f"{key}.{name}", written.get(name, ())) for name in WEEKDAYS)

    def spans(self, key: str, written: tuple[Session, ...]) -> Spans:
        """The sessions of one day in their order; of two that overlap the later one is left out."""
        read = sorted(span for session in written if (span := self._span(key, session)) is not None)
        kept: list[Span] = []
        for start, end in read:
            if kept and start < kept[-1][1]:
                shown = f"{_clock(*kept[-1])}, {_clock(start, end)}"
                zh, en = f"时段 {shown} 重叠", f"the sessions {shown} overlap"
                self.found("sessions_overlap", key, shown, "sessions that do not overlap", zh, en)
            else:
                kept.append((start, end))
        return tuple(kept)

    def day(self, key: str, written: str) -> int | None:
        """The ordinal of a date like 2018-10-01 within the years that calendars cover."""
        try:
            day = date.fromisoformat(written) if _DATE.fullmatch(written) else None
        except ValueError:
            day = None
        if day is None:
            zh, en = f"“{written}”不是日期,应为 2018-10-01 这样的日期", f"'{written}' is no date like 2018-10-01"
            self.found("date", key, written, "YYYY-MM-DD", zh, en)
            return None
        if not YEAR_FIRST <= day.year <= YEAR_LAST:
            years = f"{YEAR_FIRST}–{YEAR_LAST}"
            zh, en = f"{written} 不在 {years} 年内", f"{written} lies outside the years {years}"
            self.found("date_out_of_years", key, written, years, zh, en)
            return None
        return day.toordinal()

    def month_day(self, key: str, written: str) -> MonthDay | None:
        """A day of the year like 05-01; 02-29 is one."""
        try:
            day = date.fromisoformat(f"{_LEAP_YEAR}-{written}") if _DATE.fullmatch(f"2000-{written}") else None
        except ValueError:
            day = None
        if day is None:
            zh, en = f"“{written}”不是月日,应为 05-01 这样的月日", f"'{written}' is no month and day like 05-01"
            self.found("month_day", key, written, "MM-DD", zh, en)
            return None
        return day.month, day.day

    def _span(self, key: str, session: Session) -> Span | None:
        start, end = (self._second(key, text) for text in session)
        if start is None or end is None:
            return None
        if start >= end:
            shown = "–".join(session)
            zh, en = f"时段 {shown} 的结束不晚于开始", f"the session {shown} does not end after its start"
            self.found("session_reversed", key, shown, "start before end, 24:00 at most", zh, en)
            return None
        return start, end

    def _second(self, key: str, written: str) -> int | None:
        match = _TIME.fullmatch(written)
        if match is None:
            zh, en = f"“{written}”不是 00:00 至 24:00 的时间", f"'{written}' is no time from 00:00 to 24:00"
            self.found("time", key, written, "00:00–24:00", zh, en)
            return None
        return int(match[1] or match[4]) * 3600 + int(match[2] or 0) * 60 + int(match[3] or 0)


def _clock(start: int, end: int) -> str:
    return "–".join(_shown(second) for second in (start, end))


def _shown(second: int) -> str:
    minute = f"{second // 3600:02d}:{second % 3600 // 60:02d}"
    return f"{minute}:{second % 60:02d}" if second % 60 else minute
