"""react: appends what must follow elsewhere (design document §1.9): in another case, or, from an adjudication, in the
routing (`ruling`). It decides nothing and holds no rule of a case.

Owns its own place in `events`, written only after everything that follows from the records before it stands in the
log. Ids derive from origins, so a record met twice asks for nothing twice: this worker may be killed, doubled or late.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence

import structlog
from aiokafka.errors import KafkaError

from domain.case.actions import Attempt
from domain.case.following import follow_ups
from domain.case.values import Actor, Role
from domain.routing.values import Adjudication
from eventlog.append import LogUnreachable
from eventlog.position import Hole, follows
from eventlog.record import Decided, DecisionRecord
from eventlog.stored import Entry, read_entry
from eventlog.tail import ends
from eventlog.topics import TopicNames
from projections import checkpoint, rulings
from projections.adoptions import AdoptionUnderWay
from projections.checkpoint import Checkpoint
from projections.database import AWAY
from reference.editions import ContentMissing, Editions
from runtime import failpoints
from streams.asking import Asking
from streams.chunks import Chunk, Fetching
from streams.ruling import rule, rulings_of

NAME = "react"
NAMESPACE = uuid.UUID("e3b6a1a0-5d1f-5b0e-9a55-9f0f6f6c7c02")
RULE_AGAIN_S = 5.0
EDITIONS_KEPT = 2
REACTOR = Actor(person="reactor", role=Role.SYSTEM)

log = structlog.get_logger("react")


class React(Asking):
    """The reactor of some partitions of `events`."""

    name = NAME
    pool_size = 3
    fetching = Fetching(wait_ms_max=50, bytes_min=64 * 1024)

    def __init__(self, bootstrap: str, postgres: str, names: TopicNames, log: str) -> None:
        super().__init__(bootstrap, postgres, names, log)
        self._places: dict[int, Checkpoint] = {}
        self._editions = Editions(bootstrap, names, EDITIONS_KEPT)
        self._rules_wanted = asyncio.Event()
        self._rules_wanted.set()

    async def place(self, partitions: set[int]) -> dict[int, int]:
        """Go on after the last record whose consequences stand in the log. Raises WrongLog."""
        async with self.pool.acquire() as connection:
            known = await checkpoint.read(connection, NAME)
        upto = await ends(self.bootstrap, self.topic)
        for partition in sorted(partitions):
            place = known.get(partition) or Checkpoint(NAME, partition, log=self.log)
            checkpoint.require_log(place, self.log, upto[partition])
            self._places[partition] = place
        return {partition: self._places[partition].next_offset for partition in partitions}

    def released(self, partitions: set[int]) -> None:
        """Forget these partitions' places; whoever takes them reads the rows."""
        for partition in partitions:
            self._places.pop(partition, None)

    async def chunks(self, chunks: Sequence[Chunk]) -> None:
        """Append what follows from a fetch, wait until it stands, then move on. Raises Hole, LogUnreachable."""
        held = [chunk for chunk in chunks if chunk.partition in self._places]
        places: list[Checkpoint] = []
        attempts: list[Attempt] = []
        wanted: list[Adjudication] = []
        for chunk in held:
            place = self._places[chunk.partition]
            for entry in map(read_entry, chunk.records):
                place, record = _next(place, entry)
                if record is not None:
                    attempts += following(record)
                    wanted += rulings_of(record)
            places.append(place)
        await asyncio.gather(*(self._ask(attempt) for attempt in attempts))
        failpoints.hit("react.before_place")
        self.measures.written.inc(len(attempts))
        async with self.pool.acquire() as connection, connection.transaction():
            await rulings.note(connection, wanted)
            failpoints.hit("react.rulings_noted")
            await checkpoint.write(connection, places)
            failpoints.hit("react.before_commit")
        failpoints.hit("react.place_kept")
        if wanted:
            self._rules_wanted.set()
        for place in places:
            if place.partition in self._places:
                self._places[place.partition] = place

    async def _ask(self, attempt: Attempt) -> None:
        failpoints.hit("react.before_follow_up")
        await self.appender.append(attempt)
        failpoints.hit("react.follow_up_appended")

    async def alongside(self) -> None:
        """Let adjudications become rules of the routing. What cannot be done now is tried again RULE_AGAIN_S later."""
        while True:
            await self._rules_wanted.wait()
            self._rules_wanted.clear()
            try:
                waiting = await rule(self.pool, self.bootstrap, self.appender, self._editions, REACTOR)
            except (AdoptionUnderWay, LogUnreachable, ContentMissing, KafkaError, *AWAY) as error:
                log.warning("react.rules_wait", reason=repr(error))
                waiting = 1
            if waiting:
                await asyncio.sleep(RULE_AGAIN_S)
                self._rules_wanted.set()


def _next(place: Checkpoint, entry: Entry) -> tuple[Checkpoint, DecisionRecord | None]:
    """The place after one more record, and the record where something may follow from it. Raises Hole."""
    offset = entry.stored.offset
    if offset < place.next_offset:
        return place, None
    if offset > place.next_offset:
        raise Hole(place.partition, place.next_offset, offset)
    record = entry.record
    last = place.last_origin
    told = None
    if isinstance(record, Decided) and follows(last, record.origin.offset, place.partition):
        last = record.origin.offset
        told = record if isinstance(record, DecisionRecord) and record.chained else None
    return Checkpoint(place.projection, place.partition, offset + 1, last, place.log), told


def following(record: DecisionRecord) -> list[Attempt]:
    """The attempts that a decision asks of other cases, each with an id of its own for ever."""
    if record.attempt is None or not record.chained:
        return []
    asked = follow_ups(record.case, record.attempt.action, record.events, record.rejection)
    origin = f"{record.origin.topic}/{record.origin.partition}/{record.origin.offset}"
    now = time.time_ns() // 1_000_000
    return [
        Attempt(str(uuid.uuid5(NAMESPACE, f"{origin}/{number}")), case, REACTOR, action, now, "react")
        for number, (case, action) in enumerate(asked)
    ]
