"""Who may ask: for each role the posts that the rules could tell apart, seen from one case.

Owns the words for them: a post is named by what it is to the case (its lead's handler, the desk of its level), so that
the table says a rule and not a person.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
from msgspec.structs import replace

from domain.case.state import Case
from domain.case.values import Actor, Role
from ops.walk.asked import CHECKER, FINDER, HAND
from ops.walk.city import CELL, LEAD, OTHER, THIRD

LEVELS = (0, 1, 2)
"""Levels that have a desk (domain document §3, "Whose desk")."""
AT_A_LEVEL = (Role.GRID_HEAD, Role.ACCEPTOR, Role.SHIFT_HEAD, Role.DISPATCHER, Role.LEADER, Role.INSPECTOR)
OWN, ABOVE, BELOW = "its level", "above", "below"


class Asking(msgspec.Struct, frozen=True):
    """Somebody who asks: what they are to the case (empty: nothing that could matter), and their post."""

    relation: str
    actor: Actor


def asking(case: Case | None) -> tuple[Asking, ...]:
    """Everybody who is tried on this case (None: before it is reported)."""
    if case is None:
        return tuple(replace(one, actor=replace(one.actor, person=FINDER)) for one in _asking(0, _units(None), FINDER))
    return _asking(case.level, _units(case), case.discoverer)


@lru_cache(maxsize=1_000)
def _asking(own: int, units: tuple[str | None, str, str], finder: str) -> tuple[Asking, ...]:
    found = [Asking(_beside(level, own), _at(role, level)) for role in AT_A_LEVEL for level in LEVELS]
    lead, others, stranger = units
    its, unit = ("of the lead", lead) if lead is not None else ("of another unit", LEAD)
    apart = "named" if lead is None else "named, of the lead"
    found += [
        Asking("named", Actor(CHECKER, Role.GRID_HEAD, CELL, 1)),
        Asking(its, Actor(HAND, Role.HANDLER, CELL, 0, unit)),
        Asking("discoverer", Actor(finder, Role.HANDLER, CELL, 0, unit)),
        Asking("of a co-handler", Actor("he", Role.HANDLER, CELL, 0, others)),
        Asking("of another unit", Actor("wu", Role.HANDLER, CELL, 0, stranger)),
        Asking("named", Actor(CHECKER, Role.COLLECTOR, CELL, 3)),
        Asking(apart, Actor(CHECKER, Role.COLLECTOR, CELL, 3, unit)),
        Asking("discoverer", Actor(finder, Role.COLLECTOR, CELL, 3)),
        Asking("another", Actor("wang", Role.COLLECTOR, CELL, 3)),
        Asking("reporter", Actor(finder, Role.PUBLIC)),
        Asking("another", Actor("zhou", Role.PUBLIC)),
    ]
    told_apart = {one.actor.role for one in found}
    return (*found, *(Asking("", Actor(str(role), role)) for role in Role if role not in told_apart))


def _at(role: Role, level: int) -> Actor:
    return Actor(f"{role}-{level}", role, CELL, level)


def _beside(level: int, own: int) -> str:
    if level == own:
        return OWN
    return ABOVE if level < own else BELOW


def _units(case: Case | None) -> tuple[str | None, str, str]:
    """The lead's unit (None: there is no lead), a co-handler's, and one that has no part in the case."""
    lead = case.lead.unit if case is not None and case.lead is not None else None
    others = [party.unit for party in case.co_handlers] if case is not None else []
    free = (unit for unit in (THIRD, OTHER, LEAD) if unit not in {lead, *others})
    return lead, others[0] if others else OTHER, next(free, THIRD)
