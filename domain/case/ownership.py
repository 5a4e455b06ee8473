"""Ownership and admission at intake: whom a case is proposed to, and whether the grid takes on such a matter at all.

Owns what filing says of both (domain document §5). A proposal binds nobody, the dispatcher decides; a matter outside
the admission list is flagged, never refused.
"""

from __future__ import annotations

from domain.case.events import CaseEvent, NotAdmitted, OwnershipUnclear, Proposed
from domain.case.frame import Rules
from domain.routing.route import Routed, Unclear


def proposal(rules: Rules, case_class: str, grid: str, level: int, at_ms: int) -> Proposed | OwnershipUnclear:
    """Whom the routing in force proposes as lead; nobody or several: the docket of unclear ownership 权属不清."""
    found = rules.book.find_class(case_class)
    assert found is not None, "a class is known before it is filed"
    answer = rules.book.router.route(found, grid, level, at_ms)
    match answer:
        case Routed():
            return Proposed(at_ms=at_ms, unit=answer.unit, by=answer.by, rule=answer.rule)
        case Unclear():
            candidates, among = answer.candidates, answer.rules
            return OwnershipUnclear(at_ms=at_ms, reason=answer.reason, candidates=candidates, rules=among)


def flags(rules: Rules, case_class: str | None, at_ms: int) -> list[CaseEvent]:
    """The flag of a matter that is not on the admission list 准入清单; empty where the city keeps none."""
    if case_class is None or not rules.book.admissions.flagged(case_class, at_ms):
        return []
    return [NotAdmitted(at_ms=at_ms, case_class=case_class)]
