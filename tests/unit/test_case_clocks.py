"""The arithmetic of a case's clocks, each event whole: start, stop, more time, going on, and what fell due."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain.case import actions as a
from domain.case import clocks
from domain.case.events import (
    ClockExtended,
    ClockNear,
    ClockOverdue,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ExtensionDropped,
    SuspensionDropped,
)
from domain.case.state import Case, Clock, ExtensionRequest, SuspensionRequest
from domain.case.values import Channel, ClockKind, ClockVerdict, DropCause, ExtensionReason, Place, SuspensionReason
from domain.worktime import Limit, WdRule
from tests.support.city import GRID, TEAM, URBAN, city_of, ms, rules, standard_with
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, DISPATCHER, HANDLER, SHIFT_HEAD, START
from tests.unit.test_case_suspension import LEADER, TICK, handling

TO_WORK = (
    (ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101")),
    (ACCEPTOR, a.Accept()),
    (SHIFT_HEAD, a.File("010101", "02")),
    (DISPATCHER, a.Dispatch(TEAM)),
    (HANDLER, a.Acknowledge()),
)
MINUTE, HOUR = 60_000, 3_600_000
HANDLE = ClockKind.HANDLE
CALENDAR = rules().calendar
TEN, FOUR = ms("2018-10-15T10:00"), ms("2018-10-15T16:00")
CLOCK = Clock(
    HANDLE,
    "unit:x",
    TEN,
    TEN,
    unit="x",
    limit="4WH",
    deadline_ms=FOUR,
    near_ms=ms("2018-10-15T15:12"),
)
"""Four working hours from Monday 10:00."""
FREE = replace(CLOCK, limit=None, deadline_ms=None, near_ms=None)
STATED = replace(CLOCK, limit=clocks.STATED, deadline_ms=TEN + 10 * HOUR, near_ms=TEN + 8 * HOUR)


def test_a_clock_starts_with_the_instants_of_its_limit_or_without_any() -> None:
    def started(limit: str | None, wd_rule: WdRule) -> ClockStarted:
        return clocks.started(HANDLE, TEN, "unit:x", limit, CALENDAR, wd_rule, "x")

    bare = ClockStarted(at_ms=TEN, clock=HANDLE, holder="unit:x", unit="x")
    assert started(None, WdRule.HOURS) == bare
    assert started("4WH", WdRule.HOURS) == replace(
        bare, limit="4WH", deadline_ms=CLOCK.deadline_ms, near_ms=CLOCK.near_ms
    )
    assert started("2WD", WdRule.HOURS) == replace(
        bare, limit="2WD", deadline_ms=ms("2018-10-17T10:00"), near_ms=ms("2018-10-16T16:48")
    )
    assert started("2WD", WdRule.END_OF_DAY) == replace(
        bare, limit="2WD", deadline_ms=ms("2018-10-17T18:00"), near_ms=ms("2018-10-17T11:36")
    ), "80 % of the 22 working hours between start and deadline"


@pytest.mark.parametrize(("span_ms", "near_after_ms"), [(10 * HOUR, 8 * HOUR), (7, 6), (0, 0), (-HOUR, 0)])
def test_a_stated_deadline_is_near_after_four_fifths_of_the_running_time_rounded_up(
    span_ms: int, near_after_ms: int
) -> None:
    assert clocks.started_with_stated_deadline(HANDLE, TEN, "unit:x", TEN + span_ms, "x") == ClockStarted(
        at_ms=TEN,
        clock=HANDLE,
        holder="unit:x",
        unit="x",
        limit="stated",
        deadline_ms=TEN + span_ms,
        near_ms=TEN + near_after_ms,
    )


@pytest.mark.parametrize(
    ("clock", "at", "verdict", "used_ms"),
    [
        (CLOCK, "2018-10-15T16:00", ClockVerdict.WAIVED, 4 * HOUR),
        (CLOCK, "2018-10-15T16:01", ClockVerdict.MISSED, 4 * HOUR + MINUTE),
        (replace(CLOCK, used_ms=HOUR), "2018-10-15T10:30", ClockVerdict.WAIVED, HOUR + 30 * MINUTE),
        (CLOCK, "2018-10-15T10:00", ClockVerdict.WAIVED, 0),
        (FREE, "2018-10-16T10:00", ClockVerdict.NO_DEADLINE, 24 * HOUR),
        (FREE, "2018-10-15T10:00", ClockVerdict.NO_DEADLINE, 0),
        (STATED, "2018-10-15T13:00", ClockVerdict.WAIVED, 3 * HOUR),
    ],
)
def test_a_clock_stops_on_time_at_its_deadline_and_missed_after_it(
    clock: Clock, at: str, verdict: ClockVerdict, used_ms: int
) -> None:
    stopped = clocks.stopped(clock, ms(at), CALENDAR, ClockVerdict.WAIVED)
    assert stopped == ClockStopped(at_ms=ms(at), clock=HANDLE, unit="x", verdict=verdict, used_ms=used_ms)


def test_a_clock_that_stands_still_is_relieved_but_stays_missed() -> None:
    def verdict(clock: Clock) -> ClockVerdict:
        relieved = clocks.relieved(replace(clock, used_ms=5), TEN)
        assert replace(relieved, verdict=ClockVerdict.MET) == ClockStopped(
            at_ms=TEN, clock=HANDLE, unit="x", verdict=ClockVerdict.MET, used_ms=5
        )
        return relieved.verdict

    assert verdict(CLOCK) is ClockVerdict.REASSIGNED
    assert verdict(replace(CLOCK, overdue=True)) is ClockVerdict.MISSED
    assert verdict(FREE) is ClockVerdict.NO_DEADLINE


@pytest.mark.parametrize(
    ("clock", "amount", "deadline", "near"),
    [
        (CLOCK, "2WH", "2018-10-15T18:00", "2018-10-15T16:48"),
        (
            replace(CLOCK, extended_ms=2 * HOUR, deadline_ms=ms("2018-10-15T18:00")),
            "2WH",
            "2018-10-16T10:00",
            "2018-10-16T08:24",
        ),
        (
            replace(CLOCK, used_ms=230 * MINUTE, deadline_ms=TEN + 10 * MINUTE),
            "1WM",
            "2018-10-15T10:11",
            "2018-10-15T10:00",
        ),
        (STATED, "1CD", "2018-10-16T20:00", "2018-10-16T13:12"),
    ],
    ids=["once", "twice", "more than 80 % of the whole was used when it went on", "stated"],
)
def test_granted_time_moves_the_deadline_and_near_to_four_fifths_of_the_whole(
    clock: Clock, amount: str, deadline: str, near: str
) -> None:
    limit = Limit.parse(amount)
    found = clocks.extended(clock, TEN + MINUTE, limit, CALENDAR, WdRule.HOURS)
    assert found == ClockExtended(
        at_ms=TEN + MINUTE,
        clock=HANDLE,
        unit="x",
        added_ms=limit.span_ms(CALENDAR.workday_minutes),
        deadline_ms=ms(deadline),
        near_ms=ms(near),
    )
    assert isinstance(found.near_ms, int), "stored instants are whole milliseconds"


STOOD = {"running": False, "paused": True, "stopped_ms": TEN + HOUR}
GOES_ON = ms("2018-10-16T09:00")


@pytest.mark.parametrize(
    ("clock", "deadline", "near"),
    [
        (replace(CLOCK, used_ms=HOUR, **STOOD), "2018-10-16T12:00", "2018-10-16T11:12"),
        (replace(CLOCK, used_ms=HOUR, extended_ms=HOUR, **STOOD), "2018-10-16T15:00", "2018-10-16T12:00"),
        (replace(CLOCK, used_ms=200 * MINUTE, **STOOD), "2018-10-16T09:40", "2018-10-16T09:00"),
        (replace(CLOCK, used_ms=4 * HOUR, **STOOD), "2018-10-16T09:00", "2018-10-16T09:00"),
        (replace(CLOCK, used_ms=HOUR, overdue=True, **STOOD), "2018-10-15T16:00", "2018-10-15T15:12"),
        (replace(CLOCK, verdict=ClockVerdict.MISSED, **STOOD), "2018-10-15T16:00", "2018-10-15T15:12"),
        (replace(STATED, **STOOD), "2018-10-16T18:00", "2018-10-16T16:00"),
        (replace(FREE, **STOOD), None, None),
    ],
    ids=["some left", "of what was granted, too", "near at once", "none left", "overdue", "missed", "stated", "free"],
)
def test_a_clock_goes_on_with_what_is_left_and_with_nothing_more_after_the_breach(
    clock: Clock, deadline: str | None, near: str | None
) -> None:
    deadline_ms, near_ms = (None if text is None else ms(text) for text in (deadline, near))
    assert clocks.resumed(clock, GOES_ON, CALENDAR, WdRule.HOURS) == ClockResumed(
        at_ms=GOES_ON, clock=HANDLE, unit="x", deadline_ms=deadline_ms, near_ms=near_ms
    )


def test_working_days_by_close_of_business_are_extended_and_go_on_by_the_hours_between() -> None:
    """Monday 11:00, 2WD by `end_of_day`: until Wednesday 18:00, that is 21 working hours."""
    by = city_of(standard_with({"02": "2WD"}, wd_rule=WdRule.END_OF_DAY))
    desk = Desk(by=by)
    for at_ms, who, action in (
        *((START, who, action) for who, action in TO_WORK),
        (ms("2018-10-15T12:00"), HANDLER, a.RequestExtension(ExtensionReason.WEATHER, "1WD")),
        (ms("2018-10-15T12:00"), SHIFT_HEAD, a.DecideExtension(granted=True)),
    ):
        assert desk.act(who, action, at_ms).rejection is None
    assert instants(desk) == (ms("2018-10-18T18:00"), ms("2018-10-18T10:12")), "29 hours: 80 % are 23.2"
    for at_ms, who, action in (
        (ms("2018-10-16T08:00"), HANDLER, a.RequestSuspension(SuspensionReason.SEASON, ms("2018-10-22T08:00"))),
        (ms("2018-10-16T08:00"), LEADER, a.DecideSuspension(granted=True)),
        (ms("2018-10-22T08:00") + 1, *TICK),
    ):
        assert desk.act(who, action, at_ms).rejection is None
    assert instants(desk) == (ms("2018-10-24T18:00"), ms("2018-10-24T10:12")), "24 of 29 hours are left, 18.2 of 23.2"


def instants(desk: Desk) -> tuple[int | None, int | None]:
    assert desk.file.case is not None
    clock = desk.file.case.handling_clock
    assert clock is not None
    return clock.deadline_ms, clock.near_ms


def with_requests(case: Case) -> Case:
    """Somebody asked for more time, and for a pause that would end with the breach."""
    clock = case.handling_clock
    assert clock is not None
    assert clock.deadline_ms is not None
    pause = SuspensionRequest("li", clock.deadline_ms)
    return replace(case, extension=ExtensionRequest("li", "1WH"), suspension=pause)


def test_what_fell_due_is_told_strictly_after_its_instant_and_once_for_each_party() -> None:
    case = handling((URBAN,)).file.case
    assert case is not None
    case = replace(case, clocks=tuple(clock for clock in case.clocks if clock.kind is not ClockKind.ACKNOWLEDGE))
    near, deadline = ms("2018-10-15T16:12"), ms("2018-10-15T17:00")
    nears = [ClockNear(at_ms=near, clock=kind, unit=unit) for kind, unit in PARTIES]
    lead, co_handler = (ClockOverdue(at_ms=deadline, clock=kind, unit=unit) for kind, unit in PARTIES)
    assert clocks.fallen_due(case, near) == []
    assert clocks.fallen_due(case, near + 1) == nears
    assert clocks.fallen_due(case, deadline) == nears
    assert clocks.fallen_due(case, deadline + 1) == [*nears, lead, co_handler]
    assert clocks.fallen_due(with_requests(case), deadline + 1) == [
        *nears,
        lead,
        ExtensionDropped(at_ms=deadline, cause=DropCause.OVERDUE),
        co_handler,
        SuspensionDropped(at_ms=deadline, cause=DropCause.OVERDUE),
    ], "each request dies once, with the lead's clock; at the same instant the breach is the cause"


PARTIES = ((HANDLE, TEAM), (ClockKind.CO_HANDLE, URBAN))


def test_what_is_near_and_overdue_at_one_instant_is_told_in_that_order() -> None:
    case = handling().file.case
    assert case is not None
    at_once = replace(CLOCK, unit=TEAM, near_ms=FOUR)
    found = clocks.fallen_due(replace(case, clocks=(at_once,)), FOUR + 1)
    assert [type(event) for event in found] == [ClockNear, ClockOverdue]


@pytest.mark.parametrize("limit", ["4WH", "2CD", None, clocks.STATED])
def test_between_an_instant_and_itself_or_an_earlier_one_nothing_is_counted(limit: str | None) -> None:
    assert clocks.counted_by(limit, TEN, TEN, CALENDAR) == 0
    assert clocks.counted_by(limit, TEN, TEN - 1, CALENDAR) == 0
    assert clocks.counted_by(limit, TEN, TEN + 1, CALENDAR) == 1
