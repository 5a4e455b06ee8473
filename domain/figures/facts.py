"""What the formulas know of one case: a few facts, folded from its events and from the state that they lead to.

Owns the reading of a case for the rates of the domain document §6: when it is due, whether the lead has handled it and
in time, which stage clocks were met. Facts never ask the time of day: late and on time come as events.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from domain.case.events import (
    Accepted,
    CaseEvent,
    CheckFailed,
    CheckPassed,
    ClockExtended,
    ClockNear,
    ClockOverdue,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    Dispatched,
    ExtensionDecided,
    Filed,
    Imported,
    Rated,
    Reassigned,
    Reopened,
    Reported,
    Returned,
    SelfHandled,
    SuspensionDecided,
)
from domain.case.evolve import fold
from domain.case.state import Case, Clock
from domain.case.values import HANDLED_STATUSES, HANDLING_CLOCKS, Channel, ClockKind, ClockVerdict, Status

_HANDLED = HANDLED_STATUSES | {Status.CLOSED}
ClockEvent = ClockStarted | ClockStopped | ClockPaused | ClockExtended | ClockResumed | ClockNear | ClockOverdue
CLOCK_EVENTS = (ClockStarted, ClockStopped, ClockPaused, ClockExtended, ClockResumed, ClockNear, ClockOverdue)


class Answer(StrEnum):
    """What became of a stage clock so far. `left_out`: paused, waived, or taken from its holder: it is owed no more."""

    RUNNING = "running"
    MET = "met"
    MISSED = "missed"
    LEFT_OUT = "left_out"


class StageClock(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One run of a stage clock; a case has several of a kind after a return or a failed check.

    `deadline_ms` is None where the standard sets no limit.
    """

    kind: ClockKind
    unit: str | None
    deadline_ms: int | None
    answer: Answer


class CaseFacts(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One case as the formulas see it; instants in ms.

    Of the round that the case is in; only the stage clocks and the first instants of report, acceptance, filing and
    dispatch are of all rounds. `deadline_ms` is the lead's handling deadline as moved by approval; `handled` that the
    lead's part is done (a case that a leader closed before is not), `late` that the deadline passed first, `exempt`
    that an appeal against this was upheld. `lead` is the unit that led last, `resent` that another one led before.
    `paused`: in an approved pause, or ended in one. `extensions` and `suspensions` are those granted, `checks` those
    answered, `rework` those that failed. `reporter` is the collector who reported it on patrol; `rating` is 1-5.
    """

    case_id: str
    number: str
    grid: str
    status: Status
    opened_ms: int
    reporter: str | None = None
    accepted_ms: int | None = None
    filed_ms: int | None = None
    dispatched_ms: int | None = None
    closed_ms: int | None = None
    lead: str | None = None
    resent: bool = False
    deadline_ms: int | None = None
    handled: bool = False
    handled_ms: int | None = None
    late: bool = False
    exempt: bool = False
    paused: bool = False
    unhandled: bool = False
    extensions: int = 0
    suspensions: int = 0
    returns: int = 0
    checks: int = 0
    rework: int = 0
    rating: int | None = None
    rated_ms: int | None = None
    stages: tuple[StageClock, ...] = ()

    @property
    def on_time(self) -> bool:
        """按期: the lead handled it at or before its deadline, or an upheld appeal exempts it (domain §3)."""
        return self.handled and (self.exempt or not self.late)

    @property
    def last_ms(self) -> int:
        """The latest instant by which any formula asks for the case, ms."""
        others = (self.accepted_ms, self.filed_ms, self.dispatched_ms, self.closed_ms, self.deadline_ms, self.rated_ms)
        instants = (*others, *(stage.deadline_ms for stage in self.stages))
        return max([self.opened_ms, *(instant for instant in instants if instant is not None)])


class Fold(msgspec.Struct, frozen=True, gc=False):
    """A case and its facts after the same events; both None before the first one."""

    case: Case | None = None
    facts: CaseFacts | None = None


def fold_facts(before: Fold, case_id: str, events: Sequence[CaseEvent], after: Case | None = None) -> Fold:
    """The case and its facts after these events more, in order: in however many pieces they come, the same.

    `after` is the case after them, for who knows it already.
    """
    if after is None:
        after = fold(before.case, events)
    facts, stages = before.facts, before.facts.stages if before.facts else ()
    for event in events:
        if not isinstance(event, CLOCK_EVENTS):
            facts = _noted(facts, case_id, event)
        elif event.clock not in HANDLING_CLOCKS:
            stages = _stages(stages, event)
    if after is None or facts is None:
        return before
    return Fold(after, _as_it_stands(facts, after, stages))


def run_after(stage: StageClock, event: ClockEvent) -> StageClock:
    """The run after one more event of it: one that was missed stays so, one that is owed no more counts in no rate."""
    match event:
        case ClockResumed() | ClockExtended():
            moved = replace(stage, deadline_ms=event.deadline_ms)
            return moved if stage.answer is Answer.MISSED else replace(moved, answer=Answer.RUNNING)
        case ClockOverdue():
            return replace(stage, answer=Answer.MISSED)
        case ClockStopped(verdict=ClockVerdict.MISSED):
            return replace(stage, answer=Answer.MISSED)
        case ClockStopped(verdict=verdict) if stage.answer is not Answer.MISSED:
            return replace(stage, answer=Answer.MET if verdict is ClockVerdict.MET else Answer.LEFT_OUT)
        case ClockPaused() if stage.answer is not Answer.MISSED:
            return replace(stage, answer=Answer.LEFT_OUT)
        case _:
            return stage


def _noted(facts: CaseFacts | None, case_id: str, event: CaseEvent) -> CaseFacts:
    """What is known from the event itself and from no later state."""
    if isinstance(event, Reported):
        assert event.at_ms is not None, "a report always states its time"
        return CaseFacts(
            case_id=case_id,
            number=event.number,
            grid=event.place.grid,
            status=Status.REPORTED,
            opened_ms=event.at_ms,
            reporter=event.discoverer if event.channel is Channel.PATROL else None,
        )
    assert facts is not None, "a case begins with its report"
    match event:
        case Accepted():
            return replace(facts, accepted_ms=facts.accepted_ms or event.at_ms)
        case Filed() | SelfHandled():
            return replace(facts, filed_ms=facts.filed_ms or event.at_ms)
        case Dispatched():
            return replace(_led_by(facts, event.lead), dispatched_ms=facts.dispatched_ms or event.at_ms)
        case Reassigned():
            return _led_by(facts, event.lead)
        case CheckPassed():
            return replace(facts, checks=facts.checks + 1)
        case CheckFailed():
            return replace(facts, checks=facts.checks + 1, rework=facts.rework + 1)
        case Returned():
            return replace(facts, returns=facts.returns + 1)
        case ExtensionDecided(granted=True):
            return replace(facts, extensions=facts.extensions + 1)
        case SuspensionDecided(granted=True):
            return replace(facts, suspensions=facts.suspensions + 1)
        case Reopened():
            anew = replace(facts, lead=None, resent=False, returns=0, extensions=0, suspensions=0)
            return replace(anew, checks=0, rework=0)
        case Rated():
            return replace(facts, rated_ms=event.at_ms)
        case Imported():  # the source names no person
            return replace(facts, reporter=None)
        case _:
            return facts


def _led_by(facts: CaseFacts, unit: str) -> CaseFacts:
    return replace(facts, lead=unit, resent=facts.resent or facts.lead not in {None, unit})


def _as_it_stands(facts: CaseFacts, case: Case, stages: tuple[StageClock, ...]) -> CaseFacts:
    """What the state says, whatever led to it."""
    clock = case.handling_clock
    handled = clock is not None and not clock.running and case.status in _HANDLED and not case.unhandled
    return replace(
        facts,
        grid=case.place.grid,
        status=case.status,
        closed_ms=case.ended_ms if case.status is Status.CLOSED else None,
        deadline_ms=None if clock is None else clock.deadline_ms,
        handled=handled,
        handled_ms=clock.stopped_ms if handled and clock is not None else None,
        late=clock is not None and _breached(clock),
        paused=case.suspended_until_ms is not None,
        unhandled=case.unhandled,
        exempt=case.exempt,
        rating=None if case.rating is None else case.rating.score,
        stages=stages,
    )


def _stages(stages: tuple[StageClock, ...], event: ClockEvent) -> tuple[StageClock, ...]:
    """The runs after one more event of one of them: the last of its kind and unit."""
    if isinstance(event, ClockStarted):
        return (*stages, StageClock(event.clock, event.unit, event.deadline_ms, Answer.RUNNING))
    for at in range(len(stages) - 1, -1, -1):
        if (stages[at].kind, stages[at].unit) == (event.clock, event.unit):
            return (*stages[:at], run_after(stages[at], event), *stages[at + 1 :])
    return stages


def _breached(clock: Clock) -> bool:
    return clock.overdue or clock.verdict is ClockVerdict.MISSED
