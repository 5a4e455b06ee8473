"""The stated rule for open cases whose grid ends."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain.grid.change import Merge, Part, Redraw, Rename, Renumber, Split
from domain.grid.changes import apply_changes
from domain.grid.rehome import Rehoming, rehomed
from domain.grid.tree import GridTree
from domain.grid.values import Grid
from tests.support.small_tree import middle, small_city, square

T = 1_000_000
LATE, LATER = "1970-01-01T01:00:00+00:00", "1970-01-01T02:00:00+00:00"


def split(*grids: Grid) -> GridTree:
    parts = (Part("93", "甲", children=("9101",), lon=113.001, lat=34.001), Part("94", "乙", children=("9102",)))
    changed = apply_changes(grids or small_city(), (), [Split(code="91", parts=parts)], T)
    assert changed.findings == ()
    return GridTree(changed.grids)


def test_a_case_stays_while_its_grid_is_valid_or_never_was() -> None:
    assert rehomed(split(), "91", None, None, T - 1) is None
    assert rehomed(split(), "920101", None, None, T) is None
    assert rehomed(split(), "77", None, None, T) is None


def test_one_successor_takes_the_case_wherever_its_point_is() -> None:
    assert rehomed(split(), "910204", None, None, T) == Rehoming("940204", ("940204",))
    assert rehomed(split(), "910204", *middle(0, 0), T) == Rehoming("940204", ("940204",))
    merged = apply_changes(small_city(), (), [Merge(codes=("910101", "910102"), into=Part("910109", "并"))], T)
    assert rehomed(GridTree(merged.grids), "910102", None, None, T) == Rehoming("910109", ("910109",))


def test_of_several_the_one_that_holds_the_point_takes_it() -> None:
    assert rehomed(split(), "91", *middle(1, 1), T) == Rehoming("93", ("93", "94"))
    assert rehomed(split(), "91", *middle(2, 0), T) == Rehoming("94", ("93", "94"))


def test_without_a_point_that_decides_the_smallest_grid_over_all_of_them_takes_it_incomplete() -> None:
    undecided = Rehoming("9", ("93", "94"), incomplete=True)
    assert rehomed(split(), "91", None, None, T) == undecided
    assert rehomed(split(), "91", 113.001, None, T) == undecided
    assert rehomed(split(), "91", None, 34.001, T) == undecided
    assert rehomed(split(), "91", *middle(6, 0), T) == undecided
    parts = (Part("9103", "甲", children=("910101", "910102")), Part("9104", "乙", children=("910103", "910104")))
    changed = apply_changes(small_city(), (), [Split(code="9101", parts=parts)], T)
    found = rehomed(GridTree(changed.grids), "9101", None, None, T)
    assert found == Rehoming("91", ("9103", "9104"), incomplete=True)


def test_without_areas_the_nearest_seat_decides_and_no_seat_decides_nothing() -> None:
    bare = tuple(replace(grid, area=()) for grid in small_city())
    assert rehomed(split(*bare), "91", 113.001, 34.001, T) == Rehoming("9", ("93", "94"), incomplete=True)
    parts = (
        Part("9103", "甲", children=("910101", "910102"), lon=113.0, lat=34.0),
        Part("9104", "乙", children=("910103", "910104"), lon=113.0, lat=34.01),
    )
    tree = GridTree(apply_changes(bare, (), [Split(code="9101", parts=parts)], T).grids)
    for lat, code in ((34.0049, "9103"), (34.005, "9103"), (34.0051, "9104")):
        assert rehomed(tree, "9101", 113.0, lat, T) == Rehoming(code, ("9103", "9104"))


@pytest.mark.parametrize("side", [0.1, -0.1])
@pytest.mark.parametrize(
    ("lat", "north", "nearest"),
    [
        (60.0, 0.051, "9104"),
        (60.0, 0.049, "9103"),
        (34.0, 0.084, "9104"),
        (34.0, 0.082, "9103"),
        (0.0, 0.101, "9104"),
        (0.0, 0.099, "9103"),
    ],
)
def test_a_degree_of_longitude_counts_as_it_is_long_at_that_latitude(
    lat: float, north: float, side: float, nearest: str
) -> None:
    found = rehomed(two_seats(113.0, lat + north, 113.0 + side, lat), "9101", 113.0, lat, T)
    assert found is not None
    assert (found.grid, found.incomplete) == (nearest, False)


@pytest.mark.parametrize("seat", [(113.0, None), (None, 34.0), (None, None)])
def test_half_a_seat_is_none(seat: tuple[float | None, float | None]) -> None:
    found = rehomed(two_seats(*seat, 113.0, 34.0), "9101", 113.0, 34.0, T)
    assert found == Rehoming("91", ("9103", "9104"), incomplete=True)


@pytest.mark.parametrize(
    ("lon", "lat"), [(-180.5, 34.0), (180.5, 34.0), (113.0, -90.5), (113.0, 90.5), (float("nan"), 34.0)]
)
def test_a_point_that_is_not_on_the_earth_decides_nothing(lon: float, lat: float) -> None:
    undecided = Rehoming("91", ("9103", "9104"), incomplete=True)
    assert rehomed(two_seats(113.0, 34.01, 113.0, 34.0), "9101", lon, lat, T) == undecided


@pytest.mark.parametrize(("lon", "lat"), [(-180.0, 34.0), (180.0, 34.0), (113.0, -90.0), (113.0, 90.0)])
def test_a_point_on_the_last_degree_is_on_the_earth(lon: float, lat: float) -> None:
    found = rehomed(two_seats(lon, lat, 0.0, 0.0), "9101", lon, lat, T)
    assert found == Rehoming("9103", ("9103", "9104"))


def test_what_is_decided_for_an_instant_does_not_depend_on_what_changes_later() -> None:
    redraw = Redraw(areas={"930102": square(2, 0), "940201": square(1, 0)}, at=LATE)
    longer = Renumber(code="93", new_code="930", at=LATER)
    drawn = apply_changes(split().grids, (), [redraw, longer], T)
    assert drawn.findings == ()
    assert rehomed(GridTree(drawn.grids), "91", *middle(1, 0), T) == Rehoming("93", ("93", "94"))
    halves = (Part("910111", "西", area=square(0, 0)), Part("910112", "东", area=square(2, 0)))
    cells = [replace(g, area=square(0, 0) + square(2, 0)) if g.code == "910101" else g for g in small_city()]
    swapped = Redraw(areas={"910111": square(2, 0), "910112": square(0, 0)}, at=LATE)
    cut = apply_changes(cells, (), [Split(code="910101", parts=halves), swapped], T)
    assert cut.findings == ()
    assert rehomed(GridTree(cut.grids), "910101", *middle(0, 0), T) == Rehoming("910111", ("910111", "910112"))
    town = Renumber(code="91", new_code="910", at=LATE)
    moved = apply_changes(two_seats(113.0, 34.01, 113.0, 34.0).grids, (), [town], T)
    assert moved.findings == ()
    undecided = Rehoming("91", ("9103", "9104"), incomplete=True)
    assert rehomed(GridTree(moved.grids), "9101", None, None, T) == undecided
    far = (Part("9103", "甲", children=("910301",), lon=0.0, lat=0.0), Part("9105", "丙", children=("910302",)))
    again = apply_changes(two_seats(113.0, 34.01, 113.0, 34.0).grids, (), [Split(code="9103", parts=far, at=LATE)], T)
    assert again.findings == ()
    assert rehomed(GridTree(again.grids), "9101", 113.0, 34.009, T) == Rehoming("9103", ("9103", "9104"))


def two_seats(lon: float | None, lat: float | None, other_lon: float, other_lat: float) -> GridTree:
    bare = tuple(replace(grid, area=()) for grid in small_city())
    parts = (
        Part("9103", "甲", children=("910101", "910102"), lon=lon, lat=lat),
        Part("9104", "乙", children=("910103", "910104"), lon=other_lon, lat=other_lat),
    )
    return GridTree(apply_changes(bare, (), [Split(code="9101", parts=parts)], T).grids)


def test_a_place_written_before_a_part_left_is_looked_at_again() -> None:
    parts = (Part("91", "镇1", children=("9101",)), Part("93", "新镇", children=("9102",)))
    tree = GridTree(apply_changes(small_city(), (), [Split(code="91", parts=parts)], T).grids)
    assert rehomed(tree, "91", *middle(3, 0), T) is None
    assert rehomed(tree, "91", *middle(3, 0), T, meant_ms=T - 1) == Rehoming("93", ("91", "93"))
    assert rehomed(tree, "91", *middle(0, 0), T, meant_ms=T - 1) == Rehoming("91", ("91", "93"))


def test_names_and_numbers_that_change_again_are_followed_to_the_end() -> None:
    changed = apply_changes(
        split().grids,
        (),
        [
            Rename(code="93", zh="丙", at="1970-01-01T01:00:00+00:00"),
            Renumber(code="9301", new_code="9209", at="1970-01-01T02:00:00+00:00"),
        ],
        T,
    )
    assert changed.findings == ()
    assert rehomed(GridTree(changed.grids), "910101", None, None, 7_200_000) == Rehoming("920901", ("920901",))
    assert rehomed(GridTree(changed.grids), "910101", None, None, 7_199_999) == Rehoming("930101", ("930101",))
