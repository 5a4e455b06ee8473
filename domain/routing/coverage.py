"""Finds rules that no case can meet: always answered by a narrower rule, without an owner to name, or out of reach.

Owns only what is certain from the content itself; what depends on words like "territory" is left to the shadow run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.finding import Finding, Weight
from domain.routing.narrowing import Narrowing
from domain.routing.route import by_narrowness
from domain.routing.serving import Serving
from domain.routing.values import LEVELS, OWNER, PART, TERRITORY, Routing, Rule
from domain.standard.values import CaseClass


def never_met(routing: Routing, classes: Sequence[CaseClass], serving: Serving) -> Iterator[Finding]:
    """A warning for each such rule, saying why."""
    narrowing = by_narrowness(routing.rules)
    for row, rule in enumerate(routing.rules, start=1):
        matching = [c for c in classes if not rule.classes or c.code.startswith(rule.classes)]
        if not matching or not serving.knows(rule.unit):
            continue
        if rule.unit == OWNER and not any(serving.has(c.responsible) for c in matching):
            yield _warning(
                "routing.never_met",
                rule,
                row,
                f"规则{rule.code}写的是主管部门,但标准没有为其中任何类别指定部门,规则不会生效。",
                f"Rule {rule.code} names the owner, but the standard names none for its classes: no case meets it.",
            )
        elif rule.unit not in (OWNER, TERRITORY) and not _in_reach(rule, serving):
            yield _warning(
                "routing.unit_elsewhere",
                rule,
                row,
                f"规则{rule.code}写的单位{rule.unit}不管辖其中任何地点。",
                f"Rule {rule.code} names {rule.unit}, which serves none of the rule's places.",
            )
        elif buried := _buried(rule, matching, narrowing, serving):
            by = ", ".join(sorted(buried))
            yield _warning(
                "routing.never_met",
                rule,
                row,
                f"规则{rule.code}的所有案件都由更具体的规则({by})决定,规则不会生效。",
                f"Every case of rule {rule.code} is answered by a narrower rule ({by}): no case meets it.",
            )


def _in_reach(rule: Rule, serving: Serving) -> bool:
    return any(serving.reaches(rule.unit, place) for place in rule.places or ("",))


def _buried(rule: Rule, matching: Sequence[CaseClass], narrowing: Narrowing[Rule], serving: Serving) -> set[str]:
    """The narrower rules that together answer every class at every place of this one; empty where one is left to it."""
    by: set[str] = set()
    for case_class in matching:
        for place in rule.places or ("",):
            above = _above(rule, case_class.code, place, narrowing, serving)
            if above is None:
                return set()
            by.add(above)
    return by


def _above(rule: Rule, class_code: str, place: str, narrowing: Narrowing[Rule], serving: Serving) -> str | None:
    """A narrower rule that answers this class in all of this place whenever and wherever the rule would."""
    own = narrowing.under(max((s for s in rule.classes or ("",) if class_code.startswith(s)), key=len), place)
    for found in narrowing.matching(class_code, place):
        candidates = found if found is not own else () if rule.levels else [other for other in found if other.levels]
        for other in candidates:
            if serving.has(other.unit) and _spans(other, rule):
                return other.code
        if found is own:
            break
    return None


def _spans(other: Rule, rule: Rule) -> bool:
    """Whether `other` is in force, at all the levels, whenever `rule` is."""
    begins = other.since_ms is None or (rule.since_ms is not None and other.since_ms <= rule.since_ms)
    ends = other.until_ms is None or (rule.until_ms is not None and rule.until_ms <= other.until_ms)
    return begins and ends and set(rule.levels or LEVELS) <= set(other.levels or LEVELS)


def _warning(code: str, rule: Rule, row: int, zh: str, en: str) -> Finding:
    return Finding(code, PART, zh, en, found=rule.unit, key=rule.code, row=row, weight=Weight.WARNING)
