"""The board's rows held against what the log says of the same instant: which of them show something else.

Owns the comparison of one moment of the rows. The board is at fault where it differs, and so is whoever should have
noticed by then that a deadline passed: GRACE_MS later it is told as a divergence.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from ops.audit.log import Log
from ops.audit.spans import Partition, Seen
from projections import board, checkpoint

GRACE_MS = 10_000
ROWS_AT_ONCE = 5_000
EXAMPLES_MAX = 20
_ROWS = "select partition, case_id, number, unit, opened_ms, deadline_ms, near_ms, due, stage from board"
_IDS = "select case_id from board where partition = $1"


class RowsWentBack(Exception):
    """The rows stand before what was read already: they were emptied or lost their last commits, and follow again."""

    code = "audit.rows_went_back"


class Divergence(msgspec.Struct, frozen=True):
    """One open case of which the board shows something else: what the log says and what the row does."""

    case: str
    field: str
    log: Any
    row: Any


class Compared(msgspec.Struct, frozen=True):
    """What one cycle found: `at_ms` is just before the moment that was compared, `examples` are the first EXAMPLES_MAX
    of the `divergent` cases."""

    at_ms: int
    seconds: float
    cases: int
    clocks: int
    divergent: int
    examples: tuple[Divergence, ...] = ()


class Auditor:
    """All partitions as the auditor has folded them so far."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._partitions: dict[int, Partition] = {}

    async def cycle(self, connection: Any) -> Compared:
        """Compare one moment of the rows.

        Raises RowsWentBack, KafkaError, HistoryStalled, ValueError (the log has a hole).
        """
        began = time.monotonic()
        await self._fold(await _places(connection))  # a long way of catching up holds no moment of the rows open
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            at_ms = time.time_ns() // 1_000_000
            places = await _places(connection)  # from here on the rows stand still
            now_ms = time.time_ns() // 1_000_000
            ends = await asyncio.to_thread(self._log.ends)
            await self._fold(places)
            instants = {
                p: now_ms if place >= ends.get(p, 0) else min(self._partitions[p].last_ms, now_ms)
                for p, place in places.items()
            }
            divergent = await self._compare(connection, instants)
        return Compared(
            at_ms=at_ms,
            seconds=round(time.monotonic() - began, 3),
            cases=sum(partition.open for partition in self._partitions.values()),
            clocks=sum(partition.clocks for partition in self._partitions.values()),
            divergent=len({one.case for one in divergent}),
            examples=tuple(divergent[:EXAMPLES_MAX]),
        )

    async def _fold(self, places: Mapping[int, int]) -> None:
        await asyncio.to_thread(self._fold_upto, places)

    def _fold_upto(self, places: Mapping[int, int]) -> None:
        for number, place in places.items():
            partition = self._partitions.setdefault(number, Partition())
            if place < partition.next_offset:
                raise RowsWentBack(f"partition {number}: {place}, {partition.next_offset} was read")
            for offset, time_ms, value in self._log.upto(number, place, partition.next_offset):
                partition.fold(offset, time_ms, value)

    async def _compare(self, connection: Any, instants: Mapping[int, int]) -> list[Divergence]:
        found: list[Divergence] = []
        matched = dict.fromkeys(instants, 0)
        async for row in connection.cursor(_ROWS, prefetch=ROWS_AT_ONCE):
            number, case_id = row["partition"], row["case_id"]
            now_ms = instants.get(number, 0)
            partition = self._partitions.get(number)
            seen = partition.seen(case_id, now_ms, now_ms - GRACE_MS) if partition else None
            if seen is None:
                found.append(Divergence(case_id, "case", None, row["number"]))
                continue
            matched[number] += 1
            found += differences(case_id, seen, row)
        for number, count in matched.items():
            if count < self._partitions[number].open:
                there = {row["case_id"] for row in await connection.fetch(_IDS, number)}
                found += [
                    Divergence(case_id, "case", case_id, None)
                    for case_id in self._partitions[number].ids()
                    if case_id not in there
                ]
        return found


def differences(case_id: str, seen: Seen, row: Mapping[str, Any]) -> list[Divergence]:
    """Where that row shows something else than the log says."""
    exact = {
        "number": seen.number or row["number"],
        "unit": seen.unit,
        "opened_ms": row["opened_ms"] if seen.opened_ms is None else seen.opened_ms,
        "deadline_ms": seen.deadline_ms,
        "near_ms": seen.near_ms,
    }
    found = [Divergence(case_id, name, value, row[name]) for name, value in exact.items() if row[name] != value]
    instants = {"due": seen.due, "stage": seen.stage}
    return found + [Divergence(case_id, n, v[1], row[n]) for n, v in instants.items() if row[n] not in v]


async def _places(connection: Any) -> dict[int, int]:
    return {p: place.next_offset for p, place in (await checkpoint.read(connection, board.NAME)).items()}
