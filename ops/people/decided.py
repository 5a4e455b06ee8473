"""Lives as the log would hold them: every act decided at its instant, with the ticks of its clocks between them.

Pure and seeded like the lives themselves, so that a year's log can be made in minutes instead of a year. A decider's
own docket decides; the instants are the plan's instead of the broker's. Lives have no texts, nobody takes a partition
over, and nobody is refused.
"""

from __future__ import annotations

import heapq
import itertools
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from domain.adoption.actions import Adopt, AdoptionAttempt
from domain.adoption.state import InForce
from domain.adoption.values import KEY
from domain.case.actions import Attempt, CaseAction, Tick
from domain.case.frame import Rules
from domain.case.values import Actor, Role
from eventlog.numbering import Series
from eventlog.position import PARTITIONS, partition_of
from eventlog.record import AdoptionRecord, DecisionRecord, Origin, headers
from eventlog.verdict import Arrived
from ops.people.plan import Life
from streams.docket import Docket

SYSTEM = Actor("clock", Role.SYSTEM)
ACTIONS = "actions"


class Told(msgspec.Struct, frozen=True, gc=False):
    """One record for `events` as a decider sends it: the partition it belongs to, its case (empty: an adoption), its
    bytes and headers, and how many events they hold."""

    partition: int
    case: str
    value: bytes
    headers: list[tuple[str, bytes]]
    events: int

    @property
    def key(self) -> bytes:
        """The record's key in the topic."""
        return (self.case or KEY).encode()


class _Going(msgspec.Struct):
    """A life under way, and the next act's number; -1 before its report."""

    life: Life
    next: int = -1


class Decided:
    """The log of some lives under one version of the contents; `outcomes` counts what became of their acts."""

    def __init__(self, rules: Rules, actors: Sequence[Actor], zone: str, release: str, source: str) -> None:
        self.outcomes: Counter[str] = Counter()
        self._rules = {rules.book.version: rules}
        self._actors: Mapping[str, Actor] = {actor.person: actor for actor in actors}
        self._release = release
        self._source = source
        self._dockets = [Docket(p, -1, Series(), zone, InForce()) for p in range(PARTITIONS)]

    def records(self, lives: Iterable[Life]) -> Iterator[Told]:
        """One record an act and a tick, by their instants; `lives` come in the order of their reports. What goes on
        when the last of them is reported is lived to its end."""
        waiting = iter(lives)
        first = next(waiting, None)
        if first is None:
            return
        yield from self._adopted(first.opened_ms - 1)
        due: list[tuple[int, int, _Going]] = []
        numbers = itertools.count()
        upcoming: Life | None = first
        while upcoming is not None or due:
            while upcoming is not None and (not due or upcoming.opened_ms <= due[0][0]):
                heapq.heappush(due, (upcoming.opened_ms, next(numbers), _Going(upcoming)))
                upcoming = next(waiting, None)
            at_ms, _, going = heapq.heappop(due)
            yield self._step(going, at_ms)
            if (then := self._next_ms(going)) is not None:
                heapq.heappush(due, (max(then, at_ms), next(numbers), going))

    def _adopted(self, at_ms: int) -> Iterator[Told]:
        (version,) = self._rules
        setup = Actor("setup", Role.ADMIN)
        for docket in self._dockets:
            attempt = AdoptionAttempt(version, docket.partition, setup, Adopt(version), at_ms)
            yield self._decide(docket, "", attempt, at_ms)

    def _step(self, going: _Going, at_ms: int) -> Told:
        """The next thing that happens to the case: its report, a tick or an act."""
        life, docket = going.life, self._dockets[partition_of(going.life.case_id)]
        if going.next < 0:
            docket.shelf.put([life.case_id], {})
            going.next = 0
            return self._told(docket, life, str(life.action_id), life.reporter, life.report, at_ms)
        tick_ms = self._tick_ms(going)
        if tick_ms is not None and tick_ms <= at_ms:
            tick = Attempt(f"tick {life.key} {at_ms}", life.case_id, SYSTEM, Tick(), at_ms, "tick")
            return self._decide(docket, life.case_id, tick, at_ms)
        act = life.acts[going.next]
        going.next += 1
        who = act.account(life.level, life.report.place.grid)
        action_id = str(uuid.uuid5(life.action_id, str(going.next)))
        return self._told(docket, life, action_id, who, act.do, at_ms)

    def _next_ms(self, going: _Going) -> int | None:
        """When something happens next; None once the case has ended, and its file may go."""
        life = going.life
        docket = self._dockets[partition_of(life.case_id)]
        case = docket.shelf.files[life.case_id].case
        if case is not None and case.open:
            instants = [self._tick_ms(going), life.acts[going.next].at_ms if going.next < len(life.acts) else None]
            if known := [instant for instant in instants if instant is not None]:
                return min(known)
        docket.shelf.saved(docket.last_origin)
        docket.shelf.drop(life.case_id)
        return None

    def _tick_ms(self, going: _Going) -> int | None:
        case = self._dockets[partition_of(going.life.case_id)].shelf.files[going.life.case_id].case
        due_ms = case.next_due_ms if case is not None else None
        return None if due_ms is None else due_ms + 1

    def _told(self, docket: Docket, life: Life, action_id: str, who: str, do: CaseAction, at_ms: int) -> Told:
        attempt = Attempt(action_id, life.case_id, self._actors[who], do, at_ms, action_id)
        return self._decide(docket, life.case_id, attempt, at_ms)

    def _decide(self, docket: Docket, case_id: str, attempt: Attempt | AdoptionAttempt, at_ms: int) -> Told:
        arrived = Arrived(Origin(ACTIONS, docket.partition, docket.last_origin + 1), at_ms, case_id.encode(), b"")
        decision = docket.decide(arrived, attempt, self._rules, self._release)
        assert decision is not None, "each offset comes once"
        record, value = decision
        self.outcomes[str(record.outcome)] += 1
        assert isinstance(record, DecisionRecord | AdoptionRecord), "an attempt is decided"
        return Told(docket.partition, case_id, value, headers(record, self._source), len(record.events))
