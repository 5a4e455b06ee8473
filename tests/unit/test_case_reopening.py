"""After closing: a new round, a rating, an appeal in two steps."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.events import AppealDropped
from domain.case.state import Appeal, Case, Round
from domain.case.values import (
    ROUNDS_MAX,
    Actor,
    AppealReason,
    Channel,
    ClockKind,
    ClockVerdict,
    CloseKind,
    ForceReason,
    Place,
    ReopenReason,
    Role,
    Source,
    Status,
)
from eventlog.record import DecisionRecord, Outcome
from reference.contents import pack, rules_of
from tests.support.city import GRID, TEAM, actor, contents, rules
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, COLLECTOR, DISPATCHER, HANDLER, SHIFT_HEAD, START, dispatched
from tests.unit.test_case_recurrence import closed

LEADER = actor(Role.LEADER)
INSPECTOR = actor(Role.INSPECTOR)
AGAIN = a.Reopen(ReopenReason.NOT_SOLVED)
ASK = a.RequestAppeal(AppealReason.FORCE_MAJEURE, "the road was flooded")
REVIEW = a.ReviewAppeal(supported=True, text="so it was")
UPHOLD = a.DecideAppeal(upheld=True, text="exempt")
DAY = 86_400_000
LATER = START + DAY


def closed_late() -> Desk:
    desk = dispatched("01")
    for hours, who, action in (
        (1, HANDLER, a.Acknowledge()),
        (3, HANDLER, a.Handle()),
        (3, ACCEPTOR, a.SendCheck("chen")),
        (3, COLLECTOR, a.PassCheck()),
        (3, SHIFT_HEAD, a.Close()),
    ):
        assert desk.act(who, action, START + hours * 3_600_000).outcome is Outcome.ACCEPTED
    assert case_of(desk).kind is CloseKind.OVERDUE
    return desk


def case_of(desk: Desk) -> Case:
    assert desk.file.case is not None
    return desk.file.case


def refused(record: DecisionRecord) -> ReasonCode | None:
    return record.rejection.code if record.rejection else None


def test_a_new_round_begins_at_the_dispatcher_and_knows_nothing_of_the_last_one() -> None:
    desk = closed()
    before = case_of(desk)
    assert before.ended_ms is not None
    assert desk.act(SHIFT_HEAD, AGAIN, LATER).outcome is Outcome.ACCEPTED
    case = case_of(desk)
    assert (case.status, case.lead, case.kind, case.ended_ms) == (Status.FILED, None, None, None)
    assert (case.opened_ms, case.round_ms, case.rounds) == (
        before.opened_ms,
        LATER,
        (Round(before.opened_ms, before.ended_ms),),
    )
    assert [(clock.kind, clock.holder) for clock in case.clocks] == [(ClockKind.DISPATCH, "desk:0")]
    assert case.handling_clock is None
    desk.act(DISPATCHER, a.Dispatch(TEAM), LATER + 1)
    clock = case_of(desk).handling_clock
    assert clock is not None
    assert (clock.started_ms, clock.used_ms, clock.running) == (LATER + 1, 0, True), "the same unit starts in full"


def test_the_new_round_pins_the_standard_adopted_by_then() -> None:
    desk = closed()
    old = rules().book.version
    assert case_of(desk).rulebook == old
    made = contents()
    classes = tuple(
        replace(one, conditions=tuple(replace(c, limit="9WD") for c in one.conditions)) if one.code == "010101" else one
        for one in made.standard.classes
    )
    changed = replace(made, standard=replace(made.standard, classes=classes))
    new = rules_of(changed, pack(changed)[0])
    desk.rules = replace(new, pinned={old: rules()})
    desk.act(LEADER, AGAIN, LATER)
    assert (case_of(desk).rulebook, case_of(desk).limit) == (new.book.version, "9WD")


def test_who_handled_it_before_still_may_not_check_it() -> None:
    desk = closed()
    desk.act(SHIFT_HEAD, AGAIN, LATER)
    for who, action in (
        (DISPATCHER, a.Dispatch(TEAM)),
        (actor(Role.HANDLER, "wu", TEAM), a.Acknowledge()),
        (actor(Role.HANDLER, "wu", TEAM), a.Handle()),
    ):
        assert desk.act(who, action, LATER + 1).outcome is Outcome.ACCEPTED
    assert refused(desk.act(ACCEPTOR, a.SendCheck("li"), LATER + 2)) is ReasonCode.HANDLER_MAY_NOT_CHECK


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (ACCEPTOR, ReasonCode.WRONG_ROLE),
        (HANDLER, ReasonCode.WRONG_ROLE),
        (actor(Role.SHIFT_HEAD, level=1), ReasonCode.WRONG_LEVEL),
        (actor(Role.LEADER, scope="410183002"), ReasonCode.OUT_OF_SCOPE),
    ],
)
def test_the_shift_head_of_the_desk_or_a_leader_opens_it_again(who: Actor, code: ReasonCode) -> None:
    assert refused(closed().act(who, AGAIN, LATER)) is code


def test_only_what_was_closed_is_opened_again() -> None:
    assert refused(dispatched().act(SHIFT_HEAD, AGAIN, LATER)) is ReasonCode.WRONG_STATE
    forced = dispatched()
    forced.act(LEADER, a.ForceClose(ForceReason.IN_COURT, "case 7"), START + 1)
    assert case_of(forced).kind is CloseKind.FORCED
    assert forced.act(LEADER, AGAIN, LATER).outcome is Outcome.ACCEPTED
    assert (case_of(forced).unhandled, case_of(forced).kind) == (False, None)


def test_a_condition_that_is_gone_has_to_be_named_anew() -> None:
    desk = closed()
    gone = a.Reopen(ReopenReason.AUDIT, condition="77")
    assert refused(desk.act(LEADER, gone, LATER)) is ReasonCode.UNKNOWN_CONDITION
    desk.act(LEADER, a.Reopen(ReopenReason.AUDIT, condition="03"), LATER)
    assert case_of(desk).condition == "03"


def test_a_case_is_opened_again_only_so_often() -> None:
    desk = closed()
    for turn in range(ROUNDS_MAX - 1):
        assert desk.act(LEADER, AGAIN, LATER + turn * 10).outcome is Outcome.ACCEPTED
        desk.act(LEADER, a.ForceClose(ForceReason.IN_COURT, "7"), LATER + turn * 10 + 1)
    assert refused(desk.act(LEADER, AGAIN, LATER + 9_999)) is ReasonCode.TOO_MANY_ROUNDS


def test_the_reporter_rates_or_the_desk_that_called_back() -> None:
    desk = closed()
    assert refused(desk.act(SHIFT_HEAD, a.Rate(5), LATER)) is ReasonCode.WRONG_ROLE
    assert desk.act(ACCEPTOR, a.Rate(4, "fine"), LATER).outcome is Outcome.ACCEPTED
    assert refused(desk.act(ACCEPTOR, a.Rate(1), LATER + 1)) is ReasonCode.RATED_ALREADY
    citizen = actor(Role.PUBLIC, "zhou", scope="")
    own = Desk()
    own.act(citizen, a.Report(Place(GRID), Channel.WECHAT, "010101"), START)
    assert refused(own.act(citizen, a.Rate(5), START + 1)) is ReasonCode.WRONG_STATE
    own.act(LEADER, a.ForceClose(ForceReason.IN_COURT, "7"), START + 2)
    told = own.act(citizen, a.Rate(2), START + 3)
    assert [getattr(event, "called_back", None) for event in told.events] == [False]
    own.act(LEADER, AGAIN, START + 4)
    assert case_of(own).rating is None, "a new round is rated anew"


def test_an_upheld_appeal_exempts_the_breach_and_leaves_it_visible() -> None:
    desk = closed_late()
    for number, (who, action) in enumerate(((HANDLER, ASK), (INSPECTOR, REVIEW), (LEADER, UPHOLD))):
        assert desk.act(who, action, LATER + number).outcome is Outcome.ACCEPTED
    case = case_of(desk)
    assert case.exempt
    assert case.appeal == Appeal(TEAM, "li", "inspector", True, True)
    clock = case.handling_clock
    assert clock is not None
    assert (clock.verdict, case.kind) == (ClockVerdict.MISSED, CloseKind.OVERDUE)


def test_an_appeal_that_is_not_upheld_exempts_nothing() -> None:
    desk = closed_late()
    for who, action in (
        (HANDLER, ASK),
        (INSPECTOR, a.ReviewAppeal(supported=False, text="no")),
        (LEADER, a.DecideAppeal(upheld=False, text="no")),
    ):
        desk.act(who, action, LATER)
    assert not case_of(desk).exempt
    assert refused(desk.act(HANDLER, ASK, LATER + 1)) is ReasonCode.APPEALED_ALREADY, "a second appeal"
    assert refused(desk.act(LEADER, UPHOLD, LATER + 1)) is ReasonCode.NO_OPEN_APPEAL


def test_three_people_one_step_each_in_their_order() -> None:
    desk = closed_late()
    assert refused(desk.act(INSPECTOR, REVIEW, LATER)) is ReasonCode.NO_OPEN_APPEAL
    desk.act(HANDLER, ASK, LATER)
    assert refused(desk.act(LEADER, UPHOLD, LATER)) is ReasonCode.APPEAL_NOT_REVIEWED
    assert refused(desk.act(LEADER, REVIEW, LATER)) is ReasonCode.WRONG_ROLE
    assert refused(desk.act(actor(Role.INSPECTOR, "li"), REVIEW, LATER)) is ReasonCode.DECIDES_OWN_REQUEST
    desk.act(INSPECTOR, REVIEW, LATER)
    assert desk.act(INSPECTOR, REVIEW, LATER + 1).outcome is Outcome.UNCHANGED
    for hand in ("li", "inspector"):
        assert refused(desk.act(actor(Role.LEADER, hand), UPHOLD, LATER)) is ReasonCode.DECIDES_OWN_REQUEST


def test_there_is_nothing_to_appeal_where_the_lead_was_in_time_and_nobody_else_appeals() -> None:
    assert refused(closed().act(HANDLER, ASK, LATER)) is ReasonCode.NOTHING_TO_APPEAL
    stranger = actor(Role.HANDLER, "he", "410183-urban")
    assert refused(closed_late().act(stranger, ASK, LATER)) is ReasonCode.NOT_A_PARTY
    assert refused(dispatched().act(HANDLER, ASK, LATER)) is ReasonCode.WRONG_STATE


def test_an_open_appeal_dies_when_the_case_is_opened_again_and_a_decided_one_does_not() -> None:
    for answered in (False, True):
        desk = closed_late()
        desk.act(HANDLER, ASK, LATER)
        if answered:
            desk.act(INSPECTOR, REVIEW, LATER)
            desk.act(LEADER, UPHOLD, LATER)
        told = desk.act(LEADER, AGAIN, LATER + 1)
        assert any(isinstance(event, AppealDropped) for event in told.events) is not answered
        assert (case_of(desk).appeal, case_of(desk).exempt) == (None, False)


def test_an_imported_case_whose_end_has_no_time_is_opened_again() -> None:
    desk = Desk()
    steps = (
        a.Step(a.Accept()),
        a.Step(a.File("010101", "02")),
        a.Step(a.Dispatch(TEAM), START),
        a.Step(a.Acknowledge()),
        a.Step(a.Handle(), START + 1),
        a.Step(a.SendCheck("x")),
        a.Step(a.PassCheck()),
        a.Step(a.Close()),
    )
    past = a.ImportCase(Source("old", "1"), a.Report(Place(GRID), Channel.HOTLINE, "010101"), START - 1, steps)
    assert desk.act(actor(Role.IMPORTER), past, LATER).rejection is None
    assert (case_of(desk).status, case_of(desk).ended_ms) == (Status.CLOSED, None)
    assert desk.act(LEADER, AGAIN, LATER + 1).outcome is Outcome.ACCEPTED
    assert case_of(desk).rounds == (Round(START - 1, None),)
