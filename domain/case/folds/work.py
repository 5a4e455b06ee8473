"""Folding the work: parties, their progress, and the deadlines that people may move."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from msgspec.structs import replace

from domain.case.events import (
    Acknowledged,
    CoDone,
    CoReturned,
    Dispatched,
    ExtensionDecided,
    ExtensionDropped,
    ExtensionRequested,
    Handled,
    Progressed,
    Reassigned,
    Resumed,
    Returned,
    SelfHandled,
    Suspended,
    SuspensionDecided,
    SuspensionDropped,
    SuspensionRequested,
)
from domain.case.state import Case, ExtensionRequest, Party, Signature, SuspensionRequest
from domain.case.values import Status

WorkEvent = Acknowledged | Progressed | CoDone | Dispatched | Handled | Returned | Reassigned | CoReturned | SelfHandled
RequestEvent = (
    ExtensionRequested
    | ExtensionDecided
    | ExtensionDropped
    | SuspensionRequested
    | SuspensionDecided
    | SuspensionDropped
    | Suspended
    | Resumed
)


def at_work(case: Case, event: WorkEvent) -> Case:
    """Who works on the case, and how far they are."""
    match event:
        case Acknowledged() | Progressed() | CoDone():
            return _party_moved(case, event)
        case Dispatched():
            return replace(
                with_units(case, (event.lead, *event.co_handlers)),
                status=Status.DISPATCHED,
                lead=Party(event.lead),
                co_handlers=tuple(Party(unit) for unit in event.co_handlers),
                returned_from=None,
                co_returned=(),
                unclear=False,
            )
        case Handled():
            return replace(with_hand(case, event.person), status=Status.HANDLED)
        case Returned():
            relieved = replace(with_hand(case, event.person), lead=None, co_handlers=())
            return replace(relieved, status=Status.FILED, returned_from=event.unit, returns=case.returns + 1)
        case Reassigned():
            return _with_parties(case, event)
        case CoReturned():
            remaining = tuple(party for party in case.co_handlers if party.unit != event.unit)
            told = (*case.co_returned, event.unit)
            return replace(with_hand(case, event.person), co_handlers=remaining, co_returned=told)
        case SelfHandled():
            return _self_handled(case, event)
        case _:
            assert_never(event)


def moved_deadline(case: Case, event: RequestEvent) -> Case:
    """Requests for more time and for a pause, and what became of them."""
    match event:
        case ExtensionRequested():
            asked = ExtensionRequest(event.person, event.amount)
            requests = case.extension_requests + 1
            return replace(with_hand(case, event.person), extension=asked, extension_requests=requests)
        case ExtensionDecided():
            return replace(case, extension=None, extensions=case.extensions + int(event.granted))
        case ExtensionDropped():
            return replace(case, extension=None)
        case SuspensionRequested():
            wanted = SuspensionRequest(event.person, event.until_ms)
            requests = case.suspension_requests + 1
            return replace(with_hand(case, event.person), suspension=wanted, suspension_requests=requests)
        case SuspensionDecided():
            return replace(case, suspension=None, suspensions=case.suspensions + int(event.granted))
        case SuspensionDropped():
            return replace(case, suspension=None)
        case Suspended():
            return replace(case, status=Status.SUSPENDED, suspended_until_ms=event.until_ms)
        case Resumed():
            return replace(case, status=Status.HANDLING, suspended_until_ms=None)
        case _:
            assert_never(event)


def _self_handled(case: Case, event: SelfHandled) -> Case:
    return replace(
        with_hand(case, event.person),
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


def _with_parties(case: Case, event: Reassigned) -> Case:
    assert case.lead is not None, "parties are changed only after dispatch"
    lead = case.party(event.lead) or Party(event.lead)
    same = event.lead == case.lead.unit
    return replace(
        with_units(case, (event.lead, *event.co_handlers)),
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
        with_hand(case, event.person),
        status=Status.HANDLING if leads else case.status,
        lead=moved(case.lead),
        co_handlers=tuple(moved(party) for party in case.co_handlers),
    )


def with_units(case: Case, units: Iterable[str]) -> Case:
    """The case once these units were parties: nobody of a unit that ever was one may check it."""
    new = tuple(unit for unit in units if unit not in case.units)
    return replace(case, units=(*case.units, *new))


def with_hand(case: Case, person: str) -> Case:
    """The case once that person laid hands on it: who has may not check it."""
    return case if person in case.handlers else replace(case, handlers=(*case.handlers, person))
