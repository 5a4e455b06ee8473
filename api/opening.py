"""Opening: what the routes stand on is connected in the background, again and again until it is there.

The door is open meanwhile and says 503. Must never serve a board that is not folded up to where the rows stand.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
from aiokafka.errors import KafkaError as AioKafkaError
from kafka.errors import KafkaError

from api.accounts import Accounts, create_tables, seed_demo
from api.fan import Fan
from api.feed import Tickets
from api.hub import Hub
from api.parts import Parts
from api.sealing import Keys
from eventlog.append import Appender
from eventlog.topics import TopicNames, topic_ids
from projections.database import AWAY, migrate, open_pool
from reference.editions import EDITIONS_KEPT_MAX, Editions
from runtime import failpoints
from runtime.faults import EXIT_NEEDS_HAND, Fault
from runtime.garbage import spare_what_is_loaded

POOL_SIZE = 10
ANSWER_S_MAX = 3.0
OPEN_AGAIN_S = 0.5
CLOSE_S_MAX = 2.0
EXIT_HUB_STOPPED = 70
NOT_THERE = (*AWAY, KafkaError, AioKafkaError)
"""What the absence of the log or the database looks like: nothing to end for."""

log = structlog.get_logger("api")


@asynccontextmanager
async def opened(parts: Parts, bootstrap: str, postgres: str) -> AsyncGenerator[None, None]:
    """The parts for as long as the application lives; the log and the rows may come and go meanwhile."""
    parts.pool = await open_pool(postgres, POOL_SIZE, "liandong-api", answer_s_max=ANSWER_S_MAX)
    parts.accounts = Accounts(parts.pool)
    parts.keys = Keys(parts.settings.master_key.get_secret_value(), parts.pool)
    parts.tickets = Tickets()
    parts.bootstrap = bootstrap
    following = asyncio.create_task(_follow(parts, bootstrap, postgres))
    following.add_done_callback(_end_on_failure)
    yield
    following.remove_done_callback(_end_on_failure)
    following.cancel()
    await asyncio.wait([following])
    try:
        async with asyncio.timeout(CLOSE_S_MAX):
            await parts.pool.close()
    except TimeoutError:
        parts.pool.terminate()


async def _follow(parts: Parts, bootstrap: str, postgres: str) -> None:
    names = TopicNames(parts.settings.topic_prefix)
    hub = await _until_there(parts, bootstrap, postgres, names)
    spare_what_is_loaded()
    async with Appender(bootstrap, names, eager=False) as appender, asyncio.TaskGroup() as group:
        fan = Fan(hub)
        parts.ready(hub, fan, appender, Editions(bootstrap, names, EDITIONS_KEPT_MAX))
        for run in (
            hub.follow(parts.pool),
            hub.publish(),
            fan.tell(),
            fan.beat(),
            hub.marks.follow(),
            hub.letters.follow(),
            hub.audits.follow(parts.pool),
        ):
            group.create_task(run)


async def _until_there(parts: Parts, bootstrap: str, postgres: str, names: TopicNames) -> Hub:
    said = ""
    while True:
        try:
            return await _loaded(parts, bootstrap, postgres, names)
        except NOT_THERE as error:
            if repr(error) != said:
                said = repr(error)
                log.warning("api.waits", reason=said)
        await asyncio.sleep(OPEN_AGAIN_S)


async def _loaded(parts: Parts, bootstrap: str, postgres: str, names: TopicNames) -> Hub:
    profile = parts.profile
    pool = await open_pool(postgres, 1, "liandong-api-start")
    try:
        async with pool.acquire() as connection:
            await migrate(connection)
            await create_tables(connection)
            if parts.settings.demo:
                await seed_demo(connection, profile)
        ids = await asyncio.to_thread(topic_ids, bootstrap, [names.events])
        hub = Hub(
            bootstrap, names, ids[names.events], profile.about.zone, profile.towns, parts.settings.open_letters_max
        )
        failpoints.hit("api.before_load")
        await hub.load(pool)
        failpoints.hit("api.loaded")
        return hub
    finally:
        pool.terminate()


def _end_on_failure(task: asyncio.Task[None]) -> None:
    """A hub that stopped would serve an old board: end, and be started again where that can help."""
    error = task.exception() if not task.cancelled() else None
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    log.error("api.hub_stopped", reason=repr(error))
    if isinstance(error, Fault):
        print(*error.lines(), sep="\n", file=sys.stderr, flush=True)
        os._exit(EXIT_NEEDS_HAND)
    os._exit(EXIT_HUB_STOPPED)
