"""Folding what stands alongside: remarks, links between cases, orders, consultations, first contact, alarms."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from domain.case.events import (
    Adjudicated,
    AlarmConfirmed,
    AlarmShelved,
    AlarmUnshelved,
    Attached,
    Concluded,
    Consulted,
    HandOverOffered,
    Merged,
    MergeNoted,
    Noted,
    RecurrenceDropped,
    RecurrenceNoted,
    Recurs,
    Supervised,
    SupervisionOverdue,
    SupervisionReplied,
    TakenOver,
    Unmerged,
    UnmergeNoted,
)
from domain.case.state import Case, Consultation, Supervision
from domain.case.values import Status

LinkEvent = Merged | Unmerged | MergeNoted | UnmergeNoted | Recurs | RecurrenceDropped | RecurrenceNoted
AlongsideEvent = (
    Noted
    | Attached
    | Supervised
    | SupervisionReplied
    | SupervisionOverdue
    | Consulted
    | Concluded
    | Adjudicated
    | HandOverOffered
    | TakenOver
    | AlarmShelved
    | AlarmUnshelved
    | AlarmConfirmed
)


def linked(case: Case, event: LinkEvent) -> Case:
    """Other cases that this one is joined to or repeats."""
    match event:
        case Merged():
            return replace(
                case, status=Status.MERGED, merged_into=event.into, merged_from=case.status, ended_ms=event.at_ms
            )
        case Unmerged():
            assert case.merged_from is not None, "only what was merged is unmerged"
            back = replace(case, status=case.merged_from, merged_into=None, merged_from=None, ended_ms=None)
            return lapsed(back, event.at_ms)
        case MergeNoted():
            return replace(case, merged=(*case.merged, event.by))
        case UnmergeNoted():
            return replace(case, merged=tuple(one for one in case.merged if one != event.by))
        case Recurs():
            return replace(case, recurs=event.of)
        case RecurrenceDropped():
            return replace(case, recurs=None)
        case RecurrenceNoted():
            return replace(case, recurred_by=(*case.recurred_by, event.by))
        case _:
            assert_never(event)


def alongside(case: Case, event: AlongsideEvent) -> Case:
    """What changes nothing of where the case stands."""
    match event:
        case Noted() | Attached():
            return replace(case, notes=case.notes + 1)
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
        case _:
            assert_never(event)


def lapsed(case: Case, before_ms: int | None = None) -> Case:
    """A case that comes back: what stood alongside and was due by `before_ms` (None: all of it) is owed no more."""

    def gone(due_ms: int) -> bool:
        return before_ms is None or due_ms < before_ms

    orders = tuple(replace(o, lapsed=True) if o.owed and gone(o.due_ms) else o for o in case.supervisions)
    shelved = case.shelved_until_ms
    return replace(
        case, supervisions=orders, shelved_until_ms=None if shelved is not None and gone(shelved) else shelved
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
