"""Folding checks, ends, new rounds, and what people say of a case that has ended."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from domain.case.events import (
    AppealDecided,
    AppealDropped,
    AppealRequested,
    AppealReviewed,
    CheckFailed,
    CheckPassed,
    CheckSent,
    Closed,
    ForceClosed,
    Rated,
    Reopened,
    Voided,
)
from domain.case.folds.alongside import lapsed
from domain.case.state import Appeal, Case, Rating, Round
from domain.case.values import HANDLED_STATUSES, CloseKind, Status

CheckEvent = CheckSent | CheckPassed | Closed | CheckFailed | ForceClosed | Voided | Reopened
AnswerEvent = Rated | AppealRequested | AppealReviewed | AppealDecided | AppealDropped


def checked(case: Case, event: CheckEvent) -> Case:
    """Checks and ends."""
    match event:
        case CheckSent():
            return replace(case, status=Status.CHECKING, collector=event.collector)
        case CheckPassed():
            return replace(case, status=Status.CHECKED)
        case Closed():
            return replace(case, status=Status.CLOSED, ended_ms=event.at_ms, kind=event.kind)
        case CheckFailed() if case.lead is None:  # grid staff's own work: it needs a lead now
            return replace(case, status=Status.FILED, rework=case.rework + 1, self_handled=False, drawn=False)
        case CheckFailed():
            reopened = tuple(
                replace(party, done=False) if party.unit in event.co_handlers else party for party in case.co_handlers
            )
            return replace(case, status=Status.HANDLING, rework=case.rework + 1, co_handlers=reopened)
        case ForceClosed():
            unhandled = case.status not in HANDLED_STATUSES
            ended = replace(case, status=Status.CLOSED, ended_ms=event.at_ms, kind=CloseKind.FORCED)
            return replace(ended, unhandled=unhandled)
        case Voided():
            return replace(case, status=Status.VOID, ended_ms=event.at_ms)
        case Reopened():
            return _reopened(case, event)
        case _:
            assert_never(event)


def answered(case: Case, event: AnswerEvent) -> Case:
    """Ratings and appeals."""
    match event:
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
        case _:
            assert_never(event)


def _reopened(case: Case, event: Reopened) -> Case:
    """What belongs to a round begins anew; whoever laid hands on the case before still may not check it."""
    assert event.at_ms is not None, "a round begins at an instant"
    began = case.opened_ms if case.round_ms is None else case.round_ms
    return replace(
        lapsed(case),
        status=Status.FILED,
        offered_to=None,
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
