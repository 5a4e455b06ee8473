"""State of a case: what a fold of its events knows. Values only; `evolve` makes them, `decide` reads them."""

from __future__ import annotations

import msgspec

from domain.case.values import (
    OPEN_STATUSES,
    Channel,
    ClockKind,
    ClockVerdict,
    CloseKind,
    Finding,
    PauseCause,
    Place,
    Source,
    Stage,
    Status,
    SupervisionKind,
)


class Clock(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One clock of a case: started once, running since `since_ms` (it may have stopped and gone on).

    `used_ms` is the counted time before `since_ms`, `extended_ms` what was granted on top of the limit; deadline and
    near are None without a limit. A clock that is `paused` does not run and may go on; `cause` says why it stands.
    """

    kind: ClockKind
    holder: str
    started_ms: int
    since_ms: int
    stopped_ms: int | None = None
    unit: str | None = None
    limit: str | None = None
    deadline_ms: int | None = None
    near_ms: int | None = None
    used_ms: int = 0
    extended_ms: int = 0
    running: bool = True
    paused: bool = False
    cause: PauseCause | None = None
    near: bool = False
    overdue: bool = False
    verdict: ClockVerdict | None = None


class Signature(msgspec.Struct, frozen=True, gc=False):
    """Who signed for a unit, and when (None: an imported step without a time)."""

    person: str
    at_ms: int | None


class Party(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A unit that works on the case, as lead or as co-handler."""

    unit: str
    signed: Signature | None = None
    stage: Stage | None = None
    done: bool = False


class ExtensionRequest(msgspec.Struct, frozen=True, gc=False):
    """An open request for more time: who asked, and for how much ("2WH")."""

    person: str
    amount: str


class SuspensionRequest(msgspec.Struct, frozen=True, gc=False):
    """An open request for a pause: who asked, and until when."""

    person: str
    until_ms: int


class Round(msgspec.Struct, frozen=True, gc=False):
    """An earlier round of a case: from its report or reopening to its end, ms (None: imported without a time)."""

    opened_ms: int
    ended_ms: int | None


class Rating(msgspec.Struct, frozen=True, gc=False):
    """How content the reporter is, 1 to 5, and who wrote it down."""

    person: str
    score: int


class Appeal(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A unit's appeal: who asked, who reviewed it and how, and (once decided) whether it was upheld."""

    unit: str
    person: str
    reviewer: str | None = None
    supported: bool | None = None
    upheld: bool | None = None


class Supervision(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A supervision order: who gave it, when a reply is due, and whether it came or is overdue. `lapsed`: it was open
    while the case had ended, and nobody owes the reply any more."""

    number: int
    person: str
    kind: SupervisionKind
    due_ms: int
    replied: bool = False
    overdue: bool = False
    lapsed: bool = False

    @property
    def owed(self) -> bool:
        """Whether the reply is owed and no event tells that it is overdue."""
        return not (self.replied or self.overdue or self.lapsed)


class Consultation(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A consultation: which units take part, and whether it is concluded."""

    number: int
    units: tuple[str, ...]
    concluded: bool = False


class Case(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A case after some number of events; `version` is that number. Absent cases are `None`, never a Case.

    `returned_from` is the unit that led a returned case, until it is dispatched again; `extensions` counts those
    granted, `extension_requests` all that were asked for, `suspensions` and `suspension_requests` likewise, `returns`
    how often a lead gave the case back; `suspended_until_ms` is when an approved pause ends by itself. `recurs` is the
    closed case that this one repeats, `recurred_by` the ones that repeat this one. `placed_ms` is when the place was
    written down (None: by the report); `proposed` is the lead that the routing proposed at filing, `unclear` that it
    could not (until it is dispatched). `handlers` and `units` are the persons who laid hands on it and the units that
    were ever a party: nobody of them checks it. `path` are the levels whose desks had it before, `taken` that the
    present one said it is its own; `verifier` is who was asked to verify it, `finding` what they found last;
    `co_returned` are the co-handlers that gave their part back since the parties were named last. `unhandled` is a case
    that a leader closed before its lead had handled it. `merged_into` is the case it goes on as part of, `merged_from`
    where it stood then, `merged` are the cases that go on as part of this one. `rounds` are the earlier rounds,
    `round_ms` is when the present one began (None: by the report); what belongs to a round begins anew with it.
    `self_handled` was done by grid staff, `drawn` for a check. `exempt`: an appeal was upheld, the breach counts in no
    statistics. `first_contact` has the first-contact duty since it was handed over (None: whoever reported it, or the
    desk), `offered_to` may take it.
    """

    status: Status
    version: int
    number: str
    level: int
    channel: Channel
    place: Place
    discoverer: str
    opened_ms: int
    path: tuple[int, ...] = ()
    taken: bool = False
    placed_ms: int | None = None
    place_incomplete: bool = False
    discoverer_unit: str | None = None
    case_class: str | None = None
    verifier: str | None = None
    finding: Finding | None = None
    verifications: int = 0
    condition: str | None = None
    limit: str | None = None
    urgent: bool = False
    rulebook: str | None = None
    proposed: str | None = None
    unclear: bool = False
    not_admitted: bool = False
    lead: Party | None = None
    co_handlers: tuple[Party, ...] = ()
    handlers: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    returned_from: str | None = None
    extension: ExtensionRequest | None = None
    extensions: int = 0
    extension_requests: int = 0
    suspension: SuspensionRequest | None = None
    suspensions: int = 0
    suspension_requests: int = 0
    suspended_until_ms: int | None = None
    returns: int = 0
    co_returned: tuple[str, ...] = ()
    collector: str | None = None
    rework: int = 0
    notes: int = 0
    recurs: str | None = None
    recurred_by: tuple[str, ...] = ()
    source: Source | None = None
    ended_ms: int | None = None
    kind: CloseKind | None = None
    merged_into: str | None = None
    merged_from: Status | None = None
    merged: tuple[str, ...] = ()
    rounds: tuple[Round, ...] = ()
    round_ms: int | None = None
    self_handled: bool = False
    drawn: bool = False
    rating: Rating | None = None
    appeal: Appeal | None = None
    exempt: bool = False
    supervisions: tuple[Supervision, ...] = ()
    consultations: tuple[Consultation, ...] = ()
    first_contact: str | None = None
    offered_to: str | None = None
    hand_overs: int = 0
    alarm_confirmed: bool = False
    shelved_until_ms: int | None = None
    shelvings: int = 0
    unhandled: bool = False
    clocks: tuple[Clock, ...] = ()

    @property
    def placed_since_ms(self) -> int:
        """When the present place was written down, ms."""
        return self.opened_ms if self.placed_ms is None else self.placed_ms

    @property
    def open(self) -> bool:
        """True until the case has ended, whichever way."""
        return self.status in OPEN_STATUSES

    def party(self, unit: str | None) -> Party | None:
        """The party of that unit, lead first, or None."""
        parties = (self.lead, *self.co_handlers) if self.lead else self.co_handlers
        return next((party for party in parties if party.unit == unit), None)

    def clock(self, kind: ClockKind, unit: str | None = None) -> Clock | None:
        """The latest clock of that kind (and unit), or None if it never ran."""
        return next((clock for clock in self.clocks if clock.kind is kind and clock.unit == unit), None)

    @property
    def alarm(self) -> bool:
        """True while a clock that runs is near its deadline or past it."""
        return any(clock.running and (clock.near or clock.overdue) for clock in self.clocks)

    @property
    def dispatched_before(self) -> bool:
        """True once it was dispatched in this round, also when it was given back since."""
        return any(clock.kind is ClockKind.HANDLE for clock in self.clocks)

    @property
    def handling_clock(self) -> Clock | None:
        """The lead's handling clock: the only one that makes a case 超时 (domain document §4).

        A returned case keeps the clock of the unit that gave it back: returning hides no breach.
        """
        unit = self.lead.unit if self.lead else self.returned_from
        return self.clock(ClockKind.HANDLE, unit) if unit else None

    @property
    def next_due_ms(self) -> int | None:
        """The earliest instant at which something falls due that no event has told of yet; None if nothing will."""
        due = [clock.near_ms for clock in self.clocks if clock.running and not clock.near]
        due += [self.suspended_until_ms] if self.status is Status.SUSPENDED else []
        due += [self.suspension.until_ms] if self.suspension else []
        due += [self.shelved_until_ms]
        due += [order.due_ms for order in self.supervisions if order.owed]
        due += [clock.deadline_ms for clock in self.clocks if clock.running and not clock.overdue]
        return min((instant for instant in due if instant is not None), default=None)
