"""Tailing a topic from a position: no group, no commit, every partition, in order.

Owns reading that follows the log for as long as its caller wants. It never skips: where the wanted offset is not
there any more (or not yet), it raises instead of starting somewhere else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaConnectionError, UnknownTopicOrPartitionError

from eventlog.broker import KNOWN_PAUSE_S, client_security
from eventlog.patience import wait_while_idle
from eventlog.stored import Stored

FETCH_WAIT_MS_MAX = 20
POLL_MS_MAX = 200
CHUNK_RECORDS_MAX = 5_000
FETCH_BYTES_MAX = 8 * 1024 * 1024


async def tail(bootstrap: str, topic: str, offsets: Mapping[int, int]) -> AsyncGenerator[list[Stored], None]:
    """Chunks of records from those next offsets on, for ever; an empty chunk every POLL_MS_MAX when all is read.

    What comes is given at once.
    Raises aiokafka.errors.OffsetOutOfRangeError where the log does not hold a wanted offset.
    """
    async with _reader(bootstrap, topic, offsets) as consumer:
        while True:
            fetched = await consumer.getmany(timeout_ms=POLL_MS_MAX, max_records=CHUNK_RECORDS_MAX)
            yield [stored(record) for records in fetched.values() for record in records]


async def read_to(
    bootstrap: str, topic: str, offsets: Mapping[int, int], ends: Mapping[int, int]
) -> AsyncIterator[list[Stored]]:
    """Chunks of records from `offsets` up to (not including) `ends`, and then it stops."""
    open_ends = {p: end for p, end in ends.items() if offsets.get(p, 0) < end}
    if not open_ends:
        return
    async with _reader(bootstrap, topic, {p: offsets.get(p, 0) for p in open_ends}) as consumer:
        while open_ends:
            fetched = await consumer.getmany(timeout_ms=POLL_MS_MAX, max_records=CHUNK_RECORDS_MAX)
            chunk: list[Stored] = []
            for place, records in fetched.items():
                end = ends[place.partition]
                chunk += [stored(record) for record in records if record.offset < end]
                if records and records[-1].offset + 1 >= end:
                    open_ends.pop(place.partition, None)
                    consumer.pause(place)
            if chunk:
                yield chunk


async def ends(bootstrap: str, topic: str, known_s_max: float = 0.0) -> dict[int, int]:
    """The next offset of each partition of a topic; one that asks but once may be patient (KNOWN_S_MAX).

    Raises UnknownTopicOrPartitionError where there is no such topic, another KafkaError where no broker is there, or
    one that names nobody for `known_s_max` seconds.
    """
    async with ends_reader(bootstrap, known_s_max) as read:
        return await read(topic)


async def bounds(bootstrap: str, topic: str) -> dict[int, tuple[int, int]]:
    """First offset kept and next offset of each partition. Raises UnknownTopicOrPartitionError where there is none."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, **client_security(), enable_auto_commit=False)
    try:
        await consumer.start()
        places = await _places(consumer, topic, 0.0)
        first: dict[Any, int] = await consumer.beginning_offsets(places)
        last: dict[Any, int] = await consumer.end_offsets(places)
    finally:
        await consumer.stop()
    return {place.partition: (first[place], last[place]) for place in places}


@asynccontextmanager
async def ends_reader(
    bootstrap: str, known_s_max: float = 0.0
) -> AsyncGenerator[Callable[[str], Awaitable[dict[int, int]]], None]:
    """The same for who asks again and again, and without patience then: one connection.

    Raises KafkaError; then it is to be opened anew.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, **client_security(), enable_auto_commit=False)
    known: dict[str, list[TopicPartition]] = {}

    async def read(topic: str) -> dict[int, int]:
        if topic not in known:
            known[topic] = await _places(consumer, topic, known_s_max)
        found: dict[Any, int] = await consumer.end_offsets(known[topic])
        return {place.partition: offset for place, offset in found.items()}

    try:
        await consumer.start()
        yield read
    finally:
        await consumer.stop()


def stored(record: ConsumerRecord[bytes, bytes]) -> Stored:
    """A record as the client hands it over, as ours."""
    headers = tuple(record.headers)
    return Stored(record.partition, record.offset, record.timestamp, record.key, record.value, headers)


@asynccontextmanager
async def _reader(bootstrap: str, topic: str, offsets: Mapping[int, int]) -> AsyncGenerator[Any, None]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        **client_security(),
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=FETCH_WAIT_MS_MAX,
        max_partition_fetch_bytes=FETCH_BYTES_MAX,
    )
    try:
        await consumer.start()
        places = {partition: TopicPartition(topic, partition) for partition in offsets}
        consumer.assign(list(places.values()))
        for partition, place in places.items():
            consumer.seek(place, offsets[partition])
        wait_while_idle(consumer)
        yield consumer
    finally:
        await consumer.stop()


async def _places(consumer: Any, topic: str, known_s_max: float) -> list[TopicPartition]:
    since = time.monotonic()
    while not await consumer._client.force_metadata_update():  # a topic we are not assigned to is not known yet
        if time.monotonic() - since >= known_s_max:
            raise KafkaConnectionError(topic)  # nobody answered: that says nothing of the topic
        await asyncio.sleep(KNOWN_PAUSE_S)
    partitions = consumer.partitions_for_topic(topic)
    if not partitions:
        raise UnknownTopicOrPartitionError(topic)
    return [TopicPartition(topic, partition) for partition in sorted(partitions)]
