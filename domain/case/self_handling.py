"""Rules of self_handle 自行处置: grid staff do it themselves, at once (domain document §3).

Only what the standard's simple list names, with photos of before and after. A share that the standard sets is checked
by somebody else: the case id's hash draws it, so that nobody can choose; the shift head closes the rest as it is.
"""

from __future__ import annotations

import hashlib

from domain.case.actions import File, SelfHandle
from domain.case.decision import ReasonCode, Refused
from domain.case.events import CaseEvent, SelfHandled
from domain.case.frame import GRID_STAFF, Frame, desk
from domain.case.intake import filed_event, require_class, require_condition
from domain.case.values import ClockKind, Status


def self_handle(frame: Frame, action: SelfHandle) -> list[CaseEvent]:
    """Grid staff of the place report the matter as done; whoever discovered it may (巡办分离's one exception)."""
    frame.require(Status.REPORTED, Status.ACCEPTED)
    frame.require_role(*sorted(GRID_STAFF))
    book = frame.rules.book
    case_class = require_class(action.case_class or frame.case.case_class, book)
    condition = require_condition(case_class, action.condition)
    if not condition.simple:
        simple = [f"{one.code}/{c.code}" for one in book.standard.classes for c in one.conditions if c.simple]
        raise Refused(ReasonCode.NOT_SIMPLE, found=f"{case_class.code}/{condition.code}", allowed=simple)
    filed = filed_event(frame, File(case_class.code, condition.code))
    if filed.limit is None:  # a failed check would leave its lead without a deadline
        raise Refused(ReasonCode.NO_LIMIT, found=f"{filed.case_class}/{filed.condition}")
    is_drawn = drawn(frame.attempt.case, book.standard.self_handled_check_percent)
    events: list[CaseEvent] = [
        SelfHandled(
            at_ms=frame.at_ms,
            person=frame.actor.person,
            case_class=filed.case_class,
            condition=filed.condition,
            rulebook=filed.rulebook,
            before=action.before,
            after=action.after,
            limit=filed.limit,
            urgent=filed.urgent,
            drawn=is_drawn,
            result=action.result,
        ),
        *frame.stop(ClockKind.ACCEPT),
        *frame.stop(ClockKind.FILE),
    ]
    kind = ClockKind.SEND_CHECK if is_drawn else ClockKind.CLOSE
    return [*events, frame.start_stage(kind, desk(frame.case.level))]


def drawn(case_id: str, percent: int) -> bool:
    """Whether the case is checked: `percent` of all ids, by their hash; the same for ever."""
    return int.from_bytes(hashlib.sha256(case_id.encode()).digest()[:8], "big") % 100 < percent
