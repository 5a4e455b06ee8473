"""`liandong bench domain`: deciding and folding on one core, beside the floor of reading the same records only.

Measures processor time: nothing here waits, so what neighbours take of the machine does not count.
"""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
import typer

from domain.case.decide import decide
from domain.case.decision import Accepted
from domain.case.events import CaseEvent
from domain.case.evolve import fold
from domain.case.state import Case
from eventlog.casefile import CaseFile, absorb
from eventlog.record import DecisionRecord, Origin, decode, encode
from eventlog.verdict import Arrived, Office, judge
from ops.walk.city import city
from ops.walk.courses import COURSES
from ops.walk.histories import Taken, drawn
from ops.walk.walk import course

YEAR_EVENTS = 1_440_000
"""A busy county-level city: 120,000 cases × 12 events (domain document §9)."""
YEAR_CASES = 120_000
ROUNDS = 5
HISTORIES, ATTEMPTS = 300, 22
OPEN_CASES = 20_000
SEED = 6


class Story(msgspec.Struct, frozen=True):
    """One course as it stands in the log: its records' bytes, and how many events they hold."""

    name: str
    values: tuple[bytes, ...]
    events: int


class FoldSpeed(msgspec.Struct, frozen=True):
    """Seconds of processor time for so many events in so many records of so many cases, the best of some rounds."""

    events: int
    records: int
    cases: int
    floor_s: float
    fold_s: float
    evolve_s: float


def domain(
    events: Annotated[int, typer.Option(help="Events to fold, as a year has them.")] = YEAR_EVENTS,
    rounds: Annotated[int, typer.Option(help="How often each is measured; the best round counts.")] = ROUNDS,
) -> None:
    """Measure decode + evolve beside decoding only, decide over mixed actions, and the memory of an open case."""
    speed = measure_fold(events, rounds)
    per_case = speed.events / speed.cases
    typer.echo(
        f"{speed.events:,} events in {speed.records:,} records of {speed.cases:,} cases "
        f"({per_case:.1f} events a case); one core, processor time, best of {rounds}"
    )
    for name, took in (
        ("decode only (floor)", speed.floor_s),
        ("decode + evolve", speed.fold_s),
        ("evolve only", speed.evolve_s),
    ):
        typer.echo(f"{name:24} {took:7.2f} s  {speed.events / took:12,.0f} events/s  ratio {took / speed.floor_s:5.2f}")
    typer.echo(
        f"{f'{YEAR_CASES:,} cases in full':24} {speed.fold_s * YEAR_CASES / speed.cases:7.2f} s  by the same rate"
    )
    taken = mixed(HISTORIES, ATTEMPTS)
    accepted = [one for one in taken if isinstance(one.answer, Accepted)]
    for name, asked in (("decide, all", taken), ("decide, accepted", accepted)):
        typer.echo(f"{name:24} {_decide_us(asked, rounds):7.2f} µs  n {len(asked):,}")
    typer.echo(f"{'an open case':24} {bytes_per_open_case():7,.0f} bytes")


def stories() -> list[Story]:
    """Every course of the walk, decided and recorded as a decider does."""
    return [_story(name) for name in COURSES]


def measure_fold(events: int, rounds: int) -> FoldSpeed:
    """Fold so many events, read from the records' bytes; all cases stay in memory."""
    told = stories()
    times = -(-events // sum(story.events for story in told))

    def read() -> None:
        for _ in range(times):
            for story in told:
                for value in story.values:
                    decode(value)

    def read_and_fold() -> None:
        kept: list[Case | None] = []
        for _ in range(times):
            for story in told:
                case = None
                for value in story.values:
                    record = decode(value)
                    assert isinstance(record, DecisionRecord), "a story is made of decisions"
                    case = fold(case, record.events)
                kept.append(case)

    lists = [[event for value in story.values for event in _events(value)] for story in told]

    def only_fold() -> None:
        for _ in range(times):
            for one in lists:
                fold(None, one)

    return FoldSpeed(
        events=times * sum(story.events for story in told),
        records=times * sum(len(story.values) for story in told),
        cases=times * len(told),
        floor_s=_best_s(read, rounds),
        fold_s=_best_s(read_and_fold, rounds),
        evolve_s=_best_s(only_fold, rounds),
    )


def mixed(histories: int, attempts: int) -> list[Taken]:
    """Attempts of all kinds on cases in all states, refused ones among them."""
    chosen = random.Random(SEED)
    return [one for _ in range(histories) for one in drawn(chosen, attempts)]


def bytes_per_open_case(cases: int = OPEN_CASES) -> float:
    """What an open case takes in memory, read from the log: the mean over the positions of all courses."""
    begun = [story.values[:length] for story in stories() for length in range(1, len(story.values))]
    tracemalloc.start()
    kept = [_folded(values) for _ in range(-(-cases // len(begun))) for values in begun]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / len(kept)


def _folded(values: Sequence[bytes]) -> Case | None:
    case = None
    for value in values:
        case = fold(case, _events(value))
    return case


def _events(value: bytes) -> tuple[CaseEvent, ...]:
    record = decode(value)
    assert isinstance(record, DecisionRecord), "a story is made of decisions"
    return record.events


def _story(name: str) -> Story:
    file, values, events = CaseFile("case-1"), [], 0
    for number, position in enumerate(course(name)):
        assert position.attempt is not None, "a course is made of attempts"
        attempt = msgspec.structs.replace(position.attempt, id=f"{name} {number}")
        arrived = Arrived(Origin("actions", 0, number), position.at_ms, b"case-1", b"")
        record = judge(file, attempt, arrived, Office(city(), "bench", "20181008-00-0001"))
        value = encode(record)
        file = absorb(file, record, value)
        values.append(value)
        events += len(record.events)
    return Story(name, tuple(values), events)


def _decide_us(taken: Sequence[Taken], rounds: int) -> float:
    rules = city()

    def ask() -> None:
        for one in taken:
            decide(one.case, one.attempt, one.at_ms, rules, "1")

    return _best_s(ask, rounds) / len(taken) * 1e6


def _best_s(run: Callable[[], None], rounds: int) -> float:
    spent: list[float] = []
    for _ in range(rounds):
        began = time.process_time()
        run()
        spent.append(time.process_time() - began)
    return min(spent)
