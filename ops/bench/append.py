"""`liandong bench append`: from a person's request to its outcome, beside a bare append and a bare commit.

The load is real people of the demo, each with a token, over HTTP; it takes processor time of the same machine, which is
told beside the figures.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Any

import msgspec
import psutil
import typer
from rich.console import Console
from rich.table import Table

from eventlog.append import Appender
from eventlog.topics import TopicNames
from ops.bench.alone import alone, own_topic, paced
from ops.bench.people import People, cells, people
from ops.footprint import SERVICES
from ops.system import System
from projections.database import open_pool
from reference.profile import Profile
from runtime.logs import configure_logging

Ask = Callable[[], Awaitable[bool]]
CHANNELS = {"acceptor": "hotline", "collector": "patrol"}
"""Who reports, one of each township, and from where; together they may report 1,900 a second."""
VALUE_BYTES = 800
"""What an action takes in the log, about."""
WARM_UP_S = 10
TEXT = "路边井盖丢失"


class Answers(msgspec.Struct, frozen=True):
    """Milliseconds each took, and over how many seconds they came."""

    name: str
    took: list[float]
    seconds: float
    refused: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.took) / self.seconds

    def percentile(self, percent: int) -> float:
        """Of the answers' times, milliseconds."""
        return statistics.quantiles(self.took, n=100)[percent - 1]


class Summary(msgspec.Struct, frozen=True):
    """Answers in short: times in milliseconds, the rate a second."""

    name: str
    n: int
    rate: float
    p50: float
    p99: float
    refused: int


def append(
    rate: Annotated[int, typer.Option(help="Actions a second, evenly paced.")] = 200,
    seconds: Annotated[int, typer.Option(help="For how long, each.")] = 60,
    hands: Annotated[int, typer.Option(help="Requests under way at once, at most.")] = 64,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything measured as JSON.")] = False,
) -> None:
    """Measure request → outcome, paced and as fast as it goes, beside an append and a commit that do nothing else."""
    configure_logging("error", "bench")
    found, spent = asyncio.run(_measured(rate, seconds, hands))
    if as_json:
        told = [Summary(o.name, len(o.took), o.rate, o.percentile(50), o.percentile(99), o.refused) for o in found]
        typer.echo(msgspec.json.encode(told))
        return
    lines = Table("", "n", "a second", "p50 ms", "p99 ms", "not answered")
    for one in found:
        times = (f"{one.percentile(50):.1f}", f"{one.percentile(99):.1f}")
        lines.add_row(one.name, f"{len(one.took):,}", f"{one.rate:,.0f}", *times, str(one.refused))
    Console(width=120).print(lines)
    for name, cores in spent.items():
        told = ", ".join(f"{part} {share:.2f}" for part, share in cores.items())
        typer.echo(f"cores, {name}: {told}; all {sum(cores.values()):.2f}")


async def _measured(rate: int, seconds: int, hands: int) -> tuple[list[Answers], dict[str, dict[str, float]]]:
    async with alone() as (settings, profile, system):
        kafka, names = system.env["LIANDONG_KAFKA"], TopicNames(settings.topic_prefix)
        pool = await open_pool(system.env["LIANDONG_POSTGRES"], hands, "liandong-bench")
        try:
            async with (
                Appender(kafka, names) as appender,
                own_topic(kafka, names) as topic,
                people(settings, hands) as asking,
            ):
                ask = await reports(asking, profile)
                await pool.execute("create table bench_floor (id text primary key, value bytea)")
                send, commit = _appends(appender, topic), _commits(pool)
                await _at("", ask, rate, WARM_UP_S)
                found = [
                    await _at(f"append, acknowledged (floor), {rate}/s", send, rate, seconds),
                    await _at(f"insert, committed (floor), {rate}/s", commit, rate, seconds),
                ]
                spent: dict[str, dict[str, float]] = {}

                async def asked(answers: Awaitable[Answers]) -> None:
                    before, began = _spent(system), time.monotonic()
                    found.append(await answers)
                    spent[found[-1].name] = _cores(before, _spent(system), time.monotonic() - began)

                await asked(_at(f"request → outcome, {rate}/s", ask, rate, seconds))
                found.append(await _most(f"append (floor), {hands} at once", send, hands, seconds))
                found.append(await _most(f"insert (floor), {hands} at once", commit, hands, seconds))
                await asked(_most(f"request → outcome, {hands} at once", ask, hands, seconds))
        finally:
            await pool.close()
    return found, spent


async def _at(name: str, ask: Ask, rate: int, seconds: int) -> Answers:
    """Evenly paced; an answer's time counts from when it was to be asked, also where no hand was free then."""
    took: list[float] = []
    refused = 0

    async def once(due: float) -> None:
        nonlocal refused
        if await ask():
            took.append((time.perf_counter() - due) * 1000)
        else:
            refused += 1

    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        async for number in paced(rate, rate * seconds):
            tasks.create_task(once(began + number / rate))
    return Answers(name, took, time.perf_counter() - began, refused)


async def _most(name: str, ask: Ask, hands: int, seconds: int) -> Answers:
    """As fast as that many hands get answers."""
    took: list[float] = []
    refused = 0
    until = time.perf_counter() + seconds

    async def hand() -> None:
        nonlocal refused
        while (began := time.perf_counter()) < until:
            if await ask():
                took.append((time.perf_counter() - began) * 1000)
            else:
                refused += 1

    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(hands):
            tasks.create_task(hand())
    return Answers(name, took, time.perf_counter() - began, refused)


async def reports(asking: People, profile: Profile) -> Ask:
    """The next of everybody who may report a case reports one and waits for the outcome."""
    turns: list[tuple[str, dict[str, Any]]] = []
    for town, cell in cells(profile).items():
        for role, channel in CHANNELS.items():
            turns.append((f"{role}-{town}", {"place": {"grid": cell}, "channel": channel, "text": TEXT}))
    await asking.enter(who for who, _ in turns)
    next_turn = itertools.cycle(turns)

    async def ask() -> bool:
        who, report = next(next_turn)
        return await asking.ask(who, "/api/cases", {**report, "action_id": str(uuid.uuid4())}) is not None

    return ask


def _appends(appender: Appender, topic: str) -> Ask:
    """One record appended to that topic, acknowledged."""
    value = b"x" * VALUE_BYTES

    async def send() -> bool:
        await appender.append_raw(topic, 0, b"bench", value)
        return True

    return send


def _commits(pool: Any) -> Ask:
    """One row inserted in a transaction of its own, committed to disk."""
    value = b"x" * VALUE_BYTES

    async def commit() -> bool:
        async with pool.acquire() as connection:
            await connection.execute("insert into bench_floor values ($1, $2)", str(uuid.uuid4()), value)
        return True

    return commit


Spent = dict[int, tuple[str, float]]


def _spent(system: System) -> Spent:
    """Process id → part, service or `load` (this process), and its seconds of processor time so far."""
    names = {child.pid: name for name, child in system.parts.items()} | {os.getpid(): "load"}
    found: Spent = {}
    keeper = psutil.Process()
    for process in (keeper, *keeper.children(recursive=True)):
        with suppress(psutil.Error):
            name, times = process.name(), process.cpu_times()
            found[process.pid] = (names.get(process.pid) or SERVICES.get(name, name), times.user + times.system)
    return found


def _cores(before: Spent, after: Spent, seconds: float) -> dict[str, float]:
    """Cores that each took between the two looks; what ended between them is not counted."""
    found: dict[str, float] = defaultdict(float)
    for pid, (name, spent) in after.items():
        found[name] += (spent - before.get(pid, ("", 0.0))[1]) / seconds
    return dict(sorted(found.items()))
