"""Folding: `evolve(case, event)` gives the next state.

It never decides, never fails on a stored event, and reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from msgspec.structs import replace

from domain.case.events import (
    Accepted,
    Acknowledged,
    Adjudicated,
    AlarmConfirmed,
    AlarmShelved,
    AlarmUnshelved,
    AppealDecided,
    AppealDropped,
    AppealRequested,
    AppealReviewed,
    Attached,
    CaseEvent,
    CheckFailed,
    CheckPassed,
    CheckSent,
    ClockExtended,
    ClockNear,
    ClockOverdue,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    Closed,
    CoDone,
    Completed,
    Concluded,
    Consulted,
    CoReturned,
    Declined,
    Dispatched,
    Escalated,
    ExtensionDecided,
    ExtensionDropped,
    ExtensionRequested,
    Filed,
    FilingRefused,
    ForceClosed,
    HandedDown,
    Handled,
    HandOverOffered,
    Imported,
    Merged,
    MergeNoted,
    NotAdmitted,
    Noted,
    OwnershipUnclear,
    Progressed,
    Proposed,
    Rated,
    Reassigned,
    RecurrenceDropped,
    RecurrenceNoted,
    Recurs,
    Rehomed,
    Reopened,
    Reported,
    Resumed,
    Returned,
    SelfHandled,
    Supervised,
    SupervisionOverdue,
    SupervisionReplied,
    Suspended,
    SuspensionDecided,
    SuspensionDropped,
    SuspensionRequested,
    Taken,
    TakenOver,
    Unmerged,
    UnmergeNoted,
    VerificationGiven,
    VerificationRequested,
    Voided,
)
from domain.case.state import (
    Appeal,
    Case,
    Clock,
    Consultation,
    ExtensionRequest,
    Party,
    Rating,
    Round,
    Signature,
    Supervision,
    SuspensionRequest,
)
from domain.case.values import HANDLED_STATUSES, CloseKind, Status

ClockEvent = ClockStarted | ClockStopped | ClockPaused | ClockExtended | ClockResumed | ClockNear | ClockOverdue


def fold(case: Case | None, events: Iterable[CaseEvent]) -> Case | None:
    """Fold events in order onto a state; `fold(fold(c, a), b) == fold(c, a + b)`."""
    for event in events:
        case = evolve(case, event)
    return case


def evolve(case: Case | None, event: CaseEvent) -> Case:
    """The state after one more event. The first event of a case is always `reported`."""
    if isinstance(event, Reported):
        return _opened(event)
    assert case is not None, f"{type(event).__name__} before reported"
    changed = _changed(case, event)
    return replace(changed, version=case.version + 1)


def _opened(event: Reported) -> Case:
    assert event.at_ms is not None, "a report always states its time"
    return Case(
        status=Status.REPORTED,
        version=1,
        number=event.number,
        level=event.level,
        channel=event.channel,
        place=event.place,
        discoverer=event.discoverer,
        discoverer_unit=event.discoverer_unit,
        case_class=event.case_class,
        opened_ms=event.at_ms,
    )


def _changed(case: Case, event: CaseEvent) -> Case:
    match event:
        case (
            ClockStarted()
            | ClockStopped()
            | ClockPaused()
            | ClockExtended()
            | ClockResumed()
            | ClockNear()
            | ClockOverdue()
        ):
            moved = replace(case, clocks=_clocks(case.clocks, event))
            new_alarm = case.alarm_confirmed and isinstance(event, ClockNear | ClockOverdue)
            return replace(moved, alarm_confirmed=False) if new_alarm else moved
        case Reported():
            raise AssertionError("reported twice")
        case Imported():
            return replace(case, source=event.source)
        case Accepted():
            return replace(case, status=Status.ACCEPTED)
        case Declined():
            return replace(case, status=Status.DECLINED, ended_ms=event.at_ms)
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
        case FilingRefused():
            return replace(case, status=Status.NOT_FILED, ended_ms=event.at_ms)
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
        case Dispatched():
            return replace(
                case,
                status=Status.DISPATCHED,
                lead=Party(event.lead),
                co_handlers=tuple(Party(unit) for unit in event.co_handlers),
                returned_from=None,
                co_returned=(),
                unclear=False,
            )
        case Returned():
            relieved = replace(_with_hand(case, event.person), lead=None, co_handlers=())
            return replace(relieved, status=Status.FILED, returned_from=event.unit, returns=case.returns + 1)
        case Reassigned():
            return _with_parties(case, event)
        case CoReturned():
            remaining = tuple(party for party in case.co_handlers if party.unit != event.unit)
            told = (*case.co_returned, event.unit)
            return replace(_with_hand(case, event.person), co_handlers=remaining, co_returned=told)
        case ExtensionRequested():
            asked = ExtensionRequest(event.person, event.amount)
            requests = case.extension_requests + 1
            return replace(_with_hand(case, event.person), extension=asked, extension_requests=requests)
        case ExtensionDecided():
            return replace(case, extension=None, extensions=case.extensions + int(event.granted))
        case ExtensionDropped():
            return replace(case, extension=None)
        case SuspensionRequested():
            wanted = SuspensionRequest(event.person, event.until_ms)
            requests = case.suspension_requests + 1
            return replace(_with_hand(case, event.person), suspension=wanted, suspension_requests=requests)
        case SuspensionDecided():
            return replace(case, suspension=None, suspensions=case.suspensions + int(event.granted))
        case SuspensionDropped():
            return replace(case, suspension=None)
        case Suspended():
            return replace(case, status=Status.SUSPENDED, suspended_until_ms=event.until_ms)
        case Resumed():
            return replace(case, status=Status.HANDLING, suspended_until_ms=None)
        case Acknowledged() | Progressed() | CoDone():
            return _party_moved(case, event)
        case Handled():
            return replace(_with_hand(case, event.person), status=Status.HANDLED)
        case CheckSent():
            return replace(case, status=Status.CHECKING, collector=event.collector)
        case CheckPassed():
            return replace(case, status=Status.CHECKED)
        case CheckFailed() if case.lead is None:  # grid staff's own work: it needs a lead now
            return replace(case, status=Status.FILED, rework=case.rework + 1, self_handled=False, drawn=False)
        case CheckFailed():
            reopened = tuple(
                replace(party, done=False) if party.unit in event.co_handlers else party for party in case.co_handlers
            )
            return replace(case, status=Status.HANDLING, rework=case.rework + 1, co_handlers=reopened)
        case Closed():
            return replace(case, status=Status.CLOSED, ended_ms=event.at_ms, kind=event.kind)
        case ForceClosed():
            unhandled = case.status not in HANDLED_STATUSES
            ended = replace(case, status=Status.CLOSED, ended_ms=event.at_ms, kind=CloseKind.FORCED)
            return replace(ended, unhandled=unhandled)
        case SelfHandled():
            return _self_handled(case, event)
        case Merged():
            return replace(
                case, status=Status.MERGED, merged_into=event.into, merged_from=case.status, ended_ms=event.at_ms
            )
        case Unmerged():
            assert case.merged_from is not None, "only what was merged is unmerged"
            return replace(case, status=case.merged_from, merged_into=None, merged_from=None, ended_ms=None)
        case MergeNoted():
            return replace(case, merged=(*case.merged, event.by))
        case UnmergeNoted():
            return replace(case, merged=tuple(one for one in case.merged if one != event.by))
        case Reopened():
            return _reopened(case, event)
        case Rated():
            return replace(case, rating=Rating(event.person, event.score))
        case AppealRequested():
            return replace(case, appeal=Appeal(event.unit, event.person))
        case AppealReviewed():
            assert case.appeal is not None, "only an appeal is reviewed"
            reviewed = replace(case.appeal, reviewer=event.person, supported=event.supported)
            return replace(case, appeal=reviewed)
        case AppealDecided():
            assert case.appeal is not None, "only an appeal is decided"
            return replace(case, appeal=replace(case.appeal, upheld=event.upheld), exempt=event.upheld)
        case AppealDropped():
            return replace(case, appeal=None)
        case Supervised():
            order = Supervision(event.number, event.person, event.kind, event.due_ms)
            return replace(case, supervisions=(*case.supervisions, order))
        case SupervisionReplied() | SupervisionOverdue():
            return replace(case, supervisions=_supervisions(case.supervisions, event))
        case Consulted():
            return replace(case, consultations=(*case.consultations, Consultation(event.number, event.units)))
        case Concluded():
            return replace(case, consultations=_concluded(case.consultations, event.number))
        case Adjudicated():
            return replace(case, proposed=event.unit, unclear=False)
        case HandOverOffered():
            return replace(case, offered_to=event.to, hand_overs=case.hand_overs + 1)
        case TakenOver():
            return replace(case, first_contact=event.person, offered_to=None)
        case AlarmShelved():
            return replace(case, shelved_until_ms=event.until_ms, shelvings=case.shelvings + 1)
        case AlarmUnshelved():
            return replace(case, shelved_until_ms=None)
        case AlarmConfirmed():
            return replace(case, alarm_confirmed=True)
        case Voided():
            return replace(case, status=Status.VOID, ended_ms=event.at_ms)
        case Recurs():
            return replace(case, recurs=event.of)
        case RecurrenceDropped():
            return replace(case, recurs=None)
        case RecurrenceNoted():
            return replace(case, recurred_by=(*case.recurred_by, event.by))
        case Noted() | Attached():
            return replace(case, notes=case.notes + 1)
        case _:
            assert_never(event)


def _self_handled(case: Case, event: SelfHandled) -> Case:
    return replace(
        _with_hand(case, event.person),
        status=Status.HANDLED,
        case_class=event.case_class,
        condition=event.condition,
        limit=event.limit,
        urgent=event.urgent,
        rulebook=event.rulebook,
        not_admitted=False,
        self_handled=True,
        drawn=event.drawn,
    )


def _reopened(case: Case, event: Reopened) -> Case:
    """What belongs to a round begins anew; whoever laid hands on the case before still may not check it."""
    assert event.at_ms is not None, "a round begins at an instant"
    began = case.opened_ms if case.round_ms is None else case.round_ms
    return replace(
        case,
        status=Status.FILED,
        condition=event.condition,
        case_class=event.case_class,
        limit=event.limit,
        urgent=event.urgent,
        rulebook=event.rulebook,
        rounds=(*case.rounds, Round(began, case.ended_ms)),
        round_ms=event.at_ms,
        ended_ms=None,
        kind=None,
        lead=None,
        co_handlers=(),
        returned_from=None,
        co_returned=(),
        extensions=0,
        extension_requests=0,
        suspended_until_ms=None,
        collector=None,
        unhandled=False,
        self_handled=False,
        drawn=False,
        rating=None,
        appeal=None,
        exempt=False,
        alarm_confirmed=False,
        clocks=(),
    )


def _supervisions(
    orders: tuple[Supervision, ...], event: SupervisionReplied | SupervisionOverdue
) -> tuple[Supervision, ...]:
    replied = isinstance(event, SupervisionReplied)
    return tuple(
        order
        if order.number != event.number
        else replace(order, replied=order.replied or replied, overdue=order.overdue or not replied)
        for order in orders
    )


def _concluded(held: tuple[Consultation, ...], number: int) -> tuple[Consultation, ...]:
    return tuple(replace(one, concluded=True) if one.number == number else one for one in held)


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


def _with_parties(case: Case, event: Reassigned) -> Case:
    assert case.lead is not None, "parties are changed only after dispatch"
    lead = case.party(event.lead) or Party(event.lead)
    same = event.lead == case.lead.unit
    return replace(
        case,
        status=case.status if same else Status.DISPATCHED if lead.signed is None else Status.HANDLING,
        lead=replace(lead, done=False),
        co_handlers=tuple(case.party(unit) or Party(unit) for unit in event.co_handlers),
        co_returned=(),
    )


def _party_moved(case: Case, event: Acknowledged | Progressed | CoDone) -> Case:
    def moved(party: Party) -> Party:
        if party.unit != event.unit:
            return party
        match event:
            case Acknowledged():
                return replace(party, signed=Signature(event.person, event.at_ms))
            case Progressed():
                return replace(party, stage=event.stage)
            case CoDone():
                return replace(party, done=True)
            case _:
                assert_never(event)

    assert case.lead is not None, "a party moves only after dispatch"
    leads = isinstance(event, Acknowledged) and case.lead.unit == event.unit
    return replace(
        _with_hand(case, event.person),
        status=Status.HANDLING if leads else case.status,
        lead=moved(case.lead),
        co_handlers=tuple(moved(party) for party in case.co_handlers),
    )


def _with_hand(case: Case, person: str) -> Case:
    return case if person in case.handlers else replace(case, handlers=(*case.handlers, person))


def _clocks(clocks: tuple[Clock, ...], event: ClockEvent) -> tuple[Clock, ...]:
    assert event.at_ms is not None, "clock events always have an instant"
    if isinstance(event, ClockStarted):
        kept = tuple(c for c in clocks if (c.kind, c.unit) != (event.clock, event.unit))
        started = Clock(
            kind=event.clock,
            holder=event.holder,
            started_ms=event.at_ms,
            since_ms=event.at_ms,
            unit=event.unit,
            limit=event.limit,
            deadline_ms=event.deadline_ms,
            near_ms=event.near_ms,
        )
        return (*kept, started)
    return tuple(
        _clock_moved(c, event, event.at_ms) if (c.kind, c.unit) == (event.clock, event.unit) else c for c in clocks
    )


def _clock_moved(
    clock: Clock,
    event: ClockStopped | ClockPaused | ClockExtended | ClockResumed | ClockNear | ClockOverdue,
    at_ms: int,
) -> Clock:
    match event:
        case ClockStopped():
            stopped = replace(clock, running=False, paused=False, cause=None, verdict=event.verdict)
            return replace(stopped, stopped_ms=at_ms, used_ms=event.used_ms)
        case ClockPaused():
            stood = replace(clock, running=False, paused=True, cause=event.cause)
            return replace(stood, stopped_ms=at_ms, used_ms=event.used_ms)
        case ClockExtended():
            moved = replace(clock, deadline_ms=event.deadline_ms, near_ms=event.near_ms)
            near = clock.near and event.near_ms <= at_ms  # so much is used all the same: it was told once
            return replace(moved, extended_ms=clock.extended_ms + event.added_ms, near=near)
        case ClockResumed():
            return replace(
                clock,
                running=True,
                paused=False,
                cause=None,
                verdict=None,
                stopped_ms=None,
                since_ms=at_ms,
                deadline_ms=event.deadline_ms,
                near_ms=event.near_ms,
            )
        case ClockNear():
            return replace(clock, near=True)
        case ClockOverdue():
            return replace(clock, overdue=True, near=True)
        case _:
            assert_never(event)
