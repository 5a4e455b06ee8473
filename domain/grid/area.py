"""Areas: rings of whole micro-degrees (WGS84), and the exact question whether a spot lies inside.

Owns the arithmetic of areas in whole numbers. Neighbours that share an edge never both hold a spot on it, nor neither:
a spot on an edge belongs to what lies to the east of it, on a level edge to what lies to the north. Nothing here rounds
but `spot`, which brings a measured point onto the raster of about ten centimetres.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

MICRO = 1_000_000
"""Steps of a degree."""

DEGREE_M = 111_195.0
"""Metres of a degree of latitude on the mean sphere."""

RING_SPOTS_MIN = 3
RING_SPOTS_MAX = 20_000

Spot = tuple[Annotated[int, Meta(ge=-180 * MICRO, le=180 * MICRO)], Annotated[int, Meta(ge=-90 * MICRO, le=90 * MICRO)]]
"""Longitude and latitude in micro-degrees."""

Ring = Annotated[tuple[Spot, ...], Meta(min_length=RING_SPOTS_MIN, max_length=RING_SPOTS_MAX)]
Area = tuple[Ring, ...]
"""Rings in any order and direction, the first spot not repeated at the end; inside is what an odd number encloses."""


def spot(lon: float, lat: float) -> Spot:
    """The nearest spot of the raster to a WGS84 point in degrees."""
    return round(lon * MICRO), round(lat * MICRO)


def edges(ring: Sequence[Spot]) -> Iterator[tuple[Spot, Spot]]:
    """The edges of a ring in its direction, the closing one last."""
    yield from pairwise(ring)
    if len(ring) > 1:
        yield ring[-1], ring[0]


def contains(area: Area, at: Spot) -> bool:
    """True if the spot lies inside or on the western or southern edge: exact, for all whole numbers."""
    x, y = at
    inside = False
    for ring in area:
        x1, y1 = ring[-1]
        for x2, y2 in ring:
            if (y1 > y) != (y2 > y):
                side = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
                if side > 0 if y2 > y1 else side < 0:
                    inside = not inside
            x1, y1 = x2, y2
    return inside


def doubled(ring: Sequence[Spot]) -> int:
    """Twice the signed area of a ring in square micro-degrees; positive where it runs counter-clockwise."""
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in edges(ring))


def size(areas: Iterable[Area]) -> int:
    """Twice what areas cover in sum, in square micro-degrees: exact. Holes run the other way than what they are in."""
    return sum(abs(sum(doubled(ring) for ring in area)) for area in areas)


def square_metres(doubled_size: int, lat: float) -> float:
    """A size in square metres at a latitude (degrees), on the mean sphere: to about 0.5 %."""
    step_m = DEGREE_M / MICRO
    return doubled_size / 2 * step_m * step_m * math.cos(math.radians(lat))


def oriented(area: Area) -> Area:
    """The same area with its outer rings counter-clockwise, where all of it runs the wrong way round."""
    if sum(doubled(ring) for ring in area) >= 0:
        return area
    return tuple(ring[::-1] for ring in area)


def joined(areas: Iterable[Area]) -> Area:
    """The union of areas that overlap nowhere: edges that two of them share are gone, the rest are rings again.

    Outer rings run counter-clockwise and holes clockwise in the areas given and in the answer.
    """
    left: dict[Spot, list[Spot]] = {}
    for start, end in [edge for area in areas for ring in area for edge in edges(ring)]:
        if start in left.get(end, ()):
            left[end].remove(start)
        else:
            left.setdefault(start, []).append(end)
    rings: list[Ring] = []
    for start in sorted(left):
        while left[start]:
            rings += _rings_from(start, left)
    return tuple(rings)


def _rings_from(start: Spot, left: dict[Spot, list[Spot]]) -> list[Ring]:
    """Walk once around from a spot, cutting a ring off wherever the walk meets itself: rings may touch at a spot."""
    rings: list[Ring] = []
    walk: list[Spot] = [start]
    while True:
        following = left[walk[-1]].pop()
        if following not in walk:
            walk.append(following)
            continue
        at = walk.index(following)
        rings.append(tuple(walk[at:]))
        del walk[at + 1 :]
        if len(walk) == 1:
            return rings
