"""The tree as GeoJSON, and boundaries from it with everything that can be wrong with them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from domain.grid.change import Redraw, Rename
from domain.grid.changes import apply_changes
from domain.grid.coordinates import CoordinateSystem, from_wgs84
from domain.grid.tree import GridTree
from domain.grid.values import Cause, Grid
from reference import geojson
from reference.geojson import export_tree, read_boundaries
from tests.support.small_tree import small_city, square

T = 1_000_000
CITY = GridTree(small_city())
RING = [[113.0, 34.0], [113.001, 34.0], [113.001, 34.001], [113.0, 34.001], [113.0, 34.0]]


def feature(code: str = "910101", coordinates: Any = None, kind: str = "Polygon", **properties: Any) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": [RING] if coordinates is None else coordinates}
    return {"type": "Feature", "properties": {"code": code, **properties}, "geometry": geometry}


def read(*features: Any, **members: Any) -> tuple[dict[str, Any], list[tuple[str, int | None]]]:
    collection = {"type": "FeatureCollection", "features": list(features), **members}
    areas, findings = read_boundaries(json.dumps(collection).encode(), CITY, T)
    return areas, [(finding.code, finding.row) for finding in findings]


def test_what_is_exported_is_read_again_without_a_change() -> None:
    exported = json.dumps(export_tree(CITY, T)).encode()
    areas, findings = read_boundaries(exported, CITY, T)
    assert findings == []
    assert set(areas) == {grid.code for grid in small_city()}
    for grid in small_city():
        if grid.level == 3:
            assert [sorted(ring) for ring in areas[grid.code]] == [sorted(ring) for ring in grid.area]


def test_an_export_is_that_of_an_instant_with_outer_rings_counter_clockwise() -> None:
    tree = GridTree(apply_changes(small_city(), (), [Rename(code="91", zh="新")], T).grids)
    before, after = (
        {f["properties"]["code"]: f for f in export_tree(tree, at_ms, 1)["features"]} for at_ms in (T - 1, T)
    )
    assert (before["91"]["properties"]["name_zh"], after["91"]["properties"]["name_zh"]) == ("镇1", "新")
    assert before["91"]["properties"]["until"] == after["91"]["properties"]["since"] == "1970-01-01T00:16:40+00:00"
    assert set(after) == {"91", "92"}
    ring = after["91"]["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring)) > 0


def test_a_grid_that_is_not_drawn_has_its_seat_or_nothing() -> None:
    tree = GridTree([Grid("9", 0, "市"), Grid("91", 1, "镇", "", 113.5, 34.5)])
    assert [f["geometry"] for f in export_tree(tree, T)["features"]] == [
        None,
        {"type": "Point", "coordinates": [113.5, 34.5]},
    ]


@pytest.mark.parametrize("system", list(CoordinateSystem))
def test_boundaries_of_every_system_come_in_as_wgs84(system: CoordinateSystem) -> None:
    shifted = [list(from_wgs84(system, *at)) for at in RING]
    for labelled in (
        read(feature(coordinates=[shifted]), coordinate_system=system),
        read(feature(coordinates=[shifted]), crs={"type": "name", "properties": {"name": system}}),
        read(feature(coordinates=[shifted], crs=system)),
        read(feature(coordinates=[shifted], coordinate_system=system), coordinate_system="BD-09"),
    ):
        assert labelled == ({"910101": square(0, 0)}, [])


def test_boundaries_without_a_label_are_refused_though_the_format_has_a_default() -> None:
    assert read(feature())[1] == [("coordinates.unlabelled", 1)]
    assert read(feature(), crs={"type": "name", "properties": {}})[1] == [("coordinates.unlabelled", 1)]
    assert read(feature(), crs="Beijing54")[1] == [("coordinates.unknown_system", 1)]


BOW = [RING[0], RING[2], RING[1], RING[3], RING[0]]


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("geojson.unknown_code", feature("77")),
        ("geojson.unknown_code", feature(7)),  # pyright: ignore[reportArgumentType]
        ("geojson.wrong_geometry", feature(kind="Point", coordinates=[113.0, 34.0])),
        ("geojson.no_positions", feature(coordinates=[])),
        ("geojson.wrong_geometry", feature(coordinates=[], kind="MultiPolygon")),
        ("geojson.wrong_geometry", {"properties": {"code": "910101"}, "geometry": None}),
        ("geojson.no_positions", feature(coordinates=[["x"]])),
        ("geojson.no_positions", feature(coordinates=[[]], kind="MultiPolygon")),
        ("geojson.off_the_map", feature(coordinates=[[[113.0, 34.0], [113.0, 94.0], [200.0, 1.0], [113.0, 34.0]]])),
        ("geojson.off_the_map", feature(coordinates=[[[113.0], *RING]])),
        ("geojson.ring_open", feature(coordinates=[RING[:-1]])),
        ("geojson.ring_open", feature(coordinates=[[RING[0], RING[1], RING[0]]])),
        ("geojson.ring_too_small", feature(coordinates=[[RING[0], [113.0000001, 34.0], [113.0, 34.0000002], RING[0]]])),
        ("geojson.outside_city", feature(coordinates=[[[x + 0.01, y] for x, y in RING]])),
        ("geojson.no_feature", "nothing"),
        ("geojson.no_feature", {"type": "Feature", "properties": None}),
        ("grids.ring_crossing", feature(coordinates=[BOW])),
    ],
)
def test_each_fault_is_named_with_its_feature_and_hides_no_other(code: str, wrong: Any) -> None:
    areas, found = read(feature("910102", [[[x + 0.001, y] for x, y in RING]]), wrong, feature("78"), crs="WGS84")
    assert found == [(code, 2), ("geojson.unknown_code", 3)]
    assert "910102" in areas


def test_a_code_that_stands_twice_is_named() -> None:
    assert read(feature(), feature(), crs="WGS84")[1] == [("geojson.code_twice", 2)]


def test_one_feature_can_have_several_faults() -> None:
    assert [code for code, _ in read(feature("77", [RING[:-1]]))[1]] == [
        "coordinates.unlabelled",
        "geojson.unknown_code",
        "geojson.ring_open",
    ]


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("unreadable", b"{"),
        ("unreadable", b"[" * 100_000),
        ("no_collection", b"[]"),
        ("no_collection", b'{"type":"Feature","features":[]}'),
        ("no_collection", b'{"type":"FeatureCollection"}'),
    ],
)
def test_a_file_that_is_no_collection_is_refused(code: str, content: bytes) -> None:
    areas, findings = read_boundaries(content, CITY, T)
    assert (areas, [finding.code for finding in findings]) == ({}, [f"geojson.{code}"])


def test_files_features_and_rings_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geojson, "RING_SPOTS_MAX", 4)
    assert read(feature(), crs="WGS84")[1] == [("geojson.too_many_points", 1)]
    monkeypatch.setattr(geojson, "FEATURES_MAX", 1)
    assert read(feature(), feature(), crs="WGS84")[1] == [("geojson.too_many_features", None)]
    monkeypatch.setattr(geojson, "FILE_BYTES_MAX", 10)
    assert read(crs="WGS84")[1] == [("geojson.too_large", None)]


def test_a_polygon_with_a_hole_and_several_polygons_come_in_the_right_way_round() -> None:
    outer = [[113.0, 34.0], [113.003, 34.0], [113.003, 34.002], [113.0, 34.002], [113.0, 34.0]]
    hole = [[x + 0.0005, y + 0.0005] for x, y in RING]
    far = [[x + 0.005, y] for x, y in RING]
    for turn in (1, -1):
        polygons = [[outer[::turn], hole[::turn]], [far[::turn]]]
        areas, found = read(feature("91", polygons, "MultiPolygon"), crs="WGS84")
        assert found == []
        signs = [_signed(ring) > 0 for ring in areas["91"]]
        assert signs == [True, False, True]


def _signed(ring: Any) -> int:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True))


def test_boundaries_that_were_read_are_adopted_as_a_redrawing_that_leaves_the_past_alone() -> None:
    halves = [[[113.0, 34.0], [113.0015, 34.0], [113.0015, 34.001], [113.0, 34.001], [113.0, 34.0]]]
    rest = [[[113.0015, 34.0], [113.002, 34.0], [113.002, 34.001], [113.0015, 34.001], [113.0015, 34.0]]]
    areas, found = read(feature("910101", halves), feature("910102", rest), crs="WGS84")
    assert found == []
    changed = apply_changes(small_city(), (), [Redraw(areas=areas)], T)
    assert changed.findings == ()
    tree = GridTree(changed.grids)
    old, new = tree.find("910101", T - 1), tree.find("910101", T)
    assert old is not None
    assert new is not None
    assert (old.area, old.cause, new.area) == (square(0, 0), Cause.REDRAW, areas["910101"])
    short = apply_changes(small_city(), (), [Redraw(areas={"910101": areas["910102"]})], T)
    assert [finding.code for finding in short.findings] == ["grid_change.area_not_covered"]


def test_with_the_outline_of_the_city_everything_may_move() -> None:
    asked = Redraw(areas={"9": square(0, 0, 7, 2), "910101": square(3, 0)})
    assert apply_changes(small_city(), (), [asked], T).findings == ()
    none = Redraw(areas={"9": square(0, 0, 7, 2), "910101": ()})
    assert [f.code for f in apply_changes(small_city(), (), [none], T).findings] == ["grid_change.area_not_covered"]
