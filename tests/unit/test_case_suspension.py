"""An approved pause 挂账: nobody's time runs, and the clocks go on where they stopped, by hand or by themselves."""

from __future__ import annotations

import pytest

from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.events import (
    ClockNear,
    ClockOverdue,
    ClockPaused,
    ClockResumed,
    ExtensionDropped,
    Resumed,
    Suspended,
    SuspensionDecided,
    SuspensionDropped,
    SuspensionRequested,
)
from domain.case.state import Case, Clock
from domain.case.values import (
    SUSPENSION_MS_MAX,
    SUSPENSION_REQUESTS_MAX,
    Actor,
    ClockKind,
    ClockVerdict,
    DropCause,
    ExtensionReason,
    PauseCause,
    ReturnReason,
    Role,
    Status,
    SuspensionReason,
    VoidReason,
)
from eventlog.record import DecisionRecord, Outcome
from tests.support.city import TEAM, URBAN, actor, ms
from tests.support.desk import Desk
from tests.unit.test_case import DISPATCHER, HANDLER, SHIFT_HEAD, START, dispatched

LEADER = actor(Role.LEADER)
TICK = (actor(Role.SYSTEM, scope=""), a.Tick())
GRANT = a.DecideSuspension(granted=True)
NOON = START + 3_600_000
"""One of the four working hours is used; what is left is due at 17:00 that day."""
FESTIVAL = ms("2018-10-22T09:00")
DUE = ms("2018-10-15T17:00")


def ask(until_ms: int = FESTIVAL) -> a.RequestSuspension:
    return a.RequestSuspension(SuspensionReason.SEASON, until_ms)


def handling(co: tuple[str, ...] = ()) -> Desk:
    """A case at work since Monday 11:00; its limit is 4WH."""
    desk = dispatched("02", co=co)
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    return desk


def suspended(co: tuple[str, ...] = ()) -> Desk:
    """Since Monday noon, until Monday of the next week."""
    desk = handling(co)
    desk.act(HANDLER, ask(), NOON - 1)
    assert desk.act(LEADER, GRANT, NOON).outcome is Outcome.ACCEPTED
    return desk


def case_of(desk: Desk) -> Case:
    assert desk.file.case is not None
    return desk.file.case


def clock(desk: Desk, kind: ClockKind = ClockKind.HANDLE, unit: str = TEAM) -> Clock:
    found = case_of(desk).clock(kind, unit)
    assert found is not None
    return found


def refused(record: DecisionRecord) -> ReasonCode | None:
    return record.rejection.code if record.rejection else None


def test_while_it_is_suspended_nobodys_time_runs() -> None:
    desk = suspended((URBAN,))
    assert case_of(desk).status is Status.SUSPENDED
    assert not [c for c in case_of(desk).clocks if c.running]
    assert clock(desk).used_ms == 3_600_000
    assert clock(desk, ClockKind.CO_HANDLE, URBAN).paused
    assert clock(desk, ClockKind.ACKNOWLEDGE, URBAN).paused, "the co-handler had not signed yet"
    assert case_of(desk).next_due_ms == FESTIVAL, "only the end of the pause is waited for"
    for who, action in ((HANDLER, a.Handle()), (HANDLER, a.Return(ReturnReason.NOT_OURS)), (HANDLER, ask())):
        assert refused(desk.act(who, action, NOON + 1)) is ReasonCode.WRONG_STATE


def test_the_dispatcher_resumes_it_and_the_clocks_go_on_with_what_is_left() -> None:
    desk = suspended((URBAN,))
    assert refused(desk.act(HANDLER, a.Resume(), NOON + 1)) is ReasonCode.WRONG_ROLE
    resumed = desk.act(DISPATCHER, a.Resume(), ms("2018-10-17T10:00"))
    assert [e.person for e in resumed.events if isinstance(e, Resumed)] == [DISPATCHER.person]
    assert case_of(desk).status is Status.HANDLING
    assert clock(desk).deadline_ms == ms("2018-10-17T15:00"), "three hours: two before noon and one after two"
    assert clock(desk, ClockKind.CO_HANDLE, URBAN).running
    assert clock(desk, ClockKind.ACKNOWLEDGE, URBAN).running
    assert refused(desk.act(DISPATCHER, a.Resume(), ms("2018-10-17T10:01"))) is ReasonCode.WRONG_STATE


def test_at_its_end_it_goes_on_by_itself_however_late_somebody_looks() -> None:
    early, late = suspended(), suspended()
    assert early.act(*TICK, FESTIVAL).outcome is Outcome.UNCHANGED, "the pause is over strictly after its end"
    seen = early.act(*TICK, FESTIVAL + 1)
    assert [(e.at_ms, e.person) for e in seen.events if isinstance(e, Resumed)] == [(FESTIVAL, None)]
    assert clock(early).deadline_ms == ms("2018-10-22T12:00")

    refused_but_told = late.act(DISPATCHER, a.Resume(), ms("2018-10-23T09:00"))
    assert refused(refused_but_told) is ReasonCode.WRONG_STATE
    kinds = [type(event) for event in refused_but_told.events if isinstance(event, Resumed | ClockNear | ClockOverdue)]
    assert kinds == [Resumed, ClockNear, ClockOverdue], "what follows the pause is told in the order of its instants"
    instants = [event.at_ms for event in refused_but_told.events if event.at_ms is not None]
    assert instants == sorted(instants)
    assert clock(late).deadline_ms == clock(early).deadline_ms


def test_it_is_asked_for_by_the_lead_and_granted_by_a_leader_who_is_somebody_else() -> None:
    desk = handling((URBAN,))
    helper = actor(Role.HANDLER, "he", URBAN)
    assert refused(desk.act(helper, ask(), NOON)) is ReasonCode.NOT_A_PARTY
    assert refused(desk.act(LEADER, GRANT, NOON)) is ReasonCode.NO_OPEN_SUSPENSION
    assert refused(desk.act(HANDLER, ask(), NOON)) is None
    assert refused(desk.act(HANDLER, ask(), NOON)) is ReasonCode.SUSPENSION_OPEN
    assert refused(desk.act(SHIFT_HEAD, GRANT, NOON)) is ReasonCode.WRONG_ROLE
    same = Actor(HANDLER.person, Role.LEADER, LEADER.scope)
    assert refused(desk.act(same, GRANT, NOON)) is ReasonCode.DECIDES_OWN_REQUEST
    assert refused(desk.act(LEADER, a.DecideSuspension(granted=False), NOON)) is None
    assert case_of(desk).status is Status.HANDLING
    assert clock(desk).running


def test_what_was_asked_and_what_was_decided_is_told_whole() -> None:
    desk = handling()
    asked = desk.act(HANDLER, a.RequestSuspension(SuspensionReason.FUNDS, FESTIVAL, "next year's"), START + 2)
    assert asked.events == (
        SuspensionRequested(
            at_ms=START + 2,
            unit=TEAM,
            person="li",
            reason=SuspensionReason.FUNDS,
            until_ms=FESTIVAL,
            text="next year's",
        ),
    )
    denied = desk.act(LEADER, a.DecideSuspension(granted=False, text="there are funds"), START + 3)
    assert denied.events == (
        SuspensionDecided(at_ms=START + 3, person="leader", granted=False, text="there are funds"),
    )
    desk.act(HANDLER, ask(), START + 4)
    granted = desk.act(LEADER, GRANT, NOON)
    assert granted.events == (
        SuspensionDecided(at_ms=NOON, person="leader", granted=True),
        Suspended(at_ms=NOON, until_ms=FESTIVAL),
        ClockPaused(at_ms=NOON, clock=ClockKind.HANDLE, unit=TEAM, cause=PauseCause.SUSPENDED, used_ms=3_600_000),
    )
    resumed = desk.act(DISPATCHER, a.Resume(), FESTIVAL - 3_600_000)
    assert resumed.events == (
        Resumed(at_ms=FESTIVAL - 3_600_000, person="dispatcher"),
        ClockResumed(
            at_ms=FESTIVAL - 3_600_000,
            clock=ClockKind.HANDLE,
            unit=TEAM,
            deadline_ms=FESTIVAL + 2 * 3_600_000,
            near_ms=FESTIVAL + 72 * 60_000,
        ),
    )


def test_once_a_case_and_not_asked_for_without_end() -> None:
    desk = suspended()
    desk.act(DISPATCHER, a.Resume(), NOON + 1)
    again = desk.act(HANDLER, ask(), NOON + 2)
    assert refused(again) is ReasonCode.TOO_MANY_SUSPENSIONS

    insistent = handling()
    for number in range(SUSPENSION_REQUESTS_MAX):
        assert refused(insistent.act(HANDLER, ask(), START + 2 + number)) is None
        insistent.act(LEADER, a.DecideSuspension(granted=False), START + 2 + number)
    assert refused(insistent.act(HANDLER, ask(), NOON)) is ReasonCode.TOO_MANY_SUSPENSIONS


@pytest.mark.parametrize(
    ("until_ms", "code"),
    [
        (NOON, ReasonCode.SUSPENSION_OVER),
        (NOON + 1, None),
        (NOON + SUSPENSION_MS_MAX, None),
        (NOON + SUSPENSION_MS_MAX + 1, ReasonCode.SUSPENSION_TOO_LONG),
        (-(10**20), ReasonCode.SUSPENSION_OVER),
        (10**20, ReasonCode.SUSPENSION_TOO_LONG),
    ],
)
def test_its_end_lies_ahead_and_at_most_a_year(until_ms: int, code: ReasonCode | None) -> None:
    assert refused(handling().act(HANDLER, ask(until_ms), NOON)) is code


def test_a_request_whose_end_has_come_before_it_is_decided_is_not_granted() -> None:
    desk = handling()
    desk.act(HANDLER, ask(NOON + 60_000), NOON)
    assert refused(desk.act(LEADER, GRANT, NOON + 60_000)) is ReasonCode.SUSPENSION_OVER
    assert case_of(desk).next_due_ms == NOON + 60_000
    told = desk.act(*TICK, NOON + 60_001)
    dropped = [(e.at_ms, e.cause) for e in told.events if isinstance(e, SuspensionDropped)]
    assert dropped == [(NOON + 60_000, DropCause.EXPIRED)]
    assert refused(desk.act(LEADER, GRANT, NOON + 60_001)) is ReasonCode.NO_OPEN_SUSPENSION
    assert refused(desk.act(HANDLER, ask(), NOON + 60_001)) is None, "the lead may ask again"


def test_a_request_dies_once_whichever_end_of_it_comes_first() -> None:
    for until_ms, cause in ((DUE - 1, DropCause.EXPIRED), (DUE + 1, DropCause.OVERDUE)):
        desk = handling()
        desk.act(HANDLER, ask(until_ms), NOON)
        late = desk.act(*TICK, DUE + 60_000)
        dropped = [(e.at_ms, e.cause) for e in late.events if isinstance(e, SuspensionDropped)]
        assert dropped == [(min(until_ms, DUE), cause)]


def test_nothing_is_granted_after_the_breach_and_the_request_dies_with_it() -> None:
    desk = handling()
    desk.act(HANDLER, ask(), NOON)
    late = desk.act(LEADER, GRANT, DUE + 1)
    assert refused(late) is ReasonCode.NO_OPEN_SUSPENSION
    assert [(e.at_ms, e.cause) for e in late.events if isinstance(e, SuspensionDropped)] == [(DUE, DropCause.OVERDUE)]
    assert refused(desk.act(HANDLER, ask(), DUE + 2)) is ReasonCode.ALREADY_OVERDUE

    in_time = handling()
    in_time.act(HANDLER, ask(), NOON)
    assert refused(in_time.act(LEADER, GRANT, DUE)) is None, "done at the deadline is on time"


def test_open_requests_die_when_their_state_is_left() -> None:
    more_time = a.RequestExtension(ExtensionReason.WEATHER, "1WH")
    desk = handling()
    desk.act(HANDLER, more_time, START + 2)
    desk.act(HANDLER, ask(), START + 3)
    granted = desk.act(LEADER, GRANT, NOON)
    assert [e.cause for e in granted.events if isinstance(e, ExtensionDropped)] == [DropCause.STATE_LEFT]
    for leaves in (a.Handle(), a.Return(ReturnReason.NOT_OURS)):
        other = handling()
        other.act(HANDLER, ask(), START + 3)
        left = other.act(HANDLER, leaves, NOON)
        dropped = [event for event in left.events if isinstance(event, SuspensionDropped)]
        assert dropped == [SuspensionDropped(at_ms=NOON, cause=DropCause.STATE_LEFT)]
        assert case_of(other).suspension is None


def test_what_is_suspended_can_be_void_and_nothing_wakes_it_then() -> None:
    desk = suspended()
    assert refused(desk.act(SHIFT_HEAD, a.Void(VoidReason.DUPLICATE), NOON + 1)) is None
    assert clock(desk).verdict is ClockVerdict.WAIVED
    assert case_of(desk).next_due_ms is None
    assert desk.act(*TICK, FESTIVAL + 1).outcome is Outcome.UNCHANGED
    assert case_of(desk).status is Status.VOID
