"""The laws of duties, in any state that is reached: no open case stands still, and whoever is named may act."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from msgspec.structs import replace

from domain.case import actions as a
from domain.case.actions import CASE_ACTIONS, Attempt, CaseAction
from domain.case.decide import decide
from domain.case.decision import ReasonCode, Rejected
from domain.case.duties import Act, Duty, duties
from domain.case.evolve import fold
from domain.case.frame import Rules
from domain.case.state import Case
from domain.case.values import Actor, Channel, Finding, Place, Role, Status
from domain.worktime.limit import HOUR_MS
from eventlog.record import DecisionRecord, decode, encode
from tests.proof.test_case_never_fails import Course
from tests.support.city import GRID, actor, ms, rules, split_city, torn_city
from tests.support.courses import PHOTO
from tests.support.desk import Desk
from tests.support.standards import UNITS
from tests.unit.test_golden import WRITTEN, two_cases_that_are_linked

COURSES_OF_EACH = 5
"""For each action, so that none is left to chance."""
NOT_THEIRS = frozenset(
    {
        *(ReasonCode.WRONG_ROLE, ReasonCode.WRONG_LEVEL, ReasonCode.NOT_A_PARTY, ReasonCode.OUT_OF_SCOPE),
        *(ReasonCode.WRONG_STATE, ReasonCode.NOT_THE_VERIFIER, ReasonCode.NOT_THE_CHECKER, ReasonCode.DRAWN_FOR_CHECK),
        *(ReasonCode.DECIDES_OWN_REQUEST, ReasonCode.DISCOVERER_MAY_NOT_HANDLE, ReasonCode.NOT_ACKNOWLEDGED),
        *(ReasonCode.NOTHING_OFFERED, ReasonCode.NOT_OFFERED_TO, ReasonCode.NO_OPEN_EXTENSION),
        *(ReasonCode.NO_OPEN_SUSPENSION, ReasonCode.NO_OPEN_APPEAL, ReasonCode.APPEAL_NOT_REVIEWED),
        *(ReasonCode.NO_SUCH_SUPERVISION, ReasonCode.NO_SUCH_CONSULTATION),
    }
)
"""The refusals that say: it was not theirs to do, or there was nothing to do."""

RARE = frozenset({Act.DECIDE_APPEAL, Act.REVIEW_APPEAL, Act.COMPLETE_REPORT, Act.REASSIGN})
"""An appeal, an unknown place and a part given back: hardly ever drawn."""


def action_of(duty: Duty, case: Case) -> CaseAction:
    """The act as the one who owes it would ask for it."""
    number = duty.number or 0
    simple: dict[Act, CaseAction] = {
        Act.ACCEPT: a.Accept(),
        Act.COMPLETE_REPORT: a.CompleteReport(photos=(PHOTO,)),
        Act.GIVE_VERIFICATION: a.GiveVerification(Finding.TRUE),
        Act.FILE: a.File(),
        Act.DISPATCH: a.Dispatch(UNITS[0].code),
        Act.REASSIGN: a.Reassign(case.lead.unit if case.lead else UNITS[0].code),
        Act.ACKNOWLEDGE: a.Acknowledge(),
        Act.HANDLE: a.Handle(),
        Act.CO_DONE: a.CoDone(),
        Act.SEND_CHECK: a.SendCheck("checker"),
        Act.CHECK: a.PassCheck(),
        Act.CLOSE: a.Close(),
        Act.DECIDE_EXTENSION: a.DecideExtension(granted=False),
        Act.DECIDE_SUSPENSION: a.DecideSuspension(granted=False),
        Act.REPLY_SUPERVISION: a.ReplySupervision(number, "字"),
        Act.CONCLUDE: a.Conclude(number, (), "字"),
        Act.TAKE_OVER: a.TakeOver(),
        Act.REVIEW_APPEAL: a.ReviewAppeal(supported=True, text="字"),
        Act.DECIDE_APPEAL: a.DecideAppeal(upheld=True, text="字"),
    }
    return simple[duty.act]


def owing(duty: Duty) -> list[Actor]:
    """Somebody of each post that the duty names."""
    person = duty.person or "somebody"
    level = 0 if duty.level is None else duty.level
    return [Actor(person, role, "", level, duty.unit) for role in duty.roles or (Role.COLLECTOR,)]


def holds(case: Case, at_ms: int, rules: Rules, met: Counter[str]) -> None:
    """All laws, of a case as it stands."""
    owed = duties(case)
    if case.open and case.status is not Status.SUSPENDED:
        assert owed, f"an open case in {case.status} that nobody owes anything"
    if not case.open:
        assert {duty.act for duty in owed} <= {Act.REVIEW_APPEAL, Act.DECIDE_APPEAL}
    for duty in owed:
        for who in owing(duty):
            assert duty.is_of(who, case.place.grid)
            attempt = Attempt("x", "case-1", who, action_of(duty, case), at_ms, "d")
            decision = decide(case, attempt, at_ms, rules, "n")
            refused = isinstance(decision, Rejected) and decision.rejection.code in NOT_THEIRS
            assert not refused, (duty, who, decision)
        met[duty.act] += 1


def test_an_open_case_always_has_somebody_who_owes_the_next_act_and_may_do_it() -> None:
    met: Counter[str] = Counter()

    for kind in CASE_ACTIONS:

        @settings(max_examples=COURSES_OF_EACH)
        @given(st.data(), st.just(kind))
        def laws_hold(data: DataObject, kind: type[CaseAction]) -> None:
            course = Course(data)
            course.about(kind)
            for step, by in zip(course.steps, course.rules, strict=True):
                if step.after.case is not None:
                    holds(step.after.case, step.record.at_ms, by, met)

        laws_hold()
    assert set(Act) - RARE <= met.keys(), "the courses owe every act but those, which the whole lives do"


def a_report_whose_grid_ends() -> list[bytes]:
    """Nobody knows any more where it lies, before it is filed."""
    desk, at_ms = Desk("case-nowhere"), ms("2018-10-15T09:00")
    desk.act(actor(Role.ACCEPTOR), a.Report(Place(GRID), Channel.HOTLINE, "010101"), at_ms)
    desk.rules = split_city(at_ms + HOUR_MS)
    desk.act(actor(Role.SYSTEM, scope=""), a.Tick(), at_ms + HOUR_MS)
    return list(map(encode, desk.records))


def test_every_act_is_owed_in_the_whole_lives_that_are_stored_and_may_be_done() -> None:
    met: Counter[str] = Counter()
    torn = torn_city()
    shipped = replace(rules(), pinned={torn.book.version: torn})

    whole = [life for life in WRITTEN.values() if life is not two_cases_that_are_linked]  # it keeps one's end only
    for life in (*whole, a_report_whose_grid_ends):
        cases: dict[str, Case] = {}
        for record in map(decode, life()):
            if not isinstance(record, DecisionRecord):
                continue
            case = fold(cases.get(record.case), record.events)
            if case is not None:
                cases[record.case] = case
                holds(case, record.at_ms, shipped, met)
    assert met.keys() == set(Act), "no act is left out"


@pytest.mark.parametrize("not_by", [(), ("wang",)])
def test_a_duty_is_of_nobody_who_asked_for_it(not_by: tuple[str, ...]) -> None:
    duty = Duty(Act.DECIDE_SUSPENSION, (Role.LEADER,), not_by=not_by)
    assert duty.is_of(Actor("wang", Role.LEADER), "910101") is ("wang" not in not_by)
