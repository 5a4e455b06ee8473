"""Rules of changing the parties at work: reassign, co_return (domain document §3, "Filing and dispatch").

A unit that stays keeps its clock, its signature and its progress; another unit starts in full.
"""

from __future__ import annotations

from domain.case import clocks
from domain.case.actions import CoReturn, Reassign
from domain.case.decision import AlreadySo, ReasonCode, Refused
from domain.case.disposal import party_clocks, require_units
from domain.case.events import CaseEvent, CoReturned, Reassigned
from domain.case.frame import Frame, party_units, unit_holder
from domain.case.state import Clock
from domain.case.suspension import drop_open_requests
from domain.case.values import HANDLING_CLOCKS, ClockKind, ClockVerdict, Role, Status


def reassign(frame: Frame, action: Reassign) -> list[CaseEvent]:
    """The dispatcher names the parties anew; requests of a lead who is relieved die with it."""
    frame.require(Status.DISPATCHED, Status.HANDLING)
    frame.require_desk(Role.DISPATCHER)
    case = frame.case
    assert case.lead is not None, "a case at work has a lead"
    units = (action.lead, *action.co_handlers)
    require_units(frame, units)
    if action.lead == case.lead.unit and set(units) == set(party_units(case)):
        raise AlreadySo(lead=action.lead, co_handlers=list(action.co_handlers))
    kinds = party_clocks(action.lead, units)
    events: list[CaseEvent] = [
        Reassigned(
            at_ms=frame.at_ms,
            person=frame.actor.person,
            lead=action.lead,
            co_handlers=action.co_handlers,
            instructions=action.instructions,
        )
    ]
    if action.lead != case.lead.unit:
        events += drop_open_requests(frame)
    for clock in case.clocks:
        if clock.running and clock.kind in HANDLING_CLOCKS and kinds.get(clock.unit or "") is not clock.kind:
            events.append(_relieved(frame, clock))
        elif clock.kind is ClockKind.ACKNOWLEDGE and clock.unit not in kinds:
            events += frame.stop(ClockKind.ACKNOWLEDGE, clock.unit, waived=True)
    for unit, kind in kinds.items():
        party = case.party(unit)
        if party is None or (unit == case.lead.unit) is not (unit == action.lead):  # new here, or in another part
            events.append(frame.start(kind, unit_holder(unit), case.limit, unit))
        if party is None:
            events.append(frame.start_stage(ClockKind.ACKNOWLEDGE, unit_holder(unit), unit))
    return events


def co_return(frame: Frame, action: CoReturn) -> list[CaseEvent]:
    """A co-handler gives its part back: its clocks stop, the others go on, and the dispatcher is told."""
    party = frame.require_party()
    frame.require(Status.DISPATCHED, Status.HANDLING)
    others = [co_handler.unit for co_handler in frame.case.co_handlers]
    if party.unit not in others:
        raise Refused(ReasonCode.NOT_A_PARTY, found=party.unit, allowed=others)
    if party.done:
        raise AlreadySo(unit=party.unit)
    events: list[CaseEvent] = [
        CoReturned(
            at_ms=frame.at_ms, unit=party.unit, person=frame.actor.person, reason=action.reason, text=action.text
        )
    ]
    clock = frame.case.clock(ClockKind.CO_HANDLE, party.unit)
    if clock is not None and clock.running:
        events.append(_relieved(frame, clock))
    return [*events, *frame.stop(ClockKind.ACKNOWLEDGE, party.unit, waived=True)]


def _relieved(frame: Frame, clock: Clock) -> CaseEvent:
    return clocks.stopped(clock, frame.at_ms, frame.calendar, ClockVerdict.REASSIGNED)
