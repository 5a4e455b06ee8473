"""Rules of supervision 督办: supervise, reply_supervision (domain document §3, "Alongside, in any open state").

An order is alongside: it moves no deadline of the case. A reply that does not come by its time is told as an event.
"""

from __future__ import annotations

from domain.case.actions import ReplySupervision, Supervise
from domain.case.decision import AlreadySo, ReasonCode, Refused
from domain.case.events import CaseEvent, Supervised, SupervisionOverdue, SupervisionReplied
from domain.case.frame import Frame
from domain.case.levels import DESK_ROLES
from domain.case.state import Case
from domain.case.values import OPEN_STATUSES, SUPERVISIONS_MAX, SUSPENSION_MS_MAX, Role

SUPERVISORS = (Role.LEADER, Role.INSPECTOR)


def supervise(frame: Frame, action: Supervise) -> list[CaseEvent]:
    """A leader or an inspector presses for the case; the reply is due within a year."""
    frame.require(*sorted(OPEN_STATUSES))
    frame.require_role(*SUPERVISORS)
    given = len(frame.case.supervisions)
    if given >= SUPERVISIONS_MAX:
        raise Refused(ReasonCode.TOO_MANY_SUPERVISIONS, found=given, limit=SUPERVISIONS_MAX)
    if not frame.at_ms < action.due_ms <= frame.at_ms + SUSPENSION_MS_MAX:
        allowed = [str(frame.at_ms + 1), str(frame.at_ms + SUSPENSION_MS_MAX)]
        raise Refused(ReasonCode.DUE_OUT_OF_RANGE, found=action.due_ms, allowed=allowed)
    return [
        Supervised(
            at_ms=frame.at_ms,
            number=given + 1,
            person=frame.actor.person,
            kind=action.kind,
            due_ms=action.due_ms,
            text=action.text,
        )
    ]


def reply_supervision(frame: Frame, action: ReplySupervision) -> list[CaseEvent]:
    """Whoever has the case replies: the lead's unit once it is dispatched, the desk before and after."""
    frame.require(*sorted(OPEN_STATUSES))
    if frame.actor.role is Role.HANDLER:
        frame.require_lead()
    else:
        frame.require_desk(*DESK_ROLES)
    order = next((one for one in frame.case.supervisions if one.number == action.number), None)
    if order is None:
        known = [str(one.number) for one in frame.case.supervisions]
        raise Refused(ReasonCode.NO_SUCH_SUPERVISION, found=action.number, allowed=known)
    if order.replied:
        raise AlreadySo(number=action.number)
    replied = SupervisionReplied(at_ms=frame.at_ms, number=action.number, person=frame.actor.person, text=action.text)
    return [replied]


def overdue(case: Case, at_ms: int) -> list[CaseEvent]:
    """The orders whose reply was due strictly before `at_ms` and of which no event tells yet."""
    late = [one for one in case.supervisions if one.owed and one.due_ms < at_ms]
    return [SupervisionOverdue(at_ms=one.due_ms, number=one.number) for one in late]
