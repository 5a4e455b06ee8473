"""The auditor's way to the log: kafka-python, another client than the live path's, one connection for its whole life.

Owns reading every partition of `events` up to a given offset, and no further: what came beyond it waits here.
It blocks, so it never runs on an event loop.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from kafka import KafkaConsumer
from kafka.errors import UnknownTopicOrPartitionError
from kafka.structs import TopicPartition

from eventlog.broker import client_security
from eventlog.history import HistoryStalled

POLL_MS_MAX = 1_000
WAITS: dict[str, Any] = {"bootstrap_timeout_ms": 5_000, "request_timeout_ms": 5_000}
"""At most, for a broker and for an answer; kafka-python's own would be half a minute."""
CHUNK_RECORDS_MAX = 2_000
AHEAD_RECORDS_MAX = 200
"""Of a partition, read and not asked for yet: it is not read on until they are."""
SILENT_S_MAX = 30.0


class Ending(Exception):
    """The process was told to end amid reading."""

    code = "audit.ending"


class Log:
    """The records of `events` from `starts` on (0 where a partition is not named), each once and in order.

    Once `ending` is set, whoever reads is interrupted.
    """

    def __init__(self, bootstrap: str, topic: str, starts: Mapping[int, int], ending: threading.Event) -> None:
        """Raises kafka.errors.KafkaError, also where there is no such topic."""
        self._ending = ending
        self._consumer: Any = KafkaConsumer(
            bootstrap_servers=bootstrap,
            **client_security(),
            enable_auto_commit=False,
            group_id=None,
            auto_offset_reset="earliest",  # where the log lost records the auditor meets a hole
            max_poll_records=CHUNK_RECORDS_MAX,
            **WAITS,
        )
        known = self._consumer.partitions_for_topic(topic)
        if not known:
            self._consumer.close()
            raise UnknownTopicOrPartitionError(topic)
        self._places = {partition: TopicPartition(topic, partition) for partition in known}
        self._consumer.assign(list(self._places.values()))
        for partition, place in self._places.items():
            self._consumer.seek(place, starts.get(partition, 0))
        self._read: dict[int, deque[Any]] = {partition: deque() for partition in self._places}

    @property
    def partitions(self) -> list[int]:
        """All there are."""
        return sorted(self._places)

    def ends(self) -> Mapping[int, int]:
        """The next offset of each partition. Raises KafkaError."""
        found = self._consumer.end_offsets(list(self._places.values()))
        return {place.partition: end for place, end in found.items()}

    def upto(self, partition: int, end: int, after: int) -> Iterator[tuple[int, int, bytes]]:
        """Offset, the log's time (ms) and value of each record from `after` up to `end`, itself not included.

        Raises KafkaError; HistoryStalled where nothing comes for SILENT_S_MAX although it is not there yet; Ending.
        """
        waiting, since = self._read[partition], time.monotonic()
        while after < end:
            while not waiting:
                if self._ending.is_set():
                    raise Ending(f"events, partition {partition}, at {after}")
                self._poll()
                if not waiting and time.monotonic() - since > SILENT_S_MAX:
                    raise HistoryStalled(f"events, partition {partition}: nothing after {after - 1}")
            if waiting[0].offset >= end:
                return
            record = waiting.popleft()
            after, since = record.offset + 1, time.monotonic()
            yield record.offset, record.timestamp, record.value

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()

    def _poll(self) -> None:
        full = [self._places[p] for p, waiting in self._read.items() if len(waiting) > AHEAD_RECORDS_MAX]
        self._consumer.pause(*full)
        for place, records in self._consumer.poll(timeout_ms=POLL_MS_MAX).items():
            self._read[place.partition].extend(records)
        self._consumer.resume(*full)
