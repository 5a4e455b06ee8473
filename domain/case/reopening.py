"""Rules of what comes after closing: reopen 重开, rate 满意度 (domain document §3, "Check and closing")."""

from __future__ import annotations

from msgspec.structs import replace

from domain.case.actions import File, Rate, Reopen
from domain.case.appeal import drop_appeal
from domain.case.decision import ReasonCode, Refused
from domain.case.events import CaseEvent, Rated, Reopened
from domain.case.frame import Frame, desk
from domain.case.intake import filed_event
from domain.case.ownership import proposal
from domain.case.values import ROUNDS_MAX, ClockKind, Role, Status


def reopen(frame: Frame, action: Reopen) -> list[CaseEvent]:
    """A new round of a closed case, by the standard adopted now; only the dispatcher's clock runs until dispatch."""
    frame.require(Status.CLOSED)
    frame.require_desk_or_leader(Role.SHIFT_HEAD)
    if len(frame.case.rounds) + 1 >= ROUNDS_MAX:
        raise Refused(ReasonCode.TOO_MANY_ROUNDS, found=len(frame.case.rounds) + 1, limit=ROUNDS_MAX)
    anew = replace(frame, case=replace(frame.case, rulebook=None))
    filed = filed_event(anew, File(condition=action.condition or frame.case.condition))
    if filed.limit is None:
        raise Refused(ReasonCode.NO_LIMIT, found=f"{filed.case_class}/{filed.condition}")
    reopened = Reopened(
        at_ms=frame.at_ms,
        person=frame.actor.person,
        reason=action.reason,
        case_class=filed.case_class,
        condition=filed.condition,
        rulebook=filed.rulebook,
        limit=filed.limit,
        urgent=filed.urgent,
        text=action.text,
    )
    start = anew.start_stage(ClockKind.DISPATCH, desk(frame.case.level))
    return [*drop_appeal(frame), reopened, proposal(anew, filed), start]


def rate(frame: Frame, action: Rate) -> list[CaseEvent]:
    """The reporter rates a closed case, or the desk writes down what a call back gave; once a round."""
    frame.require(Status.CLOSED)
    called_back = frame.actor.person != frame.case.discoverer
    if called_back:
        frame.require_desk(Role.ACCEPTOR)
    if frame.case.rating is not None:
        raise Refused(ReasonCode.RATED_ALREADY, found=frame.case.rating.score)
    return [
        Rated(
            at_ms=frame.at_ms,
            person=frame.actor.person,
            score=action.score,
            called_back=called_back,
            text=action.text,
        )
    ]
