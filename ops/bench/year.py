"""`liandong bench year`: a year's log made, written, folded into rows, read, its chains verified, its rows rebuilt.

Everything on an empty folder. The log is what a decider would have written (`ops.people.decided`), one decision an
action; the processor is started once all of it stands, so that it never waits for more.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import msgspec
import psutil
import typer
from rich.console import Console
from rich.table import Table

from api.accounts import demo_actors
from domain.worktime import compile_calendar
from eventlog.append import BULK_MS_MAX, Appender
from eventlog.position import PARTITIONS
from eventlog.stored import read_entry
from eventlog.tail import ends, read_to
from eventlog.topics import TopicNames
from ops.bars import bars
from ops.bench.alone import alone
from ops.bench.domain import YEAR_EVENTS
from ops.bench.standing import rows_stand
from ops.footprint import peak
from ops.people.decided import Decided, Told
from ops.people.pace import load_pace
from ops.people.plan import City
from ops.system import System
from ops.verify.log import LogCheck
from projections.database import open_pool
from projections.steps import Folder
from reference.contents import pack, rules_of
from reference.profile import Profile
from runtime.faults import Fault
from runtime.logs import configure_logging
from runtime.settings import Settings

SEED = 1
FIRST_DAY = date(2025, 1, 1)
CASES_A_DAY = 120_000 / 365
"""A busy county-level city (domain document §9); with the events of their clocks a year's events are fewer cases."""
APPENDED_AT_ONCE = 2_000
"""So that what one partition gets fits into one batch of the producer, and stands in the order in which it was sent."""
FOLDED_S_MAX = 3_600.0
REBUILT_S_MAX = 3_600.0
LOOK_S = 0.1
PEER_CASES_MAX = 2_000
PEER_S_MAX = 900.0
MB = 1_000_000


class Took(msgspec.Struct, frozen=True):
    """One thing done: seconds, with how much of a log where it was not the whole one, and what the processes that did
    it took of memory at most (bytes; 0 where it is not of interest)."""

    name: str
    seconds: float
    peak: int = 0
    records: int = 0
    events: int = 0


class YearFound(msgspec.Struct, frozen=True):
    """How much log there was, and how long everything took."""

    events: int
    records: int
    cases: int
    bytes: int
    took: list[Took]


def year(
    events: Annotated[int, typer.Option(help="Events of the log; a busy city's year has 1,440,000.")] = YEAR_EVENTS,
    peers: Annotated[Path | None, typer.Option(help="An environment made by `make peers`: measure them, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything measured as JSON.")] = False,
) -> None:
    """Make a year's log, fold it into rows, read it again and rebuild its rows: times, memory, and their floors."""
    configure_logging("error", "bench")
    if peers is not None and not (peers / "bin" / "python").exists():
        raise Fault(
            "bench.no_peers",
            f"{peers} 中没有 Python 环境。",
            f"There is no Python environment in {peers}.",
            hint_zh="请先运行 make peers。",
            hint_en="Run make peers first.",
        )
    found = asyncio.run(_measured(events, peers))
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    Console(width=120).print(table(found))


def table(found: YearFound) -> Table:
    """Everything measured, a line each."""
    title = f"{found.events:,} events in {found.records:,} records of {found.cases:,} cases, {found.bytes / MB:,.0f} MB"
    lines = Table("", "s", "records/s", "events/s", "peak MB", title=title, title_justify="left")
    for one in found.took:
        rates = [f"{n / one.seconds:,.0f}" for n in (one.records or found.records, one.events or found.events)]
        lines.add_row(one.name, f"{one.seconds:.2f}", *rates, f"{one.peak / MB:,.0f}" if one.peak else "")
    return lines


async def _measured(events: int, peers: Path | None) -> YearFound:
    async with alone(()) as (settings, profile, system):
        pool = await open_pool(system.env["LIANDONG_POSTGRES"], 2, "liandong-bench", durable=False)
        try:
            return await _Year(settings, profile, system, pool).measure(events, peers)
        finally:
            await pool.close()


class _Year:
    """The log in its system, and what was measured so far."""

    def __init__(self, settings: Settings, profile: Profile, system: System, pool: Any) -> None:
        self._profile = profile
        self._system = system
        self._pool = pool
        self._bootstrap = system.env["LIANDONG_KAFKA"]
        self._names = TopicNames(settings.topic_prefix)
        self._took: list[Took] = []
        self._records = 0

    async def measure(self, events: int, peers: Path | None) -> YearFound:
        """Everything in its order."""
        records, told, cases, size = await self._written(events)
        self._records = records
        upto = await ends(self._bootstrap, self._names.events)
        await self._read("read from Kafka (floor)", upto, lambda _: None)
        await self._copied(upto)
        folders = {partition: Folder(partition) for partition in range(PARTITIONS)}
        await self._read(
            "read, decode and fold in memory",
            upto,
            lambda chunk: [folders[one.partition].fold(read_entry(one)) for one in chunk],
        )
        folders.clear()
        check = LogCheck()
        await self._read("read and verify every chain", upto, lambda chunk: check.read(map(read_entry, chunk)))
        assert not check.findings, check.findings
        await self._into_rows(upto)
        await self._rebuilt()
        if peers is not None:
            await self._system.parts.pop("project").stop()
            await self._peers(peers / "bin" / "python", upto, cases)
        return YearFound(told, records, cases, size, self._took)

    async def _written(self, events: int) -> tuple[int, int, int, int]:
        """Make the log and append it; making and appending are timed by themselves."""
        told = records = size = 0
        cases: set[str] = set()
        making = writing = 0.0
        made = made_log(self._profile, events)
        async with Appender(self._bootstrap, self._names, BULK_MS_MAX) as appender:
            with bars() as progress:
                task = progress.add_task("events made", total=events)
                while True:
                    began = time.monotonic()
                    chunk = list(itertools.islice(made, APPENDED_AT_ONCE))
                    making += time.monotonic() - began
                    if not chunk:
                        break
                    began = time.monotonic()
                    await asyncio.gather(*(self._append(appender, one) for one in chunk))
                    writing += time.monotonic() - began
                    told, records = told + sum(one.events for one in chunk), records + len(chunk)
                    size += sum(len(one.value) for one in chunk)
                    cases.update(one.case for one in chunk)
                    progress.update(task, completed=told)
        self._took += [
            Took("plan, decide and encode", making),
            Took(f"append, {APPENDED_AT_ONCE:,} under way", writing),
        ]
        return records, told, len(cases - {""}), size

    async def _append(self, appender: Appender, one: Told) -> None:
        await appender.append_raw(self._names.events, one.partition, one.key, one.value, one.headers)

    async def _read(self, name: str, upto: dict[int, int], use: Any) -> None:
        began = time.monotonic()
        async for chunk in read_to(self._bootstrap, self._names.events, {}, upto):
            use(chunk)
        self._took.append(Took(name, time.monotonic() - began))

    async def _copied(self, upto: dict[int, int]) -> None:
        """What PostgreSQL takes for the same bytes by COPY, with nothing done to them; hardly any reading counts."""
        spent = 0.0
        async with self._pool.acquire() as connection:
            await connection.execute("create table floor (part smallint, place bigint, record bytea)")
            async for chunk in read_to(self._bootstrap, self._names.events, {}, upto):
                began = time.monotonic()
                rows = [(one.partition, one.offset, one.value) for one in chunk]
                await connection.copy_records_to_table("floor", records=rows)
                spent += time.monotonic() - began
            await connection.execute("drop table floor")
        self._took.append(Took("COPY into PostgreSQL (floor)", spent))

    async def _into_rows(self, upto: dict[int, int]) -> None:
        """Start the processor and time it from the first look at which there are rows until the last is there, as the
        peers time themselves; where one look sees them all, from the look before."""
        total = sum(upto.values())
        with bars() as progress:
            task = progress.add_task("records in the rows", total=total)
            child = self._system.start_part("project")
            began, first, done = time.monotonic(), 0, 0
            deadline = began + FOLDED_S_MAX
            while done < total:
                if time.monotonic() > deadline or child.code() is not None:
                    raise Fault(
                        "bench.not_folded", f"只写入了 {done} 条记录。", f"Only {done} records came into the rows."
                    )
                await asyncio.sleep(LOOK_S)
                done = await rows_stand(self._pool)
                if done < total and not first:
                    began, first = time.monotonic(), done
                progress.update(task, completed=done)
        seconds = (time.monotonic() - began) * total / (total - first)
        self._took.append(Took("Kafka → Faust → PostgreSQL", seconds, peak(child.pid) or 0))

    async def _rebuilt(self) -> None:
        """`liandong rebuild all` beside the live rows, as a process of its own. Raises Fault where it failed."""
        began = time.monotonic()
        command = [sys.executable, "-m", "ops.cli", "rebuild", "all"]
        process = await asyncio.create_subprocess_exec(*command, env=self._system.env, stdout=asyncio.subprocess.PIPE)
        most, said = dict[int, int](), asyncio.create_task(process.communicate())
        try:
            async with asyncio.timeout(REBUILT_S_MAX):
                while not said.done():
                    most |= {pid: size for pid in _family(process.pid) if (size := peak(pid)) is not None}
                    await asyncio.wait([said], timeout=LOOK_S)
        finally:
            await _ended(process)
        if process.returncode:
            told = said.result()[0].decode()
            raise Fault("bench.rebuild_failed", f"重建失败:{told}", f"The rebuild failed: {told}")
        self._took.append(Took("rebuild every projection, compare, swap", time.monotonic() - began, sum(most.values())))

    async def _peers(self, python: Path, upto: dict[int, int], cases: int) -> None:
        """The same by others; one that fails is said, and is missing in the end. Commits wait for the disk as ours do:
        not at all, or the peers would be measured by it."""
        async with self._pool.acquire() as connection:
            await connection.execute("alter role current_user set synchronous_commit = off")
        records = str(sum(upto.values()))
        for name, title, where in (
            ("stock_faust", "Kafka → PostgreSQL: stock Faust agent, a row a record", Path(sys.executable)),
            ("quix", "Kafka → PostgreSQL: Quix Streams with its sink, a row a record", python),
        ):
            if told := await self._peer(where, name, PEER_RECORDS=records):
                self._took.append(Took(title, told["seconds"]))
        some, acts = min(cases, PEER_CASES_MAX), round(self._records / cases)
        if told := await self._peer(python, "eventsourced", PEER_CASES=str(some), PEER_ACTS=str(acts)):
            of = {"records": some * acts, "events": some * acts}
            self._took.append(Took("append: eventsourcing, one thread, a commit an act", told["append"], **of))
            self._took.append(Took("replay: eventsourcing, a query a case", told["replay"], **of))

    async def _peer(self, python: Path, peer: str, **more: str) -> dict[str, float]:
        """What a peer's script says; nothing where it failed, and why is printed."""
        with TemporaryDirectory(prefix="liandong-bench-") as folder:
            env = os.environ | {
                "PEER_KAFKA": self._bootstrap,
                "PEER_POSTGRES": self._system.env["LIANDONG_POSTGRES"],
                "PEER_TOPIC": self._names.events,
                "PEER_FOLDER": folder,
            }
            script = Path(__file__).with_name("peers") / f"{peer}.py"
            arguments = ("worker", "-l", "error") if peer == "stock_faust" else ()
            process = await asyncio.create_subprocess_exec(
                *(python, script, *arguments),
                env=env | more,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            try:
                async with asyncio.timeout(PEER_S_MAX):
                    said = (await process.communicate())[0].decode()
            except TimeoutError:
                said = f"{PEER_S_MAX:.0f} 秒内未完成。 Not done within {PEER_S_MAX:.0f} s."
            finally:
                await _ended(process)
        lines = [line for line in said.splitlines() if line.startswith("{")]
        if process.returncode or not lines:
            typer.echo(f"{peer}: 失败 failed: {said}", err=True)
            return {}
        found: dict[str, float] = json.loads(lines[-1])
        return found


def _family(pid: int) -> list[int]:
    """A process and those that it started; none once it has ended."""
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Nothing that was started here outlives it."""
    if process.returncode is None:
        process.kill()
        await process.wait()


def made_log(profile: Profile, events: int) -> Iterator[Told]:
    """The records of the made-up city's days until they hold so many events. Raises Fault where an act is refused."""
    version, _ = pack(profile.contents)
    city = City(profile, compile_calendar(profile.contents.calendar), load_pace(), SEED, CASES_A_DAY)
    decided = Decided(
        rules_of(profile.contents, version), demo_actors(profile), profile.about.zone, "bench", "urn:liandong:bench"
    )
    days = (FIRST_DAY + timedelta(days=number) for number in itertools.count())
    told = 0
    for one in decided.records(itertools.chain.from_iterable(map(city.day, days))):
        yield one
        told += one.events
        if told >= events:
            break
    if wrong := {outcome: count for outcome, count in decided.outcomes.items() if outcome != "accepted"}:
        raise Fault("bench.refused", f"未被接受的操作:{wrong}。", f"Actions that were not accepted: {wrong}.")
