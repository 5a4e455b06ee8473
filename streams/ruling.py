"""From an adjudication 裁决 on a case to a dated rule of the routing (domain document §3, what follows in others).

Owns what the reactor does beside its stream: it takes the one turn to adopt that there is, adds the adjudications that
wait to the routing in force, and adopts that under an id that derives from what was there and what was added. Whoever
does it twice, or comes back to a half-done one, appends the same.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Any

import structlog
from msgspec.structs import replace

from domain.adoption.actions import Adopt
from domain.case.events import Adjudicated
from domain.case.values import Actor
from domain.finding import faults
from domain.routing.values import Adjudication
from eventlog import refs
from eventlog.adopting import append_adoption
from eventlog.append import Appender
from eventlog.position import PARTITIONS
from eventlog.record import DecisionRecord
from projections import adoptions, rulings
from projections.adoptions import AdoptionRow
from reference.contents import Contents, pack
from reference.draft import check_draft
from reference.editions import Editions
from runtime import failpoints

NAMESPACE = uuid.UUID("7d1c1d0e-9f0b-5f1e-8a55-1b0f6f6c7c09")
TURN_S_MAX = 10.0
DECIDED_S_MAX = 60.0
DECIDED_LOOK_S = 0.1
FINDINGS_SAID_MAX = 5
REASONS = "裁决理由见案件 / the grounds stand in the case: {}"

log = structlog.get_logger("ruling")


def rulings_of(record: DecisionRecord) -> list[Adjudication]:
    """The rules that a decision asks for: none for a case without a class, for which no rule could be written."""
    return [
        Adjudication(
            code=f"A-{record.case}-{record.seq}",
            case_id=record.case,
            case_class=event.case_class,
            place=event.place,
            unit=event.unit,
            since_ms=event.at_ms or record.at_ms,
            decided_by=event.person,
            reasons=REASONS.format(event.reason),
            number=event.number,
        )
        for event in record.events
        if isinstance(event, Adjudicated) and event.case_class is not None
    ]


async def rule(pool: Any, bootstrap: str, appender: Appender, editions: Editions, actor: Actor) -> int:
    """Adopt a routing with what waits; gives how many wait still: some half-done adoption is another's to finish first.

    Raises AdoptionUnderWay, LogUnreachable, TimeoutError (what was begun is finished the next time), KafkaError.
    """
    async with pool.acquire() as connection:
        if not await rulings.waiting(connection):
            return 0
        async with adoptions.one_at_a_time(connection, TURN_S_MAX):
            failpoints.hit("ruling.turn_taken")
            await _in_turn(connection, bootstrap, appender, editions, actor)
        return len(await rulings.waiting(connection))


async def _in_turn(connection: Any, bootstrap: str, appender: Appender, editions: Editions, actor: Actor) -> None:
    await _finish(connection, appender, actor)
    rows = await adoptions.read_rows(connection)
    versions = {state.version for state in adoptions.in_force(rows).values()}
    if len(versions) != 1 or None in versions:
        return  # somebody's adoption is half done: theirs to finish
    (base,) = versions
    assert base is not None, "just looked at"
    await editions.require([base])
    old = editions.contents[base]
    waiting = await rulings.waiting(connection)
    there = {one.code for one in old.routing.adjudications}
    new, refused = await asyncio.to_thread(_with, old, [one for one in waiting if one.code not in there])
    version, contents = pack(new)
    if version != base:
        await refs.publish(bootstrap, appender.names, contents)
        adopt = Adopt(version, base, "adjudications")
        if not await _adopt(connection, appender, actor, adopt, range(PARTITIONS)):
            return
    failpoints.hit("ruling.before_ruled")
    await rulings.ruled(connection, [one.code for one in waiting if one.code not in refused], version)
    await rulings.ruled(connection, refused, rulings.REFUSED)
    failpoints.hit("ruling.ruled")


async def _finish(connection: Any, appender: Appender, actor: Actor) -> None:
    """One of ours that broke off halfway is repeated in the partitions that have not decided it."""
    rows = await adoptions.read_rows(connection)
    ours = {row.record.attempt.id: row.record.attempt for row in rows if row.record.attempt.actor == actor}
    for action_id, attempt in ours.items():
        left = sorted(set(range(PARTITIONS)) - adoptions.decided_first(rows, action_id).keys())
        if left:
            failpoints.hit("ruling.before_finishing")
            await _adopt(connection, appender, actor, attempt.action, left)


def _with(old: Contents, more: Sequence[Adjudication]) -> tuple[Contents, list[str]]:
    """The contents with these on top, but for those that the routing in force has no room for: their codes."""
    refused: list[str] = []
    new = _on_top(old, more)
    if not more or not _wrong(old, new):
        return new, refused
    kept: list[Adjudication] = []
    for one in more:
        if wrong := _wrong(old, _on_top(old, [*kept, one])):
            log.error("ruling.refused", code=one.code, findings=wrong[:FINDINGS_SAID_MAX])
            refused.append(one.code)
        else:
            kept.append(one)
    return _on_top(old, kept), refused


def _on_top(old: Contents, more: Sequence[Adjudication]) -> Contents:
    return replace(old, routing=replace(old.routing, adjudications=(*old.routing.adjudications, *more)))


def _wrong(old: Contents, new: Contents) -> list[str]:
    return [finding.en for finding in faults(check_draft(old, new, _now()))]


async def _adopt(connection: Any, appender: Appender, actor: Actor, adopt: Adopt, partitions: Sequence[int]) -> bool:
    """False where a partition refused it."""
    action_id = str(uuid.uuid5(NAMESPACE, f"{adopt.base} {adopt.version}"))
    await append_adoption(appender, action_id, actor, adopt, _now(), partitions)
    async with asyncio.timeout(DECIDED_S_MAX):
        while len(decided := await _decided(connection, action_id)) < PARTITIONS:  # noqa: ASYNC110
            await asyncio.sleep(DECIDED_LOOK_S)
    refused = [row.partition for row in decided.values() if row.record.rejection is not None]
    log.info("ruling.adopted", version=adopt.version, base=adopt.base, refused=refused)
    return not refused


async def _decided(connection: Any, action_id: str) -> dict[int, AdoptionRow]:
    return adoptions.decided_first(await adoptions.read_rows(connection), action_id)


def _now() -> int:
    return time.time_ns() // 1_000_000
