"""Calendars: which sessions a date has, what the change of clocks makes of them, and where a calendar ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from domain.worktime import (
    Calendar,
    CalendarError,
    CalendarFile,
    DayKind,
    Limit,
    WdRule,
    compile_calendar,
    deadline_ms,
    elapsed_ms,
    explain,
    near_ms,
)
from domain.worktime.calendar import BUCKET_BITS
from domain.worktime.zone import zone_clock

OFFICE = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("08:00", "12:00"), ("14:00", "18:00")))
SUMMER = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("08:00", "12:00"), ("15:00", "18:30")))
HOUR = 3_600_000


def calendar(first: int = 2018, last: int = 2018, **parts: Any) -> tuple[CalendarFile, Calendar]:
    file = msgspec.convert({"zone": "Asia/Shanghai", "week": OFFICE, **parts}, CalendarFile)
    return file, compile_calendar(file, first, last)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def hours(on: str, made: Calendar, offset: str = "+08:00") -> float:
    """Working hours of 24 hours from that date's midnight at that offset."""
    return elapsed_ms(made, ms(f"{on}T00:00{offset}"), ms(f"{on}T00:00{offset}") + 24 * HOUR) / HOUR


def test_special_wins_over_holidays_over_make_up_days_over_seasons_over_the_week() -> None:
    file, made = calendar(
        seasons=({"from": "06-01", "to": "09-30", "week": SUMMER},),
        holidays=("2018-07-02", "2018-07-03"),
        workdays=("2018-07-07", "2018-10-07", "2018-07-08"),
        special={"2018-07-03": (("08:00", "09:00"),), "2018-07-08": ()},
    )
    worked = {
        "2018-05-31": 8,
        "2018-06-01": 7.5,
        "2018-09-30": 0,
        "2018-10-01": 8,
        "2018-07-02": 0,
        "2018-07-03": 1,
        "2018-07-07": 7.5,
        "2018-07-08": 0,
        "2018-07-14": 0,
        "2018-10-07": 8,
    }
    assert {on: hours(on, made) for on in worked} == worked
    explained = {day.on: day for day in explain(file, made, ms("2018-07-01T00:00+08:00"), ms("2018-07-09T12:00+08:00"))}
    assert [explained[date(2018, 7, day)].kind for day in (1, 2, 3, 4, 7, 8, 9)] == [
        DayKind.DAY_OFF,
        DayKind.HOLIDAY,
        DayKind.SPECIAL,
        DayKind.WORKDAY,
        DayKind.MAKE_UP,
        DayKind.SPECIAL,
        DayKind.WORKDAY,
    ]


def test_a_make_up_day_is_worked_like_a_monday_of_its_season() -> None:
    week = {"mon": (("09:00", "10:00"),), "sat": (("09:00", "12:00"),)}
    summer = {"mon": (("09:00", "11:00"),)}
    seasons = ({"from": "12-01", "to": "02-28", "week": summer},)
    _, made = calendar(week=week, seasons=seasons, workdays=("2018-01-06", "2018-12-01", "2018-03-03"))
    assert [hours(on, made) for on in ("2018-01-06", "2018-12-01", "2018-03-03", "2018-03-10")] == [2, 2, 1, 3]


@pytest.mark.parametrize(
    ("zone", "session", "on", "offset", "worked"),
    [
        ("Europe/Berlin", ("00:00", "24:00"), "2018-03-25", "+01:00", 23),
        ("Europe/Berlin", ("01:00", "04:00"), "2018-03-25", "+01:00", 2),
        ("Europe/Berlin", ("01:00", "02:30"), "2018-03-25", "+01:00", 1),
        ("Europe/Berlin", ("02:30", "05:00"), "2018-03-25", "+01:00", 2),
        ("Europe/Berlin", ("02:00", "03:00"), "2018-03-25", "+01:00", 0),
        ("Europe/Berlin", ("02:15", "02:45"), "2018-03-25", "+01:00", 0),
        ("Europe/Berlin", ("01:00", "04:00"), "2018-10-28", "+02:00", 4),
        ("Europe/Berlin", ("01:00", "02:30"), "2018-10-28", "+02:00", 1.5),
        ("Europe/Berlin", ("02:30", "05:00"), "2018-10-28", "+02:00", 3.5),
        ("Europe/Berlin", ("01:00", "03:00"), "2018-10-28", "+02:00", 3),
        ("America/New_York", ("01:30", "03:30"), "2018-03-11", "-05:00", 1),
        ("America/New_York", ("00:30", "03:00"), "2018-11-04", "-04:00", 3.5),
        ("Australia/Lord_Howe", ("01:00", "03:00"), "2018-10-07", "+10:30", 1.5),
        ("Australia/Lord_Howe", ("01:00", "03:00"), "2018-04-01", "+11:00", 2.5),
        ("America/Sao_Paulo", ("00:00", "02:00"), "2018-11-04", "-03:00", 1),
        ("Pacific/Apia", ("08:00", "12:00"), "2018-01-14", "+14:00", 4),
    ],
)
def test_a_session_lasts_the_real_time_between_its_ends(
    zone: str, session: tuple[str, str], on: str, offset: str, worked: float
) -> None:
    _, made = calendar(zone=zone, week={"sun": (session,)})
    assert hours(on, made, offset) == worked
    assert all(start < end for start, end in zip(made.starts[1:], made.ends[1:], strict=True))


def test_a_date_that_a_zone_left_out_is_worked_by_nobody() -> None:
    _, made = calendar(2009, 2012, zone="Pacific/Apia", week={"fri": (("08:00", "12:00"),)})
    assert elapsed_ms(made, ms("2011-12-28T00:00-10:00"), ms("2012-01-01T00:00+14:00")) == 0
    assert elapsed_ms(made, ms("2011-12-22T00:00-10:00"), ms("2012-01-07T00:00+14:00")) == 8 * HOUR
    due = deadline_ms(made, ms("2011-12-29T09:00-10:00"), Limit.parse("1WD"), WdRule.END_OF_DAY)
    assert due == ms("2012-01-06T12:00+14:00")


def test_the_local_day_follows_a_change_of_clocks_at_once() -> None:
    _, made = calendar(zone="Europe/Berlin")
    assert made.zone == "Europe/Berlin"
    due = deadline_ms(made, ms("2018-03-26T00:30+02:00"), Limit.parse("1WD"), WdRule.END_OF_DAY)
    assert due == ms("2018-03-27T18:00+02:00")


def test_working_time_that_fills_a_bucket_to_the_millisecond_is_done_before_the_break_that_follows() -> None:
    """125 · 2^26 ms are 97 days and 2:10:08, the least that is whole seconds."""
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), (("00:00", "24:00"),))
    _, made = calendar(week=week, special={"2018-04-08": (("00:00", "02:10:08"), ("03:00", "24:00"))})
    assert made.when_worked(125 << BUCKET_BITS) == ms("2018-04-08T02:10:08+08:00")
    assert made.when_worked((125 << BUCKET_BITS) + 1) == ms("2018-04-08T03:00:00.001+08:00")
    assert made.when_worked(1) == made.from_ms + 1


def test_a_zone_clock_shows_the_first_coming_and_skips_to_the_change() -> None:
    clock = zone_clock("Europe/Berlin")
    assert clock is not None
    change = ms("2018-03-25T03:00+02:00") // 1000
    wall = int(datetime(2018, 3, 25, 2, 30, tzinfo=UTC).timestamp())
    assert clock.instant_s(wall) == change
    assert [clock.offset_at_s(change - 1), clock.offset_at_s(change), clock.offset_at_s(-(10**10))] == [
        3600,
        7200,
        3600,
    ]
    assert zone_clock("Nowhere/AtAll") is None


def test_the_day_a_limit_starts_is_the_local_one_and_it_ends_with_the_last_session() -> None:
    _, made = calendar(workdays=("2018-10-13",), special={"2018-10-15": (("20:00", "24:00"),)})
    one, two = Limit.parse("1WD"), Limit.parse("2WD")
    end_of_day = WdRule.END_OF_DAY
    assert deadline_ms(made, ms("2018-10-12T00:00+08:00"), one, end_of_day) == ms("2018-10-13T18:00+08:00")
    assert deadline_ms(made, ms("2018-10-12T23:59:59+08:00"), two, end_of_day) == ms("2018-10-16T00:00+08:00")
    assert near_ms(made, ms("2018-10-12T17:00+08:00"), one, end_of_day) == ms("2018-10-13T16:12+08:00")
    assert near_ms(made, ms("2018-10-12T17:59:59.999+08:00"), one, end_of_day) == ms("2018-10-13T16:24:00+08:00")


def test_a_calendar_has_an_answer_up_to_its_last_instant_and_none_after_it() -> None:
    file, made = calendar(2018, 2019, version="v7")
    first, last = ms("2018-01-01T00:00+08:00"), ms("2020-01-01T00:00+08:00")
    whole = elapsed_ms(made, first, last)
    assert (whole, made.worked_ms) == (522 * 8 * HOUR, 522 * 8 * HOUR)
    assert deadline_ms(made, first, Limit.parse("522WD")) == ms("2019-12-31T18:00+08:00")
    assert deadline_ms(made, first, Limit.parse("521WD"), WdRule.END_OF_DAY) == ms("2019-12-31T18:00+08:00")
    beyond: list[Any] = [
        lambda: elapsed_ms(made, first - 1, last),
        lambda: elapsed_ms(made, first, last + 1),
        lambda: deadline_ms(made, first, Limit.parse("523WD")),
        lambda: deadline_ms(made, first, Limit.parse("522WD"), WdRule.END_OF_DAY),
        lambda: deadline_ms(made, last + 1, Limit.parse("1WD"), WdRule.END_OF_DAY),
        lambda: deadline_ms(made, first - 1, Limit.parse("1WD"), WdRule.END_OF_DAY),
        lambda: list(explain(file, made, first, last + 1)),
        lambda: list(explain(file, made, first - 1, last)),
    ]
    for ask in beyond:
        with pytest.raises(CalendarError) as refused:
            ask()
        assert refused.value.code == "calendar.out_of_years"
        assert refused.value.zh == "日历 v7 只覆盖 2018–2019 年,所问的时间或其截止时间不在其中。"
        assert refused.value.en == (
            "The calendar v7 covers the years 2018–2019 only; the time or its deadline lies outside."
        )
    assert deadline_ms(made, last + HOUR, Limit.parse("2UH")) == last + 3 * HOUR
    assert elapsed_ms(made, last + HOUR, last + HOUR) == 0


def test_a_whole_calendar_covers_ninety_years() -> None:
    made = compile_calendar(calendar(week={"mon": OFFICE["mon"]})[0])
    assert (made.from_ms, made.to_ms) == (ms("1990-01-01T00:00+08:00"), ms("2080-01-01T00:00+08:00"))


def test_a_year_without_published_holidays_is_provisional() -> None:
    listed = calendar(holidays=("2018-10-01",), workdays=("2019-09-29",))[1]
    assert [listed.provisional(year) for year in (2017, 2018, 2019, 2020)] == [True, False, False, True]
    stated = calendar(holidays=("2018-10-01",), published=(2020,))[1]
    assert [stated.provisional(year) for year in (2018, 2020)] == [True, False]


def test_an_explanation_counts_what_the_answer_counts() -> None:
    file, made = calendar(holidays=("2018-10-01",), published=(2018,))
    start, end = ms("2018-09-28T17:50+08:00"), ms("2018-10-02T08:10+08:00")
    days = list(explain(file, made, start, end))
    assert [(day.on.day, day.counted_ms // 60_000, day.so_far_ms // 60_000) for day in days] == [
        (28, 10, 10),
        (29, 0, 10),
        (30, 0, 10),
        (1, 0, 10),
        (2, 10, 20),
    ]
    assert days[-1].so_far_ms == elapsed_ms(made, start, end)
    morning, afternoon = days[0].sessions
    assert (morning.counted_ms, afternoon.counted_ms) == (0, 600_000)
    assert (afternoon.start_ms, afternoon.end_ms) == (ms("2018-09-28T14:00+08:00"), ms("2018-09-28T18:00+08:00"))
    assert not any(day.provisional for day in days)
    assert [day.provisional for day in explain(file, made, start, start)] == [False]


def test_explained_days_are_local_ones_far_from_utc() -> None:
    file, made = calendar(zone="Pacific/Auckland", week={"mon": (("00:00", "01:00"), ("23:00", "24:00"))})
    days = list(explain(file, made, ms("2018-06-10T00:00+12:00"), ms("2018-06-12T12:00+12:00")))
    assert [(day.on.day, len(day.sessions)) for day in days] == [(10, 0), (11, 2), (12, 0)]
    west, west_made = calendar(zone="Pacific/Honolulu", week={"mon": (("00:00", "01:00"), ("23:00", "24:00"))})
    days = list(explain(west, west_made, ms("2018-06-10T00:00-10:00"), ms("2018-06-12T12:00-10:00")))
    assert [(day.on.day, len(day.sessions)) for day in days] == [(10, 0), (11, 2), (12, 0)]


def test_the_first_and_the_last_day_of_a_calendar_are_explained_whole() -> None:
    file, made = calendar()
    for on in ("2018-01-01", "2018-12-31"):
        (day,) = explain(file, made, ms(f"{on}T00:00+08:00"), ms(f"{on}T23:00+08:00"))
        assert [(session.end_ms - session.start_ms) // HOUR for session in day.sessions] == [4, 4]
        assert day.counted_ms == 8 * HOUR


def test_both_ends_of_a_season_belong_to_it() -> None:
    short = {"mon": (("09:00", "10:00"),), "wed": (("09:00", "10:00"),)}
    _, made = calendar(seasons=({"from": "12-31", "to": "02-28", "week": short},))
    assert [hours(on, made) for on in ("2018-02-28", "2018-03-01", "2018-12-31", "2018-12-28")] == [1, 8, 1, 8]


def test_a_season_of_one_day_at_either_end_of_a_calendar_lasts_that_day() -> None:
    short = {"mon": (("09:00", "10:00"),), "wed": (("09:00", "10:00"),)}
    eve, second = ({"from": on, "to": on, "week": short} for on in ("12-31", "01-02"))
    _, made = calendar(2019, 2019, seasons=(eve, second))
    worked = {"2019-01-01": 8, "2019-01-02": 1, "2019-01-03": 8, "2019-12-30": 8, "2019-12-31": 0}
    assert {on: hours(on, made) for on in worked} == worked
    assert elapsed_ms(made, made.from_ms, made.to_ms) == made.worked_ms


def test_a_zones_changes_are_found_to_the_second() -> None:
    """Asked past the cache, which would hide a fault from whoever changes the code under running tests."""
    clock = zone_clock.__wrapped__("Europe/Berlin")
    assert clock is not None
    changes = dict(zip(clock.since_s, clock.offset_s, strict=True))
    assert changes[ms("2018-03-25T01:00+00:00") // 1000] == 7200
    assert changes[ms("2018-10-28T01:00+00:00") // 1000] == 3600
    assert clock.since_s[0] == ms("1989-01-01T00:00+00:00") // 1000
    assert clock.since_s[-1] == ms("2080-10-27T01:00+00:00") // 1000
    assert len(changes) == 1 + 2 * 92
    assert {type(offset) for offset in clock.offset_s} == {int}


def test_a_clock_changes_at_the_second_at_which_its_zone_does() -> None:
    clock, zone, second = zone_clock.__wrapped__("America/New_York"), ZoneInfo("America/New_York"), timedelta(seconds=1)
    assert clock is not None
    for since, offset in list(zip(clock.since_s, clock.offset_s, strict=True))[1:]:
        before, after = (datetime.fromtimestamp(at_s, zone).utcoffset() for at_s in (since - 1, since))
        assert before != after == offset * second
