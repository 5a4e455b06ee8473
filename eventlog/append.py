"""Appending: one idempotent producer for everything that is not a decision.

Owns the wait for the broker's acknowledgement. An append that returns stands in the log; one that raises may or may
not stand there, so the caller repeats it with the same action id, which is safe either way.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from domain.case.actions import Attempt
from eventlog.broker import client_security
from eventlog.position import partition_of
from eventlog.topics import TopicNames
from runtime import failpoints

APPEND_MS_MAX = 5_000
BULK_MS_MAX = 60_000
"""For who appends thousands, or a whole city's beginning: the broker's bad moments are waited through."""
REQUEST_MS_MAX = 4_000
BATCH_BYTES_MAX = 256 * 1024
RETIRE_S_MAX = 5.0


class LogUnreachable(Exception):
    """The broker did not acknowledge in time: the record may or may not be in the log."""

    code = "log.unreachable"


class Appender:
    """An async context manager around the producer. Safe to use from many tasks of one event loop."""

    def __init__(
        self, bootstrap: str, names: TopicNames, append_ms_max: int = APPEND_MS_MAX, *, eager: bool = True
    ) -> None:
        """Unless `eager`, the first append connects: the context may be entered while the log is away."""
        self.names = names
        self._append_s_max = append_ms_max / 1000
        self._eager = eager
        self._bootstrap = bootstrap
        self._encoder = msgspec.json.Encoder(order="deterministic")
        self._producer: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Appender:
        if self._eager:
            await self._ready()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._producer is not None:
            self._retire(self._producer)
        await asyncio.gather(*self._retiring)

    async def append(self, attempt: Attempt) -> tuple[int, int]:
        """Append an attempt to `actions`; gives partition and offset. Raises LogUnreachable."""
        return await self.append_raw(
            self.names.actions,
            partition_of(attempt.case),
            attempt.case.encode(),
            self._encoder.encode(attempt),
        )

    async def append_raw(
        self,
        topic: str,
        partition: int,
        key: bytes,
        value: bytes,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> tuple[int, int]:
        """Append bytes; gives partition and offset. Raises LogUnreachable."""
        sent: asyncio.Future[Any] | None = None
        try:
            async with asyncio.timeout(self._append_s_max):
                producer = await self._ready()
                failpoints.hit("appender.before_send")
                try:
                    sent = await producer.send(topic, value, key=key, partition=partition, headers=headers or [])
                    failpoints.hit("appender.sent")
                    stands = await asyncio.shield(sent)
                except KafkaError:
                    self._retire(producer)
                    raise
        except (TimeoutError, KafkaError, OSError) as error:
            if sent is not None:
                sent.add_done_callback(_look_away)
            raise LogUnreachable(f"{topic}: {error or 'no acknowledgement in time'}") from error
        failpoints.hit("appender.acked")
        return stands.partition, stands.offset

    async def _ready(self) -> AIOKafkaProducer:
        async with self._opening:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    **client_security(),
                    acks="all",
                    enable_idempotence=True,
                    request_timeout_ms=REQUEST_MS_MAX,
                    max_batch_size=BATCH_BYTES_MAX,
                    linger_ms=0,
                )
                try:
                    await producer.start()
                except BaseException:
                    self._dismiss(producer)
                    raise
                self._producer = producer
            return self._producer

    def _retire(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
            self._dismiss(producer)

    def _dismiss(self, producer: AIOKafkaProducer) -> None:
        """What it still holds is sent if it can be, for RETIRE_S_MAX; the next append gets another producer."""
        task = asyncio.create_task(_stopped(producer))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)


async def _stopped(producer: AIOKafkaProducer) -> None:
    with suppress(TimeoutError, KafkaError, OSError):
        async with asyncio.timeout(RETIRE_S_MAX):
            await producer.stop()
        return
    # What it could not send is given up, and so is the task that would try for ever (aiokafka leaves it running).
    with suppress(TimeoutError, KafkaError, OSError):
        async with asyncio.timeout(RETIRE_S_MAX):
            await producer._sender.close()  # pyright: ignore[reportPrivateUsage]
            await producer.client.close()


def _look_away(sent: asyncio.Future[Any]) -> None:
    """Whoever waited was told already; what became of it is in the log."""
    if not sent.cancelled():
        sent.exception()
