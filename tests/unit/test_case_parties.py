"""The parties at work change: the dispatcher names them anew, or a co-handler gives its part back."""

from __future__ import annotations

import pytest

from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.events import ExtensionDropped
from domain.case.state import Case, Clock
from domain.case.values import (
    Actor,
    ClockKind,
    ClockVerdict,
    ExtensionReason,
    FailReason,
    ReturnReason,
    Role,
    Stage,
    Status,
    Waiver,
)
from eventlog.record import DecisionRecord, Outcome
from tests.support.city import TEAM, URBAN, actor, ms
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, CO_HANDLER, DISPATCHER, HANDLER, START, dispatched

POLICE = "410183-police"
OFFICER = actor(Role.HANDLER, "guo", POLICE)
HOUR = 3_600_000


def handling(co: tuple[str, ...] = ()) -> Desk:
    desk = dispatched("02", co=co)
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    desk.act(HANDLER, a.Progress(Stage.ON_SCENE), START + 2)
    return desk


def case_of(desk: Desk) -> Case:
    assert desk.file.case is not None
    return desk.file.case


def clock(desk: Desk, kind: ClockKind, unit: str) -> Clock:
    found = case_of(desk).clock(kind, unit)
    assert found is not None
    return found


def refused(record: DecisionRecord) -> ReasonCode | None:
    return record.rejection.code if record.rejection else None


def test_another_lead_starts_in_full_and_has_to_sign() -> None:
    desk = handling()
    desk.act(DISPATCHER, a.Reassign(URBAN), START + HOUR)
    assert case_of(desk).status is Status.DISPATCHED
    assert (clock(desk, ClockKind.HANDLE, TEAM).verdict, clock(desk, ClockKind.HANDLE, TEAM).used_ms) == (
        ClockVerdict.REASSIGNED,
        HOUR,
    )
    started = clock(desk, ClockKind.HANDLE, URBAN)
    assert (started.started_ms, started.deadline_ms) == (START + HOUR, ms("2018-10-15T18:00"))
    assert refused(desk.act(HANDLER, a.Handle(), START + HOUR + 1)) is ReasonCode.NOT_A_PARTY
    assert desk.act(CO_HANDLER, a.Acknowledge(), START + HOUR + 1).outcome is Outcome.ACCEPTED
    assert case_of(desk).status is Status.HANDLING


def test_a_unit_that_stays_keeps_its_clock_its_signature_and_its_progress() -> None:
    desk = handling((URBAN,))
    before = case_of(desk)
    desk.act(DISPATCHER, a.Reassign(TEAM, (POLICE,)), START + HOUR)
    after = case_of(desk)
    assert (after.status, after.lead) == (Status.HANDLING, before.lead)
    assert after.clock(ClockKind.HANDLE, TEAM) == before.clock(ClockKind.HANDLE, TEAM)
    assert clock(desk, ClockKind.CO_HANDLE, URBAN).verdict is ClockVerdict.REASSIGNED
    assert clock(desk, ClockKind.ACKNOWLEDGE, URBAN).verdict is ClockVerdict.WAIVED
    assert [c.kind for c in after.clocks if c.unit == POLICE and c.running] == [
        ClockKind.CO_HANDLE,
        ClockKind.ACKNOWLEDGE,
    ]


def test_a_co_handler_that_becomes_the_lead_has_signed_already_and_starts_in_full() -> None:
    desk = handling((URBAN,))
    desk.act(CO_HANDLER, a.Acknowledge(), START + 3)
    desk.act(CO_HANDLER, a.CoDone(), START + 4)
    desk.act(DISPATCHER, a.Reassign(URBAN, (TEAM,)), START + HOUR)
    assert case_of(desk).status is Status.HANDLING
    assert clock(desk, ClockKind.HANDLE, URBAN).started_ms == START + HOUR
    assert clock(desk, ClockKind.CO_HANDLE, TEAM).started_ms == START + HOUR
    assert not clock(desk, ClockKind.HANDLE, TEAM).running
    assert refused(desk.act(CO_HANDLER, a.Handle(), START + HOUR + 1)) is ReasonCode.CO_HANDLER_OPEN


def test_a_co_handler_whose_part_is_done_and_who_stays_is_left_alone() -> None:
    desk = handling((URBAN,))
    desk.act(CO_HANDLER, a.Acknowledge(), START + 3)
    desk.act(CO_HANDLER, a.CoDone(), START + 4)
    desk.act(DISPATCHER, a.Reassign(TEAM, (URBAN, POLICE)), START + HOUR)
    assert case_of(desk).co_handlers[0].done
    assert not clock(desk, ClockKind.CO_HANDLE, URBAN).running


def test_reassigning_hides_no_breach() -> None:
    desk = handling()
    desk.act(DISPATCHER, a.Reassign(URBAN), ms("2018-10-15T17:00") + 1)
    assert clock(desk, ClockKind.HANDLE, TEAM).verdict is ClockVerdict.MISSED


def test_a_request_of_the_lead_who_is_relieved_dies_and_one_of_a_lead_who_stays_does_not() -> None:
    ask = a.RequestExtension(ExtensionReason.WEATHER, "1WH")
    relieved, stays = handling(), handling()
    for desk, parties in ((relieved, a.Reassign(URBAN)), (stays, a.Reassign(TEAM, (URBAN,)))):
        desk.act(HANDLER, ask, START + 5)
        told = desk.act(DISPATCHER, parties, START + 6)
        assert any(isinstance(e, ExtensionDropped) for e in told.events) == (desk is relieved)
    assert (case_of(relieved).extension, case_of(stays).extension is None) == (None, False)


@pytest.mark.parametrize(
    ("who", "parties", "code"),
    [
        (ACCEPTOR, a.Reassign(URBAN), ReasonCode.WRONG_ROLE),
        (DISPATCHER, a.Reassign("none"), ReasonCode.UNKNOWN_UNIT),
        (DISPATCHER, a.Reassign(URBAN, (URBAN,)), ReasonCode.UNIT_NAMED_TWICE),
        (DISPATCHER, a.Reassign("410183002-team"), ReasonCode.UNIT_OUT_OF_SCOPE),
    ],
)
def test_who_may_not_and_units_that_cannot_be_named(who: Actor, parties: a.Reassign, code: ReasonCode) -> None:
    desk = handling()
    before = case_of(desk)
    assert refused(desk.act(who, parties, START + 5)) is code
    assert case_of(desk) == before


def test_naming_the_same_parties_changes_nothing() -> None:
    desk = handling((URBAN, POLICE))
    assert desk.act(DISPATCHER, a.Reassign(TEAM, (POLICE, URBAN)), START + 5).outcome is Outcome.UNCHANGED


def test_a_case_that_was_given_back_is_dispatched_and_not_reassigned() -> None:
    desk = handling()
    desk.act(HANDLER, a.Return(ReturnReason.NOT_OURS), START + 5)
    assert refused(desk.act(DISPATCHER, a.Reassign(URBAN), START + 6)) is ReasonCode.WRONG_STATE


def test_a_co_handler_gives_its_part_back_and_the_dispatcher_is_told() -> None:
    desk = handling((URBAN, POLICE))
    told = desk.act(CO_HANDLER, a.CoReturn(ReturnReason.NOT_OURS), START + HOUR)
    assert told.outcome is Outcome.ACCEPTED
    assert [party.unit for party in case_of(desk).co_handlers] == [POLICE]
    assert case_of(desk).co_returned == (URBAN,)
    assert clock(desk, ClockKind.CO_HANDLE, URBAN).verdict is ClockVerdict.REASSIGNED
    assert clock(desk, ClockKind.ACKNOWLEDGE, URBAN).verdict is ClockVerdict.WAIVED
    assert clock(desk, ClockKind.HANDLE, TEAM).running
    assert refused(desk.act(CO_HANDLER, a.Acknowledge(), START + HOUR + 1)) is ReasonCode.NOT_A_PARTY
    desk.act(DISPATCHER, a.Reassign(TEAM), START + HOUR + 2)
    assert case_of(desk).co_returned == (), "the parties are named anew"


def test_the_lead_gives_back_the_case_and_not_a_part() -> None:
    desk = handling((URBAN,))
    part = a.CoReturn(ReturnReason.NOT_OURS)
    assert refused(desk.act(HANDLER, part, START + 5)) is ReasonCode.NOT_A_PARTY
    assert refused(desk.act(OFFICER, part, START + 5)) is ReasonCode.NOT_A_PARTY
    desk.act(CO_HANDLER, a.Acknowledge(), START + 6)
    desk.act(CO_HANDLER, a.CoDone(), START + 7)
    assert desk.act(CO_HANDLER, part, START + 8).outcome is Outcome.UNCHANGED, "what is done is done"


def test_nobody_of_a_unit_that_ever_was_a_party_checks_it() -> None:
    desk = handling((POLICE,))
    desk.act(DISPATCHER, a.Reassign(URBAN), START + 5)
    desk.act(CO_HANDLER, a.Acknowledge(), START + 6)
    desk.act(CO_HANDLER, a.Handle(), START + 7)
    assert case_of(desk).units == (TEAM, POLICE, URBAN)
    desk.act(ACCEPTOR, a.SendCheck("sun"), START + 8)
    for unit in (TEAM, POLICE, URBAN):
        member = actor(Role.COLLECTOR, "sun", unit)
        assert refused(desk.act(member, a.PassCheck(), START + 9)) is ReasonCode.HANDLER_MAY_NOT_CHECK
    assert desk.act(actor(Role.COLLECTOR, "sun"), a.PassCheck(), START + 9).outcome is Outcome.ACCEPTED


def test_a_staying_unit_gets_no_fresh_clock_after_it_was_left_out() -> None:
    desk = handling((URBAN,))
    desk.act(HANDLER, a.Handle(without=(Waiver(URBAN, "away"),)), START + HOUR)
    desk.act(ACCEPTOR, a.SendCheck("chen"), START + HOUR + 1)
    desk.act(actor(Role.COLLECTOR, "chen"), a.FailCheck(FailReason.NOT_DONE), START + HOUR + 2)
    before = clock(desk, ClockKind.CO_HANDLE, URBAN)
    assert (before.running, before.verdict) == (False, ClockVerdict.WAIVED)
    desk.act(DISPATCHER, a.Reassign(TEAM, (URBAN, POLICE)), START + HOUR + 3)
    assert clock(desk, ClockKind.CO_HANDLE, URBAN) == before
    assert clock(desk, ClockKind.CO_HANDLE, POLICE).running
