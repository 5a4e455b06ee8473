"""Before filing: a report is verified on the spot 核实, and what is missing in it is filled in."""

from __future__ import annotations

import pytest

from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.events import ClockOverdue
from domain.case.state import Case, Clock
from domain.case.values import (
    VERIFICATIONS_MAX,
    Channel,
    ClockKind,
    ClockVerdict,
    Finding,
    Photo,
    Place,
    Role,
    Status,
)
from eventlog.record import DecisionRecord, Outcome
from tests.support.city import GRID, actor, ms
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, COLLECTOR, SHIFT_HEAD

AT = ms("2018-10-15T11:00")
MINUTE = 60_000
CITIZEN = actor(Role.PUBLIC, "zhou", scope="")
PHOTO = Photo("0" * 64)
LOOK = a.GiveVerification(Finding.TRUE)


def reported(grid: str = GRID, case_class: str | None = "010101") -> Desk:
    desk = Desk()
    desk.act(CITIZEN, a.Report(Place(grid), Channel.WECHAT, case_class), AT)
    return desk


def verifying() -> Desk:
    desk = reported()
    asked = desk.act(ACCEPTOR, a.RequestVerification("chen"), AT + 10 * MINUTE)
    assert asked.outcome is Outcome.ACCEPTED
    return desk


def case_of(desk: Desk) -> Case:
    assert desk.file.case is not None
    return desk.file.case


def clock(desk: Desk, kind: ClockKind) -> Clock:
    found = case_of(desk).clock(kind)
    assert found is not None
    return found


def refused(record: DecisionRecord) -> ReasonCode | None:
    return record.rejection.code if record.rejection else None


def test_while_a_collector_looks_the_collectors_clock_runs_and_the_desks_stands_still() -> None:
    desk = verifying()
    assert case_of(desk).status is Status.VERIFYING
    assert [(c.kind, c.holder) for c in case_of(desk).clocks if c.running] == [(ClockKind.VERIFY, "person:chen")]
    assert clock(desk, ClockKind.VERIFY).deadline_ms == AT + 40 * MINUTE
    assert clock(desk, ClockKind.ACCEPT).used_ms == 10 * MINUTE
    desk.act(COLLECTOR, a.GiveVerification(Finding.FALSE, (PHOTO,)), AT + 30 * MINUTE)
    assert (case_of(desk).status, case_of(desk).finding) == (Status.REPORTED, Finding.FALSE)
    assert clock(desk, ClockKind.VERIFY).verdict is ClockVerdict.MET
    assert clock(desk, ClockKind.ACCEPT).deadline_ms == AT + 35 * MINUTE, "5 of its 15 minutes were left"


def test_a_verification_that_comes_late_is_missed_and_still_counts() -> None:
    desk = verifying()
    given = desk.act(COLLECTOR, LOOK, AT + 41 * MINUTE)
    assert [e.at_ms for e in given.events if isinstance(e, ClockOverdue)] == [AT + 40 * MINUTE]
    assert clock(desk, ClockKind.VERIFY).verdict is ClockVerdict.MISSED
    assert desk.act(ACCEPTOR, a.Accept(), AT + 42 * MINUTE).outcome is Outcome.ACCEPTED


def test_nobody_but_the_collector_who_was_asked_says_what_there_is() -> None:
    desk = verifying()
    assert refused(desk.act(actor(Role.COLLECTOR, "wu"), LOOK, AT + 11 * MINUTE)) is ReasonCode.NOT_THE_VERIFIER
    assert refused(desk.act(actor(Role.ACCEPTOR, "chen"), LOOK, AT + 11 * MINUTE)) is ReasonCode.WRONG_ROLE
    assert refused(desk.act(ACCEPTOR, a.Accept(), AT + 11 * MINUTE)) is ReasonCode.WRONG_STATE
    assert refused(reported().act(COLLECTOR, LOOK, AT + 1)) is ReasonCode.WRONG_STATE


def test_being_asked_is_enough_wherever_the_place_turned_out_to_be() -> None:
    desk = verifying()
    away = actor(Role.COLLECTOR, "chen", scope="410183002")
    assert desk.act(away, LOOK, AT + 11 * MINUTE).outcome is Outcome.ACCEPTED


def test_the_desk_asks_another_collector_instead() -> None:
    desk = verifying()
    assert desk.act(ACCEPTOR, a.RequestVerification("wu"), AT + 20 * MINUTE).outcome is Outcome.ACCEPTED
    assert clock(desk, ClockKind.VERIFY).deadline_ms == AT + 50 * MINUTE
    assert clock(desk, ClockKind.ACCEPT).used_ms == 10 * MINUTE, "the desk's stood still all the time"
    assert refused(desk.act(COLLECTOR, LOOK, AT + 21 * MINUTE)) is ReasonCode.NOT_THE_VERIFIER
    assert desk.act(actor(Role.COLLECTOR, "wu"), LOOK, AT + 21 * MINUTE).outcome is Outcome.ACCEPTED


def test_a_report_is_verified_only_so_often() -> None:
    desk = reported()
    for turn in range(VERIFICATIONS_MAX):
        desk.act(ACCEPTOR, a.RequestVerification("chen"), AT + 2 * turn)
        assert desk.act(COLLECTOR, LOOK, AT + 2 * turn + 1).outcome is Outcome.ACCEPTED
    again = desk.act(ACCEPTOR, a.RequestVerification("chen"), AT + 100)
    assert refused(again) is ReasonCode.TOO_MANY_VERIFICATIONS


def test_only_the_acceptor_of_the_desk_asks_for_it_and_only_before_accepting() -> None:
    ask = a.RequestVerification("chen")
    assert refused(reported().act(SHIFT_HEAD, ask, AT + 1)) is ReasonCode.WRONG_ROLE
    desk = reported()
    desk.act(ACCEPTOR, a.Accept(), AT + 1)
    assert refused(desk.act(ACCEPTOR, ask, AT + 2)) is ReasonCode.WRONG_STATE


def test_the_reporter_or_the_desk_fills_in_what_was_missing() -> None:
    desk = reported(GRID[:12], None)
    more = a.CompleteReport(Place(GRID, 113.3, 34.5), photos=(PHOTO,))
    assert desk.act(CITIZEN, more, AT + 1).outcome is Outcome.ACCEPTED
    assert case_of(desk).place == Place(GRID, 113.3, 34.5)
    assert case_of(desk).placed_ms == AT + 1
    assert desk.act(ACCEPTOR, a.CompleteReport(case_class="010101"), AT + 2).outcome is Outcome.ACCEPTED
    assert case_of(desk).case_class == "010101"
    assert case_of(desk).notes == 2, "what is added stays of bounded size"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (a.CompleteReport(), ReasonCode.NOTHING_TO_COMPLETE),
        (a.CompleteReport(text="字"), ReasonCode.NOTHING_TO_COMPLETE),
        (a.CompleteReport(case_class="010102"), ReasonCode.STATED_ALREADY),
        (a.CompleteReport(Place(GRID[:12])), ReasonCode.STATED_ALREADY),
        (a.CompleteReport(Place(GRID)), ReasonCode.STATED_ALREADY),
        (a.CompleteReport(Place("4101839")), ReasonCode.UNKNOWN_GRID),
    ],
)
def test_what_is_stated_is_not_overwritten(more: a.CompleteReport, code: ReasonCode) -> None:
    desk = reported()
    before = case_of(desk)
    assert refused(desk.act(CITIZEN, more, AT + 1)) is code
    assert case_of(desk) == before


def test_a_class_that_does_not_exist_and_a_stranger_are_refused() -> None:
    desk = reported(case_class=None)
    more = a.CompleteReport(case_class="none")
    assert refused(desk.act(ACCEPTOR, more, AT + 1)) is ReasonCode.UNKNOWN_CLASS
    assert refused(desk.act(actor(Role.PUBLIC, "wu", scope=""), more, AT + 1)) is ReasonCode.WRONG_ROLE


def test_nothing_is_filled_in_after_filing() -> None:
    desk = reported()
    desk.act(ACCEPTOR, a.Accept(), AT + 1)
    desk.act(SHIFT_HEAD, a.File(condition="02"), AT + 2)
    assert refused(desk.act(CITIZEN, a.CompleteReport(photos=(PHOTO,)), AT + 3)) is ReasonCode.WRONG_STATE
