"""Decisions as they come by, for the requests that wait for them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from eventlog.record import Decided
from runtime import failpoints

OUTCOMES_KEPT_MAX = 20_000

_Place = tuple[int, int]
"""Partition and action offset."""


class Decisions:
    """The newest decisions, OUTCOMES_KEPT_MAX of them, and who waits for one that has not come."""

    def __init__(self) -> None:
        self._waiting: dict[_Place, asyncio.Future[Decided | None]] = {}
        self._recent: OrderedDict[_Place, Decided] = OrderedDict()
        self._given_up = False

    @property
    def waiting(self) -> int:
        """How many requests wait for a decision."""
        return len(self._waiting)

    def note(self, record: Decided) -> None:
        """A decision came by: whoever waits for it has it."""
        failpoints.hit("api.decision_seen")
        key = (record.origin.partition, record.origin.offset)
        self._recent[key] = record
        if len(self._recent) > OUTCOMES_KEPT_MAX:
            self._recent.popitem(last=False)
        future = self._waiting.get(key)
        if future is not None and not future.done():
            future.set_result(record)

    async def outcome(self, partition: int, offset: int, wait_s_max: float) -> Decided | None:
        """The record decided for that action offset; None if there is none within the limit."""
        key = (partition, offset)
        if key in self._recent or self._given_up:
            return self._recent.get(key)
        future = self._waiting.setdefault(key, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(wait_s_max):
                return await future
        except TimeoutError:
            return None
        finally:
            self._waiting.pop(key, None)

    def give_up(self) -> None:
        """Nobody waits any longer: whoever does has no decision yet."""
        self._given_up = True
        for future in self._waiting.values():
            if not future.done():
                future.set_result(None)
