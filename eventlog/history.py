"""Read-only history through kafka-python: a second, independent client between the record and the auditor.

Owns reading a topic from its beginning to its present end. Nothing of ours stands in between: no projection, no
decider. It blocks, so it never runs on an event loop.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from kafka import KafkaConsumer
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from eventlog.broker import KNOWN_PAUSE_S, KNOWN_S_MAX, client_security
from eventlog.position import partition_of
from eventlog.stored import Entry, Stored, read_entry
from eventlog.topics import TopicNames

POLL_MS_MAX = 1_000
SILENT_POLLS_MAX = 20
CHUNK_RECORDS_MAX = 2_000


class HistoryStalled(Exception):
    """The broker gave nothing for SILENT_POLLS_MAX polls although the partition's end was not reached."""

    code = "log.stalled"


def records(bootstrap: str, topic: str, partitions: list[int] | None = None) -> Iterator[Stored]:
    """Every record from the beginning to the end found at the start, partition by partition, in order.

    What may pass is asked again at the start, for KNOWN_S_MAX. Raises kafka.errors.KafkaError where the cluster does
    not answer, HistoryStalled where it stops answering.
    """
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        **client_security(),
        enable_auto_commit=False,
        group_id=None,
        auto_offset_reset="earliest",
        max_poll_records=CHUNK_RECORDS_MAX,
    )
    try:
        known = _partitions(consumer, topic)
        wanted = sorted(known if partitions is None else known.intersection(partitions))
        places = [TopicPartition(topic, partition) for partition in wanted]
        ends = consumer.end_offsets(places) if places else {}
        for place in places:
            yield from _one(consumer, place, ends[place])
    finally:
        consumer.close()


def case_history(bootstrap: str, names: TopicNames, case_id: str) -> Iterator[Entry]:
    """The records of `events` that speak of one case, oldest first. Raises Unreadable, KafkaError."""
    key = case_id.encode()
    for stored in records(bootstrap, names.events, [partition_of(case_id)]):
        if stored.key == key:
            yield read_entry(stored)


def _partitions(consumer: Any, topic: str) -> set[int]:
    since = time.monotonic()
    while True:
        try:
            return consumer.partitions_for_topic(topic) or set()
        except KafkaError as error:
            if not error.retriable or time.monotonic() - since >= KNOWN_S_MAX:
                raise
        time.sleep(KNOWN_PAUSE_S)


def _one(consumer: Any, place: Any, end: int) -> Iterator[Stored]:
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    position, silent = consumer.position(place), 0
    while position < end:
        fetched = consumer.poll(timeout_ms=POLL_MS_MAX).get(place, [])
        silent = 0 if fetched else silent + 1
        if silent > SILENT_POLLS_MAX:
            raise HistoryStalled(f"{place.topic}, partition {place.partition}: nothing after {position}")
        for record in fetched:
            if record.offset >= end:
                return
            position = record.offset + 1
            headers = tuple(record.headers or ())
            yield Stored(record.partition, record.offset, record.timestamp, record.key, record.value, headers)
