"""`liandong bench clock`: the clock with so many open cases, some of which fall due: how late it is, and what it costs.

The clock of the product with the agenda of its own, filled here; a real decider answers its ticks. The cases are made
up, so each tick is refused as one of an unknown case: read from the rows and decided like any other.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
import uuid
from collections.abc import Mapping
from typing import Annotated

import msgspec
import psutil
import typer
from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.table import Table

from eventlog.position import PARTITIONS, partition_of
from eventlog.record import Decided
from eventlog.stored import read_entry
from eventlog.tail import ends, read_to, tail
from eventlog.topics import TopicNames, topic_ids
from ops.bench.alone import alone
from ops.bench.beside import measured
from runtime.faults import Fault
from runtime.logs import configure_logging
from streams.agenda import Agenda
from streams.clock import Clock
from streams.measures import Measures

SEED = 1
YEAR_MS = 365 * 24 * 3_600_000
AHEAD_MS = 2_000
"""From the moment at which all cases are noted to the first that falls due."""
WARM_UP_MS = 10_000
"""Falling due at the same rate before, not counted: the broker and the decider are young."""
SETTLE_S_MAX = 30.0
LOOK_S = 0.1
IDLE_S = 5.0
MOVED_TIMES = 2
FILES_MAX = 1_000
LIST_BYTES = 8


class Late(msgspec.Struct, frozen=True):
    """Milliseconds from the instant to the tick and to its decision, as the broker stamped them; then what it costs."""

    cases: int
    ticks: list[int]
    decisions: list[int]
    bytes_a_case: float
    moved_us: float
    idle_cores: float
    busy_cores: float


def clock(
    cases: Annotated[int, typer.Option(help="Open cases with something ahead.")] = 1_000_000,
    rate: Annotated[int, typer.Option(help="So many fall due a second.")] = 200,
    seconds: Annotated[int, typer.Option(help="For how long.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything measured as JSON.")] = False,
) -> None:
    """Measure how long after its instant a deadline is noticed, with so many open cases on one clock."""
    configure_logging("error", "bench")
    found = asyncio.run(_measured(cases, rate, seconds))
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    lines = Table(f"{found.cases:,} open cases, {rate} due a second", "n", "p50 ms", "p99 ms", "most ms")
    for name, took in (("instant → tick in the log", found.ticks), ("instant → decision in the log", found.decisions)):
        p50, p99 = (statistics.quantiles(took, n=100)[percent - 1] for percent in (50, 99))
        lines.add_row(name, f"{len(took):,}", f"{p50:.0f}", f"{p99:.0f}", f"{max(took)}")
    Console(width=120).print(lines)
    typer.echo(
        f"{found.bytes_a_case:.0f} bytes a case; a deadline moved {found.moved_us:.1f} µs; cores: nothing due "
        f"{found.idle_cores:.3f}, with those due {found.busy_cores:.3f} (appending them included)"
    )


async def _measured(cases: int, rate: int, seconds: int) -> Late:
    async with alone(("dispatch",)) as (settings, _, system):
        names, bootstrap = TopicNames(settings.topic_prefix), system.env["LIANDONG_KAFKA"]
        events = (await asyncio.to_thread(topic_ids, bootstrap, [names.events]))[names.events]
        looked_at = Clock(bootstrap, system.env["LIANDONG_POSTGRES"], names, events, FILES_MAX)
        registry = CollectorRegistry()
        looked_at.measures = Measures(registry)
        looked_at.measure(registry)
        await looked_at.open()
        try:
            return await _looked(looked_at, bootstrap, names, cases, rate, seconds)
        finally:
            await looked_at.close()


async def _looked(clock: Clock, bootstrap: str, names: TopicNames, cases: int, rate: int, seconds: int) -> Late:
    chosen, agenda = random.Random(SEED), clock._agenda  # pyright: ignore[reportPrivateUsage]
    process, now = psutil.Process(), _now()
    before = process.memory_info().rss
    ids = [str(uuid.UUID(int=chosen.getrandbits(128), version=4)) for _ in range(cases)]
    for case_id in ids:
        agenda.note(partition_of(case_id), case_id, now + YEAR_MS + chosen.randrange(YEAR_MS))
    # The list beside the agenda is the bench's own; the ids in it are a real clock's, too.
    bytes_a_case = (process.memory_info().rss - before - LIST_BYTES * cases) / cases
    # So often that old entries are thrown out once, which is part of what a moved deadline costs.
    moved = [(i, partition_of(i), now + YEAR_MS + chosen.randrange(YEAR_MS)) for i in ids for _ in range(MOVED_TIMES)]
    began = time.perf_counter()
    for case_id, partition, at_ms in moved:
        agenda.note(partition, case_id, at_ms)
    moved_us = (time.perf_counter() - began) * 1e6 / len(moved)
    del moved
    decisions: dict[str, int] = {}

    async def all_fell_due() -> tuple[float, dict[str, int], float, dict[str, int]]:
        idle = await _cores(process, IDLE_S)
        due = _due(agenda, chosen.sample(ids, min(rate * (seconds + WARM_UP_MS // 1000), cases)), rate)
        busy = await _cores(process, (max(due.values()) - _now()) / 1000)
        await _all_decided(due, decisions)
        return idle, due, busy, await _ticks(bootstrap, names)

    idle, due, busy, ticks = await measured(
        all_fell_due(), clock.alongside(), _follow(agenda, bootstrap, names, decisions)
    )
    counted = min(due.values()) + WARM_UP_MS

    def late(told: Mapping[str, int]) -> list[int]:
        return [told[case_id] - at_ms for case_id, at_ms in due.items() if at_ms >= counted]

    return Late(cases, late(ticks), late(decisions), bytes_a_case, moved_us, idle, busy)


def _due(agenda: Agenda, chosen: list[str], rate: int) -> dict[str, int]:
    """Let these fall due one after the other from soon on: case → its instant."""
    first = _now() + AHEAD_MS
    due = {case_id: first + number * 1000 // rate for number, case_id in enumerate(chosen)}
    for case_id, at_ms in due.items():
        agenda.note(partition_of(case_id), case_id, at_ms)
    return due


async def _follow(agenda: Agenda, bootstrap: str, names: TopicNames, decisions: dict[str, int]) -> None:
    """What a clock's fold does: a case whose decision came has nothing ahead any more. Notes when the broker had it."""
    async for chunk in tail(bootstrap, names.events, dict.fromkeys(range(PARTITIONS), 0)):
        for one in chunk:
            case_id = (one.key or b"").decode()
            if isinstance(read_entry(one).record, Decided) and case_id not in decisions:
                decisions[case_id] = one.time_ms
                agenda.note(one.partition, case_id, None)


async def _ticks(bootstrap: str, names: TopicNames) -> dict[str, int]:
    """Case → when its first tick stood in the log."""
    found: dict[str, int] = {}
    async for chunk in read_to(bootstrap, names.actions, {}, await ends(bootstrap, names.actions)):
        for one in chunk:
            found.setdefault((one.key or b"").decode(), one.time_ms)
    return found


async def _all_decided(due: Mapping[str, int], decisions: Mapping[str, int]) -> None:
    """Wait for the last of them. Raises Fault."""
    deadline = time.monotonic() + SETTLE_S_MAX
    while missing := len(due.keys() - decisions.keys()):
        if time.monotonic() > deadline:
            raise Fault(
                "bench.not_standing",
                f"{SETTLE_S_MAX:.0f} 秒内仍有 {missing} 个到期未被决定。",
                f"{missing} of those due were not decided within {SETTLE_S_MAX:.0f} s.",
            )
        await asyncio.sleep(LOOK_S)


async def _cores(process: psutil.Process, seconds: float) -> float:
    before = sum(process.cpu_times()[:2])
    await asyncio.sleep(seconds)
    return (sum(process.cpu_times()[:2]) - before) / seconds


def _now() -> int:
    return time.time_ns() // 1_000_000
