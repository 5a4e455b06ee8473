"""What is owed on a case, state after state: who has to do what by when, and whom a duty excludes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain.case import actions as a
from domain.case.duties import Act, Duty, duties
from domain.case.state import Case
from domain.case.values import (
    Actor,
    AppealReason,
    Channel,
    ClockKind,
    ExtensionReason,
    FailReason,
    ForceReason,
    Measure,
    Place,
    ReturnReason,
    Role,
    Status,
    SupervisionKind,
    SuspensionReason,
)
from tests.support.city import GRID, TEAM, URBAN, actor, ms
from tests.support.desk import Desk
from tests.unit.test_case_self_handling import DONE, DRAWN, FREE, STAFF

MINUTE = 60_000
"""Each step of a life comes a minute after the one before."""
POLICE = "410183-police"
ACCEPTOR, SHIFT_HEAD, DISPATCHER = actor(Role.ACCEPTOR), actor(Role.SHIFT_HEAD), actor(Role.DISPATCHER)
HANDLER, CO_HANDLER = actor(Role.HANDLER, "li", TEAM), actor(Role.HANDLER, "he", URBAN)
COLLECTOR, LEADER, INSPECTOR = actor(Role.COLLECTOR, "chen"), actor(Role.LEADER), actor(Role.INSPECTOR)
HEAD = actor(Role.GRID_HEAD, "zhang", level=2)
AT = ms("2018-10-15T09:00")
FAR = AT + 20 * 86_400_000
SOON = AT + 30 * MINUTE

Life = tuple[tuple[Actor, a.CaseAction], ...]
REPORTED: Life = ((ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101")),)
ACCEPTED: Life = (*REPORTED, (ACCEPTOR, a.Accept()))
FILED: Life = (*ACCEPTED, (SHIFT_HEAD, a.File("010101", "02")))
DISPATCHED: Life = (*FILED, (DISPATCHER, a.Dispatch(TEAM, (URBAN,))))
AT_WORK: Life = (*DISPATCHED, (HANDLER, a.Acknowledge()), (CO_HANDLER, a.Acknowledge()))
DONE_BESIDE: Life = (*AT_WORK, (CO_HANDLER, a.CoDone()))
HANDLED: Life = (*DONE_BESIDE, (HANDLER, a.Handle()))
CHECKING: Life = (*HANDLED, (ACCEPTOR, a.SendCheck("chen")))
CHECKED: Life = (*CHECKING, (COLLECTOR, a.PassCheck()))
CLOSED: Life = (*CHECKED, (SHIFT_HEAD, a.Close()))
MORE: Life = ((HANDLER, a.RequestExtension(ExtensionReason.WEATHER, "1WH")),)
GRANTED: Life = (*MORE, (SHIFT_HEAD, a.DecideExtension(granted=True)))
PATROL: Life = ((COLLECTOR, a.Report(Place(GRID), Channel.PATROL, "010101")),)


def pause(until_ms: int) -> Life:
    return ((HANDLER, a.RequestSuspension(SuspensionReason.SEASON, until_ms)),)


def lived(life: Life, case_id: str = "case-1") -> Case:
    """The case after these acts; each has to hold."""
    desk = Desk(case_id)
    for number, (who, action) in enumerate(life):
        assert desk.act(who, action, AT + number * MINUTE).rejection is None, action
    assert desk.file.case is not None
    return desk.file.case


def timed(case: Case, duty: Duty, kind: ClockKind, unit: str | None = None) -> Duty:
    """The duty with the instants of that clock, which runs."""
    clock = case.clock(kind, unit)
    assert clock is not None
    assert clock.running
    assert clock.deadline_ms is not None
    return replace(duty, near_ms=clock.near_ms, due_ms=clock.deadline_ms)


def at_desk(act: Act, *roles: Role, level: int = 0) -> Duty:
    return Duty(act, roles, level)


STAFF_ROLES = (Role.COLLECTOR, Role.GRID_HEAD)
BY_STATE: dict[str, tuple[Life, Duty, ClockKind]] = {
    "reported": (REPORTED, at_desk(Act.ACCEPT, Role.ACCEPTOR), ClockKind.ACCEPT),
    "reported by grid staff": (PATROL, at_desk(Act.ACCEPT, Role.GRID_HEAD, level=2), ClockKind.ACCEPT),
    "verifying": (
        (*REPORTED, (ACCEPTOR, a.RequestVerification("chen"))),
        Duty(Act.GIVE_VERIFICATION, STAFF_ROLES, person="chen"),
        ClockKind.VERIFY,
    ),
    "accepted": (ACCEPTED, at_desk(Act.FILE, Role.SHIFT_HEAD), ClockKind.FILE),
    "filed": (FILED, at_desk(Act.DISPATCH, Role.DISPATCHER), ClockKind.DISPATCH),
    "returned": (
        (*AT_WORK, (HANDLER, a.Return(ReturnReason.NOT_OURS))),
        at_desk(Act.DISPATCH, Role.DISPATCHER),
        ClockKind.DISPATCH,
    ),
    "handled": (HANDLED, at_desk(Act.SEND_CHECK, Role.ACCEPTOR), ClockKind.SEND_CHECK),
    "checking": (CHECKING, Duty(Act.CHECK, STAFF_ROLES, person="chen"), ClockKind.CHECK),
    "checked": (CHECKED, at_desk(Act.CLOSE, Role.SHIFT_HEAD), ClockKind.CLOSE),
}


@pytest.mark.parametrize(("life", "duty", "kind"), BY_STATE.values(), ids=BY_STATE)
def test_outside_the_hands_of_the_parties_one_act_is_owed_by_the_clock_of_its_stage(
    life: Life, duty: Duty, kind: ClockKind
) -> None:
    case = lived(life)
    assert duties(case) == (timed(case, duty, kind),)


@pytest.mark.parametrize(
    ("case_id", "act", "role", "kind"),
    [
        (FREE, Act.CLOSE, Role.GRID_HEAD, ClockKind.CLOSE),
        (DRAWN, Act.SEND_CHECK, Role.GRID_HEAD, ClockKind.SEND_CHECK),
    ],
)
def test_what_grid_staff_did_is_closed_unless_it_was_drawn_for_a_check(
    case_id: str, act: Act, role: Role, kind: ClockKind
) -> None:
    case = lived(((STAFF, a.Report(Place(GRID), Channel.PATROL, "030101")), (STAFF, DONE)), case_id)
    assert duties(case) == (timed(case, at_desk(act, role, level=2), kind),)
    assert duties(replace(case, self_handled=False, drawn=False))[0].act is Act.SEND_CHECK, "by the lead's handling"
    higher = {Act.CLOSE: Role.SHIFT_HEAD, Act.SEND_CHECK: Role.ACCEPTOR}[act]
    assert [(duty.act, duty.roles, duty.level) for duty in duties(replace(case, level=1))] == [(act, (higher,), 1)]


def party(act: Act, unit: str) -> Duty:
    """Of a member of that unit who did not discover it."""
    return Duty(act, (Role.HANDLER,), unit=unit, not_by=("acceptor",))


def test_each_party_owes_its_signature_then_its_part_until_it_is_done() -> None:
    unsigned = lived(DISPATCHED)
    assert duties(unsigned) == (
        timed(unsigned, party(Act.ACKNOWLEDGE, TEAM), ClockKind.ACKNOWLEDGE, TEAM),
        timed(unsigned, party(Act.ACKNOWLEDGE, URBAN), ClockKind.ACKNOWLEDGE, URBAN),
    )
    at_work = lived(AT_WORK)
    lead = timed(at_work, party(Act.HANDLE, TEAM), ClockKind.HANDLE, TEAM)
    assert duties(at_work) == (lead, timed(at_work, party(Act.CO_DONE, URBAN), ClockKind.CO_HANDLE, URBAN))
    assert duties(lived(DONE_BESIDE)) == (lead,)


def test_after_a_failed_check_the_lead_owes_the_work_anew_and_so_do_the_co_handlers_named() -> None:
    case = lived((*CHECKING, (COLLECTOR, a.FailCheck(FailReason.NOT_DONE, (URBAN,)))))
    assert [(duty.act, duty.unit) for duty in duties(case)] == [(Act.HANDLE, TEAM), (Act.CO_DONE, URBAN)]


def test_a_part_that_was_given_back_is_the_dispatchers_to_give_anew() -> None:
    case = lived((*AT_WORK, (CO_HANDLER, a.CoReturn(ReturnReason.NOT_OURS))))
    handle = timed(case, party(Act.HANDLE, TEAM), ClockKind.HANDLE, TEAM)
    assert duties(case) == (handle, at_desk(Act.REASSIGN, Role.DISPATCHER)), "no clock runs for it"


def test_more_time_is_decided_by_the_shift_head_then_by_a_leader_and_never_by_who_asked() -> None:
    for before, duty in (
        ((), at_desk(Act.DECIDE_EXTENSION, Role.SHIFT_HEAD)),
        (GRANTED, Duty(Act.DECIDE_EXTENSION, (Role.LEADER,))),
    ):
        case = lived((*DONE_BESIDE, *before, *MORE))
        assert duties(case)[1:] == (timed(case, replace(duty, not_by=("li",)), ClockKind.HANDLE, TEAM),), (
            "until the handling clock's deadline: nothing is granted after it"
        )


def test_a_pause_is_decided_before_it_would_be_over_and_before_the_breach() -> None:
    for until_ms in (FAR, SOON):
        case = lived((*DONE_BESIDE, *pause(until_ms)))
        clock = case.handling_clock
        assert clock is not None
        assert clock.deadline_ms is not None
        [_, decided] = duties(case)
        assert decided == Duty(
            Act.DECIDE_SUSPENSION,
            (Role.LEADER,),
            not_by=("li",),
            near_ms=clock.near_ms,
            due_ms=min(until_ms, clock.deadline_ms),
        )
    unlimited = replace(case, clocks=tuple(replace(one, deadline_ms=None, near_ms=None) for one in case.clocks))
    assert [duty.due_ms for duty in duties(unlimited)] == [None, SOON], "without a limit only the pause's own end"


def test_while_it_is_suspended_only_what_stands_alongside_is_owed() -> None:
    life = (*DONE_BESIDE, *pause(FAR), (LEADER, a.DecideSuspension(granted=True)))
    assert duties(lived(life)) == ()
    ordered = lived((*life, (LEADER, a.Supervise(SupervisionKind.LISTED, FAR))))
    assert [duty.act for duty in duties(ordered)] == [Act.REPLY_SUPERVISION]


DESK = (Role.ACCEPTOR, Role.SHIFT_HEAD, Role.DISPATCHER)
ORDER: Life = ((LEADER, a.Supervise(SupervisionKind.LISTED, FAR)),)


def test_a_reply_is_the_leads_while_it_is_at_work_and_the_desks_before_and_after() -> None:
    at_desk_0 = Duty(Act.REPLY_SUPERVISION, DESK, 0, number=1, due_ms=FAR)
    leads = replace(party(Act.REPLY_SUPERVISION, TEAM), number=1, due_ms=FAR)
    for life, reply in (
        (FILED, at_desk_0),
        (DISPATCHED, leads),
        (DONE_BESIDE, leads),
        (HANDLED, at_desk_0),
        (CHECKED, at_desk_0),
    ):
        *_, last = duties(lived((*life, *ORDER)))
        assert last == reply
    at_village = lived((*PATROL, *ORDER))
    assert duties(at_village)[-1] == Duty(Act.REPLY_SUPERVISION, (Role.GRID_HEAD,), 2, number=1, due_ms=FAR)


def test_an_order_that_was_answered_or_lapsed_is_owed_no_more_and_each_other_by_its_number() -> None:
    life = (*FILED, *ORDER, *ORDER, (DISPATCHER, a.ReplySupervision(1, "dispatched now")))
    case = lived(life)
    assert [duty.number for duty in duties(case) if duty.act is Act.REPLY_SUPERVISION] == [2]
    lapsed = replace(case, supervisions=tuple(replace(order, lapsed=True) for order in case.supervisions))
    assert [duty.act for duty in duties(lapsed)] == [Act.DISPATCH]


def test_a_consultation_is_concluded_by_the_desk_that_called_it() -> None:
    life: Life = (
        *FILED,
        (DISPATCHER, a.Consult(Measure.SITE_VISIT, (TEAM,), "whose?")),
        (DISPATCHER, a.Consult(Measure.JOINT_MEETING, (URBAN,), "whose?")),
    )
    assert duties(lived(life))[1:] == (Duty(Act.CONCLUDE, DESK, 0, number=1), Duty(Act.CONCLUDE, DESK, 0, number=2))
    concluded = lived((*life, (DISPATCHER, a.Conclude(1, (), "ours"))))
    assert duties(concluded)[1:] == (Duty(Act.CONCLUDE, DESK, 0, number=2),)


def test_an_unknown_place_is_completed_by_the_desk_until_it_is_filed() -> None:
    for life, owed in ((REPORTED, True), (ACCEPTED, True), (FILED, False), (DONE_BESIDE, False)):
        case = replace(lived(life), place_incomplete=True)
        completed = [duty for duty in duties(case) if duty.act is Act.COMPLETE_REPORT]
        assert completed == ([at_desk(Act.COMPLETE_REPORT, Role.ACCEPTOR)] if owed else [])


def test_whoever_is_offered_the_first_contact_owes_the_answer() -> None:
    assert duties(lived((*REPORTED, (ACCEPTOR, a.HandOver("wu")))))[1:] == (Duty(Act.TAKE_OVER, person="wu"),)


def test_an_ended_case_owes_nothing_but_the_answer_to_an_appeal() -> None:
    assert duties(lived(CLOSED)) == ()
    late = lived((*DONE_BESIDE, (LEADER, a.ForceClose(ForceReason.IN_COURT, "x"))))
    assert duties(replace(late, offered_to="wu", place_incomplete=True)) == ()
    appealed = lived_late((HANDLER, a.RequestAppeal(AppealReason.SYSTEM_FAULT)))
    assert duties(appealed) == (Duty(Act.REVIEW_APPEAL, (Role.INSPECTOR,), not_by=("li",)),)
    assert duties(replace(appealed, status=Status.FILED))[0].act is Act.DISPATCH, "of the round before"
    assert duties(replace(appealed, status=Status.VOID)) == ()
    reviewed: Life = (
        (HANDLER, a.RequestAppeal(AppealReason.SYSTEM_FAULT)),
        (INSPECTOR, a.ReviewAppeal(supported=False, text="it was not")),
    )
    assert duties(lived_late(*reviewed)) == (Duty(Act.DECIDE_APPEAL, (Role.LEADER,), not_by=("li", "inspector")),)
    assert duties(lived_late(*reviewed, (LEADER, a.DecideAppeal(upheld=False, text="late")))) == ()


def lived_late(*then: tuple[Actor, a.CaseAction]) -> Case:
    """A case that was closed a day later, and what was done then."""
    desk = Desk()
    for number, (who, action) in enumerate((*CLOSED, *then)):
        late_ms = 0 if number < len(DONE_BESIDE) else 86_400_000
        assert desk.act(who, action, AT + late_ms + number * MINUTE).rejection is None, action
    assert desk.file.case is not None
    return desk.file.case


def test_a_clock_that_does_not_run_sets_no_time() -> None:
    case = lived(REPORTED)
    still = replace(case, clocks=tuple(replace(clock, running=False) for clock in case.clocks))
    assert duties(still) == (at_desk(Act.ACCEPT, Role.ACCEPTOR),)
    assert duties(replace(case, clocks=())) == (at_desk(Act.ACCEPT, Role.ACCEPTOR),)


OF = Duty(Act.HANDLE, (Role.HANDLER,), 0, TEAM, "li", ("wang",))
LI = Actor("li", Role.HANDLER, GRID[:9], 0, TEAM)


@pytest.mark.parametrize(
    ("duty", "who", "owed"),
    [
        (OF, LI, True),
        (OF, replace(LI, role=Role.LEADER), False),
        (OF, replace(LI, level=1), False),
        (OF, replace(LI, unit=URBAN), False),
        (OF, replace(LI, person="wu"), False),
        (OF, replace(LI, scope="410183002"), False),
        (replace(OF, not_by=("li",)), LI, False),
        (Duty(Act.TAKE_OVER), Actor("wu", Role.PUBLIC, level=3), True),
    ],
)
def test_a_duty_is_of_whoever_has_all_that_it_names(duty: Duty, who: Actor, owed: bool) -> None:
    assert duty.is_of(who, GRID) is owed
