"""Rules of an appeal 申诉 in two steps: request_appeal, review_appeal, decide_appeal (domain document §3).

The unit that led a late case asks, an inspector reviews, a leader decides; three people. An upheld appeal exempts the
breach from the statistics; that the case was late stays visible. Once a round.
"""

from __future__ import annotations

from domain.case.actions import DecideAppeal, RequestAppeal, ReviewAppeal
from domain.case.decision import AlreadySo, ReasonCode, Refused
from domain.case.events import AppealDecided, AppealDropped, AppealRequested, AppealReviewed, CaseEvent
from domain.case.frame import Frame
from domain.case.state import Appeal
from domain.case.values import ClockVerdict, DropCause, Role, Status


def request_appeal(frame: Frame, action: RequestAppeal) -> list[CaseEvent]:
    """The lead's unit asks after closing, where its clock was missed."""
    party = frame.require_lead()
    frame.require(Status.CLOSED)
    if frame.case.appeal is not None:
        raise Refused(ReasonCode.APPEALED_ALREADY, found=frame.case.appeal.person)
    clock = frame.case.handling_clock
    verdict = clock and clock.verdict
    if verdict is not ClockVerdict.MISSED:
        raise Refused(ReasonCode.NOTHING_TO_APPEAL, found=verdict)
    person = frame.actor.person
    return [AppealRequested(at_ms=frame.at_ms, unit=party.unit, person=person, reason=action.reason, text=action.text)]


def review_appeal(frame: Frame, action: ReviewAppeal) -> list[CaseEvent]:
    """An inspector says whether the appeal is well founded; whatever they say, a leader decides."""
    appeal = _require_open(frame, Role.INSPECTOR)
    if appeal.reviewer is not None:
        raise AlreadySo(reviewer=appeal.reviewer)
    person = frame.actor.person
    return [AppealReviewed(at_ms=frame.at_ms, person=person, supported=action.supported, text=action.text)]


def decide_appeal(frame: Frame, action: DecideAppeal) -> list[CaseEvent]:
    """A leader decides, after the review and not by the reviewer's hand."""
    appeal = _require_open(frame, Role.LEADER)
    if appeal.reviewer is None:
        raise Refused(ReasonCode.APPEAL_NOT_REVIEWED)
    frame.require_somebody_else(appeal.reviewer)
    return [AppealDecided(at_ms=frame.at_ms, person=frame.actor.person, upheld=action.upheld, text=action.text)]


def drop_appeal(frame: Frame) -> list[CaseEvent]:
    """What becomes of an appeal when the case is opened again: an open one dies, a decided one stays its round's."""
    if frame.case.appeal is None or frame.case.appeal.upheld is not None:
        return []
    return [AppealDropped(at_ms=frame.at_ms, cause=DropCause.STATE_LEFT)]


def _require_open(frame: Frame, role: Role) -> Appeal:
    frame.require(Status.CLOSED)
    frame.require_role(role)
    appeal = frame.case.appeal
    if appeal is None or appeal.upheld is not None:
        raise Refused(ReasonCode.NO_OPEN_APPEAL)
    frame.require_somebody_else(appeal.person)
    return appeal
