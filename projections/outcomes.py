"""outcomes: what became of this action? Asked by the API for an answer that it did not see itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.case.actions import Tick
from domain.case.decision import ReasonCode
from eventlog.record import DecisionRecord, Outcome, decode
from projections.steps import Step

NAME = "outcomes"


async def find(connection: Any, case_id: str, action_id: str) -> DecisionRecord | None:
    """The record that decided this action first, or None if none has yet."""
    value = await connection.fetchval(
        "select record from outcomes where case_id = $1 and action_id = $2", case_id, action_id
    )
    if value is None:
        return None
    record = decode(value)
    assert isinstance(record, DecisionRecord), "only decisions are written here"
    return record


async def write(connection: Any, steps: Sequence[Step], table: str = NAME) -> None:
    """Insert the first outcome of each action, and nothing where there is one."""
    rows = [(step, step.record.attempt) for step in steps if _is_first(step.record)]
    if not rows:
        return
    await connection.execute(
        f"insert into {table} select * from unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::bytea[]) "
        "on conflict do nothing",
        [step.record.case for step, _ in rows],
        [attempt.id for _, attempt in rows if attempt is not None],
        [step.partition for step, _ in rows],
        [step.record.origin.offset for step, _ in rows],
        [step.entry.stored.value for step, _ in rows],
    )


def _is_first(record: DecisionRecord) -> bool:
    if record.attempt is None or record.outcome is Outcome.REPEATED or isinstance(record.attempt.action, Tick):
        return False
    return record.rejection is None or record.rejection.code is not ReasonCode.ACTION_ID_REUSED
