"""Whose desk: a case that was never dispatched is lifted to the desk above, or handed down to the one below."""

from __future__ import annotations

import pytest

from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.events import ClockStopped
from domain.case.state import Case
from domain.case.values import (
    LEVEL_MOVES_MAX,
    Channel,
    ClockKind,
    ClockVerdict,
    EscalationReason,
    HandDownReason,
    Place,
    ReturnReason,
    Role,
    Status,
)
from eventlog.record import DecisionRecord, Outcome
from tests.support.city import GRID, TEAM, TOWN, actor, ms
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, DISPATCHER, HANDLER, SHIFT_HEAD, dispatched

AT = ms("2018-10-15T11:00")
MINUTE = 60_000
UP = a.Escalate(EscalationReason.NEEDS_DEPARTMENTS)
DOWN = a.HandDown(HandDownReason.LOCAL_MATTER)
HEAD = actor(Role.GRID_HEAD, "zhang", scope=GRID[:12], level=2)
STAFF = actor(Role.COLLECTOR, "chen", scope=GRID, level=3)
TOWNSHIP = actor(Role.ACCEPTOR, "lu", scope=TOWN, level=1)
TOWN_SHIFT = actor(Role.SHIFT_HEAD, "lu", scope=TOWN, level=1)


def patrolled() -> Desk:
    """A case that grid staff reported: at the village's desk."""
    desk = Desk()
    desk.act(STAFF, a.Report(Place(GRID), Channel.PATROL, "010101"), AT)
    return desk


def called(grid: str = GRID) -> Desk:
    """A case from the hotline: at the city's desk."""
    desk = Desk()
    desk.act(ACCEPTOR, a.Report(Place(grid), Channel.HOTLINE, "010101"), AT)
    return desk


def case_of(desk: Desk) -> Case:
    assert desk.file.case is not None
    return desk.file.case


def refused(record: DecisionRecord) -> ReasonCode | None:
    return record.rejection.code if record.rejection else None


def test_a_case_is_lifted_to_the_city_and_handed_down_to_the_township() -> None:
    desk = patrolled()
    desk.act(HEAD, UP, AT + 5 * MINUTE)
    assert desk.act(TOWNSHIP, UP, AT + 6 * MINUTE).outcome is Outcome.ACCEPTED
    assert (case_of(desk).level, case_of(desk).path) == (0, (2, 1))
    assert desk.act(SHIFT_HEAD, DOWN, AT + 7 * MINUTE).outcome is Outcome.ACCEPTED
    assert (case_of(desk).level, case_of(desk).path) == (1, (2, 1, 0))
    accept = case_of(desk).clock(ClockKind.ACCEPT)
    assert accept is not None
    assert (accept.holder, accept.deadline_ms) == ("desk:1", AT + 22 * MINUTE)
    assert desk.act(TOWNSHIP, a.Accept(), AT + 8 * MINUTE).outcome is Outcome.ACCEPTED


def test_the_clock_of_the_desk_that_lifts_it_stops_waived_or_missed() -> None:
    in_time, late = patrolled(), patrolled()
    for desk, later, verdict in ((in_time, 0, ClockVerdict.WAIVED), (late, 1, ClockVerdict.MISSED)):
        told = desk.act(HEAD, UP, AT + 15 * MINUTE + later)
        assert [e.verdict for e in told.events if isinstance(e, ClockStopped)] == [verdict]


def test_what_was_fixed_by_filing_is_open_again() -> None:
    desk = called()
    desk.act(ACCEPTOR, a.Accept(), AT + 1)
    desk.act(SHIFT_HEAD, a.File(condition="02"), AT + 2)
    assert case_of(desk).rulebook is not None
    assert desk.act(DISPATCHER, DOWN, AT + 3).outcome is Outcome.ACCEPTED
    case = case_of(desk)
    assert (case.status, case.rulebook, case.limit, case.proposed) == (Status.REPORTED, None, None, None)
    assert [(c.kind, c.holder) for c in case.clocks if c.running] == [(ClockKind.ACCEPT, "desk:1")]
    desk.act(TOWNSHIP, a.Accept(), AT + 4)
    assert desk.act(TOWN_SHIFT, a.File(condition="01"), AT + 5).outcome is Outcome.ACCEPTED


def test_the_desk_that_it_was_sent_to_takes_it() -> None:
    desk = called()
    assert refused(desk.act(ACCEPTOR, a.Take(), AT + 1)) is ReasonCode.NOT_SENT_HERE
    desk.act(ACCEPTOR, DOWN, AT + 2)
    assert refused(desk.act(ACCEPTOR, a.Take(), AT + 3)) is ReasonCode.WRONG_LEVEL
    assert desk.act(TOWNSHIP, a.Take(), AT + 3).outcome is Outcome.ACCEPTED
    assert case_of(desk).taken
    assert desk.act(TOWNSHIP, a.Take(), AT + 4).outcome is Outcome.UNCHANGED
    desk.act(TOWNSHIP, UP, AT + 5)
    assert not case_of(desk).taken, "at another desk it is nobody's yet"


@pytest.mark.parametrize("action", [UP, DOWN])
def test_a_case_that_was_dispatched_stays_at_its_level(action: a.CaseAction) -> None:
    desk = dispatched()
    assert refused(desk.act(DISPATCHER, action, AT + MINUTE)) is ReasonCode.WRONG_STATE
    desk.act(HANDLER, a.Return(ReturnReason.NOT_OURS), AT + MINUTE)
    assert case_of(desk).status is Status.FILED
    assert refused(desk.act(DISPATCHER, action, AT + 2 * MINUTE)) is ReasonCode.DISPATCHED_ALREADY


def test_there_is_no_desk_above_the_city_nor_below_the_village() -> None:
    assert refused(called().act(ACCEPTOR, UP, AT + 1)) is ReasonCode.NO_SUCH_LEVEL
    assert refused(patrolled().act(HEAD, DOWN, AT + 1)) is ReasonCode.NO_SUCH_LEVEL


def test_it_is_not_handed_down_further_than_its_place_is_known() -> None:
    desk = called(TOWN)
    assert desk.act(ACCEPTOR, DOWN, AT + 1).outcome is Outcome.ACCEPTED
    assert refused(desk.act(TOWNSHIP, DOWN, AT + 2)) is ReasonCode.PLACE_TOO_COARSE


def test_only_the_desk_that_has_it_moves_it() -> None:
    desk = patrolled()
    assert refused(desk.act(ACCEPTOR, DOWN, AT + 1)) is ReasonCode.WRONG_ROLE
    elsewhere = actor(Role.GRID_HEAD, "qi", scope="410183002001", level=2)
    assert refused(desk.act(elsewhere, UP, AT + 1)) is ReasonCode.OUT_OF_SCOPE
    assert refused(desk.act(actor(Role.HANDLER, "li", TEAM), UP, AT + 1)) is ReasonCode.WRONG_ROLE


def test_it_goes_up_and_down_only_so_often() -> None:
    desk = called()
    for turn in range(LEVEL_MOVES_MAX):
        who, action = ((ACCEPTOR, DOWN), (TOWNSHIP, UP))[turn % 2]
        assert desk.act(who, action, AT + turn + 1).outcome is Outcome.ACCEPTED
    assert refused(desk.act(ACCEPTOR, DOWN, AT + 100)) is ReasonCode.TOO_MANY_LEVEL_MOVES
