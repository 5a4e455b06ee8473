"""A whole system is broken at random, part after part, while people work; then everything is compared (`make torture`).

Faults are real: SIGKILL, SIGSTOP and clean stops, full disks, members that come and go, records that nobody can read or
that stand there already; and SIGKILL at a failpoint of whoever reaches it, each so many times. On three brokers with
two machines over them brokers are lost, restarted and given a wrong clock, and a machine is lost. With a file of
progress a run that was broken off goes on where it stopped, and the summary adds up all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ops.system import PARTS, PROCESSORS
from tests.support import cluster_faults, faults
from tests.support.at_work import NODES
from tests.support.campaign import Campaign
from tests.support.clustered import clustered
from tests.support.judging import judge
from tests.support.steps import wanted_steps
from tests.support.strained import Strained
from tests.support.tally import Tally

CALM_S = 2.0
EXIT_BROKEN_OFF = 130
COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)


def at_random(system: Strained, chance: random.Random) -> Callable[[], Awaitable[object]]:
    """One fault of a kind drawn by chance."""
    part = chance.choice((*PARTS, *NODES))
    processor, node = chance.choice(PROCESSORS), chance.choice(NODES)
    kinds: Sequence[tuple[int, Callable[[], Awaitable[object]]]] = (
        (6, lambda: faults.kill(system, part)),
        (2, lambda: faults.restart(system, node)),
        (2, lambda: faults.pause(system, processor)),
        (1, lambda: faults.rebalance(system)),
        (1, lambda: faults.rebalances(system)),
        (2, lambda: faults.junk(system)),
        (2, lambda: faults.copies(system)),
        (1, lambda: faults.disk_full(system, node)),
        (1, lambda: faults.kill_all(system)),
    )
    return chance.choices([act for _, act in kinds], [weight for weight, _ in kinds])[0]


async def break_at_random(folder: Path, seed: int, rate: float, minutes: float, tally: Tally, bar: Progress) -> None:
    """One leg of faults at random for so many minutes."""
    chance = random.Random(seed)
    task = bar.add_task("at random (s)", total=round(minutes * 60))
    async with Strained(folder, f"random-{seed}-{time.time_ns() // 10**9}", seed, rate, tally) as system:
        began = time.monotonic()
        while (gone := time.monotonic() - began) < minutes * 60:
            bar.update(task, completed=round(gone))
            await at_random(system, chance)()
            await asyncio.sleep(chance.uniform(0, CALM_S))
        bar.update(task, completed=round(minutes * 60), description="at random: compared")
        await judge(system, minutes)


async def break_at_steps(folder: Path, seed: int, rate: float, number: int, tally: Tally, bar: Progress) -> None:
    """One leg: every failpoint that has killed fewer than `number` times kills once more."""
    chance = random.Random(seed * 1_000_003 + number)
    killed = tally.killed_at()
    todo = [step for step in wanted_steps() if killed[step.name] < number]
    task = bar.add_task(f"failpoints, {number}. time", total=len(todo))
    leg = f"steps-{seed}-{number}-{time.time_ns() // 10**9}"
    async with Strained(folder, leg, seed + number, rate, tally, disks=False) as system:
        campaign = Campaign(system, chance, killed, lambda: bar.advance(task))
        await campaign.run(todo)
        bar.update(task, description=f"failpoints, {number}. time: compared")
        await judge(system)


async def break_cluster(folder: Path, seed: int, rate: float, minutes: float, tally: Tally, bar: Progress) -> None:
    """One leg on three brokers: every kind of fault once, and then at random until so many minutes are over."""
    chance = random.Random(seed)
    first = [fault for _, fault in cluster_faults.FAULTS]
    task = bar.add_task("cluster (s)", total=round(minutes * 60))
    async with clustered(folder, f"cluster-{seed}-{time.time_ns() // 10**9}", seed, rate, tally) as system:
        began = time.monotonic()
        while first or time.monotonic() - began < minutes * 60:
            bar.update(task, completed=round(time.monotonic() - began))
            fault = first.pop(0) if first else cluster_faults.at_random(chance)
            await fault(system, chance)
            await asyncio.sleep(chance.uniform(0, CALM_S))
        bar.update(task, completed=round(minutes * 60), description="cluster: compared")
        await judge(system, cluster_minutes=minutes)


async def torment(asked: argparse.Namespace, tally: Tally, bar: Progress) -> None:
    """Faults at random, then every failpoint so many times, then a cluster; but for what the tally has already."""
    seed, rate, minutes, failpoints = asked.seed, asked.rate, asked.minutes, asked.failpoints
    done = any(verdict.seed == seed and verdict.minutes >= minutes for verdict in tally.verdicts)
    if minutes and not done:
        with tempfile.TemporaryDirectory(prefix="liandong-torture-") as folder:
            await break_at_random(Path(folder), seed, rate, minutes, tally, bar)
    for number in range(1, failpoints + 1):
        if any(tally.killed_at()[step.name] < number for step in wanted_steps()):
            with tempfile.TemporaryDirectory(prefix="liandong-torture-") as folder:
                await break_at_steps(Path(folder), seed, rate, number, tally, bar)
    done = any(verdict.seed == seed and verdict.cluster_minutes >= asked.cluster for verdict in tally.verdicts)
    if asked.cluster and not done:
        with tempfile.TemporaryDirectory(prefix="liandong-torture-") as folder:
            await break_cluster(Path(folder), seed, rate, asked.cluster, tally, bar)


def main() -> None:
    """`make torture`: print the summary and end with 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what is broken, and in which order")
    parser.add_argument("--rate", type=float, default=300.0, help="actions a second that people ask for")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long things break at random")
    parser.add_argument("--failpoints", type=int, default=0, help="how often every failpoint kills after that")
    parser.add_argument("--cluster", type=float, default=0.0, help="how many minutes a cluster of three is broken then")
    parser.add_argument("--progress", type=Path, help="a file that keeps what was done, and from which a run goes on")
    asked = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that the broker goes away is no news here
    tally = Tally(asked.progress)
    broken_off = False
    try:
        with Progress(*COLUMNS, console=Console(stderr=True)) as bar:
            asyncio.run(torment(asked, tally, bar))
    except KeyboardInterrupt:
        broken_off = True
    wanted = [step.name for step in wanted_steps()] if asked.failpoints else []
    print("\n".join(tally.summary(wanted)))
    sys.exit(EXIT_BROKEN_OFF if broken_off else 1 if tally.wrong else 0)


if __name__ == "__main__":
    main()
