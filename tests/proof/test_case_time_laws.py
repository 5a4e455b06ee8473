"""Laws of moved deadlines, over generated courses: paused time never counts, and nothing is granted after a breach."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.case import actions as a
from domain.case.events import ClockExtended, ClockOverdue
from domain.case.values import Actor, ClockKind, ExtensionReason, ReturnReason, Role, Status
from domain.worktime import elapsed_ms
from eventlog.record import DecisionRecord
from tests.support.city import TEAM, URBAN, actor, rules
from tests.support.desk import Desk
from tests.unit.test_case import DISPATCHER, HANDLER, SHIFT_HEAD, START, dispatched

MINUTE = 60_000
MOVES: dict[str, tuple[Actor, a.CaseAction]] = {
    "sign": (HANDLER, a.Acknowledge()),
    "sign_other": (actor(Role.HANDLER, "he", URBAN), a.Acknowledge()),
    "return": (HANDLER, a.Return(ReturnReason.NOT_OURS)),
    "return_other": (actor(Role.HANDLER, "he", URBAN), a.Return(ReturnReason.NOT_OURS)),
    "send": (DISPATCHER, a.Dispatch(TEAM)),
    "send_other": (DISPATCHER, a.Dispatch(URBAN, (TEAM,))),
    "ask": (HANDLER, a.RequestExtension(ExtensionReason.WEATHER, "2WH")),
    "grant": (SHIFT_HEAD, a.DecideExtension(granted=True)),
    "grant_again": (actor(Role.LEADER), a.DecideExtension(granted=True)),
    "tick": (actor(Role.SYSTEM, scope=""), a.Tick()),
    "handle": (HANDLER, a.Handle()),
}
courses = st.lists(st.tuples(st.sampled_from(sorted(MOVES)), st.integers(1, 180)), min_size=1, max_size=14)


def acted(course: list[tuple[str, int]]) -> tuple[Desk, list[DecisionRecord]]:
    """A dispatched case and what became of each move, each so many minutes after the one before."""
    desk, at = dispatched(), START
    records: list[DecisionRecord] = []
    for name, minutes in course:
        at += minutes * MINUTE
        who, action = MOVES[name]
        records.append(desk.act(who, action, at))
    return desk, records


@settings(max_examples=400)
@given(courses)
def test_a_leads_used_time_is_what_was_worked_while_its_clock_ran(course: list[tuple[str, int]]) -> None:
    desk, _ = acted(course)
    calendar = rules().calendar
    running_since: dict[str | None, int] = {}
    used: dict[str | None, int] = {}
    for record in desk.records:
        for event in record.events:
            if getattr(event, "clock", None) is not ClockKind.HANDLE or event.at_ms is None:
                continue
            unit, kind = getattr(event, "unit", None), type(event).__name__
            if kind == "ClockStarted":
                running_since[unit], used[unit] = event.at_ms, 0
            elif kind == "ClockResumed":
                running_since[unit] = event.at_ms
            elif kind in ("ClockPaused", "ClockStopped"):
                if unit in running_since:
                    used[unit] += elapsed_ms(calendar, running_since.pop(unit), event.at_ms)
                assert used[unit] == getattr(event, "used_ms", None)


@settings(max_examples=400)
@given(courses)
def test_nothing_is_granted_after_a_breach_and_a_breach_is_never_taken_back(course: list[tuple[str, int]]) -> None:
    desk, records = acted(course)
    broken: set[str | None] = set()
    for record in records:
        for event in record.events:
            unit = getattr(event, "unit", None)
            if isinstance(event, ClockOverdue) and event.clock is ClockKind.HANDLE:
                broken.add(unit)
            if isinstance(event, ClockExtended):
                assert unit not in broken
    case = desk.file.case
    assert case is not None
    assert case.status in set(Status)
    for clock in case.clocks:
        if clock.kind is ClockKind.HANDLE and clock.running and clock.overdue:
            assert clock.unit in broken
        assert not (clock.running and clock.paused)
    assert sum(clock.running for clock in case.clocks if clock.kind is ClockKind.HANDLE) <= 1


@settings(max_examples=200)
@given(courses, st.integers(0, 14))
def test_more_time_never_makes_a_deadline_earlier(course: list[tuple[str, int]], upto: int) -> None:
    desk, at = dispatched(), START
    for name, minutes in course[:upto]:
        at += minutes * MINUTE
        who, action = MOVES[name]
        before = desk.file.case.handling_clock if desk.file.case else None
        record = desk.act(who, action, at)
        after = desk.file.case.handling_clock if desk.file.case else None
        if any(isinstance(event, ClockExtended) for event in record.events):
            assert before is not None
            assert after is not None
            assert (after.deadline_ms or 0) > (before.deadline_ms or 0)
