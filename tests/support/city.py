"""A small made-up city, and people of it, for tests of the rules."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from domain.case.frame import Rules
from domain.case.values import Actor, Role
from reference.contents import pack, rules_from
from reference.profile import load_profile

TOWN = "410183001"
GRID = "41018300100101"
TEAM = f"{TOWN}-team"
URBAN = "410183-urban"


@cache
def rules() -> Rules:
    """The shipped city's rules, as a decider reads them from `refs`."""
    version, found = pack(load_profile("xinmi").contents)
    made = rules_from(found, version)
    assert made is not None
    return made


def actor(role: Role, person: str = "", unit: str | None = None, level: int = 0, scope: str = "410183") -> Actor:
    """Somebody with one post."""
    return Actor(person or str(role), role, scope, level, unit)


def ms(text: str) -> int:
    """An instant of Shanghai's clock, as milliseconds."""
    return int(datetime.fromisoformat(f"{text}+08:00").astimezone(UTC).timestamp() * 1000)
