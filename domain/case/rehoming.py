"""Rehoming: an open case follows its grid when that one ends (the rule stands in `domain.grid.rehome`).

Owns the instant: the grid's end, or, where its successors were adopted later, the adoption. Like everything that falls
due it is emitted by the decision itself, before any action; parties and clocks stay as they are.
"""

from __future__ import annotations

from domain.case.events import Rehomed
from domain.case.frame import Rules
from domain.case.state import Case
from domain.case.values import Place
from domain.grid.rehome import Rehoming
from domain.grid.rehome import rehomed as rule


def rehoming_due_ms(case: Case, rules: Rules) -> int | None:
    """When the case has to move, ms, past or ahead; None if its grid has no known end, or nothing follows it."""
    found = move_of(case.place, case.placed_since_ms, rules)
    return None if found is None else found[0]


def rehomed(case: Case, rules: Rules, at_ms: int) -> Rehomed | None:
    """The event, if that instant has come at `at_ms`."""
    found = move_of(case.place, case.placed_since_ms, rules)
    if found is None or found[0] > at_ms:
        return None
    due_ms, moved = found
    return Rehomed(at_ms=due_ms, before=case.place.grid, grid=moved.grid, incomplete=moved.incomplete)


def move_of(place: Place, placed_ms: int, rules: Rules) -> tuple[int, Rehoming] | None:
    """When a case at a place that was written down then has to move, ms, and where to; None if it stays."""
    tree = rules.book.tree
    row = tree.find(place.grid, placed_ms)
    # Written down after the grid had ended and before that was adopted, or (an imported past) before it began: what the
    # code meant last.
    meant_ms = placed_ms if row is not None else None
    row = row or tree.find(place.grid)
    if row is None or row.until_ms is None:
        return None
    due_ms = max(row.until_ms, rules.since_ms)
    moved = rule(tree, place.grid, place.lon, place.lat, due_ms, meant_ms)
    return None if moved is None else (due_ms, moved)
