"""`liandong import`: a city's past cases through the same intake, decider, log and projections as everything else.

Idempotent by source number: the case and action ids derive from it. The verdicts of the report are read from the
projection after it has folded the last of the rows.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from aiokafka.errors import KafkaError

from api.intake import Envelope, make_attempt
from api.sealing import Keys
from domain.case.state import Case
from domain.case.values import Actor, ClockVerdict, Role
from eventlog.append import BULK_MS_MAX, Appender, LogUnreachable
from eventlog.broker import KNOWN_S_MAX
from eventlog.record import DecisionRecord, Outcome
from eventlog.stored import read_entry
from eventlog.tail import ends, tail
from eventlog.topics import TopicNames
from ops.bars import bars
from ops.prepare import Adopting
from ops.system import PROCESSORS, running
from projections import case_state, checkpoint
from projections.database import open_pool
from reference.mapping import BadRow, CityMapping, load_mapping, profile_of, read_row, require_columns
from reference.profile import save_profile
from runtime.faults import Fault
from runtime.logs import configure_logging
from runtime.settings import Settings, load_settings

NAMESPACE = uuid.UUID("c7c0f9a2-3f0e-5d39-9a0b-52d4a8e1b311")
IN_FLIGHT_ROWS_MAX = 400
FOLDED_WAIT_S_MAX = 300.0
READ_CASES_MAX = 2_000
BAD_ROWS_SHOWN_MAX = 20


class Report(msgspec.Struct):
    """What an import did. `changed` are rows whose number is known with other content: refused, nothing changed."""

    rows: int = 0
    added: int = 0
    known: int = 0
    changed: list[str] = []
    refused: list[tuple[str, str]] = []
    bad: list[BadRow] = []
    verdicts: dict[str, int] = {}
    seconds: float = 0.0
    rows_per_second: float = 0.0


def import_cases(
    file: Annotated[Path, typer.Argument(help="A CSV of past cases (.csv or .csv.gz).")],
    mapping: Annotated[str, typer.Option(help="A shipped mapping's name, or a .toml file.")],
    as_of: Annotated[str, typer.Option(help="Judge open cases as of this local time (default: now).")] = "",
    report: Annotated[Path | None, typer.Option(help="Write source_id,case_id,verdict to this CSV.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Bring a real city's past cases in through the log; with no cluster set, the embedded one runs meanwhile."""
    settings = load_settings()
    configure_logging("warning", "import")
    city = load_mapping(mapping)
    rows = read_rows(file, city)
    profile = profile_of(city, rows)
    folder = settings.data_dir / "profiles" / city.city.name
    save_profile(profile, folder)
    settings = settings.model_copy(update={"profile": str(folder)})
    moment = _moment(as_of, city)

    async def work() -> tuple[Report, dict[str, tuple[str, str]]]:
        async with running(settings, profile, PROCESSORS, adopting=Adopting.ALWAYS) as system:
            watch = asyncio.create_task(system.watch())
            done = await bring_in(system.env, settings, city, rows, moment)
            watch.cancel()
            return done

    found, verdicts = asyncio.run(work())
    if report is not None:
        with report.open("w", newline="") as output:
            writer = csv.writer(output)
            writer.writerow(["source_id", "case_id", "verdict"])
            writer.writerows([number, case_id, verdict] for number, (case_id, verdict) in verdicts.items())
    typer.echo(json.dumps(msgspec.to_builtins(found), ensure_ascii=False) if as_json else _summary(found, folder))


def read_rows(file: Path, city: CityMapping) -> list[dict[str, str]]:
    """The rows of the file. Raises Fault where it cannot be read or lacks a column."""
    try:
        with gzip.open(file, "rt", newline="") if file.suffix == ".gz" else file.open(newline="") as opened:
            reader = csv.DictReader(opened, restval="")
            require_columns(city, reader.fieldnames or [])
            return list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Fault("import.unreadable", f"{file} 无法读取:{error}。", f"{file} cannot be read: {error}.") from error


async def bring_in(
    env: dict[str, str], settings: Settings, city: CityMapping, rows: list[dict[str, str]], as_of_ms: int | None
) -> tuple[Report, dict[str, tuple[str, str]]]:
    """Import rows into a running system; gives the report, and source number → (case id, verdict).

    Raises Fault `log.unreachable`.
    """
    bootstrap, names = env["LIANDONG_KAFKA"], TopicNames(settings.topic_prefix)
    pool = await open_pool(env["LIANDONG_POSTGRES"], 2, "liandong-import")
    try:
        keys = Keys(env["LIANDONG_MASTER_KEY"], pool)
        starts = await ends(bootstrap, names.events, KNOWN_S_MAX)
        report = Report(rows=len(rows))
        started = time.monotonic()
        cases: dict[str, str] = {}
        async with Appender(bootstrap, names, BULK_MS_MAX) as appender:
            sender = _Sender(appender, keys, city, as_of_ms, report, cases)
            origins = await sender.send(rows)
        outcomes = await _outcomes(bootstrap, names, starts, set(origins))
        await folded(pool, origins)
        for origin, number in origins.items():
            _count(report, number, outcomes[origin])
        report.seconds = round(time.monotonic() - started, 2)
        report.rows_per_second = round(len(rows) / report.seconds, 1)
        verdicts = await _verdicts(pool, cases)
    except (LogUnreachable, KafkaError) as error:
        raise Fault(
            "log.unreachable",
            f"日志无应答({error}),可能已导入一部分。",
            f"The log does not answer ({error}); some rows may be in.",
            hint_zh="请重复同一命令:已导入的不会重复。",
            hint_en="Repeat the same command: what is in does not come in twice.",
        ) from None
    finally:
        await pool.close()
    report.verdicts = dict(Counter(verdict for _, verdict in verdicts.values()))
    return report, verdicts


def verdict_of(case: Case) -> str:
    """on_time, late, open, open_late or no_deadline: what the lead's handling clock says."""
    clock = case.handling_clock
    if clock is None or clock.deadline_ms is None:
        return "no_deadline"
    if clock.running:
        return "open_late" if clock.overdue else "open"
    return "late" if clock.verdict is ClockVerdict.MISSED else "on_time"


class _Sender:
    def __init__(
        self,
        appender: Appender,
        keys: Keys,
        city: CityMapping,
        as_of_ms: int | None,
        report: Report,
        cases: dict[str, str],
    ) -> None:
        self._appender = appender
        self._keys = keys
        self._city = city
        self._as_of_ms = as_of_ms
        self._report = report
        self._cases = cases
        self._actor = Actor(f"importer-{city.source.name}", Role.IMPORTER, city.city.root)

    async def send(self, rows: list[dict[str, str]]) -> dict[tuple[int, int], str]:
        """Append all good rows, at most IN_FLIGHT_ROWS_MAX at a time; gives origin → source number."""
        origins: dict[tuple[int, int], str] = {}
        with bars() as progress:
            task = progress.add_task("import", total=len(rows))
            for start in range(0, len(rows), IN_FLIGHT_ROWS_MAX):
                chunk = list(enumerate(rows[start : start + IN_FLIGHT_ROWS_MAX], start=start + 2))
                for number, origin in await asyncio.gather(*(self._one(line, row) for line, row in chunk)):
                    if origin is not None:
                        origins[origin] = number
                progress.advance(task, len(chunk))
        return origins

    async def _one(self, line: int, row: dict[str, str]) -> tuple[str, tuple[int, int] | None]:
        past = read_row(self._city, line, row, self._as_of_ms)
        if isinstance(past, BadRow):
            self._report.bad.append(past)
            return "", None
        number = past.source.number
        case_id = str(uuid.uuid5(NAMESPACE, f"{past.source.name}:{number}"))
        self._cases[number] = case_id
        envelope = Envelope(uuid.uuid5(uuid.UUID(case_id), "import"))
        plain = msgspec.to_builtins(msgspec.structs.replace(past, as_of_ms=None))
        now = time.time_ns() // 1_000_000
        attempt = await make_attempt(self._keys, self._actor, case_id, envelope, past, plain, now)
        return number, await self._appender.append(attempt)


async def _outcomes(
    bootstrap: str, names: TopicNames, starts: dict[int, int], wanted: set[tuple[int, int]]
) -> dict[tuple[int, int], DecisionRecord]:
    found: dict[tuple[int, int], DecisionRecord] = {}
    if not wanted:
        return found
    async with asyncio.timeout(FOLDED_WAIT_S_MAX):
        async for chunk in tail(bootstrap, names.events, starts):
            for stored in chunk:
                record = read_entry(stored).record
                if isinstance(record, DecisionRecord):
                    origin = (record.origin.partition, record.origin.offset)
                    if origin in wanted:
                        found[origin] = record
            if len(found) == len(wanted):
                break
    return found


async def folded(pool: Any, origins: Iterable[tuple[int, int]]) -> None:
    """Wait until case_state holds what was decided about these (partition, offset). Raises TimeoutError."""
    last: dict[int, int] = {}
    for partition, offset in origins:
        last[partition] = max(last.get(partition, -1), offset)
    async with asyncio.timeout(FOLDED_WAIT_S_MAX), pool.acquire() as connection:
        while True:
            places = await checkpoint.read(connection, case_state.NAME)
            if all(p in places and places[p].last_origin >= offset for p, offset in last.items()):
                return
            await asyncio.sleep(0.1)


async def _verdicts(pool: Any, cases: dict[str, str]) -> dict[str, tuple[str, str]]:
    verdicts: dict[str, tuple[str, str]] = {}
    numbers = list(cases)
    async with pool.acquire() as connection:
        for start in range(0, len(numbers), READ_CASES_MAX):
            chunk = numbers[start : start + READ_CASES_MAX]
            files = await case_state.load_files(connection, [cases[number] for number in chunk])
            for number in chunk:
                file = files.get(cases[number])
                if file is not None and file.case is not None:
                    verdicts[number] = (cases[number], verdict_of(file.case))
    return verdicts


def _count(report: Report, number: str, record: DecisionRecord) -> None:
    if record.outcome is Outcome.ACCEPTED:
        report.added += 1
    elif record.outcome is Outcome.REPEATED:
        report.known += 1
    elif record.rejection is not None and record.rejection.code == "action_id_reused":
        report.changed.append(number)
    else:
        report.refused.append((number, str(record.rejection.code if record.rejection else record.outcome)))


def _moment(text: str, city: CityMapping) -> int | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Fault(
            "import.bad_time",
            f"--as-of “{text}”不是时间,应为 2015-04-01T00:00:00。",
            f"--as-of '{text}' is no time like 2015-04-01T00:00:00.",
        ) from error
    local = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(city.city.zone))
    return int(local.timestamp() * 1000)


def _summary(report: Report, folder: Path) -> str:
    lines = [
        f"{report.rows} 行 rows: {report.added} 新增 added, {report.known} 已有 known, "
        f"{len(report.changed)} 已变更 changed, {len(report.refused)} 拒绝 refused, {len(report.bad)} 坏行 bad",
        f"{report.seconds:.1f} s, {report.rows_per_second:.0f} 行/秒 rows/s",
        "结论 verdicts: " + ", ".join(f"{name} {count}" for name, count in sorted(report.verdicts.items())),
    ]
    for bad in report.bad[:BAD_ROWS_SHOWN_MAX]:
        lines.append(f"  第 {bad.row} 行 row, {bad.column}: [{bad.code}] {bad.zh} / {bad.en}")
    changed = report.changed[:BAD_ROWS_SHOWN_MAX]
    lines += [f"  {number}: 编号已存在且内容不同 / known with other content" for number in changed]
    lines += [f"  {number}: {code}" for number, code in report.refused[:BAD_ROWS_SHOWN_MAX]]
    lines.append(f"看板与大屏 board and wall: LIANDONG_PROFILE={folder} liandong demo --quiet")
    return "\n".join(lines)
