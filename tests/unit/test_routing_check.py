"""What a check says of a routing: each fault with row and column, conflicts with an example, the shipped one sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from domain.finding import Finding, Weight, faults
from domain.routing import conflict, values
from domain.routing.check import check_routing
from domain.routing.route import Reason, Router, Unclear
from domain.routing.values import OWNER, TERRITORY, Routing, Rule
from reference import xinmi_routing
from tests.support.city import contents, rules
from tests.support.routing import CLASSES, GRIDS, UNITS, adjudication

GOLDEN = Path(__file__).parents[1] / "support" / "routing_findings.json"
LONG = "x" * (values.TEXT_CHARS_MAX + 1)
WIDE = ("02",) * (values.PREFIXES_PER_RULE_MAX + 1)
SOUND = Rule("s", "labour", ("0301",))
DECIDED = adjudication("d", "urban", 0)
CASES: dict[str, Routing] = {
    "faults of a rule": Routing("1", (SOUND, Rule("r", "nobody", ("99",), ("13",), (3, 4), 1_000, 1_000))),
    "faults of an adjudication": Routing(
        "1", (), (DECIDED, replace(DECIDED, code="e", case_class="99", place="13", unit="nobody", until_ms=0))
    ),
    "what an adjudication states": Routing(
        "1", (), (DECIDED, replace(DECIDED, code="e", reasons=" ", decided_by="", case_id="\n"))
    ),
    "too wide": Routing("1", (SOUND, Rule("r", "urban", WIDE, WIDE), Rule("q", "urban", WIDE))),
    "too long": Routing(
        "1",
        (SOUND, Rule("r", "urban", basis_zh=LONG, basis_en=LONG)),
        (DECIDED, replace(DECIDED, code="e", reasons=LONG)),
    ),
    "too many": Routing("1", (SOUND,) * (values.RULES_MAX + 1), (DECIDED,) * (values.ADJUDICATIONS_MAX + 1)),
    "a code twice": Routing("1", (Rule("x", "urban"),), (replace(DECIDED, code="x"),)),
    "adjudications that disagree": Routing("1", (), (DECIDED, replace(DECIDED, code="e", unit="market"))),
    "rules in conflict": Routing("1", (SOUND, Rule("x", "urban", ("02",)), Rule("y", "market", ("02",)))),
    "no owner": Routing("1", (SOUND, Rule("r", OWNER, ("0302",)))),
    "a unit elsewhere": Routing("1", (SOUND, Rule("r", "west-team", ("02",), ("11",)))),
    "never met": Routing("1", (SOUND, Rule("r", "market", ("03",)), Rule("q", "urban", ("0302",)))),
}


@pytest.mark.parametrize("name", CASES)
def test_each_finding_is_told_as_it_is_written_down(name: str) -> None:
    golden = msgspec.json.decode(GOLDEN.read_bytes(), type=dict[str, list[Finding]])
    assert check_routing(CASES[name], CLASSES, UNITS, GRIDS) == golden[name]


def checked(*rules: Rule, **parts: Any) -> list[Finding]:
    return check_routing(Routing("1", rules, **parts), CLASSES, UNITS, GRIDS)


@pytest.mark.parametrize(
    ("rule", "code", "column", "found", "allowed"),
    [
        (Rule("r", "urban", ("0201", "99")), "routing.class_unknown", "classes", "99", ""),
        (Rule("r", "urban", ("02011",)), "routing.class_unknown", "classes", "02011", ""),
        (Rule("r", "urban", places=("11", "13")), "routing.place_unknown", "places", "13", ""),
        (Rule("r", "nobody"), "routing.unit_unknown", "unit", "nobody", "unit, owner, territory"),
        (Rule("r", "urban", levels=(3, 4)), "routing.level_unknown", "levels", "4", "0, 1, 2, 3"),
        (
            Rule("r", "urban", since_ms=1000, until_ms=1000),
            "routing.ends_before_it_begins",
            "until_ms",
            "1970-01-01 00:00:01+00:00",
            "> 1970-01-01 00:00:01+00:00",
        ),
        (
            Rule("r", "urban", ("02",) * (values.PREFIXES_PER_RULE_MAX + 1)),
            "routing.too_many",
            "classes",
            str(values.PREFIXES_PER_RULE_MAX + 1),
            str(values.PREFIXES_PER_RULE_MAX),
        ),
        (
            Rule("r", "urban", places=("11",) * (values.PREFIXES_PER_RULE_MAX + 1)),
            "routing.too_many",
            "places",
            str(values.PREFIXES_PER_RULE_MAX + 1),
            str(values.PREFIXES_PER_RULE_MAX),
        ),
        (
            Rule("r", "urban", basis_zh="x" * (values.TEXT_CHARS_MAX + 1)),
            "routing.text_too_long",
            "basis_zh",
            str(values.TEXT_CHARS_MAX + 1),
            str(values.TEXT_CHARS_MAX),
        ),
    ],
)
def test_a_fault_of_a_rule_names_its_row_column_and_what_was_found(
    rule: Rule, code: str, column: str, found: str, allowed: str
) -> None:
    sound = Rule("s", "market", ("0301",))
    findings = checked(sound, rule)
    assert [(f.code, f.part, f.key, f.row, f.column) for f in findings] == [(code, "routing", "r", 2, column)]
    assert (findings[0].found, findings[0].allowed, findings[0].weight) == (found, allowed, Weight.FAULT)
    assert all("r" in text and text[-1] in "。." for text in (findings[0].zh, findings[0].en))
    assert not found or all(found in text for text in (findings[0].zh, findings[0].en))


def test_what_lies_on_a_limit_is_within_it() -> None:
    most = values.PREFIXES_PER_RULE_MAX
    text = "x" * values.TEXT_CHARS_MAX
    assert checked(Rule("r", "urban", ("02",) * most, ("11",) * most, basis_zh=text, basis_en=text)) == []
    assert checked(Rule("r", "urban", since_ms=0, until_ms=1), Rule("s", "urban", ("02",), levels=(0, 3))) == []


@pytest.mark.parametrize(("column", "most"), [("rules", values.RULES_MAX), ("adjudications", values.ADJUDICATIONS_MAX)])
def test_too_many_entries_are_refused_before_they_are_looked_at(column: str, most: int) -> None:
    routing = (
        Routing("1", (Rule("r", "nobody"),) * (most + 1))
        if column == "rules"
        else Routing("1", (), (adjudication("d", "nobody", 0),) * (most + 1))
    )
    findings = check_routing(routing, CLASSES, UNITS, GRIDS)
    assert [(f.code, f.column, f.found, f.allowed) for f in findings] == [
        ("routing.too_many", column, str(most + 1), str(most))
    ]
    assert str(most + 1) in findings[0].zh
    assert str(most) in findings[0].en


def test_as_many_entries_as_allowed_are_looked_at() -> None:
    many = tuple(Rule(f"r{number}", "urban", ("02",)) for number in range(values.RULES_MAX))
    decided = tuple(adjudication(f"d{n}", "urban", n) for n in range(values.ADJUDICATIONS_MAX))
    assert checked(*many, adjudications=decided) == []


def test_one_bad_row_hides_no_other() -> None:
    codes = [f.code for f in checked(Rule("a", "nobody", ("99",)), Rule("b", "urban", places=("13",)))]
    assert codes == ["routing.class_unknown", "routing.unit_unknown", "routing.place_unknown"]
    found = checked(Rule("a", "urban", ("99",), ("13",)))
    assert [(f.zh, f.en) for f in found] == [
        ("a写的案件类别99不存在。", "a names the class 99, which does not exist."),
        ("a写的网格13不存在。", "a names the grid 13, which does not exist."),
    ]
    assert checked(Rule("a", "urban", ("0",))) == []
    assert [f.code for f in checked(Rule("a", "urban", ("",)))] == ["routing.class_unknown"]
    found = checked(Rule("a", "urban", ("99",)), Rule("r", OWNER, ("0302",)))
    assert [(f.code, f.row) for f in found] == [("routing.class_unknown", 1), ("routing.never_met", 2)]


def test_a_code_stands_once_among_rules_and_adjudications() -> None:
    findings = checked(Rule("x", "urban"), adjudications=(adjudication("x", "urban", 0), adjudication("y", "urban", 0)))
    assert [(f.code, f.key, f.found, f.allowed, f.column) for f in findings] == [
        ("routing.code_doubled", "x", "2", "1", "code")
    ]
    assert "x" in findings[0].zh
    assert "x" in findings[0].en


def test_an_adjudication_states_its_reasons_its_judge_and_its_case() -> None:
    bare = replace(adjudication("d", "urban", 0), reasons=" ", decided_by="", case_id="")
    found = checked(adjudications=(adjudication("c", "urban", 0, of="03"), bare))
    assert [(f.code, f.key, f.row, f.column) for f in found] == [
        ("routing.reasons_missing", "d", 2, "reasons"),
        ("routing.decided_by_missing", "d", 2, "decided_by"),
        ("routing.case_id_missing", "d", 2, "case_id"),
    ]
    assert [(f.zh, f.en) for f in found] == [
        ("裁决d没有写明理由,裁决必须写明。", "Adjudication d does not state the reasons; an adjudication has to."),
        (
            "裁决d没有写明裁决人,裁决必须写明。",
            "Adjudication d does not state the person who decided; an adjudication has to.",
        ),
        (
            "裁决d没有写明来源案件,裁决必须写明。",
            "Adjudication d does not state the case that it came from; an adjudication has to.",
        ),
    ]


def test_an_adjudications_faults_are_found_like_a_rules() -> None:
    wrong = replace(adjudication("d", "nobody", 5, of="99", place="13"), until_ms=5)
    assert [f.code for f in checked(adjudications=(wrong,))] == [
        "routing.class_unknown",
        "routing.place_unknown",
        "routing.unit_unknown",
        "routing.ends_before_it_begins",
    ]
    endless = replace(adjudication("d", "urban", 0), reasons="x" * (values.TEXT_CHARS_MAX + 1))
    assert [(f.code, f.key, f.column, f.row) for f in checked(adjudications=(endless,))] == [
        ("routing.text_too_long", "d", "reasons", 1)
    ]


def test_adjudications_that_contradict_each_other_from_the_same_instant_are_a_warning() -> None:
    one = adjudication("d", "urban", 0)
    others = (
        adjudication("e", "urban", 0),
        adjudication("f", "market", 0),
        adjudication("g", "market", 1),
        adjudication("h", "market", 0, of="03"),
        adjudication("i", "market", 0, place="12"),
    )
    found = checked(adjudications=(one, *others))
    assert [(f.code, f.key, f.row, f.found, f.weight) for f in found] == [
        ("routing.adjudications_disagree", "f", 3, "urban, market", Weight.WARNING)
    ]
    assert all("d" in text and "f" in text for text in (found[0].zh, found[0].en))


def test_a_conflict_is_a_warning_with_an_example() -> None:
    one, other = Rule("x", "urban", ("01", "02"), ("11",)), Rule("y", "market", ("02",), ("11", "12"))
    found = checked(Rule("w", "urban", ("03",)), one, other)
    assert [(f.code, f.key, f.row, f.weight, f.found) for f in found] == [
        ("routing.conflict", "x", 2, Weight.WARNING, "urban, market")
    ]
    for text in (found[0].zh, found[0].en):
        assert all(part in text for part in ("x", "y", "0201", "11"))
    assert faults(found) == []


@pytest.mark.parametrize(
    "other",
    [
        Rule("y", "urban", ("02",)),
        Rule("y", "market", ("0201",), levels=(1,)),
        Rule("y", "market", ("02",), ("11",)),
        Rule("y", "market", ("02",), levels=(1,)),
        Rule("y", "market", ("02",), until_ms=1_000),
        Rule("y", "market", ("02",), since_ms=2_000),
    ],
)
def test_rules_that_no_case_meets_both_or_that_differ_in_narrowness_are_no_conflict(other: Rule) -> None:
    rule = Rule("x", "urban", ("02",), since_ms=1_000, until_ms=2_000)
    assert checked(rule, other) == []
    assert checked(other, rule) == []


def test_rules_conflict_in_the_levels_and_times_that_they_share() -> None:
    one = Rule("x", "urban", ("02",), levels=(0, 1), since_ms=1_000, until_ms=2_000)
    assert [f.code for f in checked(one, Rule("y", "market", ("02",), levels=(1, 2)))] == ["routing.conflict"]
    assert checked(one, Rule("y", "market", ("02",), levels=(2,))) == []
    touching = Rule("y", "market", ("02",), levels=(1,), since_ms=1_999)
    assert [f.code for f in checked(one, touching)] == ["routing.conflict"]
    early = (Rule("x", "urban", ("02",), until_ms=1), Rule("y", "market", ("02",)))
    assert [f.code for f in checked(*early)] == ["routing.conflict"]
    outside = replace(one, levels=(7,), code="z")
    assert "routing.conflict" not in [f.code for f in checked(outside, replace(outside, code="y", unit="market"))]


def test_the_owner_and_a_named_unit_conflict_only_where_the_owner_is_another() -> None:
    assert checked(Rule("x", OWNER, ("0201",)), Rule("y", "market", ("0201",))) == []
    found = checked(Rule("x", OWNER, ("03",)), Rule("y", "labour", ("03",)))
    assert found == []
    found = checked(Rule("x", OWNER, ("",)), Rule("y", "market", ("",)))
    assert [f.code for f in found if f.code == "routing.conflict"] == ["routing.conflict"]
    found = checked(Rule("x", OWNER, ("0",)), Rule("y", "urban", ("0",)))
    assert [f.code for f in found] == ["routing.conflict"]
    assert "0201" in found[0].en
    found = checked(Rule("x", TERRITORY, ("02",)), Rule("y", "west-team", ("02",)))
    assert "0201" in found[0].en
    assert " 11:" in found[0].en


def test_each_pair_is_told_once_and_no_more_than_can_be_read() -> None:
    one, other = Rule("x", "urban", ("01", "02")), Rule("y", "market", ("01", "02"))
    assert len(checked(one, other)) == 1
    apart = Rule("z", "labour", ("01", "02"), levels=(1,))
    found = checked(apart, replace(one, levels=(0, 1)), replace(other, levels=(0,)))
    assert [(f.key, f.found) for f in found] == [("z", "labour, urban"), ("x", "urban, market")]
    crowd = [Rule(f"r{number}", ("urban", "market")[number % 2]) for number in range(40)]
    assert len(checked(*crowd)) == conflict.CONFLICTS_SHOWN_MAX
    quarrel = [adjudication(f"d{n}", ("urban", "market")[n % 2], 0) for n in range(500)]
    assert len(checked(adjudications=tuple(quarrel))) == conflict.CONFLICTS_SHOWN_MAX


def test_a_rule_that_narrower_ones_answer_everywhere_is_never_met() -> None:
    broad = Rule("b", "urban", ("03",), ("11",))
    by_class = (Rule("c", "labour", ("0301",)), Rule("d", "east-team", ("0302",), ("1",)))
    found = checked(broad, *by_class)
    assert [(f.code, f.key, f.row, f.weight) for f in found] == [("routing.never_met", "b", 1, Weight.WARNING)]
    assert all("c, d" in text for text in (found[0].zh, found[0].en))
    assert checked(broad, by_class[0]) == []
    assert checked(broad, by_class[0], replace(by_class[1], places=("111",))) == []
    assert checked(broad, by_class[0], replace(by_class[1], levels=(0, 1, 2))) == []
    assert checked(replace(broad, levels=(0, 1)), by_class[0], replace(by_class[1], levels=(0, 1, 2))) != []
    assert checked(broad, by_class[0], replace(by_class[1], unit=TERRITORY)) == []


def test_a_rule_is_not_buried_by_its_own_narrower_beginnings() -> None:
    assert checked(Rule("b", "urban", ("02", "0201"))) == []


def test_a_narrower_rule_buries_another_only_for_the_whole_of_its_time() -> None:
    broad = Rule("b", "urban", ("02",), since_ms=1_000, until_ms=2_000)
    narrow = Rule("n", "market", ("0201",))
    assert [f.key for f in checked(broad, narrow)] == ["b"]
    assert [f.key for f in checked(broad, replace(narrow, since_ms=1_000, until_ms=2_000))] == ["b"]
    assert checked(broad, replace(narrow, since_ms=1_001)) == []
    assert checked(broad, replace(narrow, until_ms=1_999)) == []
    assert checked(replace(broad, since_ms=None), replace(narrow, since_ms=0)) == []
    assert checked(replace(broad, until_ms=None), replace(narrow, until_ms=9_999)) == []


def test_rules_for_all_levels_bury_one_that_names_none() -> None:
    plain, levelled = Rule("p", "urban", ("02",)), Rule("l", "market", ("02",), levels=(0, 1, 2, 3))
    assert [f.key for f in checked(plain, levelled)] == ["p"]
    assert checked(plain, replace(levelled, levels=(0, 1, 2))) == []
    both = replace(levelled, code="m")
    assert [f.key for f in checked(levelled, both)] == []


def test_a_rule_for_an_owner_that_nobody_is_or_a_unit_elsewhere_is_a_warning() -> None:
    found = checked(Rule("r", OWNER, ("0302",)), Rule("s", OWNER, ("03",)), Rule("t", "west-team", places=("11",)))
    assert [(f.code, f.key, f.row, f.found) for f in found] == [
        ("routing.never_met", "r", 1, OWNER),
        ("routing.unit_elsewhere", "t", 3, "west-team"),
    ]
    assert "owner" in found[0].en
    assert "west-team" in found[1].zh
    assert checked(Rule("t", "west-team", places=("11", "1")), Rule("u", "west-team", ("02",), ("121",))) == []
    assert checked(Rule("v", "west-team", ("02",))) == []


def test_the_shipped_routing_is_sound_and_leaves_the_abandoned_vehicles_open() -> None:
    book = rules().book
    classes, units = book.standard.classes, list(book.units)
    routing = xinmi_routing.routing()
    assert contents().routing == routing
    found = check_routing(routing, classes, units, book.grids)
    assert [(f.code, f.key) for f in found] == [("routing.conflict", "abandoned-vehicles-police")]
    vehicle = next(c for c in classes if c.code == "050104")
    answer = Router(routing, units).route(vehicle, "41018300100101", 0, 0)
    assert isinstance(answer, Unclear)
    assert answer.reason is Reason.SEVERAL
