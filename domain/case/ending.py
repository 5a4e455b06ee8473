"""Rules of the ends that are not the usual one: refuse_filing, void, force_close (domain document §3).

Whatever state is left, every clock of the case stops with it and every open request dies (§4, "What each event does to
the clocks"). A clock that nobody answered is waived, a stage's too; one past its deadline stays missed: ending a case
hides no breach.
"""

from __future__ import annotations

from domain.case import clocks
from domain.case.actions import ForceClose, RefuseFiling, Void
from domain.case.events import CaseEvent, FilingRefused, ForceClosed, Voided
from domain.case.frame import Frame
from domain.case.suspension import drop_open_requests
from domain.case.values import OPEN_STATUSES, ClockKind, ClockVerdict, Role, Status


def refuse_filing(frame: Frame, action: RefuseFiling) -> list[CaseEvent]:
    """不立案 by the shift head, who answers in or after the time for filing; the case ends."""
    frame.require(Status.ACCEPTED)
    frame.require_desk(Role.SHIFT_HEAD)
    refused = FilingRefused(at_ms=frame.at_ms, person=frame.actor.person, reason=action.reason, text=action.text)
    return [refused, *frame.stop(ClockKind.FILE)]


def void(frame: Frame, action: Void) -> list[CaseEvent]:
    """作废 by the shift head: it should never have been a case, so it counts in no rate but that of the void."""
    frame.require(*sorted(OPEN_STATUSES))
    frame.require_desk(Role.SHIFT_HEAD)
    voided = Voided(at_ms=frame.at_ms, person=frame.actor.person, reason=action.reason, text=action.text)
    return [voided, *_ended(frame)]


def force_close(frame: Frame, action: ForceClose) -> list[CaseEvent]:
    """强制结案 by a leader, from wherever the case stands; it counts as handled only if the lead had handled it."""
    frame.require(*sorted(OPEN_STATUSES))
    frame.require_role(Role.LEADER)
    closed = ForceClosed(at_ms=frame.at_ms, person=frame.actor.person, reason=action.reason, text=action.text)
    return [closed, *_ended(frame)]


def _ended(frame: Frame) -> list[CaseEvent]:
    events = drop_open_requests(frame)
    for clock in frame.case.clocks:
        if clock.running:
            events.append(clocks.stopped(clock, frame.at_ms, frame.calendar, ClockVerdict.WAIVED))
        elif clock.paused:
            events.append(clocks.relieved(clock, frame.at_ms, ClockVerdict.WAIVED))
    return events
