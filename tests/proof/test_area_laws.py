"""Laws of areas and coordinates: tilings share no spot and lose none; every conversion goes back to where it came."""

from __future__ import annotations

from math import isclose
from typing import Any

import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.grid.area import Area, Spot, contains, joined, size
from domain.grid.coordinates import CoordinateSystem, from_wgs84, to_wgs84
from reference.areas import area_of, shape_of, tiled, to_degrees

SIDE = 24
spots = st.lists(st.tuples(st.integers(0, SIDE), st.integers(0, SIDE)), min_size=3, max_size=14, unique=True)


def every_spot() -> list[Spot]:
    """Every spot of the raster around a tiling, its corners and edges included."""
    return [(x, y) for x in range(-1, SIDE + 2) for y in range(-1, SIDE + 2)]


def held_once(areas: list[Area]) -> None:
    """Every spot lies in as many of the areas as in their union: one or none."""
    whole = joined(areas)
    assert size([whole]) == size(areas)
    for at in every_spot():
        assert sum(contains(area, at) for area in areas) == contains(whole, at)


def triangles(corners: list[Spot]) -> list[Area]:
    """A triangulation of the corners."""
    return [area_of(part) for part in shapely.get_parts(shapely.delaunay_triangles(shapely.MultiPoint(corners)))]


@given(spots)
def test_triangles_hold_every_spot_of_their_union_exactly_once(corners: list[Spot]) -> None:
    found = triangles(corners)
    assume(found)
    held_once(found)


@given(spots, st.randoms(use_true_random=False))
def test_triangles_joined_in_any_groups_hold_every_spot_exactly_once(corners: list[Spot], numbers: Any) -> None:
    found = triangles(corners)
    assume(found)
    groups: list[list[Area]] = [[], [], []]
    for area in found:
        groups[numbers.randrange(3)].append(area)
    held_once([joined(group) for group in groups])


@given(spots)
def test_cells_of_any_seats_brought_onto_the_raster_tile_it_exactly(corners: list[Spot]) -> None:
    box = shapely.box(0, 0, SIDE, SIDE)
    drawn = shapely.voronoi_polygons(shapely.MultiPoint(corners), extend_to=box, ordered=True)
    cells = [cell.intersection(box) for cell in drawn.geoms]
    # The law speaks of shapes that tile; for a few sets of seats the library's own cells overlap and leave holes.
    assume(isclose(sum(cell.area for cell in cells), box.area))
    areas = tiled([to_degrees(cell) for cell in cells])
    assert size(areas) == 2 * SIDE * SIDE
    held_once(areas)
    for at in ((x, y) for x in range(SIDE) for y in range(SIDE)):
        assert sum(contains(area, at) for area in areas) == 1


@given(spots)
def test_inside_means_what_an_independent_geometry_says_wherever_it_is_sure(corners: list[Spot]) -> None:
    at = every_spot()
    xs, ys = [x for x, _ in at], [y for _, y in at]
    for area in triangles(corners):
        shape = shape_of(area)
        inside = shapely.contains_xy(shape, xs, ys)
        beside = shapely.intersects_xy(shape, xs, ys)
        for spot, within, touching in zip(at, inside, beside, strict=True):
            if within or not touching:
                assert contains(area, spot) == within


inside_china = st.tuples(st.floats(72.1, 137.7), st.floats(0.9, 55.7))


@pytest.mark.parametrize("system", list(CoordinateSystem))
@given(at=inside_china)
def test_a_point_comes_back_to_a_ten_thousandth_of_a_metre(system: CoordinateSystem, at: tuple[float, float]) -> None:
    assert to_wgs84(system, *from_wgs84(system, *at)) == pytest.approx(at, abs=1e-9)
    assert from_wgs84(system, *to_wgs84(system, *at)) == pytest.approx(at, abs=1e-9)


@pytest.mark.parametrize("system", [CoordinateSystem.GCJ02, CoordinateSystem.BD09])
@given(at=st.tuples(st.floats(74.0, 135.0), st.floats(18.0, 54.0)))
def test_no_shift_is_nothing_and_none_is_more_than_three_kilometres(
    system: CoordinateSystem, at: tuple[float, float]
) -> None:
    lon, lat = from_wgs84(system, *at)
    assert 1e-4 < abs(lon - at[0]) + abs(lat - at[1]) < 0.03
