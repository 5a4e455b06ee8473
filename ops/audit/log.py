"""The auditor's way to the log: kafka-python, another client than the live path's, one connection for its whole life.

Owns reading a partition of `events` up to a given offset, and no further. One partition at a time is assigned to the
client: of what it fetches of others and holds back while they are paused it hands out no more (kafka-python 3.0.12).
It blocks, so it never runs on an event loop.
"""

from __future__ import annotations

import threading
import time
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
FETCH_WAIT_MS_MAX = 10
"""What is asked for is there. Only the next fetch, under way when another partition's turn comes, would wait longer."""
SILENT_S_MAX = 30.0


class Ending(Exception):
    """The process was told to end amid reading."""

    code = "audit.ending"


class Log:
    """The records of `events`. Once `ending` is set, whoever reads is interrupted."""

    def __init__(self, bootstrap: str, topic: str, ending: threading.Event) -> None:
        """Raises kafka.errors.KafkaError, also where there is no such topic."""
        self._ending = ending
        self._consumer: Any = KafkaConsumer(
            bootstrap_servers=bootstrap,
            **client_security(),
            enable_auto_commit=False,
            group_id=None,
            auto_offset_reset="earliest",  # where the log lost records the auditor meets a hole
            max_poll_records=CHUNK_RECORDS_MAX,
            fetch_max_wait_ms=FETCH_WAIT_MS_MAX,
            **WAITS,
        )
        try:
            known = self._consumer.partitions_for_topic(topic)
            if not known:
                raise UnknownTopicOrPartitionError(topic)
        except BaseException:
            self._consumer.close()
            raise
        self._places = {partition: TopicPartition(topic, partition) for partition in known}

    @property
    def partitions(self) -> list[int]:
        """All there are."""
        return sorted(self._places)

    def ends(self) -> Mapping[int, int]:
        """The next offset of each partition. Raises KafkaError."""
        found = self._consumer.end_offsets(list(self._places.values()))
        return {place.partition: end for place, end in found.items()}

    def upto(self, partition: int, end: int, after: int) -> Iterator[tuple[int, int, bytes]]:
        """Offset, the log's time (ms) and value of each record from `after` up to `end`, itself not included; each once
        and in order. Not to be begun before another one has come to its end.

        Raises KafkaError; HistoryStalled where nothing comes for SILENT_S_MAX although it is not there yet; Ending.
        """
        if after >= end:
            return
        place, since = self._places[partition], time.monotonic()
        self._consumer.assign([place])
        self._consumer.seek(place, after)
        while after < end:
            if self._ending.is_set():
                raise Ending(f"events, partition {partition}, at {after}")
            records = self._consumer.poll(timeout_ms=POLL_MS_MAX).get(place, ())
            if records:
                since = time.monotonic()
            elif time.monotonic() - since > SILENT_S_MAX:
                raise HistoryStalled(f"events, partition {partition}: nothing after {after - 1}")
            for record in records:
                if record.offset >= end:
                    return
                after = record.offset + 1
                yield record.offset, record.timestamp, record.value

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
