"""Laws of working time, against an oracle that steps through the minutes one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.worktime import CalendarFile, Limit, compile_calendar, counted_ms, deadline_ms, elapsed_ms

FILE = CalendarFile(
    zone="Asia/Shanghai",
    week=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("08:00", "12:00"), ("14:00", "18:00"))),
    holidays=("2018-10-01", "2018-10-02", "2018-10-03", "2018-10-04", "2018-10-05"),
    workdays=("2018-09-29", "2018-09-30"),
)
CALENDAR = compile_calendar(FILE)
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
