"""`liandong bench worktime`: the questions of working time, beside the floor of a bare bisection in the same run."""

from __future__ import annotations

import random
import statistics
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from io import BytesIO
from typing import Annotated, Any

import msgspec
import typer

from domain.worktime import Limit, WdRule, compile_calendar, deadline_ms, elapsed_ms, near_ms
from ops.worktime.batch import answer_lines
from ops.worktime.tables import Tables
from reference.calendars import DEFAULT, load_calendar

QUESTIONS = 500
SEED = 5
YEAR_MS = 365 * 24 * 3_600_000
FIRST_MS = int(datetime(2018, 1, 1, tzinfo=UTC).timestamp() * 1000)
LIMITS = ("30WM", "4WH", "7WD", "15WD", "200WD", "2UH", "90CD")
UTC_8 = timezone(timedelta(hours=8))


def worktime(
    rounds: Annotated[int, typer.Option(help="How often each question is asked; the median round counts.")] = 200,
    lines: Annotated[int, typer.Option(help="Lines of the batch.")] = 100_000,
) -> None:
    """Measure deadline, elapsed and near over spans of up to a year, compiling a calendar, and a batch."""
    file = load_calendar(DEFAULT)
    calendar = compile_calendar(file)
    drawn = random.Random(SEED)
    starts = [FIRST_MS + drawn.randrange(YEAR_MS) for _ in range(QUESTIONS)]
    spans = [(at, at + drawn.randrange(YEAR_MS)) for at in starts]
    limits = [(at, Limit.parse(drawn.choice(LIMITS))) for at in starts]
    days = [(at, Limit.parse(f"{drawn.randint(1, 200)}WD")) for at in starts]
    table = calendar.starts
    floor = _median_us(rounds, spans, lambda at, _: bisect_right(table, at))
    typer.echo(f"{QUESTIONS} questions, {rounds} rounds, median round; one core")
    for name, found in (
        ("call of nothing", _median_us(rounds, spans, lambda at, _: at)),
        ("one bisection of the table (floor)", floor),
        ("elapsed", _median_us(rounds, spans, partial(elapsed_ms, calendar))),
        ("deadline", _median_us(rounds, limits, partial(deadline_ms, calendar))),
        ("deadline, end_of_day", _median_us(rounds, days, lambda a, b: deadline_ms(calendar, a, b, WdRule.END_OF_DAY))),
        ("near", _median_us(rounds, limits, partial(near_ms, calendar))),
    ):
        typer.echo(f"{name:36} {found:8.2f} µs  ratio {found / floor:5.1f}")
    typer.echo(f"{'compile 90 years':36} {_seconds(lambda: compile_calendar(file)) * 1000:8.1f} ms")
    typer.echo(f"{'compile 1 year':36} {_seconds(lambda: compile_calendar(file, 2018, 2018)) * 1000:8.1f} ms")
    _batch(drawn, lines)


def _median_us(rounds: int, questions: Sequence[Any], ask: Callable[[int, Any], int]) -> float:
    took: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter_ns()
        for start_ms, other in questions:
            ask(start_ms, other)
        took.append((time.perf_counter_ns() - began) / 1000 / len(questions))
    return statistics.median(took)


def _batch(drawn: random.Random, count: int) -> None:
    written = b"".join(_line(drawn, number) for number in range(count))
    read = _seconds(lambda: [msgspec.json.decode(line) for line in BytesIO(written)])
    tables = Tables(DEFAULT)
    sink = BytesIO()
    took = _seconds(lambda: answer_lines(BytesIO(written), sink, tables))
    typer.echo(f"{f'batch, {count:,} lines':36} {took:8.2f} s   ratio {took / read:5.1f} (floor: decoding only)")


def _line(drawn: random.Random, number: int) -> bytes:
    start_ms = FIRST_MS + drawn.randrange(YEAR_MS)
    if number % 2:
        asked = {"op": "deadline", "start": _written(start_ms), "limit": drawn.choice(LIMITS)}
    else:
        end_ms = start_ms + drawn.randrange(YEAR_MS)
        asked = {"op": "elapsed", "start": _written(start_ms), "end": _written(end_ms)}
    return msgspec.json.encode(asked) + b"\n"


def _written(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC_8).isoformat()


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
