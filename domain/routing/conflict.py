"""Finds rules that are equally narrow and name different units: each pair once, with an example class and place.

Owns what a conflict is: the same beginning of class and of place, an instant and a level in common, both naming levels
or neither. Whatever `Router` finds unclear between rules has a pair here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from domain.finding import Finding, Weight
from domain.routing.route import by_narrowness
from domain.routing.serving import Serving
from domain.routing.values import LEVELS, OWNER, PART, TERRITORY, Adjudication, Routing, Rule
from domain.standard.values import CaseClass

CONFLICTS_SHOWN_MAX = 200


def conflicts(routing: Routing, classes: Sequence[CaseClass], serving: Serving, places: Sequence[str]) -> list[Finding]:
    """A warning for each pair, at most CONFLICTS_SHOWN_MAX; `places` are where examples are looked for."""
    rows = {rule.code: row for row, rule in enumerate(routing.rules, start=1)}
    found: dict[tuple[str, str], Finding] = {}
    for class_start, place_start, rules in by_narrowness(routing.rules).pairs():
        for one, other in combinations(rules, 2):
            if one.unit == other.unit:
                continue
            pair = (one.code, other.code)
            if pair in found or not meet(one, other):
                continue
            example = next(_examples(one, other, class_start, place_start, classes, places, serving), None)
            if example is not None:
                found[pair] = _conflict(one, other, *example, row=rows[one.code])
            if len(found) == CONFLICTS_SHOWN_MAX:
                return list(found.values())
    return list(found.values())


def disagreements(routing: Routing) -> list[Finding]:
    """A warning for each adjudication that another one of the same class, place and instant contradicts."""
    first: dict[tuple[str, str, int], Adjudication] = {}
    found: list[Finding] = []
    for row, one in enumerate(routing.adjudications, start=1):
        earlier = first.setdefault((one.case_class, one.place, one.since_ms), one)
        if earlier.unit != one.unit and len(found) < CONFLICTS_SHOWN_MAX:
            found.append(
                Finding(
                    "routing.adjudications_disagree",
                    PART,
                    f"裁决{earlier.code}({earlier.unit})与{one.code}({one.unit})同时对同一类别和地点作出不同裁决。",
                    f"Adjudications {earlier.code} ({earlier.unit}) and {one.code} ({one.unit}) decide the same class "
                    "and place from the same instant, and differ.",
                    found=f"{earlier.unit}, {one.unit}",
                    key=one.code,
                    row=row,
                    weight=Weight.WARNING,
                )
            )
    return found


def meet(one: Rule, other: Rule) -> bool:
    """Whether one case at one instant can meet both, neither being narrower by its levels."""
    if bool(one.levels) != bool(other.levels):
        return False
    if one.levels and not set(one.levels) & set(other.levels) & set(LEVELS):
        return False
    begins = max(one.since_ms or 0, other.since_ms or 0)
    return all(until is None or begins < until for until in (one.until_ms, other.until_ms))


def _examples(
    one: Rule,
    other: Rule,
    class_start: str,
    place_start: str,
    classes: Sequence[CaseClass],
    places: Sequence[str],
    serving: Serving,
) -> Iterator[tuple[str, str]]:
    """Classes and places at which both rules mean somebody, and not the same."""
    words = {one.unit, other.unit} & {OWNER, TERRITORY}
    matching = [c for c in classes if c.code.startswith(class_start)]
    for case_class in matching if words else matching[:1]:
        for place in places:
            if place.startswith(place_start):
                meant = [set(serving.meant(rule.unit, case_class.responsible, place)) for rule in (one, other)]
                if all(meant) and len(meant[0] | meant[1]) > 1:
                    yield case_class.code, place


def _conflict(one: Rule, other: Rule, case_class: str, place: str, row: int) -> Finding:
    return Finding(
        "routing.conflict",
        PART,
        f"规则{one.code}({one.unit})与{other.code}({other.unit})同样具体而单位不同,"
        f"如{case_class}在{place}:这类案件将列入权属不清台账。",
        f"Rules {one.code} ({one.unit}) and {other.code} ({other.unit}) are equally narrow and name different units, "
        f"for example for {case_class} at {place}: such cases go to the docket of unclear ownership.",
        found=f"{one.unit}, {other.unit}",
        key=one.code,
        row=row,
        weight=Weight.WARNING,
    )
