"""Actions on a case: what somebody asks for (domain document §3), one struct each, told apart by `action`.

The same structs are the API's schemas and what stands on the `actions` topic. An action says what is wanted, never
who wants it or when: that is the `Attempt` around it, made by the API from the authenticated post.
"""

from __future__ import annotations

from typing import Annotated, get_args

import msgspec
from msgspec import Meta

from domain.case.values import (
    CO_HANDLERS_MAX,
    IMPORT_STEPS_MAX,
    PHOTOS_MAX,
    Actor,
    AdjudicationReason,
    AppealReason,
    Channel,
    CloseKind,
    Contact,
    DeclineReason,
    EscalationReason,
    ExtensionReason,
    FailReason,
    FilingRefusal,
    Finding,
    ForceReason,
    HandDownReason,
    Measure,
    Photo,
    Place,
    Position,
    ReopenReason,
    ReturnReason,
    Sealed,
    ShelveReason,
    Source,
    Stage,
    Status,
    SupervisionKind,
    SuspensionReason,
    Text,
    VoidReason,
    Waiver,
)

Code = Annotated[str, Meta(min_length=1, max_length=64)]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]
Grounds = Annotated[str, Meta(min_length=1)] | Sealed
Photos = Annotated[tuple[Photo, ...], Meta(max_length=PHOTOS_MAX)]
SomePhotos = Annotated[tuple[Photo, ...], Meta(min_length=1, max_length=PHOTOS_MAX)]
SomeUnits = Annotated[tuple[Code, ...], Meta(min_length=1, max_length=CO_HANDLERS_MAX)]
Units = Annotated[tuple[Code, ...], Meta(max_length=CO_HANDLERS_MAX)]


class _Action(
    msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True, tag_field="action"
):
    pass


class Report(_Action, tag="report", frozen=True):
    """A problem is reported. `case_class` may be missing: the desk completes it when filing."""

    place: Place
    channel: Channel
    case_class: Code | None = None
    text: Text | None = None
    contact: Contact | None = None
    photos: Photos = ()


class Accept(_Action, tag="accept", frozen=True):
    """The desk of the case's level accepts the report."""


class Decline(_Action, tag="decline", frozen=True):
    """The desk turns the report away."""

    reason: DeclineReason


class RequestVerification(_Action, tag="request_verification", frozen=True):
    """核实: before filing, the desk asks a collector to look on the spot whether there is anything to it."""

    collector: Code
    instructions: Text | None = None


class GiveVerification(_Action, tag="give_verification", frozen=True):
    """The collector who was asked says what there is."""

    finding: Finding
    photos: Photos = ()
    text: Text | None = None


class CompleteReport(_Action, tag="complete_report", frozen=True):
    """The reporter or the desk fills in what was missing before filing: a place known better, the class, photos."""

    place: Place | None = None
    case_class: Code | None = None
    photos: Photos = ()
    text: Text | None = None


class Escalate(_Action, tag="escalate", frozen=True):
    """The desk lifts the case, before it was ever dispatched, to the desk one level above."""

    reason: EscalationReason
    text: Text | None = None


class HandDown(_Action, tag="hand_down", frozen=True):
    """交办: a higher desk lowers the case to the desk one level below."""

    reason: HandDownReason
    text: Text | None = None


class Take(_Action, tag="take", frozen=True):
    """The desk that a case was lifted or lowered to says that it is its own."""


class File(_Action, tag="file", frozen=True):
    """立案, with the class and the filing condition that sets the limit (None: the class's first condition)."""

    case_class: Code | None = None
    condition: Code | None = None


class RefuseFiling(_Action, tag="refuse_filing", frozen=True):
    """不立案: an accepted report is not filed, and ends."""

    reason: FilingRefusal
    text: Text | None = None


class Dispatch(_Action, tag="dispatch", frozen=True):
    """派遣 to a lead unit and its co-handlers."""

    lead: Code
    co_handlers: Units = ()
    instructions: Text | None = None


class Acknowledge(_Action, tag="acknowledge", frozen=True):
    """签收 by a member of a party's unit."""


class Progress(_Action, tag="progress", frozen=True):
    """A party says how far it is."""

    stage: Stage


class Return(_Action, tag="return", frozen=True):
    """回退: the lead gives the case back to the dispatcher; the clocks of all parties stand still."""

    reason: ReturnReason
    text: Text | None = None


class Reassign(_Action, tag="reassign", frozen=True):
    """The dispatcher changes the parties without taking the case back: these are the lead and all co-handlers now."""

    lead: Code
    co_handlers: Units = ()
    instructions: Text | None = None


class CoReturn(_Action, tag="co_return", frozen=True):
    """A co-handler gives its part back; the others go on."""

    reason: ReturnReason
    text: Text | None = None


class RequestExtension(_Action, tag="request_extension", frozen=True):
    """延期申请 by the lead, for `amount` more time such as "2WH": at most one original limit, at most twice."""

    reason: ExtensionReason
    amount: Code
    text: Text | None = None


class DecideExtension(_Action, tag="decide_extension", frozen=True):
    """延期审批: the shift head decides the first request that is granted, a leader the second."""

    granted: bool
    text: Text | None = None


class RequestSuspension(_Action, tag="request_suspension", frozen=True):
    """挂账申请 by the lead: nobody's time runs until `until_ms` (UTC milliseconds), at most a year, once a case."""

    reason: SuspensionReason
    until_ms: int
    text: Text | None = None


class DecideSuspension(_Action, tag="decide_suspension", frozen=True):
    """挂账审批 by a leader."""

    granted: bool
    text: Text | None = None


class Resume(_Action, tag="resume", frozen=True):
    """The dispatcher ends a pause before its time."""


class CoDone(_Action, tag="co_done", frozen=True):
    """A co-handler's part is done."""

    result: Text | None = None


class Handle(_Action, tag="handle", frozen=True):
    """The lead says the matter is disposed of; `without` names co-handlers still open, each with a reason."""

    result: Text | None = None
    photos: Photos = ()
    without: Annotated[tuple[Waiver, ...], Meta(max_length=CO_HANDLERS_MAX)] = ()


class SendCheck(_Action, tag="send_check", frozen=True):
    """核查: the desk asks a collector to look at the result."""

    collector: Code


class PassCheck(_Action, tag="pass_check", frozen=True):
    """The named collector finds the result good."""

    photos: Photos = ()


class FailCheck(_Action, tag="fail_check", frozen=True):
    """The named collector finds it wanting; the co-handlers named go on too."""

    reason: FailReason
    co_handlers: Units = ()


class Close(_Action, tag="close", frozen=True):
    """结案. The kind follows from the clocks; only `special` 特殊结案 is named, and then the text says why."""

    kind: CloseKind | None = None
    text: Text | None = None


class SelfHandle(_Action, tag="self_handle", frozen=True):
    """自行处置: grid staff did it themselves; for items on the simple list, with photos of before and after."""

    before: SomePhotos
    after: SomePhotos
    case_class: Code | None = None
    condition: Code | None = None
    result: Text | None = None


class Merge(_Action, tag="merge", frozen=True):
    """并案: the case goes on as part of another one, `into`; its clocks stand still.

    `into_status` is where the other one stood as far as the API knew, which writes it there; what a client writes is
    overwritten.
    """

    into: Code
    into_status: Status | None = None


class Unmerge(_Action, tag="unmerge", frozen=True):
    """The case goes on by itself again, where it stood."""

    text: Text | None = None


class NoteMerge(_Action, tag="note_merge", frozen=True):
    """To the case merged into: another one, `by`, goes on as part of it (the reactor only)."""

    by: Code


class DropMerge(_Action, tag="drop_merge", frozen=True):
    """Back to the case that said so: the other one, `into`, refused for that reason code (the reactor only)."""

    into: Code
    reason: Code


class NoteUnmerge(_Action, tag="note_unmerge", frozen=True):
    """To the case merged into: the other one, `by`, goes on by itself again (the reactor only)."""

    by: Code


class Reopen(_Action, tag="reopen", frozen=True):
    """重开: a closed case begins a new round, by the standard adopted now (`condition` None: the one it had)."""

    reason: ReopenReason
    condition: Code | None = None
    text: Text | None = None


class Rate(_Action, tag="rate", frozen=True):
    """满意度: the reporter, or the desk that called back, says how content the reporter is, 1 to 5."""

    score: Annotated[int, Meta(ge=1, le=5)]
    text: Text | None = None


class RequestAppeal(_Action, tag="request_appeal", frozen=True):
    """申诉: the unit that led a case which was late asks that the breach be left out of the statistics."""

    reason: AppealReason
    text: Text | None = None


class ReviewAppeal(_Action, tag="review_appeal", frozen=True):
    """An inspector supports the appeal or not, with reasons."""

    supported: bool
    text: Grounds


class DecideAppeal(_Action, tag="decide_appeal", frozen=True):
    """A leader upholds the appeal or not, with reasons."""

    upheld: bool
    text: Grounds


class Supervise(_Action, tag="supervise", frozen=True):
    """督办: a leader or an inspector presses for the case and wants a reply by `due_ms` (UTC milliseconds)."""

    kind: SupervisionKind
    due_ms: int
    text: Text | None = None


class ReplySupervision(_Action, tag="reply_supervision", frozen=True):
    """督办回复 to the one of that number, by whoever has the case."""

    number: int
    text: Grounds


class Consult(_Action, tag="consult", frozen=True):
    """会商研判 is called: which units, in what form; the text is the agenda."""

    measure: Measure
    units: SomeUnits
    text: Grounds


class Conclude(_Action, tag="conclude", frozen=True):
    """What came of the consultation of that number; the text is the conclusion."""

    number: int
    positions: Annotated[tuple[Position, ...], Meta(max_length=CO_HANDLERS_MAX)]
    text: Grounds


class Adjudicate(_Action, tag="adjudicate", frozen=True):
    """裁决: a leader says which unit owns such a matter, and on what grounds; it becomes a dated rule of the routing.

    `place` is where that holds, a beginning of the code of the case's place (None: that place).
    """

    unit: Code
    reason: AdjudicationReason
    text: Grounds
    place: Code | None = None


class HandOver(_Action, tag="hand_over", frozen=True):
    """首问移交: the first-contact owner offers the duty to somebody; it moves only when that one accepts."""

    to: Code


class TakeOver(_Action, tag="take_over", frozen=True):
    """首问接收: the one it was offered to is the first-contact owner from now on."""


class ShelveAlarm(_Action, tag="shelve_alarm", frozen=True):
    """The dispatcher puts the case's alarm aside until then (UTC milliseconds), at most a week; no clock stops."""

    reason: ShelveReason
    until_ms: int


class ConfirmAlarm(_Action, tag="confirm_alarm", frozen=True):
    """The dispatcher has seen the case's alarm."""


class ForceClose(_Action, tag="force_close", frozen=True):
    """强制结案 by a leader, from any open state; the text says on what grounds."""

    reason: ForceReason
    text: Grounds


class Void(_Action, tag="void", frozen=True):
    """作废: it should never have been a case."""

    reason: VoidReason
    text: Text | None = None


class Recur(_Action, tag="recur", frozen=True):
    """The desk links this case to the closed one that it repeats (复发); `of` is that case's id."""

    of: Code


class NoteRecurrence(_Action, tag="note_recurrence", frozen=True):
    """To the closed case: another one, `by`, says that it repeats this one (the reactor only)."""

    by: Code


class DropRecurrence(_Action, tag="drop_recurrence", frozen=True):
    """Back to the case that said so: the other one, `of`, refused for that reason code (the reactor only)."""

    of: Code
    reason: Code


class Note(_Action, tag="note", frozen=True):
    """A remark on an open case."""

    text: Text


class Attach(_Action, tag="attach", frozen=True):
    """Evidence on an open case, by hash."""

    photos: Annotated[tuple[Photo, ...], Meta(min_length=1, max_length=PHOTOS_MAX)]


class Tick(_Action, tag="tick", frozen=True):
    """Look at this case now (the clock only)."""


StepAction = (
    Accept
    | Decline
    | File
    | Dispatch
    | Acknowledge
    | Progress
    | Return
    | RequestExtension
    | DecideExtension
    | CoDone
    | Handle
    | SendCheck
    | PassCheck
    | FailCheck
    | Close
)


class Step(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """One step of an imported history: an action with the source's own time, None where it states none.

    `unit` is the party that takes the step (None: the lead); only a party's steps look at it.
    """

    do: StepAction
    at_ms: int | None = None
    unit: Code | None = None


class ImportCase(_Action, tag="import_case", frozen=True):
    """A past case with its history (domain document §4, "Imported history").

    `deadline_ms` is the deadline that the source states (None: it states none, and the case has no limit);
    `as_of_ms` is the instant from which an open case's clocks run on (None: the log's time).
    """

    source: Source
    report: Report
    opened_ms: int
    steps: Annotated[tuple[Step, ...], Meta(max_length=IMPORT_STEPS_MAX)] = ()
    deadline_ms: int | None = None
    as_of_ms: int | None = None


CaseAction = (
    Report
    | Accept
    | Decline
    | RequestVerification
    | GiveVerification
    | CompleteReport
    | Escalate
    | HandDown
    | Take
    | File
    | RefuseFiling
    | Dispatch
    | Acknowledge
    | Progress
    | Return
    | Reassign
    | CoReturn
    | RequestExtension
    | DecideExtension
    | RequestSuspension
    | DecideSuspension
    | Resume
    | CoDone
    | Handle
    | SendCheck
    | PassCheck
    | FailCheck
    | Close
    | ForceClose
    | Void
    | SelfHandle
    | Merge
    | Unmerge
    | NoteMerge
    | DropMerge
    | NoteUnmerge
    | Reopen
    | Rate
    | RequestAppeal
    | ReviewAppeal
    | DecideAppeal
    | Supervise
    | ReplySupervision
    | Consult
    | Conclude
    | Adjudicate
    | HandOver
    | TakeOver
    | ShelveAlarm
    | ConfirmAlarm
    | Recur
    | NoteRecurrence
    | DropRecurrence
    | Note
    | Attach
    | Tick
    | ImportCase
)

SystemAction = Tick | NoteRecurrence | DropRecurrence | NoteMerge | DropMerge | NoteUnmerge
"""What only the clock and the reactor ask for; nobody can send it through the API."""

CASE_ACTIONS: tuple[type[CaseAction], ...] = get_args(CaseAction)


class Attempt(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Who tried what on which case: the body of a record on `actions`.

    `digest` is the API's keyed digest over the plaintext (two bodies under one id are compared by it);
    `received_at_ms` is the API's clock, `occurred_at_ms` the client's; clocks run on neither.
    """

    id: str
    case: str
    actor: Actor
    action: CaseAction
    received_at_ms: int
    digest: str
    occurred_at_ms: int | None = None
    expected_version: int | None = None
