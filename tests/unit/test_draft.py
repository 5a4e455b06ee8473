"""Drafts: parts replaced from JSON, the whole check against what is in force, what differs, whom it touches."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from domain.case.values import Role
from domain.difference import DifferenceKind
from domain.finding import Finding, faults
from domain.grid.change import Appointment, Part, Rename, Split
from domain.grid.changes import apply_changes
from domain.grid.posts import Post
from domain.routing.values import Adjudication, Routing, Rule
from domain.standard.impact import Effect, OpenCase
from domain.standard.values import Standard
from domain.unit import Unit
from domain.worktime import CalendarFile, WdRule, check_calendar
from reference.contents import Contents, encode_part, rules_of
from reference.draft import amended, check_draft, differences, touched
from tests.support.small_tree import middle, small_city, small_posts
from tests.support.standards import SMALL

NOW = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp()) * 1000
DAY = 24 * 3_600_000
CALENDAR = CalendarFile("Asia/Shanghai", {"mon": (("08:00", "12:00"),)}, holidays=("2026-01-05",))
UNITS = (
    Unit("urban", "城市管理局", "Urban management", "9"),
    Unit("police", "公安局", "Police", "9"),
    Unit("team-1", "一队", "Team 1", "91", "team"),
    Unit("team-2", "二队", "Team 2", "92", "team"),
)
CITY = Contents(CALENDAR, SMALL, small_city(), UNITS, posts=small_posts())
SPLIT = Split(
    code="91",
    parts=(
        Part("91", "镇1", children=("9101",)),
        Part("93", "镇3", children=("9102",), posts=(Appointment("chen", Role.ACCEPTOR),)),
    ),
)
RULING = Adjudication("A1", "case", "020101", "91", "police", NOW - DAY, "leader", "约定")


def split(contents: Contents, at_ms: int = NOW) -> Contents:
    after = apply_changes(contents.grids, contents.posts, [SPLIT], at_ms)
    assert after.findings == ()
    return replace(contents, grids=after.grids, posts=after.posts)


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings}


def with_limit(limit: str) -> Standard:
    first = SMALL.classes[0]
    condition = replace(first.conditions[0], limit=limit)
    return replace(
        SMALL,
        classes=(replace(first, conditions=(condition, *first.conditions[1:])), *SMALL.classes[1:]),
    )


def a_case(number: str, grid: str, **other: object) -> OpenCase:
    return replace(OpenCase(number, number, "010101", "01", "2UH", grid, level=1, placed_ms=NOW - DAY), **other)


def test_parts_are_replaced_from_their_json_and_the_others_stay() -> None:
    new, findings = amended(CITY, {"standard": encode_part(with_limit("1UH"))})
    assert findings == []
    assert new == replace(CITY, standard=with_limit("1UH"))


def test_every_part_that_cannot_be_read_is_named_with_the_place_in_it() -> None:
    new, findings = amended(CITY, {"standard": b'{"version":3}', "units": b"[", "cases": b"[]", "posts": b"[]"})
    assert new is None
    assert [(f.code, f.part) for f in findings] == [
        ("draft.undecodable", "standard"),
        ("draft.undecodable", "units"),
        ("draft.unknown_part", "cases"),
    ]
    assert "$.version" in findings[0].en
    assert "calendar, standard" in findings[2].allowed


def test_what_is_in_force_may_follow_itself_and_a_first_version_follows_nothing() -> None:
    assert faults(check_draft(CITY, CITY, NOW)) == []
    assert faults(check_draft(None, CITY, NOW)) == []


def test_a_tree_that_answers_otherwise_about_yesterday_is_refused() -> None:
    assert faults(check_draft(CITY, split(CITY), NOW)) == []
    assert "grids.past_lost" in codes(faults(check_draft(CITY, split(CITY, NOW - DAY), NOW)))
    assert "grids.past_added" in codes(faults(check_draft(split(CITY, NOW - DAY), CITY, NOW)))


def test_posts_that_were_held_stay_and_their_units_are_known() -> None:
    assert "posts.past_lost" in codes(faults(check_draft(CITY, replace(CITY, posts=CITY.posts[1:]), NOW)))
    stranger = Post("chen", Role.HANDLER, "91", 1, "nobody", since_ms=NOW)
    assert "posts.unit_unknown" in codes(faults(check_draft(CITY, replace(CITY, posts=(*CITY.posts, stranger)), NOW)))


WORKED = (("08:00", "12:00"), ("14:00", "18:00"))
OFF_FOR_EVER = {(date(2026, 12, 1) + timedelta(days=n)).isoformat(): () for n in range((2079 - 2026) * 366)}


@pytest.mark.parametrize(
    ("calendar", "last"),
    [
        (CalendarFile("Asia/Shanghai", {}, special={"2018-10-08": WORKED, "2026-09-30": WORKED}), "2026-09-30"),
        (
            CalendarFile(
                "Asia/Shanghai", {"mon": WORKED}, special={d: s for d, s in OFF_FOR_EVER.items() if d < "2080"}
            ),
            "2026-11-30",
        ),
        (
            CalendarFile("Asia/Shanghai", {"mon": WORKED}, holidays=tuple(d for d in OFF_FOR_EVER if d < "2080")),
            "2026-11-30",
        ),
    ],
    ids=["sessions long ago only", "every date ahead is special and off", "every date ahead is a holiday"],
)
def test_a_calendar_by_which_no_limit_is_ever_used_up_is_refused(calendar: CalendarFile, last: str) -> None:
    assert faults(check_calendar(calendar)) == [], "as a file nothing is wrong with it"
    (found,) = faults(check_draft(CITY, replace(CITY, calendar=calendar), NOW))
    assert (found.code, found.part, found.key) == ("calendar.no_working_time_ahead", "calendar", "week")
    assert found.found == last
    for sentence in (found.zh, found.en):
        assert last in sentence
        assert "4WH" in sentence
        assert "010101/02" in sentence


def test_a_calendar_is_wanted_for_what_is_filed_within_a_year_and_for_every_limit_of_the_standard() -> None:
    def worked_until(day: date) -> Contents:
        first = date(2026, 9, 1)
        days = {(first + timedelta(days=n)).isoformat(): WORKED for n in range((day - first).days + 1)}
        return replace(CITY, calendar=CalendarFile("Asia/Shanghai", {}, special=days))

    def refused(contents: Contents, standard: Standard = SMALL) -> set[str]:
        return codes(faults(check_draft(CITY, replace(contents, standard=standard), NOW)))

    year_on = date(2027, 10, 2)
    assert refused(worked_until(year_on - timedelta(days=1))) == {"calendar.no_working_time_ahead"}
    assert refused(worked_until(year_on)) == set()
    assert refused(worked_until(year_on), with_limit("2WD")) == {"calendar.no_working_time_ahead"}
    assert refused(worked_until(year_on), with_limit("900CD")) == set(), "that limit needs no calendar"
    of_stage = replace(SMALL, stage_limits={**SMALL.stage_limits, "close": "40WH"})
    assert refused(worked_until(year_on), of_stage) == {"calendar.no_working_time_ahead"}
    by_day = replace(with_limit("2WD"), wd_rule=WdRule.END_OF_DAY)
    assert refused(worked_until(year_on), by_day) == {"calendar.no_working_time_ahead"}


def test_a_desk_left_empty_is_a_warning() -> None:
    found = check_draft(CITY, split(CITY), NOW)
    assert {(f.code, f.key, f.found) for f in found} >= {("posts.vacant", "93", "shift_head")}
    assert ("posts.vacant", "93", "acceptor") not in {(f.code, f.key, f.found) for f in found}


def test_the_cover_is_looked_at_also_where_the_tree_changes_later() -> None:
    later = split(CITY, NOW + DAY)
    cells = tuple(
        replace(grid, area=()) if grid.code == "930203" or grid.former_code == "910203" else grid
        for grid in later.grids
    )
    assert cells != later.grids
    assert "grids.hole" in codes(faults(check_draft(CITY, replace(later, grids=cells), NOW)))


def test_an_adjudication_is_ended_ahead_but_never_taken_out() -> None:
    ruled = replace(CITY, routing=Routing("r", (), (RULING,)))
    lost = "routing.adjudication_lost"
    for adjudications, refused in (
        ((), True),
        ((replace(RULING, unit="urban"),), True),
        ((replace(RULING, until_ms=NOW - 1),), True),
        ((replace(RULING, until_ms=NOW + DAY),), False),
    ):
        found = check_draft(ruled, replace(ruled, routing=Routing("r2", (), adjudications)), NOW)
        assert (lost in codes(found)) is refused


def test_a_calendar_that_counts_days_gone_by_otherwise_is_shown_as_a_warning() -> None:
    more = replace(CALENDAR, holidays=("2026-01-05", "2026-01-12"))
    found = [f for f in check_draft(CITY, replace(CITY, calendar=more), NOW) if f.code == "calendar.past_changed"]
    assert [f.found for f in found] == ["1"]
    assert "2026-01-12" in found[0].en
    assert faults(found) == []
    ahead = replace(CALENDAR, holidays=("2026-01-05", "2026-10-05"))
    assert "calendar.past_changed" not in codes(check_draft(CITY, replace(CITY, calendar=ahead), NOW))


def test_differences_go_over_all_parts_in_sentences() -> None:
    new = replace(
        split(CITY),
        calendar=replace(CALENDAR, holidays=(), workdays=("2026-10-10",)),
        standard=with_limit("1UH"),
        units=(*UNITS[1:], Unit("water", "水利局", "Water", "9")),
        routing=Routing("r", (Rule("R1", "police", ("02",)),)),
    )
    found = {(d.part, d.key): d for d in differences(CITY, new)}
    assert found["calendar_day", "2026-01-05"].kind is DifferenceKind.REMOVED
    assert found["calendar_day", "2026-10-10"].kind is DifferenceKind.ADDED
    assert found["standard", "010101/01"].en == "010101/01 limit: “2UH” → “1UH”."
    assert found["unit", "urban"].kind is DifferenceKind.REMOVED
    assert found["unit", "water"].kind is DifferenceKind.ADDED
    assert found["rule", "R1"].kind is DifferenceKind.ADDED
    assert found["grid", "91"].en == "The grid 91 (镇1) is split into 91, 93 at 2026-10-01 00:00:00+00:00."
    assert found["grid", "9102"].en == "The grid 9102 (村12) goes on as 9302 at 2026-10-01 00:00:00+00:00."
    assert found["grid", "93"].en == "The grid 93 (镇3) begins at 2026-10-01 00:00:00+00:00."
    assert ("grid", "9302") not in found
    assert found["post", "chen"].kind is DifferenceKind.ADDED
    assert differences(CITY, CITY) == []


def test_a_rename_is_one_difference() -> None:
    after = apply_changes(CITY.grids, CITY.posts, [Rename(code="9101", zh="新村")], NOW)
    found = differences(CITY, replace(CITY, grids=after.grids, posts=after.posts))
    assert [(d.key, d.zh) for d in found] == [
        ("9101", "网格 9101 (村11)自 2026-10-01 00:00:00+00:00 起更名为 “新村”。")
    ]


def test_the_preview_names_cases_with_another_limit_and_asks_each_routing_at_the_cases_level() -> None:
    rule = Rule("R1", "police", ("01",), levels=(2,))
    new = replace(CITY, standard=with_limit("1UH"), routing=Routing("r", (rule,)))
    cases = [a_case("1", "910101"), a_case("2", "910101", level=2), a_case("3", "910101", case_class="", condition="")]
    found = touched(rules_of(CITY, "a"), rules_of(new, "b"), cases, NOW)
    assert [(t.case.id, t.effects, t.new_unit) for t in found.standard.touched] == [
        ("1", (Effect.LIMIT,), "urban"),
        ("2", (Effect.LIMIT, Effect.UNIT), "police"),
    ]
    assert (found.seen, found.standard.seen, found.moves) == (3, 2, ())


def test_the_preview_says_which_open_case_moves_where_and_asks_for_its_unit_there() -> None:
    lon, lat = middle(2, 0)
    noise = {"case_class": "020101", "condition": "01", "limit": "4WH"}
    cases = [
        a_case("cell", "910201", **noise),
        a_case("stays", "910101", **noise),
        a_case("rough", "91", case_class="", condition=""),
        a_case("point", "91", case_class="", condition="", lon=lon, lat=lat),
    ]
    new = replace(split(CITY), units=(*UNITS, Unit("team-3", "三队", "Team 3", "93", "team")))
    found = touched(rules_of(CITY, "a"), rules_of(new, "b"), cases, NOW)
    assert [(m.case.id, m.grid, m.at_ms, m.incomplete) for m in found.moves] == [
        ("cell", "930201", NOW, False),
        ("rough", "9", NOW, True),
        ("point", "93", NOW, False),
    ]
    assert [(t.case.id, t.old_unit, t.new_unit) for t in found.standard.touched] == [("cell", "team-1", "team-3")]


def test_a_move_that_is_in_store_already_is_not_told_again() -> None:
    ahead = split(CITY, NOW + DAY)
    new = apply_changes(ahead.grids, ahead.posts, [Rename(code="92", zh="新镇")], NOW)
    both = replace(ahead, grids=new.grids, posts=new.posts)
    found = touched(rules_of(ahead, "a"), rules_of(both, "b"), [a_case("cell", "910201")], NOW)
    assert found.moves == ()
