"""Laws of the grid tree for every sequence of changes: the past stays, the tree stays whole, cases find a home."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from msgspec.structs import replace

from domain.case.values import Role
from domain.grid.area import Area, Spot, contains
from domain.grid.change import Appointment, Change, Merge, Part, Redraw, Rename, Renumber, Split
from domain.grid.changes import Changed, apply_change, apply_changes
from domain.grid.check import check_tree
from domain.grid.past import keeps_the_past
from domain.grid.places import Places
from domain.grid.posts import Post, Posts, check_posts, responsible
from domain.grid.rehome import rehomed
from domain.grid.tree import GridTree
from domain.grid.values import Cause, Grid
from tests.support.small_tree import SIDE, SOUTH, WEST, small_city, small_posts

T = 1_000_000
CHANGES_MAX = 8
BEFORE = (T - 1, T - 1_000, 0, -T)
PROBES: list[Spot] = [(WEST + x * SIDE // 4, SOUTH + y * SIDE // 4) for x in range(8 * 4) for y in range(2 * 4)]
"""Corners, edges and middles of every cell of the city, and of the halves of each."""


def history(data: DataObject) -> tuple[Changed, list[Change]]:
    """The small city after changes that were drawn to fit what those before them left; most are accepted."""
    now = Changed(small_city(), small_posts())
    done: list[Change] = []
    for _ in range(data.draw(st.integers(1, CHANGES_MAX), label="changes")):
        at_ms = T + data.draw(st.integers(0, 9), label="after") * 1_000
        change = drawn(data, GridTree(now.grids), at_ms)
        outcome = apply_change(now.grids, now.posts, change, T)
        event(f"{type(change).__name__} {'refused' if outcome.findings else 'accepted'}")
        if not outcome.findings:
            now = outcome
            done.append(change)
    return now, done


def drawn(data: DataObject, tree: GridTree, at_ms: int) -> Change:
    """A change that could be: of grids that are there, with codes that nobody has used."""
    at = f"1970-01-01T00:{at_ms // 60_000:02d}:{at_ms // 1_000 % 60:02d}+00:00"
    level = data.draw(st.sampled_from([1, 2, 3]), label="level")
    grid = data.draw(st.sampled_from(tree.valid(at_ms, level)), label="grid")
    kind = data.draw(st.sampled_from(["rename", "renumber", "merge", "split", "redraw"]), label="kind")
    if kind == "rename":
        return Rename(at=at, code=grid.code, zh=f"{grid.zh}新")
    parent = data.draw(st.sampled_from(tree.valid(at_ms, level - 1)), label="parent")
    if kind == "renumber":
        return Renumber(at=at, code=grid.code, new_code=fresh(data, tree, parent.code, level))
    other = data.draw(st.sampled_from(tree.valid(at_ms, level)), label="other")
    if kind == "merge":
        into = data.draw(st.sampled_from([grid.code, fresh(data, tree, parent.code, level)]), label="into")
        return Merge(at=at, codes=(grid.code, other.code), into=Part(into, "并"))
    if kind == "redraw":
        cells = [tree.valid(at_ms, 3)[n % len(tree.valid(at_ms, 3))] for n in (0, data.draw(st.integers(1, 15)))]
        return Redraw(at=at, areas={cells[0].code: cells[1].area, cells[1].code: cells[0].area})
    return split(data, tree, grid, parent, at, at_ms)


def split(data: DataObject, tree: GridTree, grid: Grid, parent: Grid, at: str, at_ms: int) -> Split:
    """A grid in two: its children shared out, or a cell cut at its middle; the first part may keep the code."""
    above = tree.parent(grid.code, at_ms) or parent
    first = data.draw(st.sampled_from([grid.code, fresh(data, tree, above.code, grid.level)]), label="first")
    second = fresh(data, tree, above.code, grid.level)
    children = [child.code for child in tree.children(grid.code, at_ms)]
    cut = data.draw(st.integers(0, len(children)), label="cut")
    west, east = halves(grid.area) if grid.level == 3 else ((), ())
    head = (Appointment("new", Role.ACCEPTOR),) if data.draw(st.booleans(), label="appointed") else ()
    return Split(
        at=at,
        code=grid.code,
        parts=(
            Part(first, "甲", children=tuple(children[:cut]), area=west),
            Part(second, "乙", children=tuple(children[cut:]), area=east, posts=head),
        ),
    )


def halves(area: Area) -> tuple[Area, Area]:
    """A rectangle in two; anything else is given to the first part, which is refused."""
    xs, ys = sorted({x for ring in area for x, _ in ring}), sorted({y for ring in area for _, y in ring})
    if len(area) != 1 or len(area[0]) != 4 or xs[-1] - xs[0] < 2:
        return area, ()
    middle = (xs[0] + xs[-1]) // 2
    return rectangle(xs[0], middle, ys), rectangle(middle, xs[-1], ys)


def rectangle(west: int, east: int, ys: list[int]) -> Area:
    """A rectangle between two meridians."""
    return (((west, ys[0]), (east, ys[0]), (east, ys[-1]), (west, ys[-1])),)


def fresh(data: DataObject, tree: GridTree, parent: str, level: int) -> str:
    """A code under a parent that nobody has used."""
    ending = "abcdefghijklmnopqrstuvwxyz" if level == 1 else [f"{n:02d}" for n in range(10, 100)]
    free = [parent + each for each in ending if parent + each not in set(tree.codes)]
    return data.draw(st.sampled_from(free), label="code")


def bare(grid: Grid | None) -> Grid | None:
    """What a grid is, without how it will end."""
    return grid and replace(grid, until_ms=None, became=(), cause=None)


def answers(grids: Sequence[Grid], posts: Sequence[Post], at_ms: int) -> list[object]:
    """Everything that can be asked about an instant."""
    tree, held, places = GridTree(grids), Posts(posts), Places(GridTree(grids))
    codes = sorted({grid.code for grid in small_city()})
    return [
        [bare(grid) for grid in tree.valid(at_ms)],
        [bare(tree.find(code, at_ms)) for code in codes],
        [[bare(child) for child in tree.children(code, at_ms)] for code in codes],
        [tree.successors(code, at_ms) for code in codes],
        [
            {
                role: [replace(p, until_ms=None) for p in found]
                for role, found in responsible(tree, held, c, at_ms).items()
            }
            for c in codes
        ],
        [bare(places.find(x / 1e6, y / 1e6, at_ms)) for x, y in PROBES],
    ]


@given(st.data())
def test_no_change_alters_an_answer_about_an_instant_before_it(data: DataObject) -> None:
    now, _ = history(data)
    for at_ms in BEFORE:
        assert answers(now.grids, now.posts, at_ms) == answers(small_city(), small_posts(), at_ms)
    assert keeps_the_past(small_city(), now.grids, T, small_posts(), now.posts) == []


@given(st.data())
def test_after_any_changes_the_tree_is_whole_at_every_instant(data: DataObject) -> None:
    now, _ = history(data)
    tree = GridTree(now.grids)
    assert check_tree(tree) == []
    assert check_posts(tree, Posts(now.posts)) == []
    for at_ms in (T - 1, *tree.moments):
        for grid in tree.valid(at_ms):
            over = [g.code for g in tree.valid(at_ms, grid.level - 1) if grid.code.startswith(g.code)]
            assert len(over) == (1 if grid.level else 0)
        assert {g.code for g in tree.under("9", at_ms)} == {g.code for g in tree.valid(at_ms) if g.level}


@given(st.data())
def test_after_any_changes_every_spot_of_the_city_lies_in_exactly_one_cell(data: DataObject) -> None:
    now, _ = history(data)
    tree = GridTree(now.grids)
    places = Places(tree)
    for at_ms in (T - 1, *tree.moments):
        cells = tree.valid(at_ms, 3)
        for at in PROBES:
            held = [cell for cell in cells if contains(cell.area, at)]
            assert len(held) == 1
            assert places.find(at[0] / 1e6, at[1] / 1e6, at_ms) == held[0]


@given(st.data())
def test_what_followed_a_cell_lies_where_the_cell_was(data: DataObject) -> None:
    now, _ = history(data)
    tree = GridTree(now.grids)
    if any(grid.cause is Cause.REDRAW for grid in now.grids):
        return
    for at_ms in tree.moments:
        for at in PROBES[::5]:
            before = next(c for c in tree.valid(T - 1, 3) if contains(c.area, at))
            after = next(c for c in tree.valid(at_ms, 3) if contains(c.area, at))
            assert after.code in tree.successors(before.code, at_ms, meant_ms=T - 1)


codes = st.text("12", min_size=1, max_size=4)
moments = st.none() | st.integers(0, 5)
any_rows = st.lists(
    st.builds(Grid, codes, st.integers(0, 3), st.just("格"), since_ms=moments, until_ms=moments), max_size=12
)


@settings(max_examples=300)
@given(any_rows)
def test_what_is_wrong_at_any_instant_is_found_as_if_all_grids_were_looked_at(rows: list[Grid]) -> None:
    tree = GridTree(rows)
    wanted: set[tuple[str, str]] = set()
    for at_ms in (-1, *tree.moments):
        valid = [(grid, level) for level in range(4) for grid in tree.valid(at_ms, level)]
        cities = {grid.code for grid, _ in valid if grid.level == 0}
        wanted |= {("grids.two_cities", code) for code in sorted(cities)[1:]}
        for grid, _ in valid:
            others = [other for other, _ in valid if other.code != grid.code and grid.code.startswith(other.code)]
            above = any(other.level == grid.level - 1 for other in others)
            if grid.level and (grid.level > 1 or cities) and not above:
                wanted.add(("grids.no_parent", grid.code))
            if any(other.level == grid.level for other in others):
                wanted.add(("grids.code_ambiguous", grid.code))
    standing = {"grids.two_cities", "grids.no_parent", "grids.code_ambiguous"}
    found = [(finding.code, finding.key) for finding in check_tree(tree) if finding.code in standing]
    assert sorted(found) == sorted(wanted)


@given(st.data())
def test_every_case_finds_a_home_that_is_valid_and_holds_all_that_its_grid_became(data: DataObject) -> None:
    now, _ = history(data)
    tree = GridTree(now.grids)
    x, y = data.draw(st.sampled_from(PROBES))
    for at_ms in tree.moments:
        for grid in small_city():
            for point in ((None, None), (x / 1e6, y / 1e6)):
                home = rehomed(tree, grid.code, *point, at_ms, meant_ms=T - 1)
                if home is None:
                    assert tree.find(grid.code, at_ms) is not None
                    continue
                assert tree.find(home.grid, at_ms) is not None
                assert home == rehomed(tree, grid.code, *point, at_ms, meant_ms=T - 1)
                if home.incomplete:
                    assert len(home.successors) > 1
                    assert all(code.startswith(home.grid) for code in home.successors)
                else:
                    assert home.grid in home.successors


@given(st.data())
def test_changes_in_one_file_do_what_they_do_one_by_one(data: DataObject) -> None:
    now, done = history(data)
    assert apply_changes(small_city(), small_posts(), done, T) == now
