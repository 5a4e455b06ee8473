"""Rules of what comes before filing: request_verification, give_verification 核实, complete_report (domain §3).

Verification is before filing, the check 核查 after disposal. While the collector looks, the collector's clock runs and
the desk's stands still; it goes on with what was left once there is a finding.
"""

from __future__ import annotations

from domain.case import clocks
from domain.case.actions import CompleteReport, GiveVerification, RequestVerification
from domain.case.decision import ReasonCode, Refused
from domain.case.events import CaseEvent, Completed, VerificationGiven, VerificationRequested
from domain.case.frame import GRID_STAFF, Frame, person_holder
from domain.case.intake import require_class, require_known_place
from domain.case.ownership import flags
from domain.case.values import (
    NOTES_PER_CASE_MAX,
    VERIFICATIONS_MAX,
    ClockKind,
    PauseCause,
    Place,
    Role,
    Status,
)


def request_verification(frame: Frame, action: RequestVerification) -> list[CaseEvent]:
    """The desk asks a collector to look before it accepts, or another one instead; at most VERIFICATIONS_MAX times."""
    frame.require(Status.REPORTED, Status.VERIFYING)
    frame.require_desk(Role.ACCEPTOR)
    if frame.case.verifications >= VERIFICATIONS_MAX:
        found = frame.case.verifications
        raise Refused(ReasonCode.TOO_MANY_VERIFICATIONS, found=found, limit=VERIFICATIONS_MAX)
    events: list[CaseEvent] = [
        VerificationRequested(
            at_ms=frame.at_ms,
            person=frame.actor.person,
            collector=action.collector,
            instructions=action.instructions,
        ),
        *frame.stop(ClockKind.VERIFY, waived=True),
    ]
    accept = frame.case.clock(ClockKind.ACCEPT)
    if accept is not None and accept.running:
        events.append(clocks.paused(accept, frame.at_ms, frame.calendar, PauseCause.VERIFYING))
    return [*events, frame.start_stage(ClockKind.VERIFY, person_holder(action.collector))]


def give_verification(frame: Frame, action: GiveVerification) -> list[CaseEvent]:
    """The collector who was asked, and nobody else, says what there is; the desk decides what follows from it.

    Being asked is enough, wherever the place turned out to be meanwhile.
    """
    frame.require(Status.VERIFYING)
    if frame.actor.role not in GRID_STAFF:
        raise Refused(ReasonCode.WRONG_ROLE, found=frame.actor.role, allowed=sorted(map(str, GRID_STAFF)))
    if frame.actor.person != frame.case.verifier:
        raise Refused(ReasonCode.NOT_THE_VERIFIER, found=frame.actor.person)
    events: list[CaseEvent] = [
        VerificationGiven(
            at_ms=frame.at_ms,
            person=frame.actor.person,
            finding=action.finding,
            photos=action.photos,
            text=action.text,
        ),
        *frame.stop(ClockKind.VERIFY),
    ]
    for clock in frame.case.clocks:
        if clock.cause is PauseCause.VERIFYING:
            events.append(clocks.resumed(clock, frame.at_ms, frame.calendar, frame.standard.wd_rule))
    return events


def complete_report(frame: Frame, action: CompleteReport) -> list[CaseEvent]:
    """The reporter or the desk fills in what was missing, until it is filed.

    A place may become a more exact one under the one that is known, or any one where the system had to choose it; a
    class may be named where there is none. What somebody stated already is never overwritten.
    """
    frame.require(Status.REPORTED, Status.VERIFYING, Status.ACCEPTED)
    if frame.actor.person != frame.case.discoverer:
        frame.require_desk(Role.ACCEPTOR)
    frame.require_scope()
    if action.place is None and action.case_class is None and not action.photos:
        raise Refused(ReasonCode.NOTHING_TO_COMPLETE, allowed=["place", "case_class", "photos"])
    if frame.case.notes >= NOTES_PER_CASE_MAX:
        raise Refused(ReasonCode.TOO_MANY_NOTES, found=frame.case.notes, limit=NOTES_PER_CASE_MAX)
    if action.place is not None:
        _require_more_exact(frame, action.place)
    if action.case_class is not None:
        if frame.case.case_class is not None:
            raise Refused(ReasonCode.STATED_ALREADY, found=action.case_class, allowed=[frame.case.case_class])
        require_class(action.case_class, frame.rules.book)
    completed = Completed(
        at_ms=frame.at_ms,
        person=frame.actor.person,
        place=action.place,
        case_class=action.case_class,
        photos=action.photos,
        text=action.text,
    )
    return [completed, *flags(frame.rules, action.case_class, frame.at_ms)]


def _require_more_exact(frame: Frame, place: Place) -> None:
    require_known_place(place.grid, frame.rules.book, frame.at_ms)
    known = frame.case.place
    if frame.case.place_incomplete:
        return
    same_spot = place.grid == known.grid and (known.lon is not None or place.lon is None)
    if same_spot or not place.grid.startswith(known.grid):
        raise Refused(ReasonCode.STATED_ALREADY, found=place.grid, allowed=[f"{known.grid}…"])
