"""What every rule is given, and the guards that several rules share: state, desk, party, scope (domain §2-§3)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from domain.case import clocks
from domain.case.actions import Attempt
from domain.case.decision import ReasonCode, Refused
from domain.case.events import CaseEvent, ClockStarted, ClockStopped
from domain.case.state import Case, Party
from domain.case.values import Actor, ClockKind, ClockVerdict, Role, Status
from domain.rulebook import Rulebook
from domain.standard.values import DEFAULT_STAGE_LIMITS, Standard
from domain.worktime import Calendar

GRID_STAFF: frozenset[Role] = frozenset({Role.COLLECTOR, Role.GRID_HEAD})


class Rules(msgspec.Struct, frozen=True, gc=False):
    """The rulebook in force with its calendar compiled, since when (ms), and by version those that cases have pinned.

    Whoever decides has every pinned version at hand before it begins (`pinned_by`); a decision never waits.
    """

    book: Rulebook
    calendar: Calendar
    since_ms: int = 0
    pinned: Mapping[str, Rules] = {}

    def of(self, case: Case) -> Rules:
        """The rules whose standard and calendar the case is decided by: from filing on those it has pinned."""
        if case.rulebook is None or case.rulebook == self.book.version:
            return self
        return self.pinned[case.rulebook]


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One attempt being decided: the case as folded with all that fell due, the attempt, its instant, the rules."""

    case: Case
    attempt: Attempt
    at_ms: int
    rules: Rules

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.attempt.actor

    @property
    def standard(self) -> Standard:
        """The standard that the case is decided by: the pinned one from filing on (domain document §3, `file`)."""
        return self.rules.of(self.case).book.standard

    @property
    def calendar(self) -> Calendar:
        """The calendar that the case's clocks count by: the pinned one from filing on."""
        return self.rules.of(self.case).calendar

    def require(self, *statuses: Status) -> None:
        """Refuse unless the case stands in one of these states."""
        if self.case.status not in statuses:
            raise Refused(ReasonCode.WRONG_STATE, allowed=[str(status) for status in statuses])

    def require_scope(self) -> None:
        """Refuse an actor whose scope, a code prefix, does not cover the case's place."""
        require_scope(self.actor, self.case.place.grid)

    def require_desk(self, *roles: Role) -> None:
        """Refuse unless the actor sits at the case's desk: one of those roles at the case's level and scope.

        At level 2 the grid head is acceptor, shift head and dispatcher in one (domain document §3, "Whose desk").
        """
        wanted = (Role.GRID_HEAD,) if self.case.level >= 2 else roles
        if self.actor.role not in wanted:
            allowed = [str(role) for role in wanted]
            raise Refused(ReasonCode.WRONG_ROLE, found=self.actor.role, allowed=allowed, level=self.case.level)
        if self.actor.level != self.case.level:
            raise Refused(ReasonCode.WRONG_LEVEL, found=self.actor.level, level=self.case.level)
        self.require_scope()

    def require_party(self) -> Party:
        """The party that the actor works for; refuses a stranger and the discoverer (巡办分离)."""
        if self.actor.role is not Role.HANDLER:
            raise Refused(ReasonCode.WRONG_ROLE, found=self.actor.role, allowed=[str(Role.HANDLER)])
        party = self.case.party(self.actor.unit)
        if party is None:
            raise Refused(ReasonCode.NOT_A_PARTY, found=self.actor.unit, allowed=list(party_units(self.case)))
        if self.actor.person == self.case.discoverer:
            raise Refused(ReasonCode.DISCOVERER_MAY_NOT_HANDLE, found=self.actor.person)
        return party

    def require_lead(self) -> Party:
        """The lead's party, if the actor works for it."""
        party = self.require_party()
        if party is not self.case.lead:
            raise Refused(ReasonCode.NOT_A_PARTY, found=party.unit, allowed=list(party_units(self.case)[:1]))
        return party

    def require_role(self, *roles: Role) -> None:
        """Refuse unless the actor's post has one of these roles and its scope covers the case's place."""
        if self.actor.role not in roles:
            raise Refused(ReasonCode.WRONG_ROLE, found=self.actor.role, allowed=[str(role) for role in roles])
        self.require_scope()

    def require_desk_or_leader(self, *roles: Role) -> None:
        """Refuse unless the actor is a leader over the place, or sits at the case's desk in one of these roles."""
        if self.actor.role is Role.LEADER:
            self.require_scope()
        else:
            self.require_desk(*roles)

    def require_somebody_else(self, person: str) -> None:
        """Refuse whoever would decide what they asked for themselves."""
        if self.actor.person == person:
            raise Refused(ReasonCode.DECIDES_OWN_REQUEST, found=person)

    def require_system(self) -> None:
        """Refuse anybody but the clock and the reactor."""
        if self.actor.role is not Role.SYSTEM:
            raise Refused(ReasonCode.WRONG_ROLE, found=self.actor.role, allowed=[str(Role.SYSTEM)])

    def stop(self, kind: ClockKind, unit: str | None = None, waived: bool = False) -> list[CaseEvent]:
        """Stop that clock if it runs."""
        clock = self.case.clock(kind, unit)
        if clock is None or not clock.running:
            return []
        otherwise = ClockVerdict.WAIVED if waived else ClockVerdict.MET
        stopped: ClockStopped = clocks.stopped(clock, self.at_ms, self.calendar, otherwise)
        return [stopped]

    def start(self, kind: ClockKind, holder: str, limit: str | None, unit: str | None = None) -> ClockStarted:
        """Start a clock now."""
        wd_rule = self.standard.wd_rule
        return clocks.started(kind, self.at_ms, holder, limit, self.calendar, wd_rule, unit)

    def start_stage(self, kind: ClockKind, holder: str, unit: str | None = None) -> ClockStarted:
        """Start a stage clock with the standard's limit for it; urgent classes sign sooner."""
        limits = self.standard.stage_limits
        name = "acknowledge_urgent" if kind is ClockKind.ACKNOWLEDGE and self.case.urgent else str(kind)
        return self.start(kind, holder, limits.get(name, DEFAULT_STAGE_LIMITS[name]), unit)


def require_scope(actor: Actor, grid: str) -> None:
    """Refuse an actor whose scope does not cover that grid code."""
    if not grid.startswith(actor.scope):
        raise Refused(ReasonCode.OUT_OF_SCOPE, found=grid, allowed=[actor.scope])


def desk(level: int) -> str:
    """The holder's name of the desk at a level: the post there owes the act."""
    return f"desk:{level}"


def person_holder(person: str) -> str:
    """The holder's name of somebody who was asked by name."""
    return f"person:{person}"


def unit_holder(unit: str) -> str:
    """The holder's name of a unit."""
    return f"unit:{unit}"


def party_units(case: Case) -> tuple[str, ...]:
    """The units that work on the case, lead first."""
    lead = (case.lead.unit,) if case.lead else ()
    return lead + tuple(party.unit for party in case.co_handlers)
