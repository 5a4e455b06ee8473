"""Rules of disposal: dispatch, acknowledge, progress, co_done, handle (domain document §3, "Filing and dispatch")."""

from __future__ import annotations

from domain.case.actions import Acknowledge, CoDone, Dispatch, Handle, Progress
from domain.case.decision import AlreadySo, ReasonCode, Refused
from domain.case.events import Acknowledged, CaseEvent, Dispatched, Handled, Progressed
from domain.case.events import CoDone as CoDoneEvent
from domain.case.frame import Frame, desk, unit_holder
from domain.case.state import Party
from domain.case.values import STAGE_ORDER, ClockKind, Role, Status


def dispatch(frame: Frame, action: Dispatch) -> list[CaseEvent]:
    """派遣: each party gets its own handling clock, from now and not from its signature, and one to sign."""
    frame.require(Status.FILED)
    frame.require_desk(Role.DISPATCHER)
    units = (action.lead, *action.co_handlers)
    for unit in units:
        _require_unit(frame, unit)
    if len(set(units)) != len(units):
        raise Refused(ReasonCode.UNIT_NAMED_TWICE, found=next(u for u in units if units.count(u) > 1))
    events: list[CaseEvent] = [
        Dispatched(
            at_ms=frame.at_ms,
            lead=action.lead,
            co_handlers=action.co_handlers,
            instructions=action.instructions,
        ),
        *frame.stop(ClockKind.DISPATCH),
    ]
    for unit in units:
        kind = ClockKind.HANDLE if unit == action.lead else ClockKind.CO_HANDLE
        events.append(frame.start(kind, unit_holder(unit), frame.case.limit, unit))
        events.append(frame.start_stage(ClockKind.ACKNOWLEDGE, unit_holder(unit), unit))
    return events


def acknowledge(frame: Frame, _action: Acknowledge) -> list[CaseEvent]:
    """签收 by a member of a party's unit; the second member to try learns who was first."""
    party = frame.require_party()
    if party.signed is not None and frame.case.open:
        raise AlreadySo(unit=party.unit, first_by=party.signed.person, first_at_ms=party.signed.at_ms)
    frame.require(Status.DISPATCHED, Status.HANDLING)
    signed = Acknowledged(at_ms=frame.at_ms, unit=party.unit, person=frame.actor.person)
    return [signed, *frame.stop(ClockKind.ACKNOWLEDGE, party.unit)]


def progress(frame: Frame, action: Progress) -> list[CaseEvent]:
    """A party goes further, never back, and never before it signed; what was skipped stays skipped."""
    party = frame.require_party()
    frame.require(Status.DISPATCHED, Status.HANDLING)
    _require_signed(party)
    if party.done:
        raise Refused(ReasonCode.PROGRESS_ORDER, found=str(action.stage), allowed=[])
    if party.stage is action.stage:
        raise AlreadySo(unit=party.unit, stage=str(action.stage))
    ahead = [str(stage) for stage, order in STAGE_ORDER.items() if stage and order > STAGE_ORDER[party.stage]]
    if action.stage not in ahead:
        raise Refused(ReasonCode.PROGRESS_ORDER, found=str(action.stage), allowed=ahead)
    return [Progressed(at_ms=frame.at_ms, unit=party.unit, person=frame.actor.person, stage=action.stage)]


def co_done(frame: Frame, action: CoDone) -> list[CaseEvent]:
    """A co-handler closes its part; its clock stops."""
    party = frame.require_party()
    if frame.case.lead is not None and party.unit == frame.case.lead.unit:
        others = [co_handler.unit for co_handler in frame.case.co_handlers]
        raise Refused(ReasonCode.NOT_A_PARTY, found=party.unit, allowed=others)
    if party.done:
        raise AlreadySo(unit=party.unit)
    frame.require(Status.DISPATCHED, Status.HANDLING)
    _require_signed(party)
    done = CoDoneEvent(at_ms=frame.at_ms, unit=party.unit, person=frame.actor.person, result=action.result)
    return [done, *frame.stop(ClockKind.CO_HANDLE, party.unit)]


def handle(frame: Frame, action: Handle) -> list[CaseEvent]:
    """The lead has disposed of the matter; refused while a co-handler is open unless named with a reason."""
    party = frame.require_party()
    if frame.case.lead is None or party.unit != frame.case.lead.unit:
        lead = [frame.case.lead.unit] if frame.case.lead else []
        raise Refused(ReasonCode.NOT_A_PARTY, found=party.unit, allowed=lead)
    frame.require(Status.HANDLING)
    named = {waiver.unit for waiver in action.without}
    unfinished = [co.unit for co in frame.case.co_handlers if not co.done]
    if missing := [unit for unit in unfinished if unit not in named]:
        raise Refused(ReasonCode.CO_HANDLER_OPEN, found=missing)
    if strangers := sorted(named.difference(unfinished)):
        raise Refused(ReasonCode.NOT_A_PARTY, found=strangers, allowed=unfinished)
    events: list[CaseEvent] = [
        Handled(
            at_ms=frame.at_ms,
            unit=party.unit,
            person=frame.actor.person,
            result=action.result,
            photos=action.photos,
            without=action.without,
        ),
        *frame.stop(ClockKind.HANDLE, party.unit),
    ]
    for unit in unfinished:
        events += frame.stop(ClockKind.CO_HANDLE, unit, waived=True)
        events += frame.stop(ClockKind.ACKNOWLEDGE, unit, waived=True)
    return [*events, frame.start_stage(ClockKind.SEND_CHECK, desk(frame.case.level))]


def _require_signed(party: Party) -> None:
    if party.signed is None:
        raise Refused(ReasonCode.NOT_ACKNOWLEDGED, found=party.unit)


def _require_unit(frame: Frame, code: str) -> None:
    unit = frame.rules.book.unit(code)
    if unit is None:
        raise Refused(ReasonCode.UNKNOWN_UNIT, found=code)
    if not frame.case.place.grid.startswith(unit.scope):
        raise Refused(ReasonCode.UNIT_OUT_OF_SCOPE, found=code, allowed=[unit.scope])
