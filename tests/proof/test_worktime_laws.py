"""Laws of working time that hold for every instant and limit, and for every later version of a calendar."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.worktime import (
    Calendar,
    CalendarFile,
    Limit,
    WdRule,
    compile_calendar,
    counted_ms,
    deadline_after_ms,
    deadline_ms,
    elapsed_ms,
    near_ms,
    total_ms,
)
from domain.worktime.zone import zone_clock

FILE = CalendarFile(
    zone="Asia/Shanghai",
    week=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("08:00", "12:00"), ("14:00", "18:00"))),
    holidays=("2018-10-01", "2018-10-02", "2018-10-03", "2018-10-04", "2018-10-05"),
    workdays=("2018-09-29", "2018-09-30"),
)
ALL_ZONES = os.environ.get("LIANDONG_PROOF") == "long"
ZONES = (
    sorted(available_timezones())
    if ALL_ZONES
    else ["America/Boa_Vista", "Africa/Casablanca", "Africa/Cairo", "Asia/Gaza"]
)
PROBED_FROM, PROBED_TO = 631_152_000, 2_208_988_800  # the years 1990 to 2039; later ones follow one rule
CALENDAR = compile_calendar(FILE, 2018, 2018)
BERLIN = compile_calendar(msgspec.structs.replace(FILE, zone="Europe/Berlin"), 2018, 2018)
ZERO = datetime(2018, 9, 24, tzinfo=UTC)
minutes = st.integers(0, 21 * 24 * 60)
limits = st.builds(
    lambda n, u: Limit.parse(f"{n}{u}"), st.integers(1, 20), st.sampled_from(["UM", "UH", "WM", "WH", "WD", "CD"])
)


def instant(minute: int) -> int:
    return int((ZERO + timedelta(minutes=minute)).timestamp() * 1000)


def worked(minute: int) -> bool:
    local = ZERO + timedelta(minutes=minute, hours=8)
    day = local.date().isoformat()
    if day in FILE.holidays or (local.weekday() > 4 and day not in FILE.workdays):
        return False
    return 8 <= local.hour < 12 or 14 <= local.hour < 18


@given(minutes, minutes)
def test_elapsed_is_the_number_of_worked_minutes(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert elapsed_ms(CALENDAR, instant(low), instant(high)) == 60_000 * sum(worked(m) for m in range(low, high))


@given(minutes, minutes, minutes)
def test_elapsed_adds_up(a: int, b: int, c: int) -> None:
    x, y, z = (instant(m) for m in sorted((a, b, c)))
    assert elapsed_ms(CALENDAR, x, z) == elapsed_ms(CALENDAR, x, y) + elapsed_ms(CALENDAR, y, z)


@given(minutes, limits)
def test_a_deadline_is_the_earliest_instant_that_uses_the_limit_up(start: int, limit: Limit) -> None:
    at = instant(start)
    due = deadline_ms(CALENDAR, at, limit)
    assert counted_ms(CALENDAR, at, due, limit) == limit.span_ms(480)
    assert counted_ms(CALENDAR, at, due - 1, limit) < limit.span_ms(480)


calendars = st.sampled_from([CALENDAR, BERLIN])
instants = st.integers(CALENDAR.from_ms + 86_400_000, CALENDAR.to_ms - 120 * 86_400_000)
rules = st.sampled_from(WdRule)


@given(calendars, instants, st.integers(0, 10**9), st.integers(0, 10**9))
def test_elapsed_is_additive_and_monotone(made: Calendar, a: int, first: int, second: int) -> None:
    b, c = a + first, a + first + second
    assert elapsed_ms(made, a, c) == elapsed_ms(made, a, b) + elapsed_ms(made, b, c)
    assert 0 <= elapsed_ms(made, a, b) <= elapsed_ms(made, a, c) <= c - a
    assert elapsed_ms(made, b, a) == 0 == counted_ms(made, c, a, Limit.parse("1UM")) * (c > a)


@given(calendars, instants, limits, rules)
def test_a_deadline_uses_the_whole_limit_and_near_lies_before_it(
    made: Calendar, start: int, limit: Limit, rule: WdRule
) -> None:
    due, near = deadline_ms(made, start, limit, rule), near_ms(made, start, limit, rule)
    whole = total_ms(made, start, limit, rule)
    assert counted_ms(made, start, due, limit) == whole
    assert start <= near <= due
    assert counted_ms(made, start, near, limit) == -(-whole * 4 // 5)
    assert counted_ms(made, start, near - 1, limit) < -(-whole * 4 // 5)


@given(calendars, instants, st.integers(1, 10**8), st.integers(1, 10**8), limits)
def test_a_limit_may_be_used_up_in_two_parts(made: Calendar, start: int, one: int, two: int, limit: Limit) -> None:
    between = deadline_after_ms(made, start, one, limit)
    assert deadline_after_ms(made, between, two, limit) == deadline_after_ms(made, start, one + two, limit)
    assert deadline_after_ms(made, start, 0, limit) == deadline_after_ms(made, start, -1, limit) == start


@given(instants, instants, limits, rules, st.integers(1, 360), st.integers(0, 13))
def test_a_new_version_for_the_future_changes_no_answer_about_the_past(
    a: int, b: int, limit: Limit, rule: WdRule, day: int, more: int
) -> None:
    """Holidays and a special date from some day on: what lies wholly before that day stays as it was."""
    first = date(2018, 1, 1) + timedelta(days=day)
    later = [first + timedelta(days=n) for n in range(more + 1) if (first + timedelta(days=n)).year == 2018]
    known = {*FILE.holidays, *FILE.workdays}
    added = tuple(on.isoformat() for on in later if on.isoformat() not in known)
    newer = msgspec.structs.replace(
        FILE, holidays=(*FILE.holidays, *added), special={"2018-12-31": (("08:00", "09:00"),)}, version="newer"
    )
    made = compile_calendar(newer, 2018, 2018)
    change = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp() * 1000) - 8 * 3_600_000
    start, end = sorted((a, b))
    if end <= change:
        assert elapsed_ms(made, start, end) == elapsed_ms(CALENDAR, start, end)
    due = deadline_ms(CALENDAR, start, limit, rule)
    if due <= change:
        assert deadline_ms(made, start, limit, rule) == due
        assert near_ms(made, start, limit, rule) == near_ms(CALENDAR, start, limit, rule)


@pytest.mark.parametrize("name", ZONES)
def test_a_zones_clock_changes_less_often_than_it_is_looked_at(name: str) -> None:
    """`zone_clock` looks every three days; day by day there is no change that it misses."""
    clock, zone = zone_clock(name), ZoneInfo(name)
    assert clock is not None
    for at_s in range(PROBED_FROM, PROBED_TO, 86_400):
        offset = datetime.fromtimestamp(at_s, zone).utcoffset()
        assert offset == timedelta(seconds=clock.offset_at_s(at_s)), at_s
