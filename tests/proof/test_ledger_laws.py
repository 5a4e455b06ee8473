"""The laws of the responsibility ledger, over every action by turns, in any state, and over pasts that are imported."""

from __future__ import annotations

from collections import Counter
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from msgspec.structs import replace

from domain.case import actions as a
from domain.case.actions import CASE_ACTIONS, CaseAction
from domain.case.events import CaseEvent
from domain.case.evolve import evolve, fold
from domain.case.ledger import Interval, Ledger, Pause, elapsed_ms, extend, ledger_of, standing_of, sum_ms, tiles
from domain.case.state import Case
from domain.case.values import OPEN_STATUSES, Actor, Channel, ClockKind, Place, Role, Source, Status
from domain.worktime.limit import HOUR_MS
from projections.steps import Step
from reference.contents import Contents
from tests.proof.test_case_never_fails import Course
from tests.support.courses import BEGIN, CODES, FIRST, FITS, good_action
from tests.support.standards import UNITS

COURSES_OF_EACH = 6
"""For each action, so that none is left to chance."""
COURSES_OF_PASTS = 200
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
    stated = all(one.ended_ms is not None for one in case.rounds)
    if stated and (case.open or case.ended_ms is not None):
        began_ms = case.opened_ms if case.round_ms is None else case.round_ms
        ended_ms = OPEN_AT_MS if case.ended_ms is None else case.ended_ms
        elapsed = sum((one.ended_ms or 0) - one.opened_ms for one in case.rounds) + ended_ms - began_ms
        assert elapsed_ms(ledger.rounds, OPEN_AT_MS) == elapsed, "which is what the case says itself"
    numbers = [interval.version for interval in (*ledger.intervals, *ledger.lanes)]
    assert len(set(numbers)) == len(numbers)
    assert numbers[: len(ledger.intervals)] == sorted(numbers[: len(ledger.intervals)])
    lanes_have_room(ledger)
    # A step without a time makes no boundary, so a past may be in other hands than those of its holder.
    if case.source is None:
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
            merged = interval.standing.pause is Pause.MERGED
            assert (case.status is Status.MERGED) if merged else (standing_of(case) == interval.standing)
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
    assert set(Status).intersection(met) == OPEN_STATUSES | {Status.MERGED}, "every open state, and a merger taken back"


LED = (a.Dispatch, a.Acknowledge)
TO_THE_END = (a.Handle, a.SendCheck, a.PassCheck, a.Close)
REWORKED = (a.Handle, a.SendCheck, a.FailCheck, *TO_THE_END)
PASTS: tuple[tuple[type[a.StepAction], ...], ...] = (
    (a.Accept, a.File, *LED, *TO_THE_END),
    (a.Accept, a.File, *LED, a.Return, *LED, *REWORKED),
)
"""What a source tells, in this order and up to some step."""


@st.composite
def pasts(draw: st.DrawFn, contents: Contents) -> a.ImportCase:
    """A past case in the order of the work; each step, the last one too, may be without a time."""
    case_class = contents.standard.classes[0]
    opened_ms = BEGIN - 12 * HOUR_MS
    steps: list[a.Step] = []
    for number, kind in enumerate(draw(st.sampled_from(PASTS))[: draw(st.integers(0, 14))]):
        at_ms = opened_ms + draw(st.sampled_from([number, number, 0])) * HOUR_MS // 2 if draw(st.booleans()) else None
        last = max((step.at_ms for step in steps if step.at_ms is not None), default=opened_ms)
        do = a.Dispatch(UNITS[0].code, draw(st.sampled_from([(), (UNITS[1].code,)])))
        if kind is a.File:
            do = a.File(case_class.code, case_class.conditions[0].code)
        elif kind is not a.Dispatch:
            do = draw(good_action(kind, contents, None))
        steps.append(a.Step(cast(a.StepAction, do), None if at_ms is None else max(at_ms, last)))
    place = Place(draw(st.sampled_from(CODES)))
    report = a.Report(place, Channel.HOTLINE, case_class.code)
    return a.ImportCase(Source("old", "1"), report, opened_ms, tuple(steps), as_of_ms=BEGIN)


def test_the_intervals_tile_any_past_that_is_imported_and_what_is_done_then() -> None:
    met: Counter[str] = Counter()

    @settings(max_examples=COURSES_OF_PASTS)
    @given(st.data())
    def the_laws_hold(data: DataObject) -> None:
        course = Course(data)
        course.attempt(data.draw(pasts(course.contents)), Actor("import", Role.IMPORTER))
        for _ in range(data.draw(st.integers(0, 2), label="attempts")):
            course.anything()
        holds(course.steps, met)

    the_laws_hold()
    assert {Status.REPORTED, Status.DISPATCHED} <= met.keys()
