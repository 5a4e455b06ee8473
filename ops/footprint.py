"""What the processes of a system on this machine take of its memory.

Owns how it is counted: pages that several processes share are divided among them (PSS), so that the sum over all is
what the machine gives, and the processes of one service are one.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil

from ops.system import System

SERVICES = {"java": "kafka"}
PEAK = "VmHWM:"


def memory(system: System, this: str) -> dict[str, int]:
    """Part or service → bytes, and `this` process by that name; a process that just ended is left out."""
    names = {child.pid: name for name, child in system.parts.items()} | {os.getpid(): this}
    found: Counter[str] = Counter()
    keeper = psutil.Process()
    for process in (keeper, *keeper.children(recursive=True)):
        with suppress(psutil.Error):
            name = process.name()
            found[names.get(process.pid) or SERVICES.get(name, name)] += _pss(process)
    return dict(found)


def peaks(system: System) -> dict[str, int]:
    """Part → the most that its process ever had in memory, bytes (shared pages counted in full); none off Linux."""
    found = {name: peak(child.pid) for name, child in system.parts.items()}
    return {name: size for name, size in found.items() if size is not None}


def peak(pid: int) -> int | None:
    """The most that a process ever had in memory, bytes; None off Linux, and once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(PEAK)), None)


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
