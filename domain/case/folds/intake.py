"""Folding what comes before dispatch: the desk, verification, levels, filing, ownership, place."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from domain.case.events import (
    Accepted,
    Completed,
    Declined,
    Escalated,
    Filed,
    FilingRefused,
    HandedDown,
    Imported,
    NotAdmitted,
    OwnershipUnclear,
    Proposed,
    Rehomed,
    Taken,
    VerificationGiven,
    VerificationRequested,
)
from domain.case.state import Case
from domain.case.values import Status

IntakeEvent = (
    Accepted
    | Imported
    | Declined
    | FilingRefused
    | VerificationRequested
    | VerificationGiven
    | Completed
    | Escalated
    | HandedDown
    | Taken
)
FilingEvent = Filed | Proposed | OwnershipUnclear | NotAdmitted | Rehomed


def before_filing(case: Case, event: IntakeEvent) -> Case:
    """What happens before filing."""
    match event:
        case Accepted():
            return replace(case, status=Status.ACCEPTED)
        case Imported():
            return replace(case, source=event.source)
        case Declined():
            return replace(case, status=Status.DECLINED, ended_ms=event.at_ms)
        case FilingRefused():
            return replace(case, status=Status.NOT_FILED, ended_ms=event.at_ms)
        case VerificationRequested():
            asked = case.verifications + 1
            return replace(case, status=Status.VERIFYING, verifier=event.collector, verifications=asked)
        case VerificationGiven():
            return replace(case, status=Status.REPORTED, verifier=None, finding=event.finding)
        case Completed():
            return _completed(case, event)
        case Escalated() | HandedDown():
            return _at_another_desk(case, event.level)
        case Taken():
            return replace(case, taken=True)
        case _:
            assert_never(event)


def filed(case: Case, event: FilingEvent) -> Case:
    """What filing fixes, whose it is, and where it lies."""
    match event:
        case Filed():
            return replace(
                case,
                status=Status.FILED,
                case_class=event.case_class,
                condition=event.condition,
                limit=event.limit,
                urgent=event.urgent,
                rulebook=event.rulebook,
                not_admitted=False,
            )
        case Proposed():
            return replace(case, proposed=event.unit, unclear=False)
        case OwnershipUnclear():
            return replace(case, proposed=None, unclear=True)
        case NotAdmitted():
            return replace(case, not_admitted=True)
        case Rehomed():
            assert event.at_ms is not None, "a grid ends at an instant"
            moved = replace(case.place, grid=event.grid)
            return replace(case, place=moved, placed_ms=event.at_ms, place_incomplete=event.incomplete)
        case _:
            assert_never(event)


def _completed(case: Case, event: Completed) -> Case:
    case = replace(case, notes=case.notes + 1)
    if event.case_class is not None:
        case = replace(case, case_class=event.case_class)
    if event.place is None:
        return case
    return replace(case, place=event.place, placed_ms=event.at_ms, place_incomplete=False)


def _at_another_desk(case: Case, level: int) -> Case:
    """What an earlier desk had fixed by filing is open again; the class is what the report says."""
    moved = replace(case, status=Status.REPORTED, level=level, path=(*case.path, case.level), taken=False)
    return replace(moved, condition=None, limit=None, urgent=False, rulebook=None, proposed=None, unclear=False)
