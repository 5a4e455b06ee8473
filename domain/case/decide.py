"""The decision: `decide(case, attempt, at_ms, rules, number)` says what follows from one attempt, and nothing else.

Pure: the instant it is given is its only clock. Before any action it emits what fell due, each with its own instant,
so that nobody can slip in between a deadline and its notice (design document §1.7). Repeating a decision yields the
same bytes. The rules of each action stand in the module that it is imported from.
"""

from __future__ import annotations

from typing import assert_never

from domain.case import clocks, supervision
from domain.case.actions import (
    Accept,
    Acknowledge,
    Adjudicate,
    Attach,
    Attempt,
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
    return _moved(Frame(case, attempt, at_ms, rules))


def _moved(frame: Frame) -> list[CaseEvent]:
    action = frame.attempt.action
    match action:
        case Accept():
            return accept(frame, action)
        case Decline():
            return decline(frame, action)
        case File():
            return file(frame, action)
        case RequestVerification():
            return request_verification(frame, action)
        case GiveVerification():
            return give_verification(frame, action)
        case CompleteReport():
            return complete_report(frame, action)
        case Escalate():
            return escalate(frame, action)
        case HandDown():
            return hand_down(frame, action)
        case Take():
            return take(frame, action)
        case RefuseFiling():
            return refuse_filing(frame, action)
        case Dispatch():
            return dispatch(frame, action)
        case Acknowledge():
            return acknowledge(frame, action)
        case Progress():
            return progress(frame, action)
        case Return():
            return return_case(frame, action)
        case Reassign():
            return reassign(frame, action)
        case CoReturn():
            return co_return(frame, action)
        case RequestExtension():
            return request_extension(frame, action)
        case DecideExtension():
            return decide_extension(frame, action)
        case RequestSuspension():
            return request_suspension(frame, action)
        case DecideSuspension():
            return decide_suspension(frame, action)
        case Resume():
            return resume(frame, action)
        case CoDone():
            return co_done(frame, action)
        case Handle():
            return handle(frame, action)
        case SendCheck():
            return send_check(frame, action)
        case PassCheck():
            return pass_check(frame, action)
        case FailCheck():
            return fail_check(frame, action)
        case Close():
            return close(frame, action)
        case ForceClose():
            return force_close(frame, action)
        case Void():
            return void(frame, action)
        case SelfHandle():
            return self_handle(frame, action)
        case Merge():
            return merge(frame, action)
        case Unmerge():
            return unmerge(frame, action)
        case NoteMerge():
            return note_merge(frame, action)
        case DropMerge():
            return drop_merge(frame, action)
        case NoteUnmerge():
            return note_unmerge(frame, action)
        case Reopen():
            return reopen(frame, action)
        case Rate():
            return rate(frame, action)
        case RequestAppeal():
            return request_appeal(frame, action)
        case ReviewAppeal():
            return review_appeal(frame, action)
        case DecideAppeal():
            return decide_appeal(frame, action)
        case Supervise():
            return supervision.supervise(frame, action)
        case ReplySupervision():
            return supervision.reply_supervision(frame, action)
        case Consult():
            return consult(frame, action)
        case Conclude():
            return conclude(frame, action)
        case Adjudicate():
            return adjudicate(frame, action)
        case HandOver():
            return hand_over(frame, action)
        case TakeOver():
            return take_over(frame, action)
        case ShelveAlarm():
            return shelve_alarm(frame, action)
        case ConfirmAlarm():
            return confirm_alarm(frame, action)
        case Recur():
            return recur(frame, action)
        case NoteRecurrence():
            return note_recurrence(frame, action)
        case DropRecurrence():
            return drop_recurrence(frame, action)
        case Note():
            return note(frame, action)
        case Attach():
            return attach(frame, action)
        case Tick():
            frame.require_system()
            return []
        case Report() | ImportCase():
            raise AssertionError("a case begins only once")
        case _:
            assert_never(action)
