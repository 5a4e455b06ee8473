"""Working time: the table of the domain document §4, which a vendor's routine gets wrong."""

from __future__ import annotations

import pytest

from domain.worktime import Limit, LimitError, deadline_ms, elapsed_ms, near_ms
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
