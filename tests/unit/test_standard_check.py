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
STAGES_WRITTEN = "accept, file, dispatch, acknowledge, acknowledge_urgent, send_check, check, close, verify"
NO_LIMIT_ZH = "不是有效时限:应为 1 至 100000(分钟至 999999)的整数加单位(UM, UH, WM, WH, WD, CD),如 4WH。"
NO_LIMIT_EN = "is no limit: a number from 1 to 100000 (minutes: 999999) and one of UM, UH, WM, WH, WD, CD, like 4WH."


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


SAID: list[tuple[Standard, str, str, str, str, str]] = [
    (replace(SMALL, version=""), "", "", "", "标准没有版本名。", "The standard has no version."),
    (
        *(replace(SMALL, version=" 1"), "", " 1", "", "标准的版本名“ 1”首尾有空白。"),
        "The standard's version has blanks around it: ' 1'.",
    ),
    (
        *(replace(SMALL, stage_limits={"lunch": "1WH"}), "lunch", "lunch", STAGES_WRITTEN),
        f"没有名为“lunch”的流程环节,可用的有:{STAGES_WRITTEN}。",
        f"There is no stage 'lunch'; there are: {STAGES_WRITTEN}.",
    ),
    (
        *(replace(SMALL, stage_limits={"accept": "0WH"}), "accept", "0WH", ""),
        f"accept:“0WH”{NO_LIMIT_ZH}",
        f"accept: '0WH' {NO_LIMIT_EN}",
    ),
    (
        *(replace(SMALL, majors=(*SMALL.majors, SMALL.majors[0])), "01", "01", ""),
        *("大类代码 01 重复,只能出现一次。", "The major class 01 stands twice; once is allowed."),
    ),
    (
        *(replace(SMALL, majors=(*SMALL.majors, MajorClass("3", "x", "x"))), "3", "3", "2 digits"),
        "大类代码“3”应为 2 位数字(编码规则 2 + 2 + 2)。",
        "The code '3' of a major class must have 2 digits and nothing else (layout 2 + 2 + 2).",
    ),
    (
        *(replace(SMALL, classes=(*SMALL.classes, FIRST)), "010101", "010101", ""),
        *("小类代码 010101 重复,只能出现一次。", "The class 010101 stands twice; once is allowed."),
    ),
    (
        *(of_class(code="01010"), "01010", "01010", "6 digits"),
        "小类代码“01010”应为 6 位数字(编码规则 2 + 2 + 2)。",
        "The code '01010' of a class must have 6 digits and nothing else (layout 2 + 2 + 2).",
    ),
    (
        *(of_class(code="990101"), "990101", "99", "01, 02", "小类 990101 不属于任何大类,大类有:01, 02。"),
        "The class 990101 lies under no major class; there are: 01, 02.",
    ),
    (of_class(zh=""), "010101", "", "", "010101 没有中文名称。", "010101 has no Chinese name."),
    (of_class(en=""), "010101", "", "", "010101 没有英文名称。", "010101 has no English name."),
    (
        *(of_class(responsible="x"), "010101", "x", "a code of the units or 'territory'"),
        "010101 的处置单位“x”不存在,应为单位表中的代码或 territory(属地)。",
        "The responsible unit 'x' of 010101 does not exist; allowed is a code of the units or 'territory'.",
    ),
    (
        *(of_condition(responsible="x"), "010101/01", "x", "a code of the units or 'territory'"),
        "010101/01 的处置单位“x”不存在,应为单位表中的代码或 territory(属地)。",
        "The responsible unit 'x' of 010101/01 does not exist; allowed is a code of the units or 'territory'.",
    ),
    (
        *(of_condition(owner="territory"), "010101/01", "territory", "a code of the units"),
        "010101/01 的主管部门“territory”不存在,应为单位表中的代码。",
        "The duty owner 'territory' of 010101/01 does not exist; allowed is a code of the units.",
    ),
    (
        of_class(conditions=(FIRST.conditions[0], replace(FIRST.conditions[1], code="01"))),
        *("010101/01", "010101/01", "", "立案条件代码 010101/01 重复,只能出现一次。"),
        "The condition 010101/01 stands twice; once is allowed.",
    ),
    (
        of_class(conditions=(FIRST.conditions[0], replace(FIRST.conditions[1], zh="缺失"))),
        *("010101/02", "缺失", "", "小类 010101 的立案条件“缺失”重复。"),
        "The filing condition '缺失' stands twice in the class 010101.",
    ),
    (
        *(of_condition(closing_zh="补\u200b齐"), "010101/01", "U+200B", ""),
        "010101/01 的文字含有看不见的字符 U+200B。",
        "A text of 010101/01 holds the unseen character U+200B.",
    ),
    (
        *(of_condition(legal_en="law "), "010101/01", "law ", "", "010101/01 的文字“law ”首尾有空白。"),
        "A text of 010101/01 has blanks around it: 'law '.",
    ),
    (
        *(of_condition(en="x" * 2_001), "010101/01", "2001", "2000", "010101/01 的文字有 2001 字,最多 2000 字。"),
        "A text of 010101/01 has 2001 characters; at most 2000 are allowed.",
    ),
    (
        *(of_condition(limit=None), "010101/01", "", ""),
        "立案条件 010101/01 没有处置时限,应为整数加单位,如 4WH。",
        "The filing condition 010101/01 has no limit; it needs a number and a unit, like 4WH.",
    ),
    (
        *(of_condition(limit="3XX", urgent=False), "010101/01", "3XX", ""),
        f"010101/01:“3XX”{NO_LIMIT_ZH}",
        f"010101/01: '3XX' {NO_LIMIT_EN}",
    ),
    (
        of_condition(stages=(Stage("a", "一", "One", "1WH"), Stage("a", "二", "Two", "1WH"))),
        *("010101/01/a", "010101/01/a", "", "阶段代码 010101/01/a 重复,只能出现一次。"),
        "The stage 010101/01/a stands twice; once is allowed.",
    ),
    (
        *(of_condition(stages=(Stage("a", "一", "One", "x"),)), "010101/01/a", "x", ""),
        f"010101/01/a:“x”{NO_LIMIT_ZH}",
        f"010101/01/a: 'x' {NO_LIMIT_EN}",
    ),
    (
        of_condition(stages=tuple(Stage(f"{n}", "一", "One", "1WH") for n in range(21))),
        *("010101/01", "21", "20", "010101/01 有 21 个阶段,最多 20 个。"),
        "010101/01 has 21 stages; at most 20 are allowed.",
    ),
    (
        *(of_condition(urgent=False), "010101/01", "2UH", "", "010101/01 的时限 2UH 是紧急时限,但未标为紧急。"),
        "The limit 2UH of 010101/01 is urgent, the condition is not.",
    ),
    (
        *(of_condition(limit="4WH"), "010101/01", "4WH", "UM, UH"),
        "010101/01 标为紧急,但时限 4WH 不是紧急时限(UM、UH)。",
        "010101/01 is marked urgent, but its limit 4WH is none of UM and UH.",
    ),
    (
        *(of_condition(simple=True), "010101/01", "2UH", ""),
        "010101/01 在简易清单上,但时限 2UH 是紧急时限。",
        "010101/01 is on the simple list, but its limit 2UH is urgent.",
    ),
    (
        *(replace(SMALL, majors=(*SMALL.majors, MajorClass("03", "空", "Empty"))), "03", "", ""),
        *("大类 03 没有小类。", "The major class 03 has no class under it."),
    ),
    (
        replace(SMALL, layout=None, classes=(replace(FIRST, code="\uff10"), SMALL.classes[1])),
        *("\uff10", "\uff10", "0", "小类代码“\uff10”超过 64 字,或含有全角、看不见的字符或首尾空白。"),
        "The code '\uff10' of a class has more than 64 characters, full-width or unseen ones, or blanks around it.",
    ),
]


@pytest.mark.parametrize(("standard", "key", "found", "allowed", "zh", "en"), SAID, ids=range(len(SAID)))
def test_what_is_wrong_is_said_in_whole_sentences_with_what_was_found_and_is_allowed(
    standard: Standard, key: str, found: str, allowed: str, zh: str, en: str
) -> None:
    said = [(f.part, f.key, f.found, f.allowed, f.zh, f.en) for f in check_standard(standard, UNITS)]
    assert ("standard", key, found, allowed, zh, en) in said


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
    zh, en = "标准有 3 条立案条件,最多 2 条。", "The standard has 3 filing conditions; at most 2 are allowed."
    assert check_standard(SMALL, UNITS) == [Finding("standard.rows_max", "standard", zh, en, "3", "2", "")]


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
