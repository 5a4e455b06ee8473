"""How long the broker may hold a fetch back while nothing comes: long, and then until the first byte.

Owns the one override of aiokafka's fetcher (pinned version; `tests/unit/test_faust_pin.py`). With no records in hand a
fetch asks for all partitions, so whatever comes ends one that waits for a byte; what was handed over and not taken for
a while is not asked for, and such a fetch has to be short. Who wants many records at a time waits for them only while
some come; an idle reader asks twice a second.
"""

from __future__ import annotations

from typing import Any

IDLE_WAIT_MS_MAX = 500
IDLE_BYTES_MIN = 1


def wait_while_idle(consumer: Any) -> None:
    """Let a started AIOKafkaConsumer wait IDLE_WAIT_MS_MAX for the first byte after a fetch that brought nothing.

    What it was made with (`fetch_max_wait_ms`, `fetch_min_bytes`) holds for the others.
    Nothing else may be asked of a broker through this consumer: it would be answered after the fetch.
    """
    fetcher = consumer._fetcher
    busy = fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes
    fetch, actions_per_node = fetcher._proc_fetch_request, fetcher._get_actions_per_node
    brought: dict[int, bool] = {}

    async def fetching(assignment: Any, node: int, request: Any) -> bool:
        brought[node] = await fetch(assignment, node, request)
        return brought[node]

    def waiting(assignment: Any) -> Any:
        idle = not fetcher._records and not any(brought.values())
        fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes = (IDLE_WAIT_MS_MAX, IDLE_BYTES_MIN) if idle else busy
        return actions_per_node(assignment)

    fetcher._proc_fetch_request, fetcher._get_actions_per_node = fetching, waiting
