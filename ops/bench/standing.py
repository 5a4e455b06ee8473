"""When a part of a bench's system stands at the end of what it reads: asked of the part itself, by its metrics."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from eventlog.tail import ends
from eventlog.topics import TopicNames
from ops.system import System
from projections import case_state, checkpoint
from runtime.children import Child
from runtime.faults import Fault
from runtime.metrics import targets
from runtime.settings import Settings

STANDS_S_MAX = 1_800.0
LOOK_S = 0.1
ASK_S_MAX = 10.0
AUDITED = "liandong_audit_cases"
TOPIC_OF = {"dispatch": "actions", "project": "events", "clock": "events", "react": "events"}


async def until_standing(
    settings: Settings, system: System, part: str, cases: int = 0, before: Child | None = None
) -> None:
    """Wait until that part, and no longer the process `before`, stands at the end of what it reads; the auditor: has
    compared so many cases. Raises Fault `bench.not_standing`."""
    deadline = time.monotonic() + STANDS_S_MAX
    async with httpx.AsyncClient(timeout=ASK_S_MAX, trust_env=False) as client:
        while time.monotonic() < deadline:
            if system.parts[part] is not before and await _stands(client, settings, system, part, cases):
                return
            await asyncio.sleep(LOOK_S)
    raise Fault(
        "bench.not_standing",
        f"{part} 在 {STANDS_S_MAX:.0f} 秒内未读到日志末尾。",
        f"{part} did not come to the end of the log within {STANDS_S_MAX:.0f} s.",
    )


async def rows_stand(pool: Any) -> int:
    """How many records of `events` the rows hold, all partitions together."""
    async with pool.acquire() as connection:
        return sum(place.next_offset for place in (await checkpoint.read(connection, case_state.NAME)).values())


async def _stands(client: httpx.AsyncClient, settings: Settings, system: System, part: str, cases: int) -> bool:
    if part == "api":
        return await _ready(client, f"http://{settings.host}:{settings.port}/readyz")
    if part == "audit":
        told = await _told(client, targets(settings.data_dir).get(part))
        return any(one.name == AUDITED and one.value >= cases for one in told)
    topic = getattr(TopicNames(settings.topic_prefix), TOPIC_OF[part])
    upto = await ends(system.env["LIANDONG_KAFKA"], topic)
    stands = await places(client, targets(settings.data_dir).get(part))
    return all(stands.get(partition, -1) >= end for partition, end in upto.items())


async def _ready(client: httpx.AsyncClient, address: str) -> bool:
    try:
        return (await client.get(address)).is_success
    except httpx.HTTPError:
        return False


async def places(client: httpx.AsyncClient, address: str | None) -> dict[int, int]:
    """Partition → the next offset that a processor reads; nothing while it does not answer."""
    samples = await _told(client, address)
    return {int(one.labels["partition"]): int(one.value) for one in samples if one.name == "liandong_position_offset"}


async def _told(client: httpx.AsyncClient, address: str | None) -> list[Any]:
    """What a process says of itself; nothing while it does not answer."""
    if address is None:
        return []
    try:
        told = (await client.get(f"http://{address}/metrics")).raise_for_status().text
    except httpx.HTTPError:
        return []
    return [sample for family in text_string_to_metric_families(told) for sample in family.samples]
