"""Whom a case is proposed to: adjudications, then rules, then the default precedence (domain document §5, "Routing").

Owns the order in which they are asked:

1. adjudications in force: the narrowest by class, then by place; of those the newest;
2. rules in force at the case's level: the narrowest by class, then by place, then one that names levels before one that
   names none;
3. component: owner first, then territory; event: territory first, then owner; social: as a component, for a matter
   between people belongs to whom the law names, and to the territory where it names nobody.

What means nobody at the place (an unknown unit, an owner whose scope lies elsewhere) is passed over, so a city never
has fewer answers for having written a rule. Two that are equally narrow and mean different units give no answer.
A place known only roughly is answered by what is said of the whole of it, never by what is said of a part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from domain.routing.narrowing import Narrowing
from domain.routing.serving import Serving
from domain.routing.values import Adjudication, Routing, Rule, in_force
from domain.standard.values import CaseClass, ClassKind
from domain.unit import Unit


class By(StrEnum):
    """What the proposal rests on."""

    ADJUDICATION = "adjudication"
    RULE = "rule"
    OWNER = "owner"
    TERRITORY = "territory"


class Reason(StrEnum):
    """Why there is no proposal."""

    NONE = "none"
    SEVERAL = "several"


class Routed(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="routed"):
    """The unit proposed as lead; `rule` is the code of the rule or adjudication that it rests on."""

    unit: str
    by: By
    rule: str | None = None


class Unclear(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="unclear"):
    """No proposal: nobody is named, or several are; `rules` are the codes that disagree, where rules do."""

    reason: Reason
    candidates: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


Answer = Routed | Unclear
Spoken = Rule | Adjudication


class Router:
    """A routing made ready for asking, with the units it speaks of. Immutable; an answer costs a few µs."""

    __slots__ = ("_adjudications", "_rules", "serving")

    def __init__(self, routing: Routing, units: Iterable[Unit]) -> None:
        self.serving = Serving(units)
        self._rules = by_narrowness(routing.rules)
        self._adjudications = Narrowing((a.case_class, a.place, a) for a in routing.adjudications)

    def route(self, case_class: CaseClass, grid: str, level: int, at_ms: int, responsible: str = "") -> Answer:
        """Whom a case of that class at that place and level, asked at that instant, is proposed to. Never fails.

        `responsible` is whom the standard names under the condition that is filed; empty: whom it names for the class.
        """
        code, owner = case_class.code, responsible or case_class.responsible
        return (
            self._adjudicated(code, owner, grid, at_ms)
            or self._ruled(code, owner, grid, level, at_ms)
            or self._by_precedence(case_class.kind, owner, grid)
        )

    def _adjudicated(self, code: str, owner: str, grid: str, at_ms: int) -> Answer | None:
        for found in self._adjudications.matching(code, grid):
            live = [a for a in found if in_force(a.since_ms, a.until_ms, at_ms)]
            newest = max((a.since_ms for a in live), default=None)
            answer = self._agreed([a for a in live if a.since_ms == newest], By.ADJUDICATION, owner, grid)
            if answer is not None:
                return answer
        return None

    def _ruled(self, code: str, owner: str, grid: str, level: int, at_ms: int) -> Answer | None:
        for found in self._rules.matching(code, grid):
            by_level: list[Rule] = []
            for_all: list[Rule] = []
            for rule in found:
                if in_force(rule.since_ms, rule.until_ms, at_ms):
                    if not rule.levels:
                        for_all.append(rule)
                    elif level in rule.levels:
                        by_level.append(rule)
            for named in (by_level, for_all):
                if named and (answer := self._agreed(named, By.RULE, owner, grid)) is not None:
                    return answer
        return None

    def _agreed(self, named: Sequence[Spoken], by: By, owner: str, grid: str) -> Answer | None:
        """What equally narrow ones say together: one unit, several, or nothing."""
        meant: dict[str, str] = {}
        for spoken in named:
            for unit in self.serving.meant(spoken.unit, owner, grid):
                meant[unit] = min(meant.get(unit, spoken.code), spoken.code)
        if not meant:
            return None
        if len(meant) == 1:
            unit, code = meant.popitem()
            return Routed(unit, by, code)
        return Unclear(Reason.SEVERAL, tuple(sorted(meant)), tuple(sorted(set(meant.values()))))

    def _by_precedence(self, kind: ClassKind, owner: str, grid: str) -> Answer:
        named = (
            (By.OWNER, self.serving.owner(owner, grid)),
            (By.TERRITORY, self.serving.territory(grid)),
        )
        for by, units in reversed(named) if kind is ClassKind.EVENT else named:
            if units:
                return Routed(units[0], by) if len(units) == 1 else Unclear(Reason.SEVERAL, units)
        return Unclear(Reason.NONE)


def route(routing: Routing, units: Iterable[Unit], case_class: CaseClass, grid: str, level: int, at_ms: int) -> Answer:
    """One question of a routing that is asked only once; a `Router` for more than one."""
    return Router(routing, units).route(case_class, grid, level, at_ms)


def by_narrowness(rules: Iterable[Rule]) -> Narrowing[Rule]:
    """Rules under each pair of beginnings that they name; nothing named is the beginning of everything."""
    return Narrowing(
        (class_start, place_start, rule)
        for rule in rules
        for class_start in dict.fromkeys(rule.classes or ("",))
        for place_start in dict.fromkeys(rule.places or ("",))
    )
