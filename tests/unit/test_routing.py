"""Whom a case is proposed to: adjudications, rules, the default precedence; diff, shadow run, ownership."""

from __future__ import annotations

from datetime import timedelta, timezone

import msgspec
import pytest
from msgspec.structs import replace

from domain.difference import DifferenceKind
from domain.instant import written
from domain.routing.diff import diff_routings
from domain.routing.ownership import ownership_report
from domain.routing.route import By, Reason, Routed, Router, Unclear, route
from domain.routing.shadow import EXAMPLES_MAX, Example, PastCase, shadow_run
from domain.routing.values import OWNER, TERRITORY, Routing, Rule
from domain.standard.values import CaseClass, Standard
from domain.unit import Unit
from tests.support.routing import (
    CLASSES,
    COVER,
    GRIDS,
    QUARREL,
    STALL,
    UNITS,
    WAGES,
    adjudication,
    answer,
)

MARKET = Routed("market", By.RULE, "r")


@pytest.mark.parametrize(
    ("of", "at", "expected"),
    [
        (COVER, "1111", Routed("urban", By.OWNER)),
        (STALL, "1111", Routed("east-team", By.TERRITORY)),
        (WAGES, "1111", Routed("labour", By.OWNER)),
        (QUARREL, "1111", Routed("east-team", By.TERRITORY)),
        # who comes first is not there: the other
        (STALL, "1", Routed("market", By.OWNER)),
        (WAGES, "121", Routed("west-team", By.TERRITORY)),
        (replace(COVER, responsible="nobody"), "121", Routed("west-team", By.TERRITORY)),
        # nobody is
        (QUARREL, "1", Unclear(Reason.NONE)),
        (WAGES, "1", Unclear(Reason.NONE)),
    ],
)
def test_without_a_rule_the_owner_of_a_component_and_the_territory_of_an_event_come_first(
    of: CaseClass, at: str, expected: Routed | Unclear
) -> None:
    assert answer(of=of, at=at) == expected


def test_of_two_teams_the_one_with_the_longer_scope_is_the_territory_and_two_alike_are_unclear() -> None:
    village = Unit("village-team", "村队", "Village team", "111", "team")
    assert Router(Routing(), (*UNITS, village)).route(STALL, "1111", 0, 0) == Routed("village-team", By.TERRITORY)
    assert Router(Routing(), (*UNITS, village)).route(STALL, "11", 0, 0) == Routed("east-team", By.TERRITORY)
    assert Router(Routing(), (*UNITS, village)).route(STALL, "121", 0, 0) == Routed("west-team", By.TERRITORY)
    twin = replace(village, code="twin-team")
    found = Router(Routing(), (*UNITS, village, twin)).route(STALL, "1111", 0, 0)
    assert found == Unclear(Reason.SEVERAL, ("twin-team", "village-team"))


def test_a_rule_stands_above_the_precedence_where_its_class_place_and_level_are_met() -> None:
    rule = Rule("r", "market", classes=("02",), places=("11",), levels=(1, 2))
    assert answer(rule, level=1) == MARKET
    assert answer(rule, level=0) == Routed("east-team", By.TERRITORY)
    assert answer(rule, level=1, at="121") == Routed("west-team", By.TERRITORY)
    assert answer(rule, level=1, at="1") == Routed("market", By.OWNER)
    assert answer(rule, level=1, of=QUARREL) == Routed("east-team", By.TERRITORY)
    assert answer(Rule("r", "market")) == MARKET


def test_a_beginning_longer_than_a_code_does_not_meet_it() -> None:
    assert answer(Rule("r", "market", classes=("02011",))) == Routed("east-team", By.TERRITORY)
    assert answer(Rule("r", "market", places=("11111",))) == Routed("east-team", By.TERRITORY)
    shorter = replace(STALL, code="02")
    assert answer(Rule("r", "market", classes=("020",)), of=shorter) == Routed("east-team", By.TERRITORY)


def test_the_narrower_class_wins_over_the_narrower_place_and_that_over_named_levels() -> None:
    by_class = Rule("c", "labour", classes=("0201",))
    by_place = Rule("p", "urban", classes=("02",), places=("1111",))
    by_level = Rule("l", "market", classes=("02",), levels=(0,))
    plain = Rule("z", "east-centre", classes=("02",))
    assert answer(plain, by_level, by_place, by_class) == Routed("labour", By.RULE, "c")
    assert answer(plain, by_level, by_place) == Routed("urban", By.RULE, "p")
    assert answer(plain, by_level) == Routed("market", By.RULE, "l")
    assert answer(plain, by_level, level=1) == Routed("east-centre", By.RULE, "z")


def test_a_rule_holds_from_its_beginning_and_not_at_its_end() -> None:
    rule = Rule("r", "market", since_ms=1_000, until_ms=2_000)
    found = [answer(rule, at_ms=at_ms) == MARKET for at_ms in (999, 1_000, 1_999, 2_000)]
    assert found == [False, True, True, False]


def test_equally_narrow_rules_agree_or_are_unclear() -> None:
    one, same, other = (
        Rule(code, unit, classes=("02",)) for code, unit in (("b", "market"), ("a", "market"), ("c", "urban"))
    )
    assert answer(one, same) == answer(same, one) == Routed("market", By.RULE, "a")
    assert answer(one, same, other) == Unclear(Reason.SEVERAL, ("market", "urban"), ("a", "c"))
    assert answer(Rule("o", OWNER), Rule("m", "market")) == Routed("market", By.RULE, "m")


def test_a_rule_may_name_the_owner_or_the_territory_and_is_passed_over_where_that_is_nobody() -> None:
    assert answer(Rule("r", OWNER)) == MARKET
    assert answer(Rule("r", TERRITORY), of=COVER) == Routed("east-team", By.RULE, "r")
    assert answer(Rule("r", OWNER, classes=("0302",)), Rule("w", "urban"), of=QUARREL) == Routed("urban", By.RULE, "w")
    assert answer(Rule("r", "gone")) == Routed("east-team", By.TERRITORY)


def test_an_adjudication_wins_over_every_rule_from_its_date_on() -> None:
    rule, decided = Rule("r", "market", classes=("0201",), places=("1111",)), adjudication("d", "urban", 500, of="02")
    assert answer(rule, at_ms=499, adjudications=(decided,)) == MARKET
    assert answer(rule, at_ms=500, adjudications=(decided,)) == Routed("urban", By.ADJUDICATION, "d")
    ended = replace(decided, until_ms=600)
    assert answer(rule, at_ms=600, adjudications=(ended,)) == MARKET


def test_an_adjudication_may_name_the_owner_or_the_territory() -> None:
    owner, territory = adjudication("d", OWNER, 500), adjudication("d", TERRITORY, 500)
    assert answer(adjudications=(owner,)) == Routed("market", By.ADJUDICATION, "d")
    assert answer(adjudications=(territory,)) == Routed("east-team", By.ADJUDICATION, "d")
    filed = Router(Routing("1", (), (owner,)), UNITS).route(STALL, "1111", 0, 500, "urban")
    assert filed == Routed("urban", By.ADJUDICATION, "d")


def test_of_adjudications_the_narrowest_counts_and_of_those_the_newest() -> None:
    old, new = adjudication("d1", "urban", 500), adjudication("d2", "market", 600)
    broad = adjudication("d3", "labour", 700, place="1")
    assert answer(adjudications=(old, new, broad)) == Routed("market", By.ADJUDICATION, "d2")
    assert answer(at_ms=599, adjudications=(new, old)) == Routed("urban", By.ADJUDICATION, "d1")
    rival = replace(new, code="d4", unit="labour")
    found = answer(adjudications=(new, rival))
    assert found == Unclear(Reason.SEVERAL, ("labour", "market"), ("d2", "d4"))
    gone = replace(new, code="d5", since_ms=800, unit="gone")
    assert answer(adjudications=(old, gone, broad)) == Routed("labour", By.ADJUDICATION, "d3")


def test_a_conditions_own_owner_stands_in_for_the_classs() -> None:
    router = Router(Routing("1", (Rule("r", OWNER, ("02",)),)), UNITS)
    assert router.route(COVER, "1111", 0, 0, "labour") == Routed("labour", By.OWNER)
    assert router.route(STALL, "1111", 0, 0, "urban") == Routed("urban", By.RULE, "r")
    assert router.route(COVER, "1111", 0, 0, "territory") == Routed("east-team", By.TERRITORY)
    moved = shadow_run(router, Router(Routing(), UNITS), {"0201": STALL}, [replace(past(1), responsible="urban")])
    assert moved.moves == {("urban", "east-team"): 1}


def test_the_words_of_an_answer_are_stable() -> None:
    answers = [
        answer(Rule("r", "urban")),
        answer(adjudications=(adjudication("d", "urban", 0),)),
        answer(of=COVER),
        answer(),
        answer(of=QUARREL, at="1"),
        answer(Rule("r", "urban"), Rule("s", "market")),
    ]
    assert [msgspec.json.encode(a).decode() for a in answers] == [
        '{"type":"routed","unit":"urban","by":"rule","rule":"r"}',
        '{"type":"routed","unit":"urban","by":"adjudication","rule":"d"}',
        '{"type":"routed","unit":"urban","by":"owner"}',
        '{"type":"routed","unit":"east-team","by":"territory"}',
        '{"type":"unclear","reason":"none"}',
        '{"type":"unclear","reason":"several","candidates":["market","urban"],"rules":["r","s"]}',
    ]


def test_one_question_is_answered_like_many() -> None:
    routing = Routing("1", (Rule("r", "urban", places=("11",), levels=(2,), since_ms=5),))
    assert route(routing, UNITS, STALL, "111", 2, 5) == Routed("urban", By.RULE, "r")
    assert route(routing, UNITS, STALL, "111", 2, 4) == Routed("east-team", By.TERRITORY)


def test_a_difference_names_what_was_before_and_after_in_the_citys_time() -> None:
    kept, ended = Rule("a", "urban"), Rule("b", "market", classes=("02", "03"), basis_zh="条例")
    before = Routing("1", (kept, ended, Rule("c", "urban")), (adjudication("d", "urban", 0),))
    changed = Rule("c", OWNER, places=("11",), until_ms=0)
    after = Routing("2", (changed, kept), (adjudication("d", "urban", 0), adjudication("e", "market", 0)))
    found = diff_routings(before, after, timezone(timedelta(hours=8)))
    assert [(d.kind, d.part, d.key) for d in found] == [
        (DifferenceKind.REMOVED, "rule", "b"),
        (DifferenceKind.CHANGED, "rule", "c"),
        (DifferenceKind.ADDED, "adjudication", "e"),
    ]
    assert found[0].en == "The rule b was removed: unit market; classes 02, 03; basis_zh 条例."
    assert found[0].zh == "删除规则b:unit market; classes 02, 03; basis_zh 条例。"
    end = "until_ms – → 1970-01-01 08:00:00+08:00"
    assert found[1].en == f"The rule c changed: unit urban → owner; places * → 11; {end}."
    assert found[1].zh == f"规则c有变化:unit urban → owner; places * → 11; {end}。"
    assert "since_ms 1970-01-01 08:00:00+08:00" in found[2].en
    assert found[2].zh.startswith("新增裁决e:")
    assert diff_routings(before, replace(before, rules=before.rules[::-1])) == []


def test_a_difference_of_instants_and_of_what_was_not_stated_shows_both_sides_alike() -> None:
    before = Routing("1", (Rule("a", "urban", since_ms=0, basis_zh=""),))
    after = Routing("2", (Rule("a", "urban", since_ms=3_600_000, basis_zh="条例"),))
    (found,) = diff_routings(before, after, timezone(timedelta(hours=8)))
    since = "since_ms 1970-01-01 08:00:00+08:00 → 1970-01-01 09:00:00+08:00"
    assert found.en == f"The rule a changed: {since}; basis_zh – → 条例."


def test_an_instant_that_no_calendar_holds_is_written_as_a_number() -> None:
    assert written(0) == "1970-01-01 00:00:00+00:00"
    assert written(10**18) == f"{10**18} ms"


def past(number: int, of: str = "0201", lead: str | None = None, filed_ms: int = 1_000) -> PastCase:
    return PastCase(f"case-{number}", f"X-{number}", of, "1111", 0, filed_ms, lead)


def test_a_shadow_run_counts_what_would_have_gone_elsewhere_and_by_whom_it_was_meant() -> None:
    clash = (Rule("x", "urban", classes=("0302",)), Rule("y", "market", classes=("0302",)))
    before = Router(Routing("1", clash), UNITS)
    after = Router(Routing("2", (Rule("s", "market", classes=("02",)), Rule("q", TERRITORY), clash[0])), UNITS)
    unclear = Router(Routing("3", (Rule("s", "market"), Rule("t", "urban"))), UNITS)
    classes = {c.code: c for c in CLASSES}
    cases = [past(1, lead="east-team"), past(2, lead="market"), past(3, "0302"), past(4, "0301"), past(5, "9999")]
    found = shadow_run(before, after, classes, iter(cases))
    assert (found.same, found.moved, found.became_clear, found.became_unclear) == (0, 3, 1, 0)
    assert (found.unknown_class, found.still_unclear, found.cases) == (1, 0, 5)
    assert found.moved_by_class == {"0201": 2, "0301": 1}
    assert found.moves == {("east-team", "market"): 2, ("labour", "east-team"): 1}
    assert (found.as_before, found.as_after) == (1, 1)
    assert [e.case.number for e in found.examples] == ["X-1", "X-2", "X-3", "X-4"]
    assert found.examples[0] == Example(cases[0], Routed("east-team", By.TERRITORY), Routed("market", By.RULE, "s"))
    back = shadow_run(before, unclear, classes, cases)
    assert (back.became_unclear, back.still_unclear, back.moved) == (3, 1, 0)
    assert [e.case.number for e in back.examples] == ["X-1", "X-2", "X-4"]
    assert (back.cases, back.as_before, back.as_after) == (5, 1, 0)


def test_a_shadow_run_keeps_few_examples_and_asks_at_filing_or_at_the_given_instant() -> None:
    before = Router(Routing(), UNITS)
    after = Router(Routing("2", (Rule("s", "market", since_ms=2_000),)), UNITS)
    many = [past(number) for number in range(EXAMPLES_MAX + 5)]
    assert shadow_run(before, after, {"0201": STALL}, many).same == len(many)
    found = shadow_run(before, after, {"0201": STALL}, many, as_of_ms=2_000)
    assert (found.moved, len(found.examples)) == (len(many), EXAMPLES_MAX)


def test_a_shadow_run_asks_both_by_the_cases_own_level_instant_and_owner() -> None:
    ruled = Router(Routing("1", (Rule("r", OWNER, ("02",), levels=(2,), since_ms=1_000),)), UNITS)
    bare, classes = Router(Routing(), UNITS), {"0201": STALL}
    case = replace(past(1), level=2, responsible="urban")
    cases = [past(2, "9999"), case, past(3, "9998")]
    there = shadow_run(bare, ruled, classes, cases)
    assert (there.moves, there.unknown_class, there.cases) == ({("east-team", "urban"): 1}, 2, 3)
    assert shadow_run(ruled, bare, classes, cases).moves == {("urban", "east-team"): 1}
    same = shadow_run(ruled, ruled, classes, cases)
    assert (same.same, same.moves, same.moved_by_class, same.examples) == (1, {}, {}, ())


def ownership(
    routing: Routing, units: tuple[Unit, ...] = UNITS
) -> dict[tuple[str, str], tuple[Reason | str, str, int]]:
    report = ownership_report(Standard("1", CLASSES), routing, units, GRIDS, 1_000)
    assert report.owned + report.none + report.several == len(report.rows) == 8
    unclear = [row.answer.reason for row in report.rows if isinstance(row.answer, Unclear)]
    assert (unclear.count(Reason.NONE), unclear.count(Reason.SEVERAL)) == (report.none, report.several)
    return {
        (row.case_class, row.town): (
            row.answer.unit if isinstance(row.answer, Routed) else row.answer.reason,
            row.place,
            row.level,
        )
        for row in report.rows
    }


def test_the_ownership_report_tells_for_each_class_and_town_the_owner_none_or_several() -> None:
    found = ownership(Routing())
    assert found["0101", "11"] == ("urban", "11", 0)
    assert found["0201", "12"] == ("west-team", "12", 0)
    without_west = tuple(unit for unit in UNITS if unit.code != "west-team")
    found = ownership(Routing(), without_west)
    assert found["0302", "12"] == (Reason.NONE, "12", 0)
    assert found["0301", "12"] == (Reason.NONE, "12", 0)
    assert found["0201", "12"] == ("market", "12", 0)


def test_the_ownership_report_finds_what_is_unclear_in_a_part_of_a_town_or_at_one_level() -> None:
    clash = (Rule("x", "urban", ("02",), ("111",), (2,)), Rule("y", "market", ("02",), ("111",), (1, 2)))
    found = ownership(Routing("1", clash))
    assert found["0201", "11"] == (Reason.SEVERAL, "111", 2)
    assert found["0201", "12"] == ("west-team", "12", 0)
    middle = tuple(replace(rule, levels=(1,)) for rule in clash)
    assert ownership(Routing("1", middle))["0201", "11"] == (Reason.SEVERAL, "111", 1)
    decided = tuple(adjudication(code, unit, 0, place="121") for code, unit in (("d", "urban"), ("e", "market")))
    assert ownership(Routing("1", (), decided))["0201", "12"] == (Reason.SEVERAL, "121", 0)
    twins = (Unit("t1", "队", "Team", "121", "team"), Unit("t2", "队", "Team", "121", "team"))
    assert ownership(Routing(), (*UNITS, *twins))["0201", "12"] == (Reason.SEVERAL, "121", 0)
    village_labour = (replace(UNITS[2], scope="111"), *UNITS[:2], *UNITS[3:])
    rival = (Rule("x", OWNER, ("0301",)), Rule("y", "urban", ("0301",)))
    found = ownership(Routing("1", rival), village_labour)
    assert found["0301", "11"] == (Reason.SEVERAL, "111", 0)
    assert found["0301", "12"] == ("urban", "12", 0)
