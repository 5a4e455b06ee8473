"""Failpoints: named steps at which a process is made to die, to stop or to fail, to see what then becomes of its work.

Owns arming, claiming and firing. Off unless LIANDONG_FAILPOINTS names a folder when the process starts, and never on in
production: whoever may write into that folder ends our processes. It is no part of the settings, so that no file of
settings switches it on. What must never happen: one arming that fires twice.
"""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from runtime.faults import Fault

SETTING = "LIANDONG_FAILPOINTS"
FIRED = ".fired"
EXIT_FIRED = 99

_ORDER = re.compile(r"(?P<act>kill|stop|exit|raise)(?: (?P<nth>[1-9][0-9]{0,5}))?(?: (?P<process>[a-z]+))?")

log = logging.getLogger("failpoints")


class Fired(Exception):
    """What the order `raise` raises, with the name of the failpoint."""

    code = "failpoints.fired"


class Act(StrEnum):
    """What happens to the process: SIGKILL, SIGSTOP, an exit with EXIT_FIRED that cleans nothing up, a raised Fired."""

    KILL = "kill"
    STOP = "stop"
    EXIT = "exit"
    RAISE = "raise"


class Order(NamedTuple):
    """`ACT [NTH] [PROCESS]`: at a process's NTH hit since it was armed, of that kind of process only."""

    act: Act
    nth: int
    process: str | None


class Shot(NamedTuple):
    """What became of an order: who claimed it, and when (ms)."""

    order: str
    pid: int
    process: str
    at_ms: int


class Folder:
    """The folder in which failpoints are armed. `names` says of each what it stands for; `processes` are the kinds.

    A file NAME holds an order until a process claims it by moving it away; from then on NAME.fired tells the shot.
    """

    def __init__(self, path: Path, names: Mapping[str, str], processes: Sequence[str]) -> None:
        """Raises Fault `failpoints.no_folder`, and as `check` does."""
        if not path.is_dir():
            raise _no_folder(path)
        self.path = path
        self.names = names
        self._processes = processes
        self.check()

    def check(self) -> None:
        """Look at all that lies there. Raises Fault `failpoints.unknown_name`, `failpoints.unknown_order`.

        A file without a line is one that is still being written, and one that begins with a point is nobody's.
        """
        for name in sorted(file.name for file in self.path.iterdir()):
            if name.startswith("."):
                continue
            if name.removesuffix(FIRED) not in self.names:
                raise self._unknown(name)
            if name in self.names and (line := self.line(name)):
                self.order(line)

    def line(self, name: str) -> str:
        """The order that stands there for a failpoint; empty where it is not armed."""
        try:
            return (self.path / name).read_text().strip()
        except FileNotFoundError:
            return ""

    def order(self, line: str) -> Order:
        """Parse an order. Raises Fault `failpoints.unknown_order`."""
        found = _ORDER.fullmatch(line)
        if found is None or (found["process"] or self._processes[0]) not in self._processes:
            raise _unknown_order(line, self._processes)
        return Order(Act(found["act"]), int(found["nth"] or 1), found["process"])

    def arm(self, name: str, line: str) -> None:
        """Arm a failpoint, also one that was fired. Raises Fault as `check` does."""
        if name not in self.names:
            raise self._unknown(name)
        self.order(line)
        (self.path / f"{name}{FIRED}").unlink(missing_ok=True)
        fresh = self.path / f".{name}.{os.getpid()}"
        fresh.write_text(f"{line}\n")
        fresh.replace(self.path / name)

    def shot(self, name: str) -> Shot | None:
        """Who fired it since it was armed last; None while nobody has."""
        try:
            return Shot(**json.loads((self.path / f"{name}{FIRED}").read_text()))
        except FileNotFoundError:
            return None

    def claim(self, name: str, process: str) -> Act | None:
        """Take the order away from everybody else and tell by whom; None where another one was quicker."""
        taken = self.path / f".{name}.{os.getpid()}.{threading.get_ident()}"
        try:
            (self.path / name).rename(taken)
        except FileNotFoundError:
            return None
        line = taken.read_text().strip()
        taken.write_text(json.dumps(Shot(line, os.getpid(), process, time.time_ns() // 1_000_000)._asdict()))
        taken.replace(self.path / f"{name}{FIRED}")
        return self.order(line).act

    def _unknown(self, name: str) -> Fault:
        near = ", ".join(get_close_matches(name, self.names)) or f"{min(self.names)} … {max(self.names)}"
        return Fault(
            "failpoints.unknown_name",
            f"{self.path} 中的 {name} 不是故障点。",
            f"{name} in {self.path} is no failpoint.",
            hint_zh=f"相近的有:{near}。",
            hint_en=f"Near it: {near}.",
        )


class Trigger:
    """The failpoints of a process that has them on; looks into the folder at every hit."""

    def __init__(self, folder: Folder, process: str) -> None:
        self._folder = folder
        self._process = process
        self._files = {name: folder.path / name for name in folder.names}
        self._counting = threading.Lock()
        self._counts: dict[str, tuple[tuple[int, int], int]] = {}
        self._seen = 0

    def hit(self, name: str) -> None:
        """Do what is ordered for this failpoint. Raises Fired, and Fault as `Folder.check` does."""
        if (changed := self._folder.path.stat().st_mtime_ns) != self._seen:
            self._folder.check()
            self._seen = changed
        if self._due(name) and (act := self._folder.claim(name, self._process)):
            _fire(act, name)

    def _due(self, name: str) -> bool:
        """Whether this is the hit that was ordered; hits are counted from the first one after the arming."""
        try:
            stands = self._files[name].stat()
        except FileNotFoundError:
            return False
        line = self._folder.line(name)
        if not line:
            return False
        order = self._folder.order(line)
        if order.process not in (None, self._process):
            return False
        with self._counting:
            arming = (stands.st_ino, stands.st_mtime_ns)
            known, count = self._counts.get(name, (arming, 0))
            count = count + 1 if known == arming else 1
            self._counts[name] = (arming, count)
        return count >= order.nth


def hit(name: str) -> None:
    """This step is reached. Nothing happens unless failpoints are on and this one is armed: at most 100 ns when off."""
    if _on is not None:
        _on.hit(name)


def named_folder() -> Path | None:
    """The folder that LIANDONG_FAILPOINTS names; None where failpoints are off, as they must be in production."""
    named = os.environ.get(SETTING)
    return Path(named) if named else None


def switch_on(process: str, names: Mapping[str, str], processes: Sequence[str]) -> None:
    """To be called once, when a process of that kind starts: failpoints are on where a folder is named, and it says so.

    Raises Fault as `Folder` does.
    """
    global _on
    path = named_folder()
    _on = None if path is None else Trigger(Folder(path, names, processes), process)
    if path is not None:
        log.critical("failpoints.on: %s can be killed by a file in %s; never in production", process, path)


_on: Trigger | None = None


def _fire(act: Act, name: str) -> None:
    log.critical("failpoints.fired: %s, %s", name, act)
    match act:
        case Act.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Act.STOP:
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # this thread goes no step further
        case Act.EXIT:
            os._exit(EXIT_FIRED)
        case Act.RAISE:
            raise Fired(name)


def _no_folder(path: Path) -> Fault:
    return Fault(
        "failpoints.no_folder",
        f"{SETTING} 指定的 {path} 不是目录。",
        f"{SETTING} names {path}, which is no folder.",
        hint_zh="生产环境必须不设该变量;测试时请先建好目录。",
        hint_en="In production the variable must not be set; for a test make the folder first.",
    )


def _unknown_order(line: str, processes: Sequence[str]) -> Fault:
    kinds = ", ".join(processes)
    return Fault(
        "failpoints.unknown_order",
        f"故障点指令“{line}”无法识别。",
        f"There is no order '{line}' for a failpoint.",
        hint_zh=f"应为 kill、stop、exit 或 raise,其后可写第几次经过和进程({kinds}),如 kill 5 {processes[0]}。",
        hint_en=f"Write kill, stop, exit or raise, then at which hit and in which process ({kinds}) if that matters, "
        f"like kill 5 {processes[0]}.",
    )
