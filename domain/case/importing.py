"""Imported history: one action, many steps, each decided by the same rules with its own time as the clock.

A step that the source does not state has no time, meets no guard and starts or stops no stage clock (domain
document §4, "Imported history"). A deadline that the source states overrides the standard's limit.
"""

from __future__ import annotations

from itertools import pairwise
from typing import assert_never

from msgspec.structs import replace

from domain.case import clocks
from domain.case.actions import (
    Accept,
    Acknowledge,
    Attempt,
    Close,
    CoDone,
    DecideExtension,
    Decline,
    Dispatch,
    FailCheck,
    File,
    Handle,
    ImportCase,
    PassCheck,
    Progress,
    RequestExtension,
    Return,
    SendCheck,
    Step,
)
from domain.case.closing import close, fail_check, pass_check, send_check
from domain.case.decision import ReasonCode, Refused
from domain.case.disposal import acknowledge, co_done, dispatch, handle, progress, return_case
from domain.case.events import (
    CaseEvent,
    ClockExtended,
    ClockNear,
    ClockOverdue,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    Imported,
)
from domain.case.evolve import fold
from domain.case.extension import decide_extension, request_extension
from domain.case.frame import Frame, Rules, desk, unit_holder
from domain.case.intake import accept, decline, filed_event, reported_event, require_class, require_known_place
from domain.case.state import Case
from domain.case.values import HANDLING_CLOCKS, Actor, ClockKind, Role, Status
from domain.worktime import Calendar

_ENDS: dict[type, ClockKind] = {
    Accept: ClockKind.ACCEPT,
    Decline: ClockKind.ACCEPT,
    File: ClockKind.FILE,
    Dispatch: ClockKind.DISPATCH,
    Acknowledge: ClockKind.ACKNOWLEDGE,
    SendCheck: ClockKind.SEND_CHECK,
    PassCheck: ClockKind.CHECK,
    FailCheck: ClockKind.CHECK,
    Close: ClockKind.CLOSE,
}
_CLOCK_EVENTS = (ClockStarted, ClockStopped, ClockPaused, ClockExtended, ClockResumed, ClockNear, ClockOverdue)


def import_case(action: ImportCase, attempt: Attempt, at_ms: int, rules: Rules, number: str) -> list[CaseEvent]:
    """All events of a past case, and what fell due in it up to `as_of_ms`.

    `as_of_ms` is the instant at which a case that the source leaves open is judged; by default the log's time.
    Refuses times in the future of the log or outside the calendar's years, an end before the start, and steps out of
    order.
    """
    if attempt.actor.role is not Role.IMPORTER:
        raise Refused(ReasonCode.WRONG_ROLE, found=attempt.actor.role, allowed=[str(Role.IMPORTER)])
    as_of = at_ms if action.as_of_ms is None else action.as_of_ms
    _require_times(action, as_of, at_ms)
    _require_years(action, rules.calendar)
    require_known_place(action.report.place.grid, rules.book, at_ms)
    if action.report.case_class is not None:
        require_class(action.report.case_class, rules.book)
    reporter = replace(attempt, actor=_stand_in(attempt, Role.PUBLIC, name="reporter"))
    reported = reported_event(action.report, reporter, action.opened_ms, number, level=0)
    imported = Imported(at_ms=at_ms, source=action.source, as_of_ms=as_of)
    events: list[CaseEvent] = [reported, imported]
    case = fold(None, events)
    assert case is not None, "a report makes a case"
    if not _unstated(action.steps, ClockKind.ACCEPT):
        frame = Frame(case, attempt, action.opened_ms, rules)
        start = frame.start_stage(ClockKind.ACCEPT, desk(case.level))
        events.append(start)
        case = fold(case, [start])
        assert case is not None, "a case stays a case"
    last_ms = action.opened_ms
    for index, step in enumerate(action.steps):
        last_ms = last_ms if step.at_ms is None else step.at_ms
        moved = _step(case, step, attempt, last_ms, rules, action)
        later = action.steps[index + 1 :]
        moved = [event for event in moved if not _starts_unstated(event, later)]
        events += moved
        case = fold(case, moved)
        assert case is not None, "a case stays a case"
    return [*events, *clocks.fallen_due(case, as_of)]


def _step(case: Case, step: Step, attempt: Attempt, at_ms: int, rules: Rules, action: ImportCase) -> list[CaseEvent]:
    due: list[CaseEvent] = [*clocks.fallen_due(case, at_ms)]
    case_now = fold(case, due)
    assert case_now is not None, "a case stays a case"
    actor = _actor_of(step, case_now, attempt)
    frame = Frame(case_now, replace(attempt, actor=actor), at_ms, rules)
    events = _decided(frame, step)
    if isinstance(step.do, Dispatch) and action.deadline_ms is not None:
        events = [_with_stated_deadline(event, action.deadline_ms, case_now) for event in events]
    if step.at_ms is None:
        events = [_without_time(event) for event in events if not _is_stage_clock(event)]
    return [*due, *events]


def _decided(frame: Frame, step: Step) -> list[CaseEvent]:
    match step.do:
        case Accept():
            return accept(frame, step.do)
        case Decline():
            return decline(frame, step.do)
        case File():
            frame.require(Status.ACCEPTED)
            filed = filed_event(frame, step.do)
            start = frame.start_stage(ClockKind.DISPATCH, desk(frame.case.level))
            return [filed, *frame.stop(ClockKind.FILE), start]
        case Dispatch():
            return dispatch(frame, step.do)
        case Acknowledge():
            return acknowledge(frame, step.do)
        case Progress():
            return progress(frame, step.do)
        case Return():
            return return_case(frame, step.do)
        case RequestExtension():
            return request_extension(frame, step.do)
        case DecideExtension():
            return decide_extension(frame, step.do)
        case CoDone():
            return co_done(frame, step.do)
        case Handle():
            return handle(frame, step.do)
        case SendCheck():
            return send_check(frame, step.do)
        case PassCheck():
            return pass_check(frame, step.do)
        case FailCheck():
            return fail_check(frame, step.do)
        case Close():
            return close(frame, step.do)
        case _:
            assert_never(step.do)


def _actor_of(step: Step, case: Case, attempt: Attempt) -> Actor:
    match step.do:
        case Accept() | Decline() | SendCheck():
            return _stand_in(attempt, Role.ACCEPTOR)
        case File() | Close():
            return _stand_in(attempt, Role.SHIFT_HEAD)
        case Dispatch():
            return _stand_in(attempt, Role.DISPATCHER)
        case DecideExtension():
            return _stand_in(attempt, Role.LEADER if case.extensions else Role.SHIFT_HEAD)
        case Acknowledge() | Progress() | Return() | RequestExtension() | CoDone() | Handle():
            unit = step.unit or (case.lead.unit if case.lead else None)
            return _stand_in(attempt, Role.HANDLER, unit, None if step.unit is None else unit_holder(step.unit))
        case PassCheck() | FailCheck():
            checker = _stand_in(attempt, Role.COLLECTOR)
            return replace(checker, person=case.collector or checker.person)
        case _:
            assert_never(step.do)


def _stand_in(attempt: Attempt, role: Role, unit: str | None = None, name: str | None = None) -> Actor:
    """The source names no person: one stand-in a role, so that no two parts are played by the same one.

    Each has a post over the whole city, as the desk at level 0 has, whose case it is.
    """
    return Actor(f"{attempt.actor.person}#{name or role}", role, unit=unit)


def _require_times(action: ImportCase, as_of: int, at_ms: int) -> None:
    stated = [step.at_ms for step in action.steps if step.at_ms is not None]
    latest = max([action.opened_ms, as_of, *stated])
    if latest > at_ms:
        raise Refused(ReasonCode.IMPORT_TIME_IN_FUTURE, found=latest, limit=at_ms)
    if stated and min(stated) < action.opened_ms:
        raise Refused(ReasonCode.IMPORT_ENDS_BEFORE_START, found=min(stated), opened_ms=action.opened_ms)
    if action.deadline_ms is not None and action.deadline_ms < action.opened_ms:
        raise Refused(ReasonCode.IMPORT_ENDS_BEFORE_START, found=action.deadline_ms, opened_ms=action.opened_ms)
    for before, after in pairwise(stated):
        if after < before:
            raise Refused(ReasonCode.IMPORT_OUT_OF_ORDER, found=after, previous_ms=before)


def _require_years(action: ImportCase, calendar: Calendar) -> None:
    """A time that no calendar holds would stop whoever reads the case's day later. Raises CalendarError."""
    deadline_ms = action.opened_ms if action.deadline_ms is None else action.deadline_ms
    if action.opened_ms < calendar.from_ms or deadline_ms > calendar.to_ms:
        raise calendar.out_of_years()


def _unstated(steps: tuple[Step, ...], kind: ClockKind) -> bool:
    return any(_ENDS.get(type(step.do)) is kind and step.at_ms is None for step in steps)


def _starts_unstated(event: CaseEvent, later: tuple[Step, ...]) -> bool:
    return isinstance(event, ClockStarted) and _is_stage_clock(event) and _unstated(later, event.clock)


def _is_stage_clock(event: CaseEvent) -> bool:
    return isinstance(event, ClockStarted | ClockStopped) and event.clock not in HANDLING_CLOCKS


def _without_time(event: CaseEvent) -> CaseEvent:
    return event if isinstance(event, _CLOCK_EVENTS) else replace(event, at_ms=None)


def _with_stated_deadline(event: CaseEvent, deadline_ms: int, case: Case) -> CaseEvent:
    """A source's deadline is final: it is not moved by a return either."""
    if not isinstance(event, ClockStarted | ClockResumed) or event.clock is not ClockKind.HANDLE or event.unit is None:
        return event
    if isinstance(event, ClockResumed):
        held = case.clock(ClockKind.HANDLE, event.unit)
        return replace(event, deadline_ms=deadline_ms, near_ms=held.near_ms if held else event.near_ms)
    assert event.at_ms is not None, "clock events always have an instant"
    return clocks.started_with_stated_deadline(
        event.clock, event.at_ms, unit_holder(event.unit), deadline_ms, event.unit
    )
