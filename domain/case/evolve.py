"""Folding: `evolve(case, event)` gives the next state.

It never decides, never fails on a stored event, and reads no clock. What each event changes stands in `folds`, in a
group for each part of a case's life, the frequent ones first: a rebuild spends its time here (`liandong bench domain`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast, get_args

from msgspec.structs import replace

from domain.case.events import CaseEvent, ClockNear, ClockOverdue, Event, Reported
from domain.case.folds.alongside import AlongsideEvent, LinkEvent, alongside, linked
from domain.case.folds.clocks import ClockEvent, after
from domain.case.folds.intake import FilingEvent, IntakeEvent, before_filing, filed
from domain.case.folds.result import AnswerEvent, CheckEvent, answered, checked
from domain.case.folds.work import RequestEvent, WorkEvent, at_work, moved_deadline
from domain.case.state import Case
from domain.case.values import Status

GROUPS: tuple[tuple[tuple[type[Event], ...], Callable[[Case, Any], Case]], ...] = (
    (get_args(IntakeEvent), before_filing),
    (get_args(FilingEvent), filed),
    (get_args(WorkEvent), at_work),
    (get_args(RequestEvent), moved_deadline),
    (get_args(CheckEvent), checked),
    (get_args(AnswerEvent), answered),
    (get_args(LinkEvent), linked),
    (get_args(AlongsideEvent), alongside),
)
FOLDS: Mapping[type[Event], Callable[[Case, Any], Case]] = {kind: folded for kinds, folded in GROUPS for kind in kinds}
"""For each event but the first and the clocks' own: one look-up, where a single `match` asks for type after type."""
_CLOCKS = frozenset(get_args(ClockEvent))
_ALARMS = (ClockNear, ClockOverdue)

Move = tuple[Case | None, CaseEvent, Case]
"""The case before an event, the event, and the case after it."""


def fold(case: Case | None, events: Iterable[CaseEvent]) -> Case | None:
    """Fold events in order onto a state; `fold(fold(c, a), b) == fold(c, a + b)`."""
    for event in events:
        case = evolve(case, event)
    return case


def states(case: Case | None, events: Iterable[CaseEvent]) -> tuple[Case, ...]:
    """The state after each of these events; the last one is what `fold` gives."""
    found: list[Case] = []
    for event in events:
        case = evolve(case, event)
        found.append(case)
    return tuple(found)


def moves(case: Case | None, events: Sequence[CaseEvent], after: Sequence[Case]) -> list[Move]:
    """Each event with the case before it and after it; `after` are the `states` that these events lead to."""
    return list(zip((case, *after), events, after, strict=False))


def evolve(case: Case | None, event: CaseEvent) -> Case:
    """The state after one more event. The first event of a case is always `reported`."""
    if type(event) is Reported:
        assert case is None, "reported twice"
        return _opened(event)
    assert case is not None, f"{type(event).__name__} before reported"
    if type(event) in _CLOCKS:
        return _with_clocks(case, cast("ClockEvent", event))
    return replace(FOLDS[type(event)](case, event), version=case.version + 1)


def _with_clocks(case: Case, event: ClockEvent) -> Case:
    confirmed = case.alarm_confirmed and type(event) not in _ALARMS
    return replace(case, clocks=after(case.clocks, event), alarm_confirmed=confirmed, version=case.version + 1)


def _opened(event: Reported) -> Case:
    assert event.at_ms is not None, "a report always states its time"
    return Case(
        status=Status.REPORTED,
        version=1,
        number=event.number,
        level=event.level,
        channel=event.channel,
        place=event.place,
        discoverer=event.discoverer,
        discoverer_unit=event.discoverer_unit,
        case_class=event.case_class,
        opened_ms=event.at_ms,
    )
