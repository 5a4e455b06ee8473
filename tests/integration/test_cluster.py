"""The short form of `make torture CLUSTER=…`: three brokers, one machine over them, and what befalls them; then the
checker.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from eventlog.topics import TopicNames
from tests.support import cluster_faults
from tests.support.brokers import FAKETIME
from tests.support.clustered import clustered
from tests.support.judging import judge
from tests.support.tally import Missed, Tally

SEED = 20_261_129
RATE = 8.0
SHORT = (cluster_faults.leave_one, cluster_faults.skew_clock)
"""One after the other every broker goes in the first, a leader of some partitions each."""
WANTED = {"min.insync.replicas": "2", "unclean.leader.election.enable": "false"}


def test_whatever_befalls_a_cluster_nothing_is_lost_doubled_or_told_otherwise(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    assert FAKETIME or "CI" not in os.environ, "CI sets a broker's clock off: it needs libfaketime"
    tally = Tally(tmp_path / "progress.jsonl")

    async def torment() -> None:
        chance = random.Random(SEED)
        async with clustered(tmp_path, "short", SEED, RATE, tally, machines=1) as system:
            assert _settings(system.brokers.bootstrap) == WANTED
            for fault in SHORT:
                await fault(system, chance)
            await judge(system)

    asyncio.run(torment())
    for line in tally.summary():  # it says what could not be done on this machine
        record_property("cluster", line)
    (verdict,) = tally.verdicts
    assert verdict.wrong == []
    assert len([line for line in tally.lines if isinstance(line, Missed)]) == (0 if FAKETIME else 1)
    assert verdict.acknowledged > 0


def _settings(bootstrap: str) -> dict[str, str]:
    topic = TopicNames().events
    admin: Any = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
    finally:
        admin.close()
    return {name: str(found["topic"][topic][name]["value"]) for name in WANTED}
