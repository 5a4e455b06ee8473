"""Rules of the first-contact duty 首问负责: hand_over, take_over (domain document §3).

Who first takes a case in stays answerable for it; the duty moves only when the receiver accepts.
"""

from __future__ import annotations

from domain.case.actions import HandOver, TakeOver
from domain.case.decision import AlreadySo, ReasonCode, Refused
from domain.case.events import CaseEvent, HandOverOffered, TakenOver
from domain.case.frame import Frame
from domain.case.values import HAND_OVERS_MAX, OPEN_STATUSES, Role


def hand_over(frame: Frame, action: HandOver) -> list[CaseEvent]:
    """The owner offers the duty; until it was handed over for the first time, the reporter or the desk has it."""
    frame.require(*sorted(OPEN_STATUSES))
    owner = frame.case.first_contact
    if owner is None and frame.actor.person != frame.case.discoverer:
        frame.require_desk(Role.ACCEPTOR)
    elif owner is not None and frame.actor.person != owner:
        raise Refused(ReasonCode.NOT_FIRST_CONTACT, found=frame.actor.person)
    if action.to == (owner or frame.actor.person):
        raise AlreadySo(first_contact=action.to)
    if frame.case.offered_to == action.to:
        raise AlreadySo(offered_to=action.to)
    if frame.case.hand_overs >= HAND_OVERS_MAX:
        raise Refused(ReasonCode.TOO_MANY_HAND_OVERS, found=frame.case.hand_overs, limit=HAND_OVERS_MAX)
    return [HandOverOffered(at_ms=frame.at_ms, person=frame.actor.person, to=action.to)]


def take_over(frame: Frame, _action: TakeOver) -> list[CaseEvent]:
    """The one it was offered to takes it."""
    frame.require(*sorted(OPEN_STATUSES))
    if frame.case.offered_to is None:
        raise Refused(ReasonCode.NOTHING_OFFERED, found=frame.actor.person)
    if frame.actor.person != frame.case.offered_to:
        raise Refused(ReasonCode.NOT_OFFERED_TO, found=frame.actor.person)
    frame.require_scope()
    return [TakenOver(at_ms=frame.at_ms, person=frame.actor.person)]
