"""The facts of a case, asked one by one of the whole list of its events: a second model that keeps no state.

Nothing is folded: each fact looks for the last event that speaks of it, or counts. Slow and plain on purpose; it knows
the event structs and nothing else of ours, so a rule of folding that is wrong is not wrong here in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from domain.case import events as e

Events = Sequence[Any]
HANDS = (
    e.Returned, e.CoReturned, e.ExtensionRequested, e.SuspensionRequested, e.Acknowledged, e.Progressed, e.CoDone,
    e.Handled, e.SelfHandled,
)  # fmt: skip
"""Whoever does one of these laid hands on the case."""
MOVED = (e.Escalated, e.HandedDown)
TO: dict[type, str] = {
    e.Reported: "reported", e.VerificationRequested: "verifying", e.VerificationGiven: "reported",
    e.Accepted: "accepted", e.Declined: "declined", e.FilingRefused: "not_filed", e.Filed: "filed",
    e.Escalated: "reported", e.HandedDown: "reported", e.Dispatched: "dispatched", e.Returned: "filed",
    e.Suspended: "suspended", e.Resumed: "handling", e.Handled: "handled", e.SelfHandled: "handled",
    e.CheckSent: "checking", e.CheckPassed: "checked", e.Closed: "closed", e.ForceClosed: "closed", e.Voided: "void",
    e.Merged: "merged", e.Reopened: "filed",
}  # fmt: skip
"""Where an event leaves the case whatever came before it."""
ENDS = (e.Declined, e.FilingRefused, e.Closed, e.ForceClosed, e.Voided, e.Merged)
CLOCKS = (
    e.ClockStarted, e.ClockStopped, e.ClockPaused, e.ClockResumed, e.ClockExtended, e.ClockNear, e.ClockOverdue,
)  # fmt: skip
DAY_MS, ZONE_MS = 86_400_000, 8 * 3_600_000
SESSIONS_MS = ((8 * 3_600_000, 12 * 3_600_000), (14 * 3_600_000, 18 * 3_600_000))
"""Monday to Friday in Shanghai, without a holiday: the hours of the city that histories are drawn in."""


def status(events: Events) -> str:
    for index in reversed(range(len(events))):
        event, before = events[index], events[:index]
        if type(event) in TO:
            return TO[type(event)]
        match event:
            case e.Acknowledged() if event.unit == lead(before):
                return "handling"
            case e.Reassigned() if event.lead != lead(before):
                signed = {party[0] for party in parties(before) if party[1] is not None}
                return "handling" if event.lead in signed else "dispatched"
            case e.CheckFailed():
                return "filed" if lead(before) is None else "handling"
            case e.Unmerged():
                merged_at = max(at for at, one in enumerate(before) if type(one) is e.Merged)
                return status(before[:merged_at])
            case _:
                continue
    raise AssertionError("a case is reported first")


def lead(events: Events) -> str | None:
    found = last(events, e.Dispatched, e.Reassigned, e.Returned, e.Reopened)
    return found.lead if type(found) in (e.Dispatched, e.Reassigned) else None


def parties(events: Events) -> list[tuple[str, str | None, str | None, bool]]:
    """Unit, who signed, the stage, whether its part is done; the lead first."""
    named = last(events, e.Dispatched, e.Reassigned, e.Returned, e.Reopened)
    if type(named) not in (e.Dispatched, e.Reassigned):
        return []
    gone = {one.unit for one in after(events, e.Dispatched, e.Reassigned) if type(one) is e.CoReturned}
    return [_party(events, unit) for unit in (named.lead, *named.co_handlers) if unit not in gone]


def _party(events: Events, unit: str) -> tuple[str, str | None, str | None, bool]:
    begun = max(at for at, one in enumerate(events) if type(one) is e.Dispatched)
    for at in range(begun + 1, len(events)):
        one = events[at]
        left = type(one) is e.Reassigned and unit not in (one.lead, *one.co_handlers)
        if left or (type(one) is e.CoReturned and one.unit == unit):
            begun = at
    own = [one for one in events[begun:] if getattr(one, "unit", None) == unit]
    signed, stage = last(own, e.Acknowledged), last(own, e.Progressed)
    done = False
    for one in events[begun:]:
        match one:
            case e.CoDone(unit=at) if at == unit:
                done = True
            case e.CheckFailed() if unit in one.co_handlers:
                done = False
            case e.Reassigned(lead=at) if at == unit:
                done = False
            case _:
                continue
    return unit, signed and signed.person, stage and str(stage.stage), done


def clocks(events: Events) -> dict[tuple[str, str | None], tuple[Any, ...]]:
    """Kind and unit → started, runs, stands still, verdict, used (ms), deadline, near, overdue: of the round's last."""
    own = [one for one in of_round(events) if type(one) in CLOCKS]
    kinds = {(one.clock, one.unit) for one in own}
    return {(str(kind), unit): _clock([x for x in own if (x.clock, x.unit) == (kind, unit)]) for kind, unit in kinds}


def _clock(own: Events) -> tuple[Any, ...]:
    own = own[max(at for at, one in enumerate(own) if type(one) is e.ClockStarted) :]
    began = own[0]
    turns = [one for one in own if type(one) in (e.ClockStarted, e.ClockResumed, e.ClockPaused, e.ClockStopped)]
    used = 0
    for turn, then in pairwise(turns):
        if type(turn) in (e.ClockStarted, e.ClockResumed):
            used += counted(began.limit, turn.at_ms, then.at_ms)
    verdict = str(turns[-1].verdict) if type(turns[-1]) is e.ClockStopped else None
    due = last(own, e.ClockStarted, e.ClockResumed, e.ClockExtended)
    overdue = any(type(one) is e.ClockOverdue for one in own)
    runs = type(turns[-1]) in (e.ClockStarted, e.ClockResumed)
    still = type(turns[-1]) is e.ClockPaused
    return began.at_ms, runs, still, verdict, used, due.deadline_ms, _near(own), overdue


def _near(own: Events) -> bool:
    """Told since the limit was moved last, or told before and so much is used all the same."""
    if any(type(one) in (e.ClockNear, e.ClockOverdue) for one in after(own, e.ClockExtended)):
        return True
    moved = last(own, e.ClockExtended)
    return moved is not None and moved.near_ms <= moved.at_ms and _near(own[: own.index(moved)])


def counted(limit: str | None, start_ms: int, end_ms: int) -> int:
    """Milliseconds of [start, end) that a limit such as "4WH" counts; all of them where it counts day and night."""
    if limit is None or limit[-2:] in ("UM", "UH", "CD"):
        return end_ms - start_ms
    total, midnight = 0, (start_ms + ZONE_MS) // DAY_MS * DAY_MS - ZONE_MS
    while midnight < end_ms:
        if ((midnight + ZONE_MS) // DAY_MS + 3) % 7 < 5:
            for opens, closes in SESSIONS_MS:
                total += max(min(midnight + closes, end_ms) - max(midnight + opens, start_ms), 0)
        midnight += DAY_MS
    return total


def last(events: Events, *kinds: type) -> Any:
    return next((one for one in reversed(events) if type(one) in kinds), None)


def after(events: Events, *kinds: type) -> Events:
    """What came after the last of those; all of it where there was none."""
    at = max((at for at, one in enumerate(events) if type(one) in kinds), default=-1)
    return events[at + 1 :]


def of_round(events: Events) -> Events:
    return after(events, e.Reopened)


def count(events: Events, *kinds: type) -> int:
    return sum(type(one) in kinds for one in events)


def standing(events: Events, kind: type, *others: type) -> Any:
    """The last of that kind, if none of the others came after it."""
    found = last(events, kind, *others)
    return found if type(found) is kind else None


def filed(events: Events) -> Any:
    """What fixed class, condition and limit for this round at this desk."""
    found = last(events, e.Filed, e.SelfHandled, e.Reopened, *MOVED)
    return None if type(found) in MOVED else found


def ended(events: Events) -> Any:
    found = last(events, *ENDS, e.Unmerged, e.Reopened)
    return found if type(found) in ENDS else None


def self_handled(events: Events) -> Any:
    for at in reversed(range(len(events))):
        if type(events[at]) is e.SelfHandled:
            return events[at]
        if type(events[at]) is e.Reopened:
            return None
        if type(events[at]) is e.CheckFailed and lead(events[:at]) is None:
            return None
    return None


def appeal(events: Events) -> tuple[Any, ...] | None:
    asked = standing(of_round(events), e.AppealRequested, e.AppealDropped)
    if asked is None:
        return None
    said = after(events, e.AppealRequested)
    reviewed, decided = last(said, e.AppealReviewed), last(said, e.AppealDecided)
    return (
        asked.unit, asked.person, reviewed and reviewed.person, reviewed and reviewed.supported,
        decided and decided.upheld,
    )  # fmt: skip


def supervisions(events: Events) -> list[tuple[int, bool, bool, bool]]:
    def told(number: int, kind: type) -> bool:
        return any(type(one) is kind and one.number == number for one in events)

    def lapsed(given: Any) -> bool:
        for later, one in enumerate(events[events.index(given) :], events.index(given)):
            answered = {o.number for o in events[:later] if type(o) in (e.SupervisionReplied, e.SupervisionOverdue)}
            if given.number not in answered and _came_back(one, given.due_ms):
                return True
        return False

    given = [one for one in events if type(one) is e.Supervised]
    numbers = ((o.number, told(o.number, e.SupervisionReplied), told(o.number, e.SupervisionOverdue)) for o in given)
    return [(*told_of, lapsed(one)) for told_of, one in zip(numbers, given, strict=True)]


def shelved_until_ms(events: Events) -> int | None:
    shelved = standing(events, e.AlarmShelved, e.AlarmUnshelved)
    if shelved is None or any(_came_back(one, shelved.until_ms) for one in after(events, e.AlarmShelved)):
        return None
    return int(shelved.until_ms)


def _came_back(event: Any, due_ms: int) -> bool:
    """A case that comes back owes nothing that was due while it had ended; in a new round, nothing at all."""
    return type(event) is e.Reopened or (type(event) is e.Unmerged and due_ms < (event.at_ms or 0))


def consultations(events: Events) -> list[tuple[int, bool]]:
    over = {one.number for one in events if type(one) is e.Concluded}
    return [(one.number, one.number in over) for one in events if type(one) is e.Consulted]


def merged(events: Events) -> list[str]:
    noted = [(at, one.by) for at, one in enumerate(events) if type(one) is e.MergeNoted]
    gone = [(at, one.by) for at, one in enumerate(events) if type(one) is e.UnmergeNoted]
    return [by for at, by in noted if not any(by == other and later > at for later, other in gone)]


def kind(events: Events) -> str | None:
    found = last(of_round(events), e.Closed, e.ForceClosed)
    return "forced" if type(found) is e.ForceClosed else _of(found, "kind")


def unhandled(events: Events) -> bool:
    for at in reversed(range(len(events))):
        if type(events[at]) is e.ForceClosed:
            return status(events[:at]) not in ("handled", "checking", "checked")
        if type(events[at]) is e.Reopened:
            return False
    return False


def _of(found: Any, name: str, default: Any = None) -> Any:
    return default if found is None else getattr(found, name)


FACTS: dict[str, Callable[[Events], Any]] = {
    "status": status,
    "version": len,
    "level": lambda es: last(es, e.Reported, *MOVED).level,
    "taken": lambda es: standing(es, e.Taken, *MOVED) is not None,
    "path": lambda es: count(es, *MOVED),
    "verifier": lambda es: _of(standing(es, e.VerificationRequested, e.VerificationGiven), "collector"),
    "finding": lambda es: _of(last(es, e.VerificationGiven), "finding"),
    "verifications": lambda es: count(es, e.VerificationRequested),
    "condition": lambda es: _of(filed(es), "condition"),
    "limit": lambda es: _of(filed(es), "limit"),
    "urgent": lambda es: _of(filed(es), "urgent", False),
    "proposed": lambda es: getattr(last(es, e.Proposed, e.Adjudicated, e.OwnershipUnclear, *MOVED), "unit", None),
    "unclear": lambda es: standing(es, e.OwnershipUnclear, e.Proposed, e.Adjudicated, e.Dispatched, *MOVED) is not None,
    "parties": parties,
    "handlers": lambda es: list(dict.fromkeys(one.person for one in es if type(one) in HANDS)),
    "units": lambda es: list(
        dict.fromkeys(u for o in es if type(o) in (e.Dispatched, e.Reassigned) for u in (o.lead, *o.co_handlers))
    ),
    "returned_from": lambda es: _of(standing(es, e.Returned, e.Dispatched, e.Reopened), "unit"),
    "co_returned": lambda es: [
        one.unit for one in after(es, e.Dispatched, e.Reassigned, e.Reopened) if type(one) is e.CoReturned
    ],
    "extension": lambda es: _of(standing(es, e.ExtensionRequested, e.ExtensionDecided, e.ExtensionDropped), "amount"),
    "extensions": lambda es: sum(type(one) is e.ExtensionDecided and one.granted for one in of_round(es)),
    "extension_requests": lambda es: count(of_round(es), e.ExtensionRequested),
    "suspension": lambda es: _of(
        standing(es, e.SuspensionRequested, e.SuspensionDecided, e.SuspensionDropped), "until_ms"
    ),
    "suspensions": lambda es: sum(type(one) is e.SuspensionDecided and one.granted for one in es),
    "suspension_requests": lambda es: count(es, e.SuspensionRequested),
    "suspended_until_ms": lambda es: _of(standing(es, e.Suspended, e.Resumed, e.Reopened), "until_ms"),
    "returns": lambda es: count(es, e.Returned),
    "collector": lambda es: _of(standing(es, e.CheckSent, e.Reopened), "collector"),
    "rework": lambda es: count(es, e.CheckFailed),
    "notes": lambda es: count(es, e.Noted, e.Attached, e.Completed),
    "recurs": lambda es: _of(standing(es, e.Recurs, e.RecurrenceDropped), "of"),
    "recurred_by": lambda es: [one.by for one in es if type(one) is e.RecurrenceNoted],
    "ended_ms": lambda es: _of(ended(es), "at_ms"),
    "kind": lambda es: kind(es),
    "merged_into": lambda es: _of(standing(es, e.Merged, e.Unmerged), "into"),
    "merged": merged,
    "rounds": lambda es: count(es, e.Reopened),
    "round_ms": lambda es: _of(last(es, e.Reopened), "at_ms"),
    "self_handled": lambda es: self_handled(es) is not None,
    "drawn": lambda es: _of(self_handled(es), "drawn", False),
    "rating": lambda es: _of(last(of_round(es), e.Rated), "score"),
    "appeal": appeal,
    "exempt": lambda es: _of(last(of_round(es), e.AppealDecided), "upheld", False),
    "supervisions": supervisions,
    "consultations": consultations,
    "first_contact": lambda es: _of(last(es, e.TakenOver), "person"),
    "offered_to": lambda es: _of(standing(es, e.HandOverOffered, e.TakenOver, e.Reopened), "to"),
    "hand_overs": lambda es: count(es, e.HandOverOffered),
    "alarm_confirmed": lambda es: standing(es, e.AlarmConfirmed, e.ClockNear, e.ClockOverdue, e.Reopened) is not None,
    "shelved_until_ms": shelved_until_ms,
    "shelvings": lambda es: count(es, e.AlarmShelved),
    "unhandled": unhandled,
    "clocks": clocks,
}
"""Fact → how it is found in all events of a case."""


def facts(events: Events) -> dict[str, Any]:
    """All facts of a case with these events."""
    return {name: asked(events) for name, asked in FACTS.items()}
