"""Likeness of two reports: how much speaks for one being the other once more. A suggestion; a person decides to merge.

Owns the parts of the score and their weights. Each part is 0 to 1, or None where one side does not say; the score is
the weighted mean of the parts that are known, so that a report without a point or a text is not punished for it.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from math import cos, hypot, radians

import msgspec

from domain.case.values import Place

DISTANCE_M_MAX = 500.0
HOURS_MAX = 72.0
SCORE_MIN = 0.5
TEXT_COMPARED_CHARS_MAX = 400
SAME_MAJOR = 0.5
SAME_CELL = 0.7
INSIDE = 0.35
"""The same grid without a distance: near, but not known how near; one inside the other: not known whether."""
WEIGHTS = {"class": 3.0, "place": 4.0, "time": 1.0, "text": 2.0}

_DEGREE_M = 111_320.0
_HOUR_MS = 3_600_000


class Report(msgspec.Struct, frozen=True, gc=False):
    """What is compared of a case: class and its major class, place, when it was opened (ms), the report's text."""

    case_class: str | None
    major: str | None
    place: Place
    opened_ms: int
    text: str | None = None


class Likeness(msgspec.Struct, frozen=True, gc=False):
    """The score (0 to 1), its parts (None: unknown), and what they stand on: metres and hours apart."""

    score: float
    parts: dict[str, float | None]
    metres: float | None
    hours: float


def likeness(one: Report, other: Report) -> Likeness:
    """How alike two reports are; the same either way round."""
    metres = _metres(one.place, other.place)
    hours = abs(one.opened_ms - other.opened_ms) / _HOUR_MS
    parts = {
        "class": _class(one, other),
        "place": _place(one.place, other.place, metres),
        "time": max(1 - hours / HOURS_MAX, 0.0),
        "text": _text(one.text, other.text),
    }
    known = {name: part for name, part in parts.items() if part is not None}
    score = sum(WEIGHTS[name] * part for name, part in known.items()) / sum(WEIGHTS[name] for name in known)
    shown = {name: None if part is None else round(part, 3) for name, part in parts.items()}
    return Likeness(round(score, 3), shown, None if metres is None else round(metres, 1), round(hours, 2))


def _class(one: Report, other: Report) -> float | None:
    if one.case_class is None or other.case_class is None:
        return None
    if one.case_class == other.case_class:
        return 1.0
    return SAME_MAJOR if one.major is not None and one.major == other.major else 0.0


def _place(one: Place, other: Place, metres: float | None) -> float:
    if metres is not None:
        return max(1 - metres / DISTANCE_M_MAX, 0.0)
    if one.grid == other.grid:
        return SAME_CELL
    return INSIDE if one.grid.startswith(other.grid) or other.grid.startswith(one.grid) else 0.0


def _metres(one: Place, other: Place) -> float | None:
    """On the plane that touches the earth between the two: within a town it is exact to a metre."""
    if one.lon is None or one.lat is None or other.lon is None or other.lat is None:
        return None
    east = (one.lon - other.lon) * cos(radians((one.lat + other.lat) / 2))
    return hypot(east, one.lat - other.lat) * _DEGREE_M


def _text(one: str | None, other: str | None) -> float | None:
    """By difflib, on the first TEXT_COMPARED_CHARS_MAX characters: its cost grows with their square."""
    if not one or not other:
        return None
    first, second = sorted((one[:TEXT_COMPARED_CHARS_MAX], other[:TEXT_COMPARED_CHARS_MAX]))
    return SequenceMatcher(None, first, second, autojunk=False).ratio()
