"""What the processors count: names with their units, and how cheaply.

Owns every metric of a processor. Nothing here is done for a single record: children are bound once, and counts go up
by a whole fetch.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter as Counted
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from eventlog.record import Outcome
from eventlog.tail import ends_reader
from streams.chunks import Chunk

LAG_EVERY_S = 5.0
LAG_S_MAX = 4.0
UNKNOWN_ASKS_MAX = 2
"""So often in a row a broker may not know the topic before it counts as deleted: one that just came up learns late."""
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
RECORDS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)
LATE_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300)

log = structlog.get_logger("worker")


class Measures:
    """What every processor counts, whatever it does."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.read = Counter("liandong_records_read", "Records taken from the log", registry=registry)
        self.written = Counter(
            "liandong_records_written",
            "Records written: decisions sent, records whose rows are committed, ticks and follow-ups appended",
            registry=registry,
        )
        self._records = Histogram("liandong_batch_records", "Records of one fetch", registry=registry, buckets=RECORDS)
        self._seconds = Histogram(
            "liandong_batch_seconds", "Working through one fetch", registry=registry, buckets=SECONDS
        )
        self._position = Gauge("liandong_position_offset", "Next offset to read", ["partition"], registry=registry)
        self._lag = Gauge(
            "liandong_lag_records",
            f"Records of the topic not worked through yet, asked every {LAG_EVERY_S:g} s; NaN: the broker did not say",
            ["partition"],
            registry=registry,
        )
        self._places: dict[int, int] = {}
        self._positions: dict[int, Gauge] = {}

    def took(self, starts: Mapping[int, int]) -> None:
        """These partitions were given to us, each to be read from there on."""
        for partition, start in starts.items():
            self._positions[partition] = self._position.labels(str(partition))
            self._lag.labels(str(partition)).set(math.nan)
            self._move(partition, start)

    def released(self, partitions: Iterable[int]) -> None:
        """These are no longer ours: nobody may read an old number as ours."""
        for partition in partitions:
            if self._places.pop(partition, None) is not None:
                del self._positions[partition]
                self._position.remove(str(partition))
                self._lag.remove(str(partition))

    @contextmanager
    def batch(self, chunks: Sequence[Chunk]) -> Iterator[None]:
        """Count one fetch, which is worked through inside the context."""
        started = time.perf_counter()
        count = sum(len(chunk.records) for chunk in chunks)
        self.read.inc(count)
        self._records.observe(count)
        yield
        self._seconds.observe(time.perf_counter() - started)
        for chunk in chunks:
            if chunk.partition in self._places:
                self._move(chunk.partition, chunk.records[-1].offset + 1)

    async def watch_lag(self, bootstrap: str, topic: str) -> None:
        """Ask every LAG_EVERY_S where the topic ends. A broker that does not answer makes the lag NaN.

        Raises UnknownTopicOrPartitionError, which ends the worker, where brokers say UNKNOWN_ASKS_MAX times in a row
        that there is no such topic: a member that came back under its old name is not always told so by its group.
        """
        unknown = 0
        while True:
            try:
                async with ends_reader(bootstrap) as read:
                    while True:
                        async with asyncio.timeout(LAG_S_MAX):
                            self._note_ends(await read(topic))
                        unknown = 0
                        await asyncio.sleep(LAG_EVERY_S)
            except (KafkaError, OSError, TimeoutError) as error:
                unknown = unknown + 1 if isinstance(error, UnknownTopicOrPartitionError) else 0
                if unknown >= UNKNOWN_ASKS_MAX:
                    raise
                log.warning("worker.lag_unknown", reason=repr(error))
                self._note_ends({})
                await asyncio.sleep(LAG_EVERY_S)

    def _note_ends(self, ends: Mapping[int, int]) -> None:
        for partition, place in self._places.items():
            end = ends.get(partition)
            self._lag.labels(str(partition)).set(math.nan if end is None else max(end - place, 0))

    def _move(self, partition: int, place: int) -> None:
        self._places[partition] = place
        self._positions[partition].set(place)


class DecisionMeasures:
    """What the decider counts besides: outcomes, takeovers, and what is sent but not acknowledged."""

    def __init__(self, registry: CollectorRegistry) -> None:
        decisions = Counter("liandong_decisions", "Decisions by outcome", ["outcome"], registry=registry)
        self.outcomes = {outcome: decisions.labels(str(outcome)) for outcome in Outcome}
        self.takeovers = Counter("liandong_takeovers", "Partitions taken over", registry=registry)
        self.in_flight = Gauge("liandong_in_flight_records", "Sent, not acknowledged yet", registry=registry)
        self._in_force = Gauge(
            "liandong_in_force_partitions",
            "Partitions of this decider by the version of the contents (its first 12 digits) that they decide by",
            ["version"],
            registry=registry,
        )
        self._versions: Counted[str] = Counted()

    def note_versions(self, versions: Iterable[str | None]) -> None:
        """What each held partition decides by; more than one version for long is an adoption that was not finished."""
        counted = Counted(version[:12] if version else "none" for version in versions)
        if counted != self._versions:
            self._in_force.clear()
            for version, count in counted.items():
                self._in_force.labels(version).set(count)
            self._versions = counted


class RowMeasures:
    """What the writer of rows measures besides."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.transactions = Histogram(
            "liandong_transaction_seconds",
            "One transaction of rows and places",
            registry=registry,
            buckets=SECONDS,
        )


class TickMeasures:
    """What the clock measures besides."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.late = Histogram(
            "liandong_tick_late_seconds",
            "From the instant that fell due to the tick that stands in the log",
            registry=registry,
            buckets=LATE_SECONDS,
        )
        self.waiting = Gauge("liandong_clock_cases", "Open cases with an instant ahead", registry=registry)
