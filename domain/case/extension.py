"""Rules of more time: request_extension, decide_extension (domain document §3, "Deadlines that people may move").

At most EXTENSIONS_MAX are granted, each for at most one original limit, never for an urgent limit, and nothing after
the breach: a request that is open then dies with it.
"""

from __future__ import annotations

from domain.case import clocks
from domain.case.actions import DecideExtension, RequestExtension
from domain.case.decision import ReasonCode, Refused
from domain.case.events import CaseEvent, ExtensionDecided, ExtensionDropped, ExtensionRequested
from domain.case.frame import Frame
from domain.case.state import Clock
from domain.case.values import EXTENSION_REQUESTS_MAX, EXTENSIONS_MAX, DropCause, Role, Status
from domain.worktime import Limit, LimitError, LimitUnit

_WORKING = frozenset({LimitUnit.WM, LimitUnit.WH, LimitUnit.WD})
_RUNNING = frozenset({LimitUnit.CD})
_URGENT = frozenset({LimitUnit.UM, LimitUnit.UH})


def request_extension(frame: Frame, action: RequestExtension) -> list[CaseEvent]:
    """The lead asks for more time while it handles the case; one request at a time."""
    party = frame.require_lead()
    frame.require(Status.HANDLING)
    clock = _require_extendable(frame)
    if frame.case.extension is not None:
        raise Refused(ReasonCode.EXTENSION_OPEN, found=frame.case.extension.amount)
    if frame.case.extension_requests >= EXTENSION_REQUESTS_MAX:
        found = frame.case.extension_requests
        raise Refused(ReasonCode.TOO_MANY_EXTENSIONS, found=found, limit=EXTENSION_REQUESTS_MAX)
    _require_amount(frame, clock, action.amount)
    return [
        ExtensionRequested(
            at_ms=frame.at_ms,
            unit=party.unit,
            person=frame.actor.person,
            reason=action.reason,
            amount=action.amount,
            text=action.text,
        )
    ]


def decide_extension(frame: Frame, action: DecideExtension) -> list[CaseEvent]:
    """The shift head decides the first, a leader the second; nobody decides what they asked for themselves."""
    request = frame.case.extension
    if request is None:
        raise Refused(ReasonCode.NO_OPEN_EXTENSION)
    if frame.case.extensions == 0:
        frame.require_desk(Role.SHIFT_HEAD)
    else:
        frame.require_role(Role.LEADER)
    frame.require_somebody_else(request.person)
    decided = ExtensionDecided(at_ms=frame.at_ms, person=frame.actor.person, granted=action.granted, text=action.text)
    if not action.granted:
        return [decided]
    clock = _require_extendable(frame)
    amount = Limit.parse(request.amount)
    wd_rule = frame.standard.wd_rule
    return [decided, clocks.extended(clock, frame.at_ms, amount, frame.calendar, wd_rule)]


def drop_extension(frame: Frame) -> list[CaseEvent]:
    """What becomes of an open request for more time when its state is left."""
    if frame.case.extension is None:
        return []
    return [ExtensionDropped(at_ms=frame.at_ms, cause=DropCause.STATE_LEFT)]


def _require_extendable(frame: Frame) -> Clock:
    clock = frame.case.handling_clock
    if clock is None or clock.deadline_ms is None:
        raise Refused(ReasonCode.NO_LIMIT, found=None)
    if clock.overdue:
        raise Refused(ReasonCode.ALREADY_OVERDUE, found=clock.deadline_ms)
    if frame.case.extensions >= EXTENSIONS_MAX:
        raise Refused(ReasonCode.TOO_MANY_EXTENSIONS, found=frame.case.extensions, limit=EXTENSIONS_MAX)
    if _urgent(frame.case.limit):
        raise Refused(ReasonCode.URGENT_NOT_EXTENDED, found=frame.case.limit)
    return clock


def _urgent(limit: str | None) -> bool:
    """True for a limit in urgent units, also where the source of an import states a deadline of its own."""
    return limit is not None and Limit.parse(limit).unit in _URGENT


def _units(clock: Clock) -> frozenset[LimitUnit]:
    """In what a limit that may be extended is: working time by working time, days by days."""
    if clock.limit is None or clock.limit == clocks.STATED:
        return _RUNNING
    return _WORKING if Limit.parse(clock.limit).working else _RUNNING


def _require_amount(frame: Frame, clock: Clock, written: str) -> None:
    allowed = _units(clock)
    try:
        amount = Limit.parse(written)
    except LimitError as error:
        raise Refused(ReasonCode.BAD_LIMIT, found=written, allowed=sorted(allowed)) from error
    if amount.unit not in allowed:
        raise Refused(ReasonCode.BAD_LIMIT, found=written, allowed=sorted(allowed))
    minutes = frame.calendar.workday_minutes
    if amount.span_ms(minutes) > _original_ms(clock, minutes):
        raise Refused(ReasonCode.EXTENSION_TOO_LONG, found=written, allowed=[str(clock.limit)])


def _original_ms(clock: Clock, workday_minutes: int) -> int:
    if clock.limit is None or clock.limit == clocks.STATED:
        whole = clock.used_ms + (clock.deadline_ms or clock.since_ms) - clock.since_ms
        return whole - clock.extended_ms
    return Limit.parse(clock.limit).span_ms(workday_minutes)
