"""project: folds `events` into PostgreSQL, rows and place in one transaction (decision record 0008)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prometheus_client import CollectorRegistry

from eventlog.stored import read_entry
from eventlog.tail import ends
from eventlog.topics import TopicNames
from projections.checkpoint import WrongLog
from projections.database import migrate, open_pool
from projections.runner import Runner
from streams.chunks import Chunk, Fetching
from streams.measures import RowMeasures
from streams.worker import Processor

POOL_SIZE = 2


class Project(Processor):
    """The writer of all projections' rows; a partition goes on where its rows stand."""

    name = "project"
    fetching = Fetching(wait_ms_max=50, bytes_min=64 * 1024)

    def __init__(
        self,
        bootstrap: str,
        postgres: str,
        names: TopicNames,
        log: str,
        zone: str,
        towns: Sequence[str],
        files_max: int,
    ) -> None:
        self.topic = names.events
        self._bootstrap = bootstrap
        self._postgres = postgres
        self._log = log
        self._zone = zone
        self._towns = towns
        self._files_max = files_max
        self._pool: Any = None
        self._runner: Runner | None = None

    def measure(self, registry: CollectorRegistry) -> None:
        """How long transactions take."""
        self._counted = RowMeasures(registry)

    async def open(self) -> None:
        """Connect and make the tables that are missing."""
        self._pool = self._pool or await open_pool(self._postgres, POOL_SIZE, "liandong-project", durable=False)
        async with self._pool.acquire() as connection:
            await migrate(connection)
        took = self._counted.transactions.observe
        self._runner = Runner(self._pool, self._log, self._zone, self._towns, self._files_max, took)

    async def close(self) -> None:
        """Let go of the database."""
        await self._pool.close()

    async def place(self, partitions: set[int]) -> dict[int, int]:
        """Where the rows of these partitions stand."""
        assert self._runner is not None, "opened before it is placed"
        upto = await ends(self._bootstrap, self.topic)
        return {partition: await self._start(self._runner, partition, upto[partition]) for partition in partitions}

    async def _start(self, runner: Runner, partition: int, end: int) -> int:
        try:
            return await runner.start(partition, end)
        except WrongLog:  # a former holder may have written on after the end was read: only a second look tells
            return await runner.start(partition, (await ends(self._bootstrap, self.topic))[partition])

    def released(self, partitions: set[int]) -> None:
        """Drop the partitions' folds; whoever takes them reads the rows."""
        if self._runner is not None:
            for partition in partitions:
                self._runner.drop(partition)

    async def chunks(self, chunks: Sequence[Chunk]) -> None:
        """Fold a fetch and write its rows in one transaction."""
        assert self._runner is not None, "opened before it is fed"
        steps = await self._runner.apply([read_entry(stored) for chunk in chunks for stored in chunk.records])
        self.measures.written.inc(len(steps))
