"""The whole system as children of one process: embedded Kafka and PostgreSQL (or a cluster), processors, API.

Owns starting in order, keeping everything alive, and stopping in order. What ends is started again; only what no
restart can mend ends everything, with its last lines: better stopped and said than limping.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import structlog

from eventlog.topics import TopicNames
from ops import disks
from ops.embedded.stack import EmbeddedStack
from ops.measures import SystemMeasures
from ops.prepare import Adopting, prepare
from ops.supervision import first_fault, keep_node, keep_part
from reference.profile import Profile
from runtime import failpoints
from runtime.children import Child, start
from runtime.faults import Fault
from runtime.metrics import process_registry, serve_metrics
from runtime.settings import Settings, load_settings

PROCESSORS = ("project", "dispatch", "clock", "react")
"""In the order of their start; they are stopped from the last to the first, so that rows are written to the end."""
PARTS = (*PROCESSORS, "api", "audit")
"""All of it: what `up` keeps alive."""
READY_S_MAX = 60.0
TRIM_S = 1.0
EMBEDDED_SESSION_S = 3.0
"""After this long a successor gets a killed processor's partitions. Our own broker allows it, a cluster may not."""
RUNNING = "running.env"
"""In the data folder, readable by its owner only: what `set -a; . FILE` needs to join the running system."""

log = structlog.get_logger("system")


class System:
    """The running parts; `env` is what a further process needs to join (it holds secrets)."""

    def __init__(self, env: dict[str, str], folder: Path, stack: EmbeddedStack | None = None) -> None:
        self.env = env
        self.registry = process_registry("system", version("liandong"))
        self._measures = SystemMeasures(self.registry, folder)
        self.parts: dict[str, Child] = {}
        self._folder = folder
        self._member = _member(folder) if stack is not None else ""
        self._stack = stack
        self._watching: asyncio.Task[Any] | None = None

    def start_part(self, name: str) -> Child:
        """Start `liandong serve NAME` as a child."""
        command = [sys.executable, "-m", "ops.serve", "serve", name]
        env = self.env | ({"LIANDONG_MEMBER": self._member} if self._member else {})
        child = start(name, command, self._folder / "logs" / f"{name}.log", env=env)
        failpoints.hit("system.part_started")
        self.parts[name] = child
        self._measures.restarts.labels(name)
        return child

    async def watch(self) -> None:
        """Keep all parts and the embedded nodes alive, for ever. Raises Fault where no restart can mend one."""
        self._watching = asyncio.current_task()
        kept = [keep_part(child, partial(self._start_again, name)) for name, child in self.parts.items()]
        if self._stack is not None:
            nodes = (self._stack.kafka_node, self._stack.postgres_node)
            kept += [keep_node(node, self._measures.restarts) for node in nodes]
            kept.append(disks.watch([node.folder for node in nodes]))
        await first_fault(*kept, self._trim_logs())

    async def stop(self) -> None:
        """Stop the parts: first who looks or lets work in, then who does it. From here on nothing is started again."""
        if self._watching is not None:
            self._watching.cancel()
        for child in reversed(self.parts.values()):
            if code := await child.stop():
                log.warning("system.part_stopped", part=child.name, code=code)
            failpoints.hit("system.part_stopped")
        self.parts.clear()

    def _start_again(self, name: str) -> Child:
        self._measures.restarts.labels(name).inc()
        return self.start_part(name)

    async def _trim_logs(self) -> None:
        while True:
            nodes = (self._stack.kafka_node, self._stack.postgres_node) if self._stack else ()
            for child in (*self.parts.values(), *(node.child for node in nodes)):
                child.trim_log()
            await asyncio.sleep(TRIM_S)


async def until_ready(address: str, tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Wait until the API there says it is ready, or one of the tasks has ended. Raises Fault `system.not_ready`.

    Where deciding stands for a hand on the running system, it is as ready as it will be: that is logged.
    """
    async with httpx.AsyncClient() as client:
        deadline = time.monotonic() + READY_S_MAX
        while time.monotonic() < deadline and not any(task.done() for task in tasks):
            try:
                answer = await client.get(f"{address}readyz")
                if answer.status_code == 200:
                    return
                if (said := answer.json()).get("code") == "line_stands":
                    log.error("system.line_stands", found=said["found"], allowed=said["allowed"], hint=said["hint"])
                    return
            except (httpx.HTTPError, ValueError):
                pass
            await asyncio.sleep(0.1)
    if any(task.done() for task in tasks):
        return
    raise Fault(
        "system.not_ready",
        f"{READY_S_MAX:.0f} 秒内未就绪。",
        f"Not ready within {READY_S_MAX:.0f} seconds.",
        hint_zh="请查看数据目录下 logs 中的日志。",
        hint_en="Look at the logs in the data folder.",
    )


def join() -> Settings:
    """The settings of this process; with no cluster named, those of the system running on its data folder."""
    settings = load_settings()
    env = settings.data_dir / RUNNING
    if settings.kafka or not env.exists():
        return settings
    pairs = (line.partition("=") for line in env.read_text().splitlines())
    os.environ.update({name: value for name, _, value in pairs})
    return load_settings()


@asynccontextmanager
async def running(
    settings: Settings,
    profile: Profile,
    parts: Sequence[str] = PROCESSORS,
    show: bool = True,
    adopting: Adopting = Adopting.FIRST,
) -> AsyncGenerator[System, None]:
    """The system with these parts, until the context is left. Raises Fault where a part cannot be started."""
    if settings.kafka and settings.postgres.get_secret_value():
        yield_env = _env(settings, settings.kafka, settings.postgres.get_secret_value())
        async with _with_parts(settings, profile, parts, yield_env, adopting) as system:
            yield system
        return
    async with EmbeddedStack(settings.data_dir, settings.cache_dir, settings.java, show) as stack:
        env = _env(settings, stack.kafka, stack.postgres)
        env.setdefault("LIANDONG_SESSION_S", str(EMBEDDED_SESSION_S))
        async with _with_parts(settings, profile, parts, env, adopting, stack) as system:
            yield system


@asynccontextmanager
async def _with_parts(
    settings: Settings,
    profile: Profile,
    parts: Sequence[str],
    env: dict[str, str],
    adopting: Adopting,
    stack: EmbeddedStack | None = None,
) -> AsyncGenerator[System, None]:
    names = TopicNames(settings.topic_prefix)
    kafka, postgres = env["LIANDONG_KAFKA"], env["LIANDONG_POSTGRES"]
    await asyncio.to_thread(prepare, kafka, postgres, names, profile, settings.replication, adopting)
    system = System(env, settings.data_dir, stack)
    try:
        for part in parts:
            system.start_part(part)
        _write_env(settings.data_dir / RUNNING, env)
        with serve_metrics(system.registry, settings.data_dir, "system", settings.host, settings.metrics_port):
            yield system
    finally:
        (settings.data_dir / RUNNING).unlink(missing_ok=True)
        await system.stop()


def _env(settings: Settings, kafka: str, postgres: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parent.parent),
        "LIANDONG_KAFKA": kafka,
        "LIANDONG_POSTGRES": postgres,
        "LIANDONG_DATA_DIR": str(settings.data_dir),
        "LIANDONG_CACHE_DIR": str(settings.cache_dir),
        "LIANDONG_PROFILE": settings.profile,
        "LIANDONG_TOPIC_PREFIX": settings.topic_prefix,
        "LIANDONG_PORT": str(settings.port),
        "LIANDONG_METRICS_PORT": "0",  # a fixed one is this process's own; its children tell theirs
        "LIANDONG_DEMO": str(settings.demo).lower(),
        "LIANDONG_MASTER_KEY": settings.master_key.get_secret_value() or _master_key(settings.data_dir),
    }


def _write_env(path: Path, env: dict[str, str]) -> None:
    path.touch(mode=0o600)
    path.write_text("".join(f"{key}={value}\n" for key, value in env.items() if key.startswith("LIANDONG_")))


def _member(data_dir: Path) -> str:
    """The name of this data folder's processors in their groups. Only where the folder is held by one system at a time,
    as the embedded broker's is: two under one name drive each other out."""
    path = data_dir / "member"
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.write_text(uuid.uuid4().hex)
        fresh.replace(path)
    return path.read_text()


def _master_key(data_dir: Path) -> str:
    path = data_dir / "master.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text()
