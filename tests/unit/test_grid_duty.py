"""Who was responsible for a place during a span of time: one answer for each part in which nothing changes."""

from __future__ import annotations

from domain.case.values import Role
from domain.grid.change import Part, Rename, Renumber, Split
from domain.grid.changes import apply_changes
from domain.grid.duty import ANSWERS_MAX, Responsible, during
from domain.grid.posts import Post, Posts
from domain.grid.tree import GridTree
from tests.support.small_tree import small_city

T = 1_000_000
CELL = ("910101", "9101", "91", "9")


def head(person: str, since_ms: int | None = None, until_ms: int | None = None) -> Post:
    return Post(person, Role.GRID_HEAD, "9101", 2, since_ms=since_ms, until_ms=until_ms)


def asked(*posts: Post, since_ms: int = T, until_ms: int = T + 10) -> list[Responsible]:
    return during(GridTree(small_city()), Posts(posts), lambda _: "910101", since_ms, until_ms)


def test_where_nothing_changes_there_is_one_answer_for_the_whole_span() -> None:
    wu = head("wu")
    assert asked(wu) == [Responsible(T, T + 10, CELL, {Role.GRID_HEAD: (wu,)})]
    assert asked() == [Responsible(T, T + 10, CELL, {})]


def test_at_a_handover_the_answer_changes_and_a_gap_is_an_answer_of_its_own() -> None:
    wu, li = head("wu", until_ms=T + 3), head("li", since_ms=T + 5)
    assert asked(wu, li) == [
        Responsible(T, T + 3, CELL, {Role.GRID_HEAD: (wu,)}),
        Responsible(T + 3, T + 5, CELL, {}),
        Responsible(T + 5, T + 10, CELL, {Role.GRID_HEAD: (li,)}),
    ]


def test_only_what_changes_within_the_span_divides_it() -> None:
    around = [head("a", until_ms=T), head("b", since_ms=T, until_ms=T + 10), head("c", since_ms=T + 10)]
    assert asked(*around) == [Responsible(T, T + 10, CELL, {Role.GRID_HEAD: (around[1],)})]


def test_what_changes_elsewhere_divides_nothing() -> None:
    wu = head("wu")
    other = Post("li", Role.GRID_HEAD, "9202", 2, since_ms=T + 2, until_ms=T + 4)
    assert asked(wu, other) == [Responsible(T, T + 10, CELL, {Role.GRID_HEAD: (wu,)})]


def test_a_split_gives_two_answers_each_with_the_grids_of_its_time() -> None:
    parts = (Part("93", "甲", children=("9101",)), Part("94", "乙", children=("9102",)))
    leader = Post("leader", Role.LEADER, "9", 0)
    changed = apply_changes(small_city(), (leader,), [Split(code="91", parts=parts)], T + 4)
    found = during(
        GridTree(changed.grids), Posts(changed.posts), lambda at: "910101" if at < T + 4 else "930101", T, T + 10
    )
    held = {Role.LEADER: (leader,)}
    assert found == [
        Responsible(T, T + 4, CELL, held),
        Responsible(T + 4, T + 10, ("930101", "9301", "93", "9"), held),
    ]


def test_the_path_is_that_of_the_instant_whatever_changes_later() -> None:
    longer = Renumber(code="91", new_code="910", at="1970-01-01T01:00:00+00:00")
    changed = apply_changes(small_city(), (), [Rename(code="9101", zh="新"), longer], T + 4)
    assert changed.findings == ()
    tree = GridTree(changed.grids)
    assert during(tree, Posts(()), lambda _: "910101", T, T + 10) == [Responsible(T, T + 10, CELL, {})]


def test_where_there_is_no_grid_nobody_is_responsible() -> None:
    posts = Posts([head("wu"), head("li", since_ms=T + 5)])
    tree = GridTree(small_city())
    found = during(tree, posts, lambda at: None if at < T + 5 else "910101", T, T + 10)
    assert found[0] == Responsible(T, T + 5, (), {})
    assert [answer.path for answer in found] == [(), CELL]


def test_there_are_no_more_answers_than_can_be_read_and_the_last_ends_where_it_ends() -> None:
    terms = [head(f"p{n}", since_ms=T + n, until_ms=T + n + 1) for n in range(ANSWERS_MAX + 5)]
    found = asked(*terms, until_ms=T + ANSWERS_MAX + 5)
    assert [(answer.since_ms, answer.until_ms) for answer in found] == [(T + n, T + n + 1) for n in range(ANSWERS_MAX)]


def test_however_much_changes_elsewhere_the_place_has_its_answer_for_the_whole_span() -> None:
    wu = head("wu")
    others = [Post("li", Role.GRID_HEAD, "9202", 2, since_ms=T + n) for n in range(ANSWERS_MAX + 5)]
    leaves = head("zhao", since_ms=T + ANSWERS_MAX + 6)
    end = T + ANSWERS_MAX + 10
    found = asked(wu, leaves, *others, until_ms=end)
    assert [(answer.since_ms, answer.until_ms) for answer in found] == [
        (T, leaves.since_ms),
        (leaves.since_ms, end),
    ]


def test_an_empty_span_has_no_answer() -> None:
    assert asked(head("wu"), since_ms=T, until_ms=T) == []
