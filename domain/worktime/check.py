"""Everything that is wrong with a calendar file, found at once (domain document §4, "Calendar")."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from domain.finding import Finding
from domain.worktime.calendar_file import CalendarFile
from domain.worktime.days import MONDAY, Days, read_days
from domain.worktime.reading import Reading
from domain.worktime.zone import zone_clock

_LEAP_YEAR = [date(2000, 1, 1) + timedelta(days=day) for day in range(366)]


def check_calendar(file: CalendarFile) -> list[Finding]:
    """Every fault and warning of a calendar file, in the order of the file's parts."""
    return read_and_check(file)[1]


def read_and_check(file: CalendarFile) -> tuple[Days, list[Finding]]:
    """The rule of days, as far as it can be read, and every finding."""
    reading = Reading()
    days = read_days(file, reading)
    _zone(file, reading)
    _dates(file, days, reading)
    _seasons(days, reading)
    _working_time(file, days, reading)
    return days, reading.findings


def _zone(file: CalendarFile, reading: Reading) -> None:
    if zone_clock(file.zone) is None:
        zh, en = f"没有时区“{file.zone}”", f"there is no zone '{file.zone}'"
        reading.found("zone", "zone", file.zone, "a name of the time zone database, like Asia/Shanghai", zh, en)


def _dates(file: CalendarFile, days: Days, reading: Reading) -> None:
    for key, dates in (("holidays", file.holidays), ("workdays", file.workdays)):
        for on in sorted(on for on, times in Counter(dates).items() if times > 1):
            reading.warned("date_twice", key, on, "each date once", f"{on} 列了不止一次", f"{on} is listed twice")
    for day in sorted(days.holidays & days.workdays):
        on = date.fromordinal(day).isoformat()
        zh, en = f"{on} 既是节假日又是调休上班日", f"{on} is both a holiday and a make-up workday"
        reading.found("holiday_and_workday", "workdays", on, "one of the two", zh, en)
    for day in sorted(days.special.keys() & (days.holidays | days.workdays)):
        on = date.fromordinal(day).isoformat()
        zh, en = f"{on} 另列为节假日或调休日,以特别时段为准", f"{on} is a holiday or make-up day, too; special wins"
        reading.warned("special_and_listed", "special", on, "one of the two", zh, en)
    if file.published is not None:
        for year in sorted({int(on[:4]) for on in (*file.holidays, *file.workdays) if on[:4].isdigit()}):
            if year not in file.published:
                zh, en = f"{year} 年列有日期却未公布", f"{year} has listed dates but is not among the published years"
                reading.warned("year_not_published", "published", str(year), "published years", zh, en)


def _seasons(days: Days, reading: Reading) -> None:
    if len(days.seasons) < 2:
        return
    for on in _LEAP_YEAR:
        inside = [number for number, season in enumerate(days.seasons, start=1) if season.holds((on.month, on.day))]
        if len(inside) > 1:
            day, which = f"{on:%m-%d}", ", ".join(map(str, inside))
            zh, en = f"第 {which} 个季节都含 {day}", f"the seasons {which} all hold {day}"
            reading.found("seasons_overlap", "seasons", day, "each day in one season", zh, en)
            return


def _working_time(file: CalendarFile, days: Days, reading: Reading) -> None:
    weeks = [days.week, *(season.week for season in days.seasons)]
    lengths = {sum(end - start for start, end in spans) for week in weeks for spans in week}
    if lengths == {0} and not any(days.special.values()):
        zh, en = "没有任何工作时段,时限永远用不完", "there is no working time at all, so no limit is ever used up"
        reading.found("no_working_time", "week", "0", "at least one session", zh, en)
        return
    if file.workday_minutes * 60 not in lengths:
        found = f"{file.workday_minutes}"
        zh = f"没有一天的时段合计为 {found} 分钟"
        en = f"the sessions of no weekday add up to {found} minutes"
        reading.warned("workday_minutes", "workday_minutes", found, "the minutes of a usual day", zh, en)
    for day in sorted(days.workdays - days.special.keys()):
        if not days.week_on(day)[MONDAY]:
            on = date.fromordinal(day).isoformat()
            zh, en = (
                f"{on} 应按星期一上班,而星期一没有时段",
                f"{on} is worked like a Monday, and Mondays have no session",
            )
            reading.warned("make_up_not_worked", "workdays", on, "a Monday with sessions", zh, en)
