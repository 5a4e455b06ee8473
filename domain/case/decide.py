"""The decision: `decide(case, attempt, at_ms, rules, number)` says what follows from one attempt, and nothing else.

Pure: the instant it is given is its only clock. Before any action it emits what fell due, each with its own instant,
so that nobody can slip in between a deadline and its notice (design document §1.7). Repeating a decision yields the
same bytes. The rules of each action stand in the module that it is imported from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.case import clocks, supervision
from domain.case.actions import (
    Accept,
    Acknowledge,
    Adjudicate,
    Attach,
    Attempt,
    CaseAction,
    Close,
    CoDone,
    CompleteReport,
    Conclude,
    ConfirmAlarm,
    Consult,
    CoReturn,
    DecideAppeal,
    DecideExtension,
    DecideSuspension,
    Decline,
    Dispatch,
    DropMerge,
    DropRecurrence,
    Escalate,
    FailCheck,
    File,
    ForceClose,
    GiveVerification,
    HandDown,
    Handle,
    HandOver,
    ImportCase,
    Merge,
    Note,
    NoteMerge,
    NoteRecurrence,
    NoteUnmerge,
    PassCheck,
    Progress,
    Rate,
    Reassign,
    Recur,
    RefuseFiling,
    Reopen,
    ReplySupervision,
    Report,
    RequestAppeal,
    RequestExtension,
    RequestSuspension,
    RequestVerification,
    Resume,
    Return,
    ReviewAppeal,
    SelfHandle,
    SendCheck,
    ShelveAlarm,
    Supervise,
    Take,
    TakeOver,
    Tick,
    Unmerge,
    Void,
)
from domain.case.alarms import confirm_alarm, shelve_alarm, shelving_over
from domain.case.appeal import decide_appeal, request_appeal, review_appeal
from domain.case.closing import attach, close, fail_check, note, pass_check, send_check
from domain.case.consultation import adjudicate, conclude, consult
from domain.case.decision import (
    Accepted,
    AlreadySo,
    Decision,
    ReasonCode,
    Refused,
    Rejected,
    Rejection,
    Unchanged,
)
from domain.case.disposal import acknowledge, co_done, dispatch, handle, progress, return_case
from domain.case.ending import force_close, refuse_filing, void
from domain.case.events import CaseEvent
from domain.case.evolve import fold
from domain.case.extension import decide_extension, request_extension
from domain.case.first_contact import hand_over, take_over
from domain.case.frame import Frame, Rules
from domain.case.importing import import_case
from domain.case.intake import accept, decline, file, report
from domain.case.levels import escalate, hand_down, take
from domain.case.merging import drop_merge, merge, note_merge, note_unmerge, unmerge
from domain.case.parties import co_return, reassign
from domain.case.recurrence import drop_recurrence, note_recurrence, recur
from domain.case.rehoming import rehomed
from domain.case.reopening import rate, reopen
from domain.case.self_handling import self_handle
from domain.case.state import Case
from domain.case.suspension import decide_suspension, pause_over, request_suspension, resume
from domain.case.verification import complete_report, give_verification, request_verification
from domain.worktime import CalendarError


def decide(case: Case | None, attempt: Attempt, at_ms: int, rules: Rules, number: str) -> Decision:
    """Decide one attempt on a case (None: it does not exist) at `at_ms`; `number` is the next case number.

    Never raises for anything an attempt can hold; a rule's refusal is `Rejected` with its reason and the state found.
    """
    due = () if case is None else fallen_due(case, at_ms, rules)
    case_now = fold(case, due)
    try:
        if attempt.expected_version is not None and attempt.expected_version != (case.version if case else 0):
            found = case.version if case else 0
            raise Refused(ReasonCode.VERSION_CONFLICT, found=found, expected=attempt.expected_version)
        events = _decided(case_now, attempt, at_ms, rules, number)
    except Refused as refused:
        state = None if case_now is None else str(case_now.status)
        return Rejected(Rejection(refused.code, state, refused.detail), due)
    except AlreadySo as so:
        return Unchanged(so.detail, due)
    except CalendarError as error:
        state = None if case_now is None else str(case_now.status)
        return Rejected(Rejection(ReasonCode.OUTSIDE_CALENDAR, state, {"found": error.en}), due)
    if not events and not due:
        return Unchanged()
    return Accepted((*due, *events))


def fallen_due(case: Case, at_ms: int, rules: Rules) -> tuple[CaseEvent, ...]:
    """What fell due before `at_ms` and no event tells of yet, in the order of its instants."""
    over = pause_over(case, at_ms, rules)
    going_on = fold(case, over) or case
    due: list[CaseEvent] = [*over, *clocks.fallen_due(going_on, at_ms)]
    if case.open:
        due += supervision.overdue(case, at_ms)
        due += shelving_over(case, at_ms)
        moved = rehomed(case, rules, at_ms)
        due += [] if moved is None else [moved]
    return tuple(sorted(due, key=lambda event: event.at_ms or 0))


def _decided(case: Case | None, attempt: Attempt, at_ms: int, rules: Rules, number: str) -> list[CaseEvent]:
    action = attempt.action
    if isinstance(action, Report | ImportCase):
        if case is not None:
            raise Refused(ReasonCode.ALREADY_REPORTED, found=case.number)
        if isinstance(action, Report):
            return report(action, attempt, at_ms, rules, number)
        return import_case(action, attempt, at_ms, rules, number)
    if case is None:
        raise Refused(ReasonCode.UNKNOWN_CASE, found=attempt.case)
    return RULES[type(action)](Frame(case, attempt, at_ms, rules), action)


def _tick(frame: Frame, _action: Tick) -> list[CaseEvent]:
    """Nothing but what fell due, which every decision tells of."""
    frame.require_system()
    return []


RULES: Mapping[type[CaseAction], Callable[[Frame, Any], list[CaseEvent]]] = {
    Accept: accept,
    Decline: decline,
    File: file,
    RequestVerification: request_verification,
    GiveVerification: give_verification,
    CompleteReport: complete_report,
    Escalate: escalate,
    HandDown: hand_down,
    Take: take,
    RefuseFiling: refuse_filing,
    Dispatch: dispatch,
    Acknowledge: acknowledge,
    Progress: progress,
    Return: return_case,
    Reassign: reassign,
    CoReturn: co_return,
    RequestExtension: request_extension,
    DecideExtension: decide_extension,
    RequestSuspension: request_suspension,
    DecideSuspension: decide_suspension,
    Resume: resume,
    CoDone: co_done,
    Handle: handle,
    SendCheck: send_check,
    PassCheck: pass_check,
    FailCheck: fail_check,
    Close: close,
    ForceClose: force_close,
    Void: void,
    SelfHandle: self_handle,
    Merge: merge,
    Unmerge: unmerge,
    NoteMerge: note_merge,
    DropMerge: drop_merge,
    NoteUnmerge: note_unmerge,
    Reopen: reopen,
    Rate: rate,
    RequestAppeal: request_appeal,
    ReviewAppeal: review_appeal,
    DecideAppeal: decide_appeal,
    Supervise: supervision.supervise,
    ReplySupervision: supervision.reply_supervision,
    Consult: consult,
    Conclude: conclude,
    Adjudicate: adjudicate,
    HandOver: hand_over,
    TakeOver: take_over,
    ShelveAlarm: shelve_alarm,
    ConfirmAlarm: confirm_alarm,
    Recur: recur,
    NoteRecurrence: note_recurrence,
    DropRecurrence: drop_recurrence,
    Note: note,
    Attach: attach,
    Tick: _tick,
}
"""For each action on a case that is there, its rule; a test holds that none is left out."""
