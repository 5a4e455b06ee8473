"""The geometric check of a tree: overlaps, holes, cells outside, rings that cross."""

from __future__ import annotations

from msgspec.structs import replace

from domain.grid.area import Area
from domain.grid.tree import GridTree
from domain.grid.values import Grid
from reference.cover import check_cover
from tests.support.small_tree import SIDE, SOUTH, WEST, small_city, square

T = 1_000_000


def with_area(code: str, area: Area) -> GridTree:
    return GridTree([replace(grid, area=area) if grid.code == code else grid for grid in small_city()])


def found_in(tree: GridTree) -> list[tuple[str, str]]:
    return [(finding.code.removeprefix("grids."), finding.key) for finding in check_cover(tree, T)]


def moved(area: Area, east: int) -> Area:
    return tuple(tuple((x + east, y) for x, y in ring) for ring in area)


def test_a_city_that_its_cells_tile_has_no_finding() -> None:
    assert check_cover(GridTree(small_city()), T) == []


def test_a_cell_that_overlaps_its_neighbour_leaves_a_hole_behind_and_both_are_named_with_size_and_place() -> None:
    tree = with_area("910102", moved(square(1, 0), 100))
    assert sorted(found_in(tree)) == [("hole", "9"), ("overlap", "910102")]
    overlap = next(f for f in check_cover(tree, T) if f.code == "grids.overlap")
    assert overlap.found == "910201"
    assert "1025 m² at 113.002050, 34.000500" in overlap.en
    assert "1025 平方米" in overlap.zh


def test_a_missing_cell_is_a_hole_of_the_city() -> None:
    tree = with_area("910104", ())
    assert found_in(tree) == [("hole", "9")]
    assert "113.0015" in check_cover(tree, T)[0].found


def test_a_sliver_is_no_finding() -> None:
    assert found_in(with_area("910102", moved(square(1, 0), 2))) == []
    assert found_in(with_area("910102", moved(square(1, 0), 4))) != []


def test_a_cell_outside_its_village_and_city_is_named_with_its_parent() -> None:
    village = with_area("9101", square(0, 0, 2, 2))
    assert check_cover(village, T) == []
    out = [replace(g, area=square(8, 0)) if g.code == "910104" else g for g in village.grids]
    assert found_in(GridTree(out)) == [("outside_parent", "910104"), ("hole", "9101")]
    assert found_in(with_area("910104", square(8, 0))) == [("outside_parent", "910104"), ("hole", "9")]


def test_a_ring_that_crosses_itself_is_named_and_hides_nothing_else() -> None:
    bow: Area = (((WEST, SOUTH), (WEST + SIDE, SOUTH + SIDE), (WEST + SIDE, SOUTH), (WEST, SOUTH + SIDE)),)
    names = found_in(with_area("910101", bow))
    assert ("ring_crossing", "910101") in names
    assert ("hole", "9") in names
    twice = with_area("910101", (*bow, square(7, 1)[0]))
    assert ("overlap", "910101") in found_in(twice)


def test_grids_are_checked_as_they_are_at_the_instant() -> None:
    ended = [replace(g, until_ms=T) if g.code == "910104" else g for g in small_city()]
    assert check_cover(GridTree(ended), T - 1) == []
    assert found_in(GridTree(ended)) == [("hole", "9")]


def test_a_tree_without_areas_has_nothing_to_check() -> None:
    assert check_cover(GridTree([Grid("9", 0, "市"), Grid("91", 1, "镇")]), T) == []
