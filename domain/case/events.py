"""Events of a case: facts, each with its name and version (`accepted.v1`) and the instant it is about.

These structs are the stored format and are for ever: a changed meaning is a new version beside the old one,
with an upcast beside it. Clock events carry their computed instants, so that folding never needs a
calendar (decision record 0009). `at_ms` is None only for a step of an imported case that its source did not state.
"""

from __future__ import annotations

from typing import get_args

import msgspec

from domain.case.values import (
    AdjudicationReason,
    AppealReason,
    Channel,
    ClockKind,
    ClockVerdict,
    CloseKind,
    Contact,
    DeclineReason,
    DropCause,
    EscalationReason,
    ExtensionReason,
    FailReason,
    FilingRefusal,
    Finding,
    ForceReason,
    HandDownReason,
    Measure,
    PauseCause,
    Photo,
    Place,
    Position,
    ReopenReason,
    ReturnReason,
    ShelveReason,
    Source,
    Stage,
    SupervisionKind,
    SuspensionReason,
    Text,
    VoidReason,
    Waiver,
)
from domain.routing.route import By, Reason


class Event(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True, tag_field="type"):
    """What every event has: `at_ms`, the instant it is about (None: not stated by an imported source)."""

    at_ms: int | None


class Reported(Event, tag="reported.v1", frozen=True):
    """A problem was taken in; `discoverer` is the person bound by 巡办分离."""

    number: str
    level: int
    channel: Channel
    place: Place
    discoverer: str
    discoverer_unit: str | None = None
    case_class: str | None = None
    text: Text | None = None
    contact: Contact | None = None
    photos: tuple[Photo, ...] = ()


class Imported(Event, tag="imported.v1", frozen=True):
    """The case came in with its history; `as_of_ms` is the instant from which its open clocks run on."""

    source: Source
    as_of_ms: int


class Accepted(Event, tag="accepted.v1", frozen=True):
    """The desk took the report as a matter for the city."""


class Declined(Event, tag="declined.v1", frozen=True):
    """The desk turned the report away."""

    reason: DeclineReason


class VerificationRequested(Event, tag="verification_requested.v1", frozen=True):
    """核实: a collector was asked to look on the spot before filing."""

    person: str
    collector: str
    instructions: Text | None = None


class VerificationGiven(Event, tag="verification_given.v1", frozen=True):
    """What the collector found."""

    person: str
    finding: Finding
    photos: tuple[Photo, ...] = ()
    text: Text | None = None


class Completed(Event, tag="completed.v1", frozen=True):
    """What was missing in the report was filled in: each field that is not None."""

    person: str
    place: Place | None = None
    case_class: str | None = None
    photos: tuple[Photo, ...] = ()
    text: Text | None = None


class Escalated(Event, tag="escalated.v1", frozen=True):
    """The case is at the desk one level above, now `level`, as if it had been reported there."""

    level: int
    person: str
    reason: EscalationReason
    text: Text | None = None


class HandedDown(Event, tag="handed_down.v1", frozen=True):
    """交办: the case is at the desk one level below, now `level`, as if it had been reported there."""

    level: int
    person: str
    reason: HandDownReason
    text: Text | None = None


class Taken(Event, tag="taken.v1", frozen=True):
    """The desk of `level` says that the case, which another level sent, is its own."""

    level: int
    person: str


class Filed(Event, tag="filed.v1", frozen=True):
    """立案: class, condition and limit are fixed, and the rulebook version is pinned from here on."""

    case_class: str
    condition: str
    rulebook: str
    limit: str | None = None
    urgent: bool = False


class FilingRefused(Event, tag="filing_refused.v1", frozen=True):
    """不立案: the shift head did not file it."""

    person: str
    reason: FilingRefusal
    text: Text | None = None


class Proposed(Event, tag="proposed.v1", frozen=True):
    """The routing in force proposes a lead: by an adjudication, a rule, as owner or as territory."""

    unit: str
    by: By
    rule: str | None = None


class OwnershipUnclear(Event, tag="ownership_unclear.v1", frozen=True):
    """权属不清: the routing names nobody, or several: `candidates`, by the rules `rules`. The case is on the docket."""

    reason: Reason
    candidates: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


class NotAdmitted(Event, tag="not_admitted.v1", frozen=True):
    """The class is not on the admission list 准入清单: a flag for people, nothing else."""

    case_class: str


class Rehomed(Event, tag="rehomed.v1", frozen=True):
    """The grid of the case ended; `grid` is where it belongs now. `incomplete`: somebody has to complete the place."""

    before: str
    grid: str
    incomplete: bool = False


class Dispatched(Event, tag="dispatched.v1", frozen=True):
    """The lead unit and its co-handlers were named."""

    lead: str
    co_handlers: tuple[str, ...] = ()
    instructions: Text | None = None


class Acknowledged(Event, tag="acknowledged.v1", frozen=True):
    """A party's unit signed for the case; the first member of the unit to do so is recorded."""

    unit: str
    person: str


class Progressed(Event, tag="progressed.v1", frozen=True):
    """A party went a stage further."""

    unit: str
    person: str
    stage: Stage


class Returned(Event, tag="returned.v1", frozen=True):
    """The lead gave the case back to the dispatcher; the parties are relieved until it is dispatched again."""

    unit: str
    person: str
    reason: ReturnReason
    text: Text | None = None


class Reassigned(Event, tag="reassigned.v1", frozen=True):
    """The parties changed; a unit that stays keeps what it signed and did."""

    person: str
    lead: str
    co_handlers: tuple[str, ...] = ()
    instructions: Text | None = None


class CoReturned(Event, tag="co_returned.v1", frozen=True):
    """A co-handler gave its part back and is no party any more."""

    unit: str
    person: str
    reason: ReturnReason
    text: Text | None = None


class ExtensionRequested(Event, tag="extension_requested.v1", frozen=True):
    """The lead asked for `amount` more time."""

    unit: str
    person: str
    reason: ExtensionReason
    amount: str
    text: Text | None = None


class ExtensionDecided(Event, tag="extension_decided.v1", frozen=True):
    """The open request was granted or refused."""

    person: str
    granted: bool
    text: Text | None = None


class ExtensionDropped(Event, tag="extension_dropped.v1", frozen=True):
    """The open request died unanswered."""

    cause: DropCause


class SuspensionRequested(Event, tag="suspension_requested.v1", frozen=True):
    """The lead asked for a pause until `until_ms`."""

    unit: str
    person: str
    reason: SuspensionReason
    until_ms: int
    text: Text | None = None


class SuspensionDecided(Event, tag="suspension_decided.v1", frozen=True):
    """The open request for a pause was granted or refused."""

    person: str
    granted: bool
    text: Text | None = None


class SuspensionDropped(Event, tag="suspension_dropped.v1", frozen=True):
    """The open request for a pause died unanswered."""

    cause: DropCause


class Suspended(Event, tag="suspended.v1", frozen=True):
    """挂账: nobody's time runs until `until_ms`, or until it is resumed before."""

    until_ms: int


class Resumed(Event, tag="resumed.v1", frozen=True):
    """The pause is over: by a person, or (None) by itself at the instant that was granted."""

    person: str | None = None


class CoDone(Event, tag="co_done.v1", frozen=True):
    """A co-handler finished its part."""

    unit: str
    person: str
    result: Text | None = None


class Handled(Event, tag="handled.v1", frozen=True):
    """The lead reported the matter as disposed of."""

    unit: str
    person: str
    result: Text | None = None
    photos: tuple[Photo, ...] = ()
    without: tuple[Waiver, ...] = ()


class CheckSent(Event, tag="check_sent.v1", frozen=True):
    """核查: somebody was asked to look at the result on the spot."""

    collector: str


class CheckPassed(Event, tag="check_passed.v1", frozen=True):
    """The result stands."""

    photos: tuple[Photo, ...] = ()


class CheckFailed(Event, tag="check_failed.v1", frozen=True):
    """返工: the result does not stand; the lead's clock goes on where it stopped."""

    reason: FailReason
    co_handlers: tuple[str, ...] = ()


class Closed(Event, tag="closed.v1", frozen=True):
    """结案."""

    kind: CloseKind
    text: Text | None = None


class ForceClosed(Event, tag="force_closed.v1", frozen=True):
    """强制结案: a leader closed it from where it stood."""

    person: str
    reason: ForceReason
    text: Text


class SelfHandled(Event, tag="self_handled.v1", frozen=True):
    """自行处置 by grid staff: filed and handled at once. `drawn`: the hash of the case's id chose it for a check."""

    person: str
    case_class: str
    condition: str
    rulebook: str
    before: tuple[Photo, ...]
    after: tuple[Photo, ...]
    limit: str | None = None
    urgent: bool = False
    drawn: bool = False
    result: Text | None = None


class Merged(Event, tag="merged.v1", frozen=True):
    """并案: the case goes on as part of `into`."""

    into: str
    person: str


class Unmerged(Event, tag="unmerged.v1", frozen=True):
    """It goes on by itself again: a person said so, or (None) `into` refused it for that reason code."""

    into: str
    person: str | None = None
    reason: str | None = None
    text: Text | None = None


class MergeNoted(Event, tag="merge_noted.v1", frozen=True):
    """On the case merged into: `by` goes on as part of it."""

    by: str


class UnmergeNoted(Event, tag="unmerge_noted.v1", frozen=True):
    """On the case merged into: `by` goes on by itself again."""

    by: str


class Reopened(Event, tag="reopened.v1", frozen=True):
    """重开: a new round; class, condition and limit are those of the rulebook pinned anew."""

    person: str
    reason: ReopenReason
    case_class: str
    condition: str
    rulebook: str
    limit: str | None = None
    urgent: bool = False
    text: Text | None = None


class Rated(Event, tag="rated.v1", frozen=True):
    """满意度, 1 to 5; `called_back`: the desk asked, and wrote down the answer."""

    person: str
    score: int
    called_back: bool = False
    text: Text | None = None


class AppealRequested(Event, tag="appeal_requested.v1", frozen=True):
    """申诉: the unit asks that the breach be left out of the statistics."""

    unit: str
    person: str
    reason: AppealReason
    text: Text | None = None


class AppealReviewed(Event, tag="appeal_reviewed.v1", frozen=True):
    """An inspector supports it, or not."""

    person: str
    supported: bool
    text: Text


class AppealDecided(Event, tag="appeal_decided.v1", frozen=True):
    """A leader upheld it, or not; that the case was late stays visible."""

    person: str
    upheld: bool
    text: Text


class AppealDropped(Event, tag="appeal_dropped.v1", frozen=True):
    """The open appeal died unanswered: the case was opened again."""

    cause: DropCause


class Supervised(Event, tag="supervised.v1", frozen=True):
    """督办 number `number` of the case; a reply is wanted by `due_ms`."""

    number: int
    person: str
    kind: SupervisionKind
    due_ms: int
    text: Text | None = None


class SupervisionReplied(Event, tag="supervision_replied.v1", frozen=True):
    """督办回复."""

    number: int
    person: str
    text: Text


class SupervisionOverdue(Event, tag="supervision_overdue.v1", frozen=True):
    """No reply by the time that was asked for; `at_ms` is that time."""

    number: int


class Consulted(Event, tag="consulted.v1", frozen=True):
    """会商研判 number `number` of the case was called; the text is the agenda."""

    number: int
    person: str
    measure: Measure
    units: tuple[str, ...]
    text: Text


class Concluded(Event, tag="concluded.v1", frozen=True):
    """What came of it; the text is the conclusion."""

    number: int
    person: str
    positions: tuple[Position, ...]
    text: Text


class Adjudicated(Event, tag="adjudicated.v1", frozen=True):
    """裁决: `unit` owns cases of that class at that place; with a class it becomes a dated rule of the routing."""

    person: str
    unit: str
    reason: AdjudicationReason
    text: Text
    place: str
    number: str
    case_class: str | None = None


class HandOverOffered(Event, tag="hand_over_offered.v1", frozen=True):
    """首问移交: the first-contact duty was offered to `to`, and stays where it is until taken."""

    person: str
    to: str


class TakenOver(Event, tag="taken_over.v1", frozen=True):
    """首问接收: `person` is the first-contact owner from now on."""

    person: str


class AlarmShelved(Event, tag="alarm_shelved.v1", frozen=True):
    """The alarm is put aside until then; no clock stops."""

    person: str
    reason: ShelveReason
    until_ms: int


class AlarmUnshelved(Event, tag="alarm_unshelved.v1", frozen=True):
    """The time for which the alarm was put aside is over."""


class AlarmConfirmed(Event, tag="alarm_confirmed.v1", frozen=True):
    """The dispatcher has seen the alarm."""

    person: str


class Voided(Event, tag="voided.v1", frozen=True):
    """作废."""

    person: str
    reason: VoidReason
    text: Text | None = None


class Recurs(Event, tag="recurs.v1", frozen=True):
    """The desk says that this case repeats the closed case `of`."""

    of: str
    person: str


class RecurrenceNoted(Event, tag="recurrence_noted.v1", frozen=True):
    """On the closed case: `by` repeats it."""

    by: str


class RecurrenceDropped(Event, tag="recurrence_dropped.v1", frozen=True):
    """The case `of` refused to be repeated by this one; the link is gone."""

    of: str
    reason: str


class Noted(Event, tag="noted.v1", frozen=True):
    """A remark alongside; changes nothing else."""

    person: str
    text: Text


class Attached(Event, tag="attached.v1", frozen=True):
    """Evidence alongside; counts as a remark."""

    person: str
    photos: tuple[Photo, ...]


class ClockStarted(Event, tag="clock_started.v1", frozen=True):
    """A clock runs: `deadline_ms` and `near_ms` are None where there is no limit; `holder` owes the act."""

    clock: ClockKind
    holder: str
    unit: str | None = None
    limit: str | None = None
    deadline_ms: int | None = None
    near_ms: int | None = None


class ClockStopped(Event, tag="clock_stopped.v1", frozen=True):
    """A clock stopped with `used_ms` of counted time behind it."""

    clock: ClockKind
    verdict: ClockVerdict
    used_ms: int
    unit: str | None = None


class ClockPaused(Event, tag="clock_paused.v1", frozen=True):
    """A clock stands still with `used_ms` of counted time behind it, and may go on."""

    clock: ClockKind
    cause: PauseCause
    used_ms: int
    unit: str | None = None


class ClockExtended(Event, tag="clock_extended.v1", frozen=True):
    """A running clock was given `added_ms` of counted time; `deadline_ms` and `near_ms` are the moved ones."""

    clock: ClockKind
    added_ms: int
    deadline_ms: int
    near_ms: int
    unit: str | None = None


class ClockResumed(Event, tag="clock_resumed.v1", frozen=True):
    """A stopped clock goes on with what was left of it."""

    clock: ClockKind
    unit: str | None = None
    deadline_ms: int | None = None
    near_ms: int | None = None


class ClockNear(Event, tag="clock_near.v1", frozen=True):
    """临期: more than 80 % of the counted time is used; `at_ms` is the instant itself, not when it was noticed."""

    clock: ClockKind
    unit: str | None = None


class ClockOverdue(Event, tag="clock_overdue.v1", frozen=True):
    """超时: the deadline passed; `at_ms` is the deadline."""

    clock: ClockKind
    unit: str | None = None


CaseEvent = (
    Reported
    | Imported
    | Accepted
    | Declined
    | VerificationRequested
    | VerificationGiven
    | Completed
    | Escalated
    | HandedDown
    | Taken
    | Filed
    | FilingRefused
    | Proposed
    | OwnershipUnclear
    | NotAdmitted
    | Rehomed
    | Dispatched
    | Acknowledged
    | Progressed
    | Returned
    | Reassigned
    | CoReturned
    | ExtensionRequested
    | ExtensionDecided
    | ExtensionDropped
    | SuspensionRequested
    | SuspensionDecided
    | SuspensionDropped
    | Suspended
    | Resumed
    | CoDone
    | Handled
    | CheckSent
    | CheckPassed
    | CheckFailed
    | Closed
    | ForceClosed
    | Voided
    | SelfHandled
    | Merged
    | Unmerged
    | MergeNoted
    | UnmergeNoted
    | Reopened
    | Rated
    | AppealRequested
    | AppealReviewed
    | AppealDecided
    | AppealDropped
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
    | Recurs
    | RecurrenceNoted
    | RecurrenceDropped
    | Noted
    | Attached
    | ClockStarted
    | ClockStopped
    | ClockPaused
    | ClockExtended
    | ClockResumed
    | ClockNear
    | ClockOverdue
)

CASE_EVENTS: tuple[type[Event], ...] = get_args(CaseEvent)
