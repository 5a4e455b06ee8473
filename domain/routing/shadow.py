"""A shadow run 试算: past cases put to two routings, to see which would have gone elsewhere. Nothing is moved by it.

Owns the comparison. One pass, in memory that depends on the city's units and classes and never on the number of cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from domain.routing.route import Answer, Routed, Router, Unclear
from domain.standard.values import CaseClass

EXAMPLES_MAX = 50


class PastCase(msgspec.Struct, frozen=True, gc=False):
    """A case as it was filed: `level` is its desk's, `lead` whom the dispatcher chose (None: nobody yet).

    `responsible` is whom the standard named under the condition filed; empty: whom it names for the class.
    """

    id: str
    number: str
    case_class: str
    grid: str
    level: int
    filed_ms: int
    lead: str | None = None
    responsible: str = ""


class Example(msgspec.Struct, frozen=True, gc=False):
    """A case that the two routings answer differently."""

    case: PastCase
    before: Answer
    after: Answer


class ShadowRun(msgspec.Struct, frozen=True):
    """What became of the cases; `cases` is the sum of the first six counts.

    `as_before` and `as_after` count the cases that the dispatcher had sent where the older, the newer would have
    proposed. `moved_by_class` is by class code, `moves` by (unit before, unit after); `examples` are the first
    EXAMPLES_MAX cases that are answered differently.
    """

    same: int
    moved: int
    became_unclear: int
    became_clear: int
    still_unclear: int
    unknown_class: int
    as_before: int
    as_after: int
    moved_by_class: Mapping[str, int]
    moves: Mapping[tuple[str, str], int]
    examples: tuple[Example, ...]

    @property
    def cases(self) -> int:
        """How many cases were looked at."""
        unclear = self.became_unclear + self.became_clear + self.still_unclear
        return self.same + self.moved + unclear + self.unknown_class


def shadow_run(
    before: Router,
    after: Router,
    classes: Mapping[str, CaseClass],
    cases: Iterable[PastCase],
    as_of_ms: int | None = None,
) -> ShadowRun:
    """Put each case to both routers, at the instant at which it was filed or, where given, at `as_of_ms`.

    Rules that begin in the future answer nothing about the past: give the instant from which they hold, and both are
    asked as if all the cases were filed then.
    """
    counts: Counter[str] = Counter()
    moved_by_class: Counter[str] = Counter()
    moves: Counter[tuple[str, str]] = Counter()
    examples: list[Example] = []
    for case in cases:
        case_class = classes.get(case.case_class)
        if case_class is None:
            counts["unknown_class"] += 1
            continue
        at_ms = case.filed_ms if as_of_ms is None else as_of_ms
        old = before.route(case_class, case.grid, case.level, at_ms, case.responsible)
        new = after.route(case_class, case.grid, case.level, at_ms, case.responsible)
        outcome = _outcome(old, new)
        counts[outcome] += 1
        counts["as_before"] += isinstance(old, Routed) and old.unit == case.lead
        counts["as_after"] += isinstance(new, Routed) and new.unit == case.lead
        if isinstance(old, Routed) and isinstance(new, Routed) and outcome == "moved":
            moved_by_class[case.case_class] += 1
            moves[old.unit, new.unit] += 1
        if outcome in ("moved", "became_unclear", "became_clear") and len(examples) < EXAMPLES_MAX:
            examples.append(Example(case, old, new))
    return ShadowRun(
        same=counts["same"],
        moved=counts["moved"],
        became_unclear=counts["became_unclear"],
        became_clear=counts["became_clear"],
        still_unclear=counts["still_unclear"],
        unknown_class=counts["unknown_class"],
        as_before=counts["as_before"],
        as_after=counts["as_after"],
        moved_by_class=dict(moved_by_class),
        moves=dict(moves),
        examples=tuple(examples),
    )


def _outcome(old: Answer, new: Answer) -> str:
    if isinstance(old, Unclear):
        return "still_unclear" if isinstance(new, Unclear) else "became_clear"
    if isinstance(new, Unclear):
        return "became_unclear"
    return "same" if old.unit == new.unit else "moved"
