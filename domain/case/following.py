"""What must follow in another case from a decision on one (domain document §3, "One action decides one aggregate").

The reactor asks here and appends what it is told; the rules stand in `recurrence` and `merging`.
"""

from __future__ import annotations

from domain.case import merging, recurrence
from domain.case.actions import CaseAction
from domain.case.decision import Rejection
from domain.case.events import CaseEvent


def follow_ups(
    case: str, action: CaseAction, events: tuple[CaseEvent, ...], rejection: Rejection | None
) -> list[tuple[str, CaseAction]]:
    """The actions to ask of which other cases, in their order; none for most decisions."""
    return [
        *recurrence.follow_ups(case, action, events, rejection),
        *merging.follow_ups(case, action, events, rejection),
    ]
