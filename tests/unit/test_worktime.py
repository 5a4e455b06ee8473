"""Working time: the table of the domain document §4, which a vendor's routine gets wrong."""

from __future__ import annotations

import pytest

from domain.worktime import Limit, LimitError, counted_ms, deadline_after_ms, deadline_ms, elapsed_ms, near_ms, total_ms
from tests.support.city import ms, rules


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2018-09-28T17:50", "2018-09-29T08:10", 20),
        ("2018-10-10T12:30", "2018-10-10T13:30", 0),
        ("2018-10-10T13:00", "2018-10-10T14:10", 10),
        ("2018-09-30T17:00", "2018-10-08T09:00", 120),
    ],
)
def test_working_minutes_follow_sessions_holidays_and_make_up_days(start: str, end: str, minutes: int) -> None:
    assert elapsed_ms(rules().calendar, ms(start), ms(end)) == minutes * 60_000


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        ("2018-10-12T17:50", "4WH", "2018-10-15T11:50"),
        ("2018-10-10T09:00", "1WD", "2018-10-11T09:00"),
        ("2018-10-10T08:00", "4WH", "2018-10-10T12:00"),
        ("2018-10-13T03:00", "2UH", "2018-10-13T05:00"),
    ],
)
def test_a_limit_is_due_at_the_earliest_instant_that_uses_it_up(start: str, limit: str, due: str) -> None:
    assert deadline_ms(rules().calendar, ms(start), Limit.parse(limit)) == ms(due)


def test_near_is_four_fifths_of_the_counted_time() -> None:
    assert near_ms(rules().calendar, ms("2018-10-10T08:00"), Limit.parse("4WH")) == ms("2018-10-10T11:12")


@pytest.mark.parametrize("written", ["", "4", "WH", "0WH", "-1WH", "4XX", "4wh", "９WH", "1000000UM"])
def test_a_limit_that_is_none_is_refused_in_both_languages(written: str) -> None:
    with pytest.raises(LimitError) as refused:
        Limit.parse(written)
    assert written in refused.value.zh
    assert "4WH" in refused.value.en


def test_near_follows_what_the_limit_counts() -> None:
    calendar, friday = rules().calendar, ms("2018-10-12T17:00")
    assert near_ms(calendar, friday, Limit.parse("10UH")) == ms("2018-10-13T01:00")
    assert near_ms(calendar, friday, Limit.parse("5CD")) == ms("2018-10-16T17:00")
    assert near_ms(calendar, friday, Limit.parse("1WD")) == ms("2018-10-15T15:24")


def test_what_is_counted_depends_on_the_unit() -> None:
    calendar, noon, later = rules().calendar, ms("2018-10-10T11:00"), ms("2018-10-10T15:00")
    assert counted_ms(calendar, noon, later, Limit.parse("1WD")) == 2 * 3_600_000
    assert counted_ms(calendar, noon, later, Limit.parse("1UM")) == 4 * 3_600_000
    assert counted_ms(calendar, later, noon, Limit.parse("1CD")) == 0
    assert counted_ms(calendar, later, noon, Limit.parse("1WH")) == elapsed_ms(calendar, later, noon) == 0
    assert counted_ms(calendar, noon, noon + 1, Limit.parse("1CD")) == 1
    assert elapsed_ms(calendar, noon, noon + 1) == 1


def test_what_remains_is_used_up_from_the_start_on_and_nothing_at_once() -> None:
    calendar, lunch = rules().calendar, ms("2018-10-10T13:00")
    hours = Limit.parse("4WH")
    assert [deadline_after_ms(calendar, lunch, left, hours) for left in (-1, 0)] == [lunch, lunch]
    assert deadline_after_ms(calendar, lunch, 1, hours) == ms("2018-10-10T14:00") + 1
    assert deadline_after_ms(calendar, lunch, 5, Limit.parse("1UM")) == lunch + 5


@pytest.mark.parametrize(
    ("limit", "minutes"), [("7UM", 7), ("3UH", 180), ("7WM", 7), ("3WH", 180), ("2WD", 960), ("2CD", 2880)]
)
def test_the_whole_of_a_limit_is_its_number_of_units(limit: str, minutes: int) -> None:
    assert total_ms(rules().calendar, ms("2018-10-12T17:00"), Limit.parse(limit)) == minutes * 60_000
    assert Limit.parse(limit).span_ms(480) == minutes * 60_000
    assert str(Limit.parse(limit)) == limit


def test_a_refused_limit_is_told_in_whole_sentences() -> None:
    with pytest.raises(LimitError) as refused:
        Limit.parse("3XX")
    units = "UM, UH, WM, WH, WD, CD"
    assert refused.value.found == "3XX"
    assert refused.value.en == str(refused.value)
    assert refused.value.en == (
        f"'3XX' is no limit: a number from 1 to 100000 (minutes: 999999) and one of {units}, like 4WH"
    )
    assert refused.value.zh == (f"“3XX”不是有效时限:应为 1 至 100000(分钟至 999999)的整数加单位({units}),如 4WH")


@pytest.mark.parametrize("limit", ["1UM", "999999WM", "576000UM", "100000WD", "0100CD"])
def test_limits_reach_from_a_minute_to_more_than_400_days(limit: str) -> None:
    assert Limit.parse(limit).amount >= 1


@pytest.mark.parametrize("limit", ["100001WH", "100001CD", "000WD"])
def test_a_limit_beyond_its_unit_is_refused(limit: str) -> None:
    with pytest.raises(LimitError):
        Limit.parse(limit)
