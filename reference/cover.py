"""Do the areas of a tree cover the city, each spot once: overlaps, holes, cells outside their parent, crossing rings.

Owns the geometric check of a tree at an instant. The exact edges that `domain.grid.area` relies on are checked to a
tolerance here, since boundaries come from many hands: what is smaller than a sliver is no finding.
"""

from __future__ import annotations

from typing import Any

import shapely

from domain.finding import Finding
from domain.grid.area import MICRO, square_metres
from domain.grid.plan import SLIVER_M2
from domain.grid.tree import GridTree
from domain.grid.values import Grid
from reference.areas import shape_of

__all__ = ["SLIVER_M2", "check_cover", "crossing", "in_square_metres"]


def check_cover(tree: GridTree, at_ms: int) -> list[Finding]:
    """Every geometric fault of the tree at an instant, with its size in m² and a point in it (WGS84, degrees)."""
    findings: list[Finding] = []
    shapes: dict[str, Any] = {}
    for grid in tree.valid(at_ms):
        wrong = crossing(grid)
        findings += wrong
        if grid.area:
            shapes[grid.code] = _mended(grid) if wrong else shape_of(grid.area)
    for level in (1, 2, 3):
        drawn = [grid for grid in tree.valid(at_ms, level) if grid.code in shapes]
        findings += _overlaps(drawn, [shapes[grid.code] for grid in drawn])
    for grid in tree.valid(at_ms):
        if grid.code in shapes:
            findings += _inside(tree, grid, shapes, at_ms)
    return findings


def crossing(grid: Grid) -> list[Finding]:
    """A finding for each ring of a grid that crosses or touches itself."""
    findings: list[Finding] = []
    for number, ring in enumerate(grid.area, start=1):
        polygon = shapely.Polygon(ring)
        if not polygon.is_valid:
            reason = shapely.is_valid_reason(polygon)
            findings.append(
                Finding(
                    "grids.ring_crossing",
                    "grids",
                    f"{grid.code} 的第 {number} 个环自相交或自相接({reason},单位为百万分之一度)。",
                    f"Ring {number} of {grid.code} crosses or touches itself ({reason}, in micro-degrees).",
                    found=reason,
                    key=grid.code,
                )
            )
    return findings


def in_square_metres(shape: Any) -> float:
    """The size of a geometry in micro-degrees, in m²."""
    return square_metres(2 * shape.area, shape.centroid.y / MICRO) if not shape.is_empty else 0.0


def _mended(grid: Grid) -> Any:
    rings = [shapely.make_valid(shapely.Polygon(ring)) for ring in grid.area]
    whole = rings[0]
    for ring in rings[1:]:
        whole = whole.symmetric_difference(ring)
    return whole


def _overlaps(grids: list[Grid], shapes: list[Any]) -> list[Finding]:
    findings: list[Finding] = []
    if not grids or shapely.coverage_is_valid(shapes):
        return findings
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        if one >= other:
            continue
        shared = shapes[one].intersection(shapes[other])
        if in_square_metres(shared) > SLIVER_M2:
            a, b = grids[one].code, grids[other].code
            findings.append(_place("overlap", f"{a} 与 {b} 重叠", f"{a} and {b} overlap", shared, a, b))
    return findings


def _inside(tree: GridTree, grid: Grid, shapes: dict[str, Any], at_ms: int) -> list[Finding]:
    """The grids under one that is drawn fill it, and none reaches out of it."""
    findings: list[Finding] = []
    below = _drawn_below(tree, grid, shapes, at_ms)
    if not below:
        return findings
    own, parts = shapes[grid.code], [shapes[each.code] for each in below]
    for each, out in zip(below, shapely.difference(parts, own), strict=True):
        if in_square_metres(out) > SLIVER_M2:
            zh, en = f"{each.code} 伸出上级网格 {grid.code}", f"{each.code} reaches out of {grid.code}"
            findings.append(_place("outside_parent", zh, en, out, each.code, grid.code))
    for hole in shapely.get_parts(own.difference(shapely.union_all(parts))):
        if in_square_metres(hole) > SLIVER_M2:
            zh, en = f"{grid.code} 中有一处不属于任何下级网格", f"{grid.code} has a hole that no grid under it covers"
            findings.append(_place("hole", zh, en, hole, grid.code))
    return findings


def _drawn_below(tree: GridTree, grid: Grid, shapes: dict[str, Any], at_ms: int) -> list[Grid]:
    """The grids under one that are drawn, each the highest of its branch."""
    found: list[Grid] = []
    for child in tree.children(grid.code, at_ms):
        found += [child] if child.code in shapes else _drawn_below(tree, child, shapes, at_ms)
    return found


def _place(code: str, zh: str, en: str, where: Any, key: str, found: str = "") -> Finding:
    at = where.representative_point()
    lon, lat = at.x / MICRO, at.y / MICRO
    metres = in_square_metres(where)
    return Finding(
        f"grids.{code}",
        "grids",
        f"{zh}:{metres:.0f} 平方米,在 {lon:.6f}, {lat:.6f} 处。",
        f"{en}: {metres:.0f} m² at {lon:.6f}, {lat:.6f}.",
        found=found or f"{lon:.6f}, {lat:.6f}",
        allowed=f"{SLIVER_M2:.0f} m²",
        key=key,
    )
