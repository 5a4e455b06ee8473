"""Faust's transport as we use it: whole chunks, our own starting place, an idempotent producer.

Owns every override of Faust's private parts (pinned versions; decision records 0003 and 0007; the test
`tests/unit/test_faust_pin.py` fails when a new version moves them). What must never happen: a partition that
starts at the group's commit, a message lost because an agent failed, a send out of order.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

import faust
import msgspec
from faust.serializers.codecs import Codec, register
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from eventlog.patience import wait_while_idle
from eventlog.stored import Stored
from eventlog.tail import stored

BATCH_BYTES_MAX = 256 * 1024
FETCH_BYTES_MAX = 4 * 1024 * 1024
"""Of all partitions together: what a processor has read ahead is some of these, however long the log is."""

Place = Callable[[set[int]], Awaitable[Mapping[int, int]]]
"""Partitions newly held → the next offset to read in each."""


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """The records of one partition that came in one fetch, in order."""

    partition: int
    records: list[Stored]


class Fetch:
    """All chunks of one fetch. The agent meets it once for each partition and takes it whole the first time."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []

    def take(self) -> list[Chunk]:
        """The chunks; nothing the next time."""
        taken, self.chunks = self.chunks, []
        return taken


class _AsIs(Codec):
    def loads(self, s: Any) -> Any:
        return s

    def dumps(self, obj: Any) -> Any:
        return obj


register("fetch", _AsIs())


class Fetching(msgspec.Struct, frozen=True):
    """How long (ms) the broker may hold a fetch back while it has fewer bytes than wanted.

    Every fetch costs about a millisecond on either side, so whoever need not be the first fetches seldom. After one
    that brought nothing the next one waits longer, and for one byte (`eventlog.patience`).
    """

    wait_ms_max: int
    bytes_min: int


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The stock thread with our waits: Faust fixes them at 1,500 ms and one byte."""

    fetching: ClassVar[Fetching]

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = self.fetching.wait_ms_max
        consumer._fetch_min_bytes = self.fetching.bytes_min
        consumer._fetch_max_bytes = FETCH_BYTES_MAX
        return consumer

    async def on_start(self) -> None:
        await super().on_start()
        wait_while_idle(self._consumer)


class ChunkConsumer(driver.Consumer):
    """Hands each fetch to the agent as one event a partition and starts each partition at the place we say."""

    place: ClassVar[Place]
    released: ClassVar[Callable[[set[int]], None]]
    topic: ClassVar[str]
    thread: ClassVar[type[ConsumerThread]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places: dict[TP, int] = {}
        self._placing = asyncio.Lock()
        self._turn = 0
        self._given_away = False

    def _new_consumer_thread(self) -> ConsumerThread:
        return self.thread(self, loop=self.loop, beacon=self.beacon)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self._turn += 1
        self._given_away = True
        type(self).released({tp.partition for tp in revoked if tp.topic == self.topic})
        for tp in revoked:
            self._places.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self._turn += 1
        self._given_away = False
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        async with self._placing:
            while not await self._taken_over():
                pass
            places = {tp: self._places[tp] for tp in self._held()}
            await self.seek_wait(places)
            return places

    def _held(self) -> set[TP]:
        """What is ours now: nothing between a revocation and the assignment after it, whatever the client says."""
        return set() if self._given_away else {tp for tp in self.assignment() if tp.topic == self.topic}

    async def _taken_over(self) -> bool:
        """Take over what is newly held. False if it was given away meanwhile: then nothing of it was taken, and what is
        held now is another assignment's."""
        new, turn = self._held() - self._places.keys(), self._turn
        if not new:
            return True
        partitions, taken = {tp.partition for tp in new}, False
        try:
            starts = await type(self).place(partitions)
            taken = turn == self._turn
        finally:
            if not taken:
                type(self).released(partitions)
        if taken:
            self._places.update({tp: starts[tp.partition] for tp in new})
        return taken

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109  # Faust's signature
        turn, placing = self._turn, self._placing.locked()
        fetched = await self._thread.getmany(active_partitions, timeout)
        if not self.flow_active:  # Faust hands nothing on now: it seeks back to our places, which have to stay
            return {}
        moved = placing or self._placing.locked() or turn != self._turn
        fetch = Fetch()
        events: dict[TP, list[Any]] = {}
        for tp, records in fetched.items():
            if not records or tp not in self._places or (moved and records[0].offset != self._places[tp]):
                continue  # not ours (any more), or read at a place of before: that is not what is to be read next
            last = records[-1]
            self._places[tp] = last.offset + 1
            fetch.chunks.append(Chunk(last.partition, [stored(record) for record in records]))
            events[tp] = [_as_one(last, fetch)]
        return events

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Between two chunks' last offsets lie the first chunk's records, not a gap."""

    def _new_offset(self, tp: TP) -> int | None:
        acked = self._acked[tp]
        waiting = [message.offset for message in self._unacked_messages if message.tp == tp and not message.acked]
        low = min(waiting, default=None)
        done = [offset for offset in acked if low is None or offset < low]
        if not done:
            return None
        acked[:] = [offset for offset in acked if offset not in done]
        self._acked_index[tp].difference_update(done)
        return max(done) + 1


class IdempotentProducer(driver.Producer):
    """Faust has no setting for idempotence outside `exactly_once` (design document §1.4)."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True, "max_batch_size": BATCH_BYTES_MAX}


def install(app: faust.App, topic: str, fetching: Fetching, place: Place, released: Callable[[set[int]], None]) -> None:
    """Give an app this transport for `topic`."""
    ours = {
        "topic": topic,
        "thread": type("Thread", (ConsumerThread,), {"fetching": fetching}),
        "place": staticmethod(place),
        "released": staticmethod(released),
    }
    consumer = type("Consumer", (ChunkConsumer,), ours)
    transport = type("Transport", (driver.Transport,), {"Consumer": consumer, "Producer": IdempotentProducer})
    app.transport = transport([*app.conf.broker], app)
    app.producer_transport = app.transport


def _as_one(last: Any, fetch: Fetch) -> Any:
    return SimpleNamespace(
        topic=last.topic,
        partition=last.partition,
        offset=last.offset,
        timestamp=last.timestamp,
        timestamp_type=last.timestamp_type,
        headers=(),
        key=None,
        value=fetch,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
    )
