"""A small made-up city, and people of it, for tests of the rules."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from msgspec.structs import replace

from domain.admission.values import AdmissionList
from domain.case.frame import Rules
from domain.case.values import Actor, Role
from domain.grid.values import Cause
from domain.routing.values import Routing, Rule
from domain.standard.values import Standard
from reference.contents import Contents, pack, rules_from, rules_of
from reference.profile import load_profile

TOWN = "410183001"
GRID = "41018300100101"
SUCCESSORS = (f"{GRID[:12]}91", f"{GRID[:12]}92")
TEAM = f"{TOWN}-team"
URBAN = "410183-urban"


@cache
def rules() -> Rules:
    """The shipped city's rules, as a decider reads them from `refs`."""
    version, found = pack(load_profile("xinmi").contents)
    made = rules_from(found, version)
    assert made is not None
    return made


def contents() -> Contents:
    """The shipped city's contents."""
    return load_profile("xinmi").contents


def torn_city() -> Rules:
    """The shipped city with two rules for manhole covers that name different units, and an empty admission list."""
    rules = (Rule("one", URBAN, ("010101",)), Rule("two", "410183-police", ("010101",)))
    torn = replace(contents(), routing=Routing("torn", rules), admission=AdmissionList("empty", kept=True))
    return rules_of(torn, pack(torn)[0])


def ruled_city(*rules: Rule) -> Rules:
    """The shipped city with these rules of routing and no others."""
    ruled = replace(contents(), routing=Routing("ruled", rules))
    return rules_of(ruled, pack(ruled)[0])


def city_of(standard: Standard) -> Rules:
    """The shipped city under another standard."""
    other = replace(contents(), standard=standard)
    return rules_of(other, pack(other)[0])


def standard_with(limits: dict[str, str | None], **changes: object) -> Standard:
    """The shipped standard with these limits for conditions of manhole covers, and other changes."""
    standard = contents().standard
    classes = tuple(
        replace(
            one, conditions=tuple(replace(each, limit=limits.get(each.code, each.limit)) for each in one.conditions)
        )
        if one.code == "010101"
        else one
        for one in standard.classes
    )
    return replace(standard, classes=classes, **changes)


def split_city(at_ms: int) -> Rules:
    """The shipped city in which the cell GRID ends at that instant, followed by SUCCESSORS."""
    grids = contents().grids
    old = next(grid for grid in grids if grid.code == GRID)
    ended = replace(old, until_ms=at_ms, became=SUCCESSORS, cause=Cause.SPLIT)
    new = [replace(old, code=code, since_ms=at_ms, zh=code) for code in SUCCESSORS]
    split = replace(contents(), grids=(*(g for g in grids if g is not old), ended, *new))
    return replace(rules_of(split, pack(split)[0]), since_ms=at_ms, pinned={rules().book.version: rules()})


def actor(role: Role, person: str = "", unit: str | None = None, level: int = 0, scope: str = "410183") -> Actor:
    """Somebody with one post."""
    return Actor(person or str(role), role, scope, level, unit)


def ms(text: str) -> int:
    """An instant of Shanghai's clock, as milliseconds."""
    return int(datetime.fromisoformat(f"{text}+08:00").astimezone(UTC).timestamp() * 1000)
