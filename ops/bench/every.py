"""`liandong bench all`: the figures that have a goal, with their floors and peers, some rounds of each, in one table.

Not among them: whether anything was lost in a crash (`make torture`).

Each bench runs as a process of its own, one after the other, round after round, so that a noisy minute of the machine
hits one round of each and not all rounds of one. What is told is the median and the least and the most.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from ops.bars import bars
from ops.bench import clock, crash, screens, wall, year
from ops.bench.append import Summary
from ops.bench.domain import YEAR_EVENTS
from runtime.faults import Fault

RUN_S_MAX = 3_600
EVENTS = YEAR_EVENTS // 10
HEAD = ("", "unit", "median", "least … most", "goal")


class Figure(msgspec.Struct, frozen=True):
    """One number of one round."""

    name: str
    unit: str
    value: float


class Bench(msgspec.Struct, frozen=True):
    """A command, how it is asked, and the type of what it answers."""

    command: str
    arguments: tuple[str, ...]
    answer: Any


GOALS = {
    ("action → wall, p99", "ms"): "≤ 50",
    ("report → 5,000 screens, p99", "ms"): "≤ 150",
    ("cases that a screen never held, all cut off at once", "cases"): "0",
    ("request → outcome, 200/s, p99", "ms"): "≤ 20",
    ("request → outcome, 64 at once", "/s"): "≥ 2,000",
    ("request → outcome, 64 at once, p99", "ms"): "≤ 50",
    ("Kafka → Faust → PostgreSQL", "events/s"): "≥ 50,000",
    ("read, decode and fold in memory", "events/s"): "≥ 240,000",
    ("rebuild every projection, compare, swap", "events/s"): "≥ 48,000",
    ("read and verify every chain", "events/s"): "≥ 480,000",
    ("a deadline noticed, 1,000,000 open cases, p99", "ms"): "≤ 50",
    ("memory of an open case in the clock", "bytes"): "≤ 350",
    **{
        (f"{killed} killed → as before", "s"): f"≤ {crash.GOALS_S.get(killed, crash.PROCESSOR_GOAL_S)}"
        for killed in (*crash.PARTS, *crash.NODES)
    },
}
"""What design document §8 asks for; a year of 1.44 million events in so many seconds is so many events a second."""


def every(
    rounds: Annotated[int, typer.Option(help="How often each is measured.")] = 3,
    events: Annotated[int, typer.Option(help="Events of the year's log; its figures are told a second.")] = EVENTS,
    peers: Annotated[Path | None, typer.Option(help="An environment made by `make peers`: measure them, too.")] = None,
    markdown: Annotated[bool, typer.Option(help="Print the table as Markdown.")] = False,
) -> None:
    """Measure everything that has a goal, with floors and peers; takes some nine minutes a round."""
    asked = benches(events, peers)
    found: list[Figure] = []
    with bars() as progress:
        task = progress.add_task("", total=rounds * len(asked))
        try:
            for bench in asked * rounds:
                progress.update(task, description=bench.command)
                found += figures_of(bench.command, _run(bench))
                progress.advance(task)
        finally:  # one that fails late must not cost what was measured before
            _print(list(lines_of(found)), markdown)
    if missing := sorted(GOALS.keys() - {(one.name, one.unit) for one in found}):
        raise Fault("bench.no_figure", f"没有测得:{missing}。", f"There is no figure of: {missing}.")


def benches(events: int, peers: Path | None) -> list[Bench]:
    """What is asked in each round."""
    beside = ("--peers", str(peers)) if peers is not None else ()
    return [
        Bench("wall", ("--seconds", "20"), wall.Shown),
        Bench("screens", ("--seconds", "10"), screens.Looked),
        Bench("append", ("--seconds", "10"), list[Summary]),
        Bench("clock", ("--seconds", "15"), clock.Late),
        Bench("crash", ("--rounds", "1"), list[crash.Back]),
        Bench("year", ("--events", str(events), *beside), year.YearFound),
    ]


def _run(bench: Bench) -> Any:
    """What the command says. Raises Fault `bench.failed`."""
    command = [sys.executable, "-m", "ops.cli", "bench", bench.command, *bench.arguments, "--json"]
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=RUN_S_MAX)
    except subprocess.TimeoutExpired as late:
        raise Fault("bench.failed", f"{bench.command}:{late}", f"{bench.command}: {late}") from late
    if done.returncode:
        said = done.stderr.decode(errors="replace")
        raise Fault("bench.failed", f"{bench.command} 测量失败:{said}", f"Measuring {bench.command} failed: {said}")
    return msgspec.json.decode(done.stdout, type=bench.answer)


def _print(lines: Sequence[tuple[str, ...]], markdown: bool) -> None:
    if markdown:
        typer.echo("\n".join(f"| {' | '.join(line)} |" for line in (HEAD, ("---",) * len(HEAD), *lines)))
        return
    table = Table(*HEAD)
    for line in lines:
        table.add_row(*line)
    Console(width=140).print(table)


def lines_of(found: Sequence[Figure]) -> Iterator[tuple[str, ...]]:
    """A line a figure: name, unit, median, least … most, goal; `found` has it once a round."""
    rounds: dict[tuple[str, str], list[float]] = {}
    for one in found:
        rounds.setdefault((one.name, one.unit), []).append(one.value)
    for (name, unit), values in rounds.items():
        least, most = _written(min(values)), _written(max(values))
        yield name, unit, _written(statistics.median(values)), f"{least} … {most}", GOALS.get((name, unit), "")


def _written(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.3f}"


def _of_wall(found: wall.Shown) -> Iterator[Figure]:
    for name, times in (("produce → consume (floor)", found.floor), ("action → wall", found.shown)):
        yield Figure(f"{name}, p50", "ms", times.p50)
        yield Figure(f"{name}, p99", "ms", times.p99)


def _of_screens(found: screens.Looked) -> Iterator[Figure]:
    looking = f"{found.screens:,} screens"
    for name, one in ((f"a frame → {looking} (floor)", found.floor), (f"report → {looking}", found.shown)):
        yield Figure(f"{name}, p50", "ms", one.p50)
        yield Figure(f"{name}, p99", "ms", one.p99)
    yield Figure(f"all {looking} cut off → all back", "s", found.back_s)
    yield Figure("cases that a screen never held, all cut off at once", "cases", found.lost)


def _of_append(found: list[Summary]) -> Iterator[Figure]:
    for one in found:
        if "at once" in one.name:
            yield Figure(one.name, "/s", one.rate)
        else:
            yield Figure(f"{one.name}, p50", "ms", one.p50)
        yield Figure(f"{one.name}, p99", "ms", one.p99)
    yield Figure("requests not answered", "of all", sum(one.refused for one in found))


def _of_clock(found: clock.Late) -> Iterator[Figure]:
    of = f"{found.cases:,} open cases"
    for name, took in (("tick in the log", found.ticks), ("noticed", found.decisions)):
        percentiles = statistics.quantiles(took, n=100)
        yield Figure(f"a deadline {name}, {of}, p50", "ms", percentiles[49])
        yield Figure(f"a deadline {name}, {of}, p99", "ms", percentiles[98])
    yield Figure("memory of an open case in the clock", "bytes", found.bytes_a_case)
    yield Figure("a deadline moved", "µs", found.moved_us)
    yield Figure(f"the clock idle, {of}", "cores", found.idle_cores)


def _of_crash(found: list[crash.Back]) -> Iterator[Figure]:
    for one in found:
        yield Figure(f"{one.killed} killed → somebody answered", "s", one.answered)
        yield Figure(f"{one.killed} killed → as before", "s", one.live)


def _of_year(found: year.YearFound) -> Iterator[Figure]:
    yield Figure("the log of the lines below", "events", found.events)
    for one in found.took:
        yield Figure(one.name, "events/s", (one.events or found.events) / one.seconds)


FIGURES: dict[str, Callable[[Any], Iterator[Figure]]] = {
    "wall": _of_wall,
    "screens": _of_screens,
    "append": _of_append,
    "clock": _of_clock,
    "crash": _of_crash,
    "year": _of_year,
}


def figures_of(bench: str, answer: Any) -> list[Figure]:
    """What of a bench's answer are figures."""
    return list(FIGURES[bench](answer))
