"""Which grid a point lies in, at an instant.

Owns the index from points to grids: buckets of a raster, and in each the few areas that reach into it, which are then
asked exactly. A point never belongs to two grids whose areas share an edge.
"""

from __future__ import annotations

import math

from domain.finding import Finding
from domain.grid.area import MICRO, Area, Spot, contains, spot
from domain.grid.tree import GridTree
from domain.grid.values import Grid

BUCKETS_PER_SIDE = 2
"""Buckets along the side of a middling area: more make the index larger, fewer make more areas to be asked."""

_EVER, _NEVER = -(2**63), 2**63

_Row = tuple[int, int, int, int, int, int, Area, Grid]
"""since, until, west, south, east, north, area, grid: what a query looks at, in the order that it does."""


class Places:
    """An index over every area of a tree through all of its time; immutable. Its memory grows with the areas drawn."""

    __slots__ = ("_buckets", "_rows", "_step", "tree")

    def __init__(self, tree: GridTree) -> None:
        self.tree = tree
        drawn = sorted((grid for grid in tree.grids if grid.area and grid.level), key=lambda grid: -grid.level)
        self._rows = [_row(grid) for grid in drawn]
        self._step = _step(self._rows)
        self._buckets: dict[Spot, list[_Row]] = {}
        for row in self._rows:
            _, _, west, south, east, north, _, _ = row
            for column in range(west // self._step, east // self._step + 1):
                for line in range(south // self._step, north // self._step + 1):
                    self._buckets.setdefault((column, line), []).append(row)

    def find(self, lon: float, lat: float, at_ms: int) -> Grid | None:
        """The grid of the lowest level that holds a WGS84 point (degrees) at an instant, or None."""
        x, y = at = spot(lon, lat)
        step = self._step
        for since, until, west, south, east, north, area, grid in self._buckets.get((x // step, y // step), ()):
            if since <= at_ms < until and west <= x <= east and south <= y <= north and contains(area, at):
                return grid
        return None

    def locate(self, lon: float, lat: float, at_ms: int) -> Grid | Finding:
        """As `find`; a point that no grid holds is refused, and the refusal says what the city covers."""
        if not (math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90):
            return Finding(
                "place.no_point",
                "place",
                f"{lon}, {lat} 不是经纬度。",
                f"{lon}, {lat} is no longitude and latitude.",
                found=f"{lon}, {lat}",
                allowed="-180..180, -90..90",
            )
        found = self.find(lon, lat, at_ms)
        if found is not None:
            return found
        box = self.covered(at_ms)
        if box is None:
            return Finding(
                "place.no_areas",
                "place",
                "网格没有边界,无法由坐标确定网格。",
                "The grids have no areas, so a point cannot tell its grid.",
                found=f"{lon}, {lat}",
            )
        west, south, east, north = box
        return Finding(
            "place.outside",
            "place",
            f"点 {lon}, {lat} 不在本市范围内;本市在东经 {west}–{east}、北纬 {south}–{north} 之间。",
            f"The point {lon}, {lat} lies outside the city, which lies within longitude {west} to {east} "
            f"and latitude {south} to {north}.",
            found=f"{lon}, {lat}",
            allowed=f"{west}..{east}, {south}..{north}",
        )

    def covered(self, at_ms: int) -> tuple[float, float, float, float] | None:
        """West, south, east and north of everything drawn at an instant, degrees; None where nothing is."""
        rows = [row for row in self._rows if row[0] <= at_ms < row[1]]
        if not rows:
            return None
        west, south = min(row[2] for row in rows), min(row[3] for row in rows)
        east, north = max(row[4] for row in rows), max(row[5] for row in rows)
        return west / MICRO, south / MICRO, east / MICRO, north / MICRO


def _row(grid: Grid) -> _Row:
    xs = [x for ring in grid.area for x, _ in ring]
    ys = [y for ring in grid.area for _, y in ring]
    since = _EVER if grid.since_ms is None else grid.since_ms
    until = _NEVER if grid.until_ms is None else grid.until_ms
    return since, until, min(xs), min(ys), max(xs), max(ys), grid.area, grid


def _step(rows: list[_Row]) -> int:
    """The side of a bucket in micro-degrees, from the middling width of an area."""
    widths = sorted(max(row[4] - row[2], row[5] - row[3]) for row in rows)
    return max(widths[len(widths) // 2] // BUCKETS_PER_SIDE, 1) if widths else MICRO
