"""Drawn histories of a case: attempt after attempt by the real rules, most of them such as the walk saw let through.

Owns how often what is asked. Cheap, seeded and driven by the walk: an action that is added later comes up by itself.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from functools import cache

import msgspec
from msgspec.structs import replace

from domain.case.actions import CASE_ACTIONS, Attempt, CaseAction, File
from domain.case.decide import decide
from domain.case.decision import Accepted, Decision, ReasonCode, Rejected
from domain.case.events import CaseEvent
from domain.case.evolve import fold
from domain.case.state import Case
from domain.case.values import OPEN_STATUSES, Status
from domain.worktime.limit import DAY_MS, HOUR_MS
from ops.walk.asked import examples
from ops.walk.city import BEGIN_MS, CONDITIONS, city
from ops.walk.courses import COURSES
from ops.walk.posts import asking
from ops.walk.walk import course, walked

ORDER = ("", *map(str, Status))
KINDS: Mapping[str, type[CaseAction]] = {str(kind.__struct_config__.tag): kind for kind in CASE_ACTIONS}
OPEN = frozenset(map(str, OPEN_STATUSES))
ASTRAY = 0.1
"""So many attempts are of any kind by anybody."""
WAITS_MS = (0, *[1_000] * 4, *[60_000] * 6, *[600_000] * 4, HOUR_MS, 5 * HOUR_MS, DAY_MS)
"""Whole seconds, from none to what lets most limits pass."""
FORTH, BACK, STAYS, ENDS = 8.0, 1.5, 4.0, 0.3
"""How much likelier it is that a case moves on, goes back, stays where it is, or ends before its time; what may be done
in many states is as much rarer in each."""
DRAWN_MAX = 3
"""How often somebody else is drawn where the post is the wrong one: that happens astray often enough."""
OF_THE_POST = frozenset({ReasonCode.WRONG_ROLE, ReasonCode.WRONG_LEVEL, ReasonCode.ALREADY_REPORTED})


class Taken(msgspec.Struct, frozen=True):
    """One attempt and what was decided: the case before it (None: not reported yet), at that instant (ms)."""

    case: Case | None
    attempt: Attempt
    at_ms: int
    answer: Decision

    @property
    def events(self) -> tuple[CaseEvent, ...]:
        """What is recorded: the events, or only what fell due before a refusal."""
        return self.answer.events if isinstance(self.answer, Accepted) else self.answer.due


class Chance(msgspec.Struct, frozen=True):
    """A kind of action by somebody, as the walk saw it let through."""

    kind: type[CaseAction]
    role: str
    relation: str


def drawn(chosen: random.Random, attempts: int) -> list[Taken]:
    """A history that follows some course for a while, and then so many attempts drawn from those numbers."""
    begun = _begun(chosen.choice(tuple(COURSES)))
    taken = list(begun[: chosen.randint(0, len(begun))])
    case = fold(taken[-1].case, taken[-1].events) if taken else None
    at_ms = taken[-1].at_ms if taken else BEGIN_MS
    for number in range(attempts):
        at_ms += chosen.choice(WAITS_MS)
        taken.append(_taken(chosen, case, at_ms, str(number)))
        case = fold(case, taken[-1].events)
    return taken


@cache
def _begun(name: str) -> tuple[Taken, ...]:
    """That course, attempt by attempt."""
    taken: list[Taken] = []
    case = None
    for position in course(name):
        assert position.attempt is not None, "a course is made of attempts"
        answer = decide(case, position.attempt, position.at_ms, city(), "1")
        taken.append(Taken(case, position.attempt, position.at_ms, answer))
        case = position.case
    return tuple(taken)


def _taken(chosen: random.Random, case: Case | None, at_ms: int, name: str) -> Taken:
    for left in reversed(range(DRAWN_MAX)):
        attempt = drawn_attempt(chosen, case, at_ms, name)
        answer = decide(case, attempt, at_ms, city(), "1")
        if not left or not isinstance(answer, Rejected) or answer.rejection.code not in OF_THE_POST:
            return Taken(case, attempt, at_ms, answer)
    raise AssertionError("the last one drawn is taken")


def drawn_attempt(chosen: random.Random, case: Case | None, at_ms: int, name: str = "1") -> Attempt:
    """Something that may be asked of the case at that instant."""
    chances, weights = _chances()["" if case is None else str(case.status)]
    if chosen.random() < ASTRAY or not chances:
        kind, who = chosen.choice(CASE_ACTIONS), chosen.choice(asking(case))
    else:
        chance = chosen.choices(chances, cum_weights=weights)[0]
        kind = chance.kind
        present = asking(case)
        fit = [one for one in present if (one.actor.role, one.relation) == (chance.role, chance.relation)]
        who = chosen.choice(fit or present)
    action = chosen.choice(examples(kind, case, at_ms))
    if isinstance(action, File):
        action = replace(action, condition=chosen.choice(CONDITIONS))
    return Attempt(name, "case-1", who.actor, action, at_ms, "d")


@cache
def _chances() -> Mapping[str, tuple[list[Chance], list[float]]]:
    """For each state what is let through, with weights summed up."""
    found = {tried: led_to for tried, led_to in walked(1).led_to.items() if led_to}
    states: dict[str, set[str]] = {}
    sharing: Counter[tuple[str, str]] = Counter()
    for tried in found:
        states.setdefault(tried.action, set()).add(tried.state)
        sharing[tried.action, tried.state] += 1
    told: dict[str, tuple[list[Chance], list[float]]] = {state: ([], []) for state in ORDER}
    for tried, led_to in found.items():
        weight = max(_weight(tried.state, end, len(states[tried.action])) for end in led_to)
        chances, weights = told[tried.state]
        chances.append(Chance(KINDS[tried.action], tried.role, tried.relation))
        weights.append((weights[-1] if weights else 0.0) + weight / sharing[tried.action, tried.state])
    return told


def _weight(state: str, end: str, states: int) -> float:
    """Of an action that leads there and may be taken in so many states; their order is that of the work."""
    if end == state:
        return STAYS / states
    if end in OPEN:
        return FORTH if ORDER.index(end) > ORDER.index(state) else BACK
    return FORTH if end == Status.CLOSED and states == 1 else ENDS / states
