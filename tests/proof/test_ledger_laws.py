"""The laws of the responsibility ledger, over every action by turns, in any state, and over pasts that are imported."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from msgspec.structs import replace

from domain.case.actions import CASE_ACTIONS, CaseAction, ImportCase
from domain.case.events import CaseEvent
from domain.case.evolve import evolve, fold
from domain.case.ledger import Interval, Ledger, elapsed_ms, extend, ledger_of, standing_of, sum_ms, tiles
from domain.case.state import Case
from domain.case.values import ClockKind, Status
from projections.steps import Step
from tests.proof.test_case_never_fails import Course
from tests.support.courses import FIRST, FITS

COURSES_OF_EACH = 6
"""For each action, so that none is left to chance."""
PASTS = 200
OPEN_AT_MS = 10**16
"""Later than all that happens: up to here an open interval counts."""


def events_of(steps: list[Step]) -> list[CaseEvent]:
    return [event for step in steps for event in step.record.events]


def folded_on(steps: list[Step]) -> Ledger | None:
    """The ledger as a projection makes it: record after record, each from the tail of the one before."""
    ledger, case = None, None
    intervals: dict[int, Interval] = {}
    lanes: dict[int, Interval] = {}
    for step in steps:
        for event in step.record.events:
            now = evolve(case, event)
            ledger, case = extend(ledger, case, now, event), now
        if ledger is None:
            continue
        for held, found in ((intervals, ledger.intervals), (lanes, ledger.lanes)):
            for version in [version for version, interval in held.items() if interval.to_ms is None]:
                del held[version]
            held.update({interval.version: interval for interval in found})
        ledger = ledger.tail()
    if ledger is None:
        return None
    return replace(ledger, intervals=_in_order(intervals), lanes=_in_order(lanes))


def _in_order(held: dict[int, Interval]) -> tuple[Interval, ...]:
    return tuple(interval for _, interval in sorted(held.items()))


def holds(steps: list[Step], met: Counter[str]) -> None:
    """All laws, of one case."""
    events = events_of(steps)
    ledger, case = ledger_of(events), fold(None, events)
    assert folded_on(steps) == ledger, "folded on from its tail it is the same"
    if ledger is None or case is None:
        return
    assert tiles(ledger.intervals, ledger.rounds)
    assert sum_ms(ledger.intervals, OPEN_AT_MS) == elapsed_ms(ledger.rounds, OPEN_AT_MS)
    assert (ledger.current is not None) == case.open
    if case.open or case.ended_ms is not None:
        ended_ms = OPEN_AT_MS if case.open or case.ended_ms is None else case.ended_ms
        assert elapsed_ms(ledger.rounds, OPEN_AT_MS) == ended_ms - case.opened_ms, "which is what the case says itself"
    numbers = [interval.version for interval in (*ledger.intervals, *ledger.lanes)]
    assert len(set(numbers)) == len(numbers)
    assert numbers[: len(ledger.intervals)] == sorted(numbers[: len(ledger.intervals)])
    lanes_have_room(ledger)
    if (
        case.source is None
    ):  # a step without a time makes no boundary, so a past may be in other hands than its holder's
        stands_as_the_case_stood(ledger, events)
        lanes_lie_beside_a_unit(ledger)
    met.update(str(interval.standing.status) for interval in ledger.intervals)
    met.update(["lane"] * len(ledger.lanes))


def lanes_have_room(ledger: Ledger) -> None:
    """A co-handler's lane has a length, lies inside a round and does not overlap itself."""
    ends: dict[str | None, int] = {}
    for lane in ledger.lanes:
        held = next(one for one in ledger.rounds if one.number == lane.round)
        to_ms = OPEN_AT_MS if lane.to_ms is None else lane.to_ms
        assert held.opened_ms <= lane.from_ms < to_ms <= (OPEN_AT_MS if held.ended_ms is None else held.ended_ms)
        assert ends.get(lane.standing.holder, lane.from_ms) <= lane.from_ms
        assert lane.clock is ClockKind.CO_HANDLE
        ends[lane.standing.holder] = to_ms


def lanes_lie_beside_a_unit(ledger: Ledger) -> None:
    """A co-handler works only while a unit leads: never in a pause, at a desk, or during a check."""
    for lane in ledger.lanes:
        to_ms = OPEN_AT_MS if lane.to_ms is None else lane.to_ms
        beside = [i for i in ledger.intervals if i.from_ms < to_ms and (i.to_ms is None or i.to_ms > lane.from_ms)]
        assert {(interval.standing.holder or "").partition(":")[0] for interval in beside} == {"unit"}


def stands_as_the_case_stood(ledger: Ledger, events: list[CaseEvent]) -> None:
    """At the beginning and at the last millisecond of each interval the case was in those hands, by that clock."""
    for interval in ledger.intervals:
        to_ms = interval.from_ms + 1 if interval.to_ms is None else interval.to_ms
        for at_ms in (interval.from_ms, to_ms - 1):
            case = as_it_stood(events, at_ms)
            assert standing_of(case) == interval.standing
            running = [(clock.kind, clock.holder) for clock in case.clocks if clock.running]
            if interval.standing.pause is None:
                assert (interval.clock, interval.standing.holder) in running
            else:
                assert (interval.clock, running) == (None, [])


def as_it_stood(events: list[CaseEvent], at_ms: int) -> Case:
    """The case with all that had happened by that instant, recomputed from nothing."""
    last = max(n for n, event in enumerate(events) if event.at_ms is not None and event.at_ms <= at_ms)
    case = fold(None, events[: last + 1])
    assert case is not None
    return case


def test_the_intervals_tile_the_life_of_any_case_whatever_is_done() -> None:
    met: Counter[str] = Counter()
    for kind in CASE_ACTIONS:

        @settings(max_examples=COURSES_OF_EACH)
        @given(st.data(), st.just(kind))
        def the_laws_hold(data: DataObject, kind: type[CaseAction]) -> None:
            course = Course(data)
            course.work(data.draw(st.sampled_from(FITS[kind]), label="worked"))
            for _ in range(data.draw(st.integers(1, 3), label="attempts")):
                for before in FIRST.get(kind, ()):
                    course.at_ms += 60_000
                    course.usual(before)
                course.at_ms += 60_000
                course.usual(kind)
                course.anything()
            holds(course.steps, met)

        the_laws_hold()
    assert met["lane"], "co-handlers are met"
    assert {status for status in Status if status not in met} == {
        Status.CLOSED,
        Status.DECLINED,
        Status.NOT_FILED,
        Status.VOID,
    }, "every open state is somebody's, and no other"


def test_the_intervals_tile_any_past_that_is_imported_and_what_is_done_then() -> None:
    met: Counter[str] = Counter()

    @settings(max_examples=PASTS)
    @given(st.data())
    def the_laws_hold(data: DataObject) -> None:
        course = Course(data)
        course.usual(ImportCase)
        for _ in range(data.draw(st.integers(0, 2), label="attempts")):
            course.anything()
        holds(course.steps, met)

    the_laws_hold()
    assert {Status.REPORTED, Status.DISPATCHED} <= met.keys()
