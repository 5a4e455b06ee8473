"""China's calendars from the State Council's lists: `python -m reference.china` writes the shipped ones again.

Owns which years are published: those that `chinesecalendar` knows. A later year is computed from weekdays and flagged
as provisional until that package brings its list.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from chinese_calendar import constants

from domain.worktime import CalendarFile
from domain.worktime.calendar_file import Season, Week
from reference.calendars import SHIPPED

ZONE = "Asia/Shanghai"
MORNING, AFTERNOON, SUMMER_AFTERNOON = ("08:00", "12:00"), ("14:00", "18:00"), ("15:00", "18:30")
SUMMER = ("06-01", "09-30")
_HOLIDAYS: Any = constants.Holiday
_NAMES: dict[str, str] = {holiday.value: holiday.chinese for holiday in _HOLIDAYS}


def china() -> CalendarFile:
    """Monday to Friday, 08:00–12:00 and 14:00–18:00, with the published holidays and make-up workdays."""
    years = {day.year for day in constants.holidays}
    return CalendarFile(
        zone=ZONE,
        version=f"china-{max(years)}",
        week=_week(AFTERNOON),
        holidays=tuple(sorted(day.isoformat() for day in constants.holidays if day.weekday() < 5)),
        workdays=tuple(sorted(day.isoformat() for day in constants.workdays if day.weekday() >= 5)),
        published=tuple(sorted(years)),
    )


def china_summer() -> CalendarFile:
    """The same with afternoons of 15:00–18:30 from June to September; a working day stays 480 minutes."""
    usual = china()
    season = Season(*SUMMER, _week(SUMMER_AFTERNOON))
    return msgspec.structs.replace(usual, version=usual.version.replace("-", "-summer-"), seasons=(season,))


def holiday_name(day: date) -> tuple[str, str] | None:
    """What the holiday of that date is called, in Chinese and English; None: it is none that is known here."""
    english = constants.holidays.get(day)
    return None if english is None else (_NAMES[english], english)


def main() -> None:
    """Write the shipped calendars."""
    for name, file in (("china", china()), ("china-summer", china_summer())):
        (SHIPPED / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n")


def _week(afternoon: tuple[str, str]) -> Week:
    return dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (MORNING, afternoon))


if __name__ == "__main__":
    main()
