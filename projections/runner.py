"""The runner folds records and writes all projections' rows with their place in one transaction.

Must never commit rows without the place they stand for, or the place without the rows (decision record 0008).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from eventlog.stored import Entry
from projections import (
    adoptions,
    board,
    breaches,
    case_state,
    checkpoint,
    daily,
    duties,
    facts,
    ledger,
    outcomes,
    registers,
    stage_clocks,
    timeline,
    workload,
)
from projections.checkpoint import Checkpoint, WrongLog
from projections.steps import Adoption, Folder, Step
from projections.towns import Towns
from runtime import failpoints

CHUNK_RECORDS_MAX = 2_000
LANES = 2
LANE_RECORDS_MIN = 250
NAMES = (
    *(adoptions.NAME, case_state.NAME, outcomes.NAME, timeline.NAME),
    *(board.NAME, facts.NAME, daily.NAME, ledger.NAME, duties.NAME, registers.NAME, breaches.NAME),
    *(workload.NAME, stage_clocks.NAME),
)


class Folded(msgspec.Struct, frozen=True):
    """What some records were: steps of cases, and adoptions."""

    steps: list[Step]
    adoptions: list[Adoption]


Write = Callable[[Any, Folded, str], Awaitable[None]]
Fill = Callable[[Any, int], Awaitable[None]]


def fills(zone: ZoneInfo) -> dict[str, Fill]:
    """Projections that came with a later release: what fills a partition's rows from those of the first ones; `daily`
    is filled from the facts, so it comes after them."""

    async def fill_daily(connection: Any, partition: int) -> None:
        await daily.fill(connection, partition, zone)

    return {
        facts.NAME: facts.fill,
        daily.NAME: fill_daily,
        ledger.NAME: ledger.fill,
        duties.NAME: duties.fill,
        registers.NAME: registers.fill,
        breaches.NAME: breaches.fill,
        workload.NAME: workload.fill,
        stage_clocks.NAME: stage_clocks.fill,
    }


def fold(folders: Mapping[int, Folder], entries: Sequence[Entry], towns: Mapping[int, Towns]) -> Folded:
    """Fold records, each with its partition's folder and townships. Raises Hole."""
    folded = Folded([], [])
    for entry in entries:
        partition = entry.stored.partition
        one = folders[partition].fold(entry)
        if isinstance(one, Step):
            folded.steps.append(towns[partition].place(one))
        elif one is not None:
            folded.adoptions.append(one)
            for event in one.record.events:
                towns[partition].adopt(event.towns)
    return folded


def writers(zone: ZoneInfo) -> dict[str, Write]:
    """Projection → the function that writes its rows; the last argument is a suffix to its tables' names. Those that
    are one fold have the same function."""

    async def write_adoptions(connection: Any, folded: Folded, suffix: str) -> None:
        await adoptions.write(connection, folded.adoptions, f"{adoptions.NAME}{suffix}")

    async def write_case_state(connection: Any, folded: Folded, suffix: str) -> None:
        await case_state.write(connection, folded.steps, f"{case_state.NAME}{suffix}")

    async def write_outcomes(connection: Any, folded: Folded, suffix: str) -> None:
        await outcomes.write(connection, folded.steps, f"{outcomes.NAME}{suffix}")

    async def write_timeline(connection: Any, folded: Folded, suffix: str) -> None:
        await timeline.write(connection, folded.steps, f"{timeline.NAME}{suffix}")

    async def write_board(connection: Any, folded: Folded, suffix: str) -> None:
        await board.write(connection, folded.steps, zone, suffix)

    async def write_facts(connection: Any, folded: Folded, suffix: str) -> None:
        changes = await facts.write(connection, folded.steps, f"{facts.NAME}{suffix}")
        await daily.write(connection, changes, zone, f"{daily.NAME}{suffix}")

    async def write_ledger(connection: Any, folded: Folded, suffix: str) -> None:
        await ledger.write(connection, folded.steps, suffix)

    async def write_duties(connection: Any, folded: Folded, suffix: str) -> None:
        await duties.write(connection, folded.steps, f"{duties.NAME}{suffix}")

    async def write_registers(connection: Any, folded: Folded, suffix: str) -> None:
        await registers.write(connection, folded.steps, f"{registers.NAME}{suffix}")

    async def write_breaches(connection: Any, folded: Folded, suffix: str) -> None:
        await breaches.write(connection, folded.steps, f"{breaches.NAME}{suffix}")

    async def write_workload(connection: Any, folded: Folded, suffix: str) -> None:
        await workload.write(connection, folded.steps, f"{workload.NAME}{suffix}")

    async def write_stage_clocks(connection: Any, folded: Folded, suffix: str) -> None:
        await stage_clocks.write(connection, folded.steps, f"{stage_clocks.NAME}{suffix}")

    return {
        adoptions.NAME: write_adoptions,
        case_state.NAME: write_case_state,
        outcomes.NAME: write_outcomes,
        timeline.NAME: write_timeline,
        board.NAME: write_board,
        facts.NAME: write_facts,
        daily.NAME: write_facts,
        ledger.NAME: write_ledger,
        duties.NAME: write_duties,
        registers.NAME: write_registers,
        breaches.NAME: write_breaches,
        workload.NAME: write_workload,
        stage_clocks.NAME: write_stage_clocks,
    }


def lanes(entries: Sequence[Entry]) -> list[Sequence[Entry]]:
    """The records in the LANES portions that are folded and written side by side, each with its own partitions: while
    one waits for the database the other is folded. Few records stay together: one transaction costs less than two."""
    if len(entries) < LANE_RECORDS_MIN * LANES:
        return [entries]
    order = {partition: at for at, partition in enumerate(sorted({entry.stored.partition for entry in entries}))}
    found: list[list[Entry]] = [[] for _ in range(LANES)]
    for entry in entries:
        found[order[entry.stored.partition] % LANES].append(entry)
    return [lane for lane in found if lane]


class Runner:
    """Folds partitions of one log. `log` is the id of the `events` topic, `zone` the city's, `towns` its townships
    before it met an adoption. `files_max` case files a partition stay at hand, others are loaded again; `took` is told
    how long (s) each transaction was."""

    def __init__(
        self,
        pool: Any,
        log: str,
        zone: str,
        towns: Sequence[str],
        files_max: int,
        took: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._pool = pool
        self._log = log
        self._files_max = files_max
        self._took = took
        self._before = towns
        self._writers = tuple(dict.fromkeys(writers(ZoneInfo(zone)).values()))
        self._fills = fills(ZoneInfo(zone))
        self._folders: dict[int, Folder] = {}
        self._towns: dict[int, Towns] = {}

    async def start(self, partition: int, end: int) -> int:
        """Take up a partition where its rows stand; `end` is the log's. Gives the next offset. Raises WrongLog."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            places = {name: (await checkpoint.read(connection, name)).get(partition) for name in NAMES}
            adopted = await adoptions.read_rows(connection, partition)
            homes = await board.read_towns(connection, partition)
        place = places[case_state.NAME]
        failpoints.hit("project.rows_read")
        for name, fill in self._fills.items():
            if place is not None and places[name] is None:
                places[name] = await self._fill(name, fill, place)
        for name, other in places.items():
            if (other and other.next_offset) != (place and place.next_offset):
                raise WrongLog(
                    f"{name}, partition {partition}: stands elsewhere than the other projections; rebuild it"
                )
        if place is not None:
            checkpoint.require_log(place, self._log, end)
        folder = Folder(partition, place)
        async with self._pool.acquire() as connection:
            await checkpoint.begin(connection, [folder.checkpoint(name, self._log) for name in NAMES])
        failpoints.hit("project.place_begun")
        self._folders[partition] = folder
        self._towns[partition] = adoptions.towns_after(adopted, self._before, homes)
        return folder.next_offset

    async def _fill(self, name: str, fill: Fill, place: Checkpoint) -> Checkpoint:
        """An earlier release folded without that projection: make its rows. Raises PassedBy."""
        reached = replace(place, projection=name)
        async with self._pool.acquire() as connection, connection.transaction():
            await checkpoint.require_place(connection, timeline.NAME, {place.partition: place.next_offset})
            held = (await checkpoint.read(connection, name)).get(place.partition)
            if held is not None:  # by another one, while this one waited: sums must not be filled twice
                return held
            failpoints.hit("project.before_fill")
            await fill(connection, place.partition)
            failpoints.hit("project.filled")
            await checkpoint.write(connection, [reached])
        return reached

    def drop(self, partition: int) -> None:
        """Let go of a partition."""
        self._folders.pop(partition, None)
        self._towns.pop(partition, None)

    async def apply(self, entries: Sequence[Entry]) -> list[Step]:
        """Fold records (each partition's in order) and write their rows; gives the steps. A partition that was
        dropped is passed over. Raises Hole, PassedBy, asyncpg.PostgresError."""
        portions = lanes(entries)
        if len(portions) == 1:
            return await self._lane(portions[0])
        found = await asyncio.gather(*map(self._lane, portions), return_exceptions=True)
        for one in found:  # only now: no transaction is left in its middle because another one failed
            if isinstance(one, BaseException):
                raise one
        return [step for one in found if not isinstance(one, BaseException) for step in one]

    async def _lane(self, entries: Sequence[Entry]) -> list[Step]:
        steps: list[Step] = []
        for start in range(0, len(entries), CHUNK_RECORDS_MAX):
            steps += await self._apply(entries[start : start + CHUNK_RECORDS_MAX])
        return steps

    async def _apply(self, entries: Sequence[Entry]) -> list[Step]:
        folders = {p: self._folders[p] for p in {e.stored.partition for e in entries} if p in self._folders}
        towns = {partition: self._towns[partition] for partition in folders}  # both stay if the partition is dropped
        here = [entry for entry in entries if entry.stored.partition in folders]
        async with self._pool.acquire() as connection:
            await _load_missing(connection, folders, here)
            stood = {partition: folder.next_offset for partition, folder in folders.items()}
            folded = fold(folders, here, towns)
            failpoints.hit("project.before_transaction")
            began = time.perf_counter()
            async with connection.transaction():
                await checkpoint.require_place(connection, case_state.NAME, stood)
                failpoints.hit("project.place_held")
                for write in self._writers:
                    await write(connection, folded, "")
                    failpoints.hit("project.rows_of_one")
                failpoints.hit("project.before_position")
                places = [folder.checkpoint(name, self._log) for folder in folders.values() for name in NAMES]
                await checkpoint.write(connection, places)
                failpoints.hit("project.before_commit")
            failpoints.hit("project.committed")
            self._took(time.perf_counter() - began)
        for folder in folders.values():
            folder.trim(self._files_max)
        return folded.steps


async def _load_missing(connection: Any, folders: Mapping[int, Folder], entries: Sequence[Entry]) -> None:
    missing = {p: folder.missing(e for e in entries if e.stored.partition == p) for p, folder in folders.items()}
    wanted = sorted({case_id for ids in missing.values() for case_id in ids})
    if wanted:
        files = await case_state.load_files(connection, wanted)
        for partition, ids in missing.items():
            folders[partition].put(ids, files)
