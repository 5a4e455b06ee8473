"""The report on the powers-and-duties list 权责清单: which class has, in which township, no owner or two.

Owns the question put to a routing for all classes and townships at once. It asks at every level that has a desk, in the
township as a whole and at every place within it that the routing or a unit's scope names: what is unclear in a part
makes the whole row unclear.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from domain.grid.values import Grid
from domain.routing.route import Answer, Reason, Router, Unclear
from domain.routing.serving import TEAM_KIND
from domain.routing.values import Routing
from domain.standard.values import CaseClass, Standard
from domain.unit import Unit

DESK_LEVELS = (0, 1, 2)
TOWNSHIP_LEVEL = 1


class OwnershipRow(msgspec.Struct, frozen=True, gc=False):
    """What is answered for a class in a township; where a part of it is unclear, that answer, its place and level."""

    case_class: str
    town: str
    answer: Answer
    place: str
    level: int


class OwnershipReport(msgspec.Struct, frozen=True, gc=False):
    """One row a class and township, in their orders, and how many there are of each kind."""

    rows: tuple[OwnershipRow, ...]
    owned: int
    none: int
    several: int


def ownership_report(
    standard: Standard, routing: Routing, units: Iterable[Unit], grids: Iterable[Grid], at_ms: int
) -> OwnershipReport:
    """The report as of `at_ms` (UTC milliseconds)."""
    units = list(units)
    router = Router(routing, units)
    named = sorted(_named(standard, routing, units))
    towns = [grid.code for grid in grids if grid.level == TOWNSHIP_LEVEL]
    places = {town: [town, *(p for p in named if p.startswith(town) and p != town)] for town in towns}
    rows = tuple(_row(router, c, town, places[town], at_ms) for c in standard.classes for town in towns)
    none, several = (sum(_unclear(row.answer, reason) for row in rows) for reason in (Reason.NONE, Reason.SEVERAL))
    return OwnershipReport(rows, len(rows) - none - several, none, several)


def _named(standard: Standard, routing: Routing, units: Iterable[Unit]) -> set[str]:
    responsible = {case_class.responsible for case_class in standard.classes}
    return {
        *(place for rule in routing.rules for place in rule.places),
        *(adjudication.place for adjudication in routing.adjudications),
        *(unit.scope for unit in units if unit.kind == TEAM_KIND or unit.code in responsible),
    }


def _row(router: Router, case_class: CaseClass, town: str, places: Sequence[str], at_ms: int) -> OwnershipRow:
    rows = [
        OwnershipRow(case_class.code, town, router.route(case_class, place, level, at_ms), place, level)
        for place in places
        for level in DESK_LEVELS
    ]
    return next((row for row in rows if isinstance(row.answer, Unclear)), rows[0])


def _unclear(answer: Answer, reason: Reason) -> bool:
    return isinstance(answer, Unclear) and answer.reason is reason
