"""What `liandong bench memory` found: looks at every process, what an open case costs, and the tables that tell it.

Pure: it asks nobody. Bytes everywhere but in what people read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
import typer
from rich.table import Table

MB = 1_000_000


class Measured(msgspec.Struct, frozen=True):
    """One look. Bytes by process; `ready_s` is the time from a process's end to its successor being ready, and
    `peak` the most that the process ever took: both only of those `started` anew for this look."""

    cases: int
    started: bool
    memory: dict[str, int]
    peak: dict[str, int] = {}
    ready_s: dict[str, float] = {}


class Held(msgspec.Struct, frozen=True):
    """Bytes of a case in Python's memory: its row of the board, and its file."""

    board_row: float
    case_file: float


class Found(msgspec.Struct, frozen=True):
    """Everything measured. `mix`: the last step taken → share of cases; `rate` is cases a second, into the rows."""

    looks: list[Measured]
    mix: dict[str, float]
    rate: float
    refused: int
    held: Held


def read_sizes(text: str) -> list[int]:
    """Numbers of cases, rising. Raises typer.BadParameter."""
    try:
        sizes = [int(one) for one in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no list of numbers") from error
    if sizes[0] < 0 or sizes != sorted(set(sizes)):
        raise typer.BadParameter(f"{text}: the numbers must rise, from 0 on")
    return sizes


def slope(looks: Sequence[Measured], part: str) -> float | None:
    """Bytes an open case: from the smallest number to the largest; None where there is only one."""
    first, last = looks[0], looks[-1]
    if first.cases == last.cases or part not in first.memory or part not in last.memory:
        return None
    return (last.memory[part] - first.memory[part]) / (last.cases - first.cases)


def tables(found: Found) -> Iterator[Table | str]:
    """What was found, for people: a table after the run, one after the start, and what else there is to say."""
    for started, title in ((False, "after folding them, MB (PSS)"), (True, "after a start, MB (PSS)")):
        looks = [look for look in found.looks if look.started is started]
        yield _table(title, looks, lambda look: look.memory, lambda part, of=looks: slope(of, part))
    started_looks = [look for look in found.looks if look.started]
    yield _table("the most while starting, MB (RSS)", started_looks, lambda look: look.peak)
    yield _table("seconds from the end to ready again", started_looks, lambda look: look.ready_s, unit=1.0)
    yield "mix by the last step taken: " + ", ".join(f"{name} {share:.1%}" for name, share in found.mix.items())
    yield f"{found.rate:,.0f} cases a second into the rows, {found.refused} refused"
    yield f"a board row {found.held.board_row:,.0f} bytes, a case file {found.held.case_file:,.0f} bytes"


def _table(
    title: str,
    looks: Sequence[Measured],
    values: Callable[[Measured], Mapping[str, float]],
    per_case: Callable[[str], float | None] | None = None,
    unit: float = MB,
) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("process")
    for look in looks:
        table.add_column(f"{look.cases:,} cases", justify="right")
    if per_case is not None:
        table.add_column("bytes a case", justify="right")
    for part in dict.fromkeys(name for look in looks for name in values(look)):
        cells = [f"{values(look)[part] / unit:,.1f}" if part in values(look) else "-" for look in looks]
        slopes = [] if per_case is None else ["-" if (found := per_case(part)) is None else f"{found:,.0f}"]
        table.add_row(part, *cells, *slopes)
    return table
