"""What can befall a cluster and the machines over it: each a coroutine over a system at work, which ends when every
broker is there again, every copy is in sync, and everything lives.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial

from eventlog.position import PARTITIONS, partition_of
from ops.system import PROCESSORS
from ops.verify.calls import Call, Told
from tests.support import faults
from tests.support.at_work import HELD_S_MAX
from tests.support.brokers import FAKETIME, NUMBERS
from tests.support.clustered import Clustered
from tests.support.crew import TOWNS, Worker

ALONE_S = 5.0
SKEW_S = 90
SKEWED_S = 15.0
ACTIONS = "actions"

Fault = Callable[[Clustered, random.Random], Awaitable[None]]


async def lose_leader(system: Clustered, chance: random.Random) -> None:
    """SIGKILL of a broker that leads some of the partitions of `actions`: people are answered there again, too."""
    leaders = await asyncio.to_thread(system.brokers.leaders, ACTIONS)
    number = leaders[chance.randrange(PARTITIONS)]
    led = {partition for partition, leader in leaders.items() if leader == number}

    def concerned(call: Call) -> bool:
        return partition_of(call.case) in led

    others_lead = partial(system.brokers.until_others_lead, number, ACTIONS)
    await system.broken("kill a leader", partial(system.brokers.kill, number), others_lead, concerned)
    await _back(system, number)


async def lose_controller(system: Clustered, _chance: random.Random) -> None:
    """SIGKILL of the broker that leads the controllers."""
    number = await asyncio.to_thread(system.brokers.controller)
    another = partial(system.brokers.until_another_controls, number)
    await system.broken("kill the controller", partial(system.brokers.kill, number), another)
    await _back(system, number)


async def lose_two(system: Clustered, chance: random.Random) -> None:
    """SIGKILL of two of three at once: the third knows nobody, and may acknowledge nothing."""
    first, second = chance.sample(NUMBERS, 2)
    for number in (first, second):
        await asyncio.to_thread(system.brokers.kill, number)
    await _one_alone(system, chance, "kill two of three", first, second)


async def leave_one(system: Clustered, chance: random.Random) -> None:
    """One is killed, and another stopped in order: the third leads everything with no copy beside its own, and only
    that two are asked for keeps it from acknowledging. When the others are back, it is stopped, too: whoever asked for
    brokers meanwhile knows no other."""
    first, second, third = chance.sample(NUMBERS, 3)
    await asyncio.to_thread(system.brokers.kill, first)
    await asyncio.to_thread(system.brokers.until_without, first)
    await asyncio.to_thread(system.brokers.stop, second)
    await _one_alone(system, chance, "one of three is left", first, second)
    await system.broken("the one that was left is stopped", partial(system.brokers.stop, third))
    await _back(system, third)


async def restart_each(system: Clustered, _chance: random.Random) -> None:
    """One broker after the other is stopped in order and started again, as for a new release."""
    for number in NUMBERS:
        await system.broken("rolling restart, a broker", partial(system.brokers.stop, number))
        await _back(system, number)


async def skew_clock(system: Clustered, chance: random.Random) -> None:
    """A leader's clock is off for a while, ahead or behind, and right again: log time jumps, and jumps back."""
    ahead_s, place = chance.choice((-SKEW_S, SKEW_S)), (ACTIONS, chance.randrange(PARTITIONS))
    kind = f"a broker's clock {ahead_s:+d} s"
    if not FAKETIME:
        system.missed(kind, "libfaketime is not on this machine")
        return
    leaders = await asyncio.to_thread(system.brokers.leaders, ACTIONS)
    number = leaders[place[1]]
    system.brokers.set_clock(number, ahead_s)
    await asyncio.sleep(SKEWED_S)
    off_s = await asyncio.to_thread(system.brokers.newest_ms, *place) / 1000 - time.time()
    if not ahead_s - SKEWED_S < off_s < ahead_s + SKEWED_S:
        system.missed(kind, f"the log's time was {off_s:+.0f} s off")
    await system.broken(kind, partial(system.brokers.set_clock, number, 0))


async def lose_processor(system: Clustered, chance: random.Random) -> None:
    """SIGKILL of one of the two members of a processor's group."""
    part = chance.choice(PROCESSORS)
    process = await asyncio.to_thread(system.process, part, chance.randrange(len(system.machines)))
    await system.broken(f"kill one {part} of two", process.kill)


async def lose_api(system: Clustered, chance: random.Random) -> None:
    """SIGKILL of one of the two APIs."""
    process = await asyncio.to_thread(system.process, "api", chance.randrange(len(system.machines)))
    await system.broken("kill one api of two", process.kill)


async def lose_machine(system: Clustered, chance: random.Random) -> None:
    """SIGKILL of everything on one of the two machines; it is started again."""
    number = chance.randrange(len(system.machines))
    again = partial(system.machine_again, number)
    await system.broken("lose a machine of two", partial(system.kill_system, number), again)


async def junk(system: Clustered, _chance: random.Random) -> None:
    """Records that nobody can read."""
    await faults.junk(system)


async def copies(system: Clustered, _chance: random.Random) -> None:
    """The newest records once more."""
    await faults.copies(system)


FAULTS: tuple[tuple[int, Fault], ...] = (
    (3, lose_leader),
    (2, lose_controller),
    (2, lose_two),
    (2, leave_one),
    (1, restart_each),
    (2, skew_clock),
    (2, lose_processor),
    (1, lose_api),
    (1, lose_machine),
    (1, junk),
    (1, copies),
)
"""Each with its weight where one is drawn by chance."""


def at_random(chance: random.Random) -> Fault:
    """One fault of a kind drawn by chance."""
    return chance.choices([fault for _, fault in FAULTS], [weight for weight, _ in FAULTS])[0]


async def _back(system: Clustered, number: int) -> None:
    await asyncio.to_thread(system.brokers.start, number)
    await asyncio.to_thread(system.brokers.until_whole)


async def _one_alone(system: Clustered, chance: random.Random, kind: str, first: int, second: int) -> None:
    """One broker is left: nothing new is acknowledged. The time counts from the start of the first that comes back."""
    since = time.monotonic_ns()
    reporting = [asyncio.create_task(Worker(system.crew, town, chance.getrandbits(64)).report()) for town in TOWNS]
    if not await system.held_up(since):
        system.missed(f"{kind}: a 503", f"nobody was told one within {HELD_S_MAX:.0f} s")
    await asyncio.sleep(ALONE_S)
    upto = time.monotonic_ns()
    before = {call.action_id for call in system.crew.calls if call.began_ns < since}
    new = [call for call in system.crew.calls if since <= call.began_ns and call.action_id not in before]
    assert new, "somebody reports something"
    told = [call for call in new if call.ended_ns < upto and call.told is not Told.UNKNOWN]
    system.wrong += [f"[acknowledged_by_one] {call.action_id} of case {call.case}" for call in told]
    await system.broken(kind, partial(system.brokers.start, first))
    await asyncio.gather(*reporting)
    await _back(system, second)
