"""dispatch: the one writer. It reads `actions`, folds the pure rules, and appends one record to `events` an offset.

Owns the taking of a partition: the takeover record is acknowledged before anything else. What is decided goes out by
the `pipeline`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from domain.adoption.actions import AdoptionAttempt
from domain.adoption.state import InForce
from domain.adoption.values import KEY
from domain.case.actions import Attempt
from eventlog.casefile import CaseFile
from eventlog.letters import write_letter
from eventlog.numbering import Series
from eventlog.open_letters import OpenLetters
from eventlog.record import Decided, DecisionRecord, LogRecord, Origin, Outcome, TakeoverRecord, encode, headers
from eventlog.stored import Stored, read_entry
from eventlog.tail import ends, read_to
from eventlog.topics import TopicNames
from eventlog.verdict import Arrived, Unread, examine
from projections import adoptions, case_state, checkpoint
from projections.database import migrate, open_pool
from reference.editions import Editions
from runtime import failpoints
from runtime.faults import Fault
from streams.chunks import Chunk, Fetching
from streams.docket import Docket
from streams.measures import DecisionMeasures
from streams.pipeline import Pipeline
from streams.rows import ROWS_AGAIN_S, files_and_places
from streams.worker import Processor

POOL_SIZE = 2
UNSAVED_TIMES_MAX = 2
"""How many times the files that may be at hand are those that the rows do not hold yet. Beyond it deciding waits."""
EDITIONS_AT_START = 2
"""Read before joining, so that the first fetch is worked through as quickly as any other."""

Read = tuple[Arrived, Attempt | AdoptionAttempt | Unread]

log = structlog.get_logger("dispatch")


class WrongLog(Fault):
    """The log is not the one that was written before: nobody decides on it until a person looks."""

    def __init__(self, found: str) -> None:
        super().__init__(
            "log.wrong",
            f"这不是之前写入的那份日志:{found}。",
            f"This is not the log that was written before: {found}.",
            hint_zh="在有人查看之前不会作任何决定。请核对 LIANDONG_KAFKA 指向的集群,"
            "或从备份恢复主题 actions 与 events。",
            hint_en="Nobody decides until a person has looked: see which cluster LIANDONG_KAFKA names, or restore the "
            "topics actions and events from a backup.",
        )


class Dispatch(Processor):
    """The decider as a stream processor."""

    name = "dispatch"
    fetching = Fetching(wait_ms_max=8, bytes_min=8 * 1024)
    """The first action after a pause is fetched at once; then those of 8 ms are decided together, for a fetch, its look
    at the rows and its sends cost as much for one as for ten."""

    def __init__(
        self,
        bootstrap: str,
        postgres: str,
        names: TopicNames,
        topic_ids: Mapping[str, str],
        editions: Editions,
        letters: OpenLetters,
        zone: str,
        release: str,
        worker: str,
        files_max: int,
    ) -> None:
        self.topic = names.actions
        self._app: Any = None
        self._bootstrap = bootstrap
        self._postgres = postgres
        self._names = names
        self._actions_id = topic_ids[names.actions]
        self._events_id = topic_ids[names.events]
        self._editions = editions
        self._letters = letters
        self._zone = zone
        self._release = release
        self._worker = worker
        self._files_max = files_max
        self._source = f"urn:liandong:log:{self._events_id}"
        self._dockets: dict[int, Docket] = {}
        self._pipeline: Pipeline | None = None
        self._pool: Any = None

    def measure(self, registry: CollectorRegistry) -> None:
        """Outcomes, takeovers, sends in flight."""
        self._counted = DecisionMeasures(registry)
        self._counted.in_flight.set_function(lambda: self._pipeline.in_flight if self._pipeline else 0)

    def join(self, app: Any) -> None:
        """Decisions go out through Faust's own producer, made idempotent."""
        self._app = app
        self._pipeline = Pipeline(app)

    async def open(self) -> None:
        """Connect to the rows, and take no partition while too many letters are open. Raises TooManyLetters."""
        await self._letters.load()
        self._letters.require()
        self._pool = self._pool or await open_pool(self._postgres, POOL_SIZE, "liandong-dispatch")
        async with self._pool.acquire() as connection:
            await migrate(connection)
        await self._editions.newest(EDITIONS_AT_START)

    async def close(self) -> None:
        await self._pool.close()

    async def alongside(self) -> None:
        """What people do with letters, and letters of other deciders, are counted as they come."""
        await self._letters.follow()

    def released(self, partitions: set[int]) -> None:
        for partition in partitions:
            if docket := self._dockets.pop(partition, None):
                docket.held = False

    async def place(self, partitions: set[int]) -> dict[int, int]:
        """Take over: state up to the end, the takeover record, what a former holder wrote before it, then go on."""
        failpoints.hit("dispatch.before_place")
        self._letters.require()
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            rows = await checkpoint.read(connection, case_state.NAME)
            adopted = adoptions.in_force(await adoptions.read_rows(connection))
        failpoints.hit("dispatch.rows_read")
        upto = await ends(self._bootstrap, self._names.events)
        actions_upto = await ends(self._bootstrap, self._names.actions)
        starts: dict[int, int] = {}
        taken: dict[int, Docket] = {}
        for partition in sorted(partitions):
            row = rows.get(partition)
            if row is not None:
                self._require_this_log(row, upto[partition])
            # One record back: the last one known tells which `actions` it was decided from.
            starts[partition] = max(row.next_offset - 1, 0) if row else 0
            last, series = (row.last_origin, Series(row.series_day, row.series_last)) if row else (-1, Series())
            docket = Docket(partition, last, series, self._zone, adopted.get(partition, InForce()))
            docket.shelf.saved(last)
            taken[partition] = docket
        await self._fold_tail(taken, starts, {p: upto[p] for p in partitions})
        failpoints.hit("dispatch.before_takeover")
        sent = {partition: await self._take(docket) for partition, docket in taken.items()}
        stands = {partition: await self._stands(acknowledged) for partition, acknowledged in sent.items()}
        await self._fold_tail(taken, {p: upto[p] for p in partitions}, stands)
        for partition, docket in taken.items():
            if actions_upto[partition] < docket.last_origin + 1:
                raise WrongLog(f"actions, partition {partition}: the log ends before the last decision")
            docket.taken()
        self._counted.takeovers.inc(len(taken))
        log.info("dispatch.took", partitions=sorted(partitions), worker=self._worker)
        # Only now: a fetch left over from an earlier holding must not meet a docket whose state is not complete yet.
        self._dockets.update(taken)
        failpoints.hit("dispatch.took")
        return {partition: docket.last_origin + 1 for partition, docket in taken.items()}

    async def chunks(self, chunks: Sequence[Chunk]) -> None:
        await self._require_room()
        held = [(self._dockets[chunk.partition], chunk) for chunk in chunks if chunk.partition in self._dockets]
        failpoints.hit("dispatch.fetch_begun")
        arrived = [(docket, [self._arrived(stored) for stored in chunk.records]) for docket, chunk in held]
        wanted = {docket: _cases(here) for docket, here in arrived}
        await self._fetch(wanted)
        await self._wait_for_rows(wanted)
        for docket, here in arrived:
            await self._editions.require(docket.versions(_cases(here)) | _adopted(here))
        await self._copy(arrived)
        failpoints.hit("dispatch.before_decisions")
        outcomes: Counter[Outcome] = Counter()
        for docket, here in arrived:
            for one, attempt in here:
                if not docket.held:
                    break
                known = None if isinstance(attempt, Unread) else attempt
                decided = docket.decide(one, known, self._editions.rules, self._release)
                if decided is not None:
                    failpoints.hit("dispatch.decided")
                    await self._send(*decided)
                    outcomes[decided[0].outcome] += 1
                    _tell(decided[0])
            failpoints.hit("dispatch.mid_batch")
        self.measures.written.inc(outcomes.total())
        self._counted.note_versions(docket.in_force.version for docket in self._dockets.values())
        for outcome, count in outcomes.items():
            self._counted.outcomes[outcome].inc(count)

    async def drain(self) -> None:
        """Wait until the broker has acknowledged every decision sent."""
        assert self._pipeline is not None, "joined before it is drained"
        await self._pipeline.drain()

    def _arrived(self, stored: Stored) -> Read:
        origin = Origin(self._actions_id, stored.partition, stored.offset)
        arrived = Arrived(origin, stored.time_ms, stored.key, stored.value)
        return arrived, examine(arrived)

    async def _fetch(self, wanted: Mapping[Docket, set[str]]) -> None:
        """Bring the files that are not at hand, and let others go for them."""
        missing = {docket: ids for docket, found in wanted.items() if (ids := docket.shelf.missing(found))}
        if not missing:
            return
        files, saved = await self._files(sorted(set[str]().union(*missing.values())), missing)
        for docket, ids in missing.items():
            docket.shelf.put(ids, files)
            docket.shelf.saved(saved.get(docket.partition, -1))
            docket.shelf.trim(self._files_max, wanted[docket])

    async def _wait_for_rows(self, dockets: Iterable[Docket]) -> None:
        """Where `project` is away, files pile up that can not be let go: there is an end to it."""
        most = UNSAVED_TIMES_MAX * self._files_max
        for docket in dockets:
            if docket.shelf.unsaved > most:
                log.warning("dispatch.waits_for_rows", partition=docket.partition, unsaved=docket.shelf.unsaved)
            while docket.held and docket.shelf.unsaved > most:
                await asyncio.sleep(ROWS_AGAIN_S)
                _, saved = await self._files([], [docket])
                docket.shelf.saved(saved.get(docket.partition, -1))

    async def _files(
        self, ids: Sequence[str], dockets: Collection[Docket]
    ) -> tuple[Mapping[str, CaseFile], Mapping[int, int]]:
        def stood() -> dict[int, int]:
            return {docket.partition: docket.shelf.saved_upto for docket in dockets if docket.held}

        return await files_and_places(self._pool, ids, self.name, stood)

    async def _fold_tail(self, taken: Mapping[int, Docket], starts: dict[int, int], upto: dict[int, int]) -> None:
        async for chunk in read_to(self._bootstrap, self._names.events, starts, upto):
            entries = [read_entry(stored) for stored in chunk]
            for partition in {entry.stored.partition for entry in entries}:
                docket = taken[partition]
                here = [entry for entry in entries if entry.stored.partition == partition]
                ids = {e.record.case for e in here if isinstance(e.record, DecisionRecord) and e.record.case}
                await self._fetch({docket: ids})
                for entry in here:
                    self._require_these_actions(entry.record)
                    docket.fold(entry)

    async def _take(self, docket: Docket) -> Any:
        record = TakeoverRecord(
            partition=docket.partition,
            topic=self._actions_id,
            next_offset=docket.last_origin + 1,
            worker=self._worker,
            release=self._release,
        )
        marks = headers(record, self._source)
        acknowledged = await self._app.producer.send(
            self._names.events, b"takeover", encode(record), docket.partition, None, marks
        )
        failpoints.hit("dispatch.takeover_sent")
        return acknowledged

    async def _stands(self, takeover: Any) -> int:
        offset: int = (await takeover).offset
        failpoints.hit("dispatch.takeover_acked")
        return offset

    async def _require_room(self) -> None:
        """Raises TooManyLetters once everything begun stands in the log; nothing of this fetch is decided then."""
        if self._letters.exceeded:
            await self.drain()
            self._letters.require()

    async def _copy(self, arrived: Sequence[tuple[Docket, Sequence[Read]]]) -> None:
        """Copy what can not be decoded, all acknowledged before any of it is decided: a decision that says so never
        stands without its letter, whoever is killed in between. Who decides it then copies it once more, and the fold
        of the letters knows it by its key."""
        sent: list[tuple[bytes, asyncio.Future[Any]]] = []
        assert self._pipeline is not None, "joined before it is fed"
        for docket, here in arrived:
            for one, found in here:
                if isinstance(found, Unread) and one.origin.offset > docket.last_origin:
                    failpoints.hit("dispatch.before_dead_letter")
                    key, value, marks = write_letter(one, found)
                    sent.append((key, await self._pipeline.send(self._names.dead_letters, 0, key, value, marks)))
                    failpoints.hit("dispatch.dead_letter_sent")
        for key, future in sent:
            self._letters.note(key, (await future).offset)

    async def _send(self, record: Decided, value: bytes) -> None:
        assert self._pipeline is not None, "joined before it is fed"
        key = record.case if isinstance(record, DecisionRecord) else KEY
        marks = headers(record, self._source)
        await self._pipeline.send(self._names.events, record.origin.partition, key.encode(), value, marks)
        failpoints.hit("dispatch.sent")

    def _require_these_actions(self, record: LogRecord) -> None:
        decided = record.origin.topic if isinstance(record, Decided) else record.topic
        if decided != self._actions_id:
            raise WrongLog(f"actions: decided so far {decided}, now {self._actions_id}")

    def _require_this_log(self, row: checkpoint.Checkpoint, end: int) -> None:
        if row.log != self._events_id:
            raise WrongLog(f"events: the rows speak of {row.log}, the cluster of {self._events_id}")
        if row.next_offset > end:
            raise WrongLog(f"events, partition {row.partition}: the rows are ahead ({row.next_offset} > {end})")


def _tell(record: Decided) -> None:
    action = record.attempt.id if record.attempt else None
    place = {"partition": record.origin.partition, "offset": record.origin.offset}
    case = record.case if isinstance(record, DecisionRecord) else KEY
    log.debug("dispatch.decided", action=action, case=case, outcome=record.outcome, **place)


def _cases(here: Sequence[Read]) -> set[str]:
    return {attempt.case for _, attempt in here if isinstance(attempt, Attempt)}


def _adopted(here: Sequence[Read]) -> set[str]:
    return {attempt.action.version for _, attempt in here if isinstance(attempt, AdoptionAttempt)}
