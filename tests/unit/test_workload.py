"""What lies on a grid and a unit: led, near, overdue and beside, from the states between which a case goes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain.case import actions as a
from domain.case.state import Case
from domain.case.values import FailReason, ForceReason, ReturnReason, Role, SuspensionReason, Waiver
from projections.workload import NOBODY, Load, Loads, loads, moved
from tests.support.city import GRID, TEAM, URBAN, actor, split_city
from tests.support.desk import Desk
from tests.unit.test_ledger import (
    ACCEPTOR,
    AT,
    CO_HANDLER,
    COLLECTOR,
    DISPATCHER,
    HANDLER,
    LEADER,
    MINUTE,
    TO_WORK,
    Course,
    lived,
)

TICK = (actor(Role.SYSTEM, scope=""), a.Tick())
LATE = 30 * 24 * 60
LED = {(GRID, TEAM): Load(led=1)}
BESIDE = {(GRID, URBAN): Load(beside=1)}
WAIVED = a.Handle(without=(Waiver(URBAN, "x"),))


def state(*course: tuple[int, a.Actor, a.CaseAction]) -> Case:
    """The case after that course."""
    case = lived(*course).file.case
    assert case is not None
    return case


@pytest.mark.parametrize(
    ("course", "found"),
    [
        (TO_WORK[:1], {(GRID, NOBODY): Load(led=1)}),
        (TO_WORK[:3], {(GRID, NOBODY): Load(led=1)}),
        (TO_WORK[:4], LED | BESIDE),
        (TO_WORK, LED | BESIDE),
        ((*TO_WORK, (20, CO_HANDLER, a.Acknowledge()), (30, CO_HANDLER, a.CoDone())), LED),
        ((*TO_WORK, (20, HANDLER, WAIVED)), LED),
        ((*TO_WORK, (LATE, *TICK)), {(GRID, TEAM): Load(led=1, overdue=1)} | BESIDE),
        ((*TO_WORK, (LATE, HANDLER, WAIVED)), {(GRID, TEAM): Load(led=1, overdue=1)}),
        ((*TO_WORK, (30, HANDLER, a.Return(ReturnReason.NOT_OURS))), {(GRID, NOBODY): Load(led=1)}),
        ((*TO_WORK, (LATE, HANDLER, a.Return(ReturnReason.NOT_OURS))), {(GRID, NOBODY): Load(led=1, overdue=1)}),
        ((*TO_WORK, (30, LEADER, a.ForceClose(ForceReason.IN_COURT, "x"))), {}),
    ],
)
def test_an_open_case_lies_on_its_lead_and_on_whoever_has_a_part_beside(course: Course, found: Loads) -> None:
    assert loads(state(*course)) == found


def test_near_is_not_overdue_and_neither_is_what_is_handled_in_time() -> None:
    case = state(*TO_WORK)
    assert case.handling_clock is not None
    assert case.handling_clock.near_ms is not None
    minute = (case.handling_clock.near_ms - AT) // MINUTE + 1
    assert loads(state(*TO_WORK, (minute, *TICK))) == {(GRID, TEAM): Load(led=1, near=1)} | BESIDE
    assert loads(state(*TO_WORK, (minute, HANDLER, WAIVED))) == LED


def test_an_approved_pause_takes_nothing_off_anybody() -> None:
    until = a.RequestSuspension(SuspensionReason.SEASON, AT + 100 * MINUTE)
    paused = state(*TO_WORK, (20, HANDLER, until), (25, LEADER, a.DecideSuspension(granted=True)))
    assert loads(paused) == LED | BESIDE


def test_rework_brings_back_the_parts_that_the_check_names() -> None:
    done = (*TO_WORK, (20, CO_HANDLER, a.Acknowledge()), (30, CO_HANDLER, a.CoDone()), (40, HANDLER, a.Handle()))
    checked = (*done, (45, ACCEPTOR, a.SendCheck("chen")))
    failed = state(*checked, (55, COLLECTOR, a.FailCheck(FailReason.NOT_DONE, (URBAN,))))
    assert loads(failed) == LED | BESIDE
    assert loads(state(*checked, (55, COLLECTOR, a.FailCheck(FailReason.NOT_DONE)))) == LED


def test_only_what_changes_is_told() -> None:
    open_case, ended = state(*TO_WORK), state(*TO_WORK, (30, LEADER, a.ForceClose(ForceReason.IN_COURT, "x")))
    assert moved(None, open_case) == loads(open_case)
    assert moved(open_case, replace(open_case, notes=1)) == {}
    assert moved(open_case, ended) == {(GRID, TEAM): Load(led=-1), (GRID, URBAN): Load(beside=-1)}
    returned = state(*TO_WORK, (30, HANDLER, a.Return(ReturnReason.NOT_OURS)))
    again = state(*TO_WORK, (30, HANDLER, a.Return(ReturnReason.NOT_OURS)), (40, DISPATCHER, a.Dispatch(URBAN)))
    assert moved(returned, again) == {(GRID, NOBODY): Load(led=-1), (GRID, URBAN): Load(led=1)}


def test_a_case_takes_its_load_along_when_its_grid_ends() -> None:
    desk: Desk = lived(*TO_WORK)
    before = desk.file.case
    desk.rules = split_city(AT + 30 * MINUTE)
    desk.act(*TICK, AT + 50 * MINUTE)
    assert desk.file.case is not None
    grid = desk.file.case.place.grid
    assert grid != GRID
    changes = moved(before, desk.file.case)
    assert changes[GRID, TEAM] == Load(led=-1)
    assert changes[GRID, URBAN] == Load(beside=-1)
    assert changes[grid, URBAN] == Load(beside=1)
    assert changes[grid, TEAM].led == 1
