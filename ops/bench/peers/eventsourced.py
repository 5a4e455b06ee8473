"""The `eventsourcing` library on PostgreSQL: cases acted on one act after the other, then all of them replayed.

Environment: PEER_POSTGRES, PEER_CASES, PEER_ACTS. Prints {"append": seconds, "replay": seconds, "events": …}: appending
is one transaction an act, by one thread, the aggregate at hand; replaying makes every aggregate again from its events.
"""

from __future__ import annotations

import json
import os
import time
from urllib.parse import unquote, urlsplit

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

CASES, ACTS = int(os.environ["PEER_CASES"]), int(os.environ["PEER_ACTS"])


class Case(Aggregate):
    """A case that remembers how far it came."""

    @event("Reported")
    def __init__(self, grid: str, text: str) -> None:
        self.grid = grid
        self.text = text
        self.holder = ""
        self.stage = 0

    @event("Moved")
    def move(self, who: str, stage: int) -> None:
        """Somebody takes it a step on."""
        self.holder = who
        self.stage = max(stage, self.stage)


class Cases(Application):
    """All of them, nothing cached."""


def main() -> None:
    """Append, then replay."""
    where = urlsplit(os.environ["PEER_POSTGRES"])
    cases = Cases(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": where.path.lstrip("/"),
            "POSTGRES_HOST": where.hostname or "",
            "POSTGRES_PORT": str(where.port),
            "POSTGRES_USER": unquote(where.username or ""),
            "POSTGRES_PASSWORD": unquote(where.password or ""),
        }
    )
    began, known = time.monotonic(), []
    for number in range(CASES):
        case = Case(grid=f"410183{number:09d}", text="路边井盖丢失")
        cases.save(case)
        for stage in range(1, ACTS):
            case.move(who="dispatcher", stage=stage)
            cases.save(case)
        known.append(case.id)
    appended = time.monotonic() - began
    began = time.monotonic()
    for case_id in known:
        again: Case = cases.repository.get(case_id)
        assert again.stage == ACTS - 1, "replayed whole"
    replayed = time.monotonic() - began
    print(json.dumps({"append": appended, "replay": replayed, "events": CASES * ACTS}), flush=True)


if __name__ == "__main__":
    main()
