"""Cases whose deadline passes during the run: brought in by the importer with a deadline that the source states.

The standard's shortest limit is half an hour, so nobody's own case is late within minutes; an imported one may be
(domain document §4, "Imported history"). Each is open, dispatched an hour ago, and due in a moment.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable

from aiokafka.errors import KafkaError

from domain.case.actions import Accept, Attempt, Dispatch, File, ImportCase, Report, Step
from domain.case.values import Actor, Channel, Place, Role, Source
from eventlog.append import Appender, LogUnreachable
from eventlog.topics import TopicNames

EVERY_S = 0.5
HOUR_MS = 3_600_000
DUE_MS = (500, 5_000)
IMPORTER = Actor("importer", Role.IMPORTER, "410183")
TOWN = "410183002"


async def bring_in(bootstrap: Callable[[], str], seed: int) -> None:
    """One case every EVERY_S, for ever; `bootstrap` tells where the broker is now. What is not taken is sent again."""
    chance = random.Random(seed)
    waiting: list[Attempt] = []
    while True:
        try:
            async with Appender(bootstrap(), TopicNames()) as appender:
                while True:
                    waiting = waiting or [_due_soon(chance)]
                    await appender.append(waiting[0])
                    waiting = []
                    await asyncio.sleep(EVERY_S)
        except (LogUnreachable, KafkaError, OSError):
            await asyncio.sleep(EVERY_S)


def _due_soon(chance: random.Random) -> Attempt:
    now = time.time_ns() // 1_000_000
    opened = now - HOUR_MS
    steps = (Accept(), File("010107", "01"), Dispatch(f"{TOWN}-team"))
    action = ImportCase(
        Source("torture", str(chance.getrandbits(64))),
        Report(Place(f"{TOWN}00101"), Channel.HOTLINE, "010107"),
        opened,
        tuple(Step(step, opened + number * 60_000) for number, step in enumerate(steps, start=1)),
        deadline_ms=now + chance.randint(*DUE_MS),
    )
    case = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    return Attempt(str(uuid.uuid5(uuid.UUID(case), "import")), case, IMPORTER, action, now, "torture")
