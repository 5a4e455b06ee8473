"""The runner folds a partition's records and writes all projections' rows with their place in one transaction.

Must never commit rows without the place they stand for, or the place without the rows (decision record 0008).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from eventlog.stored import Entry
from projections import board, case_state, checkpoint, outcomes, timeline
from projections.checkpoint import Checkpoint, WrongLog
from projections.steps import Folder, Step

CHUNK_RECORDS_MAX = 2_000
NAMES = (case_state.NAME, outcomes.NAME, timeline.NAME, board.NAME)

Write = Callable[[Any, int, Sequence[Step], str], Awaitable[None]]


def writers(zone: ZoneInfo, towns: Sequence[str]) -> dict[str, Write]:
    """Projection → the function that writes its rows; the last argument is a suffix to its tables' names."""

    async def write_case_state(connection: Any, partition: int, steps: Sequence[Step], suffix: str) -> None:
        await case_state.write(connection, partition, steps, f"{case_state.NAME}{suffix}")

    async def write_outcomes(connection: Any, partition: int, steps: Sequence[Step], suffix: str) -> None:
        await outcomes.write(connection, partition, steps, f"{outcomes.NAME}{suffix}")

    async def write_timeline(connection: Any, partition: int, steps: Sequence[Step], suffix: str) -> None:
        await timeline.write(connection, partition, steps, f"{timeline.NAME}{suffix}")

    async def write_board(connection: Any, partition: int, steps: Sequence[Step], suffix: str) -> None:
        await board.write(connection, partition, steps, zone, towns, suffix)

    return {
        case_state.NAME: write_case_state,
        outcomes.NAME: write_outcomes,
        timeline.NAME: write_timeline,
        board.NAME: write_board,
    }


class Runner:
    """Folds partitions of one log. `log` is the id of the `events` topic, `zone` the city's, `towns` its townships."""

    def __init__(self, pool: Any, log: str, zone: str, towns: Sequence[str]) -> None:
        self._pool = pool
        self._log = log
        self._writers = writers(ZoneInfo(zone), towns)
        self._folders: dict[int, Folder] = {}

    async def start(self, partition: int, end: int) -> int:
        """Take up a partition where its rows stand; `end` is the log's. Gives the next offset. Raises WrongLog."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            places = {name: (await checkpoint.read(connection, name)).get(partition) for name in NAMES}
            files = await case_state.load_open(connection, partition)
        place = places[case_state.NAME]
        for name, other in places.items():
            if (other and other.next_offset) != (place and place.next_offset):
                raise WrongLog(
                    f"{name}, partition {partition}: stands elsewhere than the other projections; rebuild it"
                )
        if place is not None:
            checkpoint.require_log(place, self._log, end)
        folder = Folder(partition, place)
        folder.put((file.id for file in files), {file.id: file for file in files})
        self._folders[partition] = folder
        return folder.next_offset

    def drop(self, partition: int) -> None:
        """Let go of a partition."""
        self._folders.pop(partition, None)

    async def apply(self, partition: int, entries: Sequence[Entry]) -> list[Step]:
        """Fold records of a partition and write their rows; gives the steps. Raises Hole, asyncpg.PostgresError."""
        folder = self._folders.get(partition)
        if folder is None:
            return []
        steps: list[Step] = []
        for start in range(0, len(entries), CHUNK_RECORDS_MAX):
            steps += await self._apply(folder, entries[start : start + CHUNK_RECORDS_MAX])
        return steps

    async def _apply(self, folder: Folder, entries: Sequence[Entry]) -> list[Step]:
        async with self._pool.acquire() as connection:
            missing = folder.missing(entries)
            if missing:
                folder.put(missing, await case_state.load_files(connection, sorted(missing)))
            steps = [step for step in map(folder.fold, entries) if step is not None]
            async with connection.transaction():
                for write in self._writers.values():
                    await write(connection, folder.partition, steps, "")
                places: list[Checkpoint] = [folder.checkpoint(name, self._log) for name in NAMES]
                await checkpoint.write(connection, places)
        folder.forget_ended({step.after.id for step in steps})
        return steps
