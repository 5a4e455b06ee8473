"""audited: when was the board last compared with the log, and was it the same?

Owns the one row that the auditor leaves there for whoever shows the board. It is no projection: nothing folds it, and
nothing is lost with it.
"""

from __future__ import annotations

from typing import Any

import msgspec

NAME = "audited"
MISSED_CYCLES_MAX = 3
"""So many cycles later, and SLACK_S more, an auditor of whom nothing was heard is silent."""
SLACK_S = 15.0


class Cycle(msgspec.Struct, frozen=True, gc=False):
    """One comparison: the moment of the rows (ms), how long it took, the time between two of them (s), and the numbers
    of open cases, running clocks and cases that differ."""

    at_ms: int
    seconds: float
    every_s: float
    cases: int
    clocks: int
    divergent: int

    @property
    def allowed_s(self) -> float:
        """So long after it the next one should have come, however slow."""
        return MISSED_CYCLES_MAX * max(self.every_s, self.seconds) + SLACK_S

    def silent(self, now_ms: int) -> bool:
        """Whether the next one should have come long ago."""
        return now_ms - self.at_ms > self.allowed_s * 1000


async def write(connection: Any, cycle: Cycle) -> None:
    """Note the newest comparison."""
    await connection.execute(
        f"insert into {NAME} (at_ms, seconds, every_s, cases, clocks, divergent) values ($1, $2, $3, $4, $5, $6) "
        "on conflict (one) do update set at_ms = excluded.at_ms, seconds = excluded.seconds, "
        "every_s = excluded.every_s, cases = excluded.cases, clocks = excluded.clocks, divergent = excluded.divergent",
        *msgspec.structs.astuple(cycle),
    )


async def read(connection: Any) -> Cycle | None:
    """The newest comparison, None if there was none."""
    row = await connection.fetchrow(f"select at_ms, seconds, every_s, cases, clocks, divergent from {NAME}")
    return None if row is None else Cycle(*row)
