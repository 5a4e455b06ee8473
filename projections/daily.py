"""daily: what does each formula count on each day? Asked for the course of a figure over time.

Owns the sums, by grid and local day, two counters a formula. They are folded together with `facts` and stand at the
same place: what a case adds is the domain's (`domain.figures.daily`), and a case is counted where it lies now, with all
its past, as in every figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from domain.figures.daily import Contributions, changed
from domain.figures.formulas import FORMULAS
from projections import facts
from projections.board import day_of
from projections.facts import Change
from projections.sums import Sums, add

NAME = "daily"
PARTS = ("above", "below")
SUMS = Sums(
    {"grid": "text", "day": "text", "partition": "int"}, tuple(f"{name}_{part}" for name in FORMULAS for part in PARTS)
)
_PLACES = {name: 2 * at for at, name in enumerate(FORMULAS)}
"""Where a formula's numerator stands among the counters; its denominator is the next."""


class Day(msgspec.Struct, frozen=True, gc=False):
    """What one formula counts on one local day (YYYY-MM-DD)."""

    day: str
    formula: str
    numerator: int
    denominator: int


async def of_days(connection: Any, scope: str, first: str, last: str, formulas: Sequence[str]) -> list[Day]:
    """What these formulas count on each of these days, both ends counted in, in the scope (a code prefix); a day on
    which one counts nothing is left out. Must run in a transaction (`facts.at_one_place`).

    Raises KeyError for a formula that there is not.
    """
    columns = [column for name in formulas for column in SUMS.counters[_PLACES[name] : _PLACES[name] + 2]]
    rows = await connection.fetch(
        f"select day, {', '.join(f'sum({column})::int' for column in columns)} from {NAME} "
        "where starts_with(grid, $1) and day >= $2 and day <= $3 group by day order by day",
        scope,
        first,
        last,
    )
    days = (Day(row[0], name, row[2 * at + 1], row[2 * at + 2]) for row in rows for at, name in enumerate(formulas))
    return [day for day in days if day.numerator or day.denominator]


async def write(connection: Any, changes: Iterable[Change], zone: ZoneInfo, table: str = NAME) -> None:
    """Add what these changes of cases' facts change, in the transaction of the facts."""
    sums: dict[tuple[str, str, int], list[int]] = {}
    for one in changes:
        for (grid, day, name), (above, below) in _moved(one, zone).items():
            counters = sums.setdefault((grid, day, one.partition), [0] * len(SUMS.counters))
            counters[_PLACES[name]] += above
            counters[_PLACES[name] + 1] += below
    await add(connection, table, SUMS, sums)


async def fill(connection: Any, partition: int, zone: ZoneInfo) -> None:
    """Write the rows of a partition that an earlier release folded, from the facts of its cases."""
    async for some in facts.of_partition(connection, partition):
        await write(connection, [Change(partition, None, one) for one in some], zone)


def _moved(change: Change, zone: ZoneInfo) -> Contributions:
    return changed(change.before, change.after, partial(day_of, zone=zone))
