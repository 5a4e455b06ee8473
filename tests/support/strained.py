"""A whole system with people at work in it, to be broken: how it is watched, how it lives again, how it is judged.

One leg of a torture: from its start to its verdict. What is compared in the end is `liandong verify history` with all
that every client was told, a screen that followed the feed through all of it, the hub's digest against the rows',
copies of actions, and the letters against what nobody could read.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import psutil

from eventlog.position import PARTITIONS
from ops.embedded.kafka import free_ports
from ops.embedded.stack import FORMAT
from ops.failpoints import POINTS, PROCESSES
from ops.system import PROCESSORS
from ops.verify.calls import Told
from projections import board
from runtime.failpoints import SETTING, Folder
from runtime.metrics import targets
from tests.support import past
from tests.support.breaking import mount, unmount
from tests.support.broken_producer import BrokenProducer
from tests.support.crew import Crew
from tests.support.live import Live, eventually
from tests.support.onlooker import Onlooker, passers_by
from tests.support.tally import Broken, Missed, Tally, Verdict

LIVE_S_MAX = 120.0
ANSWER_S_MAX = 2.0
REST_S_MAX = 120.0
VERIFIED_S_MAX = 1_800.0
GONE_S_MAX = 30.0
STARTS_MAX = 5
START_AGAIN_S = 2.0
LOOK_S = 0.05
SESSION_S = 3.0
OK = 200
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
        self._seed = seed
        self._port = free_ports(1)[0]
        self._disks = self._make_disks() if disks else []
        self.live = self._start()
        self.crew = Crew(self.live.address, seed, rate)
        self._onlooker = Onlooker(self.live.address)
        self._tasks: list[asyncio.Task[None]] = []
        self._wrong: list[str] = []
        self._began = time.monotonic()

    async def __aenter__(self) -> Strained:
        self._working = asyncio.create_task(self.crew.work())
        beside = (
            self._onlooker.watch(),
            passers_by(self.live.address),
            past.bring_in(lambda: self.live.kafka, self._seed),
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
        for disk in self._disks:
            unmount(disk)

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

    async def lives_again(self, since_ns: int, kind: str, name: str = "", nth: int = 0, process: str = "") -> None:
        """Wait until people are answered and everything works after that instant, and note how long it took."""
        what = f"{kind} {name}".strip()
        try:
            answered = await self.crew.answered(since_ns, LIVE_S_MAX)
            await self.ready(LIVE_S_MAX)
        except TimeoutError:
            assert self.live.process.poll() is None, f"the system ended after {what}:\n{self.live.said()[-4000:]}"
            self._wrong.append(f"[dead] not live {LIVE_S_MAX:.0f} s after {what}")
            return
        live = max((time.monotonic_ns() - since_ns) / 1e9, answered)
        self.tally.add(Broken(self.leg, kind, round(answered, 3), round(live, 3), name, nth, process))

    def note_wrong(self, what: str) -> None:
        """Something was found that must not be; `judge` tells it."""
        self._wrong.append(what)

    def missed(self, what: str, why: str) -> None:
        """Say that a fault could not be made."""
        self.tally.add(Missed(self.leg, what, why))

    async def ready(self, within_s: float) -> None:
        """Wait until the API is up to date and every processor holds all partitions. Raises TimeoutError."""
        async with asyncio.timeout(within_s), httpx.AsyncClient(timeout=ANSWER_S_MAX) as client:
            while True:
                if await self._works(client):
                    return
                await asyncio.sleep(LOOK_S)

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
            self._wrong.append(f"[outlived] {' '.join(process.cmdline()[-3:])} outlived the system")
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

    async def judge(self, minutes: float = 0.0) -> Verdict:
        """Everybody goes home; then what they were told is held against the log, the rows and the screen."""
        self.crew.stop()
        await self._working
        for task in self._tasks[1:]:
            task.cancel()
        await self._at_rest()
        wrong = list(self._wrong)
        if not await self._onlooker.same():
            wrong.append("[screen] the screen does not show what the server shows")
        if not await self._rows_are_the_hubs():
            wrong.append("[hub] the hub's board and the rows' differ")
        verified = await asyncio.to_thread(self._verified)
        wrong += [f"[{one['wrong']}] {one['text']}" for one in verified["findings"]]
        wrong += await asyncio.to_thread(lambda: list(self.producer.wrong(self.live.kafka)))
        wrong += await asyncio.to_thread(self._letters_missing)
        wrong += [f"[told] {fault}" for fault in self.crew.faults]
        asked = {call.action_id for call in self.crew.calls}
        known = {call.action_id for call in self.crew.calls if call.told is not Told.UNKNOWN}
        verdict = Verdict(
            self.leg,
            self._seed,
            round(time.monotonic() - self._began, 1),
            minutes,
            len(asked),
            len(known),
            len(asked) - len(known),
            {act: count for (act, told), count in sorted(self.crew.done.items()) if told == "accepted"},
            await self._count("select count(*) from breaches"),
            verified["decided_again"],
            verified["copies"],
            self._onlooker.joined - 1,
            dict(Counter(text[1:].partition("]")[0] for text in wrong)),
            wrong,
        )
        self.tally.add(verdict)
        return verdict

    def _start(self) -> Live:
        settings = {
            SETTING: str(self.points.path),
            "LIANDONG_SESSION_S": str(SESSION_S),
            "LIANDONG_ASSIGNED_S_MAX": "10",
        }
        return Live(self._folder / "data", self._port, **settings)

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

    async def _works(self, client: httpx.AsyncClient) -> bool:
        with suppress(httpx.HTTPError):
            if (await client.get(f"{self.live.address}/readyz")).status_code != OK:
                return False
            told = targets(self.live.data_dir)
            asked = [client.get(f"http://{told[name]}/metrics") for name in PROCESSORS if name in told]
            held = [answer.text.count("liandong_position_offset{") for answer in await asyncio.gather(*asked)]
            return held == [PARTITIONS] * len(PROCESSORS)
        return False

    async def _at_rest(self) -> None:
        """No step is armed, and the rows come to where the hub is; `judge` says if they do not."""
        for name in POINTS:
            (self.points.path / name).unlink(missing_ok=True)
        try:
            await self.ready(REST_S_MAX)
        except TimeoutError:
            self._wrong.append(f"[dead] not live {REST_S_MAX:.0f} s after everything")
        deadline = time.monotonic() + REST_S_MAX
        while time.monotonic() < deadline:
            if await self._rows_are_the_hubs():
                return
            await asyncio.sleep(0.2)

    async def _rows_are_the_hubs(self) -> bool:
        async with httpx.AsyncClient(base_url=self.live.address, timeout=LIVE_S_MAX) as client:
            token = await asyncio.to_thread(self.live.token, "auditor")
            answer = await client.get("/api/wall/digest", headers={"Authorization": f"Bearer {token}"})
        connection = await asyncpg.connect(self.live.settings()["LIANDONG_POSTGRES"])
        try:
            async with connection.transaction(isolation="repeatable_read"):
                rows, counts = await board.read_rows(connection), await board.read_counts(connection)
        finally:
            await connection.close()
        return answer.status_code == OK and answer.json()["digest"] == board.digest(rows, counts)

    async def _count(self, sql: str) -> int:
        connection = await asyncpg.connect(self.live.settings()["LIANDONG_POSTGRES"])
        try:
            return int(await connection.fetchval(sql))
        finally:
            await connection.close()

    def _letters_missing(self) -> list[str]:
        """Every record that nobody could read has one letter, however often it was copied."""
        said = self._asked("dead-letters", "list", "--json")
        kept, unread = json.loads(said.stdout)["open"], self.producer.unread(self.live.kafka)
        return [] if kept == unread else [f"[letters] {unread} records were undecodable, {kept} letters are open"]

    def _verified(self) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
            file.write(b"\n".join(map(msgspec.json.encode, self.crew.calls)))
            file.flush()
            said = self._asked("verify", "history", file.name, "--json")
        verified: dict[str, Any] = json.loads(said.stdout)
        return verified

    def _asked(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**psutil.Process(self.live.process.pid).environ(), **self.live.settings()}
        env.pop(SETTING, None)
        command = [sys.executable, "-m", "ops.cli", *arguments]
        said = subprocess.run(command, env=env, capture_output=True, text=True, timeout=VERIFIED_S_MAX, check=False)
        if said.returncode not in (0, 2):
            raise AssertionError(said.stdout + said.stderr)
        return said
