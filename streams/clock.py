"""clock: appends a `tick` for a case when something in it falls due. It decides nothing: the decision looks itself.

Owns the next instant of every open case in its partitions; the cases' files it holds as few of as the decider does. A
tick that comes too early, or twice, changes nothing (design document §1.7), so this worker may be killed, doubled or
late without harm to the record.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress

from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from domain.case.actions import Attempt, Tick
from domain.case.frame import Rules
from domain.case.rehoming import rehoming_due_ms
from domain.case.state import Case
from domain.case.values import Actor, Role
from eventlog.append import LogUnreachable
from eventlog.casefile import CaseFile
from eventlog.stored import Entry, read_entry
from eventlog.tail import ends
from eventlog.topics import TopicNames
from projections import adoptions, case_state, checkpoint
from projections.steps import Adoption, Folder, Step
from reference.editions import Editions
from runtime import failpoints
from streams.agenda import Agenda
from streams.asking import Asking
from streams.chunks import Chunk, Fetching
from streams.measures import TickMeasures
from streams.rows import files_and_places

LOOK_MS = 20
TICKS_PER_LOOK_MAX = 500
NAMESPACE = uuid.UUID("5f0cbb0a-6f1c-5a53-9b0f-3d2f6f7c3f10")
CLOCK = Actor(person="clock", role=Role.SYSTEM)


class Clock(Asking):
    """The clock worker of some partitions of `events`."""

    name = "clock"
    pool_size = 2
    fetching = Fetching(wait_ms_max=100, bytes_min=64 * 1024)

    def __init__(self, bootstrap: str, postgres: str, names: TopicNames, log: str, files_max: int) -> None:
        """`files_max` case files a partition stay at hand, others are fetched again."""
        super().__init__(bootstrap, postgres, names, log)
        self._files_max = files_max
        self._folders: dict[int, Folder] = {}
        self._editions = Editions(bootstrap, names)
        self._in_force: dict[int, Rules] = {}
        self._agenda = Agenda()

    def measure(self, registry: CollectorRegistry) -> None:
        """How late ticks are."""
        self._counted = TickMeasures(registry)
        self._counted.waiting.set_function(lambda: len(self._agenda))

    async def place(self, partitions: set[int]) -> dict[int, int]:
        """Note what falls due in the open cases of these partitions, and go on after them."""
        rows: dict[int, checkpoint.Checkpoint] = {}
        for partition in sorted(partitions):
            async with self.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
                row = (await checkpoint.read(connection, case_state.NAME)).get(partition)
                adopted = adoptions.in_force(await adoptions.read_rows(connection, partition)).get(partition)
                if adopted is not None and adopted.version is not None:
                    await self._decide_by(partition, adopted.version, adopted.since_ms)
                async for file in case_state.each_open(connection, partition):
                    self._agenda.note(partition, file.id, self._next_due(partition, file.case))
            if row is not None:
                rows[partition] = row
            self._folders[partition] = Folder(partition, row, ahead=True)
            failpoints.hit("clock.partition_loaded")
        upto = await ends(self.bootstrap, self.topic)  # read last: the rows go on meanwhile, never beyond it
        for partition, row in rows.items():
            checkpoint.require_log(row, self.log, upto[partition])
        return {partition: self._folders[partition].next_offset for partition in partitions}

    def released(self, partitions: set[int]) -> None:
        """Forget the cases of these partitions."""
        for partition in partitions:
            self._folders.pop(partition, None)
            self._in_force.pop(partition, None)
            self._agenda.forget(partition)

    async def chunks(self, chunks: Sequence[Chunk]) -> None:
        """Fold a fetch and note what falls due next. Raises asyncpg.PostgresError."""
        held = [(self._folders[chunk.partition], chunk) for chunk in chunks if chunk.partition in self._folders]
        read = [(folder, [read_entry(stored) for stored in chunk.records]) for folder, chunk in held]
        await self._fetch(read)
        for folder, entries in read:
            if self._holds(folder):
                await self._fold(folder, entries)

    async def _fetch(self, read: Sequence[tuple[Folder, Sequence[Entry]]]) -> None:
        """Bring the files that are not at hand, and let others go for them.

        A file that is fetched may be ahead of these records; it is never behind what was folded here (`Shelf`).
        """
        missing = [(folder, ids) for folder, entries in read if (ids := folder.missing(entries))]
        if not missing:
            return
        wanted = sorted({case_id for _, ids in missing for case_id in ids})
        files, saved = await files_and_places(
            self.pool, wanted, self.name, lambda: {f.partition: f.saved_upto for f, _ in missing if self._holds(f)}
        )
        for folder, ids in missing:
            folder.put(ids, files)
            folder.saved(saved.get(folder.partition, -1))
            for case_id in ids & files.keys():
                self._note(folder, files[case_id])

    async def _fold(self, folder: Folder, entries: Sequence[Entry]) -> None:
        for entry in entries:
            step = folder.fold(entry)
            if isinstance(step, Step) and step.changed:
                self._note(folder, step.after)
            elif isinstance(step, Adoption):
                await self._adopt(folder, step)
        failpoints.hit("clock.folded")
        folder.trim(self._files_max)

    async def _adopt(self, folder: Folder, adoption: Adoption) -> None:
        """From here on the partition decides by other contents: cases whose grid they end have to move."""
        for event in adoption.record.events:
            await self._editions.require([event.version])
            if self._holds(folder):
                await self._decide_by(folder.partition, event.version, event.at_ms)
        await files_and_places(
            self.pool, [], self.name, lambda: {folder.partition: folder.saved_upto} if self._holds(folder) else {}
        )
        async with self.pool.acquire() as connection, connection.transaction():
            async for file in case_state.each_open(connection, folder.partition):
                if file.id not in folder.files:
                    self._note(folder, file)
        for file in folder.files.values():
            self._note(folder, file)

    async def _decide_by(self, partition: int, version: str, since_ms: int) -> None:
        await self._editions.require([version])
        self._in_force[partition] = replace(self._editions.rules[version], since_ms=since_ms)

    def _next_due(self, partition: int, case: Case | None) -> int | None:
        """The earliest instant at which a decision would say something by itself; None if none is known."""
        if case is None or not case.open:
            return None
        rules = self._in_force.get(partition)
        due = (case.next_due_ms, rehoming_due_ms(case, rules) if rules else None)
        return min((instant for instant in due if instant is not None), default=None)

    async def alongside(self) -> None:
        """Look every LOOK_MS for what fell due, and append its ticks."""
        while True:
            await asyncio.sleep(LOOK_MS / 1000)
            now = _now()
            ticks = self._agenda.take(now, TICKS_PER_LOOK_MAX)
            await asyncio.gather(*(self._send(case_id, due, now) for case_id, due in ticks))

    async def _send(self, case_id: str, due: int, now: int) -> None:
        """One that does not reach the log is appended again: a moment later it is still due."""
        with suppress(LogUnreachable):
            failpoints.hit("clock.before_tick")
            await self.appender.append(_tick(case_id, due, now))
            failpoints.hit("clock.tick_appended")
            self.measures.written.inc()
            self._counted.late.observe((_now() - due) / 1000)

    def _note(self, folder: Folder, file: CaseFile) -> None:
        if self._holds(folder):
            self._agenda.note(folder.partition, file.id, self._next_due(folder.partition, file.case))

    def _holds(self, folder: Folder) -> bool:
        """False once the partition was given away, though it may have come back: then by another folder."""
        return self._folders.get(folder.partition) is folder


def _now() -> int:
    return time.time_ns() // 1_000_000


def _tick(case_id: str, due: int, now: int) -> Attempt:
    action_id = str(uuid.uuid5(NAMESPACE, f"tick:{case_id}:{due}"))
    return Attempt(action_id, case_id, CLOCK, Tick(), now, "tick")
