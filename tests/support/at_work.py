"""Systems with people at work in them, to be broken: how they are watched, and how they are seen to live again.

One leg of a torture, from its start until everybody goes home; `tests.support.judging` then gives the verdict. Which
parts run where, and on what log, is said by `strained` (everything on one machine) and `clustered`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import psutil
from msgspec.structs import replace

from ops.verify.calls import Call
from tests.support import past
from tests.support.broken_producer import BrokenProducer
from tests.support.crew import Crew
from tests.support.live import Live, eventually
from tests.support.onlooker import Onlooker, passers_by
from tests.support.signs import all_work
from tests.support.tally import Broken, Missed, Tally

LIVE_S_MAX = 120.0
GONE_S_MAX = 30.0
HELD_S_MAX = 30.0
HELD_S = 3.0
NODES = ("postgres", "kafka")
SESSION_S = 3.0
SETTINGS = {
    "LIANDONG_SESSION_S": str(SESSION_S),
    "LIANDONG_ASSIGNED_S_MAX": "10",
    "LIANDONG_AUDIT_EVERY_S": "2",
}
"""Of every system that is broken: a fault is not to be waited for longer than it must."""


class AtWork:
    """People, a screen a machine, and the past that falls due, in the systems `lives` over one log."""

    def __init__(self, leg: str, seed: int, rate: float, tally: Tally, lives: list[Live]) -> None:
        self.leg = leg
        self.seed = seed
        self.tally = tally
        self.lives = lives
        addresses = [live.address for live in lives]
        self.producer = BrokenProducer()
        self.crew = Crew(addresses, seed, rate)
        self.onlookers = [Onlooker(address) for address in addresses]
        self.wrong: list[str] = []
        self.began = time.monotonic()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def live(self) -> Live:
        """The system that is asked where only one is."""
        return self.lives[0]

    async def open(self) -> None:
        """Everybody begins to work. Raises TimeoutError if nobody is answered."""
        self._working = asyncio.create_task(self.crew.work())
        beside = (
            past.bring_in(lambda: self.live.kafka, self.seed),
            *(passers_by(live.address) for live in self.lives),
        )
        self._screens = [asyncio.create_task(onlooker.watch()) for onlooker in self.onlookers]
        self._tasks = [asyncio.create_task(task) for task in beside]
        await self.crew.answered(0, LIVE_S_MAX)

    async def close(self) -> None:
        """Nobody works or looks any longer."""
        tasks = (self._working, *self._screens, *self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def broken(
        self,
        kind: str,
        act: Callable[[], object],
        then: Callable[[], object] = lambda: None,
        among: Callable[[Call], bool] = lambda _: True,
    ) -> None:
        """Do it, and what has to follow, and wait until people are answered (on these calls, where only some are
        concerned) and everything works. The time counts from the end of `act`."""
        await asyncio.to_thread(act)
        since = time.monotonic_ns()
        await asyncio.to_thread(then)
        try:
            answered = await self.crew.answered(since, LIVE_S_MAX, among)
            await all_work(self.lives, LIVE_S_MAX)
        except TimeoutError as missing:
            self.dead(kind, missing)
            return
        self.note(Broken(self.leg, kind, answered, max(seconds(since), answered)))

    async def held_up(self, since_ns: int) -> bool:
        """Wait until somebody was told 503 after that instant, and HELD_S more; False if nobody was in HELD_S_MAX."""
        deadline = time.monotonic() + HELD_S_MAX
        while time.monotonic() < deadline:
            if any(began > since_ns for began in self.crew.told_away_ns[-100:]):
                await asyncio.sleep(HELD_S)
                return True
            await asyncio.sleep(0.1)
        return False

    def process(self, part: str, number: int = 0) -> psutil.Process:
        """The process of a part or a node in that system, waited for. Blocks."""

        def runs() -> psutil.Process | None:
            live = self.lives[number]
            try:
                return live.node(part) if part in NODES else live.part(part)
            except (AssertionError, psutil.NoSuchProcess):
                return None

        process: psutil.Process = eventually(runs, LIVE_S_MAX, f"{part} runs")
        return process

    def kill_system(self, number: int = 0) -> None:
        """SIGKILL of whoever keeps the parts of that system: all of it dies. Blocks until nothing of it is left."""
        family = self.lives[number].family()
        self.lives[number].process.kill()
        self.gone(family, number)

    def gone(self, family: list[psutil.Process], number: int = 0) -> None:
        """Wait for the end of that system and of what it had started; what outlives it is wrong. Blocks."""
        live = self.lives[number]
        live.process.wait(GONE_S_MAX)
        _, left = psutil.wait_procs(family, GONE_S_MAX)
        for process in left:
            self.wrong.append(f"[outlived] {' '.join(process.cmdline()[-3:])} outlived the system")
            process.kill()
        live.close()

    def note(self, broken: Broken) -> None:
        """Keep what became of a fault."""
        answered, live = round(broken.answered_s, 3), round(broken.live_s, 3)
        self.tally.add(replace(broken, answered_s=answered, live_s=live))

    def dead(self, what: str, missing: TimeoutError) -> None:
        """Say that it did not live again, and what is missing. Raises AssertionError if a system has ended."""
        for live in self.lives:
            assert live.process.poll() is None, f"the system ended after {what}:\n{live.said()[-4000:]}"
        self.wrong.append(f"[dead] not live {LIVE_S_MAX:.0f} s after {what}: {str(missing) or 'nobody was answered'}")

    def missed(self, what: str, why: str) -> None:
        """Say that a fault could not be made."""
        self.tally.add(Missed(self.leg, what, why))

    async def go_home(self) -> None:
        """Everybody stops working, and what has no outcome yet is asked for a last time; the screens go on."""
        self.crew.stop()
        await self._working
        for task in self._tasks:
            task.cancel()


def seconds(since_ns: int) -> float:
    """Since that instant of `time.monotonic_ns`."""
    return (time.monotonic_ns() - since_ns) / 1e9
