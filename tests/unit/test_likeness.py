"""How alike two reports are: part by part, and never worse for what nobody said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.case.likeness import SAME_CELL, SCORE_MIN, TEXT_COMPARED_CHARS_MAX, Likeness, Report, likeness
from domain.case.values import Place
from tests.support.city import GRID

HOUR_MS = 3_600_000
HERE = Place(GRID, 113.373, 34.537)
COVER = Report("010101", "01", HERE, 0, "井盖丢失")

places = st.builds(
    lambda grid, lon: Place(grid, lon, lon and 34.5),
    st.sampled_from([GRID, GRID[:12], "41"]),
    st.none() | st.floats(113, 114),
)
reports = st.builds(
    Report,
    st.sampled_from([None, "010101", "010102", "020101"]),
    st.sampled_from([None, "01", "02"]),
    places,
    st.integers(0, 10**14),
    st.none() | st.text(max_size=30),
)


@given(reports, reports)
def test_it_is_the_same_either_way_round_and_between_nothing_and_all(one: Report, other: Report) -> None:
    found = likeness(one, other)
    assert found == likeness(other, one)
    assert 0 <= found.score <= 1
    assert all(part is None or 0 <= part <= 1 for part in found.parts.values())


@given(reports)
def test_a_report_is_as_like_itself_as_its_place_lets_it(report: Report) -> None:
    assert likeness(report, report).score >= (1 if report.place.lon is not None else 0.76)


def test_the_same_cover_reported_again_is_suggested_and_another_matter_is_not() -> None:
    again = replace(COVER, place=Place(GRID, 113.3735, 34.537), opened_ms=2 * HOUR_MS, text="路边井盖丢失了")
    found = likeness(COVER, again)
    assert found.score > 0.8
    assert found.metres == pytest.approx(45.8, abs=1)
    assert found.hours == 2.0
    noise = Report("020101", "02", Place(GRID, 113.385, 34.545), 0, "夜间施工噪声扰民")
    assert likeness(COVER, noise).score < SCORE_MIN


@pytest.mark.parametrize(
    ("change", "part", "value"),
    [
        ({"case_class": "010102"}, "class", 0.5),
        ({"case_class": "020101", "major": "02"}, "class", 0.0),
        ({"case_class": None}, "class", None),
        ({"place": Place(GRID)}, "place", 0.7),
        ({"place": Place(GRID[:12])}, "place", 0.35),
        ({"place": Place(f"{GRID[:12]}99")}, "place", 0.0),
        ({"opened_ms": 36 * HOUR_MS}, "time", 0.5),
        ({"opened_ms": 720 * HOUR_MS}, "time", 0.0),
        ({"text": None}, "text", None),
        ({"text": "井盖丢失"}, "text", 1.0),
    ],
)
def test_each_part_says_what_it_stands_on(change: dict[str, object], part: str, value: float | None) -> None:
    found: Likeness = likeness(COVER, replace(COVER, **change))
    assert found.parts[part] == value


def test_the_score_is_the_weighted_mean_of_what_is_known_and_says_what_it_stands_on() -> None:
    place = Place(f"{GRID[:12]}99", HERE.lon, 34.538)
    other = Report("010102", "01", place, 20 * 60_000, "井盖破损")
    parts: dict[str, float | None] = {"class": 0.5, "place": 0.777, "time": 0.995, "text": 0.5}
    assert likeness(COVER, other) == Likeness(0.66, parts, 111.3, 0.33)
    parts = {"class": None, "place": 0.0, "time": 0.995, "text": None}
    bare = Report(None, None, Place(f"{GRID[:12]}99"), 20 * 60_000)
    assert likeness(COVER, bare) == Likeness(0.199, parts, None, 0.33), "one fifth of its weight says yes"


@pytest.mark.parametrize(
    ("lon", "lat", "metres"), [(113.001, 60.0, 55.7), (113.0, 60.001, 111.3), (113.001, 0.0, 111.3), (113.0, 60.0, 0.0)]
)
def test_a_degree_of_longitude_is_as_long_as_it_is_at_that_latitude(lon: float, lat: float, metres: float) -> None:
    here = replace(COVER, place=Place(GRID, 113.0, min(lat, 60.0)))
    assert likeness(here, replace(COVER, place=Place(GRID, lon, lat))).metres == metres


@pytest.mark.parametrize("half", [Place(GRID, 113.0), Place(GRID, None, 34.5)])
def test_half_a_point_is_none(half: Place) -> None:
    for one, other in ((HERE, half), (half, HERE), (half, half)):
        found = likeness(replace(COVER, place=one), replace(COVER, place=other))
        assert (found.metres, found.parts["place"]) == (None, SAME_CELL)


@pytest.mark.parametrize(("major", "other", "value"), [("01", "01", 0.5), ("01", "02", 0.0), (None, None, 0.0)])
def test_two_classes_are_alike_by_a_major_class_that_both_name(
    major: str | None, other: str | None, value: float
) -> None:
    found = likeness(replace(COVER, major=major), replace(COVER, case_class="010102", major=other))
    assert found.parts["class"] == value


@pytest.mark.parametrize("text", [None, ""])
def test_a_report_that_says_nothing_says_nothing_about_the_other(text: str | None) -> None:
    found = likeness(COVER, replace(COVER, text=text))
    assert (found.parts["text"], found.score) == (None, 1.0)
    assert likeness(replace(COVER, text=text), COVER) == found


def test_long_texts_are_compared_up_to_a_length_and_common_letters_count_too() -> None:
    same = "ab" * (TEXT_COMPARED_CHARS_MAX // 2)
    found = likeness(replace(COVER, text=same + "x"), replace(COVER, text=same + "yz"))
    assert found.parts["text"] == 1.0
    found = likeness(replace(COVER, text="x" + same[1:]), replace(COVER, text="y" + same[1:]))
    assert found.parts["text"] == 0.998
    last = same[:-1]
    assert likeness(replace(COVER, text=last + "x"), replace(COVER, text=last + "y")).parts["text"] == 0.998
