"""Appending: one idempotent producer for everything that is not a decision.

Owns the wait for the broker's acknowledgement. An append that returns stands in the log; one that raises may or may
not stand there, so the caller repeats it with the same action id, which is safe either way.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from domain.case.actions import Attempt
from eventlog.broker import client_security
from eventlog.position import partition_of
from eventlog.topics import TopicNames

APPEND_MS_MAX = 5_000
REQUEST_MS_MAX = 4_000
BATCH_BYTES_MAX = 256 * 1024


class LogUnreachable(Exception):
    """The broker did not acknowledge in time: the record may or may not be in the log."""

    code = "log.unreachable"


class Appender:
    """An async context manager around the producer. Safe to use from many tasks of one event loop."""

    def __init__(self, bootstrap: str, names: TopicNames, append_ms_max: int = APPEND_MS_MAX) -> None:
        self.names = names
        self._append_s_max = append_ms_max / 1000
        self._bootstrap = bootstrap
        self._encoder = msgspec.json.Encoder(order="deterministic")
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Appender:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            **client_security(),
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=REQUEST_MS_MAX,
            max_batch_size=BATCH_BYTES_MAX,
            linger_ms=0,
        )
        await producer.start()
        self._producer = producer
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._producer is not None:
            await self._producer.stop()

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
        assert self._producer is not None, "used outside its context"
        try:
            async with asyncio.timeout(self._append_s_max):
                sent = await self._producer.send(topic, value, key=key, partition=partition, headers=headers or [])
                stands = await asyncio.shield(sent)
        except (TimeoutError, KafkaError) as error:
            raise LogUnreachable(f"{topic}: {error or 'no acknowledgement in time'}") from error
        return stands.partition, stands.offset
