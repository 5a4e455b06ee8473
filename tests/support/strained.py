"""A whole system on one machine, with people at work in it: its processes, its disks, and its failpoints."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from ops.embedded.kafka import free_ports
from ops.embedded.stack import FORMAT
from ops.failpoints import POINTS, PROCESSES
from ops.system import PROCESSORS
from runtime.failpoints import SETTING, Folder
from tests.support.at_work import LIVE_S_MAX, SETTINGS, AtWork, seconds
from tests.support.breaking import mount, unmount
from tests.support.live import Live
from tests.support.signs import all_work, works
from tests.support.tally import Broken, Tally

STARTS_MAX = 5
START_AGAIN_S = 2.0
DISK_MB = {"kafka": 3_000, "postgres": 4_000}
"""Of the disks that are filled: room for a leg. Only what is written takes memory."""


class Strained(AtWork):
    """One system and its people. With `disks` log and rows lie on disks of their own, where the machine allows it."""

    def __init__(self, folder: Path, leg: str, seed: int, rate: float, tally: Tally, *, disks: bool = True) -> None:
        (folder / "failpoints").mkdir(parents=True)
        self.points = Folder(folder / "failpoints", POINTS, PROCESSES)
        self.no_disk = "not asked for"
        self._folder = folder
        self._port = free_ports(1)[0]
        self._disks = self._make_disks() if disks else []
        try:
            super().__init__(leg, seed, rate, tally, [self._start()])
        except BaseException:
            self._unmount()
            raise

    async def __aenter__(self) -> Strained:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
        if self.live.process.poll() is None:
            await asyncio.to_thread(self.live.stop)
        self._unmount()

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

    async def successor_lives(self, since_ns: int, name: str, nth: int, process: str) -> None:
        """Wait until people are answered and whoever follows the one that died at a failpoint works, and note it.

        Others may be dead meanwhile. What died with a command lives when the command has come to its end: now.
        """
        live = seconds(since_ns)
        answered = asyncio.create_task(self.crew.answered(since_ns, LIVE_S_MAX))
        try:
            if process in ("api", *PROCESSORS):
                await works(self.live, process, LIVE_S_MAX)
                live = seconds(since_ns)
            elif process == "system":
                await all_work(self.lives, LIVE_S_MAX)
                live = seconds(since_ns)
            self.note(Broken(self.leg, "failpoint", await answered, live, name, nth, process))
        except TimeoutError as missing:
            self.dead(name, missing)
        finally:
            answered.cancel()

    def start_again(self, starts_max: int = STARTS_MAX) -> None:
        """Start the system on the same data and the same port. Blocks. Raises AssertionError if it does not come up.

        A killed database's last processes may live for a moment, and until they have ended it refuses to start.
        """
        for left in reversed(range(starts_max)):
            try:
                self.lives[0] = self._start()
            except AssertionError:
                if not left:
                    raise
                time.sleep(START_AGAIN_S)
            else:
                return

    async def go_home(self) -> None:
        """As everywhere, and no failpoint is armed any longer."""
        await super().go_home()
        for name in POINTS:
            (self.points.path / name).unlink(missing_ok=True)

    def _start(self) -> Live:
        return Live(self._folder / "data", self._port, **SETTINGS, **{SETTING: str(self.points.path)})

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
