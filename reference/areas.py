"""Areas as shapes and shapes as areas: between the rings of whole micro-degrees and shapely's geometries.

Owns the step onto the raster: shapes that tile a place but for rounding become areas that tile it exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely

from domain.grid.area import MICRO, Area, joined

STEP = 1.0
"""Geometries here are in micro-degrees, so the raster's step is one and whole numbers are exact."""


def shape_of(area: Area) -> Any:
    """The geometry of an area in micro-degrees; rings that are enclosed by an odd number of others are holes."""
    return shapely.build_area(shapely.MultiLineString([[*ring, ring[0]] for ring in area]))


def area_of(shape: Any) -> Area:
    """The rings of a polygon or several in micro-degrees: outer ones counter-clockwise, holes clockwise."""
    rings: list[tuple[tuple[int, int], ...]] = []
    for polygon in shapely.get_parts(shapely.orient_polygons(shape, exterior_cw=False)):
        for ring in (polygon.exterior, *polygon.interiors):
            rings.append(tuple((round(x), round(y)) for x, y in shapely.get_coordinates(ring)[:-1]))
    return tuple(rings)


def to_micro(shape: Any) -> Any:
    """A geometry in degrees, in micro-degrees and not yet on the raster."""
    return shapely.transform(shape, lambda degrees: degrees * MICRO)


def to_degrees(shape: Any) -> Any:
    """A geometry in micro-degrees, in degrees."""
    return shapely.transform(shape, lambda micro: micro / MICRO)


def tiled(shapes: Sequence[Any]) -> list[Area]:
    """Areas on the raster for shapes in degrees that tile a place but for rounding, in their order: they tile exactly.

    All boundaries are brought onto the raster together and cut at every crossing, so that neighbours share each edge
    to the last digit; each face between the boundaries then goes to the shape that covers most of it.
    """
    drawn = [to_micro(shape) for shape in shapes]
    lines = shapely.union_all([shape.boundary for shape in drawn], grid_size=STEP)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    found = shapely.STRtree(drawn)
    pieces: list[list[Area]] = [[] for _ in drawn]
    for face in faces:
        shared = [(float(shapely.area(shapely.intersection(face, drawn[n]))), -int(n)) for n in found.query(face)]
        most, number = max(shared, default=(0.0, 0))
        if most > 0:
            pieces[-number].append(area_of(face))
    return [joined(each) for each in pieces]
