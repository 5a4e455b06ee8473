"""Changes of the tree: what follows, which posts go along, and what is refused with all of its reasons."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain.case.values import Role
from domain.grid.change import Appointment, Change, Merge, Part, Redraw, Rename, Renumber, Split
from domain.grid.changes import Changed, apply_change, apply_changes
from domain.grid.past import keeps_the_past
from domain.grid.posts import Post, Posts, responsible
from domain.grid.tree import GridTree
from domain.grid.values import Cause, Grid, Kind
from tests.support.small_tree import small_city, small_posts, square

T = 1_000_000
LATE, LATER, LAST = (f"1970-01-01T0{hour}:00:00+00:00" for hour in (1, 2, 3))


def change(*changes: Change) -> Changed:
    return apply_changes(small_city(), small_posts(), changes, T)


def codes(changed: Changed) -> list[str]:
    return [finding.code.removeprefix("grid_change.") for finding in changed.findings]


def split_town(**wanted: str) -> Split:
    parts = (
        Part("93", "甲镇", children=("9101",), posts=(Appointment("chen", Role.ACCEPTOR),)),
        Part("94", "乙镇", children=("9102",)),
    )
    return Split(code="91", parts=parts, renumber=wanted)


def test_a_town_split_renumbers_what_is_under_it() -> None:
    tree = GridTree(change(split_town()).grids)
    for old, new in (("9101", "9301"), ("910103", "930103"), ("910204", "940204")):
        row = tree.find(old)
        assert row is not None
        assert (row.until_ms, row.became, row.cause) == (T, (new,), Cause.RENUMBER)
    town = tree.find("91")
    assert town is not None
    assert (town.became, town.cause) == (("93", "94"), Cause.SPLIT)


def test_codes_under_a_split_grid_can_be_chosen() -> None:
    changed = change(split_town(**{"9101": "9307", "910101": "930719"}))
    assert changed.findings == ()
    tree = GridTree(changed.grids)
    assert [g.code for g in tree.under("93", T)] == ["9307", "930702", "930703", "930704", "930719"]


def test_posts_follow_a_renumbered_scope_and_end_with_one_that_is_split() -> None:
    posts = Posts(change(split_town()).posts)
    tree = GridTree(change(split_town()).grids)
    before = responsible(tree, posts, "910101", T - 1)
    assert {role: [p.person for p in found] for role, found in before.items()} == {
        Role.COLLECTOR: ["collector-91"],
        Role.GRID_HEAD: ["head-9101"],
        Role.ACCEPTOR: ["acceptor-91"],
        Role.SHIFT_HEAD: ["shift_head-91"],
        Role.DISPATCHER: ["dispatcher-91"],
        Role.LEADER: ["leader"],
    }
    after = responsible(tree, posts, "930101", T)
    assert {role: [p.person for p in found] for role, found in after.items()} == {
        Role.GRID_HEAD: ["head-9101"],
        Role.ACCEPTOR: ["chen"],
        Role.LEADER: ["leader"],
    }
    assert after[Role.ACCEPTOR][0] == Post("chen", Role.ACCEPTOR, "93", 1, since_ms=T)
    assert after[Role.GRID_HEAD][0].scope == "9301"
    assert responsible(tree, posts, "910101", T) == {}


def test_posts_of_a_part_that_keeps_the_code_go_on_unbroken() -> None:
    parts = (Part("91", "镇1", children=("9101",)), Part("93", "新镇", children=("9102",)))
    changed = change(Split(code="91", parts=parts))
    assert changed.findings == ()
    posts = Posts(changed.posts)
    assert [p.person for p in posts.over("910101", T) if p.role is Role.COLLECTOR] == ["collector-91"]
    assert posts.of("collector-91", T)[0].since_ms is None
    assert [p.person for p in posts.over("930201", T)] == ["head-9102", "leader"]


def test_posts_that_ended_or_begin_later_are_treated_by_their_own_time() -> None:
    past = Post("wu", Role.GRID_HEAD, "9101", 2, until_ms=T)
    later = Post("li", Role.GRID_HEAD, "9101", 2, since_ms=T)
    changed = apply_changes(small_city(), (past, later), [Renumber(code="9101", new_code="9109")], T)
    assert changed.posts == (past, Post("li", Role.GRID_HEAD, "9109", 2, since_ms=T))
    lost = apply_changes(small_city(), (Post("li", Role.ACCEPTOR, "91", 1, since_ms=T),), [split_town()], T)
    assert codes(lost) == ["post_begins_later"]
    limited = Post("wu", Role.GRID_HEAD, "9101", 2, since_ms=5, until_ms=T + 9)
    moved = apply_changes(small_city(), (limited,), [Renumber(code="9101", new_code="9109")], T).posts
    assert [(p.scope, p.since_ms, p.until_ms) for p in moved] == [("9101", 5, T), ("9109", T, T + 9)]


def test_a_merger_gives_colliding_cells_the_next_free_numbers_and_joins_areas() -> None:
    changed = change(
        Merge(codes=("9101", "9102"), into=Part("9101", "并村", kind=Kind.URBAN)),
        Merge(codes=("920101", "920102"), into=Part("920109", "并格")),
    )
    assert changed.findings == ()
    tree = GridTree(changed.grids)
    assert [g.code[-2:] for g in tree.children("9101", T)] == ["01", "02", "03", "04", "05", "06", "07", "08"]
    moved = tree.find("910201")
    assert moved is not None
    assert moved.became == ("910105",)
    village, cell = tree.find("9101", T), tree.find("920109", T)
    assert village is not None
    assert cell is not None
    assert (village.kind, village.zh) == (Kind.URBAN, "并村")
    assert {frozenset(ring) for ring in cell.area} == {frozenset(square(4, 0, 2, 1)[0])}
    assert tree.successors("9102", T) == ("9101",)


def test_a_rename_keeps_everything_that_it_does_not_state() -> None:
    tree = GridTree(change(Rename(code="910101", zh="新名", mca_code="x")).grids)
    old, new = tree.find("910101", T - 1), tree.find("910101", T)
    assert old is not None
    assert new is not None
    assert (new.zh, new.en, new.area, new.lon, new.mca_code) == ("新名", old.en, old.area, old.lon, "x")
    assert (old.zh, old.became, old.cause) == ("格910101", ("910101",), Cause.RENAME)


def test_a_cell_is_split_by_areas_that_cover_it() -> None:
    halves = [Part("910111", "西", area=half(0)), Part("910112", "东", area=half(1))]
    changed = change(Split(code="910101", parts=tuple(halves)))
    assert changed.findings == ()
    short = change(Split(code="910101", parts=(halves[0], Part("910112", "东", area=half(0, 400)))))
    assert codes(short) == ["area_not_covered"]
    none = change(Split(code="910101", parts=(halves[0], Part("910112", "东"))))
    assert codes(none) == ["area_not_covered"]
    assert none.findings[0].allowed != none.findings[0].found


def half(which: int, width: int = 500) -> tuple[tuple[tuple[int, int], ...]]:
    (west, south), *_ = square(0, 0)[0]
    left = west + 500 * which
    return (((left, south), (left + width, south), (left + width, south + 1000), (left, south + 1000)),)


@pytest.mark.parametrize(
    ("expected", "asked"),
    [
        (["unknown"], Rename(code="77", zh="无")),
        (["unknown", "unknown"], Merge(codes=("77", "78"), into=Part("79", "无"))),
        (["wrong_level"], Renumber(code="9", new_code="8")),
        (["wrong_level"], Split(code="9", parts=(Part("7", "甲"), Part("8", "乙")))),
        (["nothing_changes"], Rename(code="91")),
        (["nothing_changes"], Rename(code="91", zh="镇1")),
        (["not_mergeable"], Merge(codes=("91", "91"), into=Part("93", "并"))),
        (["not_mergeable"], Merge(codes=("91", "9201"), into=Part("93", "并"))),
        (["not_under_parent"], Renumber(code="9101", new_code="8101")),
        (["not_under_parent"], Renumber(code="9101", new_code="9109", renumber={"910101": "920109"})),
        (["code_taken"], Renumber(code="9101", new_code="9102")),
        (["code_taken"], Renumber(code="91", new_code="91")),
        (["code_ambiguous"], Renumber(code="91", new_code="920")),
        (["not_renumbered"], Renumber(code="91", new_code="93", renumber={"9201": "9309"})),
        (["code_taken"], Renumber(code="91", new_code="93", renumber={"9101": "9302", "9102": "9302"})),
        (["time_without_zone"], Rename(code="91", zh="新", at="2027-01-01T00:00:00")),
        (["time_unreadable"], Rename(code="91", zh="新", at="next year")),
    ],
)
def test_a_change_that_cannot_be_is_refused_by_its_reason(expected: list[str], asked: Change) -> None:
    changed = change(asked)
    assert list(dict.fromkeys(codes(changed))) == list(dict.fromkeys(expected))
    assert {finding.row for finding in changed.findings} == {1}
    assert {finding.part for finding in changed.findings} == {"changes"}
    assert (changed.grids, changed.posts) == (small_city(), small_posts())


def test_a_split_names_everything_that_it_leaves_out_gives_twice_or_invents() -> None:
    parts = (Part("93", "甲", children=("9101", "7777")), Part("94", "乙", children=("9101",)), Part("95", "丙"))
    found = change(Split(code="91", parts=parts)).findings
    assert [(f.code.removeprefix("grid_change."), f.found) for f in found][:4] == [
        ("not_covered", "9102"),
        ("given_twice", "9101"),
        ("not_a_child", "7777"),
        ("empty_part", "95"),
    ]
    assert codes(change(Split(code="91", parts=(Part("93", "甲", children=("9101", "9102")),)))) == ["too_few_parts"]


def test_one_bad_change_hides_no_other_and_each_carries_its_number() -> None:
    changed = change(Rename(code="77", zh="无"), Rename(code="91", zh="好"), Rename(code="78", zh="无"))
    assert [(f.key, f.row) for f in changed.findings] == [("77", 1), ("78", 3)]
    newest = GridTree(changed.grids).find("91")
    assert newest is not None
    assert newest.zh == "好"


def test_a_grid_takes_no_change_before_its_last_one_or_after_its_end() -> None:
    late = "1970-01-01T01:00:00+00:00"
    assert codes(change(Rename(code="91", zh="新", at=late), Rename(code="91", zh="旧"))) == ["before_another"]
    assert codes(change(split_town(), Rename(code="91", zh="旧", at=late))) == ["ended"]
    assert codes(change(Rename(code="9101", zh="新", at=late), split_town()))[0] == "before_another"
    assert codes(change(Rename(code="91", zh="新"), Rename(code="91", zh="旧"))) == ["before_another"]


def test_nothing_moves_under_a_grid_that_is_going_to_end() -> None:
    parts = (Part("93", "甲镇", children=("9101",)), Part("94", "乙镇", children=("9102",)))
    later = Split(code="91", parts=parts, at="1970-01-01T01:00:00+00:00")
    assert codes(change(later, Renumber(code="9201", new_code="9107"))) == ["not_under_parent"]


def test_a_code_is_never_used_again() -> None:
    changed = change(Renumber(code="9101", new_code="9109"), Renumber(code="9102", new_code="9101"))
    assert codes(changed) == ["code_taken"]


def test_no_change_touches_the_past_and_tampering_is_seen() -> None:
    changed = change(split_town(), Rename(code="92", zh="新"), Merge(codes=("9201", "9202"), into=Part("9203", "并")))
    assert changed.findings == ()
    assert keeps_the_past(small_city(), changed.grids, T, small_posts(), changed.posts) == []
    seen = {f.code for f in keeps_the_past(small_city(), changed.grids, T + 1, small_posts(), changed.posts)}
    assert seen == {"grids.past_lost", "grids.past_added", "posts.past_lost", "posts.past_added"}
    assert {f.code for f in keeps_the_past(small_city(), small_city()[1:], T)} == {"grids.past_lost"}
    assert {f.code for f in keeps_the_past(small_city()[1:], small_city(), T)} == {"grids.past_added"}


def test_the_past_ends_at_the_instant_and_its_rows_may_stand_in_any_order() -> None:
    row, post = Grid("91", 1, "镇"), Post("wu", Role.GRID_HEAD, "91", 1, since_ms=1)
    times = [(None, T - 1), (T - 1, T), (T, T + 1)]
    grids = [replace(row, since_ms=since, until_ms=until, became=("91",)) for since, until in times]
    posts = [replace(post, since_ms=since, until_ms=until) for since, until in times]
    assert keeps_the_past(grids, grids[::-1], T, posts, posts[::-1]) == []
    open_then = [replace(row, until_ms=T - 1, became=("91",)), replace(row, since_ms=T - 1)]
    assert keeps_the_past(grids, open_then, T, posts, [posts[0], replace(posts[1], until_ms=None)]) == []
    longer = [replace(grids[0], until_ms=T), *grids[1:]]
    found = keeps_the_past(grids, longer, T, posts, [replace(posts[0], until_ms=T), *posts[1:]])
    assert [finding.code for finding in found] == [
        f"{part}.past_{what}" for part in ("grids", "posts") for what in ("lost", "added")
    ]
    assert keeps_the_past(grids, grids[:2], T, posts, posts[:2]) == []
    assert [f.code for f in keeps_the_past(grids, grids[:2], T + 1, posts, posts[:2])] == [
        "grids.past_lost",
        "posts.past_lost",
    ]


def test_a_grid_that_is_to_begin_later_is_not_left_without_what_it_lies_under() -> None:
    later = Renumber(code="920101", new_code="910110", at="1970-01-01T01:00:00+00:00")
    assert codes(change(later, Renumber(code="9101", new_code="9109"))) == ["grid_begins_later"]
    assert codes(change(later, Rename(code="9101", zh="新"))) == []
    town = Renumber(code="91", new_code="93", at="1970-01-01T01:00:00+00:00")
    assert codes(change(town, Renumber(code="92", new_code="930"))) == ["code_ambiguous"]


def test_a_part_that_keeps_the_code_keeps_seat_and_second_code_and_another_has_its_own() -> None:
    whole = replace(small_city()[1], lon=113.5, lat=34.5, mca_code="m", mca_zh="民")
    grids = (small_city()[0], whole, *small_city()[2:])
    parts = (Part("91", "甲", children=("9101",)), Part("93", "乙", children=("9102",), mca_code="n", mca_zh="政"))
    tree = GridTree(apply_changes(grids, (), [Split(code="91", parts=parts)], T).grids)
    kept, other = tree.find("91", T), tree.find("93", T)
    assert kept is not None
    assert other is not None
    assert (kept.lon, kept.lat, kept.mca_code, kept.mca_zh) == (113.5, 34.5, "m", "民")
    assert (other.lon, other.lat, other.mca_code, other.mca_zh) == (None, None, "n", "政")


def test_where_no_code_is_free_one_has_to_be_stated() -> None:
    grids = (*small_city(), Grid("9101ab", 3, "格"), Grid("9102ab", 3, "格"))
    merge = Merge(codes=("9101", "9102"), into=Part("9101", "并"))
    assert codes(apply_changes(grids, (), [merge], T)) == ["no_free_code"]
    assert codes(apply_changes(grids, (), [replace(merge, renumber={"9102ab": "9101ac"})], T)) == []


@pytest.mark.parametrize(
    "asked", [Rename(code="91", zh="新", at="next year"), Rename(code="77", zh="无"), Rename(code="91")]
)
def test_one_change_that_is_refused_gives_back_the_grids_and_posts_as_they_were(asked: Change) -> None:
    found = apply_change(small_city(), small_posts(), asked, T)
    assert (found.grids, found.posts, len(found.findings)) == (small_city(), small_posts(), 1)


def test_an_appointment_is_a_post_with_all_that_it_states() -> None:
    chen = Appointment("chen", Role.COLLECTOR, unit="u", level=3, title_zh="组长", title_en="Head")
    parts = (Part("93", "甲", children=("9101",), posts=(chen,)), Part("94", "乙", children=("9102",)))
    changed = apply_changes(small_city(), (), [Split(code="91", parts=parts)], T)
    post = Post("chen", Role.COLLECTOR, "93", 3, "u", since_ms=T, title_zh="组长", title_en="Head")
    assert changed.posts == (post,)


def test_a_part_is_of_its_whole_and_else_only_what_is_stated_of_it() -> None:
    whole = replace(small_city()[1], lon=113.5, lat=34.5, synthetic=True, kind=Kind.RURAL, mca_code="m", mca_zh="民")
    parts = (Part("93", "甲", "A", children=("9101",)), Part("94", "乙", children=("9102",), kind=Kind.URBAN))
    split = Split(code="91", parts=parts)
    tree = GridTree(apply_changes((small_city()[0], whole, *small_city()[2:]), (), [split], T).grids)
    assert tree.find("93") == Grid("93", 1, "甲", "A", synthetic=True, kind=Kind.RURAL, since_ms=T)
    assert tree.find("94") == Grid("94", 1, "乙", synthetic=True, kind=Kind.URBAN, since_ms=T)


def test_a_grid_that_is_renumbered_renamed_or_redrawn_is_the_same_but_for_that() -> None:
    names = Rename(code="920101", zh="新", en="New", kind=Kind.URBAN, mca_code="m", mca_zh="民")
    redraw = Redraw(areas={"910101": square(1, 0), "910102": square(0, 0)})
    changed = change(Renumber(code="910201", new_code="910209"), names, redraw)
    assert changed.findings == ()
    before, after = GridTree(small_city()), GridTree(changed.grids)
    moved, renamed, drawn = (before.find(code) for code in ("910201", "920101", "910101"))
    assert moved is not None
    assert renamed is not None
    assert drawn is not None
    assert after.find("910209") == replace(moved, code="910209", former_code="910201", since_ms=T)
    stated = replace(renamed, zh="新", en="New", kind=Kind.URBAN, mca_code="m", mca_zh="民", since_ms=T)
    assert after.find("920101") == stated
    assert after.find("910101") == replace(drawn, area=square(1, 0), since_ms=T)


def test_the_same_name_once_more_changes_nothing() -> None:
    assert codes(change(Rename(code="91", zh="新"), Rename(code="91", zh="新", at=LATE))) == ["nothing_changes"]


@pytest.mark.parametrize(
    ("taken", "following"),
    [([2], "01"), (range(1, 20), "20"), (range(1, 99), "99"), (range(1, 100), None)],
)
def test_a_colliding_cell_gets_the_first_free_number_of_as_many_digits(
    taken: list[int] | range, following: str | None
) -> None:
    above = [Grid("9", 0, "市"), Grid("91", 1, "镇"), Grid("9101", 2, "村"), Grid("9102", 2, "村")]
    cells = [Grid(f"9101{number:02d}", 3, "格") for number in taken]
    collides = Grid(f"9102{taken[0]:02d}", 3, "格")
    merge = Merge(codes=("9101", "9102"), into=Part("9101", "并"))
    changed = apply_changes([*above, *cells, collides], (), [merge], T)
    if following is None:
        assert codes(changed) == ["no_free_code"]
    else:
        assert GridTree(changed.grids).successors(collides.code, T) == (f"9101{following}",)


def test_a_grid_that_is_to_begin_later_is_not_yet_among_those_of_its_whole() -> None:
    village = Renumber(code="9201", new_code="9109", at=LATE)
    parts = (Part("91", "镇1", children=("9101",)), Part("93", "新镇", children=("9102",)))
    assert codes(change(village, Split(code="91", parts=parts))) == []
    cell = Renumber(code="920101", new_code="910210", at=LATE)
    merge = Merge(codes=("9101", "9102"), into=Part("9101", "并"))
    assert codes(change(cell, merge)) == ["grid_begins_later"]


def test_what_begins_at_the_same_instant_does_not_begin_later() -> None:
    found = change(Renumber(code="920101", new_code="910110"), Renumber(code="9101", new_code="9109"))
    assert codes(found) == ["before_another"]


def test_nothing_moves_under_a_grid_before_it_begins() -> None:
    town = Renumber(code="91", new_code="93", at=LATE)
    assert codes(change(town, Renumber(code="9201", new_code="9309"))) == ["not_under_parent"]


def test_codes_that_begin_each_other_one_after_the_other_are_not_ambiguous() -> None:
    steps = (("91", "93", LATE), ("93", "95", LATER), ("92", "930", LAST))
    moves = [Renumber(code=old, new_code=new, at=at) for old, new, at in steps]
    assert codes(change(*moves, Rename(code="9", zh="新市"))) == []


def test_areas_are_asked_of_a_split_only_where_the_whole_has_its_own_and_nothing_under_it() -> None:
    bare = (Part("910111", "西"), Part("910112", "东"))
    (found,) = change(Split(code="910101", parts=bare)).findings
    assert (found.code, found.key) == ("grid_change.area_not_covered", "910101")
    assert (found.found, found.allowed) == ("0", "10250")
    undrawn = [replace(grid, area=()) for grid in small_city()]
    assert codes(apply_changes(undrawn, (), [Split(code="910101", parts=bare)], T)) == []
    town = [replace(grid, area=square(0, 0, 4, 2)) if grid.code == "91" else grid for grid in small_city()]
    assert codes(apply_changes(town, (), [split_town()], T)) == []


def test_a_merger_has_an_area_where_all_have_one_and_it_covers_them() -> None:
    half_drawn = [replace(grid, area=()) if grid.code == "910102" else grid for grid in small_city()]
    merge = Merge(codes=("910101", "910102"), into=Part("910109", "并"))
    changed = apply_changes(half_drawn, (), [merge], T)
    merged = GridTree(changed.grids).find("910109")
    assert changed.findings == ()
    assert merged is not None
    assert merged.area == ()
    drawn = replace(merge, into=Part("910109", "并", area=square(0, 0)))
    (found,) = change(drawn).findings
    assert (found.code, found.key) == ("grid_change.area_not_covered", "910109")
    undrawn = [replace(grid, area=()) for grid in small_city()]
    assert codes(apply_changes(undrawn, (), [drawn], T)) == []


def test_a_merger_goes_on_from_the_grid_whose_code_it_keeps_else_from_the_first() -> None:
    kept = change(Merge(codes=("910102", "910101"), into=Part("910101", "并")))
    before, after = GridTree(small_city()).find("910101"), GridTree(kept.grids).find("910101")
    assert before is not None
    assert after is not None
    assert (after.lon, after.lat) == (before.lon, before.lat)
    kinds = {"9101": Kind.URBAN, "9102": Kind.RURAL}
    grids = [replace(grid, kind=kinds.get(grid.code)) for grid in small_city()]
    merged = apply_changes(grids, (), [Merge(codes=("9101", "9102"), into=Part("9103", "并"))], T)
    village = GridTree(merged.grids).find("9103")
    assert village is not None
    assert village.kind is Kind.URBAN
