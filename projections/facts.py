"""facts: what do the formulas know of each case? Asked for the figures of a period and a scope.

Owns the rows that the figures are counted from, and that they are counted at one place of the log. The meaning of a
fact is the domain's (`domain.figures.facts`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from domain.figures.facts import CaseFacts, Fold, fold_facts
from domain.figures.figure import Period
from eventlog.position import write_position
from projections import checkpoint, timeline
from projections.steps import Step

NAME = "facts"
FACTS_AT_ONCE = 2_000

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(CaseFacts)


class Change(msgspec.Struct, frozen=True, gc=False):
    """What some records made of one case's facts; `before` is None for a new case."""

    partition: int
    before: CaseFacts | None
    after: CaseFacts | None


@asynccontextmanager
async def at_one_place(connection: Any) -> AsyncGenerator[str, None]:
    """What is read inside stands at one place of the log, which is given as a position vector."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # Before anything is seen: a rebuild that swaps the table in between would leave it empty to this transaction.
        await connection.execute(f"lock table {NAME} in access share mode")
        places = await checkpoint.read(connection, NAME)
        yield write_position({partition: place.next_offset for partition, place in places.items()})


async def of_period(connection: Any, scope: str, period: Period) -> AsyncIterator[list[CaseFacts]]:
    """The facts of all cases under the scope that any formula may ask for in that period, by id, a few at a time.

    Must run in a transaction (`at_one_place`).
    """
    found = connection.cursor(
        f"select facts from {NAME} where starts_with(grid, $1) and last_ms >= $2 and opened_ms < $3 order by case_id",
        scope,
        period.from_ms,
        period.to_ms,
        prefetch=FACTS_AT_ONCE,
    )
    async for batch in _batches(found):
        yield batch


async def _batches(found: Any) -> AsyncIterator[list[CaseFacts]]:
    batch: list[CaseFacts] = []
    async for row in found:
        batch.append(_decoder.decode(row["facts"]))
        if len(batch) == FACTS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


async def load(connection: Any, ids: Sequence[str], table: str = NAME) -> dict[str, CaseFacts]:
    """The facts of these cases in one query; a case without a row is left out."""
    rows = await connection.fetch(f"select case_id, facts from {table} where case_id = any($1::text[])", list(ids))
    return {row["case_id"]: _decoder.decode(row["facts"]) for row in rows}


async def of_partition(connection: Any, partition: int) -> AsyncIterator[list[CaseFacts]]:
    """The facts of all cases of a partition, a few at a time. Must run in a transaction."""
    found = connection.cursor(f"select facts from {NAME} where partition = $1", partition, prefetch=FACTS_AT_ONCE)
    async for batch in _batches(found):
        yield batch


async def write(connection: Any, steps: Sequence[Step], table: str = NAME) -> list[Change]:
    """Fold these steps onto the rows that are there, in the transaction of their place; gives what changed."""
    links = [step for step in steps if step.changed and step.record.events]
    held = await load(connection, sorted({s.after.id for s in links if s.before.case is not None}), table)
    folds: dict[str, Fold] = {}
    partitions: dict[str, int] = {}
    for step in links:
        case_id = step.after.id
        before = folds.get(case_id) or Fold(step.before.case, held.get(case_id))
        folds[case_id] = fold_facts(before, case_id, step.record.events, step.after.case)
        partitions[case_id] = step.partition
    await _write_rows(connection, ((partitions[i], fold) for i, fold in folds.items()), table)
    return [Change(partitions[i], held.get(i), fold.facts) for i, fold in folds.items()]


async def fill(connection: Any, partition: int) -> None:
    """Write the rows of a partition that was folded before there were facts, from the story of its cases."""
    done: list[Fold] = []
    async for case_id, story in timeline.stories(connection, partition):
        fold = Fold()
        for record in story:
            fold = fold_facts(fold, case_id, record.events)
        done.append(fold)
        if len(done) > FACTS_AT_ONCE:
            await _write_rows(connection, ((partition, one) for one in done), NAME)
            done = []
    await _write_rows(connection, ((partition, one) for one in done), NAME)


async def _write_rows(connection: Any, folds: Iterable[tuple[int, Fold]], table: str) -> None:
    rows = [(partition, fold.facts) for partition, fold in folds if fold.facts is not None]
    if not rows:
        return
    await connection.execute(
        f"insert into {table} select * from unnest($1::text[], $2::int[], $3::text[], $4::bigint[], $5::bigint[], "
        "$6::bigint[], $7::bytea[]) on conflict (case_id) do update set grid = excluded.grid, "
        "deadline_ms = excluded.deadline_ms, last_ms = excluded.last_ms, facts = excluded.facts",
        [facts.case_id for _, facts in rows],
        [partition for partition, _ in rows],
        [facts.grid for _, facts in rows],
        [facts.opened_ms for _, facts in rows],
        [facts.deadline_ms for _, facts in rows],
        [facts.last_ms for _, facts in rows],
        [_encoder.encode(facts) for _, facts in rows],
    )
