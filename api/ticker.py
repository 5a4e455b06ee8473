"""The wall's ticker: which events are told there, and by which name."""

from __future__ import annotations

from collections.abc import Iterator

from domain.case import events as e
from domain.case.values import ClockKind
from projections.steps import Step

TickerEntry = tuple[int, str, str, str | None, str, str]
"""Instant (ms), name, the case's number, class, township and id."""

TICKER: dict[type[e.Event], str] = {
    e.Reported: "reported",
    e.Accepted: "accepted",
    e.Declined: "declined",
    e.VerificationRequested: "verification_requested",
    e.VerificationGiven: "verification_given",
    e.Completed: "completed",
    e.Escalated: "escalated",
    e.HandedDown: "handed_down",
    e.Taken: "taken",
    e.Filed: "filed",
    e.FilingRefused: "filing_refused",
    e.Dispatched: "dispatched",
    e.Acknowledged: "acknowledged",
    e.Progressed: "progressed",
    e.Returned: "returned",
    e.Reassigned: "reassigned",
    e.CoReturned: "co_returned",
    e.ExtensionRequested: "extension_requested",
    e.ClockExtended: "extended",
    e.SuspensionRequested: "suspension_requested",
    e.Suspended: "suspended",
    e.Resumed: "resumed",
    e.CoDone: "co_done",
    e.Handled: "handled",
    e.CheckSent: "check_sent",
    e.CheckPassed: "check_passed",
    e.CheckFailed: "check_failed",
    e.Closed: "closed",
    e.ForceClosed: "force_closed",
    e.SelfHandled: "self_handled",
    e.Merged: "merged",
    e.Unmerged: "unmerged",
    e.Reopened: "reopened",
    e.Supervised: "supervised",
    e.SupervisionReplied: "supervision_replied",
    e.SupervisionOverdue: "supervision_overdue",
    e.Consulted: "consulted",
    e.Concluded: "concluded",
    e.Adjudicated: "adjudicated",
    e.Voided: "voided",
    e.Recurs: "recurs",
    e.ClockNear: "near",
    e.ClockOverdue: "overdue",
}


def told(step: Step) -> Iterator[TickerEntry]:
    """What the ticker tells of a record; of an imported past only that it came in. Times that nobody knows are not
    told, nor are stage clocks."""
    case = step.after.case
    if case is None:
        return
    imported = any(isinstance(event, e.Imported) for event in step.record.events)
    for event in step.record.events:
        name = TICKER.get(type(event))
        if name is None or event.at_ms is None or (imported and not isinstance(event, e.Reported)):
            continue
        if isinstance(event, e.ClockNear | e.ClockOverdue) and event.clock is not ClockKind.HANDLE:
            continue
        yield event.at_ms, "imported" if imported else name, case.number, case.case_class, step.town, step.after.id
