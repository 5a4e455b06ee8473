"""Coordinate systems: converted exactly, never guessed."""

from __future__ import annotations

import pytest

from domain.finding import Finding
from domain.grid.coordinates import (
    INVERSE_DEGREES,
    CoordinateSystem,
    coordinate_system,
    from_wgs84,
    in_china,
    to_wgs84,
)

GCJ, BD = CoordinateSystem.GCJ02, CoordinateSystem.BD09

# Published with the tests of eviltransform (github.com/googollee/eviltransform) and the README of coordtransform
# (github.com/wandergis/coordtransform): WGS84 longitude and latitude, then GCJ-02.
KNOWN_GCJ = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
]


@pytest.mark.parametrize(("wgs", "gcj"), KNOWN_GCJ)
def test_published_pairs_of_gcj_02_are_met_both_ways(wgs: tuple[float, float], gcj: tuple[float, float]) -> None:
    assert from_wgs84(GCJ, *wgs) == pytest.approx(gcj, abs=1e-9)
    assert to_wgs84(GCJ, *gcj) == pytest.approx(wgs, abs=1e-9)


def test_a_published_pair_of_bd_09_is_met_through_gcj_02() -> None:
    wgs = to_wgs84(GCJ, 116.404, 39.915)
    assert from_wgs84(BD, *wgs) == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-9)
    assert to_wgs84(BD, 116.41036949371029, 39.92133699351021) == pytest.approx(wgs, abs=1e-9)


@pytest.mark.parametrize(("system", "at"), [(GCJ, (101.371, 20.075)), (GCJ, (77.904, 45.324)), (BD, (79.625, 27.05))])
def test_an_inverse_is_converted_to_the_input_again_in_both_directions(
    system: CoordinateSystem, at: tuple[float, float]
) -> None:
    assert from_wgs84(system, *to_wgs84(system, *at)) == pytest.approx(at, rel=0, abs=INVERSE_DEGREES)


def test_the_shift_at_the_city_is_the_one_that_its_source_names() -> None:
    lon, lat = from_wgs84(GCJ, 113.42708, 34.50899)
    assert (lon - 113.42708, lat - 34.50899) == (pytest.approx(0.00649, abs=5e-6), pytest.approx(-0.00105, abs=5e-6))


@pytest.mark.parametrize("system", [CoordinateSystem.WGS84, CoordinateSystem.CGCS2000])
def test_wgs84_and_cgcs2000_are_taken_as_one(system: CoordinateSystem) -> None:
    assert to_wgs84(system, 113.4, 34.5) == from_wgs84(system, 113.4, 34.5) == (113.4, 34.5)


@pytest.mark.parametrize("system", [GCJ, BD])
@pytest.mark.parametrize(
    "at", [(-104.9903, 39.7392), (13.4, 52.5), (113.4, 0.8292), (113.4, 55.8272), (72.0039, 30.0), (137.8348, 30)]
)
def test_outside_of_china_nothing_is_shifted(system: CoordinateSystem, at: tuple[float, float]) -> None:
    assert to_wgs84(system, *at) == from_wgs84(system, *at) == at


def test_the_box_of_china_includes_its_edges() -> None:
    assert in_china(72.004, 0.8293)
    assert in_china(137.8347, 55.8271)


@pytest.mark.parametrize(
    ("label", "system"),
    [
        ("WGS84, wgs-84, EPSG:4326, urn:ogc:def:crs:OGC:1.3:CRS84, urn:ogc:def:crs:EPSG::4326, CRS84", "WGS84"),
        ("urn:ogc:def:crs:EPSG::4490, CGCS2000, cgcs 2000, EPSG:4490", "CGCS2000"),
        ("gcj02,  GCJ-02 , GCJ 02", "GCJ-02"),
        ("bd09ll, BD-09, BD09", "BD-09"),
    ],
)
def test_labels_are_read_however_they_are_written(label: str, system: str) -> None:
    assert [coordinate_system(written) for written in label.split(",")] == [system] * (label.count(",") + 1)


@pytest.mark.parametrize(
    ("label", "code"),
    [
        (None, "unlabelled"),
        ("", "unlabelled"),
        ("  ", "unlabelled"),
        ("Beijing 1954", "unknown_system"),
        ("--", "unknown_system"),
    ],
)
def test_what_states_no_known_system_is_refused_with_those_that_are(label: str | None, code: str) -> None:
    found = coordinate_system(label, "sheet")
    assert isinstance(found, Finding)
    assert (found.code, found.part) == (f"coordinates.{code}", "sheet")
    assert found.allowed == "WGS84, CGCS2000, GCJ-02, BD-09"
    assert found.found == ("" if code == "unlabelled" else label)
