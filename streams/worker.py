"""One stream processor as a process: the safe subset of Faust's settings, the watchdog, the end.

Owns what every processor shares. A worker that crashed, stopped by itself, or was given no partition in time ends
with a code other than zero, so that whoever supervises it starts it again (decision record 0007): Faust alone would
log a line and sit there, joined to nothing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import faust
import msgspec
import structlog
from aiokafka.errors import KafkaError
from mode import CrashingSupervisor
from prometheus_client import CollectorRegistry

from eventlog.broker import client_security
from projections.database import AWAY
from runtime import failpoints
from runtime.faults import EXIT_NOT_THERE, Fault
from runtime.garbage import spare_what_is_loaded
from streams.chunks import FETCH_BYTES_MAX, Chunk, Fetching, Place, install
from streams.measures import Measures

WATCH_S = 0.25
DRAIN_S_MAX = 5.0
STOP_S_MAX = 6.0
REBALANCE_S_MAX = 30.0
HEARTBEATS_A_SESSION = 4
OPEN_S_MAX = 60.0
OPEN_AGAIN_S = 0.5
PREFETCH_RECORDS_MAX = 4_000
BUFFER_CHUNKS_MAX = 48
EXIT_CRASHED = 70
EXIT_NOT_ASSIGNED = 71
EXIT_STOPPED_LATE = 73

log = structlog.get_logger("worker")


class Limits(msgspec.Struct, frozen=True):
    """How long (s) the group waits for a silent member, how long a member waits for a partition, and the name under
    which a member that was killed comes back before it is missed (empty: as another one)."""

    session_s: float = 6.0
    assigned_s_max: float = 60.0
    member: str = ""


class Processor:
    """What a stream processor is made of: a group, a topic, where to start, and what to do with a chunk."""

    name: str
    topic: str
    fetching: Fetching
    measures: Measures
    hand: asyncio.Lock
    """Held while a fetch is worked through; whoever ends the worker takes it for good."""

    def measure(self, registry: CollectorRegistry) -> None:
        """Called with the process's registry before anything else: what only this processor counts is made here."""

    def join(self, app: Any) -> None:
        """Called with the Faust app before it starts."""

    async def open(self) -> None:
        """Connect to what the processor needs before it joins its group."""

    async def close(self) -> None:
        """Let go of what `open` connected to."""

    async def place(self, partitions: set[int]) -> dict[int, int]:
        """Take over partitions; gives the next offset to read in each."""
        raise NotImplementedError

    def released(self, partitions: set[int]) -> None:
        """The partitions went to somebody else, or may: whatever is under way for them stops."""

    async def chunks(self, chunks: Sequence[Chunk]) -> None:
        """Work through what one fetch brought: at most one chunk a partition."""
        raise NotImplementedError

    async def drain(self) -> None:
        """Nothing more is handed over: return when what was begun stands in the log."""

    async def alongside(self) -> None:
        """What runs beside the stream; an end of it ends the worker."""
        await asyncio.Event().wait()


def make_app(processor: Processor, group: str, bootstrap: str, folder: Path, limits: Limits) -> faust.App:
    """A Faust app for the processor: raw chunks in, no tables, no web server, nothing created on the broker."""
    app = faust.App(
        group,
        broker=[f"kafka://{server}" for server in bootstrap.split(",")],
        broker_credentials=credentials(),
        datadir=str(folder),
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        agent_supervisor=CrashingSupervisor,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        web_enabled=False,
        stream_wait_empty=False,
        stream_buffer_maxsize=BUFFER_CHUNKS_MAX,
        stream_recovery_delay=0.0,
        consumer_auto_offset_reset="none",
        consumer_group_instance_id=limits.member or None,
        consumer_max_fetch_size=FETCH_BYTES_MAX,
        broker_max_poll_records=PREFETCH_RECORDS_MAX,
        broker_session_timeout=limits.session_s,
        broker_heartbeat_interval=limits.session_s / HEARTBEATS_A_SESSION,
        broker_rebalance_timeout=REBALANCE_S_MAX,
        producer_linger=0.0,
        loghandlers=[],
    )
    install(app, processor.topic, processor.fetching, *_measured(processor))
    channel = app.topic(processor.topic, key_serializer="raw", value_serializer="fetch", internal=False)

    @app.agent(channel, concurrency=1, name=processor.name)
    async def consume(stream: Any) -> None:
        async for fetch in stream:
            if chunks := fetch.take():
                async with processor.hand:
                    with processor.measures.batch(chunks):
                        await processor.chunks(chunks)
                    failpoints.hit("worker.fetch_done")
                    log.debug("worker.fetch", records=sum(len(chunk.records) for chunk in chunks))

    app.finalize()
    return app


def _measured(processor: Processor) -> tuple[Place, Callable[[set[int]], None]]:
    """Taking and giving away partitions, noted for whoever asks where we stand."""

    async def place(partitions: set[int]) -> Mapping[int, int]:
        starts = await processor.place(partitions)
        failpoints.hit("worker.placed")
        processor.measures.took(starts)
        return starts

    def released(partitions: set[int]) -> None:
        failpoints.hit("worker.revoked")
        processor.released(partitions)
        processor.measures.released(partitions)

    return place, released


def run(
    processor: Processor, group: str, bootstrap: str, folder: Path, limits: Limits, registry: CollectorRegistry
) -> int:
    """Run the processor until it is told to stop (0) or fails (a code for whoever supervises it)."""
    folder.mkdir(parents=True, exist_ok=True)
    processor.measures = Measures(registry)
    processor.measure(registry)
    return asyncio.run(_run(processor, group, bootstrap, folder, limits))


def credentials() -> Any:
    """The arguments of every other client, in Faust's own words. Its SCRAM is aiokafka's."""
    given = client_security()
    if "sasl_mechanism" in given:
        return faust.SASLCredentials(
            username=given["sasl_plain_username"],
            password=given["sasl_plain_password"],
            ssl_context=given.get("ssl_context"),
            mechanism=given["sasl_mechanism"],
        )
    return faust.SSLCredentials(given["ssl_context"]) if given else None


async def _run(processor: Processor, group: str, bootstrap: str, folder: Path, limits: Limits) -> int:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    processor.hand = asyncio.Lock()
    if not await _opened(processor, told):
        return 0 if told.is_set() else EXIT_NOT_THERE
    failpoints.hit("worker.before_join")
    app = make_app(processor, group, bootstrap, folder, limits)
    processor.join(app)
    spare_what_is_loaded()
    asking = processor.measures.watch_lag(bootstrap, processor.topic)
    beside = [asyncio.create_task(task) for task in (processor.alongside(), asking)]
    starting = asyncio.create_task(app.start())  # it does not return from a group that it can not join
    try:
        code = await _watch(app, told, starting, beside, limits.assigned_s_max)
    except Fault as fault:
        code = _needs_hand(fault)
    except Exception:
        log.exception("worker.failed", processor=processor.name)
        code = EXIT_CRASHED
    if code:
        os._exit(code)
    for task in (*beside, starting):
        task.cancel()
    try:
        await _drain(processor, app)
    except TimeoutError:
        log.error("worker.stopped_late", processor=processor.name)
        os._exit(EXIT_STOPPED_LATE)
    return 0


async def _drain(processor: Processor, app: Any) -> None:
    """Finish the fetch in hand, see its sends acknowledged, and only then leave the group. Raises TimeoutError.

    Faust's own stop would cancel the fetch in hand wherever it is: safe for the log, but whoever waits for those
    decisions would wait for the next decider.
    """
    async with asyncio.timeout(DRAIN_S_MAX):
        await processor.hand.acquire()
        failpoints.hit("worker.before_drain")
        await processor.drain()
    failpoints.hit("worker.drained")
    async with asyncio.timeout(STOP_S_MAX):
        await app.stop()
        failpoints.hit("worker.left")
        await processor.close()
    log.info("worker.drained", processor=processor.name)


async def _opened(processor: Processor, told: asyncio.Event) -> bool:
    """Open the processor as soon as what it connects to is there; False when it is not within OPEN_S_MAX."""
    deadline = asyncio.get_running_loop().time() + OPEN_S_MAX
    while not told.is_set():
        try:
            await processor.open()
        except (*AWAY, KafkaError) as error:
            log.warning("worker.waits", processor=processor.name, reason=repr(error))
        else:
            return True
        if asyncio.get_running_loop().time() > deadline:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(OPEN_AGAIN_S):
                await told.wait()
    return False


def _needs_hand(fault: Fault) -> int:
    """Say the fault last, where a supervisor shows it, and give the code that says whose hand helps."""
    print(*fault.lines(), sep="\n", file=sys.stderr, flush=True)
    return fault.exit_code


async def _watch(
    app: Any,
    told: asyncio.Event,
    starting: asyncio.Task[None],
    beside: Sequence[asyncio.Task[None]],
    assigned_s_max: float,
) -> int:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + assigned_s_max
    while not told.is_set():
        if starting.done():
            starting.result()
        if app.crashed or app.should_stop:
            if isinstance(app.crash_reason, Fault):
                return _needs_hand(app.crash_reason)
            log.error("worker.crashed", reason=repr(app.crash_reason))
            return EXIT_CRASHED
        for task in beside:
            if task.done():
                if isinstance(fault := task.exception(), Fault):
                    return _needs_hand(fault)
                log.error("worker.side_task_ended", reason=repr(task.exception()))
                return EXIT_CRASHED
        if starting.done() and app.consumer.assignment():
            deadline = loop.time() + assigned_s_max
        elif loop.time() > deadline:
            log.error("worker.not_assigned", limit_s=assigned_s_max)
            return EXIT_NOT_ASSIGNED
        try:
            async with asyncio.timeout(WATCH_S):
                await told.wait()
        except TimeoutError:
            continue
    return 0
