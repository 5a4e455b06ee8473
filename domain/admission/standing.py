"""Where an item stands after its steps, and when it was admitted as what. Owns the fold; it never refuses a step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import assert_never

import msgspec

from domain.admission.values import Admitted, Applied, ChangeProposed, Exited, Item, Matter, Reviewed, Step


class Stage(StrEnum):
    """How far the last proposal of an item has come."""

    NEW = "new"
    APPLIED = "applied"
    REVIEWED = "reviewed"
    REFUSED = "refused"
    ADMITTED = "admitted"
    CHANGE_PROPOSED = "change_proposed"
    CHANGE_REVIEWED = "change_reviewed"
    EXITED = "exited"


class Standing(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """`matter` is what the item is admitted as, `proposed` what is asked for; `hands` took the proposal's steps."""

    stage: Stage = Stage.NEW
    matter: Matter | None = None
    proposed: Matter | None = None
    hands: tuple[str, ...] = ()
    last_ms: int | None = None


class Term(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An item was admitted as this matter during [since, until), UTC milliseconds; until None: with no end."""

    item: str
    matter: Matter
    since_ms: int
    until_ms: int | None = None

    def covers(self, at_ms: int) -> bool:
        """Whether the instant lies in the term."""
        return self.since_ms <= at_ms and (self.until_ms is None or at_ms < self.until_ms)


def after(standing: Standing, step: Step) -> Standing:
    """The standing after one more step, taken as it is."""
    match step:
        case Applied():
            return Standing(Stage.APPLIED, None, step.matter, (step.by,), step.at_ms)
        case ChangeProposed():
            return Standing(Stage.CHANGE_PROPOSED, standing.matter, step.matter, (step.by,), step.at_ms)
        case Reviewed():
            change = standing.stage is Stage.CHANGE_PROPOSED
            if step.supports:
                stage = Stage.CHANGE_REVIEWED if change else Stage.REVIEWED
                return Standing(stage, standing.matter, standing.proposed, (*standing.hands, step.by), step.at_ms)
            return Standing(Stage.ADMITTED if change else Stage.REFUSED, standing.matter, last_ms=step.at_ms)
        case Admitted():
            return Standing(Stage.ADMITTED, standing.proposed, last_ms=step.at_ms)
        case Exited():
            return Standing(Stage.EXITED, last_ms=step.at_ms)
    assert_never(step)


def standing(steps: Iterable[Step]) -> Standing:
    """Where an item with these steps stands."""
    found = Standing()
    for step in steps:
        found = after(found, step)
    return found


def terms(item: Item) -> list[Term]:
    """When the item was, is and will be admitted, in order of time, none overlapping another.

    Of two admissions the one decided later holds from the beginning of its term on, also where it ends earlier; an
    exit ends whatever was decided before it.
    """
    found: list[Term] = []
    ceiling: int | None = None
    matters = _admitted_matters(item.steps)
    for step in reversed(item.steps):
        if isinstance(step, Exited):
            ceiling = _earlier(ceiling, step.at_ms)
        elif isinstance(step, Admitted):
            matter, until_ms = matters.pop(), _earlier(ceiling, step.until_ms)
            if matter is not None and (until_ms is None or step.since_ms < until_ms):
                found.append(Term(item.code, matter, step.since_ms, until_ms))
            ceiling = _earlier(ceiling, step.since_ms)
    return found[::-1]


def _admitted_matters(steps: Sequence[Step]) -> list[Matter | None]:
    """What each `Admitted` among the steps admitted, in their order."""
    found: list[Matter | None] = []
    now = Standing()
    for step in steps:
        now = after(now, step)
        if isinstance(step, Admitted):
            found.append(now.matter)
    return found


def _earlier(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else min(one, other)
