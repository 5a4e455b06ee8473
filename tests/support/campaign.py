"""SIGKILL at failpoints, several at once: in each round one in every different process, and then all live again.

Owns the rounds. What is armed is either shot or taken back before the next round, and what was shot is noted only when
everything works again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from tests.support.signs import all_work
from tests.support.steps import LANES, SOLO, Step
from tests.support.strained import Strained
from tests.support.ways import CommandFailed

ROUND_S_MAX = 45.0
TRIES_MAX = 3
LOOK_S = 0.02


class Campaign:
    """Kills of a leg. `killed` is how often each failpoint has killed before; `told` is called after each kill."""

    def __init__(
        self, system: Strained, chance: random.Random, killed: Mapping[str, int], told: Callable[[], None]
    ) -> None:
        self._system = system
        self._chance = chance
        self._killed = killed
        self._told = told
        self._tried: dict[str, int] = {}

    async def run(self, steps: Sequence[Step]) -> None:
        """Each of these once; what nobody comes to in TRIES_MAX rounds is noted as missed."""
        lanes: dict[str, list[Step]] = {lane: [] for lane in (*LANES, "system", "solo")}
        for step in steps:
            lanes["solo" if step.name in SOLO else self._who(step)].append(step)
        alone, solo = lanes.pop("system"), lanes.pop("solo")
        for waiting in lanes.values():
            self._chance.shuffle(waiting)
        while solo:  # first: what it takes is used up by the others
            await self._round([solo.pop()], dict.fromkeys(LANES, solo))
        while any(lanes.values()):
            await self._round([waiting.pop() for waiting in lanes.values() if waiting], lanes)
        for step in alone:
            await self._alone(step)

    def _who(self, step: Step) -> str:
        return step.processes[self._killed.get(step.name, 0) % len(step.processes)]

    async def _round(self, armed: Sequence[Step], lanes: Mapping[str, list[Step]]) -> None:
        await asyncio.gather(*(self._one(step) for step in armed))
        with suppress(TimeoutError):  # what does not live again was noted by whoever waited for it
            await all_work(self._system.lives, ROUND_S_MAX)
        for step in armed:
            if self._system.points.shot(step.name) is None and self._tried[step.name] < TRIES_MAX:
                lanes[self._who(step)].insert(0, step)

    async def _one(self, step: Step) -> None:
        """Arm it, make somebody come by, and wait for the shot; then for people's answers."""
        process, points = self._who(step), self._system.points
        nth = self._chance.randint(1, step.nth_max)
        self._tried[step.name] = self._tried.get(step.name, 0) + 1
        points.arm(step.name, f"kill {nth} {process}")
        way = asyncio.ensure_future(step.way[process](self._system, process, step.name, self._chance))
        try:
            await self._shot(step.name)
            if process == "command" and points.shot(step.name) is not None:
                await way
        except CommandFailed as failed:
            self._system.wrong.append(str(failed))
        finally:
            (points.path / step.name).unlink(missing_ok=True)
            way.cancel()
            await asyncio.gather(way, return_exceptions=True)
        await self._noted(step, process)

    async def _shot(self, name: str) -> None:
        """Wait until somebody was shot there, or the round is over."""
        deadline = time.monotonic() + ROUND_S_MAX
        while time.monotonic() < deadline:
            if self._system.points.shot(name) is not None:
                return
            await asyncio.sleep(LOOK_S)

    async def _alone(self, step: Step) -> None:
        """Whoever keeps the parts dies, and everything with it; it is started again on the same data."""
        self._tried[step.name] = TRIES_MAX
        self._system.points.arm(step.name, f"kill {self._chance.randint(1, step.nth_max)} system")
        await step.way["system"](self._system, "system", step.name, self._chance)
        (self._system.points.path / step.name).unlink(missing_ok=True)
        await asyncio.to_thread(self._system.start_again)
        await self._noted(step, "system")

    async def _noted(self, step: Step, process: str) -> None:
        shot = self._system.points.shot(step.name)
        if shot is not None:
            since = time.monotonic_ns() - (time.time_ns() - shot.at_ms * 1_000_000)
            number = self._killed.get(step.name, 0) + 1
            await self._system.successor_lives(since, step.name, number, process)
            self._told()
        elif self._tried[step.name] >= TRIES_MAX:
            self._system.missed(f"{step.name} in {process}", f"nobody came to it in {TRIES_MAX} × {ROUND_S_MAX:.0f} s")
