"""What the auditor found last, for whoever shows the board: the same, different, or silent.

Owns the judgement of its silence. An auditor of whom nothing was heard is an alarm of its own, also where it is only
the rows that do not answer.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from projections import audited
from projections.database import AWAY

LOOK_S = 2.0
FIRST_S_MAX = 60.0
"""So long after its own start the API waits for a first comparison before it calls the auditor silent."""


class Audits:
    """The newest comparison of the board with the log that stands in the rows. Run `follow` as a task."""

    def __init__(self) -> None:
        self._last: audited.Cycle | None = None
        self._began = time.monotonic()

    async def follow(self, pool: Any) -> None:
        """Look for a newer one for ever; while the rows do not answer the last one grows old."""
        while True:
            try:
                async with pool.acquire() as connection:
                    self._last = await audited.read(connection)
            except AWAY:
                pass
            await asyncio.sleep(LOOK_S)

    def told(self, now_ms: int) -> dict[str, Any] | None:
        """`state` (same, different, silent), `at` (ms, the moment that was compared), `cases` compared, `wrong` ones.

        None for a while after the start, before anything is known.
        """
        last = self._last
        if last is None:
            return {"state": "silent", "at": 0, "cases": 0, "wrong": 0} if self._waited else None
        state = "silent" if last.silent(now_ms) else "different" if last.divergent else "same"
        return {"state": state, "at": last.at_ms, "cases": last.cases, "wrong": last.divergent}

    @property
    def _waited(self) -> bool:
        return time.monotonic() - self._began > FIRST_S_MAX
