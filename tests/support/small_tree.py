"""A small city of squares: two townships of two villages of four cells, every edge shared exactly."""

from __future__ import annotations

from domain.case.values import Role
from domain.grid.area import Area
from domain.grid.posts import Post
from domain.grid.values import Grid

SIDE = 1_000
"""Micro-degrees of a cell's side, about a hundred metres."""

WEST, SOUTH = 113_000_000, 34_000_000


def square(column: int, row: int, columns: int = 1, rows: int = 1) -> Area:
    """A block of cells, counter-clockwise, with a corner wherever a cell has one."""
    west, south = WEST + column * SIDE, SOUTH + row * SIDE
    xs = [west + SIDE * step for step in range(columns + 1)]
    ys = [south + SIDE * step for step in range(rows + 1)]
    ring = [(x, ys[0]) for x in xs[:-1]] + [(xs[-1], y) for y in ys[:-1]]
    ring += [(x, ys[-1]) for x in reversed(xs[1:])] + [(xs[0], y) for y in reversed(ys[1:])]
    return (tuple(ring),)


def middle(column: int, row: int) -> tuple[float, float]:
    """The middle of a cell, longitude and latitude in degrees."""
    return (WEST + (column + 0.5) * SIDE) / 1e6, (SOUTH + (row + 0.5) * SIDE) / 1e6


def cell_of(town: int, village: int, cell: int) -> tuple[int, int]:
    """Column and row of a cell; all numbers count from 1."""
    return (town - 1) * 4 + (village - 1) * 2 + (cell - 1) % 2, (cell - 1) // 2


def small_city() -> tuple[Grid, ...]:
    """9 with 91, 92; 9101 … 9202; 910101 … 920204: eight columns and two rows of cells."""
    grids = [Grid("9", 0, "市", "City", area=square(0, 0, 8, 2))]
    for town in (1, 2):
        grids.append(Grid(f"9{town}", 1, f"镇{town}", f"Town {town}"))
        for village in (1, 2):
            grids.append(Grid(f"9{town}{village:02d}", 2, f"村{town}{village}", f"Village {town}{village}"))
            for cell in (1, 2, 3, 4):
                place = cell_of(town, village, cell)
                code = f"9{town}{village:02d}{cell:02d}"
                grids.append(Grid(code, 3, f"格{code}", f"Cell {code}", *middle(*place), area=square(*place)))
    return tuple(grids)


def small_posts() -> tuple[Post, ...]:
    """A leader, a desk and collectors for each town, a head for each village."""
    posts = [Post("leader", Role.LEADER, "9", 0)]
    for town in ("91", "92"):
        posts += [Post(f"{role}-{town}", role, town, 1) for role in (Role.ACCEPTOR, Role.SHIFT_HEAD, Role.DISPATCHER)]
        posts.append(Post(f"collector-{town}", Role.COLLECTOR, town, 3))
        posts += [Post(f"head-{town}{v}", Role.GRID_HEAD, f"{town}{v}", 2) for v in ("01", "02")]
    return tuple(posts)
