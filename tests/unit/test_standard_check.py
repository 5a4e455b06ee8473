"""The check of a standard: every fault with its key, none hidden by another, and nothing to say of the shipped one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from domain.finding import Finding, Weight, faults
from domain.standard import check
from domain.standard.check import check_standard
from domain.standard.values import (
    CaseClass,
    ClassKind,
    CodeLayout,
    Condition,
    MajorClass,
    Stage,
    Standard,
)
from domain.unit import Unit
from reference.profile import SHIPPED
from reference.sample_standard import sample_standard
from tests.support.standards import SMALL, UNITS

FIRST = SMALL.classes[0]


def of_class(**fields: Any) -> Standard:
    return replace(SMALL, classes=(replace(FIRST, **fields), *SMALL.classes[1:]))


def of_condition(**fields: Any) -> Standard:
    return of_class(conditions=(replace(FIRST.conditions[0], **fields), *FIRST.conditions[1:]))


def the_shipped_one() -> Standard:
    return msgspec.json.decode((SHIPPED / "xinmi" / "standard.json").read_bytes(), type=Standard)


def found_in(standard: Standard) -> list[tuple[str, str, str]]:
    return [(f.code, f.key, f.weight) for f in check_standard(standard, UNITS)]


def test_a_sound_standard_has_no_findings() -> None:
    assert check_standard(SMALL, iter(UNITS)) == []


FAULTS: list[tuple[str, str, Standard]] = [
    ("version_empty", "", replace(SMALL, version="")),
    ("text_blanks", "", replace(SMALL, version=" 1")),
    ("stage_unknown", "lunch", replace(SMALL, stage_limits={"lunch": "1WH"})),
    ("limit_unreadable", "accept", replace(SMALL, stage_limits={"accept": "0WH"})),
    ("major_doubled", "01", replace(SMALL, majors=(*SMALL.majors, SMALL.majors[0]))),
    ("major_code_layout", "3", replace(SMALL, majors=(*SMALL.majors, MajorClass("3", "x", "x")))),
    ("name_empty", "01", replace(SMALL, majors=(MajorClass("01", "", "x"), SMALL.majors[1]))),
    ("class_doubled", "010101", replace(SMALL, classes=(*SMALL.classes, FIRST))),
    ("class_code_layout", "01010", of_class(code="01010")),
    ("class_code_layout", "01010x", of_class(code="01010x")),
    ("class_code_layout", "01010\u0661", of_class(code="01010\u0661")),
    ("class_under_no_major", "010101", replace(SMALL, majors=SMALL.majors[1:])),
    ("name_empty", "010101", of_class(en="")),
    ("unit_unknown", "010101", of_class(responsible="nobody")),
    (
        "condition_doubled",
        "010101/01",
        of_class(conditions=(FIRST.conditions[0], replace(FIRST.conditions[1], code="01"))),
    ),
    (
        "condition_text_doubled",
        "010101/02",
        of_class(conditions=(FIRST.conditions[0], replace(FIRST.conditions[1], zh="缺失"))),
    ),
    ("name_empty", "010101/01", of_condition(zh="")),
    ("text_unseen", "010101/01", of_condition(closing_zh="补\u200b齐")),
    ("text_unseen", "010101/01", of_condition(closing_en="a\tb")),
    ("text_unseen", "010101/01", of_condition(legal_zh="法\u2028律")),
    ("text_blanks", "010101/01", of_condition(legal_en="law ")),
    ("text_chars_max", "010101/01", of_condition(en="x" * 2_001)),
    ("unit_unknown", "010101/01", of_condition(responsible="nobody")),
    ("owner_unknown", "010101/01", of_condition(owner="nobody")),
    ("owner_unknown", "010101/01", of_condition(owner="territory")),
    ("limit_missing", "010101/01", of_condition(limit=None)),
    ("limit_unreadable", "010101/01", of_condition(limit="3XX", urgent=False)),
    (
        "stage_doubled",
        "010101/01/a",
        of_condition(stages=(Stage("a", "一", "One", "1WH"), Stage("a", "二", "Two", "1WH"))),
    ),
    ("name_empty", "010101/01/a", of_condition(stages=(Stage("a", "", "One", "1WH"),))),
    ("limit_unreadable", "010101/01/a", of_condition(stages=(Stage("a", "一", "One", ""),))),
    ("stages_max", "010101/01", of_condition(stages=tuple(Stage(f"{n}", "一", "One", "1WH") for n in range(21)))),
]


@pytest.mark.parametrize(("code", "key", "standard"), FAULTS, ids=[f"{n}-{fault[0]}" for n, fault in enumerate(FAULTS)])
def test_each_fault_is_named_with_its_key_and_is_the_only_one(code: str, key: str, standard: Standard) -> None:
    assert [f for f in found_in(standard) if f[2] is Weight.FAULT] == [(f"standard.{code}", key, Weight.FAULT)]
    (fault,) = faults(check_standard(standard, UNITS))
    assert fault.part == "standard"
    assert fault.zh.endswith("。")
    assert fault.en.endswith(".")


WARNINGS: list[tuple[str, str, Standard]] = [
    ("urgent_unmarked", "010101/01", of_condition(urgent=False)),
    ("urgent_unmarked", "010101/01", of_condition(urgent=False, limit="9UM")),
    ("urgent_limit", "010101/01", of_condition(limit="4WH")),
    ("simple_urgent", "010101/01", of_condition(simple=True)),
    ("major_without_class", "03", replace(SMALL, majors=(*SMALL.majors, MajorClass("03", "空", "Empty")))),
]


@pytest.mark.parametrize(
    ("code", "key", "standard"), WARNINGS, ids=[f"{n}-{fault[0]}" for n, fault in enumerate(WARNINGS)]
)
def test_what_is_odd_but_possible_is_a_warning(code: str, key: str, standard: Standard) -> None:
    assert found_in(standard) == [(f"standard.{code}", key, Weight.WARNING)]


def test_many_faults_are_named_all_in_the_order_of_the_standard() -> None:
    bad = replace(FIRST.conditions[0], limit="0WH", urgent=False)
    standard = replace(
        SMALL,
        classes=(
            replace(FIRST, responsible="x", conditions=(bad, FIRST.conditions[1])),
            replace(SMALL.classes[1], en="", responsible="y"),
        ),
    )
    assert [(code.partition(".")[2], key) for code, key, _ in found_in(standard)] == [
        ("unit_unknown", "010101"),
        ("limit_unreadable", "010101/01"),
        ("name_empty", "020101"),
        ("unit_unknown", "020101"),
    ]


def test_a_finding_says_what_was_found_and_what_is_allowed() -> None:
    assert faults(check_standard(of_condition(owner="nobody"), UNITS)) == [
        Finding(
            "standard.owner_unknown",
            "standard",
            "010101/01 的主管部门“nobody”不存在,应为单位表中的代码。",
            "The duty owner 'nobody' of 010101/01 does not exist; allowed is a code of the units.",
            "nobody",
            "a code of the units",
            "010101/01",
        )
    ]


def test_a_city_whose_limits_come_from_its_cases_needs_no_limits_and_no_layout() -> None:
    no_limit = (Condition("01", "按来源", "As stated"),)
    standard = Standard("b-1", (CaseClass("pot-hole", "坑", "Pothole", no_limit),), layout=None, limits_required=False)
    assert check_standard(standard, ()) == []
    assert faults(check_standard(replace(standard, limits_required=True), ()))[0].code == "standard.limit_missing"
    wide = replace(standard, classes=(replace(standard.classes[0], code="\uff10"),))
    assert [f.code for f in check_standard(wide, ())] == ["standard.class_code_text"]
    long = replace(standard, classes=(replace(standard.classes[0], code="a" * 65),))
    assert [f.code for f in check_standard(long, ())] == ["standard.class_code_text"]
    assert check_standard(replace(standard, classes=(replace(standard.classes[0], code="a" * 64),)), ()) == []
    unseen = replace(standard, classes=(replace(standard.classes[0], code="a\u200b"),))
    assert [f.code for f in check_standard(unseen, ())] == ["standard.class_code_text"]


def test_the_older_layout_of_codes_is_a_setting_of_the_standard() -> None:
    older = CodeLayout(region=6, serial=6)
    assert (str(older), older.major_digits, older.class_digits) == ("6 + 2 + 2 + 6", 8, 16)
    assert str(CodeLayout()) == "2 + 2 + 2"
    assert str(CodeLayout(major=3, minor=2, serial=0)) == "3 + 2"
    classes = (replace(FIRST, code="4101830101000001"),)
    standard = replace(SMALL, layout=older, classes=classes, majors=(MajorClass("41018301", "设施", "Facilities"),))
    assert check_standard(standard, UNITS) == []


def test_more_conditions_than_a_standard_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "ROWS_MAX", 3)
    assert check_standard(SMALL, UNITS) == []
    monkeypatch.setattr(check, "ROWS_MAX", 2)
    assert [(f.code, f.found, f.allowed) for f in check_standard(SMALL, UNITS)] == [("standard.rows_max", "3", "2")]


def test_a_condition_may_have_a_unit_of_its_own() -> None:
    condition = replace(FIRST.conditions[0], responsible="police")
    assert FIRST.responsible_for(condition) == "police"
    assert FIRST.responsible_for(FIRST.conditions[0]) == "urban"
    assert FIRST.find_condition("02") == FIRST.conditions[1]
    assert FIRST.find_condition("09") is None


def test_the_shipped_standard_is_sound_and_holds_the_limits_of_the_domain() -> None:
    units = msgspec.json.decode((SHIPPED / "xinmi" / "units.json").read_bytes(), type=list[Unit])
    standard = the_shipped_one()
    assert check_standard(standard, units) == []
    assert standard == sample_standard("410183"), "python -m reference.xinmi writes it again"
    limits = {c.code: [k.limit for k in c.conditions] for c in standard.classes}
    wanted = {
        "010101": ["2UH", "4WH", "2WD"],
        "030101": ["1WD"],
        "030102": ["4WD"],
        "030103": ["5WH"],
        "060101": ["2UH"],
        "050105": ["4WH"],
        "050101": ["2WH"],
        "070101": ["3WD"],
        "070103": ["5WD"],
        "060102": ["1UH"],
    }
    assert {code: limits[code][: len(first)] for code, first in wanted.items()} == wanted
    built = next(c for c in standard.classes if c.code == "040101").conditions[1]
    assert (built.limit, [stage.limit for stage in built.stages]) == ("15WD", ["4WH", "7WD", "20WD"])


def test_the_shipped_standard_shows_all_that_a_standard_can_say() -> None:
    classes = the_shipped_one().classes
    conditions = [condition for case_class in classes for condition in case_class.conditions]
    assert len(classes) >= 60
    assert {case_class.kind for case_class in classes} == set(ClassKind)
    assert {condition.limit[-2:] for condition in conditions if condition.limit} == {"UM", "UH", "WM", "WH", "WD", "CD"}
    assert any(condition.simple for condition in conditions)
    assert all(c.owner and c.closing_zh and c.closing_en for c in conditions)


def test_units_may_come_as_any_iterable() -> None:
    assert faults(check_standard(SMALL, (Unit(code, code, code) for code in ("urban",)))) == []
