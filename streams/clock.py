"""clock: appends a `tick` for a case when something in it falls due. It decides nothing: the decision looks itself.

Owns a heap of the next instant of every open case in its partitions. A tick that comes too early, or twice, changes
nothing (design document §1.7), so this worker may be killed, doubled or late without harm to the record.
"""

from __future__ import annotations

import asyncio
import heapq
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
from eventlog.stored import read_entry
from eventlog.tail import ends
from eventlog.topics import TopicNames
from projections import adoptions, case_state, checkpoint
from projections.returning import bring_back
from projections.steps import Adoption, Folder, Step
from reference.editions import Editions
from runtime import failpoints
from streams.asking import Asking
from streams.chunks import Chunk, Fetching
from streams.measures import TickMeasures

LOOK_MS = 20
AGAIN_MS = 250
TICKS_PER_LOOK_MAX = 500
NAMESPACE = uuid.UUID("5f0cbb0a-6f1c-5a53-9b0f-3d2f6f7c3f10")
CLOCK = Actor(person="clock", role=Role.SYSTEM)


class Clock(Asking):
    """The clock worker of some partitions of `events`."""

    name = "clock"
    pool_size = 2
    fetching = Fetching(wait_ms_max=100, bytes_min=64 * 1024)

    def __init__(self, bootstrap: str, postgres: str, names: TopicNames, log: str) -> None:
        super().__init__(bootstrap, postgres, names, log)
        self._folders: dict[int, Folder] = {}
        self._editions = Editions(bootstrap, names)
        self._in_force: dict[int, Rules] = {}
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def measure(self, registry: CollectorRegistry) -> None:
        """How late ticks are."""
        self._counted = TickMeasures(registry)
        self._counted.waiting.set_function(lambda: len(self._due))

    async def place(self, partitions: set[int]) -> dict[int, int]:
        """Load the open cases of these partitions, and go on after them."""
        rows: dict[int, checkpoint.Checkpoint] = {}
        for partition in sorted(partitions):
            async with self.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
                row = (await checkpoint.read(connection, case_state.NAME)).get(partition)
                files = await case_state.load_open(connection, partition)
                adopted = adoptions.in_force(await adoptions.read_rows(connection, partition)).get(partition)
            if row is not None:
                rows[partition] = row
            folder = Folder(partition, row, only_open=True)
            folder.put((file.id for file in files), {file.id: file for file in files})
            self._folders[partition] = folder
            if adopted is not None and adopted.version is not None:
                await self._decide_by(partition, adopted.version, adopted.since_ms)
            for file in files:
                self._note(file.id, self._next_due(partition, file.case))
            failpoints.hit("clock.partition_loaded")
        upto = await ends(self.bootstrap, self.topic)  # read last: the rows go on meanwhile, never beyond it
        for partition, row in rows.items():
            checkpoint.require_log(row, self.log, upto[partition])
        return {partition: self._folders[partition].next_offset for partition in partitions}

    def released(self, partitions: set[int]) -> None:
        """Forget the cases of these partitions."""
        for partition in partitions:
            folder = self._folders.pop(partition, None)
            self._in_force.pop(partition, None)
            for case_id in folder.files if folder else ():
                self._due.pop(case_id, None)

    async def chunks(self, chunks: Sequence[Chunk]) -> None:
        """Fold a fetch and note what falls due next."""
        for chunk in chunks:
            if folder := self._folders.get(chunk.partition):
                await self._fold(folder, chunk)

    async def _fold(self, folder: Folder, chunk: Chunk) -> None:
        touched: set[str] = set()
        for stored in chunk.records:
            entry = read_entry(stored)
            await bring_back(self.pool, folder, entry)
            step = folder.fold(entry)
            if isinstance(step, Step) and step.changed:
                touched.add(step.after.id)
                self._note(step.after.id, self._next_due(folder.partition, step.after.case))
            elif isinstance(step, Adoption):
                await self._adopt(folder, step)
        failpoints.hit("clock.folded")
        folder.forget_ended(touched)

    async def _adopt(self, folder: Folder, adoption: Adoption) -> None:
        """From here on the partition decides by other contents: cases whose grid they end have to move."""
        for event in adoption.record.events:
            await self._decide_by(folder.partition, event.version, event.at_ms)
            for file in folder.files.values():
                self._note(file.id, self._next_due(folder.partition, file.case))

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
            ticks = self._take_due(now)
            await asyncio.gather(*(self._send(case_id, due, now) for case_id, due in ticks))

    async def _send(self, case_id: str, due: int, now: int) -> None:
        """One that does not reach the log is appended again: AGAIN_MS later it is still due."""
        with suppress(LogUnreachable):
            failpoints.hit("clock.before_tick")
            await self.appender.append(_tick(case_id, due, now))
            failpoints.hit("clock.tick_appended")
            self.measures.written.inc()
            self._counted.late.observe((_now() - due) / 1000)

    def _take_due(self, now: int) -> list[tuple[str, int]]:
        ticks: list[tuple[str, int]] = []
        while self._heap and self._heap[0][0] < now and len(ticks) < TICKS_PER_LOOK_MAX:
            _, case_id = heapq.heappop(self._heap)
            due = self._due.get(case_id)
            if due is None:
                continue
            if due < now:
                ticks.append((case_id, due))
            heapq.heappush(self._heap, (max(due, now) + AGAIN_MS if due < now else due, case_id))
        return ticks

    def _note(self, case_id: str, due: int | None) -> None:
        if due is None:
            self._due.pop(case_id, None)
        elif self._due.get(case_id) != due:
            self._due[case_id] = due
            heapq.heappush(self._heap, (due, case_id))


def _now() -> int:
    return time.time_ns() // 1_000_000


def _tick(case_id: str, due: int, now: int) -> Attempt:
    action_id = str(uuid.uuid5(NAMESPACE, f"tick:{case_id}:{due}"))
    return Attempt(action_id, case_id, CLOCK, Tick(), now, "tick")
