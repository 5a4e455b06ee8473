"""Coordinates and the system that they are in: converted on the way in, never guessed (domain document §1).

Owns the conversions between WGS84 / CGCS2000, GCJ-02 (maps published in China) and BD-09 (Baidu), and the refusal of
whatever does not state its system. Everything behind this door is WGS84. CGCS2000 is taken as WGS84: the two differ by
centimetres to a few decimetres, less than a phone can tell.

GCJ-02 has no published specification; the formula is the one known from public code since 2013, on the Krasovsky 1940
ellipsoid. Its inverse and that of BD-09 are found by repetition until the forward conversion gives the input again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum

from domain.finding import Finding

AXIS_M = 6_378_245.0
"""Semi-major axis of the Krasovsky 1940 ellipsoid."""

ECCENTRICITY_SQUARED = 0.00669342162296594323
"""Of the same ellipsoid."""

ORIGIN_LON, ORIGIN_LAT = 105.0, 35.0
"""From where the shift of GCJ-02 counts its degrees."""

CHINA_WEST, CHINA_EAST = 72.004, 137.8347
CHINA_SOUTH, CHINA_NORTH = 0.8293, 55.8271
"""The box outside of which nothing is shifted."""

BD_LON, BD_LAT = 0.0065, 0.006
BD_RADIUS, BD_ANGLE = 0.00002, 0.000003
BD_TURN = math.pi * 3000.0 / 180.0
"""The constants of BD-09: a shift in degrees, and two ripples on top of it."""

INVERSE_DEGREES = 1e-12
"""The forward conversion of an inverse gives the input again to this; a degree has 111 km."""

INVERSE_STEPS_MAX = 32

Point = tuple[float, float]
"""Longitude and latitude in degrees."""


class CoordinateSystem(StrEnum):
    """The systems that are known here."""

    WGS84 = "WGS84"
    CGCS2000 = "CGCS2000"
    GCJ02 = "GCJ-02"
    BD09 = "BD-09"


_LABELS = {
    "WGS84": CoordinateSystem.WGS84,
    "EPSG4326": CoordinateSystem.WGS84,
    "URNOGCDEFCRSEPSG4326": CoordinateSystem.WGS84,
    "URNOGCDEFCRSOGC13CRS84": CoordinateSystem.WGS84,
    "CRS84": CoordinateSystem.WGS84,
    "CGCS2000": CoordinateSystem.CGCS2000,
    "EPSG4490": CoordinateSystem.CGCS2000,
    "URNOGCDEFCRSEPSG4490": CoordinateSystem.CGCS2000,
    "GCJ02": CoordinateSystem.GCJ02,
    "BD09": CoordinateSystem.BD09,
    "BD09LL": CoordinateSystem.BD09,
}


def coordinate_system(label: str | None, part: str = "coordinates") -> CoordinateSystem | Finding:
    """The system that a label names, however it is written; a finding for none and for one that is not known."""
    allowed = ", ".join(CoordinateSystem)
    written = (label or "").strip()
    if not written:
        return Finding(
            "coordinates.unlabelled",
            part,
            f"坐标没有注明坐标系,应注明 {allowed} 之一。",
            f"The coordinates do not state their system; state one of {allowed}.",
            allowed=allowed,
        )
    system = _LABELS.get("".join(letter for letter in written.upper() if letter.isalnum()))
    if system is None:
        return Finding(
            "coordinates.unknown_system",
            part,
            f"不认识坐标系“{written}”,可用的有 {allowed}。",
            f"The coordinate system '{written}' is not known; known are {allowed}.",
            found=written,
            allowed=allowed,
        )
    return system


def to_wgs84(system: CoordinateSystem, lon: float, lat: float) -> Point:
    """A point of a system in WGS84, degrees; to 1e-9 degrees the point that is converted to the one given."""
    match system:
        case CoordinateSystem.WGS84 | CoordinateSystem.CGCS2000:
            return lon, lat
        case CoordinateSystem.GCJ02:
            return _inverse(_shifted, (lon, lat)) if in_china(lon, lat) else (lon, lat)
        case CoordinateSystem.BD09:
            return _inverse(_rippled_and_shifted, (lon, lat)) if in_china(lon, lat) else (lon, lat)


def from_wgs84(system: CoordinateSystem, lon: float, lat: float) -> Point:
    """A WGS84 point in another system, degrees."""
    match system:
        case CoordinateSystem.WGS84 | CoordinateSystem.CGCS2000:
            return lon, lat
        case CoordinateSystem.GCJ02:
            return _shifted((lon, lat)) if in_china(lon, lat) else (lon, lat)
        case CoordinateSystem.BD09:
            return _rippled_and_shifted((lon, lat)) if in_china(lon, lat) else (lon, lat)


def in_china(lon: float, lat: float) -> bool:
    """True within the box in which GCJ-02 and BD-09 shift; it is much larger than the country."""
    return CHINA_WEST <= lon <= CHINA_EAST and CHINA_SOUTH <= lat <= CHINA_NORTH


def _shifted(at: Point) -> Point:
    """WGS84 → GCJ-02."""
    lon, lat = at
    x, y = lon - ORIGIN_LON, lat - ORIGIN_LAT
    along = (math.sin(6.0 * x * math.pi) + math.sin(2.0 * x * math.pi)) * 20.0
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north_m += (along + (math.sin(y * math.pi) + 2.0 * math.sin(y / 3.0 * math.pi)) * 20.0) * 2.0 / 3.0
    north_m += (math.sin(y / 12.0 * math.pi) + 2.0 * math.sin(y / 30.0 * math.pi)) * 160.0 * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east_m += (along + (math.sin(x * math.pi) + 2.0 * math.sin(x / 3.0 * math.pi)) * 20.0) * 2.0 / 3.0
    east_m += (math.sin(x / 12.0 * math.pi) + 2.0 * math.sin(x / 30.0 * math.pi)) * 150.0 * 2.0 / 3.0
    phi = math.radians(lat)
    flattened = 1.0 - ECCENTRICITY_SQUARED * math.sin(phi) ** 2
    meridian_m = AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / flattened**1.5
    parallel_m = AXIS_M / math.sqrt(flattened) * math.cos(phi)
    return lon + math.degrees(east_m / parallel_m), lat + math.degrees(north_m / meridian_m)


def _rippled(at: Point) -> Point:
    """GCJ-02 → BD-09."""
    lon, lat = at
    radius = math.hypot(lon, lat) + BD_RADIUS * math.sin(lat * BD_TURN)
    angle = math.atan2(lat, lon) + BD_ANGLE * math.cos(lon * BD_TURN)
    return radius * math.cos(angle) + BD_LON, radius * math.sin(angle) + BD_LAT


def _rippled_and_shifted(at: Point) -> Point:
    """WGS84 → BD-09."""
    return _rippled(_shifted(at))


def _inverse(forward: Callable[[Point], Point], wanted: Point) -> Point:
    """What the forward conversion takes to the wanted point: each step takes off the error of the one before."""
    lon, lat = wanted
    for _ in range(INVERSE_STEPS_MAX):
        there_lon, there_lat = forward((lon, lat))
        off_lon, off_lat = there_lon - wanted[0], there_lat - wanted[1]
        lon, lat = lon - off_lon, lat - off_lat
        if abs(off_lon) < INVERSE_DEGREES and abs(off_lat) < INVERSE_DEGREES:
            break
    return lon, lat
