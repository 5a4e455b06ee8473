"""Rules of checking and closing, and what stands alongside: send_check … close, note, attach (domain §3)."""

from __future__ import annotations

from domain.case import clocks
from domain.case.actions import Attach, Close, FailCheck, Note, PassCheck, SendCheck
from domain.case.decision import ReasonCode, Refused
from domain.case.events import Attached, CaseEvent, CheckFailed, CheckPassed, CheckSent, Closed, Noted
from domain.case.frame import (
    GRID_STAFF,
    Frame,
    desk,
    party_units,
    person_holder,
)
from domain.case.values import (
    NOTES_PER_CASE_MAX,
    OPEN_STATUSES,
    ClockKind,
    ClockVerdict,
    CloseKind,
    Role,
    Status,
)

SILENT: frozenset[Role] = frozenset({Role.APPRAISER, Role.AUDITOR, Role.ADMIN, Role.WALL, Role.SYSTEM, Role.IMPORTER})


def send_check(frame: Frame, action: SendCheck) -> list[CaseEvent]:
    """The desk asks a collector to look; nobody who laid hands on the case may be asked (巡办分离)."""
    frame.require(Status.HANDLED)
    frame.require_desk(Role.ACCEPTOR)
    _require_impartial(frame, action.collector)
    return [
        CheckSent(at_ms=frame.at_ms, collector=action.collector),
        *frame.stop(ClockKind.SEND_CHECK),
        *frame.stop(ClockKind.CLOSE, waived=True),
        frame.start_stage(ClockKind.CHECK, person_holder(action.collector)),
    ]


def pass_check(frame: Frame, action: PassCheck) -> list[CaseEvent]:
    """The named collector finds the result good; the shift head's clock to close starts."""
    _require_checker(frame)
    return [
        CheckPassed(at_ms=frame.at_ms, photos=action.photos),
        *frame.stop(ClockKind.CHECK),
        frame.start_stage(ClockKind.CLOSE, desk(frame.case.level)),
    ]


def fail_check(frame: Frame, action: FailCheck) -> list[CaseEvent]:
    """返工: the lead's clock goes on where it stopped, and so do those of the co-handlers named."""
    _require_checker(frame)
    known = [party.unit for party in frame.case.co_handlers]
    if strangers := [unit for unit in action.co_handlers if unit not in known]:
        raise Refused(ReasonCode.NOT_A_PARTY, found=strangers, allowed=known)
    events: list[CaseEvent] = [
        CheckFailed(at_ms=frame.at_ms, reason=action.reason, co_handlers=action.co_handlers),
        *frame.stop(ClockKind.CHECK),
    ]
    lead = frame.case.handling_clock
    resuming = [lead] if lead else []
    resuming += [c for c in frame.case.clocks if c.kind is ClockKind.CO_HANDLE and c.unit in action.co_handlers]
    wd_rule = frame.standard.wd_rule
    for clock in resuming:
        if not clock.running:
            events.append(clocks.resumed(clock, frame.at_ms, frame.calendar, wd_rule))
    if frame.case.lead is None:  # grid staff's own work: it needs a lead now
        events.append(frame.start_stage(ClockKind.DISPATCH, desk(frame.case.level)))
    return events


def close(frame: Frame, action: Close) -> list[CaseEvent]:
    """结案 by the shift head, after a check passed; late or not follows from the lead's clock.

    What grid staff did themselves is closed without a check unless it was drawn for one. 特殊结案 (`special`) is the
    shift head's word that the usual kinds do not tell it: with a text that says why; the clocks stay what they are.
    """
    if frame.case.self_handled and frame.case.status is Status.HANDLED:
        if frame.case.drawn:
            raise Refused(ReasonCode.DRAWN_FOR_CHECK)
    else:
        frame.require(Status.CHECKED)
    frame.require_desk(Role.SHIFT_HEAD)
    kind = _kind_of(frame)
    if action.kind is CloseKind.SPECIAL:
        if action.text is None:
            raise Refused(ReasonCode.SPECIAL_WITHOUT_GROUNDS, allowed=["text"])
        kind = CloseKind.SPECIAL
    if action.kind not in (None, kind):
        raise Refused(ReasonCode.WRONG_CLOSE_KIND, found=str(action.kind), allowed=[str(kind), "special"])
    return [Closed(at_ms=frame.at_ms, kind=kind, text=action.text), *frame.stop(ClockKind.CLOSE)]


def note(frame: Frame, action: Note) -> list[CaseEvent]:
    """A remark by anybody who may see the case and takes part in the work."""
    _require_taking_part(frame)
    return [Noted(at_ms=frame.at_ms, person=frame.actor.person, text=action.text)]


def attach(frame: Frame, action: Attach) -> list[CaseEvent]:
    """Evidence by the same people; it counts as a remark, so that a case stays of bounded size."""
    _require_taking_part(frame)
    return [Attached(at_ms=frame.at_ms, person=frame.actor.person, photos=action.photos)]


def _kind_of(frame: Frame) -> CloseKind:
    if frame.case.self_handled:
        return CloseKind.SELF_HANDLED
    clock = frame.case.handling_clock
    late = clock is not None and clock.verdict is ClockVerdict.MISSED
    return CloseKind.OVERDUE if late else CloseKind.NORMAL


def _require_taking_part(frame: Frame) -> None:
    frame.require(*sorted(OPEN_STATUSES))
    if frame.actor.role in SILENT:
        allowed = sorted(str(role) for role in set(Role) - SILENT)
        raise Refused(ReasonCode.WRONG_ROLE, found=frame.actor.role, allowed=allowed)
    frame.require_scope()
    if frame.case.notes >= NOTES_PER_CASE_MAX:
        raise Refused(ReasonCode.TOO_MANY_NOTES, found=frame.case.notes, limit=NOTES_PER_CASE_MAX)


def _require_checker(frame: Frame) -> None:
    frame.require(Status.CHECKING)
    if frame.actor.role not in GRID_STAFF:
        allowed = sorted(str(role) for role in GRID_STAFF)
        raise Refused(ReasonCode.WRONG_ROLE, found=frame.actor.role, allowed=allowed)
    if frame.actor.person != frame.case.collector:
        raise Refused(ReasonCode.NOT_THE_CHECKER, found=frame.actor.person)
    frame.require_scope()
    _require_impartial(frame, frame.actor.person)
    if frame.actor.unit is not None and frame.actor.unit in (*frame.case.units, *party_units(frame.case)):
        raise Refused(ReasonCode.HANDLER_MAY_NOT_CHECK, found=frame.actor.unit)


def _require_impartial(frame: Frame, person: str) -> None:
    if person in frame.case.handlers:
        raise Refused(ReasonCode.HANDLER_MAY_NOT_CHECK, found=person)
    if person == frame.case.discoverer and not frame.standard.discoverer_may_check:
        raise Refused(ReasonCode.DISCOVERER_MAY_NOT_CHECK, found=person)
