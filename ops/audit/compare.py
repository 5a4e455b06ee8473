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
from projections.audited import Cycle

GRACE_MS = 10_000
SKEW_MS = 1_000
"""The log's clock may be that much ahead of ours: what falls due within it may be told already."""
ROWS_AT_ONCE = 5_000
EXAMPLES_MAX = 20
_ROWS = "select partition, case_id, number, unit, opened_ms, deadline_ms, near_ms, due, stage from board"
_IDS = "select case_id from board where partition = $1"


class RowsWentBack(Exception):
    """The rows stand before what was read already: they were emptied or lost their last commits, and follow again."""

    code = "audit.rows_went_back"


class RowsBehind(Exception):
    """The rows do not hold yet what stood in the log when they were last looked at: nothing can be said of now."""

    code = "audit.rows_behind"


class Divergence(msgspec.Struct, frozen=True):
    """One open case of which the board shows something else: what the log says and what the row does."""

    case: str
    field: str
    log: Any
    row: Any
    untold: bool = False
    """The row only does not show yet what fell due."""


class Auditor:
    """All partitions as the auditor has folded them so far; it is asked every `every_s` seconds."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._partitions: dict[int, Partition] = {}
        self._wanted: Mapping[int, int] = {}
        """Where the log ended in the cycle before: the rows have to have come so far."""
        self._untold: set[tuple[str, str]] = set()
        """Cases and fields that were late to show what fell due, in the cycle before."""

    async def cycle(self, log: Log, connection: Any) -> tuple[Cycle, list[Divergence]]:
        """Compare one moment of the rows: what to leave of it, and the first EXAMPLES_MAX differences.

        Raises RowsWentBack, RowsBehind, KafkaError, HistoryStalled, Ending, ValueError (the log has a hole).
        """
        began = time.monotonic()
        # First without a transaction: a long way of catching up holds no moment of the rows open.
        await asyncio.to_thread(self._fold, log, await _places(connection, log))
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("lock table board in access share mode")  # a rebuild's swap comes before or after
            at_ms = time.time_ns() // 1_000_000
            places = await _places(connection, log)  # from here on the rows stand still
            now_ms = time.time_ns() // 1_000_000
            ends = await asyncio.to_thread(log.ends)
            await asyncio.to_thread(self._fold, log, places)
            self._require_wanted(places, ends)
            instants = {
                p: now_ms if place >= ends.get(p, 0) else min(self._partitions[p].last_ms, now_ms)
                for p, place in places.items()
            }
            divergent = self._again(await self._compare(connection, instants))
        cycle = Cycle(
            at_ms=at_ms,
            seconds=round(time.monotonic() - began, 3),
            every_s=self._every_s,
            cases=sum(partition.open for partition in self._partitions.values()),
            clocks=sum(partition.clocks for partition in self._partitions.values()),
            divergent=len({one.case for one in divergent}),
        )
        return cycle, divergent[:EXAMPLES_MAX]

    def _require_wanted(self, places: Mapping[int, int], ends: Mapping[int, int]) -> None:
        """Rows that do not follow are not compared: they would be the same as the log was long ago."""
        self._wanted = self._wanted or ends
        behind = [partition for partition, end in self._wanted.items() if places[partition] < end]
        if behind:
            raise RowsBehind(f"partitions {behind}")
        self._wanted = ends

    def _again(self, found: list[Divergence]) -> list[Divergence]:
        """Without what is only late to show that something fell due, unless it was so in the cycle before, too: whoever
        tells of it may have been away for a moment."""
        untold = {(one.case, one.field) for one in found if one.untold}
        before, self._untold = self._untold, untold
        return [one for one in found if not one.untold or (one.case, one.field) in before]

    def _fold(self, log: Log, places: Mapping[int, int]) -> None:
        for number, place in places.items():
            partition = self._partitions.setdefault(number, Partition())
            if place < partition.next_offset:
                raise RowsWentBack(f"partition {number}: {place}, {partition.next_offset} was read")
            for offset, time_ms, value in log.upto(number, place, partition.next_offset):
                partition.fold(offset, time_ms, value)

    async def _compare(self, connection: Any, instants: Mapping[int, int]) -> list[Divergence]:
        found: list[Divergence] = []
        matched = dict.fromkeys(instants, 0)
        async for row in connection.cursor(_ROWS, prefetch=ROWS_AT_ONCE):
            number, case_id = row["partition"], row["case_id"]
            now_ms = instants.get(number, 0)
            partition = self._partitions.get(number)
            seen = partition.seen(case_id, now_ms + SKEW_MS, now_ms - GRACE_MS) if partition else None
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
    for name, (before, now) in instants.items():
        if not before <= row[name] <= now:
            found.append(Divergence(case_id, name, now, row[name], row[name] < before))
    return found


async def _places(connection: Any, log: Log) -> dict[int, int]:
    """Every partition's place; one that was never folded stands at its beginning."""
    found = await checkpoint.read(connection, board.NAME)
    return {p: found[p].next_offset if p in found else 0 for p in log.partitions}
