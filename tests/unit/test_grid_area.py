"""Areas in whole numbers: neighbours share every spot exactly once, and joining them loses nothing."""

from __future__ import annotations

import pytest

from domain.grid.area import MICRO, Area, contains, edges, joined, oriented, size, spot, square_metres
from tests.support.small_tree import SIDE, SOUTH, WEST, square

SQUARE: Area = (((0, 0), (4, 0), (4, 4), (0, 4)),)
RING_ROUND: Area = (((0, 0), (6, 0), (6, 6), (0, 6)), ((2, 2), (2, 4), (4, 4), (4, 2)))


@pytest.mark.parametrize(
    ("spots", "inside"),
    [
        ([(2, 2), (0, 2), (2, 0), (0, 0), (3, 3)], True),
        ([(4, 2), (2, 4), (4, 4), (0, 4), (4, 0), (-1, 2), (5, 2), (2, 5), (2, -1), (-1, 0), (-1, 4)], False),
    ],
)
def test_western_and_southern_edges_belong_to_a_square_and_the_others_to_its_neighbours(
    spots: list[tuple[int, int]], inside: bool
) -> None:
    assert {contains(SQUARE, at) for at in spots} == {inside}
    assert {contains((SQUARE[0][::-1],), at) for at in spots} == {inside}


def test_a_slanting_edge_is_decided_exactly() -> None:
    far = 10**8
    triangle: Area = (((0, 0), (far, far + 1), (0, far + 1)),)
    below: Area = (((0, 0), (far, 0), (far, far + 1)),)
    assert [contains(triangle, at) for at in ((1, 1), (1, 2), (far - 1, far))] == [False, True, True]
    assert [contains(below, at) for at in ((1, 1), (1, 2), (far - 1, far))] == [True, False, False]


def test_a_hole_and_its_edges_belong_to_whatever_lies_in_it() -> None:
    hole: Area = (((2, 2), (4, 2), (4, 4), (2, 4)),)
    for at in [(x, y) for x in range(-1, 8) for y in range(-1, 8)]:
        whole = contains((RING_ROUND[0],), at)
        assert contains(RING_ROUND, at) + contains(hole, at) == whole


def test_joining_squares_leaves_their_outline() -> None:
    whole = joined([square(0, 0), square(1, 0), square(0, 1), square(1, 1)])
    assert len(whole) == 1
    assert set(edges(whole[0])) == set(edges(square(0, 0, 2, 2)[0]))


def test_joining_a_ring_of_squares_leaves_a_hole_that_runs_the_other_way() -> None:
    around = [square(x, y) for x in range(3) for y in range(3) if (x, y) != (1, 1)]
    whole = joined(around)
    assert len(whole) == 2
    assert size([whole]) == size(around) == 2 * 8 * SIDE * SIDE
    assert not contains(whole, (WEST + 1500, SOUTH + 1500))
    assert contains(whole, (WEST + 500, SOUTH + 1500))


def test_squares_that_meet_at_a_corner_stay_rings_of_their_own() -> None:
    whole = joined([square(0, 0), square(1, 1)])
    assert sorted(len(ring) for ring in whole) == [4, 4]
    assert {edge for ring in whole for edge in edges(ring)} == set(edges(square(0, 0)[0])) | set(edges(square(1, 1)[0]))


def test_nothing_joined_is_nothing() -> None:
    assert joined([]) == ()
    assert joined([square(0, 0), (square(0, 0)[0][::-1],)]) == ()


def test_a_size_counts_holes_off_whichever_way_the_area_runs() -> None:
    assert size([RING_ROUND]) == 2 * (36 - 4)
    assert size([tuple(ring[::-1] for ring in RING_ROUND), SQUARE]) == 2 * (32 + 16)


def test_an_area_that_runs_the_wrong_way_is_turned_round_as_a_whole() -> None:
    turned = tuple(ring[::-1] for ring in RING_ROUND)
    assert oriented(turned) == RING_ROUND
    assert oriented(RING_ROUND) == RING_ROUND
    flat: Area = (((0, 0), (1, 0), (2, 0)),)
    assert oriented(flat) == flat


def test_a_square_kilometre_is_one() -> None:
    side = round(1_000 / 111_195.0 * MICRO)
    assert square_metres(2 * side * side, 0.0) == pytest.approx(1_000_000, rel=1e-3)
    assert square_metres(2 * side * side, 60.0) == pytest.approx(500_000, rel=1e-3)


def test_a_spot_is_the_nearest_of_the_raster() -> None:
    assert spot(113.0000004, 34.0000006) == (113_000_000, 34_000_001)
    assert spot(-0.0000006, -1.5) == (-1, -1_500_000)


def test_edges_close_a_ring() -> None:
    assert list(edges(((0, 0), (1, 0), (1, 1)))) == [((0, 0), (1, 0)), ((1, 0), (1, 1)), ((1, 1), (0, 0))]
    assert list(edges(((0, 0), (1, 0)))) == [((0, 0), (1, 0)), ((1, 0), (0, 0))]
    assert list(edges(((0, 0),))) == []
