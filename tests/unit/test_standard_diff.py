"""What changed between two standards, and which open cases a new one would touch."""

from __future__ import annotations

from msgspec.structs import replace

from domain.standard.diff import FIELDS, Change, diff
from domain.standard.impact import Effect, OpenCase, Touched, by_standard, impact
from domain.standard.values import (
    CaseClass,
    ClassKind,
    CodeLayout,
    Condition,
    MajorClass,
    Stage,
    Standard,
)
from domain.worktime import WdRule
from tests.support.standards import SMALL

COVER, NOISE = SMALL.classes
MISSING, BROKEN = COVER.conditions


def with_cover(**fields: object) -> Standard:
    return replace(SMALL, classes=(replace(COVER, **fields), NOISE))


def with_missing(**fields: object) -> Standard:
    return with_cover(conditions=(replace(MISSING, **fields), BROKEN))


def changes(new: Standard) -> list[tuple[str, str, str | None, str | None]]:
    return [(c.key, c.field, c.old, c.new) for c in diff(SMALL, new)]


def test_another_version_name_or_order_alone_is_no_change() -> None:
    assert diff(SMALL, replace(SMALL, version="small-2", classes=(NOISE, COVER), majors=SMALL.majors[::-1])) == []


def test_every_field_of_a_condition_is_compared() -> None:
    new = with_missing(
        zh="丢失",
        en="Gone",
        limit="3UH",
        urgent=False,
        simple=True,
        closing_zh="好",
        closing_en="",
        responsible="police",
        owner="",
        legal_zh="法",
        legal_en="Law",
    )
    assert changes(new) == [
        ("010101/01", "zh", "缺失", "丢失"),
        ("010101/01", "en", "Missing", "Gone"),
        ("010101/01", "limit", "2UH", "3UH"),
        ("010101/01", "urgent", "true", "false"),
        ("010101/01", "simple", "false", "true"),
        ("010101/01", "closing_zh", "补齐", "好"),
        ("010101/01", "closing_en", "Replaced", None),
        ("010101/01", "responsible", None, "police"),
        ("010101/01", "owner", "urban", None),
        ("010101/01", "legal_zh", None, "法"),
        ("010101/01", "legal_en", None, "Law"),
    ]


def test_every_field_of_a_class_and_of_a_major_class_is_compared() -> None:
    new = replace(
        with_cover(zh="盖", en="Cover", responsible="police", kind=ClassKind.EVENT),
        majors=(MajorClass("01", "公用", "Public"), SMALL.majors[1]),
    )
    assert changes(new) == [
        ("01", "zh", "设施", "公用"),
        ("01", "en", "Facilities", "Public"),
        ("010101", "zh", "井盖", "盖"),
        ("010101", "en", "Manhole cover", "Cover"),
        ("010101", "kind", "component", "event"),
        ("010101", "responsible", "urban", "police"),
    ]


def test_what_is_added_or_removed_is_said_once_with_its_name() -> None:
    new = replace(
        SMALL,
        classes=(
            replace(COVER, conditions=(MISSING, Condition("03", "松动", "Loose", "2WD"))),
            CaseClass("030101", "垃圾", "Rubbish", (Condition("01", "一般", "Ordinary", "1WD"),)),
        ),
        majors=(SMALL.majors[0], MajorClass("03", "市容", "Appearance")),
    )
    assert changes(new) == [
        ("02", "major", "秩序", None),
        ("03", "major", None, "市容"),
        ("010101/02", "condition", "破损 4WH", None),
        ("010101/03", "condition", None, "松动 2WD"),
        ("020101", "class", "噪声", None),
        ("030101", "class", None, "垃圾"),
    ]


def test_stages_and_the_rules_of_the_whole_standard_are_compared() -> None:
    new = replace(
        with_cover(
            conditions=(
                MISSING,
                replace(BROKEN, stages=(Stage("s", "停", "Halt", "2WH"), Stage("t", "拆", "Down", "1WD"))),
            )
        ),
        wd_rule=WdRule.END_OF_DAY,
        discoverer_may_check=False,
        layout=CodeLayout(6, 2, 2, 6),
        limits_required=False,
        stage_limits={**SMALL.stage_limits, "accept": "20UM", "verify": "45UM", "close": None},
    )
    assert changes(new) == [
        ("", "wd_rule", "hours", "end_of_day"),
        ("", "discoverer_may_check", "true", "false"),
        ("", "layout", "2 + 2 + 2", "6 + 2 + 2 + 6"),
        ("", "limits_required", "true", "false"),
        ("accept", "stage_limit", "15UM", "20UM"),
        ("close", "stage_limit", "15UM", None),
        ("verify", "stage_limit", "30UM", "45UM"),
        ("010101/02/s", "en", "Stop", "Halt"),
        ("010101/02/s", "limit", "1WH", "2WH"),
        ("010101/02/t", "stage", None, "拆 1WD"),
    ]


def test_a_change_reads_as_a_sentence_in_both_languages() -> None:
    change = Change("010101/02", "limit", "4WH", None)
    assert change.zh == "010101/02 处置时限:“4WH” → 无"
    assert change.en == "010101/02 limit: “4WH” → none"
    assert Change("", "wd_rule", None, "hours").en == "rule of working days: none → “hours”"
    assert all(zh and en for zh, en in FIELDS.values())


def case(number: str, case_class: str, condition: str, limit: str | None, unit: str | None = None) -> OpenCase:
    return OpenCase(f"id-{number}", number, case_class, condition, limit, "410183001", unit)


def test_only_cases_that_would_be_treated_in_another_way_are_touched() -> None:
    new = with_missing(limit="3UH", responsible="police")
    cases = [case("1", "010101", "01", "2UH"), case("2", "010101", "02", "4WH"), case("3", "020101", "01", "4WH")]
    found = impact(SMALL, new, iter(cases))
    assert found.seen == 3
    assert found.touched == (Touched(cases[0], (Effect.LIMIT, Effect.UNIT), "3UH", "urban", "police"),)
    assert found.by_class == {"010101": {Effect.LIMIT: 1, Effect.UNIT: 1}}
    assert found.by_unit == {"urban": {Effect.LIMIT: 1, Effect.UNIT: 1}}


def test_a_case_of_an_older_version_is_compared_by_its_own_limit() -> None:
    found = impact(SMALL, SMALL, [case("1", "010101", "01", "9UH"), case("2", "010101", "01", None)])
    assert [(touched.effects, touched.new_limit) for touched in found.touched] == [((Effect.LIMIT,), "2UH")] * 2
    assert found.by_class == {"010101": {Effect.LIMIT: 2}}


def test_a_dispatch_on_purpose_is_no_effect_of_the_standard() -> None:
    assert impact(SMALL, SMALL, [case("1", "010101", "01", "2UH", "police")]).touched == ()


def test_cases_whose_class_or_condition_is_gone_could_not_be_filed() -> None:
    new = replace(SMALL, classes=(replace(COVER, conditions=(MISSING,)),))
    found = impact(
        SMALL,
        new,
        [case("1", "010101", "02", "4WH"), case("2", "020101", "01", "4WH"), case("3", "9", "9", None, "south")],
    )
    assert [(t.effects, t.old_unit, t.new_limit, t.new_unit) for t in found.touched] == [
        ((Effect.CONDITION_GONE,), "urban", None, None),
        ((Effect.CLASS_GONE,), "territory", None, None),
        ((Effect.CLASS_GONE,), "south", None, None),
    ]
    assert list(found.by_unit) == ["south", "territory", "urban"]
    assert found.by_class["9"] == {Effect.CLASS_GONE: 1}


def test_a_class_that_the_old_version_did_not_have_is_compared_with_the_unit_that_has_the_case() -> None:
    old = replace(SMALL, classes=(COVER,))
    found = impact(
        old, SMALL, [case("1", "020101", "01", "4WH", "police"), case("2", "020101", "01", "4WH", "territory")]
    )
    assert [(t.case.number, t.effects, t.old_unit, t.new_unit) for t in found.touched] == [
        ("1", (Effect.UNIT,), "police", "territory")
    ]


def test_routing_can_be_plugged_in_for_either_version() -> None:
    def by_grid(case_class: CaseClass, condition: Condition, case: OpenCase) -> str | None:
        return None if case.grid == "410183001" else by_standard(case_class, condition, case)

    found = impact(SMALL, SMALL, [case("1", "010101", "01", "2UH")], new_unit_of=by_grid)
    assert [(t.effects, t.old_unit, t.new_unit) for t in found.touched] == [((Effect.UNIT,), "urban", None)]
    back = impact(SMALL, SMALL, [case("1", "010101", "01", "2UH")], old_unit_of=by_grid)
    assert back.by_unit == {"": {Effect.UNIT: 1}}
