"""Rules of recurrence 复发: a case says which closed one it repeats (domain document §3, `recur`).

One action decides one case (design document §1.9): the link is made on the new case, and what the old one says to it
follows from the event through the reactor; a refusal comes back and takes the link away.
"""

from __future__ import annotations

from domain.case.actions import CaseAction, DropRecurrence, NoteRecurrence, Recur
from domain.case.decision import AlreadySo, ReasonCode, Refused, Rejection
from domain.case.events import CaseEvent, RecurrenceDropped, RecurrenceNoted, Recurs
from domain.case.frame import Frame
from domain.case.values import OPEN_STATUSES, RECURRENCES_MAX, Role, Status

DESK = (Role.ACCEPTOR, Role.DISPATCHER)


def recur(frame: Frame, action: Recur) -> list[CaseEvent]:
    """The acceptor or the dispatcher of the case's desk links it; one link a case."""
    frame.require(*sorted(OPEN_STATUSES))
    frame.require_desk(*DESK)
    if action.of == frame.attempt.case:
        raise Refused(ReasonCode.LINKS_ITSELF, found=action.of)
    if frame.case.recurs == action.of:
        raise AlreadySo(of=action.of)
    if frame.case.recurs is not None:
        raise Refused(ReasonCode.LINKED_ALREADY, found=frame.case.recurs)
    return [Recurs(at_ms=frame.at_ms, of=action.of, person=frame.actor.person)]


def note_recurrence(frame: Frame, action: NoteRecurrence) -> list[CaseEvent]:
    """The closed case takes note of the one that repeats it."""
    frame.require_system()
    if action.by in frame.case.recurred_by:
        raise AlreadySo(by=action.by)
    frame.require(Status.CLOSED)
    if len(frame.case.recurred_by) >= RECURRENCES_MAX:
        raise Refused(ReasonCode.TOO_MANY_RECURRENCES, found=len(frame.case.recurred_by), limit=RECURRENCES_MAX)
    return [RecurrenceNoted(at_ms=frame.at_ms, by=action.by)]


def drop_recurrence(frame: Frame, action: DropRecurrence) -> list[CaseEvent]:
    """The link goes, whatever state the case is in by now; a link that is another one by now stays."""
    frame.require_system()
    if frame.case.recurs != action.of:
        raise AlreadySo(of=action.of)
    return [RecurrenceDropped(at_ms=frame.at_ms, of=action.of, reason=action.reason)]


def follow_ups(
    case: str, action: CaseAction, events: tuple[CaseEvent, ...], rejection: Rejection | None
) -> list[tuple[str, CaseAction]]:
    """What must be asked of which other case after this decision on `case`; nothing for most."""
    if rejection is not None:
        if isinstance(action, NoteRecurrence):
            return [(action.by, DropRecurrence(case, str(rejection.code)))]
        return []
    return [(event.of, NoteRecurrence(case)) for event in events if isinstance(event, Recurs)]
