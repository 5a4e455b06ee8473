"""Ownership and admission at intake: whom a case is proposed to, and whether the grid takes on such a matter at all.

Owns what filing says of both (domain document §5). A proposal binds nobody, the dispatcher decides; a matter outside
the admission list is flagged, never refused.
"""

from __future__ import annotations

from domain.case.events import CaseEvent, Filed, NotAdmitted, OwnershipUnclear, Proposed
from domain.case.frame import Frame, Rules
from domain.routing.route import Routed, Unclear


def proposal(frame: Frame, filed: Filed) -> Proposed | OwnershipUnclear:
    """Whom the routing in force proposes as lead; nobody or several: the docket of unclear ownership 权属不清."""
    book, case, at_ms = frame.rules.book, frame.case, frame.at_ms
    case_class = book.find_class(filed.case_class)
    assert case_class is not None, "a class is known before it is filed"
    condition = next(one for one in case_class.conditions if one.code == filed.condition)
    owner = case_class.responsible_for(condition)
    answer = book.router.route(case_class, case.place.grid, case.level, at_ms, owner)
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
