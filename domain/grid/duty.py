"""Who was responsible for a place during a span of time: one answer for each part of it in which nothing changes.

Owns "who was responsible for this spot on that day" (domain document §1): a day on which a township is split has two
answers, and both are right.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import msgspec

from domain.case.values import Role
from domain.grid.posts import Post, Posts, responsible
from domain.grid.tree import GridTree

ANSWERS_MAX = 100


class Responsible(msgspec.Struct, frozen=True, gc=False):
    """In [since_ms, until_ms) the place was `path`, the grid and what holds it up to the city (empty: no grid then),
    and these posts answered for it, by role, the nearest scope first."""

    since_ms: int
    until_ms: int
    path: tuple[str, ...]
    posts: dict[Role, tuple[Post, ...]]


def during(
    tree: GridTree, posts: Posts, grid_at: Callable[[int], str | None], since_ms: int, until_ms: int
) -> list[Responsible]:
    """The answers in [since_ms, until_ms), UTC milliseconds; `grid_at` gives the place's grid at an instant.

    At most ANSWERS_MAX; where there would be more, the last one still ends where it ends, before `until_ms`.
    An empty span has no answer.
    """
    changes = {since_ms, *tree.moments}
    for post in posts.posts:
        changes |= {ms for ms in (post.since_ms, post.until_ms) if ms is not None}
    starts = sorted(ms for ms in changes if since_ms <= ms < until_ms)
    found: list[Responsible] = []
    for start, end in pairwise([*starts, until_ms]):
        code = grid_at(start)
        path = () if code is None else tuple(grid.code for grid in tree.ancestors(code, start))
        held = {} if code is None else responsible(tree, posts, code, start)
        if found and (found[-1].path, found[-1].posts) == (path, held):
            found[-1] = msgspec.structs.replace(found[-1], until_ms=end)
        elif len(found) == ANSWERS_MAX:
            break
        else:
            found.append(Responsible(start, end, path, held))
    return found
