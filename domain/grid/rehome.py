"""Where an open case goes when its grid ends: one stated rule, the same answer for everybody who asks.

Owns the rule (docs/grid.md): the one successor; of several the one that holds the case's point; otherwise the smallest
grid that holds them all, marked incomplete, so that somebody completes the place. Never a guess among several.
"""

from __future__ import annotations

import math

import msgspec

from domain.grid.area import MICRO, Area, Spot, contains, spot
from domain.grid.tree import GridTree
from domain.grid.values import Grid


class Rehoming(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The grid that a case belongs to from now on; `successors` are all that followed its old one."""

    grid: str
    successors: tuple[str, ...]
    incomplete: bool = False


def rehomed(
    tree: GridTree, place_grid: str, lon: float | None, lat: float | None, at_ms: int, meant_ms: int | None = None
) -> Rehoming | None:
    """Where a case at a grid and a WGS84 point (degrees, or None) belongs at an instant; None if it stays.

    `meant_ms` is when the place was written down; without it a grid that still has its code stays. Also None where the
    code was never a grid: that is for the check of the place, not for this rule.
    """
    codes = tree.successors(place_grid, at_ms, meant_ms)
    if not codes or codes == (place_grid,):
        return None
    if len(codes) == 1:
        return Rehoming(codes[0], codes)
    if _on_earth(lon, lat) and lon is not None and lat is not None:
        chosen = _nearest(tree, codes, lon, lat, at_ms)
        if chosen is not None:
            return Rehoming(chosen, codes)
    return _above(tree, codes, at_ms)


def _nearest(tree: GridTree, codes: tuple[str, ...], lon: float, lat: float, at_ms: int) -> str | None:
    """The successor whose area holds the point; where none has an area, the one with the nearest seat."""
    at = spot(lon, lat)
    areas = {code: areas_of(tree, code, at_ms) for code in codes}
    if any(areas.values()):
        return next((code for code in codes if any(contains(area, at) for area in areas[code])), None)
    seats = {code: grid for code in codes if (grid := tree.find(code, at_ms)) is not None}
    if not all(_on_earth(grid.lon, grid.lat) for grid in seats.values()):
        return None
    return min(codes, key=lambda code: (_distance(seats[code], at), code))


def _on_earth(lon: float | None, lat: float | None) -> bool:
    """False also for what is no number: a place may have been written down before anybody looked at it."""
    return lon is not None and lat is not None and -180 <= lon <= 180 and -90 <= lat <= 90


def areas_of(tree: GridTree, code: str, at_ms: int) -> tuple[Area, ...]:
    """The areas that make up a grid at an instant: its own, or those of the grids under it."""
    grid = tree.find(code, at_ms)
    if grid is None:
        return ()
    if grid.area:
        return (grid.area,)
    return tuple(area for child in tree.children(code, at_ms) for area in areas_of(tree, child.code, at_ms))


def _distance(grid: Grid, at: Spot) -> float:
    """The square of the distance in micro-degrees of latitude: good for telling which of a city's seats is nearer."""
    assert grid.lon is not None, "only grids with a seat are compared"
    assert grid.lat is not None, "only grids with a seat are compared"
    x, y = spot(grid.lon, grid.lat)
    return ((x - at[0]) * math.cos(math.radians(at[1] / MICRO))) ** 2 + (y - at[1]) ** 2


def _above(tree: GridTree, codes: tuple[str, ...], at_ms: int) -> Rehoming | None:
    paths = [tree.ancestors(code, at_ms) for code in codes]
    for grid in paths[0]:
        if all(grid in path for path in paths[1:]):
            return Rehoming(grid.code, codes, incomplete=True)
    return None
