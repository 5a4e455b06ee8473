"""A case goes on as part of another one 并案, and by itself again; the other one takes note, or refuses."""

from __future__ import annotations

import pytest

from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.events import ExtensionDropped
from domain.case.state import Case
from domain.case.values import (
    MERGED_MAX,
    Channel,
    ClockKind,
    ExtensionReason,
    PauseCause,
    Place,
    Role,
    Status,
    VoidReason,
)
from eventlog.record import DecisionRecord, Outcome
from streams.react import following
from tests.support.city import GRID, TEAM, URBAN, actor, ms
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, DISPATCHER, HANDLER, SHIFT_HEAD, START, dispatched
from tests.unit.test_case_ending import came_to
from tests.unit.test_case_suspension import FESTIVAL, suspended
from tests.unit.test_case_verification import verifying

REACTOR = actor(Role.SYSTEM, scope="")
INTO = a.Merge("case-2")
HOUR = 3_600_000


def other(case_id: str = "case-2") -> Desk:
    desk = Desk(case_id)
    desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), START)
    return desk


def case_of(desk: Desk) -> Case:
    assert desk.file.case is not None
    return desk.file.case


def refused(record: DecisionRecord) -> ReasonCode | None:
    return record.rejection.code if record.rejection else None


def test_while_it_is_merged_its_clocks_stand_and_then_go_on_where_they_stopped() -> None:
    desk = dispatched("02", co=(URBAN,))
    desk.act(DISPATCHER, INTO, START + HOUR)
    merged = case_of(desk)
    assert (merged.status, merged.merged_into, merged.ended_ms) == (Status.MERGED, "case-2", START + HOUR)
    assert {(clock.running, clock.cause) for clock in merged.clocks if clock.paused} == {(False, PauseCause.MERGED)}
    assert merged.next_due_ms is None
    desk.act(ACCEPTOR, a.Unmerge(), ms("2018-10-17T09:00"))
    back = case_of(desk)
    assert (back.status, back.merged_into, back.ended_ms) == (Status.DISPATCHED, None, None)
    handling = back.handling_clock
    assert handling is not None
    assert (handling.used_ms, handling.deadline_ms) == (HOUR, ms("2018-10-17T12:00")), "3 of its 4 hours are left"


def test_from_any_state_before_it_is_handled_it_is_merged_and_gets_that_state_back() -> None:
    seen = set[Status]()
    for desk in (*(came_to(steps) for steps in range(1, 6)), suspended(), verifying()):
        before = case_of(desk)
        seen.add(before.status)
        assert desk.act(ACCEPTOR, INTO, START + 2 * HOUR).outcome is Outcome.ACCEPTED
        assert refused(desk.act(SHIFT_HEAD, a.Void(VoidReason.DUPLICATE), START + 2 * HOUR)) is ReasonCode.WRONG_STATE
        assert desk.act(DISPATCHER, a.Unmerge(), START + 2 * HOUR).outcome is Outcome.ACCEPTED
        after = case_of(desk)
        assert after.status is before.status
        running = {(clock.kind, clock.unit) for clock in before.clocks if clock.running}
        assert {(clock.kind, clock.unit) for clock in after.clocks if clock.running} == running
        assert [clock.deadline_ms for clock in after.clocks] == [clock.deadline_ms for clock in before.clocks]
    assert len(seen) == 7
    for steps in (6, 7, 8):
        assert refused(came_to(steps).act(ACCEPTOR, INTO, START + 2 * HOUR)) is ReasonCode.WRONG_STATE


def test_a_pause_that_ended_while_it_was_merged_ends_when_it_goes_on() -> None:
    desk = suspended()
    desk.act(DISPATCHER, INTO, FESTIVAL - HOUR)
    told = desk.act(DISPATCHER, a.Unmerge(), FESTIVAL + HOUR)
    assert [event.at_ms for event in told.events] == [FESTIVAL + HOUR] * len(told.events)
    handling = case_of(desk).handling_clock
    assert handling is not None
    assert (case_of(desk).status, handling.running, handling.used_ms) == (Status.HANDLING, True, HOUR)
    early = suspended()
    early.act(DISPATCHER, INTO, FESTIVAL - 2 * HOUR)
    early.act(DISPATCHER, a.Unmerge(), FESTIVAL - HOUR)
    assert (case_of(early).status, case_of(early).next_due_ms) == (Status.SUSPENDED, FESTIVAL)


def test_an_open_request_dies_with_the_merge() -> None:
    desk = dispatched("02")
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    desk.act(HANDLER, a.RequestExtension(ExtensionReason.WEATHER, "1WH"), START + 2)
    merged = desk.act(DISPATCHER, INTO, START + 3)
    assert any(isinstance(event, ExtensionDropped) for event in merged.events)


def test_the_other_case_takes_note_and_forgets_it_again() -> None:
    desk, target = dispatched(), other()
    (asked,) = following(desk.act(DISPATCHER, INTO, START + 1))
    assert (asked.case, asked.action) == ("case-2", a.NoteMerge("case-1"))
    assert target.act(REACTOR, asked.action, START + 2).outcome is Outcome.ACCEPTED
    assert target.act(REACTOR, asked.action, START + 3).outcome is Outcome.UNCHANGED
    assert case_of(target).merged == ("case-1",)
    (told,) = following(desk.act(DISPATCHER, a.Unmerge(), START + 4))
    assert (told.case, told.action) == ("case-2", a.NoteUnmerge("case-1"))
    target.act(REACTOR, told.action, START + 5)
    assert case_of(target).merged == ()
    assert target.act(REACTOR, told.action, START + 6).outcome is Outcome.UNCHANGED


def test_a_case_that_ended_meanwhile_refuses_and_the_merge_is_undone() -> None:
    desk, target = dispatched(), other()
    (asked,) = following(desk.act(DISPATCHER, INTO, START + 1))
    target.act(SHIFT_HEAD, a.Void(VoidReason.TRIAL), START + 2)
    no = target.act(REACTOR, asked.action, START + 3)
    (back,) = following(no)
    assert (back.case, back.action) == ("case-1", a.DropMerge("case-2", "wrong_state"))
    undone = desk.act(REACTOR, back.action, START + 4)
    (forget,) = following(undone)
    assert target.act(REACTOR, forget.action, START + 5).outcome is Outcome.UNCHANGED, "it holds nothing of it"
    assert case_of(desk).status is Status.DISPATCHED
    assert desk.act(REACTOR, back.action, START + 5).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("answered_first", [True, False])
def test_of_two_that_are_merged_into_each_other_at_once_no_circle_is_left(answered_first: bool) -> None:
    one, two = dispatched(), other()
    (to_two,) = following(one.act(DISPATCHER, INTO, START + 1))
    (to_one,) = following(two.act(ACCEPTOR, a.Merge("case-1"), START + 1))
    (undo_one,) = following(two.act(REACTOR, to_two.action, START + 2))
    if answered_first:  # the refusal is back before the other question comes
        one.act(REACTOR, undo_one.action, START + 3)
        assert one.act(REACTOR, to_one.action, START + 4).outcome is Outcome.ACCEPTED
        assert (case_of(one).status, case_of(two).merged_into) == (Status.DISPATCHED, "case-1")
        return
    (undo_two,) = following(one.act(REACTOR, to_one.action, START + 3))
    one.act(REACTOR, undo_one.action, START + 4)
    two.act(REACTOR, undo_two.action, START + 4)
    assert (case_of(one).status, case_of(two).status) == (Status.DISPATCHED, Status.REPORTED)


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (a.Merge("case-1"), ReasonCode.MERGES_INTO_ITSELF),
        (a.Merge("case-3"), ReasonCode.MERGE_CIRCLE),
        (a.Merge("case-2", Status.CLOSED), ReasonCode.MERGE_TARGET_ENDED),
        (a.Merge("case-2", Status.MERGED), ReasonCode.MERGE_TARGET_ENDED),
    ],
)
def test_not_into_itself_nor_in_a_circle_nor_into_what_has_ended(action: a.Merge, code: ReasonCode) -> None:
    desk = dispatched()
    desk.act(REACTOR, a.NoteMerge("case-3"), START + 1)
    before = case_of(desk)
    assert refused(desk.act(DISPATCHER, action, START + 2)) is code
    assert case_of(desk) == before


def test_only_the_desk_merges_and_only_once() -> None:
    desk = dispatched()
    assert refused(desk.act(HANDLER, INTO, START + 1)) is ReasonCode.WRONG_ROLE
    assert refused(desk.act(SHIFT_HEAD, INTO, START + 1)) is ReasonCode.WRONG_ROLE
    assert refused(desk.act(DISPATCHER, a.Unmerge(), START + 1)) is ReasonCode.WRONG_STATE
    assert refused(desk.act(DISPATCHER, a.NoteMerge("x"), START + 1)) is ReasonCode.WRONG_ROLE
    desk.act(DISPATCHER, INTO, START + 2)
    assert desk.act(DISPATCHER, INTO, START + 3).outcome is Outcome.UNCHANGED
    assert refused(desk.act(DISPATCHER, a.Merge("case-3"), START + 4)) is ReasonCode.WRONG_STATE
    assert desk.act(REACTOR, a.DropMerge("case-3", "x"), START + 5).outcome is Outcome.UNCHANGED


def test_only_so_many_go_on_as_part_of_one() -> None:
    target = other()
    for number in range(MERGED_MAX):
        assert target.act(REACTOR, a.NoteMerge(f"m{number}"), START + number).outcome is Outcome.ACCEPTED
    assert refused(target.act(REACTOR, a.NoteMerge("one more"), START + 1_000)) is ReasonCode.TOO_MANY_MERGED


def test_a_breach_before_the_merge_stays_one() -> None:
    desk = dispatched("01")
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    desk.act(DISPATCHER, INTO, START + 3 * HOUR)
    desk.act(DISPATCHER, a.Unmerge(), START + 9 * HOUR)
    clock = case_of(desk).clock(ClockKind.HANDLE, TEAM)
    assert clock is not None
    assert (clock.overdue, clock.deadline_ms) == (True, START + 2 * HOUR)
