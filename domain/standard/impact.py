"""What the adoption of a new standard would mean for the cases that are open (domain document §5).

A preview only: open cases keep the version that they were filed under. Owns the comparison, one pass over the cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum

import msgspec

from domain.standard.values import CaseClass, Condition, Standard


class OpenCase(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a preview needs to know of an open case; class "" before it is filed, unit None before it is sent.

    `level` is its desk's; the point (WGS84, degrees) and `placed_ms` are those of its place.
    """

    id: str
    number: str
    case_class: str
    condition: str
    limit: str | None
    grid: str
    unit: str | None = None
    level: int = 0
    status: str = ""
    lon: float | None = None
    lat: float | None = None
    placed_ms: int = 0


UnitOf = Callable[[CaseClass, Condition, OpenCase], str | None]
"""Whose that case is under that class and condition, by the routing of one version; None: it is unclear."""


class Effect(StrEnum):
    """What would be another if the case were filed today; a gone class or condition could not be filed at all."""

    LIMIT = "limit"
    UNIT = "unit"
    CLASS_GONE = "class_gone"
    CONDITION_GONE = "condition_gone"


class Touched(msgspec.Struct, frozen=True, gc=False):
    """A case that the new version would treat in another way; the units are those of the rules, not of a dispatch."""

    case: OpenCase
    effects: tuple[Effect, ...]
    new_limit: str | None = None
    old_unit: str | None = None
    new_unit: str | None = None


class Impact(msgspec.Struct, frozen=True):
    """`by_class` counts each effect by class, `by_unit` by the unit that has it now by the rules ("" if unclear)."""

    seen: int
    touched: tuple[Touched, ...]
    by_class: dict[str, dict[Effect, int]]
    by_unit: dict[str, dict[Effect, int]]


def by_standard(case_class: CaseClass, condition: Condition, case: OpenCase) -> str:
    """The unit that the standard itself names, TERRITORY not resolved: for a preview without routing rules."""
    del case
    return case_class.responsible_for(condition)


def impact(
    old: Standard,
    new: Standard,
    cases: Iterable[OpenCase],
    old_unit_of: UnitOf = by_standard,
    new_unit_of: UnitOf = by_standard,
) -> Impact:
    """Which open cases would get another limit or unit, or could not be filed, if they were filed today.

    The limit is compared with the case's own (pinned at filing), the unit rule with rule: what a dispatcher decided
    on purpose is not counted as an effect of the standard. Cases keep their order; O(cases + classes).
    """
    before, after = ({c.code: c for c in standard.classes} for standard in (old, new))
    touched: list[Touched] = []
    seen = 0
    for case in cases:
        seen += 1
        found = _touched(case, before.get(case.case_class), after.get(case.case_class), old_unit_of, new_unit_of)
        if found.effects:
            touched.append(found)
    return Impact(
        seen,
        tuple(touched),
        _counts((found.case.case_class, found) for found in touched),
        _counts((found.old_unit or "", found) for found in touched),
    )


def _touched(
    case: OpenCase, old: CaseClass | None, new: CaseClass | None, old_unit_of: UnitOf, new_unit_of: UnitOf
) -> Touched:
    was = old and old.find_condition(case.condition)
    unit = old_unit_of(old, was, case) if old and was else case.unit
    if new is None:
        return Touched(case, (Effect.CLASS_GONE,), old_unit=unit)
    becomes = new.find_condition(case.condition)
    if becomes is None:
        return Touched(case, (Effect.CONDITION_GONE,), old_unit=unit)
    new_unit = new_unit_of(new, becomes, case)
    effects: list[Effect] = []
    if becomes.limit != case.limit:
        effects.append(Effect.LIMIT)
    if new_unit != unit:
        effects.append(Effect.UNIT)
    return Touched(case, tuple(effects), becomes.limit, unit, new_unit)


def _counts(found: Iterable[tuple[str, Touched]]) -> dict[str, dict[Effect, int]]:
    counters: dict[str, Counter[Effect]] = {}
    for key, touched in found:
        counters.setdefault(key, Counter()).update(touched.effects)
    return {key: dict(counter) for key, counter in sorted(counters.items())}
