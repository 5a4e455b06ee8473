"""The walk: from every step of some usual courses, everything that anybody may ask, to a stated depth.

Owns what counts as one position of a case, and what was found: who was let through, to which state, and for which
reasons those who may were refused. Every case on the way is the outcome of real decisions; none is put together here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from enum import Enum
from functools import cache

import msgspec

from domain.case import actions as a
from domain.case.actions import CASE_ACTIONS, Attempt
from domain.case.decide import decide
from domain.case.decision import Accepted, Rejected
from domain.case.evolve import fold
from domain.case.state import Case, Clock
from domain.case.values import Role
from ops.walk.asked import examples
from ops.walk.city import BEGIN_MS, city
from ops.walk.courses import COURSES, SETS_OUT, Leg
from ops.walk.posts import Asking, asking

DEPTH = 2
"""Actions off a course."""
STEP_MS = 60_000
_COUNTS = (
    "version",
    "notes",
    "verifications",
    "extension_requests",
    "suspension_requests",
    "returns",
    "rework",
    "stage",
)
_ORIGIN = (
    "channel",
    "discoverer_unit",
    "source",
    "place",
    "place_incomplete",
    "placed_ms",
    "handlers",
    "path",
    "taken",
)
_LINKS = ("recurs", "recurred_by", "merged", "finding", "co_returned", "rating")
_ORDERS = ("supervisions", "consultations", "first_contact", "offered_to", "hand_overs")
_ALARM = ("alarm_confirmed", "shelved_until_ms", "shelvings")
UNTOLD = frozenset((*_COUNTS, *_ORIGIN, *_LINKS, *_ORDERS, *_ALARM))
"""Fields that tell no position from another: they decide nothing of the way that a case takes. What is asked about one
of them (a reply to an order, the end of a shelving) is tried where a course has it."""


class Position(msgspec.Struct, frozen=True):
    """A case as the walk found it, the instant of its last decision (ms), how far off the course it is, and by what."""

    case: Case | None
    at_ms: int
    depth: int
    attempt: Attempt | None = None


class Tried(msgspec.Struct, frozen=True, order=True):
    """One role's try in one state (empty: before the report): what it is to the case, and the action's name."""

    action: str
    state: str
    role: str
    relation: str


class Found(msgspec.Struct):
    """What a walk found: each try with the states it led to and the reasons it was refused for; how much was tried."""

    led_to: dict[Tried, set[str]] = {}
    refused: dict[Tried, set[str]] = {}
    positions: int = 0
    attempts: int = 0


@cache
def walked(depth: int = DEPTH) -> Found:
    """Walk so many actions off the courses; once in a process."""
    found = Found()
    ahead, known = [Position(None, BEGIN_MS, 0)], {facets(None)}
    met: set[Case | None] = {None}
    for name, off in SETS_OUT.items():
        begun = [position for position in course(name, off) if position.case not in met]
        ahead += begun
        met |= {position.case for position in begun}
        known |= {facets(position.case) for position in begun}
    for position in ahead:
        found.positions += 1
        for case, at_ms in _step(position, found):
            if position.depth < depth and (key := facets(case)) not in known:
                known.add(key)
                ahead.append(Position(case, at_ms, position.depth + 1))
    return found


@cache
def course(name: str, off: int = 0) -> tuple[Position, ...]:
    """The positions of that course, from the report to where it ends, each counted as so many actions off it."""
    positions = [Position(None, BEGIN_MS, 0)]
    for leg in COURSES[name]:
        positions.append(_taken(leg, positions[-1], off))
    return tuple(positions[1:])


def _taken(leg: Leg, last: Position, off: int) -> Position:
    late_ms = _late_ms(last.case) if leg.late and last.case is not None else None
    at_ms = last.at_ms + STEP_MS if late_ms is None else late_ms + 1
    let_through = 0
    for action in examples(leg.kind, last.case, at_ms):
        for who in asking(last.case):
            if who.actor.role is not leg.role or leg.relation not in (None, who.relation):
                continue
            attempt = Attempt("1", "case-1", who.actor, action, at_ms, "d")
            answer = decide(last.case, attempt, at_ms, city(), "1")
            if isinstance(answer, Accepted):
                if let_through == leg.example:
                    return Position(fold(last.case, answer.events), at_ms, off, attempt)
                let_through += 1
                break
    raise LookupError(f"no {leg.role} may {leg.kind.__name__} there: mend COURSES in ops/walk/courses.py")


def facets(case: Case | None) -> Hashable:
    """What tells one position from another: the state, what is there, what is open, which clocks run, which are late.

    Names, numbers and instants are left out, only whether they are there is kept; so the walk is finite.
    """
    return None if case is None else _facet(case)


def _facet(value: object) -> Hashable:
    match value:
        case Clock():
            return (value.kind, value.running, value.overdue) if value.running or value.paused else None
        case msgspec.Struct():
            return tuple(_told(name, getattr(value, name)) for name in value.__struct_fields__ if name not in UNTOLD)
        case Enum() | bool() | None:
            return value
        case tuple() if value and isinstance(value[0], msgspec.Struct):
            return frozenset(map(_facet, value))
        case _:
            return bool(value)


def _told(name: str, value: object) -> Hashable:
    return value if name == "level" else _facet(value)


def _step(position: Position, found: Found) -> Iterator[tuple[Case, int]]:
    case, at_ms = position.case, position.at_ms + STEP_MS
    present = asking(case)
    for kind in CASE_ACTIONS:
        tried = examples(kind, case, at_ms)
        for who in present:
            for moved in _tries(case, tried, who, at_ms, found):
                yield moved, at_ms
    late_ms = None if case is None else _late_ms(case)
    if late_ms is not None:
        clock = next(one for one in present if one.actor.role is Role.SYSTEM)
        later_ms = max(late_ms, position.at_ms) + 1
        for moved in _tries(case, (a.Tick(),), clock, later_ms, found):
            yield moved, later_ms


def _late_ms(case: Case) -> int | None:
    """When all that may fall due has: the last deadline of a running clock, or the end of a pause, granted or asked."""
    ends = [clock.deadline_ms for clock in case.clocks if clock.running]
    ends += [case.suspended_until_ms, case.suspension.until_ms if case.suspension else None]
    return max((instant for instant in ends if instant is not None), default=None)


def _tries(
    case: Case | None, actions: tuple[a.CaseAction, ...], who: Asking, at_ms: int, found: Found
) -> Iterator[Case]:
    """The cases that follow where they are let through; what was found is written down."""
    state = "" if case is None else str(case.status)
    tried = Tried(str(actions[0].__struct_config__.tag), state, str(who.actor.role), who.relation)
    led_to = found.led_to.setdefault(tried, set())
    refused = found.refused.setdefault(tried, set())
    found.attempts += len(actions)
    for action in actions:
        answer = decide(case, Attempt("1", "case-1", who.actor, action, 0, "d"), at_ms, city(), "1")
        if isinstance(answer, Accepted):
            moved = fold(case, answer.events)
            assert moved is not None, "an event makes a case"
            led_to.add(str(moved.status))
            yield moved
        elif isinstance(answer, Rejected):
            refused.add(str(answer.rejection.code))
