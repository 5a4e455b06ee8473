"""Rules of an approved pause 挂账: request_suspension, decide_suspension, resume (domain document §3).

Granted once a case by a leader, for at most a year, never after the breach. Nobody's time runs meanwhile; the clocks go
on where they stopped when the dispatcher resumes the case, or by themselves at the instant that was granted.
"""

from __future__ import annotations

from domain.case import clocks
from domain.case.actions import DecideSuspension, RequestSuspension, Resume
from domain.case.decision import ReasonCode, Refused
from domain.case.events import (
    CaseEvent,
    Resumed,
    Suspended,
    SuspensionDecided,
    SuspensionDropped,
    SuspensionRequested,
)
from domain.case.evolve import fold
from domain.case.extension import drop_extension
from domain.case.frame import Frame, Rules
from domain.case.state import Case
from domain.case.values import (
    SUSPENSION_MS_MAX,
    SUSPENSION_REQUESTS_MAX,
    SUSPENSIONS_MAX,
    DropCause,
    PauseCause,
    Role,
    Status,
)


def request_suspension(frame: Frame, action: RequestSuspension) -> list[CaseEvent]:
    """The lead asks for a pause until an instant while it handles the case; one request at a time."""
    party = frame.require_lead()
    frame.require(Status.HANDLING)
    _require_pausable(frame)
    if frame.case.suspension is not None:
        raise Refused(ReasonCode.SUSPENSION_OPEN, found=frame.case.suspension.until_ms)
    if frame.case.suspension_requests >= SUSPENSION_REQUESTS_MAX:
        found = frame.case.suspension_requests
        raise Refused(ReasonCode.TOO_MANY_SUSPENSIONS, found=found, limit=SUSPENSION_REQUESTS_MAX)
    _require_until(frame, action.until_ms)
    return [
        SuspensionRequested(
            at_ms=frame.at_ms,
            unit=party.unit,
            person=frame.actor.person,
            reason=action.reason,
            until_ms=action.until_ms,
            text=action.text,
        )
    ]


def decide_suspension(frame: Frame, action: DecideSuspension) -> list[CaseEvent]:
    """A leader decides, and nobody what they asked for themselves; granted, every clock of the case stands still."""
    request = frame.case.suspension
    if request is None:
        raise Refused(ReasonCode.NO_OPEN_SUSPENSION)
    frame.require_role(Role.LEADER)
    frame.require_somebody_else(request.person)
    decided = SuspensionDecided(at_ms=frame.at_ms, person=frame.actor.person, granted=action.granted, text=action.text)
    if not action.granted:
        return [decided]
    _require_pausable(frame)
    _require_until(frame, request.until_ms)
    events: list[CaseEvent] = [decided, Suspended(at_ms=frame.at_ms, until_ms=request.until_ms)]
    events += drop_extension(frame)
    for clock in frame.case.clocks:
        if clock.running:
            events.append(clocks.paused(clock, frame.at_ms, frame.calendar, PauseCause.SUSPENDED))
    standing = fold(frame.case, events)
    assert standing is not None, "a case that was paused is there"
    end_pause(standing, request.until_ms, frame.rules, None)  # what the calendar does not hold is refused now
    return events


def resume(frame: Frame, _action: Resume) -> list[CaseEvent]:
    """The dispatcher ends the pause before its time."""
    frame.require(Status.SUSPENDED)
    frame.require_desk(Role.DISPATCHER)
    return end_pause(frame.case, frame.at_ms, frame.rules, frame.actor.person)


def pause_over(case: Case, at_ms: int, rules: Rules) -> list[CaseEvent]:
    """What follows by itself when the pause was over strictly before `at_ms`; nothing for other cases."""
    until_ms = case.suspended_until_ms
    if case.status is not Status.SUSPENDED or until_ms is None or until_ms >= at_ms:
        return []
    return end_pause(case, until_ms, rules, None)


def drop_open_requests(frame: Frame) -> list[CaseEvent]:
    """What becomes of open requests, for more time and for a pause, when their state is left."""
    events = drop_extension(frame)
    if frame.case.suspension is not None:
        events.append(SuspensionDropped(at_ms=frame.at_ms, cause=DropCause.STATE_LEFT))
    return events


def end_pause(case: Case, at_ms: int, rules: Rules, person: str | None) -> list[CaseEvent]:
    """A paused case goes on at that instant: by a person, or (None) by itself."""
    pinned = rules.of(case)
    wd_rule = pinned.book.standard.wd_rule
    going_on = [clocks.resumed(c, at_ms, pinned.calendar, wd_rule) for c in case.clocks if c.paused]
    return [Resumed(at_ms=at_ms, person=person), *going_on]


def _require_pausable(frame: Frame) -> None:
    clock = frame.case.handling_clock
    if clock is not None and clock.overdue:
        raise Refused(ReasonCode.ALREADY_OVERDUE, found=clock.deadline_ms)
    if frame.case.suspensions >= SUSPENSIONS_MAX:
        raise Refused(ReasonCode.TOO_MANY_SUSPENSIONS, found=frame.case.suspensions, limit=SUSPENSIONS_MAX)


def _require_until(frame: Frame, until_ms: int) -> None:
    if until_ms <= frame.at_ms:
        raise Refused(ReasonCode.SUSPENSION_OVER, found=until_ms, now=frame.at_ms)
    if until_ms - frame.at_ms > SUSPENSION_MS_MAX:
        raise Refused(ReasonCode.SUSPENSION_TOO_LONG, found=until_ms, limit=frame.at_ms + SUSPENSION_MS_MAX)
