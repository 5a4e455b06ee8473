"""The grid tree through time: what a code meant, what lies over and under it, what followed it."""

from __future__ import annotations

import pytest

from domain.finding import faults
from domain.grid.change import Merge, Part, Rename, Renumber, Split
from domain.grid.changes import apply_changes
from domain.grid.check import check_tree
from domain.grid.tree import GridTree
from domain.grid.values import Cause, Grid
from tests.support.small_tree import small_city

T = 1_000_000


def split_town() -> Split:
    return Split(code="91", parts=(Part("93", "甲镇", children=("9101",)), Part("94", "乙镇", children=("9102",))))


def after_split() -> GridTree:
    changed = apply_changes(small_city(), (), [split_town()], T)
    assert changed.findings == ()
    return GridTree(changed.grids)


def test_a_code_means_its_grid_up_to_the_last_millisecond_and_not_at_the_end() -> None:
    tree = after_split()
    assert tree.find("91", T - 1) is not None
    assert tree.find("91", T) is None
    assert tree.find("93", T - 1) is None
    assert tree.find("93", T) is not None


def test_without_an_instant_the_newest_grid_answers_ended_or_not() -> None:
    changed = apply_changes(small_city(), (), [Rename(code="91", zh="新镇")], T)
    tree = GridTree(changed.grids)
    newest, former = tree.find("91"), tree.find("91", T - 1)
    assert newest is not None
    assert former is not None
    assert (newest.zh, former.zh, former.cause) == ("新镇", "镇1", Cause.RENAME)
    ended = after_split().find("91")
    assert ended is not None
    assert ended.until_ms == T
    assert tree.find("77") is None
    assert tree.rows("77") == ()


def test_what_lies_over_and_under_a_grid_is_that_of_the_instant() -> None:
    tree = after_split()
    over = tree.parent("9301", T)
    assert over is not None
    assert over.code == "93"
    assert tree.parent("9301", T - 1) is None
    assert [g.code for g in tree.children("91", T - 1)] == ["9101", "9102"]
    assert tree.children("91", T) == ()
    assert [g.code for g in tree.children("9", T)] == ["92", "93", "94"]
    assert [g.code for g in tree.under("94", T)] == ["9402", "940201", "940202", "940203", "940204"]
    assert [g.code for g in tree.ancestors("940203", T)] == ["940203", "9402", "94", "9"]
    assert tree.ancestors("910201", T) == ()
    assert tree.parent("9", T) is None
    before = tree.parent("9101", T - 1)
    assert before is not None
    assert (before.code, before.until_ms) == ("91", T)
    assert tree.parent("9101", T) is None


def test_the_grids_of_a_level_at_an_instant() -> None:
    tree = after_split()
    assert [g.code for g in tree.valid(T - 1, 1)] == ["91", "92"]
    assert [g.code for g in tree.valid(T, 1)] == ["92", "93", "94"]
    assert len(tree.valid(T)) == 1 + 3 + 4 + 16
    assert [g.level for g in tree.valid(T)][:4] == [0, 1, 1, 1]
    assert tree.valid(T, 1) is tree.valid(T + 5, 1)
    assert tree.valid(T, 4) == ()
    assert tree.ambiguous("91", 4, T) is None


def test_successors_are_followed_to_the_instant_that_is_asked_for() -> None:
    later = apply_changes(
        after_split().grids,
        (),
        [
            Rename(code="93", zh="丙镇", at="1970-01-01T00:20:00+00:00"),
            Merge(codes=("94", "92"), into=Part("92", "镇2"), at="1970-01-01T00:30:00+00:00"),
        ],
        T,
    )
    assert later.findings == ()
    tree = GridTree(later.grids)
    assert tree.successors("91", T - 1) == ("91",)
    assert tree.successors("91", T) == ("93", "94")
    assert tree.successors("91", 1_800_000) == ("92", "93")
    assert tree.successors("93", 1_800_000) == ("93",)
    assert tree.successors("94", T - 1) == ()
    assert tree.successors("77", T) == ()
    assert (tree.ended_ms("91"), tree.ended_ms("92"), tree.ended_ms("94"), tree.ended_ms("0")) == (
        T,
        None,
        1_800_000,
        None,
    )


def test_a_code_that_stays_with_a_part_stands_for_both_if_it_was_written_before() -> None:
    split = Split(code="91", parts=(Part("91", "镇1", children=("9101",)), Part("93", "新镇", children=("9102",))))
    changed = apply_changes(small_city(), (), [split], T)
    assert changed.findings == ()
    tree = GridTree(changed.grids)
    assert [g.code for g in tree.under("91", T) if g.level == 2] == ["9101"]
    assert [g.code for g in tree.under("9", T) if g.level < 3] == ["91", "9101", "92", "9201", "9202", "93", "9302"]
    assert [g.code for g in tree.under("9", T - 1) if g.level < 3] == ["91", "9101", "9102", "92", "9201", "9202"]
    assert tree.successors("91", T) == ("91",)
    assert tree.successors("91", T, meant_ms=T) == ("91",)
    assert tree.successors("91", T, meant_ms=T - 1) == ("91", "93")
    assert tree.successors("91", T, meant_ms=T + 1) == ()


def test_a_code_that_had_ended_when_it_was_written_means_the_grid_that_it_last_was() -> None:
    assert after_split().successors("91", T + 9, meant_ms=T + 5) == ("93", "94")
    assert after_split().successors("93", T + 9, meant_ms=T - 1) == ()


def test_a_longer_code_lies_under_the_nearest_level_only() -> None:
    tree = GridTree([Grid("9", 0, "市"), Grid("91", 1, "镇"), Grid("9101", 2, "村"), Grid("910101", 3, "格")])
    assert [g.code for g in tree.children("9", 0)] == ["91"]
    assert [g.code for g in tree.children("91", 0)] == ["9101"]
    assert tree.children("910101", 0) == ()


def test_an_answer_about_an_instant_does_not_depend_on_what_changes_later() -> None:
    longer = Renumber(code="91", new_code="910", at="1970-01-01T01:00:00+00:00")
    changed = apply_changes(small_city(), (), [Renumber(code="9101", new_code="9109"), longer], T)
    assert changed.findings == ()
    tree = GridTree(changed.grids)
    over = tree.parent("9102", T)
    assert over is not None
    assert over.code == "91"
    assert [g.code for g in tree.ancestors("910201", T)] == ["910201", "9102", "91", "9"]
    assert tree.parent("9101", T) is None
    assert [g.code for g in tree.ancestors("91002", 3_600_000)] == ["91002", "910", "9"]


def test_a_grid_does_not_lie_over_its_own_code() -> None:
    assert GridTree(small_city()).over("9", 1, T) is None


def test_the_small_city_is_sound_before_and_after_a_split() -> None:
    assert check_tree(GridTree(small_city())) == []
    assert check_tree(after_split()) == []


@pytest.mark.parametrize(
    ("code", "grids"),
    [
        ("no_parent", [Grid("9", 0, "市"), Grid("81", 1, "镇")]),
        ("no_parent", [Grid("91", 1, "镇"), Grid("8101", 2, "村")]),
        ("two_cities", [Grid("9", 0, "市"), Grid("8", 0, "市")]),
        ("twice", [Grid("9", 0, "市"), Grid("9", 0, "市")]),
        ("twice", [Grid("9", 0, "市", until_ms=9, became=("9",)), Grid("9", 0, "市", since_ms=8)]),
        ("twice", [Grid("9", 0, "市", until_ms=9, became=("9",)), Grid("9", 0, "市")]),
        (
            "ends_before_start",
            [Grid("9", 0, "市", since_ms=5, until_ms=5, became=("9",)), Grid("9", 0, "市", since_ms=5)],
        ),
        ("no_heir", [Grid("9", 0, "市", until_ms=9)]),
        ("heir_missing", [Grid("9", 0, "市", until_ms=9, became=("8",))]),
        ("heir_missing", [Grid("9", 0, "市", until_ms=9, became=("8",)), Grid("8", 0, "市", since_ms=10)]),
        (
            "no_parent",
            [
                Grid("9", 0, "市"),
                Grid("91", 1, "镇", until_ms=9, became=("92",)),
                Grid("92", 1, "镇", since_ms=9),
                Grid("9101", 2, "村"),
            ],
        ),
        ("heirs_without_end", [Grid("9", 0, "市", became=("8",)), Grid("8", 0, "市")]),
        ("code_ambiguous", [Grid("9", 0, "市"), Grid("91", 1, "镇"), Grid("910", 1, "镇")]),
        (
            "level_changed",
            [Grid("9", 0, "市"), Grid("91", 1, "镇", until_ms=9, became=("91",)), Grid("91", 2, "村", since_ms=9)],
        ),
    ],
)
def test_each_fault_of_a_tree_is_found_and_named(code: str, grids: list[Grid]) -> None:
    found = faults(check_tree(GridTree(grids)))
    assert f"grids.{code}" in [finding.code for finding in found]
    named = next(finding for finding in found if finding.code == f"grids.{code}")
    assert named.key in {grid.code for grid in grids}
    assert named.found == named.key
    assert named.zh.endswith("。")
    assert named.en.endswith(".")


def test_codes_that_begin_each_other_at_different_times_are_no_fault() -> None:
    ended = Grid("91", 1, "镇", until_ms=9, became=("910",))
    assert check_tree(GridTree([Grid("9", 0, "市"), ended, Grid("910", 1, "镇", since_ms=9)])) == []


def test_a_fault_that_lasts_is_named_once() -> None:
    grids = [Grid("9", 0, "市"), Grid("81", 1, "镇"), Grid("91", 1, "镇", until_ms=5, became=("91",))]
    grids.append(Grid("91", 1, "镇", since_ms=5))
    assert [(f.code, f.key) for f in check_tree(GridTree(grids))] == [("grids.no_parent", "81")]


def test_towns_of_a_city_without_a_grid_of_its_own_need_no_parent() -> None:
    assert check_tree(GridTree([Grid("91", 1, "镇")])) == []


def test_renumbering_moves_everything_under_a_grid() -> None:
    changed = apply_changes(small_city(), (), [Renumber(code="9101", new_code="9203")], T)
    assert changed.findings == ()
    tree = GridTree(changed.grids)
    assert [g.code for g in tree.children("92", T)] == ["9201", "9202", "9203"]
    moved = tree.find("920304", T)
    assert moved is not None
    assert (moved.former_code, moved.area, moved.since_ms) == ("910104", tree.find("910104").area, T)  # pyright: ignore[reportOptionalMemberAccess]
    assert check_tree(tree) == []
