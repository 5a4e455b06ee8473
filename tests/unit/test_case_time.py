"""What moves a deadline: return and dispatch anew, and more time that is asked for and granted."""

from __future__ import annotations

import pytest

from domain.case import actions as a
from domain.case.decision import ReasonCode, Rejection
from domain.case.events import (
    ClockExtended,
    ClockNear,
    ClockOverdue,
    ClockStopped,
    ExtensionDecided,
    ExtensionDropped,
    ExtensionRequested,
)
from domain.case.state import Clock
from domain.case.values import (
    EXTENSION_REQUESTS_MAX,
    Channel,
    ClockKind,
    ClockVerdict,
    DropCause,
    ExtensionReason,
    FailReason,
    Place,
    ReturnReason,
    Role,
    Source,
    Status,
)
from eventlog.record import DecisionRecord, Outcome
from tests.support.city import GRID, TEAM, URBAN, actor, city_of, ms, standard_with
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, COLLECTOR, DISPATCHER, HANDLER, SHIFT_HEAD, START, dispatched

LEADER = actor(Role.LEADER)
ASK = a.RequestExtension(ExtensionReason.WEATHER, "2WH")
GRANT = a.DecideExtension(granted=True)
RETURN = a.Return(ReturnReason.CANNOT_FIND)
HOUR = 3_600_000


def handling(condition: str = "02") -> Desk:
    """A case at work since Monday 11:00; its limit is 4WH, due 17:00."""
    desk = dispatched(condition)
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    return desk


def clock(desk: Desk) -> Clock:
    """The lead's handling clock."""
    assert desk.file.case is not None
    found = desk.file.case.handling_clock
    assert found is not None
    return found


def code(record: DecisionRecord) -> ReasonCode | None:
    return record.rejection.code if record.rejection else None


def test_the_worked_example_goes_on_through_a_return_to_the_same_unit() -> None:
    desk = dispatched()
    desk.act(HANDLER, a.Acknowledge(), ms("2018-10-15T11:20"))
    desk.act(HANDLER, a.Handle(), ms("2018-10-15T15:30"))
    desk.act(ACCEPTOR, a.SendCheck("chen"), ms("2018-10-15T15:40"))
    desk.act(COLLECTOR, a.FailCheck(FailReason.NOT_DONE), ms("2018-10-15T16:10"))
    returned = desk.act(HANDLER, RETURN, ms("2018-10-15T16:40"))
    assert returned.outcome is Outcome.ACCEPTED
    assert desk.file.case is not None
    assert desk.file.case.status is Status.FILED
    assert clock(desk).used_ms == 180 * 60_000, "60 of 240 minutes are left"
    assert not clock(desk).running
    desk_clock = desk.file.case.clock(ClockKind.DISPATCH)
    assert desk_clock is not None
    assert (desk_clock.running, desk_clock.started_ms) == (True, ms("2018-10-15T16:40"))
    desk.act(DISPATCHER, a.Dispatch(TEAM), ms("2018-10-16T09:00"))
    assert clock(desk).deadline_ms == ms("2018-10-16T10:00")
    assert clock(desk).near_ms == ms("2018-10-16T09:12")
    desk.act(HANDLER, a.Acknowledge(), ms("2018-10-16T09:05"))
    desk.act(HANDLER, a.Handle(), ms("2018-10-16T10:00"))
    assert clock(desk).verdict is ClockVerdict.MET


def test_another_unit_starts_in_full_and_the_first_one_is_relieved() -> None:
    desk = handling()
    desk.act(HANDLER, RETURN, START + HOUR)
    again = desk.act(DISPATCHER, a.Dispatch(URBAN), START + HOUR + 60_000)
    stopped = next(e for e in again.events if isinstance(e, ClockStopped) and e.clock is ClockKind.HANDLE)
    assert (stopped.unit, stopped.verdict, stopped.used_ms) == (TEAM, ClockVerdict.REASSIGNED, HOUR)
    assert (clock(desk).unit, clock(desk).used_ms) == (URBAN, 0)
    assert code(desk.act(HANDLER, a.Acknowledge(), START + HOUR + 70_000)) is ReasonCode.NOT_A_PARTY


def test_a_return_hides_no_breach_and_brings_no_time_back() -> None:
    desk = handling()
    late = ms("2018-10-15T17:30")
    desk.act(HANDLER, RETURN, late)
    assert clock(desk).overdue, "the wall still counts it as 超时"
    desk.act(DISPATCHER, a.Dispatch(TEAM), late + 60_000)
    assert clock(desk).deadline_ms == ms("2018-10-15T17:00"), "nothing is granted after the breach"
    desk.act(HANDLER, a.Acknowledge(), late + 70_000)
    desk.act(HANDLER, a.Handle(), late + 80_000)
    assert clock(desk).verdict is ClockVerdict.MISSED


def test_a_unit_that_was_late_when_it_returned_stays_late_when_another_one_takes_over() -> None:
    desk = handling()
    desk.act(HANDLER, RETURN, ms("2018-10-15T17:30"))
    again = desk.act(DISPATCHER, a.Dispatch(URBAN), ms("2018-10-15T17:31"))
    stopped = next(e for e in again.events if isinstance(e, ClockStopped) and e.clock is ClockKind.HANDLE)
    assert stopped.verdict is ClockVerdict.MISSED


def test_only_the_lead_returns_and_only_what_is_not_done() -> None:
    desk = dispatched(co=(URBAN,))
    co_handler = actor(Role.HANDLER, "he", URBAN)
    assert code(desk.act(co_handler, RETURN, START + 1)) is ReasonCode.NOT_A_PARTY
    assert desk.act(HANDLER, RETURN, START + 2).outcome is Outcome.ACCEPTED, "also before it is signed for"
    assert code(desk.act(HANDLER, RETURN, START + 3)) is ReasonCode.NOT_A_PARTY
    again = desk.act(DISPATCHER, a.Dispatch(TEAM), START + HOUR)
    relieved = [e for e in again.events if isinstance(e, ClockStopped) and e.clock is ClockKind.CO_HANDLE]
    assert [(e.unit, e.verdict) for e in relieved] == [(URBAN, ClockVerdict.REASSIGNED)]


def test_granted_time_moves_deadline_and_near_and_ends_the_request() -> None:
    desk = handling()
    assert desk.act(HANDLER, ASK, START + HOUR).outcome is Outcome.ACCEPTED
    granted = desk.act(SHIFT_HEAD, GRANT, START + HOUR + 60_000)
    moved = next(e for e in granted.events if isinstance(e, ClockExtended))
    assert moved.added_ms == 2 * HOUR
    assert clock(desk).deadline_ms == ms("2018-10-16T09:00"), "17:00 + 2 working hours"
    assert clock(desk).near_ms == ms("2018-10-15T17:48"), "80 % of six working hours"
    assert code(desk.act(SHIFT_HEAD, GRANT, START + HOUR + 70_000)) is ReasonCode.NO_OPEN_EXTENSION


def test_what_was_asked_and_what_was_decided_is_told_whole() -> None:
    desk = handling()
    asked = desk.act(HANDLER, a.RequestExtension(ExtensionReason.MATERIALS, "2WH", "no covers left"), START + 2)
    assert asked.events == (
        ExtensionRequested(
            at_ms=START + 2,
            unit=TEAM,
            person="li",
            reason=ExtensionReason.MATERIALS,
            amount="2WH",
            text="no covers left",
        ),
    )
    denied = desk.act(SHIFT_HEAD, a.DecideExtension(granted=False, text="there are"), START + 3)
    assert denied.events == (ExtensionDecided(at_ms=START + 3, person="shift_head", granted=False, text="there are"),)
    desk.act(HANDLER, ASK, START + 4)
    granted = desk.act(SHIFT_HEAD, GRANT, START + 5)
    assert granted.events == (
        ExtensionDecided(at_ms=START + 5, person="shift_head", granted=True),
        ClockExtended(
            at_ms=START + 5,
            clock=ClockKind.HANDLE,
            unit=TEAM,
            added_ms=2 * HOUR,
            deadline_ms=ms("2018-10-16T09:00"),
            near_ms=ms("2018-10-15T17:48"),
        ),
    )


def test_a_case_that_was_near_is_near_again_only_when_the_moved_instant_has_passed() -> None:
    desk = handling()
    desk.act(HANDLER, ASK, ms("2018-10-15T16:30"))
    desk.act(SHIFT_HEAD, GRANT, ms("2018-10-15T16:40"))
    assert not clock(desk).near
    tick = desk.act(actor(Role.SYSTEM, scope=""), a.Tick(), ms("2018-10-15T18:00"))
    assert [e.at_ms for e in tick.events if isinstance(e, ClockNear)] == [ms("2018-10-15T17:48")]


def test_granted_time_is_kept_through_rework() -> None:
    desk = handling()
    desk.act(HANDLER, ASK, START + 2)
    desk.act(SHIFT_HEAD, GRANT, START + 3)
    desk.act(HANDLER, a.Handle(), START + HOUR)
    desk.act(ACCEPTOR, a.SendCheck("chen"), ms("2018-10-15T14:30"))
    desk.act(COLLECTOR, a.FailCheck(FailReason.NOT_DONE), ms("2018-10-15T15:00"))
    assert clock(desk).deadline_ms == ms("2018-10-16T10:00"), "one of six hours was used: five are left from 15:00"


def test_the_second_request_is_a_leaders_and_a_third_is_refused() -> None:
    desk = handling()
    for number, who in enumerate((SHIFT_HEAD, LEADER)):
        desk.act(HANDLER, ASK, START + 10 * number + 2)
        other = LEADER if who is SHIFT_HEAD else SHIFT_HEAD
        assert code(desk.act(other, GRANT, START + 10 * number + 3)) is ReasonCode.WRONG_ROLE
        assert desk.act(who, GRANT, START + 10 * number + 4).outcome is Outcome.ACCEPTED
    assert code(desk.act(HANDLER, ASK, START + 30)) is ReasonCode.TOO_MANY_EXTENSIONS


def test_a_refusal_moves_nothing_and_requests_are_bounded() -> None:
    desk = handling()
    before = clock(desk)
    for number in range(EXTENSION_REQUESTS_MAX):
        assert desk.act(HANDLER, ASK, START + 10 * number + 2).outcome is Outcome.ACCEPTED
        assert code(desk.act(HANDLER, ASK, START + 10 * number + 3)) is ReasonCode.EXTENSION_OPEN
        desk.act(SHIFT_HEAD, a.DecideExtension(granted=False), START + 10 * number + 4)
    assert clock(desk) == before
    assert code(desk.act(HANDLER, ASK, START + 500)) is ReasonCode.TOO_MANY_EXTENSIONS


def test_nothing_is_granted_after_the_breach_however_late_the_tick() -> None:
    desk = handling()
    desk.act(HANDLER, ASK, START + HOUR)
    deadline = clock(desk).deadline_ms
    assert deadline is not None
    late = desk.act(SHIFT_HEAD, GRANT, deadline + 1)
    assert code(late) is ReasonCode.NO_OPEN_EXTENSION
    dropped = next(e for e in late.events if isinstance(e, ExtensionDropped))
    assert (dropped.at_ms, dropped.cause) == (deadline, DropCause.OVERDUE)
    assert any(isinstance(e, ClockOverdue) for e in late.events)
    assert code(desk.act(HANDLER, ASK, deadline + 2)) is ReasonCode.ALREADY_OVERDUE


def test_at_the_deadline_itself_it_can_still_be_granted() -> None:
    desk = handling()
    desk.act(HANDLER, ASK, START + HOUR)
    deadline = clock(desk).deadline_ms
    assert deadline is not None
    assert desk.act(SHIFT_HEAD, GRANT, deadline).outcome is Outcome.ACCEPTED


def test_an_open_request_dies_when_its_state_is_left() -> None:
    for action in (a.Handle(), RETURN):
        desk = handling()
        desk.act(HANDLER, ASK, START + HOUR)
        left = desk.act(HANDLER, action, START + HOUR + 60_000)
        dropped = [event for event in left.events if isinstance(event, ExtensionDropped)]
        assert dropped == [ExtensionDropped(at_ms=START + HOUR + 60_000, cause=DropCause.STATE_LEFT)]
        assert code(desk.act(SHIFT_HEAD, GRANT, START + HOUR + 70_000)) is ReasonCode.NO_OPEN_EXTENSION


def test_a_request_that_asks_for_what_may_not_be_is_refused_with_what_may() -> None:
    for condition, amount, expected in (
        ("02", "5WH", ReasonCode.EXTENSION_TOO_LONG),
        ("02", "2CD", ReasonCode.BAD_LIMIT),
        ("02", "soon", ReasonCode.BAD_LIMIT),
        ("01", "1UH", ReasonCode.URGENT_NOT_EXTENDED),
    ):
        asked = a.RequestExtension(ExtensionReason.MATERIALS, amount)
        assert code(handling(condition).act(HANDLER, asked, START + 2)) is expected
    assert code(dispatched().act(HANDLER, ASK, START + 2)) is ReasonCode.WRONG_STATE


def test_nobody_decides_what_they_asked_for() -> None:
    desk = handling()
    desk.act(HANDLER, ASK, START + 2)
    both = actor(Role.SHIFT_HEAD, HANDLER.person)
    assert code(desk.act(both, GRANT, START + 3)) is ReasonCode.DECIDES_OWN_REQUEST


def test_a_small_extension_of_a_near_clock_tells_nothing_twice() -> None:
    desk = handling()
    desk.act(HANDLER, a.RequestExtension(ExtensionReason.WEATHER, "1WM"), ms("2018-10-15T16:50"))
    desk.act(SHIFT_HEAD, GRANT, ms("2018-10-15T16:55"))
    assert clock(desk).near, "more than 80 % is used all the same"
    tick = desk.act(actor(Role.SYSTEM, scope=""), a.Tick(), ms("2018-10-15T17:30"))
    assert [type(e).__name__ for e in tick.events if getattr(e, "clock", None) == "handle"] == ["ClockOverdue"]


def test_a_lead_that_returns_unsigned_gets_no_signature_to_its_credit() -> None:
    desk = dispatched()
    returned = desk.act(HANDLER, RETURN, START + 60_000)
    stopped = [e for e in returned.events if isinstance(e, ClockStopped) and e.clock is ClockKind.ACKNOWLEDGE]
    assert [e.verdict for e in stopped] == [ClockVerdict.WAIVED]


def test_a_co_handler_that_was_done_and_is_named_again_has_a_new_part() -> None:
    desk = dispatched(co=(URBAN,))
    co_handler = actor(Role.HANDLER, "he", URBAN)
    desk.act(co_handler, a.Acknowledge(), START + 1)
    desk.act(co_handler, a.CoDone(), START + HOUR)
    desk.act(HANDLER, RETURN, START + HOUR + 1)
    desk.act(DISPATCHER, a.Dispatch(TEAM, (URBAN,)), START + HOUR + 2)
    assert desk.file.case is not None
    part = desk.file.case.clock(ClockKind.CO_HANDLE, URBAN)
    assert part is not None
    assert (part.running, part.used_ms, part.started_ms) == (True, 0, START + HOUR + 2)


def stated(condition: str, hours: int, *more: a.Step) -> Desk:
    """An imported case at work since Monday 11:00 whose source states a deadline so many running hours later."""
    desk = Desk()
    steps = (
        a.Step(a.Accept(), START - 3),
        a.Step(a.File("010101", condition), START - 2),
        a.Step(a.Dispatch(TEAM), START),
        a.Step(a.Acknowledge(), START + 1),
        *more,
    )
    past = a.ImportCase(
        Source("old", "1"), a.Report(Place(GRID), Channel.HOTLINE, "010101"), START - 4, steps, START + hours * HOUR
    )
    record = desk.act(actor(Role.IMPORTER), past, START + HOUR)
    assert record.outcome is Outcome.ACCEPTED
    return desk


def test_a_stated_deadline_is_extended_by_no_more_than_the_time_it_stated_however_long_it_lay_returned() -> None:
    desk = stated("02", 26)
    two, one = (a.RequestExtension(ExtensionReason.WEATHER, amount) for amount in ("2CD", "1CD"))
    assert code(desk.act(HANDLER, two, START + 2 * HOUR)) is ReasonCode.EXTENSION_TOO_LONG
    desk.act(HANDLER, RETURN, START + 3 * HOUR)
    later = START + 240 * HOUR
    desk.act(DISPATCHER, a.Dispatch(TEAM), later)
    desk.act(HANDLER, a.Acknowledge(), later + 1)
    assert code(desk.act(HANDLER, two, later + 2)) is ReasonCode.EXTENSION_TOO_LONG
    assert desk.act(HANDLER, one, later + 3).outcome is Outcome.ACCEPTED


def test_what_has_no_limit_is_not_extended() -> None:
    desk = Desk(by=city_of(standard_with({"02": None}, limits_required=False)))
    report, done = a.Report(Place(GRID), Channel.HOTLINE, "010101"), (a.Accept(), a.File("010101", "02"))
    steps = tuple(a.Step(do, START) for do in (*done, a.Dispatch(TEAM), a.Acknowledge()))
    desk.act(actor(Role.IMPORTER), a.ImportCase(Source("old", "1"), report, START, steps), START)
    refused = desk.act(HANDLER, ASK, START + 1).rejection
    assert refused == Rejection(ReasonCode.NO_LIMIT, "handling", {"found": None})


def test_days_are_extended_by_days_and_by_no_more_than_there_were() -> None:
    desk = Desk(by=city_of(standard_with({"02": "3CD"})))
    for who, action in (
        (ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101")),
        (ACCEPTOR, a.Accept()),
        (SHIFT_HEAD, a.File("010101", "02")),
        (DISPATCHER, a.Dispatch(TEAM)),
        (HANDLER, a.Acknowledge()),
    ):
        desk.act(who, action, START)
    for amount, refused in (
        ("1WH", Rejection(ReasonCode.BAD_LIMIT, "handling", {"found": "1WH", "allowed": ["CD"]})),
        ("4CD", Rejection(ReasonCode.EXTENSION_TOO_LONG, "handling", {"found": "4CD", "allowed": ["3CD"]})),
        ("3CD", None),
    ):
        assert desk.act(HANDLER, a.RequestExtension(ExtensionReason.WEATHER, amount), START).rejection == refused


def test_an_urgent_limit_is_not_extended_because_a_source_states_another_deadline() -> None:
    asked = stated("01", 48).act(HANDLER, a.RequestExtension(ExtensionReason.WEATHER, "1CD"), START + 2 * HOUR)
    assert code(asked) is ReasonCode.URGENT_NOT_EXTENDED


def test_a_sources_deadline_is_final_also_through_a_return_in_its_history() -> None:
    back = (a.Step(RETURN, START + 10 * 60_000), a.Step(a.Dispatch(TEAM), START + 20 * 60_000))
    other = (a.Step(RETURN, START + 10 * 60_000), a.Step(a.Dispatch(URBAN), START + 20 * 60_000))
    for more in (back, other):
        assert clock(stated("02", 26, *more)).deadline_ms == START + 26 * HOUR


@pytest.mark.parametrize(
    ("opened_ms", "deadline_ms", "allowed"),
    [
        (-(10**20), None, False),
        (ms("1989-12-31T23:59"), None, False),
        (ms("1990-01-01T00:00"), None, True),
        (START, ms("2080-01-01T00:00"), True),
        (START, ms("2080-01-01T00:01"), False),
        (START, 10**20, False),
    ],
)
def test_a_past_outside_the_calendars_years_is_refused_for_no_day_of_it_could_be_named(
    opened_ms: int, deadline_ms: int | None, allowed: bool
) -> None:
    desk = Desk()
    report = a.Report(Place(GRID), Channel.HOTLINE, "010101")
    past = a.ImportCase(Source("old", "1"), report, opened_ms, (), deadline_ms)
    record = desk.act(actor(Role.IMPORTER), past, START + HOUR)
    assert code(record) == (None if allowed else ReasonCode.OUTSIDE_CALENDAR)
