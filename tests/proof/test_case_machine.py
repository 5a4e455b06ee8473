"""What holds in every history of a case, however its attempts follow each other: a state machine under hypothesis.

Each step is one attempt, drawn by what the walk saw let through and astray besides, some time later. After each step
the laws are held to everything that has happened to the case.
"""

from __future__ import annotations

import os
import random

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.case import events as e
from domain.case.actions import Attempt, FailCheck, PassCheck, Tick
from domain.case.decide import decide
from domain.case.decision import Accepted
from domain.case.evolve import evolve, fold
from domain.case.state import Case, Party
from domain.case.values import HANDLING_CLOCKS, OPEN_STATUSES, Actor, ClockKind, Role, Status
from ops.walk.city import BEGIN_MS, city
from ops.walk.courses import COURSES
from ops.walk.histories import WAITS_MS, drawn_attempt
from ops.walk.walk import course

EXAMPLES = {"mutants": 10, "long": 2_000}.get(os.environ.get("LIANDONG_PROOF", ""), 150)
STEPS = 30
RUNS: dict[Status, ClockKind | None] = {
    Status.REPORTED: ClockKind.ACCEPT,
    Status.VERIFYING: ClockKind.VERIFY,
    Status.ACCEPTED: ClockKind.FILE,
    Status.FILED: ClockKind.DISPATCH,
    Status.DISPATCHED: ClockKind.HANDLE,
    Status.HANDLING: ClockKind.HANDLE,
    Status.HANDLED: ClockKind.SEND_CHECK,
    Status.CHECKING: ClockKind.CHECK,
    Status.CHECKED: ClockKind.CLOSE,
    **dict.fromkeys((Status.SUSPENDED, Status.MERGED), None),
    **dict.fromkeys((Status.CLOSED, Status.DECLINED, Status.NOT_FILED, Status.VOID), None),
}
"""For each state the clock that says whose turn it is; None: no clock of the case runs."""
WORKED = (e.Acknowledged, e.Progressed, e.CoDone, e.Handled)
REQUESTS = (e.ExtensionDecided, e.SuspensionDecided)
seeds = st.integers(0, 2**32 - 1)
ticks = st.sampled_from([1, 60_000, 3_600_000, 40 * 86_400_000])


class CaseMachine(RuleBasedStateMachine):
    """One case from its report on; the laws are the invariants."""

    def __init__(self) -> None:
        super().__init__()
        self.case: Case | None = None
        self.events: list[e.CaseEvent] = []
        self.at_ms = BEGIN_MS
        self.checked_by: list[tuple[str, str | None]] = []
        self.handling: set[tuple[str, str]] = set()

    @initialize(name=st.sampled_from(sorted(COURSES)), length=st.integers(1, 14))
    def follows_a_course(self, name: str, length: int) -> None:
        for position in course(name)[:length]:
            assert position.attempt is not None
            self.at_ms = position.at_ms
            self._attempt(position.attempt)

    @rule(seed=seeds, wait=st.sampled_from(WAITS_MS))
    def somebody_asks(self, seed: int, wait: int) -> None:
        self.at_ms += wait
        self._attempt(drawn_attempt(random.Random(seed), self.case, self.at_ms))

    @rule(wait=ticks)
    def the_clock_looks(self, wait: int) -> None:
        self.at_ms += wait
        self._attempt(Attempt("tick", "case-1", Actor("clock", Role.SYSTEM), Tick(), self.at_ms, "d"))

    def _attempt(self, attempt: Attempt) -> None:
        answer = decide(self.case, attempt, self.at_ms, city(), "1")
        again = decide(self.case, attempt, self.at_ms, city(), "1")
        assert msgspec.json.encode(answer) == msgspec.json.encode(again), "the same question has the same answer"
        before = self.case
        events = answer.events if isinstance(answer, Accepted) else answer.due
        for event in events:
            self._require_no_grant_after_a_breach(event)
            self._require_clock_in_order(event)
            self.case = evolve(self.case, event)
        self.events += events
        if isinstance(answer, Accepted) and isinstance(attempt.action, PassCheck | FailCheck):
            self.checked_by.append((attempt.actor.person, attempt.actor.unit))
            assert before is not None
            assert attempt.actor.person not in before.handlers
            assert (attempt.actor.unit or "") not in {party.unit for party in _parties(before)}
        self.handling |= {(one.person, one.unit) for one in events if isinstance(one, WORKED)}

    def _require_no_grant_after_a_breach(self, event: e.CaseEvent) -> None:
        """However late the deadline is noticed: what is granted is granted at or before it."""
        clock = self.case.handling_clock if self.case is not None else None
        granted = isinstance(event, e.ClockExtended) or (isinstance(event, REQUESTS) and event.granted)
        if granted and clock is not None and clock.deadline_ms is not None:
            assert event.at_ms is not None
            assert event.at_ms <= clock.deadline_ms
            assert not clock.overdue

    def _require_clock_in_order(self, event: e.CaseEvent) -> None:
        """A clock that runs is not started or resumed once more; one that does not is neither paused nor extended."""
        kind = getattr(event, "clock", None)
        if self.case is None or kind is None:
            return
        clock = self.case.clock(kind, getattr(event, "unit", None))
        if isinstance(event, e.ClockStarted | e.ClockResumed):
            assert clock is None or not clock.running
            assert isinstance(event, e.ClockStarted) or clock is not None
        elif isinstance(event, e.ClockPaused | e.ClockExtended | e.ClockNear | e.ClockOverdue):
            assert clock is not None
            assert clock.running
        elif isinstance(event, e.ClockStopped):
            assert clock is not None
            assert clock.running or clock.paused

    @invariant()
    def folding_is_incremental(self) -> None:
        assert fold(None, self.events) == self.case
        half = len(self.events) // 2
        assert fold(fold(None, self.events[:half]), self.events[half:]) == self.case

    @invariant()
    def the_state_is_a_defined_one(self) -> None:
        if self.case is None:
            return
        turn = RUNS[self.case.status]
        if self.case.status is Status.HANDLED and self.case.self_handled and not self.case.drawn:
            turn = ClockKind.CLOSE  # grid staff's own work that is not drawn for a check
        running = {clock.kind for clock in self.case.clocks if clock.running}
        if turn is None:
            assert running == set()
        else:
            assert turn in running
        assert (self.case.ended_ms is None) == (self.case.status in OPEN_STATUSES)
        if self.case.status not in (Status.HANDLING, Status.SUSPENDED, Status.DISPATCHED):
            assert self.case.extension is None
            assert self.case.suspension is None
        if self.case.status in (Status.DISPATCHED, Status.HANDLING, Status.SUSPENDED):
            assert self.case.lead is not None

    @invariant()
    def no_clock_of_one_party_runs_twice(self) -> None:
        if self.case is None:
            return
        units = [clock.unit for clock in self.case.clocks if clock.running and clock.kind in HANDLING_CLOCKS]
        assert len(units) == len(set(units))
        assert sum(clock.running for clock in self.case.clocks if clock.kind is ClockKind.HANDLE) <= 1
        assert len({(clock.kind, clock.unit) for clock in self.case.clocks}) == len(self.case.clocks)
        assert not any(clock.running and clock.paused for clock in self.case.clocks)

    @invariant()
    def patrol_and_handling_are_kept_apart(self) -> None:
        """Nobody handles what they discovered, and nobody checks what they or their unit handled, ever in its life."""
        if self.case is None:
            return
        assert self.case.discoverer not in {person for person, _ in self.handling}
        hands, units = {person for person, _ in self.handling}, {unit for _, unit in self.handling}
        for person, unit in self.checked_by:
            assert person not in hands or self._only_later(person)
            assert unit is None or unit not in units or self._only_later(unit)

    def _only_later(self, who: str) -> bool:
        """Whether that person or unit took the case up only after its last check."""
        checks = [at for at, one in enumerate(self.events) if isinstance(one, e.CheckPassed | e.CheckFailed)]
        return not any(isinstance(one, WORKED) and who in (one.person, one.unit) for one in self.events[: checks[-1]])


def _parties(case: Case) -> tuple[Party, ...]:
    return (*((case.lead,) if case.lead else ()), *case.co_handlers)


TestCaseMachine = CaseMachine.TestCase
TestCaseMachine.settings = settings(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None)


def test_every_state_has_its_clock() -> None:
    assert set(RUNS) == set(Status), "say whose turn it is in the new state"
