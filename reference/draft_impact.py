"""Whom an adoption would touch: the open cases that another version would treat otherwise, or that it would move.

Owns the preview. Pure: cases come in as values, and nothing is changed by looking. A case that is filed keeps its
standard and calendar whatever is adopted; only its place follows the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from msgspec.structs import replace

from domain.case.frame import Rules
from domain.case.rehoming import move_of
from domain.case.values import Place
from domain.routing.route import Routed
from domain.standard.impact import Impact, OpenCase, UnitOf, impact
from domain.standard.values import CaseClass, Condition
from eventlog.casefile import CaseFile


class Move(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A case that follows its grid to another one at an instant; `incomplete`: somebody has to complete the place."""

    case: OpenCase
    at_ms: int
    grid: str
    incomplete: bool = False


class Preview(msgspec.Struct, frozen=True):
    """`standard` speaks of filed cases, as if they were filed today; `moves` of all `seen` open ones."""

    seen: int
    standard: Impact
    moves: tuple[Move, ...]


def open_case(file: CaseFile) -> OpenCase | None:
    """What a preview needs to know of a case; None if there is no open one."""
    case = file.case
    if case is None or not case.open:
        return None
    return OpenCase(
        file.id,
        case.number,
        (case.case_class or "") if case.condition else "",
        case.condition or "",
        case.limit,
        case.place.grid,
        case.lead.unit if case.lead else None,
        case.level,
        str(case.status),
        case.place.lon,
        case.place.lat,
        case.placed_since_ms,
    )


def touched(old: Rules, new: Rules, open_cases: Iterable[OpenCase], at_ms: int) -> Preview:
    """Which open cases get another limit or unit if filed under `new` at `at_ms`, and which it moves to another grid.

    Routing is asked at `at_ms` by the router of each version, for the place that the case has under that version.
    """
    cases = list(open_cases)
    before, after = replace(old, since_ms=min(old.since_ms, at_ms)), replace(new, since_ms=at_ms)
    moves = _moves(before, after, cases)
    homes = {move.case.id: move.grid for move in moves}
    filed = [case for case in cases if case.case_class]
    found = impact(
        old.book.standard,
        new.book.standard,
        filed,
        _unit_of(old, at_ms, lambda case: case.grid),
        _unit_of(new, at_ms, lambda case: homes.get(case.id, case.grid)),
    )
    return Preview(len(cases), found, moves)


def _moves(old: Rules, new: Rules, cases: Iterable[OpenCase]) -> tuple[Move, ...]:
    """The moves that `new` brings and `old` does not have in store already."""
    if old.book.tree.grids == new.book.tree.grids:
        return ()
    moves: list[Move] = []
    for case in cases:
        place = Place(case.grid, case.lon, case.lat)
        found = move_of(place, case.placed_ms, new)
        known = move_of(place, case.placed_ms, old)
        if found is not None and (known is None or known[1] != found[1]):
            at_ms, home = found
            moves.append(Move(case, at_ms, home.grid, home.incomplete))
    return tuple(moves)


def _unit_of(rules: Rules, at_ms: int, grid_of: Callable[[OpenCase], str]) -> UnitOf:
    def unit(case_class: CaseClass, condition: Condition, case: OpenCase) -> str | None:
        responsible = case_class.responsible_for(condition)
        answer = rules.book.router.route(case_class, grid_of(case), case.level, at_ms, responsible)
        return answer.unit if isinstance(answer, Routed) else None

    return unit
