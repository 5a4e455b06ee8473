"""A whole system with people at work in it, to be broken: how it is watched, and how it is seen to live again.

One leg of a torture, from its start until everybody goes home; `tests.support.judging` then gives the verdict.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from msgspec.structs import replace

from ops.embedded.kafka import free_ports
from ops.embedded.stack import FORMAT
from ops.failpoints import POINTS, PROCESSES
from ops.system import PROCESSORS
from runtime.failpoints import SETTING, Folder
from tests.support import past
from tests.support.breaking import mount, unmount
from tests.support.broken_producer import BrokenProducer
from tests.support.crew import Crew
from tests.support.live import Live, eventually
from tests.support.onlooker import Onlooker, passers_by
from tests.support.signs import all_work, works
from tests.support.tally import Broken, Missed, Tally

LIVE_S_MAX = 120.0
GONE_S_MAX = 30.0
STARTS_MAX = 5
START_AGAIN_S = 2.0
SESSION_S = 3.0
NODES = ("postgres", "kafka")
DISK_MB = {"kafka": 3_000, "postgres": 4_000}
"""Of the disks that are filled: room for a leg. Only what is written takes memory."""


class Strained:
    """One system and its people. With `disks` log and rows lie on disks of their own, where the machine allows it."""

    def __init__(self, folder: Path, leg: str, seed: int, rate: float, tally: Tally, *, disks: bool = True) -> None:
        (folder / "failpoints").mkdir(parents=True)
        self.leg = leg
        self.tally = tally
        self.points = Folder(folder / "failpoints", POINTS, PROCESSES)
        self.producer = BrokenProducer()
        self.no_disk = "not asked for"
        self._folder = folder
        self.seed = seed
        self._port = free_ports(1)[0]
        self._disks = self._make_disks() if disks else []
        try:
            self.live = self._start()
        except BaseException:
            self._unmount()
            raise
        self.crew = Crew(self.live.address, seed, rate)
        self.onlooker = Onlooker(self.live.address)
        self._tasks: list[asyncio.Task[None]] = []
        self.wrong: list[str] = []
        self.began = time.monotonic()

    async def __aenter__(self) -> Strained:
        self._working = asyncio.create_task(self.crew.work())
        beside = (
            self.onlooker.watch(),
            passers_by(self.live.address),
            past.bring_in(lambda: self.live.kafka, self.seed),
        )
        self._tasks = [asyncio.create_task(task) for task in beside]
        await self.crew.answered(0, LIVE_S_MAX)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (self._working, *self._tasks):
            task.cancel()
        await asyncio.gather(self._working, *self._tasks, return_exceptions=True)
        if self.live.process.poll() is None:
            await asyncio.to_thread(self.live.stop)
        self._unmount()

    def process(self, part: str) -> psutil.Process:
        """The process of a part or a node, waited for. Blocks."""

        def runs() -> psutil.Process | None:
            try:
                return self.live.node(part) if part in NODES else self.live.part(part)
            except (AssertionError, psutil.NoSuchProcess):
                return None

        process: psutil.Process = eventually(runs, LIVE_S_MAX, f"{part} runs")
        return process

    def member(self, name: str) -> subprocess.Popen[bytes]:
        """A second process of that processor, with a data folder and no failpoints of its own."""
        env = {**psutil.Process(self.live.process.pid).environ(), **self.live.settings()}
        env["LIANDONG_DATA_DIR"] = tempfile.mkdtemp(dir=self._folder)
        env.pop(SETTING, None)
        return subprocess.Popen(
            [sys.executable, "-m", "ops.cli", "serve", name],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    async def broken(self, kind: str, act: Callable[[], object]) -> None:
        """Do it, and wait until people are answered and everything works again."""
        since = time.monotonic_ns()
        await asyncio.to_thread(act)
        await self.lives_again(since, kind)

    async def lives_again(self, since_ns: int, kind: str) -> None:
        """Wait until people are answered and everything works after that instant, and note how long it took."""
        try:
            answered = await self.crew.answered(since_ns, LIVE_S_MAX)
            await all_work(self.live, LIVE_S_MAX)
        except TimeoutError:
            self._dead(kind)
            return
        self._note(Broken(self.leg, kind, answered, max(_seconds(since_ns), answered)))

    async def successor_lives(self, since_ns: int, name: str, nth: int, process: str) -> None:
        """Wait until people are answered and whoever follows the one that died at a failpoint works, and note it.

        Others may be dead meanwhile. What died with a command lives when the command has come to its end: now.
        """
        live = _seconds(since_ns)
        answered = asyncio.create_task(self.crew.answered(since_ns, LIVE_S_MAX))
        try:
            if process in ("api", *PROCESSORS):
                await works(self.live, process, LIVE_S_MAX)
                live = _seconds(since_ns)
            elif process == "system":
                await all_work(self.live, LIVE_S_MAX)
                live = _seconds(since_ns)
            self._note(Broken(self.leg, "failpoint", await answered, live, name, nth, process))
        except TimeoutError:
            self._dead(name)
        finally:
            answered.cancel()

    def _note(self, broken: Broken) -> None:
        answered, live = round(broken.answered_s, 3), round(broken.live_s, 3)
        self.tally.add(replace(broken, answered_s=answered, live_s=live))

    def _dead(self, what: str) -> None:
        assert self.live.process.poll() is None, f"the system ended after {what}:\n{self.live.said()[-4000:]}"
        self.wrong.append(f"[dead] not live {LIVE_S_MAX:.0f} s after {what}")

    def missed(self, what: str, why: str) -> None:
        """Say that a fault could not be made."""
        self.tally.add(Missed(self.leg, what, why))

    def kill_all(self) -> None:
        """SIGKILL of whoever keeps the parts: all of it dies. Blocks until nothing of it is left."""
        family = self.live.family()
        self.live.process.kill()
        self.gone(family)

    def gone(self, family: list[psutil.Process]) -> None:
        """Wait for the end of the system and of what it had started; what outlives it is wrong. Blocks."""
        self.live.process.wait(GONE_S_MAX)
        _, left = psutil.wait_procs(family, GONE_S_MAX)
        for process in left:
            self.wrong.append(f"[outlived] {' '.join(process.cmdline()[-3:])} outlived the system")
            process.kill()
        self.live.close()

    def start_again(self, starts_max: int = STARTS_MAX) -> None:
        """Start the system on the same data and the same port. Blocks. Raises AssertionError if it does not come up.

        A killed database's last processes may live for a moment, and until they have ended it refuses to start.
        """
        for left in reversed(range(starts_max)):
            try:
                self.live = self._start()
            except AssertionError:
                if not left:
                    raise
                time.sleep(START_AGAIN_S)
            else:
                return

    async def go_home(self) -> None:
        """Everybody stops working, and what has no outcome yet is asked for a last time; the screen goes on."""
        self.crew.stop()
        await self._working
        for task in self._tasks[1:]:
            task.cancel()
        for name in POINTS:
            (self.points.path / name).unlink(missing_ok=True)

    def _start(self) -> Live:
        settings = {
            SETTING: str(self.points.path),
            "LIANDONG_SESSION_S": str(SESSION_S),
            "LIANDONG_ASSIGNED_S_MAX": "10",
            "LIANDONG_AUDIT_EVERY_S": "2",
        }
        return Live(self._folder / "data", self._port, **settings)

    def _unmount(self) -> None:
        for disk in self._disks:
            unmount(disk)

    def _make_disks(self) -> list[Path]:
        made: list[Path] = []
        for node, mb in DISK_MB.items():
            folder = self._folder / "data" / node
            self.no_disk = mount(folder, mb)
            if self.no_disk:
                folder.rmdir()
                break
            made.append(folder)
        (self._folder / "data").mkdir(exist_ok=True)
        (self._folder / "data" / "format.json").write_text(json.dumps(FORMAT))
        return made


def _seconds(since_ns: int) -> float:
    return (time.monotonic_ns() - since_ns) / 1e9
