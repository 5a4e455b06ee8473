"""A system of the bench's own: an empty folder, nobody else at work, and gone afterwards."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from eventlog.broker import client_security
from eventlog.topics import TopicNames
from ops.embedded.kafka import free_ports
from ops.system import PARTS, System, running, until_ready
from reference.profile import Profile, load_profile
from runtime.faults import Fault
from runtime.settings import Settings, load_settings


@asynccontextmanager
async def alone(parts: Sequence[str] = PARTS) -> AsyncGenerator[tuple[Settings, Profile, System]]:
    """The system with these parts. Raises Fault `bench.not_alone` where a cluster is named.

    With an API among them it is ready, and what ends is started again; without one, nothing is started but these, once.
    """
    with TemporaryDirectory(prefix="liandong-bench-") as folder:
        port = free_ports(1)[0]
        settings = _own(load_settings()).model_copy(update={"demo": True, "data_dir": Path(folder), "port": port})
        profile = load_profile(settings.profile)
        async with running(settings, profile, parts) as system:
            if "api" not in parts:
                yield settings, profile, system
                return
            watch = asyncio.create_task(system.watch())
            await until_ready(f"http://{settings.host}:{port}/", [watch])
            try:
                yield settings, profile, system
            finally:
                watch.cancel()


@asynccontextmanager
async def own_topic(bootstrap: str, names: TopicNames) -> AsyncGenerator[str]:
    """A topic of one partition beside the system's, removed afterwards: its name."""
    topic = f"{names.prefix}bench-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **client_security())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
        yield topic
    finally:
        await admin.delete_topics([topic])
        await admin.close()


async def paced(rate: float, total: int) -> AsyncIterator[int]:
    """The numbers up to `total`, so many a second, each at its instant or at once where that has passed."""
    started = time.perf_counter()
    for number in range(total):
        wait = started + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        yield number


def _own(settings: Settings) -> Settings:
    """What the bench writes must never come into a log that somebody uses."""
    if settings.kafka or settings.postgres.get_secret_value():
        raise Fault(
            "bench.not_alone",
            "已指定 LIANDONG_KAFKA 或 LIANDONG_POSTGRES;测量只在自带的空系统上进行。",
            "LIANDONG_KAFKA or LIANDONG_POSTGRES is set; a bench runs on an empty system of its own only.",
            hint_zh="请取消这两个环境变量后重试。",
            hint_en="Unset both and try again.",
        )
    return settings
