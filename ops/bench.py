"""`liandong bench`: action → wall, beside the floor of a bare produce → consume in the same run."""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import psutil
import typer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from domain.case.actions import Attempt, Report
from domain.case.values import Actor, Channel, Place, Role
from eventlog.append import Appender
from eventlog.broker import client_security
from eventlog.tail import tail
from eventlog.topics import TopicNames
from ops.bench_domain import domain
from ops.bench_grid import grid
from ops.bench_memory import memory
from ops.bench_worktime import worktime
from ops.embedded.kafka import free_ports
from ops.system import PARTS, running, until_ready
from ops.wall_client import follow
from reference.profile import Profile, load_profile
from runtime.settings import Settings, load_settings

FLOOR_RECORDS = 2_000
SETTLE_S_MAX = 15.0


bench_app = typer.Typer(
    help="Measure action → wall, or with a command below something smaller.", invoke_without_command=True
)


@bench_app.callback()
def bench(
    context: typer.Context,
    rate: Annotated[int, typer.Option(help="Actions a second.")] = 200,
    seconds: Annotated[int, typer.Option(help="For how long.")] = 60,
    warm_up: Annotated[int, typer.Option(help="Seconds of the same load before, which are not counted.")] = 10,
) -> None:
    """Measure action → wall on a system of its own (new data, nobody else acts), which is removed afterwards."""
    before = psutil.cpu_times()
    if context.invoked_subcommand is not None:
        context.call_on_close(lambda: _tell_machine(before))
        return
    floor, wall = asyncio.run(_measured(rate, seconds, warm_up))
    _tell_machine(before)
    for name, found in (("produce → consume (floor)", floor), ("action → wall", wall)):
        typer.echo(f"{name:26} n {len(found):6}  p50 {_share(found, 50):7.1f} ms  p99 {_share(found, 99):7.1f} ms")
    typer.echo(
        f"ratio                      p50 {_share(wall, 50) / _share(floor, 50):.1f}  p99 "
        f"{_share(wall, 99) / _share(floor, 99):.1f}"
    )


bench_app.command()(worktime)
bench_app.command()(grid)
bench_app.command()(domain)
bench_app.command()(memory)


def _tell_machine(before: Any) -> None:
    """How many cores there are, and how much of their time since `before` was not ours."""
    spent = [after - then for after, then in zip(psutil.cpu_times(), before, strict=True)]
    stolen = getattr(psutil.cpu_times(), "steal", 0.0) - getattr(before, "steal", 0.0)
    busy = 100 - 100 * (psutil.cpu_times().idle - before.idle) / sum(spent)
    typer.echo(
        f"{os.cpu_count()} cores, {100 * stolen / sum(spent):.1f} % of their time taken by other machines, "
        f"{busy:.0f} % busy",
        err=True,
    )


async def _measured(rate: int, seconds: int, warm_up: int) -> tuple[list[float], list[float]]:
    with TemporaryDirectory(prefix="liandong-bench-") as folder:
        port = free_ports(1)[0]
        settings = load_settings().model_copy(update={"demo": True, "data_dir": Path(folder), "port": port})
        async with running(settings, load_profile(settings.profile), PARTS) as system:
            watch = asyncio.create_task(system.watch())
            await until_ready(f"http://{settings.host}:{port}/", [watch])
            try:
                return await _measure(settings, system.env["LIANDONG_KAFKA"], rate, seconds, warm_up)
            finally:
                watch.cancel()


async def _measure(
    settings: Settings, bootstrap: str, rate: int, seconds: int, warm_up: int
) -> tuple[list[float], list[float]]:
    names = TopicNames(settings.topic_prefix)
    async with Appender(bootstrap, names) as appender:
        floor = await _floor(appender, bootstrap, names, rate)
        profile = load_profile(settings.profile)
        await _wall(appender, settings, profile, rate, warm_up)
        wall = await _wall(appender, settings, profile, rate, seconds)
    return floor, wall


async def _floor(appender: Appender, bootstrap: str, names: TopicNames, rate: int) -> list[float]:
    """Bare records through a topic of the bench's own, removed afterwards."""
    topic = f"{names.prefix}bench-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **client_security())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
        return await _through(appender, bootstrap, topic, rate)
    finally:
        await admin.delete_topics([topic])
        await admin.close()


async def _through(appender: Appender, bootstrap: str, topic: str, rate: int) -> list[float]:
    sent: dict[bytes, float] = {}
    took: list[float] = []

    async def read() -> None:
        async for chunk in tail(bootstrap, topic, {0: 0}):
            now = time.perf_counter()
            took.extend((now - sent[one.key]) * 1000 for one in chunk if one.key in sent)
            if len(took) >= FLOOR_RECORDS:
                return

    reader = asyncio.create_task(read())
    sending: set[asyncio.Task[Any]] = set()
    async for number in _paced(rate, FLOOR_RECORDS):
        key = f"bench-{number}".encode()
        sent[key] = time.perf_counter()
        sending.add(asyncio.create_task(appender.append_raw(topic, 0, key, b"x" * 400)))
    await asyncio.gather(*sending)
    async with asyncio.timeout(SETTLE_S_MAX):
        await reader
    return took


async def _wall(appender: Appender, settings: Settings, profile: Profile, rate: int, seconds: int) -> list[float]:
    grids = itertools.cycle([grid.code for grid in profile.contents.grids if grid.level == 3])
    acting = Actor("acceptor", Role.ACCEPTOR, profile.about.root)
    case_class = profile.contents.standard.classes[0].code
    sent: dict[str, float] = {}
    took: list[float] = []
    total = rate * seconds
    async with follow(f"http://{settings.host}:{settings.port}") as messages:

        async def watch() -> None:
            async for frame in messages:
                now = time.perf_counter()
                for key in frame.get("c", {}):
                    if key[2:] in sent:
                        took.append((now - sent.pop(key[2:])) * 1000)
                if len(took) >= total:
                    return

        watching = asyncio.create_task(watch())
        sending: set[asyncio.Task[Any]] = set()
        async for _ in _paced(rate, total):
            case_id = str(uuid.uuid4())
            report = Report(Place(next(grids)), Channel.HOTLINE, case_class)
            now_ms = time.time_ns() // 1_000_000
            sent[case_id] = time.perf_counter()
            attempt = Attempt(str(uuid.uuid4()), case_id, acting, report, now_ms, "bench")
            sending.add(asyncio.create_task(appender.append(attempt)))
        await asyncio.gather(*sending)
        async with asyncio.timeout(SETTLE_S_MAX):
            await watching
    return took


async def _paced(rate: int, total: int) -> AsyncIterator[int]:
    started = time.perf_counter()
    for number in range(total):
        wait = started + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        yield number


def _share(found: list[float], percent: int) -> float:
    return statistics.quantiles(found, n=100)[percent - 1]
