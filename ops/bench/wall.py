"""`liandong bench wall`: action → wall, beside the floor of a bare produce → consume in the same run."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
import uuid
from typing import Annotated, Any

import msgspec
import typer

from domain.case.actions import Attempt, Report
from domain.case.values import Actor, Channel, Place, Role
from eventlog.append import Appender
from eventlog.tail import tail
from eventlog.topics import TopicNames
from ops.bench.alone import alone, own_topic, paced
from ops.wall_client import follow
from reference.profile import Profile, load_profile
from runtime.logs import configure_logging
from runtime.settings import Settings

FLOOR_RECORDS = 2_000
SETTLE_S_MAX = 15.0


class Times(msgspec.Struct, frozen=True):
    """Milliseconds, and of how many."""

    p50: float
    p99: float
    n: int


class Shown(msgspec.Struct, frozen=True):
    """A bare record through one topic, and an action to the wall."""

    floor: Times
    shown: Times


def wall(
    rate: Annotated[int, typer.Option(help="Actions a second.")] = 200,
    seconds: Annotated[int, typer.Option(help="For how long.")] = 60,
    warm_up: Annotated[int, typer.Option(help="Seconds of the same load before, which are not counted.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything measured as JSON.")] = False,
) -> None:
    """Measure action → wall on a system of its own (new data, nobody else acts), which is removed afterwards."""
    configure_logging("error", "bench")
    floor, shown = asyncio.run(_measured(rate, seconds, warm_up))
    if as_json:
        typer.echo(msgspec.json.encode(Shown(*(Times(_share(f, 50), _share(f, 99), len(f)) for f in (floor, shown)))))
        return
    for name, found in (("produce → consume (floor)", floor), ("action → wall", shown)):
        typer.echo(f"{name:26} n {len(found):6}  p50 {_share(found, 50):7.1f} ms  p99 {_share(found, 99):7.1f} ms")
    typer.echo(
        f"ratio                      p50 {_share(shown, 50) / _share(floor, 50):.1f}  p99 "
        f"{_share(shown, 99) / _share(floor, 99):.1f}"
    )


async def _measured(rate: int, seconds: int, warm_up: int) -> tuple[list[float], list[float]]:
    async with alone() as (settings, _, system):
        return await _measure(settings, system.env["LIANDONG_KAFKA"], rate, seconds, warm_up)


async def _measure(
    settings: Settings, bootstrap: str, rate: int, seconds: int, warm_up: int
) -> tuple[list[float], list[float]]:
    names = TopicNames(settings.topic_prefix)
    async with Appender(bootstrap, names) as appender:
        async with own_topic(bootstrap, names) as topic:
            floor = await _through(appender, bootstrap, topic, rate)
        profile = load_profile(settings.profile)
        await _wall(appender, settings, profile, rate, warm_up)
        wall = await _wall(appender, settings, profile, rate, seconds)
    return floor, wall


async def _through(appender: Appender, bootstrap: str, topic: str, rate: int) -> list[float]:
    """Bare records."""
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
    async for number in paced(rate, FLOOR_RECORDS):
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
        async for _ in paced(rate, total):
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


def _share(found: list[float], percent: int) -> float:
    return statistics.quantiles(found, n=100)[percent - 1]
