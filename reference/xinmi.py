"""Makes the profile of Xinmi from its real divisions and outline: `python -m reference.xinmi` writes it again.

Real: the outline, the 19 townships and 356 villages with their codes and names. Made up by a seeded rule, and said to
be so on the map: township and village cells (Voronoi cells of rough seats), level-3 grids and their areas, posts, units
named by function, and the sample standard (limits as in the domain document §5).
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import shapely
from msgspec.structs import replace

from domain.grid.area import joined
from domain.grid.values import CELL_LEVEL, Grid, Kind
from domain.unit import Unit
from reference.areas import tiled
from reference.china import china
from reference.contents import Contents
from reference.posts import made_up_posts
from reference.profile import SHIPPED, About, Profile, save_profile
from reference.sample_standard import sample_standard
from reference.xinmi_admission import admission
from reference.xinmi_routing import routing
from reference.xinmi_standard import DEPARTMENTS, TOWNS_EN

ROOT = "410183"
SEED = 410183
DIGITS = 5
CELLS_MIN, CELLS_MAX = 2, 6
FOLDER = SHIPPED / "xinmi"


def make() -> tuple[Profile, dict[str, Any]]:
    """The profile and its map (GeoJSON, RFC 7946). The same bytes every time."""
    divisions = json.loads((FOLDER / "source" / "xinmi-divisions.json").read_text())["townships"]
    seats = json.loads((FOLDER / "source" / "xinmi-seats-approx.json").read_text())["seats"]
    source = json.loads((FOLDER / "source" / "xinmi-boundary.geojson").read_text())
    outline = shapely.geometry.shape(source["features"][0]["geometry"])
    random_numbers = random.Random(SEED)
    city = Grid(ROOT, 0, "新密市", "Xinmi")
    grids: list[Grid] = []
    features = [_feature(outline, ROOT, 0, "新密市", "Xinmi", schematic=False)]
    town_cells = _cells(outline, [seats[town["name"]] for town in divisions])
    below: list[Grid] = []
    shapes: list[Any] = []
    for town, cell in zip(divisions, town_cells, strict=True):
        name = TOWNS_EN[town["nbs_code"]]
        grids.append(
            Grid(
                *(town["nbs_code"], 1, town["name"], name, *_point(seats[town["name"]])),
                kind=_kind(town),
                mca_code=town["mca_code12"] or "",
                mca_zh=town["mca_name"] or "",
            )
        )
        features.append(_feature(cell, town["nbs_code"], 1, town["name"], name, schematic=True))
        points = _points(cell, len(town["villages"]), random_numbers)
        for village, village_cell in zip(town["villages"], _cells(cell, points), strict=True):
            seat = village_cell.representative_point()
            short = _short(village["name"])
            below.append(Grid(village["code"], 2, short, short, *_point((seat.x, seat.y)), kind=_kind(village)))
            features.append(_feature(village_cell, village["code"], 2, short, short, schematic=True))
            count = random_numbers.randint(CELLS_MIN, CELLS_MAX)
            points_below = _points(village_cell, count, random_numbers)
            shapes += _cells(village_cell, points_below)
            for number, (lon, lat) in enumerate(points_below, start=1):
                code = f"{village['code']}{number:02d}"
                names = f"{short}第{number}网格", f"{short} {number}"
                below.append(Grid(code, 3, *names, *_point((lon, lat)), synthetic=True, kind=_kind(village)))
    about = About(
        "xinmi", "新密市联合调度指挥中心", "Xinmi Joint Dispatch Centre", "新密市", "Xinmi", "Asia/Shanghai", ROOT
    )
    areas = tiled(shapes)
    drawn = iter(areas)
    cells = [replace(grid, area=next(drawn)) if grid.level == CELL_LEVEL else grid for grid in below]
    tree = (replace(city, area=joined(areas)), *grids, *cells)
    standard, units = sample_standard(ROOT), _units(divisions)
    posts = made_up_posts(ROOT, tree, units)
    contents = Contents(china(), standard, tree, units, routing(), admission(standard), posts)
    profile = Profile(about, contents)
    return profile, {"type": "FeatureCollection", "features": features}


def main() -> None:
    """Write the profile and its map into the shipped folder."""
    profile, city_map = make()
    save_profile(profile, FOLDER)
    Path(FOLDER / "map.geojson").write_text(json.dumps(city_map, ensure_ascii=False, separators=(",", ":")) + "\n")


def _cells(area: Any, points: list[Any]) -> list[Any]:
    """Voronoi cells of the points inside the area, in the points' order; a detached piece goes with its cell."""
    if len(points) == 1:
        return [area]
    found = shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=area, ordered=True)
    return [cell.intersection(area) for cell in found.geoms]


def _points(area: Any, count: int, random_numbers: random.Random) -> list[tuple[float, float]]:
    """Points inside the area, each the farthest from those before it among a few tries."""
    west, south, east, north = area.bounds
    chosen: list[tuple[float, float]] = []
    while len(chosen) < count:
        tries: list[tuple[float, float]] = []
        while len(tries) < 12:
            point = (random_numbers.uniform(west, east), random_numbers.uniform(south, north))
            if area.contains(shapely.Point(point)):
                tries.append(point)
        chosen.append(max(tries, key=lambda p: min(((p[0] - x) ** 2 + (p[1] - y) ** 2 for x, y in chosen), default=0)))
    return chosen


def _point(place: Any) -> tuple[float, float]:
    return round(place[0], DIGITS), round(place[1], DIGITS)


def _feature(cell: Any, code: str, level: int, zh: str, en: str, *, schematic: bool) -> dict[str, Any]:
    rounded = shapely.set_precision(cell, 10**-DIGITS)
    oriented = shapely.orient_polygons(rounded, exterior_cw=False)
    properties = {"code": code, "level": level, "name_zh": zh, "name_en": en, "schematic": schematic}
    geometry = json.loads(shapely.to_geojson(oriented))
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _kind(division: Any) -> Kind:
    """Town: a subdistrict 街道, a community with a residents' committee 居民委员会. Country: everything else."""
    return Kind.URBAN if division["kind"] in ("subdistrict", "residents-committee") else Kind.RURAL


def _short(name: str) -> str:
    for ending in ("村民委员会", "居民委员会", "村委会", "居委会"):
        if name.endswith(ending):
            return name.removesuffix(ending) + ("村" if ending.startswith("村") else "社区")
    return name


def _units(divisions: list[Any]) -> tuple[Unit, ...]:
    units = [Unit(f"{ROOT}-centre", "市联动指挥中心", "City command centre", ROOT, "centre")]
    units += [Unit(f"{ROOT}-{code}", zh, en, ROOT) for code, zh, en in DEPARTMENTS]
    for town in divisions:
        code, name = town["nbs_code"], TOWNS_EN[town["nbs_code"]]
        units.append(Unit(f"{code}-team", f"{town['name']}综合执法队", f"{name} enforcement team", code, "team"))
        units.append(Unit(f"{code}-centre", f"{town['name']}指挥中心", f"{name} centre", code, "centre"))
    for town in divisions:
        for village in town["villages"]:
            short = _short(village["name"])
            code = village["code"]
            units.append(Unit(f"{code}-station", f"{short}网格站", f"{short} station", code, "station"))
    return tuple(units)


if __name__ == "__main__":
    main()
