"""Alongside the case, in any open state: supervision, consultation, adjudication, first contact, alarms."""

from __future__ import annotations

import pytest

from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.events import AlarmUnshelved, SupervisionOverdue
from domain.case.state import Case
from domain.case.values import (
    CONSULTATIONS_MAX,
    HAND_OVERS_MAX,
    SHELVED_MS_MAX,
    SHELVINGS_MAX,
    SUPERVISIONS_MAX,
    AdjudicationReason,
    Channel,
    ForceReason,
    Measure,
    Place,
    Position,
    ReopenReason,
    Role,
    ShelveReason,
    Stance,
    SupervisionKind,
)
from eventlog.record import DecisionRecord, Outcome
from streams.ruling import rulings_of
from tests.support.city import GRID, TEAM, TOWN, URBAN, actor, torn_city
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, DISPATCHER, HANDLER, SHIFT_HEAD, START, dispatched
from tests.unit.test_case_recurrence import closed

LEADER = actor(Role.LEADER)
INSPECTOR = actor(Role.INSPECTOR)
TICK = (actor(Role.SYSTEM, scope=""), a.Tick())
HOUR = 3_600_000
HALF = HOUR // 2
ORDER = a.Supervise(SupervisionKind.ORDER, START + HALF, "the mayor asks")
REPLY = a.ReplySupervision(1, "we are on our way")
CALL = a.Consult(Measure.SITE_VISIT, (TEAM, URBAN), "whose cover is it?")
OWNER = a.Adjudicate(URBAN, AdjudicationReason.ASSET, "the cover is the city's")


def case_of(desk: Desk) -> Case:
    assert desk.file.case is not None
    return desk.file.case


def refused(record: DecisionRecord) -> ReasonCode | None:
    return record.rejection.code if record.rejection else None


def test_an_order_is_replied_to_by_whoever_has_the_case() -> None:
    desk = Desk()
    desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), START)
    assert desk.act(LEADER, ORDER, START + 1).outcome is Outcome.ACCEPTED
    assert refused(desk.act(HANDLER, REPLY, START + 2)) is ReasonCode.NOT_A_PARTY
    assert desk.act(SHIFT_HEAD, REPLY, START + 2).outcome is Outcome.ACCEPTED
    assert desk.act(SHIFT_HEAD, REPLY, START + 3).outcome is Outcome.UNCHANGED
    work = dispatched()
    work.act(INSPECTOR, ORDER, START + 1)
    assert work.act(HANDLER, REPLY, START + HALF).outcome is Outcome.ACCEPTED
    assert case_of(work).next_due_ms != ORDER.due_ms


def test_a_reply_that_does_not_come_is_told_at_its_own_instant_and_once() -> None:
    desk = dispatched()
    desk.act(LEADER, ORDER, START + 1)
    assert case_of(desk).next_due_ms == START + HALF
    at_due = desk.act(*TICK, START + HALF)
    assert not any(isinstance(event, SupervisionOverdue) for event in at_due.events), "at the instant it is in time"
    late = desk.act(HANDLER, REPLY, START + HALF + 1)
    assert [event.at_ms for event in late.events if isinstance(event, SupervisionOverdue)] == [START + HALF]
    assert (case_of(desk).supervisions[0].overdue, case_of(desk).supervisions[0].replied) == (True, True)
    assert not any(isinstance(event, SupervisionOverdue) for event in desk.act(*TICK, START + 2 * HOUR).events)


def test_an_order_moves_no_deadline() -> None:
    desk = dispatched()
    before = case_of(desk).clocks
    desk.act(LEADER, ORDER, START + 1)
    assert case_of(desk).clocks == before


@pytest.mark.parametrize("merged", [True, False])
def test_what_fell_due_while_the_case_had_ended_is_owed_by_nobody(merged: bool) -> None:
    desk = alarming()
    at = START + 101 * 60_000
    desk.act(LEADER, a.Supervise(SupervisionKind.URGE, at + HOUR), at)
    desk.act(LEADER, a.Supervise(SupervisionKind.URGE, at + 9 * HOUR), at)
    desk.act(DISPATCHER, a.ShelveAlarm(ShelveReason.KNOWN_FAULT, at + HOUR), at)
    away = a.Merge("case-2") if merged else a.ForceClose(ForceReason.IN_COURT, "7")
    back = a.Unmerge() if merged else a.Reopen(ReopenReason.AUDIT)
    desk.act(DISPATCHER if merged else LEADER, away, at + 1)
    assert desk.act(DISPATCHER if merged else LEADER, back, at + 2 * HOUR).outcome is Outcome.ACCEPTED
    assert [order.lapsed for order in case_of(desk).supervisions] == [True, not merged], "a new round owes none of them"
    assert case_of(desk).shelved_until_ms is None
    told = desk.act(*TICK, at + 3 * HOUR)
    assert not any(isinstance(event, SupervisionOverdue | AlarmUnshelved) for event in told.events)


def test_orders_that_cannot_be_given_or_replied_to() -> None:
    desk = dispatched()
    for due_ms in (START, START + 400 * 86_400_000):
        late = a.Supervise(SupervisionKind.URGE, due_ms)
        assert refused(desk.act(LEADER, late, START + 1)) is ReasonCode.DUE_OUT_OF_RANGE
    assert refused(desk.act(DISPATCHER, ORDER, START + 1)) is ReasonCode.WRONG_ROLE
    assert refused(desk.act(HANDLER, REPLY, START + 1)) is ReasonCode.NO_SUCH_SUPERVISION
    assert refused(closed().act(LEADER, ORDER, START + 100_000)) is ReasonCode.WRONG_STATE
    for number in range(SUPERVISIONS_MAX):
        assert desk.act(LEADER, ORDER, START + 2 + number).outcome is Outcome.ACCEPTED
    assert refused(desk.act(LEADER, ORDER, START + 1_000)) is ReasonCode.TOO_MANY_SUPERVISIONS


def test_a_consultation_ends_with_a_conclusion_and_a_position_of_each() -> None:
    desk = dispatched()
    assert desk.act(DISPATCHER, CALL, START + 1).outcome is Outcome.ACCEPTED
    agreed = (Position(TEAM, Stance.AGREES), Position(URBAN, Stance.DISAGREES))
    end = a.Conclude(1, agreed, "the team mends it, the department pays")
    strangers = a.Conclude(1, (Position("410183-police", Stance.AGREES),), "no")
    assert refused(desk.act(LEADER, strangers, START + 2)) is ReasonCode.NOT_A_PARTY
    twice = a.Conclude(1, (agreed[0], agreed[0]), "no")
    assert refused(desk.act(LEADER, twice, START + 2)) is ReasonCode.UNIT_NAMED_TWICE
    assert refused(desk.act(LEADER, a.Conclude(2, (), "no"), START + 2)) is ReasonCode.NO_SUCH_CONSULTATION
    assert desk.act(LEADER, end, START + 3).outcome is Outcome.ACCEPTED
    assert desk.act(LEADER, end, START + 4).outcome is Outcome.UNCHANGED
    assert case_of(desk).consultations[0].concluded


def test_who_may_not_call_and_units_that_cannot_be_called() -> None:
    desk = dispatched()
    assert refused(desk.act(HANDLER, CALL, START + 1)) is ReasonCode.WRONG_ROLE
    nowhere = a.Consult(Measure.JOINT_MEETING, ("none",), "?")
    assert refused(desk.act(LEADER, nowhere, START + 1)) is ReasonCode.UNKNOWN_UNIT
    for number in range(CONSULTATIONS_MAX):
        assert desk.act(LEADER, CALL, START + 2 + number).outcome is Outcome.ACCEPTED
    assert refused(desk.act(LEADER, CALL, START + 1_000)) is ReasonCode.TOO_MANY_CONSULTATIONS


def test_an_adjudication_takes_the_case_off_the_docket_of_unclear_ownership() -> None:
    desk = Desk(by=torn_city())
    desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), START)
    desk.act(ACCEPTOR, a.Accept(), START + 1)
    desk.act(SHIFT_HEAD, a.File(condition="02"), START + 2)
    assert case_of(desk).unclear
    assert refused(desk.act(DISPATCHER, OWNER, START + 3)) is ReasonCode.WRONG_ROLE
    nobody = a.Adjudicate("none", AdjudicationReason.LAW, "?")
    assert refused(desk.act(LEADER, nobody, START + 3)) is ReasonCode.UNKNOWN_UNIT
    local = actor(Role.LEADER, scope=TOWN)
    whole_city = a.Adjudicate(URBAN, AdjudicationReason.LAW, "?", place="410183")
    assert refused(desk.act(local, whole_city, START + 3)) is ReasonCode.OUT_OF_SCOPE
    elsewhere = a.Adjudicate(URBAN, AdjudicationReason.LAW, "?", place="410183002")
    assert refused(desk.act(LEADER, elsewhere, START + 3)) is ReasonCode.NOT_THE_PLACE
    desk.act(LEADER, OWNER, START + 4)
    assert (case_of(desk).unclear, case_of(desk).proposed) == (False, URBAN)


def test_an_adjudication_asks_for_a_dated_rule_where_the_case_has_a_class() -> None:
    desk = dispatched()
    told = desk.act(LEADER, a.Adjudicate(URBAN, AdjudicationReason.ASSET, "…", place=TOWN), START + 1)
    (ruling,) = rulings_of(told)
    assert (ruling.case_class, ruling.place, ruling.unit, ruling.since_ms) == ("010101", TOWN, URBAN, START + 1)
    assert (ruling.case_id, ruling.decided_by) == ("case-1", "leader")
    again = desk.act(LEADER, OWNER, START + 2)
    assert rulings_of(again)[0].code != ruling.code
    bare = Desk()
    bare.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE), START)
    assert rulings_of(bare.act(LEADER, OWNER, START + 1)) == []


def test_the_first_contact_duty_moves_only_when_it_is_taken() -> None:
    desk = dispatched()
    assert refused(desk.act(HANDLER, a.HandOver("wu"), START + 1)) is ReasonCode.WRONG_ROLE
    assert refused(desk.act(actor(Role.ACCEPTOR, "wu"), a.TakeOver(), START + 1)) is ReasonCode.NOTHING_OFFERED
    desk.act(ACCEPTOR, a.HandOver("wu"), START + 2)
    assert (case_of(desk).first_contact, case_of(desk).offered_to) == (None, "wu")
    assert desk.act(ACCEPTOR, a.HandOver("wu"), START + 3).outcome is Outcome.UNCHANGED
    assert refused(desk.act(actor(Role.ACCEPTOR, "qi"), a.TakeOver(), START + 3)) is ReasonCode.NOT_OFFERED_TO
    desk.act(actor(Role.ACCEPTOR, "wu"), a.TakeOver(), START + 4)
    assert (case_of(desk).first_contact, case_of(desk).offered_to) == ("wu", None)
    assert refused(desk.act(ACCEPTOR, a.HandOver("qi"), START + 5)) is ReasonCode.NOT_FIRST_CONTACT
    wu = actor(Role.ACCEPTOR, "wu")
    assert desk.act(wu, a.HandOver("wu"), START + 5).outcome is Outcome.UNCHANGED
    for number in range(HAND_OVERS_MAX - 1):
        assert desk.act(wu, a.HandOver(f"p{number}"), START + 6 + number).outcome is Outcome.ACCEPTED
    assert refused(desk.act(wu, a.HandOver("one more"), START + 100)) is ReasonCode.TOO_MANY_HAND_OVERS


def alarming() -> Desk:
    """Near its deadline: 2UH since START, and 100 minutes are gone."""
    desk = dispatched("01")
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    desk.act(*TICK, START + 100 * 60_000)
    assert case_of(desk).alarm
    return desk


def test_an_alarm_is_put_aside_and_comes_back_by_itself() -> None:
    desk = alarming()
    aside = a.ShelveAlarm(ShelveReason.BEING_DEALT_WITH, START + 3 * HOUR)
    desk.act(DISPATCHER, aside, START + 101 * 60_000)
    assert case_of(desk).shelved_until_ms == START + 3 * HOUR
    assert desk.act(DISPATCHER, aside, START + 102 * 60_000).outcome is Outcome.UNCHANGED
    told = desk.act(*TICK, START + 4 * HOUR)
    assert [event.at_ms for event in told.events if isinstance(event, AlarmUnshelved)] == [START + 3 * HOUR]
    assert [event.at_ms for event in told.events] == sorted(event.at_ms or 0 for event in told.events)
    assert case_of(desk).shelved_until_ms is None


def test_an_alarm_that_was_seen_has_to_be_seen_anew_when_it_grows() -> None:
    desk = alarming()
    desk.act(DISPATCHER, a.ConfirmAlarm(), START + 101 * 60_000)
    assert case_of(desk).alarm_confirmed
    assert desk.act(DISPATCHER, a.ConfirmAlarm(), START + 102 * 60_000).outcome is Outcome.UNCHANGED
    desk.act(*TICK, START + 2 * HOUR + 1)
    assert not case_of(desk).alarm_confirmed, "it is overdue now"


@pytest.mark.parametrize("action", [a.ConfirmAlarm(), a.ShelveAlarm(ShelveReason.KNOWN_FAULT, START + HOUR)])
def test_there_is_nothing_to_see_or_to_put_aside_without_an_alarm(action: a.CaseAction) -> None:
    assert refused(dispatched().act(DISPATCHER, action, START + 1)) is ReasonCode.NO_ALARM
    assert refused(alarming().act(HANDLER, action, START + 101 * 60_000)) is ReasonCode.WRONG_ROLE


def test_an_alarm_is_put_aside_for_a_week_at_most_and_only_so_often() -> None:
    desk = alarming()
    at = START + 101 * 60_000
    for until_ms in (at, at + SHELVED_MS_MAX + 1):
        asked = desk.act(DISPATCHER, a.ShelveAlarm(ShelveReason.KNOWN_FAULT, until_ms), at)
        assert refused(asked) is ReasonCode.DUE_OUT_OF_RANGE
    for number in range(SHELVINGS_MAX):
        again = a.ShelveAlarm(ShelveReason.KNOWN_FAULT, at + number * 10 + 5)
        assert desk.act(DISPATCHER, again, at + number * 10).outcome is Outcome.ACCEPTED
    more = a.ShelveAlarm(ShelveReason.KNOWN_FAULT, at + HOUR)
    assert refused(desk.act(DISPATCHER, more, at + SHELVINGS_MAX * 10)) is ReasonCode.TOO_MANY_SHELVINGS
