"""Rules of whose desk: escalate, hand_down 交办, take (domain document §3, "Whose desk").

A case that was never dispatched moves one level up or down and is reported there anew: what the old desk had fixed by
filing is open again, its clock stops, and the accept clock of the new level starts. The path stays in the case.
"""

from __future__ import annotations

from msgspec.structs import replace

from domain.case import clocks
from domain.case.actions import Escalate, HandDown, Take
from domain.case.decision import AlreadySo, ReasonCode, Refused
from domain.case.events import CaseEvent, Escalated, HandedDown, Taken
from domain.case.frame import Frame, desk
from domain.case.values import LEVEL_MOVES_MAX, ClockKind, ClockVerdict, Role, Status

LOWEST_DESK = 2
DESK_ROLES = (Role.ACCEPTOR, Role.SHIFT_HEAD, Role.DISPATCHER)
_BEFORE_DISPATCH = (Status.REPORTED, Status.ACCEPTED, Status.FILED)


def escalate(frame: Frame, action: Escalate) -> list[CaseEvent]:
    """Anybody at the case's desk lifts it one level."""
    _require_movable(frame)
    level = frame.case.level - 1
    if level < 0:
        raise Refused(ReasonCode.NO_SUCH_LEVEL, found=level, allowed=["0", "1", "2"])
    escalated = Escalated(
        at_ms=frame.at_ms, level=level, person=frame.actor.person, reason=action.reason, text=action.text
    )
    return [escalated, *_desk_moved(frame, level)]


def hand_down(frame: Frame, action: HandDown) -> list[CaseEvent]:
    """Anybody at the case's desk lowers it one level, where the place is known well enough for a desk there."""
    _require_movable(frame)
    level = frame.case.level + 1
    if level > LOWEST_DESK:
        raise Refused(ReasonCode.NO_SUCH_LEVEL, found=level, allowed=["0", "1", "2"])
    grid = frame.rules.book.grid(frame.case.place.grid)  # ended or not: a code keeps its level
    if grid is None or grid.level < level:
        raise Refused(ReasonCode.PLACE_TOO_COARSE, found=frame.case.place.grid, level=level)
    handed = HandedDown(
        at_ms=frame.at_ms, level=level, person=frame.actor.person, reason=action.reason, text=action.text
    )
    return [handed, *_desk_moved(frame, level)]


def take(frame: Frame, _action: Take) -> list[CaseEvent]:
    """The desk that a case was sent to says that it is its own; nothing else changes."""
    frame.require(*_BEFORE_DISPATCH)
    frame.require_desk(*DESK_ROLES)
    if not frame.case.path:
        raise Refused(ReasonCode.NOT_SENT_HERE, found=frame.case.level)
    if frame.case.taken:
        raise AlreadySo(level=frame.case.level)
    return [Taken(at_ms=frame.at_ms, level=frame.case.level, person=frame.actor.person)]


def _require_movable(frame: Frame) -> None:
    frame.require(*_BEFORE_DISPATCH)
    frame.require_desk(*DESK_ROLES)
    if frame.case.dispatched_before:
        raise Refused(ReasonCode.DISPATCHED_ALREADY)
    if len(frame.case.path) >= LEVEL_MOVES_MAX:
        raise Refused(ReasonCode.TOO_MANY_LEVEL_MOVES, found=len(frame.case.path), limit=LEVEL_MOVES_MAX)


def _desk_moved(frame: Frame, level: int) -> list[CaseEvent]:
    events: list[CaseEvent] = []
    for clock in frame.case.clocks:
        if clock.running:
            events.append(clocks.stopped(clock, frame.at_ms, frame.calendar, ClockVerdict.WAIVED))
    unfiled = replace(frame, case=replace(frame.case, rulebook=None))
    return [*events, unfiled.start_stage(ClockKind.ACCEPT, desk(level))]
