"""The short form of `make torture`: a minute of faults at random and the steps around a decision, then the checker."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.campaign import Campaign
from tests.support.judging import judge
from tests.support.steps import wanted_steps
from tests.support.strained import Strained
from tests.support.tally import Tally
from tests.support.torture import at_random

SEED = 20_261_128
RATE = 60.0
RANDOM_S = 40.0
STEPS = {
    *("appender.before_send", "appender.acked", "api.before_answer"),
    *("dispatch.decided", "dispatch.acked", "dispatch.mid_batch"),
    *("project.before_position", "project.before_commit", "project.committed"),
}


def test_whatever_is_killed_nothing_is_lost_doubled_or_told_otherwise(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    tally = Tally()

    async def torment() -> None:
        chance = random.Random(SEED)
        async with Strained(tmp_path, "short", SEED, RATE, tally) as system:
            over = time.monotonic() + RANDOM_S
            while time.monotonic() < over:
                await at_random(system, chance)()
            await Campaign(system, chance, {}, lambda: None).run([s for s in wanted_steps() if s.name in STEPS])
            await judge(system)

    asyncio.run(torment())
    (verdict,) = tally.verdicts
    assert verdict.wrong == []
    assert tally.killed_at().keys() == STEPS
    assert verdict.acknowledged > 0
    for line in tally.summary():
        record_property("torture", line)
