"""Room on the disks that the log and the database lie on: said before it runs out, and when it has."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from runtime.faults import Fault

LOW_MB = 500
FULL_MB = 24  # PostgreSQL asks for 16 MB at once
LOOK_S = 2.0


def full(folder: Path) -> Fault | None:
    """The fault `disk.full` if what lies in that folder can not go on for want of room, else None."""
    free = free_mb(folder)
    if free >= FULL_MB:
        return None
    return Fault(
        "disk.full",
        f"{folder} 所在磁盘已满,仅剩 {free} MB。",
        f"The disk of {folder} is full: {free} MB left.",
        hint_zh="请在该磁盘上腾出空间;腾出后会自动恢复,已确认的内容不会丢失。",
        hint_en="Make room on it; what stopped then starts again by itself, and nothing acknowledged is lost.",
    )


def low(folder: Path) -> Fault | None:
    """The fault `disk.low` if room is running out there, else None."""
    free = free_mb(folder)
    if free >= LOW_MB:
        return None
    return Fault(
        "disk.low",
        f"{folder} 所在磁盘仅剩 {free} MB。",
        f"The disk of {folder} has {free} MB left.",
        hint_zh="请尽快腾出空间,写满后系统将暂停受理(503)。",
        hint_en="Make room soon: when it is full, nothing more is taken in (503).",
    )


async def watch(folders: Sequence[Path]) -> None:
    """Say it once whenever a disk becomes low or full, for ever."""
    said: dict[Path, str] = {}
    while True:
        for folder in folders:
            try:
                fault = full(folder) or low(folder)
            except OSError:  # a disk that is away is said by whoever needs it
                continue
            code = fault.code if fault else ""
            if fault and said.get(folder, "") != code:
                say(fault)
            said[folder] = code
        await asyncio.sleep(LOOK_S)


def say(fault: Fault) -> None:
    """A fault's lines on standard error, for the person at the terminal."""
    print(*fault.lines(), sep="\n", file=sys.stderr, flush=True)


def free_mb(folder: Path) -> int:
    """Free room there, in MB (10^6 bytes)."""
    return shutil.disk_usage(folder).free // 1_000_000
