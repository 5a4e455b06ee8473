"""The short form of `make torture`: a minute of faults at random and the steps around a decision, then the checker."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.torture import LIVE_S_MAX, Torture, at_random

SEED = 20_261_128
RATE = 60.0
RANDOM_S = 60.0
STEPS = (
    *("appender.before_send", "appender.acked", "api.before_answer"),
    *("dispatch.decided", "dispatch.acked", "dispatch.mid_batch"),
    *("project.before_position", "project.before_commit", "project.committed"),
)


def test_whatever_is_killed_nothing_is_lost_doubled_or_told_otherwise(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async def torment() -> None:
        chance = random.Random(SEED)
        async with Torture(tmp_path, SEED, RATE) as torture:
            over = time.monotonic() + RANDOM_S
            while time.monotonic() < over:
                await at_random(torture, chance)()
            for name in STEPS:
                came = await torture.failpoint(name, chance.randint(1, 5), LIVE_S_MAX)
                assert came, f"nobody came to {name}"
            found = await torture.judge()
        assert found.wrong == []
        assert found.verified["decided_again"] == found.verified["decisions"]
        assert found.acknowledged > 0
        for line in found.lines():
            record_property("torture", line)

    asyncio.run(torment())
