"""A whole system is broken at random, part after part, while people work; then everything is compared (`make torture`).

Faults are real: SIGKILL and SIGSTOP of processes, a second decider that comes and goes, records that nobody can read,
and SIGKILL at a failpoint of whichever process reaches it. What is compared is `liandong verify history` with all that
every client was told, a screen that followed the feed through all of it, and the hub's digest against the rows'.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import psutil

from eventlog.append import Appender
from eventlog.position import PARTITIONS
from eventlog.topics import TopicNames
from ops.embedded.kafka import free_ports
from ops.failpoints import POINTS, PROCESSES
from ops.system import PROCESSORS
from ops.verify.calls import Told
from projections import board
from runtime.failpoints import SETTING, Folder
from tests.support.crew import Crew
from tests.support.live import Live, eventually
from tests.support.onlooker import Onlooker

LIVE_S_MAX = 60.0
FIRED_S_MAX = 15.0
CALM_S = 2.0
SESSION_S = 3.0
JOINED_S = 2.0
REST_S_MAX = 60.0
VERIFIED_S_MAX = 600.0
OK = 200
NODES = ("postgres", "kafka")
JUNK: Sequence[bytes] = (
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 50_000,
    b'{"id":"x"}',
    b'{"id":"x","case":"c","actor":7}',
    b"x" * 200_000,
)
AT_WORK = tuple(
    name
    for name in POINTS
    if name.partition(".")[0] in ("appender", "api", "worker", "dispatch", "project", "clock", "react")
)
"""The failpoints that a system at work may come to by itself; the others need a command or an adoption."""


@dataclass
class Summary:
    """What was broken and what came of it; times are seconds from the fault to the next outcome and to ready."""

    seed: int
    seconds: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    not_reached: list[str] = field(default_factory=list)
    live_s: dict[str, list[float]] = field(default_factory=dict)
    actions: int = 0
    acknowledged: int = 0
    unknown: int = 0
    joined_again: int = 0
    verified: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The table that people read."""
        told = f"{self.actions} actions, {self.acknowledged} with an outcome, {self.unknown} unknown"
        lines = [f"seed {self.seed}: {self.seconds:.0f} s, {told}"]
        for kind, count in sorted(self.faults.items()):
            times = self.live_s.get(kind, [])
            live = f"live again median {statistics.median(times):.1f} s, most {max(times):.1f} s" if times else ""
            lines.append(f"  {kind:24} {count:4}  {live}")
        if self.not_reached:
            lines.append(f"  not reached: {', '.join(self.not_reached)}")
        counts = dict.fromkeys(("lost", "doubled", "fork", "told_otherwise", "hole", "broken_chain"), 0)
        for finding in self.verified.get("findings", []):
            counts[finding["wrong"]] = counts.get(finding["wrong"], 0) + 1
        lines.append("  " + ", ".join(f"{wrong} {count}" for wrong, count in counts.items()))
        again, copies = self.verified.get("decided_again"), self.verified.get("copies")
        lines.append(f"  decided again {again}, copies {copies}, the screen joined {self.joined_again} times again")
        lines += [f"  WRONG: {text}" for text in self.wrong]
        return lines


class Torture:
    """One system and its people; call the faults, then `judge`."""

    def __init__(self, folder: Path, seed: int, rate: float) -> None:
        self.summary = Summary(seed)
        (folder / "failpoints").mkdir(parents=True)
        self._points = Folder(folder / "failpoints", POINTS, PROCESSES)
        self.live = Live(
            folder / "data",
            free_ports(1)[0],
            **{SETTING: str(self._points.path), "LIANDONG_SESSION_S": str(SESSION_S), "LIANDONG_ASSIGNED_S_MAX": "10"},
        )
        self._crew = Crew(self.live.address, seed, rate)
        self._onlooker = Onlooker(self.live.address)
        self._began = time.monotonic()

    async def __aenter__(self) -> Torture:
        self._working = asyncio.create_task(self._crew.work())
        self._watching = asyncio.create_task(self._onlooker.watch())
        await self._crew.answered(0, LIVE_S_MAX)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (self._working, self._watching):
            task.cancel()
        await asyncio.gather(self._working, self._watching, return_exceptions=True)
        if self.live.process.poll() is None:
            await asyncio.to_thread(self.live.stop)

    async def kill(self, part: str) -> None:
        """SIGKILL of the API, a processor, the database or the broker."""
        process = await asyncio.to_thread(self._process, part)
        await self._broken(f"kill {part}", process.kill)

    async def pause(self, part: str) -> None:
        """A processor is stopped past its group's limit, replaced, and woken again: a zombie."""
        process = await asyncio.to_thread(self._process, part)
        process.suspend()
        try:
            await asyncio.sleep(SESSION_S + JOINED_S)
        finally:
            await self._broken(f"zombie {part}", process.resume)

    async def rebalance(self) -> None:
        """A second decider joins, works, and leaves."""
        command = [sys.executable, "-m", "ops.cli", "serve", "dispatch"]
        with tempfile.TemporaryDirectory() as folder:
            settings = {**self.live.settings(), "LIANDONG_DATA_DIR": folder}
            env = {**psutil.Process(self.live.process.pid).environ(), **settings}
            quiet = asyncio.subprocess.DEVNULL
            second = await asyncio.create_subprocess_exec(*command, env=env, stdout=quiet, stderr=quiet)
            await asyncio.sleep(SESSION_S + JOINED_S)
            await self._broken("rebalance", second.terminate)
            async with asyncio.timeout(LIVE_S_MAX):
                await second.wait()

    async def junk(self) -> None:
        """Records that nobody can read, in every partition."""

        async def append() -> None:
            async with Appender(self.live.kafka, TopicNames()) as appender:
                for partition in range(PARTITIONS):
                    for value in JUNK:
                        await appender.append_raw(TopicNames().actions, partition, b"junk", value)

        await append()
        await self._broken("junk records", lambda: None)

    async def failpoint(self, name: str, nth: int, within_s: float = FIRED_S_MAX) -> bool:
        """SIGKILL of whoever comes to that step for the nth time; False if nobody did in that time."""
        self._points.arm(name, f"kill {nth}")
        deadline = time.monotonic() + within_s
        while self._points.shot(name) is None:
            if time.monotonic() > deadline:
                (self._points.path / name).unlink(missing_ok=True)
                if self._points.shot(name) is None:
                    return False
            await asyncio.sleep(0.02)
        await self._broken("failpoint", lambda: None)
        return True

    async def judge(self) -> Summary:
        """Everybody goes home; then what they were told is held against the log, the rows and the screen."""
        found = self.summary
        self._crew.stop()
        await self._working
        await self._at_rest()
        found.seconds = time.monotonic() - self._began
        found.actions = len({call.action_id for call in self._crew.calls})
        known = {call.action_id for call in self._crew.calls if call.told is not Told.UNKNOWN}
        found.acknowledged, found.unknown = len(known), found.actions - len(known)
        found.joined_again = self._onlooker.joined - 1
        if not await self._onlooker.same():
            found.wrong.append("the screen does not show what the server shows")
        if not await self._rows_are_the_hubs():
            found.wrong.append("the hub's board and the rows' differ")
        found.verified = await asyncio.to_thread(self._verified)
        found.wrong += [f"[{one['wrong']}] {one['text']}" for one in found.verified["findings"]]
        found.wrong += self._crew.faults
        return found

    def _process(self, part: str) -> psutil.Process:
        node = part in NODES

        def runs() -> psutil.Process | None:
            try:
                return self.live.node(part) if node else self.live.part(part)
            except (AssertionError, psutil.NoSuchProcess):
                return None

        process: psutil.Process = eventually(runs, LIVE_S_MAX, f"{part} runs")
        return process

    async def _broken(self, kind: str, act: Callable[[], object]) -> None:
        """Do it, and wait until people are answered and the wall is up to date again."""
        since = time.monotonic_ns()
        await asyncio.to_thread(act)
        answered = await self._crew.answered(since, LIVE_S_MAX)
        await self._ready(LIVE_S_MAX)
        self.summary.faults[kind] = self.summary.faults.get(kind, 0) + 1
        self.summary.live_s.setdefault(kind, []).append(answered)

    async def _ready(self, within_s: float) -> None:
        async with asyncio.timeout(within_s), httpx.AsyncClient(timeout=2.0) as client:
            while True:
                try:
                    if (await client.get(f"{self.live.address}/readyz")).status_code == OK:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)

    async def _at_rest(self) -> None:
        """No step is armed, and the rows come to where the hub is; `judge` says if they do not."""
        for name in POINTS:
            (self._points.path / name).unlink(missing_ok=True)
        await self._ready(REST_S_MAX)
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

    def _verified(self) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
            file.write(b"\n".join(map(msgspec.json.encode, self._crew.calls)))
            file.flush()
            env = {**psutil.Process(self.live.process.pid).environ(), **self.live.settings()}
            env.pop(SETTING, None)
            command = [sys.executable, "-m", "ops.cli", "verify", "history", file.name, "--json"]
            said = subprocess.run(command, env=env, capture_output=True, text=True, timeout=VERIFIED_S_MAX, check=False)
        if said.returncode not in (0, 2):
            raise AssertionError(said.stdout + said.stderr)
        verified: dict[str, Any] = json.loads(said.stdout)
        return verified


def at_random(torture: Torture, chance: random.Random) -> Callable[[], Awaitable[object]]:
    """One fault of a kind drawn by chance."""
    part = chance.choice(("api", *PROCESSORS, *NODES))
    processor = chance.choice(PROCESSORS)
    name, nth = chance.choice(AT_WORK), chance.randint(1, 30)
    kinds: Sequence[tuple[int, Callable[[], Awaitable[object]]]] = (
        (5, lambda: torture.kill(part)),
        (2, lambda: torture.pause(processor)),
        (2, torture.rebalance),
        (1, torture.junk),
        (4, lambda: torture.failpoint(name, nth)),
    )
    return chance.choices([act for _, act in kinds], [weight for weight, _ in kinds])[0]


async def torment(folder: Path, seed: int, rate: float, minutes: float, failpoints: int) -> Summary:
    """Faults at random for so many minutes, then every failpoint at work so many times."""
    chance = random.Random(seed)
    async with Torture(folder, seed, rate) as torture:
        over = time.monotonic() + minutes * 60
        while time.monotonic() < over:
            await at_random(torture, chance)()
            await asyncio.sleep(chance.uniform(0, CALM_S))
        for _ in range(failpoints):
            for name in AT_WORK:
                if not await torture.failpoint(name, chance.randint(1, 10)):
                    torture.summary.not_reached.append(name)
        return await torture.judge()


def main() -> None:
    """`make torture`: print the summary and end with 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what is broken, and in which order")
    parser.add_argument("--rate", type=float, default=300.0, help="actions a second that people ask for")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long things break at random")
    parser.add_argument("--failpoints", type=int, default=0, help="how often every failpoint kills after that")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="liandong-torture-") as folder:
        found = asyncio.run(torment(Path(folder), asked.seed, asked.rate, asked.minutes, asked.failpoints))
    print("\n".join(found.lines()))
    sys.exit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
