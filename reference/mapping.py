"""A mapping says how a city's CSV of past cases is read: columns, times, places, classes, units, channels.

Owns reading the mapping and turning rows into past cases, each good or with its faults named (row, column, reason).
A mapping has no place for a verdict: whether a case was late is found out by the rules, never read.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from domain.case.actions import (
    Accept,
    Acknowledge,
    Close,
    Dispatch,
    File,
    Handle,
    ImportCase,
    PassCheck,
    Report,
    SendCheck,
    Step,
)
from domain.case.values import Channel, Place, Source
from domain.grid.values import Grid
from domain.standard.values import CaseClass, Condition, Standard
from domain.unit import Unit
from domain.worktime import CalendarFile
from domain.worktime.calendar_file import WEEKDAYS, Week
from reference.contents import Contents
from reference.profile import About, Profile
from runtime.faults import Fault

SHIPPED = Path(__file__).parent / "mappings"
CODE_CHARS_MAX = 60
CHECKER = "imported-checker"
NONE = "none"


class SourceFormat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The source's name, and how it writes times (strptime); they are local times of the city."""

    name: str
    time_format: str


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"case_class": "class"}):
    """Which column says what; None: the source does not say it."""

    number: str
    opened: str
    case_class: str
    unit: str
    closed: str | None = None
    deadline: str | None = None
    town: str | None = None
    lon: str | None = None
    lat: str | None = None
    channel: str | None = None


class Towns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a town is recognised (a pattern with one group) and called."""

    pattern: str
    name_zh: str
    name_en: str


class Placeholder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points (lon, lat) that stand for "place not known"."""

    points: tuple[tuple[float, float], ...] = ()


class CityMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping file."""

    source: SourceFormat
    city: About
    columns: Columns
    town: Towns
    placeholder: Placeholder = Placeholder()
    channels: dict[str, Channel] = {}


class BadRow(msgspec.Struct, frozen=True):
    """A row that is not imported: its line in the file, the column, a stable code, and the reason in both languages."""

    row: int
    column: str
    code: str
    zh: str
    en: str


def load_mapping(name_or_path: str) -> CityMapping:
    """A shipped mapping by name, or a file. Raises Fault mapping.missing, mapping.unreadable."""
    shipped = SHIPPED / f"{name_or_path}.toml"
    path = shipped if shipped.exists() else Path(name_or_path)
    if not path.exists():
        there = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))
        raise Fault(
            "mapping.missing",
            f"没有映射“{name_or_path}”,自带的有:{there}。",
            f"There is no mapping '{name_or_path}'; shipped are: {there}.",
        )
    try:
        mapping = msgspec.convert(tomllib.loads(path.read_text()), CityMapping)
        re.compile(mapping.town.pattern)
        ZoneInfo(mapping.city.zone)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, re.error, OSError, KeyError, ValueError) as error:
        raise Fault(
            "mapping.unreadable", f"映射 {path.name} 无法读取:{error}。", f"{path.name} cannot be read: {error}."
        ) from error
    return mapping


def require_columns(mapping: CityMapping, header: Iterable[str]) -> None:
    """Raises Fault `mapping.no_column` where the file lacks a column that the mapping names."""
    there = list(header)
    wanted = [name for name in msgspec.structs.astuple(mapping.columns) if name is not None]
    missing = [name for name in wanted if name not in there]
    if missing:
        raise Fault(
            "mapping.no_column",
            f"文件中没有列:{', '.join(missing)};现有:{', '.join(there)}。",
            f"The file has no column {', '.join(missing)}; it has: {', '.join(there)}.",
            hint_zh="请更正映射文件。",
            hint_en="Correct the mapping.",
        )


def read_row(mapping: CityMapping, line: int, row: Mapping[str, str], as_of_ms: int | None) -> ImportCase | BadRow:
    """The past case of a row, or what is wrong with it."""
    columns = mapping.columns
    if not row[columns.number].strip():
        return _bad(line, columns.number, "row.no_number", "缺少编号", "the number is missing")
    times: dict[str, int | None] = {}
    for name in (columns.opened, columns.deadline, columns.closed):
        if name is not None:
            try:
                times[name] = _time(row[name].strip(), mapping)
            except ValueError:
                found = row[name]
                return _bad(line, name, "row.bad_time", f"时间“{found}”无法读取", f"'{found}' is no time")
    opened, closed = times[columns.opened], times.get(columns.closed or "")
    if opened is None:
        return _bad(line, columns.opened, "row.no_time", "缺少上报时间", "the time of opening is missing")
    if closed is not None and closed < opened:
        column = columns.closed or ""
        return _bad(line, column, "row.ends_before_start", "结束早于上报", "it closes before it opens")
    place = _place(mapping, line, row)
    if isinstance(place, BadRow):
        return place
    if not row[columns.case_class].strip():
        return _bad(line, columns.case_class, "row.no_class", "缺少类别", "the class is missing")
    case_class, unit = code_of(row[columns.case_class]), code_of(row[columns.unit])
    channel = (
        mapping.channels.get(row[columns.channel].strip(), Channel.HOTLINE) if columns.channel else Channel.HOTLINE
    )
    return ImportCase(
        source=Source(mapping.source.name, row[columns.number].strip()),
        report=Report(place, channel, case_class),
        opened_ms=opened,
        steps=_steps(case_class, unit, closed),
        deadline_ms=times.get(columns.deadline or ""),
        as_of_ms=as_of_ms,
    )


def profile_of(mapping: CityMapping, rows: Iterable[Mapping[str, str]]) -> Profile:
    """The city's profile, from the classes, units and towns that its rows name."""
    columns, root = mapping.columns, mapping.city.root
    classes: dict[str, str] = {}
    units: dict[str, str] = {code_of(""): "-"}
    towns: dict[str, str] = {}
    for row in rows:
        classes.setdefault(code_of(row[columns.case_class]), row[columns.case_class].strip() or "-")
        units.setdefault(code_of(row[columns.unit]), row[columns.unit].strip() or "-")
        if number := _town(mapping, row):
            towns.setdefault(_town_code(mapping, number), number)
    grids = [Grid(root, 0, mapping.city.name_zh, mapping.city.name_en)]
    for code, number in sorted(towns.items()):
        grids.append(Grid(code, 1, mapping.town.name_zh.format(number), mapping.town.name_en.format(number)))
    no_limit = (Condition("01", "按来源时限", "As the source states"),)
    standard = Standard(
        f"{mapping.source.name}-1",
        tuple(CaseClass(code, name, name, no_limit) for code, name in sorted(classes.items())),
        layout=None,
        limits_required=False,
    )
    offices = tuple(Unit(code, name, name) for code, name in sorted(units.items()))
    week: Week = dict.fromkeys(WEEKDAYS[:5], (("08:00", "17:00"),))
    calendar = CalendarFile(zone=mapping.city.zone, week=week, version=f"{mapping.city.name}-weekdays")
    return Profile(mapping.city, Contents(calendar, standard, tuple(grids), offices))


def code_of(name: str) -> str:
    """A stable code of a class's or unit's name: lower case, what is no letter or digit as one dash."""
    return re.sub(r"[^0-9a-z]+", "-", name.strip().lower()).strip("-")[:CODE_CHARS_MAX] or NONE


def _steps(case_class: str, unit: str, closed: int | None) -> tuple[Step, ...]:
    begun = (Step(Accept()), Step(File(case_class)), Step(Dispatch(unit)), Step(Acknowledge()))
    if closed is None:
        return begun
    return (*begun, Step(Handle(), closed), Step(SendCheck(CHECKER)), Step(PassCheck()), Step(Close(), closed))


def _time(text: str, mapping: CityMapping) -> int | None:
    if not text:
        return None
    local = datetime.strptime(text, mapping.source.time_format).replace(tzinfo=ZoneInfo(mapping.city.zone))
    return int(local.timestamp() * 1000)


def _place(mapping: CityMapping, line: int, row: Mapping[str, str]) -> Place | BadRow:
    columns = mapping.columns
    number = _town(mapping, row)
    grid = _town_code(mapping, number) if number else mapping.city.root
    if columns.lon is None or columns.lat is None or not (row[columns.lon].strip() and row[columns.lat].strip()):
        return Place(grid)
    try:
        lon, lat = float(row[columns.lon]), float(row[columns.lat])
    except ValueError:
        found = f"{row[columns.lon]}, {row[columns.lat]}"
        return _bad(line, columns.lon, "row.bad_point", f"坐标“{found}”无法读取", f"'{found}' is no point")
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        return _bad(line, columns.lon, "row.bad_point", f"坐标 {lon}, {lat} 超出范围", f"{lon}, {lat} is on no map")
    if (lon, lat) in mapping.placeholder.points:
        return Place(grid)
    return Place(grid, lon, lat)


def _town(mapping: CityMapping, row: Mapping[str, str]) -> str | None:
    if mapping.columns.town is None:
        return None
    match = re.match(mapping.town.pattern, row[mapping.columns.town].strip())
    return match[1] if match else None


def _town_code(mapping: CityMapping, number: str) -> str:
    return f"{mapping.city.root}-{number.zfill(2)}"


def _bad(line: int, column: str, code: str, zh: str, en: str) -> BadRow:
    return BadRow(line, column, code, zh, en)
