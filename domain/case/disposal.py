"""Rules of disposal: dispatch, acknowledge, progress, return, co_done, handle (domain §3, "Filing and dispatch")."""

from __future__ import annotations

from collections.abc import Iterable

from domain.case import clocks
from domain.case.actions import Acknowledge, CoDone, Dispatch, Handle, Progress, Return
from domain.case.decision import AlreadySo, ReasonCode, Refused
from domain.case.events import Acknowledged, CaseEvent, Dispatched, Handled, Progressed, Returned
from domain.case.events import CoDone as CoDoneEvent
from domain.case.frame import Frame, desk, unit_holder
from domain.case.state import Party
from domain.case.suspension import drop_open_requests
from domain.case.values import HANDLING_CLOCKS, STAGE_ORDER, ClockKind, PauseCause, Role, Status


def dispatch(frame: Frame, action: Dispatch) -> list[CaseEvent]:
    """派遣: each party gets its own handling clock, from now and not from its signature, and one to sign.

    After a return the clock of a unit that comes back goes on with what is left; any other unit starts in full, and so
    does a co-handler whose part was done: it is a new part.
    """
    frame.require(Status.FILED)
    frame.require_desk(Role.DISPATCHER)
    units = (action.lead, *action.co_handlers)
    require_units(frame, units)
    events: list[CaseEvent] = [
        Dispatched(
            at_ms=frame.at_ms,
            lead=action.lead,
            co_handlers=action.co_handlers,
            instructions=action.instructions,
        ),
        *frame.stop(ClockKind.DISPATCH),
    ]
    kinds = party_clocks(action.lead, units)
    for clock in frame.case.clocks:
        if clock.paused and (clock.unit is None or kinds.get(clock.unit) is not clock.kind):
            events.append(clocks.relieved(clock, frame.at_ms))
    for unit, kind in kinds.items():
        events.append(_party_clock(frame, kind, unit))
        events.append(frame.start_stage(ClockKind.ACKNOWLEDGE, unit_holder(unit), unit))
    return events


def _party_clock(frame: Frame, kind: ClockKind, unit: str) -> CaseEvent:
    held = frame.case.clock(kind, unit)
    if held is not None and held.paused:
        return clocks.resumed(held, frame.at_ms, frame.calendar, frame.standard.wd_rule)
    return frame.start(kind, unit_holder(unit), frame.case.limit, unit)


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


def return_case(frame: Frame, action: Return) -> list[CaseEvent]:
    """回退 by the lead, with a reason: all parties' clocks stand still and the dispatcher's starts anew."""
    party = frame.require_lead()
    frame.require(Status.DISPATCHED, Status.HANDLING)
    events: list[CaseEvent] = [
        Returned(at_ms=frame.at_ms, unit=party.unit, person=frame.actor.person, reason=action.reason, text=action.text),
        *drop_open_requests(frame),
    ]
    for clock in frame.case.clocks:
        if clock.running and clock.kind in HANDLING_CLOCKS:
            events.append(clocks.paused(clock, frame.at_ms, frame.calendar, PauseCause.RETURNED))
        elif clock.kind is ClockKind.ACKNOWLEDGE:
            events += frame.stop(ClockKind.ACKNOWLEDGE, clock.unit, waived=True)
    return [*events, frame.start_stage(ClockKind.DISPATCH, desk(frame.case.level))]


def co_done(frame: Frame, action: CoDone) -> list[CaseEvent]:
    """A co-handler closes its part; its clock stops."""
    party = frame.require_party()
    if party is frame.case.lead:
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
    party = frame.require_lead()
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
        *drop_open_requests(frame),
        *frame.stop(ClockKind.HANDLE, party.unit),
    ]
    for unit in unfinished:
        events += frame.stop(ClockKind.CO_HANDLE, unit, waived=True)
        events += frame.stop(ClockKind.ACKNOWLEDGE, unit, waived=True)
    return [*events, frame.start_stage(ClockKind.SEND_CHECK, desk(frame.case.level))]


def _require_signed(party: Party) -> None:
    if party.signed is None:
        raise Refused(ReasonCode.NOT_ACKNOWLEDGED, found=party.unit)


def party_clocks(lead: str, units: Iterable[str]) -> dict[str, ClockKind]:
    """Unit → the clock that it is held to: the lead's handling clock, or a co-handler's."""
    return {unit: ClockKind.HANDLE if unit == lead else ClockKind.CO_HANDLE for unit in units}


def require_units(frame: Frame, units: tuple[str, ...]) -> None:
    """Refuse units that are not there, do not serve the place, or are named twice."""
    for unit in units:
        _require_unit(frame, unit)
    if len(set(units)) != len(units):
        raise Refused(ReasonCode.UNIT_NAMED_TWICE, found=next(u for u in units if units.count(u) > 1))


def _require_unit(frame: Frame, code: str) -> None:
    unit = frame.rules.book.unit(code)
    if unit is None:
        raise Refused(ReasonCode.UNKNOWN_UNIT, found=code)
    if not frame.case.place.grid.startswith(unit.scope):
        raise Refused(ReasonCode.UNIT_OUT_OF_SCOPE, found=code, allowed=[unit.scope])
