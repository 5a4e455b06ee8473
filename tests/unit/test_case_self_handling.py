"""Grid staff do it themselves 自行处置: the simple list, the photos, the share that is drawn for a check."""

from __future__ import annotations

import pytest

from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.self_handling import drawn
from domain.case.state import Case
from domain.case.values import Channel, ClockKind, CloseKind, FailReason, Photo, Place, Role, Status
from eventlog.record import DecisionRecord, Outcome
from tests.support.city import GRID, TEAM, actor, ms
from tests.support.desk import Desk

AT = ms("2018-10-15T11:00")
STAFF = actor(Role.COLLECTOR, "chen", scope=GRID, level=3)
OTHER = actor(Role.COLLECTOR, "wu", scope=GRID, level=3)
HEAD = actor(Role.GRID_HEAD, "zhang", scope=GRID[:12], level=2)
BEFORE, AFTER = (Photo("0" * 64),), (Photo("1" * 64),)
DONE = a.SelfHandle(BEFORE, AFTER, result="picked up")
DRAWN = next(f"case-{number}" for number in range(100) if drawn(f"case-{number}", 20))
FREE = next(f"case-{number}" for number in range(100) if not drawn(f"case-{number}", 20))


def reported(case_id: str = FREE, case_class: str = "030101") -> Desk:
    desk = Desk(case_id)
    desk.act(STAFF, a.Report(Place(GRID), Channel.PATROL, case_class), AT)
    return desk


def case_of(desk: Desk) -> Case:
    assert desk.file.case is not None
    return desk.file.case


def refused(record: DecisionRecord) -> ReasonCode | None:
    return record.rejection.code if record.rejection else None


def test_what_grid_staff_did_is_closed_by_the_head_without_a_check() -> None:
    desk = reported()
    assert desk.act(STAFF, DONE, AT + 60_000).outcome is Outcome.ACCEPTED
    case = case_of(desk)
    assert (case.status, case.self_handled, case.drawn, case.limit) == (Status.HANDLED, True, False, "1WD")
    assert case.rulebook is not None
    assert [(clock.kind, clock.holder) for clock in case.clocks if clock.running] == [(ClockKind.CLOSE, "desk:2")]
    assert refused(desk.act(STAFF, a.Close(), AT + 2)) is ReasonCode.WRONG_ROLE
    desk.act(HEAD, a.Close(), AT + 120_000)
    assert (case_of(desk).status, case_of(desk).kind) == (Status.CLOSED, CloseKind.SELF_HANDLED)


def test_what_is_drawn_is_checked_by_somebody_else_before_it_is_closed() -> None:
    desk = reported(DRAWN)
    desk.act(STAFF, DONE, AT + 1)
    assert [clock.kind for clock in case_of(desk).clocks if clock.running] == [ClockKind.SEND_CHECK]
    assert refused(desk.act(HEAD, a.Close(), AT + 2)) is ReasonCode.DRAWN_FOR_CHECK
    assert refused(desk.act(HEAD, a.SendCheck("chen"), AT + 3)) is ReasonCode.HANDLER_MAY_NOT_CHECK
    desk.act(HEAD, a.SendCheck("wu"), AT + 4)
    desk.act(OTHER, a.PassCheck(), AT + 5)
    desk.act(HEAD, a.Close(), AT + 6)
    assert case_of(desk).kind is CloseKind.SELF_HANDLED


def test_what_was_not_done_well_needs_a_lead() -> None:
    desk = reported(DRAWN)
    desk.act(STAFF, DONE, AT + 1)
    desk.act(HEAD, a.SendCheck("wu"), AT + 2)
    desk.act(OTHER, a.FailCheck(FailReason.NOT_DONE), AT + 3)
    case = case_of(desk)
    assert (case.status, case.self_handled, case.rework) == (Status.FILED, False, 1)
    assert [clock.kind for clock in case.clocks if clock.running] == [ClockKind.DISPATCH]
    assert desk.act(HEAD, a.Dispatch(TEAM), AT + 4).outcome is Outcome.ACCEPTED
    clock = case_of(desk).handling_clock
    assert clock is not None
    assert clock.limit == "1WD"


def test_the_desk_may_send_a_check_without_a_draw_and_its_clock_to_close_is_waived() -> None:
    desk = reported()
    desk.act(STAFF, DONE, AT + 1)
    desk.act(HEAD, a.SendCheck("wu"), AT + 2)
    assert [clock.kind for clock in case_of(desk).clocks if clock.running] == [ClockKind.CHECK]


@pytest.mark.parametrize("percent", [0, 20, 100])
def test_so_many_of_a_hundred_are_drawn_and_the_same_ones_for_ever(percent: int) -> None:
    ids = [f"case-{number}" for number in range(4_000)]
    hits = [one for one in ids if drawn(one, percent)]
    assert hits == [one for one in ids if drawn(one, percent)]
    assert abs(len(hits) / len(ids) - percent / 100) < (0.02 if percent == 20 else 1e-9), "none is none, all is all"
    assert {one for one in ids if drawn(one, percent)} <= {one for one in ids if drawn(one, min(percent + 5, 100))}


def test_only_what_is_on_the_simple_list_and_only_by_grid_staff_of_the_place() -> None:
    desk = reported(case_class="010101")
    no = desk.act(STAFF, DONE, AT + 1)
    assert refused(no) is ReasonCode.NOT_SIMPLE
    assert no.rejection is not None
    assert "030101/01" in str(no.rejection.detail["allowed"])
    simple = reported()
    assert refused(simple.act(actor(Role.HANDLER, "li", TEAM), DONE, AT + 1)) is ReasonCode.WRONG_ROLE
    away = actor(Role.COLLECTOR, "chen", scope="410183002", level=3)
    assert refused(simple.act(away, DONE, AT + 1)) is ReasonCode.OUT_OF_SCOPE
    unknown = a.SelfHandle(BEFORE, AFTER, case_class="none")
    assert refused(simple.act(STAFF, unknown, AT + 1)) is ReasonCode.UNKNOWN_CLASS
    simple.act(STAFF, DONE, AT + 2)
    assert refused(simple.act(STAFF, DONE, AT + 3)) is ReasonCode.WRONG_STATE


def test_a_special_close_says_why_and_keeps_the_clocks_as_they_are() -> None:
    desk = reported()
    desk.act(STAFF, DONE, AT + 1)
    special = a.Close(CloseKind.SPECIAL)
    assert refused(desk.act(HEAD, special, AT + 2)) is ReasonCode.SPECIAL_WITHOUT_GROUNDS
    assert refused(desk.act(HEAD, a.Close(CloseKind.FORCED), AT + 2)) is ReasonCode.WRONG_CLOSE_KIND
    desk.act(HEAD, a.Close(CloseKind.SPECIAL, "handed to the railway"), AT + 3)
    assert case_of(desk).kind is CloseKind.SPECIAL
