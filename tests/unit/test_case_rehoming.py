"""When a case has to follow its grid, and where to: by what its place meant when it was written down."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from domain.admission.values import AdmissionList
from domain.case import actions as a
from domain.case.events import Rehomed
from domain.case.frame import Rules
from domain.case.rehoming import move_of, rehomed, rehoming_due_ms
from domain.case.state import Case
from domain.case.values import Channel, Place, Role
from domain.grid.change import Change, Part, Renumber, Split
from domain.grid.changes import apply_changes
from domain.grid.rehome import Rehoming
from domain.grid.values import Grid
from domain.routing.values import Routing
from domain.rulebook import Rulebook
from tests.support.city import GRID, actor, ms, rules
from tests.support.desk import Desk
from tests.support.small_tree import middle, small_city
from tests.support.standards import SMALL

T, HOUR = 1_000_000, 3_600_000
LEFT = Split(code="91", parts=(Part("91", "镇1", children=("9101",)), Part("93", "新镇", children=("9102",))))
"""Town 91 loses a village and keeps its code."""
STAYED, WENT = Place("91", *middle(0, 0)), Place("91", *middle(3, 0))


def after(*changes: Change, adopted_ms: int = 0) -> Rules:
    """The small city's rules after these changes, from T on where they do not say when."""
    changed = apply_changes(small_city(), (), changes, T)
    assert changed.findings == ()
    return adopted(changed.grids, adopted_ms)


def adopted(grids: Iterable[Grid], since_ms: int = 0) -> Rules:
    book = Rulebook("small", SMALL, grids, (), Routing("none"), AdmissionList("none"), ())
    return Rules(book, rules().calendar, since_ms)


@pytest.mark.parametrize(
    ("place", "placed_ms", "adopted_ms", "moved"),
    [
        (STAYED, T - 1, 0, (T, Rehoming("91", ("91", "93")))),
        (WENT, T - 1, 0, (T, Rehoming("93", ("91", "93")))),
        (WENT, T - 1, 2 * T, (2 * T, Rehoming("93", ("91", "93")))),
        (WENT, T, 0, None),
        (Place("910101"), T - 1, 0, None),
        (Place("77"), T - 1, 0, None),
    ],
    ids=["what was written before", "lies in the part", "adopted later", "written after", "not its grid", "no grid"],
)
def test_where_a_grid_keeps_its_code_and_loses_a_part_what_was_written_before_is_looked_at_again(
    place: Place, placed_ms: int, adopted_ms: int, moved: tuple[int, Rehoming] | None
) -> None:
    assert move_of(place, placed_ms, after(LEFT, adopted_ms=adopted_ms)) == moved


@pytest.mark.parametrize("placed_ms", [0, HOUR - 1, HOUR, 2 * HOUR], ids=["before", "while", "just after", "after"])
def test_a_code_that_was_none_when_it_was_written_means_what_it_meant_last(placed_ms: int) -> None:
    """Written before the grid began, as an imported past may be, or after it had ended and before that was adopted."""
    renumbered = Renumber(code="93", new_code="94", at="1970-01-01T01:00:00+00:00")
    moved = after(LEFT, renumbered, adopted_ms=2 * HOUR)
    assert move_of(Place("93"), placed_ms, moved) == (2 * HOUR, Rehoming("94", ("94",)))


def test_where_nothing_follows_a_grid_its_cases_stay() -> None:
    closed = [replace(grid, until_ms=T) if grid.code == "910101" else grid for grid in small_city()]
    assert move_of(Place("910101"), 0, adopted(closed)) is None


def reported(place: Place, at_ms: int) -> Case:
    """A case at that place, which was written down then."""
    desk = Desk()
    desk.act(actor(Role.ACCEPTOR), a.Report(Place(GRID), Channel.HOTLINE), ms("2018-10-15T09:00"))
    assert desk.file.case is not None
    return replace(desk.file.case, place=place, placed_ms=at_ms)


def test_a_case_moves_at_its_grids_end_by_when_its_place_was_written_down() -> None:
    left, case = after(LEFT), reported(WENT, T - 1)
    assert rehoming_due_ms(case, left) == T
    assert rehomed(case, left, T - 1) is None
    assert rehomed(case, left, T) == Rehomed(at_ms=T, before="91", grid="93")
    assert rehomed(reported(WENT, T), left, 2 * T) is None
    assert rehoming_due_ms(reported(WENT, T), left) is None
