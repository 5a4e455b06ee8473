"""Many open cases at once: what the made-up city has open at one instant, again and again under other numbers.

Each is the history up to now of a life that goes on: running clocks, parties, extensions as people would have left
them, in the mix in which they are open. Pure and seeded like the lives themselves.
"""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from msgspec.structs import replace

from domain.case.actions import Attempt, ImportCase
from domain.case.values import Actor, Role, Source
from ops.people.history import imported
from ops.people.plan import City, Life

SOURCE = "standing"
DAYS_BACK_MAX = 60
NAMESPACE = uuid.UUID("4d0f0c6e-7d9c-5a0e-9f1b-2f6a1c0b7e21")


def open_lives(city: City, today: date, now_ms: int, most: int) -> list[Life]:
    """Lives that are under way at that instant, newest day first: at most `most`, from DAYS_BACK_MAX days."""
    days = (today - timedelta(days=back) for back in range(DAYS_BACK_MAX + 1))
    lives = (life for day in days for life in city.day(day))
    return list(itertools.islice((life for life in lives if life.opened_ms <= now_ms < life.acts[-1].at_ms), most))


def histories(lives: Sequence[Life], now_ms: int) -> list[ImportCase]:
    """What each life was up to that instant."""
    return [imported(life, now_ms) for life in lives]


def attempts(past: Sequence[ImportCase], root: str, received_ms: int) -> Iterator[Attempt]:
    """One import after the other, without end; each of a case of its own."""
    importer = Actor("importer", Role.IMPORTER, root)
    for number, one in enumerate(itertools.cycle(past)):
        source = Source(SOURCE, str(number))
        case_id = str(uuid.uuid5(NAMESPACE, source.number))
        action_id = str(uuid.uuid5(NAMESPACE, f"import {source.number}"))
        yield Attempt(action_id, case_id, importer, replace(one, source=source), received_ms, source.number)


def mix(past: Sequence[ImportCase]) -> dict[str, float]:
    """The last step taken → the share of cases that stand there."""
    last = Counter(str(one.steps[-1].do.__struct_config__.tag) if one.steps else "report" for one in past)
    return {name: count / len(past) for name, count in last.most_common()}
