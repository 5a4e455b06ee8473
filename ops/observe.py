"""Asking a system how it is: its processes, the log, the rows, the hub. Read only, each question with a limit."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
from aiokafka.errors import KafkaError
from kafka.errors import KafkaError as AdminError
from prometheus_client.parser import text_string_to_metric_families

from api.sealing import operator_key
from eventlog.open_letters import OpenLetters
from eventlog.position import PARTITIONS, write_position
from eventlog.record import Decided
from eventlog.stored import read_entry
from eventlog.tail import ends, ends_reader, read_to
from eventlog.topics import Kept, TopicNames, kept
from ops.findings import (
    DIFFERENT,
    SAME,
    AuditFound,
    BoardFound,
    DiskFound,
    Findings,
    FoldFound,
    PlaceFound,
    ProcessFound,
    ServiceFound,
)
from projections import board, checkpoint
from projections.database import open_pool
from projections.runner import NAMES
from runtime.logs import hide_in_text
from runtime.metrics import targets
from runtime.settings import Settings

ASK_S_MAX = 5.0
PART_S_MAX = 2.0
STUCK_S = 3.0
AGAIN_S = 0.5
COMPARISONS_MAX = 12
COMPARE_AGAIN_S = 0.15
EMBEDDED = {"java": "kafka", "postgres": "postgres"}
KEPT_S_MAX = 10.0
LETTERS_S_MAX = 10.0
AUDIT_S_MAX = 60.0
"""After its start, for a first comparison."""
FOLDS = (*NAMES, "react")
"""Whose places are looked at: the projections, and the reactor, which keeps one like they do."""

Samples = dict[tuple[str, str], float]
"""(name of the sample, its label's value or "") → value."""

_UNREACHABLE = (KafkaError, AdminError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def observe(settings: Settings) -> Findings:
    """One look at the system of these settings; what does not answer is said so, nothing is raised for it."""
    names = TopicNames(settings.topic_prefix)
    asked = {part: await _metrics(address) for part, address in targets(settings.data_dir).items()}
    kafka, topics = await _kafka(settings.kafka, names)
    postgres = ServiceFound(fault="-")
    folds: tuple[FoldFound, ...] = ()
    compared = BoardFound(why="-")
    try:
        async with asyncio.timeout(ASK_S_MAX):
            pool = await open_pool(settings.postgres.get_secret_value(), 1, "liandong-status")
    except _UNREACHABLE as error:
        postgres = ServiceFound(fault=_why(error))
    else:
        try:
            postgres = await _postgres(pool)
            if not kafka.fault:
                folds = await _folds(pool, settings.kafka, names)
            compared = await _compare(pool, settings)
        except _UNREACHABLE as error:
            postgres = ServiceFound(fault=_why(error))
        finally:
            pool.terminate()
    return Findings(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        processes=tuple(_processes(asked)),
        kafka=kafka,
        postgres=postgres,
        topics=topics,
        folds=folds,
        board=compared,
        dead_letters=None if kafka.fault else await _open_letters(settings, names),
        dead_letters_max=settings.open_letters_max,
        feed_lag_s=asked.get("api", {}).get(("liandong_feed_lag_seconds", "")),
        audit=_audit(asked.get("audit", {})),
        disk=await asyncio.to_thread(_disk, settings.data_dir),
    )


async def _metrics(address: str) -> Samples:
    """What a process says of itself; nothing if it does not answer."""
    try:
        async with httpx.AsyncClient(timeout=PART_S_MAX, trust_env=False) as client:
            text = (await client.get(f"http://{address}/metrics")).raise_for_status().text
        families = list(text_string_to_metric_families(text))
    except (httpx.HTTPError, ValueError):  # nobody there, or somebody else by now
        return {}
    return {
        (sample.name, sample.labels.get("worker") or sample.labels.get("part") or ""): sample.value
        for family in families
        for sample in family.samples
    }


def _audit(said: Samples) -> AuditFound | None:
    at = said.get(("liandong_audit_last_timestamp_seconds", ""))
    if at is None:
        return None
    if not at:
        return AuditFound(_age(said.get(("process_start_time_seconds", ""), time.time())), None, AUDIT_S_MAX)
    divergent = int(said[("liandong_audit_divergent_cases", "")])
    return AuditFound(_age(at), divergent, said[("liandong_audit_allowed_seconds", "")])


def _age(since_s: float) -> float:
    return round(max(time.time() - since_s, 0), 1)


def _processes(asked: Mapping[str, Samples]) -> list[ProcessFound]:
    keeper = asked.get("system", {})
    restarts = {part: int(count) for (name, part), count in keeper.items() if name == "liandong_part_restarts_total"}
    parts = sorted({*asked, *restarts} - set(EMBEDDED.values()))
    found = [_process(part, asked.get(part, {}), restarts.get(part)) for part in parts]
    keeper_pid = next((process.pid for process in found if process.part == "system"), None)
    return found + (_embedded(keeper_pid, restarts) if keeper_pid is not None else [])


def _process(part: str, said: Samples, restarts: int | None) -> ProcessFound:
    worker = next((label for name, label in said if name == "liandong_build_info"), None)
    if worker is None:
        return ProcessFound(part, restarts=restarts)
    return ProcessFound(
        part,
        pid=int(worker.rpartition("-")[2]),
        memory_bytes=int(said.get(("process_resident_memory_bytes", ""), 0)) or None,
        uptime_s=round(time.time() - said.get(("process_start_time_seconds", ""), time.time()), 1),
        restarts=restarts,
    )


def _embedded(keeper_pid: int, restarts: Mapping[str, int]) -> list[ProcessFound]:
    """The embedded Kafka and PostgreSQL: children of the one that keeps the system, on this machine."""
    found: list[ProcessFound] = []
    try:
        for child in psutil.Process(keeper_pid).children():
            name = EMBEDDED.get(child.name())
            if name is not None:
                family = [child, *child.children(recursive=True)]
                memory = sum(process.memory_info().rss - process.memory_info().shared for process in family)
                uptime = round(time.time() - child.create_time(), 1)
                found.append(ProcessFound(name, child.pid, memory, uptime, restarts.get(name, 0)))
    except psutil.Error:
        pass
    return found


async def _kafka(bootstrap: str, names: TopicNames) -> tuple[ServiceFound, tuple[Kept, ...]]:
    try:
        async with asyncio.timeout(ASK_S_MAX), ends_reader(bootstrap) as read:
            started = time.perf_counter()
            await read(names.events)
            took = (time.perf_counter() - started) * 1000
        async with asyncio.timeout(KEPT_S_MAX):
            version, topics = await asyncio.to_thread(kept, bootstrap, names)
    except _UNREACHABLE as error:
        return ServiceFound(fault=_why(error)), ()
    return ServiceFound(version, round(took, 1)), topics


async def _open_letters(settings: Settings, names: TopicNames) -> int | None:
    letters = OpenLetters(settings.kafka, names.dead_letters, settings.open_letters_max)
    try:
        async with asyncio.timeout(LETTERS_S_MAX):
            await letters.load()
    except _UNREACHABLE:
        return None
    return letters.open


async def _postgres(pool: Any) -> ServiceFound:
    async with asyncio.timeout(ASK_S_MAX), pool.acquire() as connection:
        started = time.perf_counter()
        version = await connection.fetchval("select current_setting('server_version')")
        return ServiceFound(version, round((time.perf_counter() - started) * 1000, 1))


async def _folds(pool: Any, bootstrap: str, names: TopicNames) -> tuple[FoldFound, ...]:
    """Where everybody stands; one who is behind is looked at again, for STUCK_S at most, to see whether it moves."""
    first = await _places(pool, bootstrap, names)
    stuck = {name: {p.partition: p.next_offset for p in places if p.lag} for name, places in first.items()}
    last, until = first, time.monotonic() + STUCK_S
    while any(stuck.values()) and time.monotonic() < until:
        await asyncio.sleep(AGAIN_S)
        last = await _places(pool, bootstrap, names)
        for name, places in last.items():
            now = {place.partition: place for place in places}
            stuck[name] = {p: at for p, at in stuck[name].items() if now[p].lag and now[p].next_offset == at}
    return tuple(FoldFound(name, places, tuple(sorted(stuck[name]))) for name, places in last.items())


async def _places(pool: Any, bootstrap: str, names: TopicNames) -> dict[str, tuple[PlaceFound, ...]]:
    async with asyncio.timeout(ASK_S_MAX * 2):
        async with pool.acquire() as connection:
            rows = {name: await checkpoint.read(connection, name) for name in FOLDS}
        events = await ends(bootstrap, names.events)
        decided = await _decided(bootstrap, names.events, events)
        actions = await ends(bootstrap, names.actions)
    for one in rows.values():
        for partition, row in one.items():
            decided[partition] = max(decided.get(partition, 0), row.last_origin + 1)
    folded = {n: {p: rows[n][p].next_offset if p in rows[n] else 0 for p in range(PARTITIONS)} for n in FOLDS}
    sides = {"decide": (decided, actions)} | {name: (places, events) for name, places in folded.items()}
    return {
        name: tuple(PlaceFound(p, places.get(p, 0), upto.get(p, 0)) for p in range(PARTITIONS))
        for name, (places, upto) in sides.items()
    }


async def _decided(bootstrap: str, topic: str, upto: dict[int, int]) -> dict[int, int]:
    """The next action offset to be decided in each partition, from the last record of each: no projection between."""
    found: dict[int, int] = {}
    async for chunk in read_to(bootstrap, topic, {p: max(end - 1, 0) for p, end in upto.items()}, upto):
        for stored in chunk:
            record = read_entry(stored).record
            after = record.origin.offset + 1 if isinstance(record, Decided) else record.next_offset
            found[stored.partition] = max(found.get(stored.partition, 0), after)
    return found


async def _compare(pool: Any, settings: Settings) -> BoardFound:
    """The rows' digest and the hub's, asked again until both stand at one place; else they are not compared."""
    last = BoardFound(why="-")
    async for hub in _hub_digests(settings):
        if "digest" not in hub:
            return BoardFound(why=str(hub.get("why")))
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            places = await checkpoint.read(connection, board.NAME)
            rows, counts = await board.read_rows(connection), await board.read_counts(connection)
        pos = write_position({partition: place.next_offset for partition, place in places.items()})
        digest = await asyncio.to_thread(board.digest, rows, counts)
        last = BoardFound("", "moving", pos, digest, hub["pos"], hub["digest"])
        if pos == hub["pos"]:
            return BoardFound(SAME if digest == hub["digest"] else DIFFERENT, "", pos, digest, pos, hub["digest"])
    return BoardFound(why="moving", rows_pos=last.rows_pos, hub_pos=last.hub_pos)


async def _hub_digests(settings: Settings) -> AsyncIterator[dict[str, Any]]:
    address = targets(settings.data_dir).get("api") or f"{settings.host}:{settings.port}"
    headers = {"Authorization": f"Bearer {operator_key(settings.master_key.get_secret_value())}"}
    async with httpx.AsyncClient(timeout=ASK_S_MAX, trust_env=False, headers=headers) as client:
        for _ in range(COMPARISONS_MAX):
            try:
                answer = await client.get(f"http://{address}/api/wall/digest")
            except httpx.HTTPError:
                yield {"why": "api"}
                return
            try:
                found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
            except ValueError:  # somebody else has that port by now
                found = {}
            yield found or {"why": f"api {answer.status_code}"}
            await asyncio.sleep(COMPARE_AGAIN_S)


def _disk(folder: Path) -> DiskFound:
    used = 0
    for path in folder.rglob("*") if folder.exists() else ():
        try:
            used += path.stat().st_blocks * 512 if path.is_file() else 0
        except OSError:
            continue
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return DiskFound(str(folder), used, shutil.disk_usage(there).free)


def _why(error: BaseException) -> str:
    return hide_in_text(f"{type(error).__name__}: {error}".rstrip(": ").splitlines()[0])[:200]
