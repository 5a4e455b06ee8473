"""The grid tree as GeoJSON (RFC 7946), and boundaries from it: what a map programme reads and what surveyors send.

Owns both directions. Boundaries must state their coordinate system: the default of the format does not count, since
files with shifted coordinates are passed around without a label. All faults are named at once, by feature number.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import shapely

from domain.finding import Finding
from domain.grid.area import RING_SPOTS_MAX, RING_SPOTS_MIN, Area, Ring, joined, oriented, spot
from domain.grid.coordinates import CoordinateSystem, coordinate_system, to_wgs84
from domain.grid.rehome import areas_of
from domain.grid.tree import GridTree
from domain.grid.values import Grid
from reference.areas import shape_of, to_degrees
from reference.cover import SLIVER_M2, crossing, in_square_metres

FILE_BYTES_MAX = 32_000_000
FEATURES_MAX = 5_000
PART = "boundaries"


def export_tree(tree: GridTree, at_ms: int, level: int | None = None) -> dict[str, Any]:
    """The grids of an instant (UTC milliseconds), or those of a level, as a FeatureCollection in WGS84.

    A grid that is not drawn itself has the area of the grids under it; without any it has its seat, or no geometry.
    """
    features = [_feature(tree, grid, at_ms) for grid in tree.valid(at_ms, level)]
    return {"type": "FeatureCollection", "coordinate_system": str(CoordinateSystem.WGS84), "features": features}


def read_boundaries(content: bytes, tree: GridTree, at_ms: int) -> tuple[dict[str, Area], list[Finding]]:
    """The areas that a FeatureCollection gives for codes valid at an instant, and everything that is wrong with it.

    A feature's `code` property names its grid; `coordinate_system` of the feature or the collection, or the older
    `crs` member of either, states the system.
    """
    if len(content) > FILE_BYTES_MAX:
        return {}, [_fault("too_large", "文件过大", "the file is too large", str(len(content)), str(FILE_BYTES_MAX))]
    try:
        collection: Any = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        return {}, [_fault("unreadable", f"文件不是 JSON:{error}", f"the file is no JSON: {error}")]
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or collection.get("type") != "FeatureCollection":
        return {}, [_fault("no_collection", "文件不是 FeatureCollection", "the file is no FeatureCollection")]
    if len(features) > FEATURES_MAX:
        found = str(len(features))
        return {}, [_fault("too_many_features", "要素过多", "there are too many features", found, str(FEATURES_MAX))]
    areas: dict[str, Area] = {}
    findings: list[Finding] = []
    city = [shape_of(grid.area) for grid in tree.valid(at_ms, 0) if grid.area]
    for number, feature in enumerate(features, start=1):
        grid, wrong = _boundary(feature, _label(collection), tree, at_ms)
        if grid is not None and grid.code in areas:
            wrong.append(_fault("code_twice", f"编码 {grid.code} 出现两次", f"{grid.code} stands twice", grid.code))
        if grid is not None and not wrong:
            areas[grid.code] = grid.area
            wrong = crossing(grid) or _outside(grid, city)
        findings += [msgspec.structs.replace(finding, row=number, part=PART) for finding in wrong]
    return areas, findings


def _feature(tree: GridTree, grid: Grid, at_ms: int) -> dict[str, Any]:
    parts = areas_of(tree, grid.code, at_ms)
    geometry: Any = None
    if parts:
        shape = to_degrees(shape_of(grid.area or joined(parts)))
        geometry = msgspec.json.decode(shapely.to_geojson(shapely.orient_polygons(shape, exterior_cw=False)))
    elif grid.lon is not None and grid.lat is not None:
        geometry = {"type": "Point", "coordinates": [grid.lon, grid.lat]}
    properties = {
        "code": grid.code,
        "level": grid.level,
        "name_zh": grid.zh,
        "name_en": grid.en,
        "since": _time(grid.since_ms),
        "until": _time(grid.until_ms),
        "synthetic": grid.synthetic,
    }
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _time(ms: int | None) -> str | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def _label(holder: Any) -> str | None:
    """What an object says of its coordinate system, in its own member, its properties or the older `crs` member."""
    properties = holder.get("properties")
    for named in (holder, properties if isinstance(properties, dict) else {}):
        stated = named.get("coordinate_system")
        if isinstance(stated, str):
            return stated
        crs = named.get("crs")
        if isinstance(crs, str):
            return crs
        if isinstance(crs, dict) and isinstance(crs.get("properties"), dict):
            name = crs["properties"].get("name")
            return name if isinstance(name, str) else None
    return None


def _boundary(feature: Any, label: str | None, tree: GridTree, at_ms: int) -> tuple[Grid | None, list[Finding]]:
    """The grid with its new area, and what is wrong; the grid is None where its code or geometry cannot be told."""
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        return None, [_fault("no_feature", "这不是带属性的要素", "this is no feature with properties")]
    findings: list[Finding] = []
    system = coordinate_system(_label(feature) or label, PART)
    if isinstance(system, Finding):
        findings.append(system)
    code = feature["properties"].get("code")
    grid = tree.find(code, at_ms) if isinstance(code, str) else None
    if grid is None:
        findings.append(_fault("unknown_code", f"没有编码为 {code} 的网格", f"there is no grid {code}", str(code)))
    area, wrong = _rings(feature.get("geometry"), system if isinstance(system, CoordinateSystem) else None)
    findings += wrong
    return (None if grid is None else msgspec.structs.replace(grid, area=area)), findings


def _rings(geometry: Any, system: CoordinateSystem | None) -> tuple[Area, list[Finding]]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    coordinates = geometry.get("coordinates") if isinstance(geometry, dict) else None
    polygons = [coordinates] if kind == "Polygon" else coordinates
    if kind not in ("Polygon", "MultiPolygon") or not isinstance(polygons, list) or not polygons:
        allowed = "Polygon, MultiPolygon"
        return (), [_fault("wrong_geometry", f"几何类型为 {kind}", f"the geometry is {kind}", str(kind), allowed)]
    area: list[Ring] = []
    findings: list[Finding] = []
    for polygon in polygons:
        rings: list[Ring] = []
        for written in polygon if isinstance(polygon, list) and polygon else [None]:
            ring = _ring(written, system)
            if isinstance(ring, Finding):
                findings.append(ring)
            else:
                rings.append(ring)
        area += _directed(rings)
    return tuple(area), findings


def _directed(rings: list[Ring]) -> Area:
    """The outer ring counter-clockwise, the holes clockwise."""
    return tuple(oriented((ring,))[0][:: 1 if number == 0 else -1] for number, ring in enumerate(rings))


def _ring(written: Any, system: CoordinateSystem | None) -> Ring | Finding:
    try:
        positions = msgspec.convert(written, list[list[float]])
    except msgspec.ValidationError as error:
        return _fault("no_positions", f"环中有不是坐标的内容:{error}", f"a ring holds what is no position: {error}")
    if any(len(at) < 2 or not (-180 <= at[0] <= 180 and -90 <= at[1] <= 90) for at in positions):
        return _fault("off_the_map", "环中有超出经纬度范围的坐标", "a ring holds a position that is on no map")
    if len(positions) <= RING_SPOTS_MIN or positions[0] != positions[-1]:
        found = str(len(positions))
        zh, en = "环没有闭合或少于 4 个点", "a ring is not closed, or has fewer than 4 positions"
        return _fault("ring_open", zh, en, found, "≥ 4")
    if len(positions) > RING_SPOTS_MAX:
        zh, en = "环中的点过多", "a ring has too many positions"
        return _fault("too_many_points", zh, en, str(len(positions)), str(RING_SPOTS_MAX))
    spots = [spot(*to_wgs84(system or CoordinateSystem.WGS84, at[0], at[1])) for at in positions[:-1]]
    ring = tuple(at for at, before in zip(spots, [spots[-1], *spots], strict=False) if at != before)
    if len(ring) < RING_SPOTS_MIN:
        return _fault("ring_too_small", "环小于坐标精度", "a ring is smaller than the raster of coordinates")
    return ring


def _outside(grid: Grid, city: list[Any]) -> list[Finding]:
    if not grid.level or not city:
        return []
    beyond = shape_of(grid.area).difference(shapely.union_all(city))
    metres = in_square_metres(beyond)
    if metres <= SLIVER_M2:
        return []
    zh, en = f"{grid.code} 有 {metres:.0f} 平方米在本市之外", f"{grid.code} lies outside the city with {metres:.0f} m²"
    return [_fault("outside_city", zh, en, f"{metres:.0f} m²", f"{SLIVER_M2:.0f} m²")]


def _fault(code: str, zh: str, en: str, found: str = "", allowed: str = "") -> Finding:
    whole = (f"(实为 {found})" if found else "") + (f",允许 {allowed}" if allowed else "")
    stated = (f" (found {found})" if found else "") + (f"; allowed: {allowed}" if allowed else "")
    return Finding(f"geojson.{code}", PART, f"{zh}{whole}。", f"{en[0].upper()}{en[1:]}{stated}.", found, allowed)
