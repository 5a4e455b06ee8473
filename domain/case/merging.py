"""Rules of merging 并案: merge, unmerge (domain document §3, "Intake").

One action decides one case: the link is made on the case that goes on as part of another one, and what the other one
says to it follows through the reactor; a refusal comes back and undoes the merge. A merged case has ended until it is
unmerged: its clocks stand still, and go on where they stopped in the state it had.
"""

from __future__ import annotations

from domain.case import clocks
from domain.case.actions import CaseAction, DropMerge, Merge, NoteMerge, NoteUnmerge, Unmerge
from domain.case.decision import AlreadySo, ReasonCode, Refused, Rejection
from domain.case.events import CaseEvent, Merged, MergeNoted, Unmerged, UnmergeNoted
from domain.case.evolve import fold
from domain.case.frame import Frame
from domain.case.suspension import drop_open_requests, end_pause
from domain.case.values import MERGED_MAX, OPEN_STATUSES, PauseCause, Role, Status

DESK = (Role.ACCEPTOR, Role.DISPATCHER)
MERGEABLE = (
    Status.REPORTED,
    Status.VERIFYING,
    Status.ACCEPTED,
    Status.FILED,
    Status.DISPATCHED,
    Status.HANDLING,
    Status.SUSPENDED,
)
"""Any state before it is handled."""


def merge(frame: Frame, action: Merge) -> list[CaseEvent]:
    """The desk merges the case into another one; not into itself, nor into one that goes on as part of it."""
    if frame.case.merged_into == action.into:
        raise AlreadySo(into=action.into)
    frame.require(*MERGEABLE)
    frame.require_desk(*DESK)
    if action.into == frame.attempt.case:
        raise Refused(ReasonCode.MERGES_INTO_ITSELF, found=action.into)
    if action.into in frame.case.merged:
        raise Refused(ReasonCode.MERGE_CIRCLE, found=action.into)
    if action.into_status is not None and action.into_status not in OPEN_STATUSES:
        allowed = sorted(map(str, OPEN_STATUSES))
        raise Refused(ReasonCode.MERGE_TARGET_ENDED, found=action.into_status, allowed=allowed)
    events: list[CaseEvent] = [
        Merged(at_ms=frame.at_ms, into=action.into, person=frame.actor.person),
        *drop_open_requests(frame),
    ]
    for clock in frame.case.clocks:
        if clock.running:
            events.append(clocks.paused(clock, frame.at_ms, frame.calendar, PauseCause.MERGED))
    return events


def unmerge(frame: Frame, action: Unmerge) -> list[CaseEvent]:
    """The desk lets the case go on by itself, whatever became of the other one."""
    frame.require(Status.MERGED)
    frame.require_desk(*DESK)
    into = frame.case.merged_into
    assert into is not None, "a merged case is merged into one"
    return _going_on(frame, Unmerged(at_ms=frame.at_ms, into=into, person=frame.actor.person, text=action.text))


def note_merge(frame: Frame, action: NoteMerge) -> list[CaseEvent]:
    """The open case takes note of the one that goes on as part of it."""
    frame.require_system()
    if action.by in frame.case.merged:
        raise AlreadySo(by=action.by)
    frame.require(*sorted(OPEN_STATUSES))
    if len(frame.case.merged) >= MERGED_MAX:
        raise Refused(ReasonCode.TOO_MANY_MERGED, found=len(frame.case.merged), limit=MERGED_MAX)
    return [MergeNoted(at_ms=frame.at_ms, by=action.by)]


def drop_merge(frame: Frame, action: DropMerge) -> list[CaseEvent]:
    """The other one refused: the case goes on by itself; one that is merged elsewhere by now stays."""
    frame.require_system()
    if frame.case.merged_into != action.into:
        raise AlreadySo(into=action.into)
    return _going_on(frame, Unmerged(at_ms=frame.at_ms, into=action.into, reason=action.reason))


def note_unmerge(frame: Frame, action: NoteUnmerge) -> list[CaseEvent]:
    """The other one goes on by itself again, whatever state this one is in."""
    frame.require_system()
    if action.by not in frame.case.merged:
        raise AlreadySo(by=action.by)
    return [UnmergeNoted(at_ms=frame.at_ms, by=action.by)]


def follow_ups(
    case: str, action: CaseAction, events: tuple[CaseEvent, ...], rejection: Rejection | None
) -> list[tuple[str, CaseAction]]:
    """What must be asked of the other case after this decision on `case`."""
    if rejection is not None:
        return [(action.by, DropMerge(case, str(rejection.code)))] if isinstance(action, NoteMerge) else []
    asked: list[tuple[str, CaseAction]] = []
    for event in events:
        if isinstance(event, Merged):
            asked.append((event.into, NoteMerge(case)))
        elif isinstance(event, Unmerged):  # also one that was refused: a later merge may have been noted meanwhile
            asked.append((event.into, NoteUnmerge(case)))
    return asked


def _going_on(frame: Frame, unmerged: Unmerged) -> list[CaseEvent]:
    """The clocks that stood for the merge go on; a pause that ended meanwhile ends now."""
    wd_rule = frame.standard.wd_rule
    events: list[CaseEvent] = [unmerged]
    for clock in frame.case.clocks:
        if clock.paused and clock.cause is PauseCause.MERGED:
            events.append(clocks.resumed(clock, frame.at_ms, frame.calendar, wd_rule))
    until_ms = frame.case.suspended_until_ms
    if frame.case.merged_from is Status.SUSPENDED and until_ms is not None and until_ms < frame.at_ms:
        standing = fold(frame.case, events)
        assert standing is not None, "a case that goes on is there"
        events += end_pause(standing, frame.at_ms, frame.rules, None)
    return events
