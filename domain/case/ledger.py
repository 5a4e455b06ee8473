"""The responsibility ledger 责任时间账: who held a case, from report to end, folded from its events (domain §4).

Owns the law: the intervals tile the case's rounds [opened, ended) with no hole and no overlap, so that their sum is the
time that elapsed. The lead, the desk or the collector asked is the holder; while an approved pause lasts, nobody is.
Co-handlers stand in lanes of their own, outside the sum. All instants and spans are milliseconds.

A boundary lies only where a stated step hands the case on. A step of an imported history without a time makes none: its
span goes to the last holder that is stated, also the span of a round that ends so, at the last instant that is stated.
An instant that lies before the last boundary is taken as that boundary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import assert_never

import msgspec
from msgspec.structs import replace

from domain.case.events import CaseEvent, ClockPaused, ClockResumed, ClockStarted, ClockStopped, Imported
from domain.case.evolve import evolve
from domain.case.frame import desk, person_holder, unit_holder
from domain.case.state import Case
from domain.case.values import ClockKind, Status


class Pause(StrEnum):
    """Why nobody held the case for a while, by approval."""

    SUSPENDED = "suspended"
    MERGED = "merged"


class Standing(msgspec.Struct, frozen=True, gc=False):
    """In whose hands a case is: `holder` as the clocks name it (None in a pause), the case's level and its status."""

    holder: str | None
    level: int
    status: Status
    pause: Pause | None = None


class Interval(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """[from_ms, to_ms) in one pair of hands; `to_ms` None: it goes on. `clock` ran for the holder meanwhile, None if
    none did. `version` is the case's after the event that began it: an interval's number, ascending within the case."""

    version: int
    round: int
    from_ms: int
    to_ms: int | None
    standing: Standing
    clock: ClockKind | None = None


class Round(msgspec.Struct, frozen=True, gc=False):
    """One life of the case, from its opening to its end (None: it is open); the first has number 1."""

    number: int
    opened_ms: int
    ended_ms: int | None = None


class Ledger(msgspec.Struct, frozen=True, gc=False):
    """A case's intervals in order, the lanes of its co-handlers, and its rounds; `last_ms` is the last instant stated.

    One that has let go of its ended intervals and lanes (`tail`) folds on like a whole one.
    """

    intervals: tuple[Interval, ...]
    lanes: tuple[Interval, ...]
    rounds: tuple[Round, ...]
    last_ms: int

    @property
    def current(self) -> Interval | None:
        """The interval that goes on, None when the case has ended."""
        return self.intervals[-1] if self.intervals and self.intervals[-1].to_ms is None else None

    def tail(self) -> Ledger:
        """What is needed to fold on: the open interval, the open lanes, the rounds."""
        intervals = tuple(interval for interval in self.intervals if interval.to_ms is None)
        return replace(self, intervals=intervals, lanes=tuple(lane for lane in self.lanes if lane.to_ms is None))


def ledger_of(events: Iterable[CaseEvent]) -> Ledger | None:
    """The ledger of a case with these events, oldest first; None for none."""
    ledger, case = None, None
    for event in events:
        now = evolve(case, event)
        ledger, case = extend(ledger, case, now, event), now
    return ledger


def extend(ledger: Ledger | None, before: Case | None, after: Case, event: CaseEvent) -> Ledger:
    """The ledger after one more event, which leads from `before` to `after` (`evolve`).

    It never fails on a stored event. `ledger` may be a `tail`.
    """
    if ledger is None or before is None:
        first = Round(1, after.opened_ms)
        return _begun(Ledger((), (), (first,), after.opened_ms), after, after.opened_ms)
    if event.at_ms is not None and event.at_ms > ledger.last_ms and not isinstance(event, Imported):
        ledger = replace(ledger, last_ms=event.at_ms)
    if isinstance(event, ClockStarted | ClockResumed | ClockPaused | ClockStopped):
        return _clocked(ledger, after, event)
    return _handed_on(ledger, before, after, event.at_ms)


def standing_of(case: Case) -> Standing | None:
    """In whose hands the case is; None when it has ended."""
    if not case.open:
        return None
    pause = Pause.SUSPENDED if case.status is Status.SUSPENDED else None
    return Standing(_holder(case), case.level, case.status, pause)


def sum_ms(intervals: Iterable[Interval], as_of_ms: int) -> int:
    """How long the intervals are together; one that goes on counts up to `as_of_ms`."""
    return sum(max((as_of_ms if i.to_ms is None else i.to_ms) - i.from_ms, 0) for i in intervals)


def elapsed_ms(rounds: Iterable[Round], as_of_ms: int) -> int:
    """How long the rounds are together; an open one counts up to `as_of_ms`."""
    return sum(max((as_of_ms if r.ended_ms is None else r.ended_ms) - r.opened_ms, 0) for r in rounds)


def tiles(intervals: Sequence[Interval], rounds: Sequence[Round]) -> bool:
    """The law: the intervals, in order, cover each round from its opening to its end, without a hole, an overlap, or
    one that has no length, and nothing besides."""
    for one in rounds:
        at_ms: int | None = one.opened_ms
        for interval in (i for i in intervals if i.round == one.number):
            if interval.from_ms != at_ms or (interval.to_ms is not None and interval.to_ms <= interval.from_ms):
                return False
            at_ms = interval.to_ms
        if at_ms != one.ended_ms:
            return False
    return {interval.round for interval in intervals} <= {one.number for one in rounds}


def _holder(case: Case) -> str | None:
    match case.status:
        case Status.REPORTED | Status.ACCEPTED | Status.FILED | Status.HANDLED | Status.CHECKED:
            return desk(case.level)
        case Status.VERIFYING:
            return person_holder(case.verifier or "")
        case Status.DISPATCHED | Status.HANDLING:
            return unit_holder(case.lead.unit if case.lead else "")
        case Status.CHECKING:
            return person_holder(case.collector or "")
        case Status.SUSPENDED | Status.CLOSED | Status.DECLINED | Status.NOT_FILED | Status.VOID | Status.MERGED:
            return None
        case _:
            assert_never(case.status)


def _clock_kind(status: Status, case: Case) -> ClockKind | None:
    """The clock that runs for the holder in that state; who has to sign is held to the handling clock already."""
    match status:
        case Status.REPORTED:
            return ClockKind.ACCEPT
        case Status.VERIFYING:
            return ClockKind.VERIFY
        case Status.ACCEPTED:
            return ClockKind.FILE
        case Status.FILED:
            return ClockKind.DISPATCH
        case Status.DISPATCHED | Status.HANDLING:
            return ClockKind.HANDLE
        case Status.HANDLED:
            return ClockKind.CLOSE if case.self_handled and not case.drawn else ClockKind.SEND_CHECK
        case Status.CHECKING:
            return ClockKind.CHECK
        case Status.CHECKED:
            return ClockKind.CLOSE
        case Status.SUSPENDED | Status.CLOSED | Status.DECLINED | Status.NOT_FILED | Status.VOID | Status.MERGED:
            return None
        case _:
            assert_never(status)


def _handed_on(ledger: Ledger, before: Case, after: Case, at_ms: int | None) -> Ledger:
    if standing_of(after) == standing_of(before):
        return ledger
    if not after.open:
        return _ended(ledger, ledger.last_ms if at_ms is None else at_ms)
    if not before.open:
        at_ms = max(ledger.last_ms if at_ms is None else at_ms, ledger.rounds[-1].ended_ms or 0)
        return _begun(_opened_again(ledger, before, at_ms), after, at_ms)
    if at_ms is None or ledger.current is None or standing_of(after) == ledger.current.standing:
        return ledger
    at_ms = max(at_ms, ledger.current.from_ms)
    return _begun(_closed(ledger, at_ms), after, at_ms)


def _begun(ledger: Ledger, case: Case, at_ms: int) -> Ledger:
    standing = standing_of(case)
    assert standing is not None, "an interval begins in an open case"
    kind = _clock_kind(case.status, case)
    ticking = kind if any(clock.running and clock.kind is kind for clock in case.clocks) else None
    begun = Interval(case.version, ledger.rounds[-1].number, at_ms, None, standing, ticking)
    return replace(ledger, intervals=(*ledger.intervals, begun))


def _closed(ledger: Ledger, at_ms: int) -> Ledger:
    return replace(ledger, intervals=tuple(_cut(ledger.intervals, at_ms)))


def _ended(ledger: Ledger, at_ms: int) -> Ledger:
    at_ms = at_ms if ledger.current is None else max(at_ms, ledger.current.from_ms)
    ended = replace(ledger.rounds[-1], ended_ms=at_ms)
    return replace(_closed(ledger, at_ms), rounds=(*ledger.rounds[:-1], ended))


def _opened_again(ledger: Ledger, before: Case, at_ms: int) -> Ledger:
    """A new round; or, when a merger is taken back, the same one, in which the time as part of another case was a
    pause: nothing began with the last event before that, so its version is free to be the pause's number."""
    last = ledger.rounds[-1]
    if before.status is not Status.MERGED or last.ended_ms is None:
        return replace(ledger, rounds=(*ledger.rounds, Round(last.number + 1, at_ms)))
    merged = Standing(None, before.level, before.status, Pause.MERGED)
    pause = Interval(before.version, last.number, last.ended_ms, at_ms, merged)
    intervals = (*ledger.intervals, pause) if pause.to_ms != pause.from_ms else ledger.intervals
    return replace(ledger, intervals=intervals, rounds=(*ledger.rounds[:-1], replace(last, ended_ms=None)))


def _cut(intervals: Iterable[Interval], at_ms: int, holder: str | None = None) -> Iterable[Interval]:
    """The intervals, open ones (of that holder) ended at `at_ms`, those that would have no length left out."""
    for interval in intervals:
        if interval.to_ms is not None or holder not in (None, interval.standing.holder):
            yield interval
        elif at_ms > interval.from_ms:
            yield replace(interval, to_ms=at_ms)


def _clocked(ledger: Ledger, case: Case, event: ClockStarted | ClockResumed | ClockPaused | ClockStopped) -> Ledger:
    assert event.at_ms is not None, "clock events always have an instant"
    runs = isinstance(event, ClockStarted | ClockResumed)
    if event.clock is ClockKind.CO_HANDLE and event.unit is not None:
        holder = unit_holder(event.unit)
        lanes = tuple(_cut(ledger.lanes, event.at_ms, holder))
        if runs and case.open:
            standing = Standing(holder, case.level, case.status)
            begun = Interval(case.version, ledger.rounds[-1].number, event.at_ms, None, standing, event.clock)
            lanes = (*lanes, begun)
        return replace(ledger, lanes=lanes)
    current = ledger.current
    if not runs or current is None or event.clock is not _clock_kind(current.standing.status, case):
        return ledger
    return replace(ledger, intervals=(*ledger.intervals[:-1], replace(current, clock=event.clock)))
