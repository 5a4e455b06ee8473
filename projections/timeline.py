"""timeline: what happened in this case, in order? Asked by everybody who may see the case."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from domain.case.evolve import Move, states
from domain.case.evolve import moves as moves_of
from eventlog.record import DecisionRecord, decode
from projections.steps import Step

NAME = "timeline"
PAGE_MAX = 200
RECORDS_AT_ONCE = 2_000


async def of_case(connection: Any, case_id: str, after_seq: int = 0, limit: int = PAGE_MAX) -> list[DecisionRecord]:
    """The case's effective records after that link of the chain, oldest first, at most PAGE_MAX."""
    rows = await connection.fetch(
        "select record from timeline where case_id = $1 and seq > $2 order by seq limit $3",
        case_id,
        after_seq,
        min(limit, PAGE_MAX),
    )
    records = [decode(row["record"]) for row in rows]
    return [record for record in records if isinstance(record, DecisionRecord)]


async def of_cases(connection: Any, ids: Sequence[str]) -> dict[str, list[DecisionRecord]]:
    """The effective records of these cases in one query, each case's oldest first; an unknown case is left out."""
    rows = await connection.fetch(
        "select case_id, record from timeline where case_id = any($1::text[]) order by case_id, seq", list(ids)
    )
    found: dict[str, list[DecisionRecord]] = {}
    for row in rows:
        record = decode(row["record"])
        if isinstance(record, DecisionRecord):
            found.setdefault(row["case_id"], []).append(record)
    return found


async def first_of(connection: Any, ids: Sequence[str]) -> list[DecisionRecord]:
    """The first effective record of each of these cases, in one query."""
    rows = await connection.fetch(
        "select distinct on (case_id) record from timeline where case_id = any($1::text[]) order by case_id, seq",
        list(ids),
    )
    records = [decode(row["record"]) for row in rows]
    return [record for record in records if isinstance(record, DecisionRecord)]


async def stories(connection: Any, partition: int) -> AsyncIterator[tuple[str, list[DecisionRecord]]]:
    """Every case of a partition with its effective records, oldest first, one after the other. In a transaction."""
    found = connection.cursor(
        "select record from timeline where partition = $1 order by case_id, seq", partition, prefetch=RECORDS_AT_ONCE
    )
    story: list[DecisionRecord] = []
    async for row in found:
        record = decode(row["record"])
        assert isinstance(record, DecisionRecord), "a case's story is made of decisions"
        if story and record.case != story[0].case:
            yield story[0].case, story
            story = []
        story.append(record)
    if story:
        yield story[0].case, story


def moves(story: Iterable[DecisionRecord]) -> list[Move]:
    """All events of a case's whole story, each with the case before it and after it."""
    events = [event for record in story for event in record.events]
    return moves_of(None, events, states(None, events))


async def write(connection: Any, steps: Sequence[Step], table: str = NAME) -> None:
    """Insert the effective records of these steps."""
    links = [step for step in steps if step.changed]
    if not links:
        return
    await connection.execute(
        f"insert into {table} select * from unnest($1::text[], $2::int[], $3::int[], $4::bigint[], $5::bytea[]) "
        "on conflict do nothing",
        [step.record.case for step in links],
        [step.record.seq for step in links],
        [step.partition for step in links],
        [step.entry.stored.offset for step in links],
        [step.entry.stored.value for step in links],
    )
