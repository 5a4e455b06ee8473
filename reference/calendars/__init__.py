"""Calendars by name or from a file: the shipped ones beside this module, and those of the shipped cities."""

from __future__ import annotations

from pathlib import Path

import msgspec

from domain.finding import faults
from domain.worktime import CalendarFile, check_calendar
from reference.profile import SHIPPED as CITIES
from runtime.faults import Fault

SHIPPED = Path(__file__).parent
DEFAULT = "default"
DEFAULT_FILE = SHIPPED / "china.json"
FILE_BYTES_MAX = 1_000_000
FAULTS_SHOWN_MAX = 10


def calendar_names() -> list[str]:
    """The names that `load_calendar` knows."""
    cities = (path.parent.name for path in CITIES.glob("*/calendar.json"))
    return [DEFAULT, *sorted({*(path.stem for path in SHIPPED.glob("*.json")), *cities})]


def load_calendar(name_or_path: str) -> CalendarFile:
    """A sound calendar by name or path. Raises Fault calendar.missing, .unreadable, .too_large, .wrong."""
    path = _path(name_or_path)
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise Fault(
                "calendar.too_large",
                f"日历文件 {path.name} 超过 {FILE_BYTES_MAX} 字节。",
                f"The calendar file {path.name} has more than {FILE_BYTES_MAX} bytes.",
            )
        file = msgspec.json.decode(path.read_bytes(), type=CalendarFile)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise Fault(
            "calendar.unreadable",
            f"日历文件 {path.name} 无法读取:{error}。",
            f"The calendar file {path.name} cannot be read: {error}.",
        ) from error
    if wrong := faults(check_calendar(file)):
        shown = wrong[:FAULTS_SHOWN_MAX]
        raise Fault(
            "calendar.wrong",
            f"日历 {path.name} 有 {len(wrong)} 处错误:{''.join(one.zh for one in shown)}",
            f"The calendar {path.name} has {len(wrong)} faults: {' '.join(one.en for one in shown)}",
        )
    return file


def _path(name_or_path: str) -> Path:
    if name_or_path == DEFAULT:
        return DEFAULT_FILE
    for shipped in (SHIPPED / f"{name_or_path}.json", CITIES / name_or_path / "calendar.json", Path(name_or_path)):
        if shipped.is_file():
            return shipped
    names = ", ".join(calendar_names())
    raise Fault(
        "calendar.missing",
        f"没有日历“{name_or_path}”,自带的有:{names}。",
        f"There is no calendar '{name_or_path}'; shipped are: {names}.",
        hint_zh="也可以给出日历文件的路径。",
        hint_en="The path of a calendar file can be given, too.",
    )
