"""Posts through time: who was responsible, and what is wrong with posts."""

from __future__ import annotations

import pytest

from domain.case.values import Role
from domain.finding import Weight
from domain.grid.change import Part, Rename, Split
from domain.grid.changes import apply_changes
from domain.grid.posts import Post, Posts, check_posts, check_vacant, responsible
from domain.grid.tree import GridTree
from tests.support.small_tree import small_city, small_posts

T = 1_000_000


def tree() -> GridTree:
    return GridTree(small_city())


def test_one_person_holds_several_posts() -> None:
    posts = Posts([Post("wu", Role.COLLECTOR, "9101", 3), Post("wu", Role.GRID_HEAD, "9102", 2, until_ms=T)])
    assert [post.role for post in posts.of("wu", T - 1)] == [Role.COLLECTOR, Role.GRID_HEAD]
    assert [post.role for post in posts.of("wu", T)] == [Role.COLLECTOR]


def test_terms_are_half_open_so_at_the_handover_one_answers() -> None:
    posts = Posts(
        [Post("wu", Role.GRID_HEAD, "9101", 2, until_ms=T), Post("li", Role.GRID_HEAD, "9101", 2, since_ms=T)]
    )
    for at_ms, person in ((T - 1, "wu"), (T, "li")):
        found = responsible(tree(), posts, "910101", at_ms)[Role.GRID_HEAD]
        assert [post.person for post in found] == [person]


def test_the_nearest_scope_answers_first_and_roles_stand_in_their_order() -> None:
    posts = Posts(
        [
            Post("city", Role.COLLECTOR, "", 3),
            Post("town", Role.COLLECTOR, "91", 3),
            Post("cell", Role.COLLECTOR, "910101", 3),
            Post("other", Role.COLLECTOR, "910102", 3),
            Post("boss", Role.LEADER, "9", 0),
            Post("head", Role.GRID_HEAD, "9101", 2),
        ]
    )
    found = responsible(tree(), posts, "910101", T)
    assert [post.person for post in found[Role.COLLECTOR]] == ["cell", "town", "city"]
    assert list(found) == [Role.COLLECTOR, Role.GRID_HEAD, Role.LEADER]
    assert [post.person for post in responsible(tree(), posts, "91", T)[Role.COLLECTOR]] == ["town", "city"]
    assert responsible(tree(), posts, "7", T) == {}


def test_posts_of_the_small_city_are_in_order_and_only_its_own_vacancies_are_warned_of() -> None:
    posts = Posts(small_posts())
    assert check_posts(tree(), posts) == []
    assert check_vacant(tree(), posts, T) == []


@pytest.mark.parametrize(
    ("expected", "posts"),
    [
        (["ends_before_start"], [Post("wu", Role.ACCEPTOR, "91", 1, since_ms=9, until_ms=9)]),
        ([], [Post("wu", Role.ACCEPTOR, "91", 1, since_ms=9, until_ms=10)]),
        (["twice"], [Post("wu", Role.ACCEPTOR, "91", 1), Post("wu", Role.ACCEPTOR, "91", 1)]),
        (["twice"], [Post("wu", Role.ACCEPTOR, "91", 1, since_ms=8), Post("wu", Role.ACCEPTOR, "91", 1, until_ms=9)]),
        (
            ["twice"],
            [
                Post("wu", Role.ACCEPTOR, "91", 1, since_ms=-1, until_ms=9),
                Post("wu", Role.ACCEPTOR, "91", 1, since_ms=8),
            ],
        ),
        ([], [Post("wu", Role.ACCEPTOR, "91", 1, until_ms=9), Post("wu", Role.ACCEPTOR, "91", 1, since_ms=9)]),
        (
            [],
            [
                Post("wu", Role.ACCEPTOR, "91", 1, since_ms=1, until_ms=2),
                Post("wu", Role.ACCEPTOR, "91", 1, since_ms=0, until_ms=1),
            ],
        ),
        (["twice"], [Post("wu", Role.ACCEPTOR, "91", 1, since_ms=5), Post("wu", Role.ACCEPTOR, "91", 1, since_ms=9)]),
        ([], [Post("wu", Role.ACCEPTOR, "91", 1), Post("wu", Role.ACCEPTOR, "92", 1)]),
        ([], [Post("wu", Role.ACCEPTOR, "91", 1), Post("wu", Role.DISPATCHER, "91", 1)]),
        ([], [Post("wu", Role.HANDLER, "91", 1, "a"), Post("wu", Role.HANDLER, "91", 1, "b")]),
        (["scope_no_grid"], [Post("wu", Role.ACCEPTOR, "77", 1)]),
        ([], [Post("wu", Role.LEADER, "", 0)]),
        (["scope_no_grid", "scope_no_grid"], [Post("a", Role.ACCEPTOR, "7", 1), Post("b", Role.ACCEPTOR, "8", 1)]),
    ],
)
def test_what_is_wrong_with_posts_is_found(expected: list[str], posts: list[Post]) -> None:
    found = check_posts(tree(), Posts(posts))
    assert [finding.code for finding in found] == [f"posts.{code}" for code in expected]
    assert {finding.key for finding in found} <= {post.person for post in posts}


@pytest.mark.parametrize(
    ("scope", "since", "until", "sound"),
    [
        ("91", None, T, True),
        ("91", None, T + 1, False),
        ("91", None, None, False),
        ("91", T, None, False),
        ("93", T, None, True),
        ("93", T - 1, None, False),
        ("93", None, None, False),
        ("92", None, None, True),
        ("92", 5, None, True),
        ("92", 5, T + 5, True),
        ("92", T, T + 5, True),
    ],
)
def test_a_post_lasts_no_longer_than_the_grid_that_it_is_for(
    scope: str, since: int | None, until: int | None, sound: bool
) -> None:
    parts = (Part("93", "甲", children=("9101",)), Part("94", "乙", children=("9102",)))
    changed = apply_changes(small_city(), (), [Split(code="91", parts=parts), Rename(code="92", zh="新")], T)
    post = Post("wu", Role.ACCEPTOR, scope, 1, since_ms=since, until_ms=until)
    assert (check_posts(GridTree(changed.grids), Posts([post])) == []) is sound


def test_a_new_town_without_a_desk_and_cells_without_patrol_are_warned_of() -> None:
    parts = (Part("93", "甲", children=("9101",)), Part("94", "乙", children=("9102",)))
    changed = apply_changes(small_city(), small_posts(), [Split(code="91", parts=parts)], T)
    found = check_vacant(GridTree(changed.grids), Posts(changed.posts), T)
    assert all(finding.weight is Weight.WARNING for finding in found)
    towns = [(f.key, f.found) for f in found if len(f.key) == 2]
    assert towns == [(town, role) for town in ("93", "94") for role in ("acceptor", "shift_head", "dispatcher")]
    assert [(f.key, f.found) for f in found if len(f.key) > 2] == [
        (f"{village}{cell:02d}", "collector") for village in ("9301", "9402") for cell in (1, 2, 3, 4)
    ]
