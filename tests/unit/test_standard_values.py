"""The values of a standard as contents: what old data may lack, what nobody may add, where the limits lie."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from domain.standard.check import ROWS_MAX, STAGES_MAX, check_standard
from domain.standard.diff import FIELDS, OF_CLASS, OF_CONDITION, WHOLE, diff
from domain.standard.impact import Effect, OpenCase, Touched, impact
from domain.standard.text import narrow, unseen
from domain.standard.values import STAGES, CaseClass, CodeLayout, Condition, MajorClass, Stage, Standard
from tests.support.standards import SMALL, UNITS

OLD = b'{"version":"v","classes":[{"code":"a","zh":"b","en":"c","conditions":[{"code":"d","zh":"e","en":"f"}]}]}'
STRUCTS = [
    (CodeLayout, b"{}"),
    (Stage, b'{"code":"a","zh":"b","en":"c","limit":"4WH"}'),
    (Condition, b'{"code":"a","zh":"b","en":"c"}'),
    (CaseClass, b'{"code":"a","zh":"b","en":"c","conditions":[{"code":"d","zh":"e","en":"f"}]}'),
    (MajorClass, b'{"code":"a","zh":"b","en":"c"}'),
]


@pytest.mark.parametrize(("kind", "written"), STRUCTS, ids=[kind.__name__ for kind, _ in STRUCTS])
def test_a_content_writes_no_defaults_takes_no_unknown_fields_and_never_changes(kind: type, written: bytes) -> None:
    value = msgspec.json.decode(written, type=kind)
    assert msgspec.json.encode(value) == written
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(written.replace(b"{", b'{"more":1,' if b":" in written else b'{"more":1', 1), type=kind)
    with pytest.raises(AttributeError):
        setattr(value, kind.__struct_fields__[0], "x")


def test_an_old_standard_is_read_with_the_defaults_of_today() -> None:
    standard = msgspec.json.decode(OLD, type=Standard)
    assert standard == Standard("v", (CaseClass("a", "b", "c", (Condition("d", "e", "f"),)),))
    again = msgspec.json.decode(msgspec.json.encode(standard))
    assert set(again) == {"version", "classes", "stage_limits"}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(OLD.replace(b'"version"', b'"more":1,"version"'), type=Standard)
    with pytest.raises(AttributeError):
        standard.version = "w"  # pyright: ignore[reportAttributeAccessIssue]


def test_codes_have_1_to_64_characters_and_layouts_0_to_12_digits_a_part() -> None:
    for code, there in (("", False), ("x", True), ("x" * 64, True), ("x" * 65, False)):
        written = msgspec.json.encode({"code": code, "zh": "b", "en": "c"})
        if there:
            assert msgspec.json.decode(written, type=MajorClass).code == code
        else:
            with pytest.raises(msgspec.ValidationError):
                msgspec.json.decode(written, type=MajorClass)
    assert msgspec.json.decode(b'{"region":12,"serial":0}', type=CodeLayout).class_digits == 16
    for digits in (b"-1", b"13"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(b'{"region":' + digits + b"}", type=CodeLayout)


def test_the_stages_of_a_case_are_those_of_the_clocks() -> None:
    stages = "accept file dispatch acknowledge acknowledge_urgent send_check check close verify"
    assert tuple(stages.split()) == STAGES


@pytest.mark.parametrize("character", "\u0000\u200b\u0378\ue000\ud800\u2028\u2029")
def test_what_shows_nothing_is_unseen(character: str) -> None:
    assert unseen(f"a{character}") == f"U+{ord(character):04X}"


def test_letters_blanks_and_line_breaks_are_seen_and_wide_ones_are_made_narrow() -> None:
    assert unseen("井盖 a\u3000\n=1") is None
    assert narrow(" \uff12\uff35\uff28\u3000") == "2UH"


def test_exactly_as_much_as_allowed_is_allowed() -> None:
    assert (ROWS_MAX, STAGES_MAX) == (5_000, 20)
    stages = tuple(Stage(f"{number}", "一", "One", "1WH") for number in range(STAGES_MAX))
    first = SMALL.classes[0]
    condition = replace(first.conditions[0], stages=stages, en="x" * 2_000)
    standard = replace(SMALL, classes=(replace(first, conditions=(condition,)), SMALL.classes[1]))
    assert check_standard(replace(standard, stage_limits={"accept": None}), UNITS) == []


def test_what_a_finding_says_names_the_thing_in_both_languages() -> None:
    first = SMALL.classes[0]
    standard = replace(SMALL, majors=(), classes=(replace(first, zh="", en="", responsible="x", code="1"),))
    found = {finding.code.partition(".")[2]: finding for finding in check_standard(standard, UNITS)}
    assert found["class_under_no_major"].zh.endswith("大类有:无。")
    assert found["class_under_no_major"].en.endswith("there are: none.")
    assert (found["class_under_no_major"].found, found["class_under_no_major"].allowed) == ("1", "")
    assert found["class_code_layout"].zh == "小类代码“1”应为 6 位数字(编码规则 2 + 2 + 2)。"
    assert "of a class must have 6 digits" in found["class_code_layout"].en
    assert found["unit_unknown"].en.endswith("allowed is a code of the units or 'territory'.")
    assert found["unit_unknown"].en.startswith("The responsible unit 'x'")
    empty = [finding.en for finding in check_standard(standard, UNITS) if finding.code == "standard.name_empty"]
    assert empty == ["1 has no Chinese name.", "1 has no English name."]
    layout = check_standard(replace(SMALL, majors=(*SMALL.majors, MajorClass("3", "x", "x"))), UNITS)
    assert layout[0].zh.startswith("大类代码“3”应为 2 位")
    free = check_standard(Standard("v", SMALL.classes, (MajorClass("\uff11", "x", "x"),), layout=None), UNITS)
    assert [finding.code for finding in free if finding.weight == "fault"] == ["standard.major_code_text"]
    assert "of a major class" in free[0].en


def test_every_field_that_can_change_has_its_names() -> None:
    assert set(FIELDS) == {*WHOLE, *OF_CLASS, *OF_CONDITION, "major", "class", "condition", "stage", "stage_limit"}
    assert (FIELDS["kind"][1], FIELDS["urgent"][1], FIELDS["class"][1], FIELDS["stage"][1]) == (
        "kind",
        "urgency",
        "class",
        "stage",
    )
    assert [(change.old, change.new) for change in diff(SMALL, replace(SMALL, layout=None))] == [("2 + 2 + 2", None)]


def test_a_condition_that_the_old_version_did_not_have_is_compared_with_the_unit_that_has_the_case() -> None:
    first = SMALL.classes[0]
    old = replace(SMALL, classes=(replace(first, conditions=first.conditions[1:]),))
    case = OpenCase("i", "1", "010101", "01", "2UH", "g", "police")
    assert impact(old, SMALL, [case]).touched == (Touched(case, (Effect.UNIT,), "2UH", "police", "urban"),)
    assert [str(effect) for effect in Effect] == ["limit", "unit", "class_gone", "condition_gone"]
