"""From a point to its grid, at an instant."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from domain.finding import Finding
from domain.grid.area import contains
from domain.grid.change import Part, Renumber, Split
from domain.grid.changes import apply_changes
from domain.grid.places import Places
from domain.grid.tree import GridTree
from domain.grid.values import Grid
from tests.support.small_tree import SIDE, SOUTH, WEST, cell_of, middle, small_city, square

T = 1_000_000


def test_the_middle_of_each_cell_lies_in_it() -> None:
    tree = GridTree(small_city())
    places = Places(tree)
    assert places.tree is tree
    for town in (1, 2):
        for village in (1, 2):
            for cell in (1, 2, 3, 4):
                found = places.find(*middle(*cell_of(town, village, cell)), T)
                assert found is not None
                assert found.code == f"9{town}{village:02d}{cell:02d}"


def test_the_same_point_answers_with_the_code_of_its_time() -> None:
    places = Places(GridTree(apply_changes(small_city(), (), [Renumber(code="91", new_code="93")], T).grids))
    for at_ms, code in ((T - 1, "910101"), (T, "930101")):
        found = places.find(*middle(0, 0), at_ms)
        assert found is not None
        assert found.code == code


def test_the_lowest_level_that_is_drawn_answers() -> None:
    grids = [Grid("9", 0, "市"), Grid("91", 1, "镇", area=square(0, 0, 3, 3)), Grid("9101", 2, "村", area=square(1, 1))]
    places = Places(GridTree(grids))
    inner, outer = places.find(*middle(1, 1), T), places.find(*middle(2, 2), T)
    assert inner is not None
    assert outer is not None
    assert (inner.code, outer.code) == ("9101", "91")


def test_an_area_reaches_to_the_easternmost_and_northernmost_spot_that_it_holds() -> None:
    wedge = ((WEST, SOUTH), (WEST + 10, SOUTH), (WEST + 20, SOUTH + 20), (WEST + 10, SOUTH + 20))
    places = Places(GridTree([Grid("91", 1, "镇", area=(wedge,))]))
    answers = {
        (x, y): places.find((WEST + x) / 1e6, (SOUTH + y) / 1e6, T) is not None for x in range(21) for y in range(21)
    }
    assert answers == {at: contains((wedge,), (WEST + at[0], SOUTH + at[1])) for at in answers}
    assert any(answers[x, 19] for x in range(21))


def test_a_point_outside_is_refused_with_what_the_city_covers() -> None:
    places = Places(GridTree(small_city()))
    for lon, lat in ((112.9, 34.0), (113.0001, 35.0), (113.008, 34.001), (113.004, 34.002)):
        found = places.locate(lon, lat, T)
        assert isinstance(found, Finding)
        assert (found.code, found.allowed) == ("place.outside", "113.0..113.008, 34.0..34.002")
        assert str(lon) in found.zh
        assert str(lon) in found.en
    corner = places.locate(113.0, 34.0, T)
    assert isinstance(corner, Grid)


def test_a_hole_of_the_city_is_outside_though_within_its_box() -> None:
    ring = [Grid(f"91{n}", 1, "镇", area=square(x, y)) for n, (x, y) in enumerate(around())]
    found = Places(GridTree([Grid("9", 0, "市"), *ring])).locate(*middle(1, 1), T)
    assert isinstance(found, Finding)
    assert found.code == "place.outside"


def around() -> list[tuple[int, int]]:
    return [(x, y) for x in range(3) for y in range(3) if (x, y) != (1, 1)]


@pytest.mark.parametrize(("lon", "lat"), [(math.nan, 34.0), (113.0, math.inf), (181.0, 0.0), (0.0, -91.0), (-181, 0)])
def test_what_is_no_point_is_refused(lon: float, lat: float) -> None:
    found = Places(GridTree(small_city())).locate(lon, lat, T)
    assert isinstance(found, Finding)
    assert found.code == "place.no_point"


@pytest.mark.parametrize(("lon", "lat"), [(-180, 0), (180, 0), (0, -90), (0, 90)])
def test_the_ends_of_the_world_are_points_and_what_lies_beyond_is_none(lon: float, lat: float) -> None:
    places = Places(GridTree(small_city()))
    beyond = lon and math.nextafter(lon, math.inf * lon), lat and math.nextafter(lat, math.inf * lat)
    answers = [places.locate(lon, lat, T), places.locate(*beyond, T)]
    assert [answer.code for answer in answers] == ["place.outside", "place.no_point"]


def test_a_tree_without_areas_says_so() -> None:
    found = Places(GridTree([replace(grid, area=()) for grid in small_city()])).locate(113.0, 34.0, T)
    assert isinstance(found, Finding)
    assert found.code == "place.no_areas"


def test_what_the_city_covers_is_that_of_the_instant() -> None:
    half = (((WEST, SOUTH), (WEST + SIDE, SOUTH), (WEST + SIDE, SOUTH + SIDE), (WEST, SOUTH + SIDE)),)
    places = Places(GridTree([Grid("91", 1, "镇", since_ms=T, area=half)]))
    assert places.covered(T - 1) is None
    assert places.covered(T) == (113.0, 34.0, 113.001, 34.001)
    ended = Places(GridTree([Grid("91", 1, "镇", until_ms=T, area=half)]))
    assert ended.covered(T - 1) == (113.0, 34.0, 113.001, 34.001)
    assert ended.covered(T) is None


def test_a_cell_that_is_split_answers_with_its_parts() -> None:
    west = square(0, 0)[0]
    left = ((WEST, SOUTH), (WEST + 500, SOUTH), (WEST + 500, SOUTH + SIDE), (WEST, SOUTH + SIDE))
    right = ((WEST + 500, SOUTH), west[1], west[2], (WEST + 500, SOUTH + SIDE))
    parts = (Part("910111", "西", area=(left,)), Part("910112", "东", area=(right[::-1],)))
    changed = apply_changes(small_city(), (), [Split(code="910101", parts=parts)], T)
    assert changed.findings == ()
    places = Places(GridTree(changed.grids))
    codes = [
        getattr(places.find(WEST / 1e6 + x, 34.0005, at), "code", None)
        for x, at in ((0.0001, T), (0.0005, T), (0.0001, T - 1))
    ]
    assert codes == ["910111", "910112", "910101"]
