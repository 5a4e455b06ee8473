"""Posts 岗位 through time: who held which role for which part of the tree, and so who was responsible for a grid.

Owns the answer to "who was responsible for this spot on that day". A post is never overwritten: it ends, and what
follows is a post of its own. Scope is a code prefix: a post answers for everything under its scope.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import msgspec

from domain.case.values import Role
from domain.finding import Finding, Weight
from domain.grid.tree import GridTree
from domain.grid.values import CELL_LEVEL, POSTS_MAX, Code, Grid, Level, too_many

DESK_ROLES = (Role.ACCEPTOR, Role.SHIFT_HEAD, Role.DISPATCHER)
"""Who a township's centre needs (domain document §3, "whose desk")."""

PATROL_ROLES = (Role.COLLECTOR, Role.GRID_HEAD)
"""Who a patrol cell needs (domain document §1)."""


class Post(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A role that a person holds for a scope in [since_ms, until_ms), UTC milliseconds; None is always, or still."""

    person: Code
    role: Role
    scope: str
    level: Level
    unit: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    title_zh: str = ""
    title_en: str = ""
    synthetic: bool = False

    def held(self, at_ms: int) -> bool:
        """True at that instant; the end is the first instant at which it is not."""
        return (self.since_ms is None or self.since_ms <= at_ms) and (self.until_ms is None or at_ms < self.until_ms)


class Posts:
    """An index over posts by scope; immutable."""

    __slots__ = ("_by_scope", "_lengths", "posts")

    def __init__(self, posts: Iterable[Post]) -> None:
        self.posts: tuple[Post, ...] = tuple(posts)
        self._by_scope: dict[str, list[Post]] = {}
        for post in self.posts:
            self._by_scope.setdefault(post.scope, []).append(post)
        self._lengths = sorted({len(scope) for scope in self._by_scope}, reverse=True)

    def over(self, code: str, at_ms: int) -> list[Post]:
        """The posts held at that instant whose scope is the beginning of the code, the nearest scope first."""
        scopes = (code[:length] for length in self._lengths if length <= len(code))
        return [post for scope in scopes for post in self._by_scope.get(scope, ()) if post.held(at_ms)]

    def of(self, person: str, at_ms: int) -> list[Post]:
        """The posts that a person held at that instant, in the order of their file."""
        return [post for post in self.posts if post.person == person and post.held(at_ms)]


def responsible(tree: GridTree, posts: Posts, code: str, at_ms: int) -> dict[Role, tuple[Post, ...]]:
    """Who was responsible for a grid at an instant, by role: the nearest scope first, up to the city's posts.

    Empty if the code was no grid then: ask with the code that the place had at that time.
    """
    if tree.find(code, at_ms) is None:
        return {}
    found: dict[Role, list[Post]] = {}
    for post in posts.over(code, at_ms):
        found.setdefault(post.role, []).append(post)
    return {role: tuple(found[role]) for role in Role if role in found}


def check_posts(tree: GridTree, posts: Posts) -> list[Finding]:
    """What is wrong with posts: an end that is not after the start, a scope that is no grid, the same post twice.

    Of more than POSTS_MAX only that.
    """
    if len(posts.posts) > POSTS_MAX:
        return [too_many("posts", "岗位", len(posts.posts), POSTS_MAX)]
    findings: list[Finding] = []
    held: dict[tuple[str, Role, str | None, str], list[Post]] = {}
    for post in posts.posts:
        if post.since_ms is not None and post.until_ms is not None and post.until_ms <= post.since_ms:
            findings.append(_backwards(post))
            continue
        findings += _scope(tree, post)
        held.setdefault((post.person, post.role, post.unit, post.scope), []).append(post)
    for same in held.values():
        findings += _doubles(same)
    return findings


def check_vacant(tree: GridTree, posts: Posts, at_ms: int) -> list[Finding]:
    """Warnings of what nobody answers for at an instant: cells without patrol, townships without a desk of their own.

    A township may have no centre; then its cases are the city's, which whoever adopts the posts should know.
    """
    findings: list[Finding] = []
    for grid in tree.valid(at_ms):
        over = posts.over(grid.code, at_ms)
        if grid.level == CELL_LEVEL:
            there = {post.role for post in over}
            findings += [_vacant(grid, role) for role in PATROL_ROLES if role not in there]
        elif grid.level == 1:
            there = {post.role for post in over if post.scope == grid.code}
            findings += [_vacant(grid, role) for role in DESK_ROLES if role not in there]
    return findings


def _scope(tree: GridTree, post: Post) -> list[Finding]:
    if not post.scope or _stands(tree.rows(post.scope), post.since_ms, post.until_ms):
        return []
    return [
        Finding(
            "posts.scope_no_grid",
            "posts",
            f"{post.person} 的岗位 {post.role} 管辖 {post.scope},而任期内至少有一段时间没有这个网格。",
            f"{post.person} is {post.role} of {post.scope}, which is no grid for at least a part of that time.",
            found=post.scope,
            key=post.person,
        )
    ]


def _stands(rows: Iterable[Grid], since_ms: int | None, until_ms: int | None) -> bool:
    """True if the rows of a code, the oldest first, leave no instant of the span without a grid."""
    at_ms = since_ms
    for row in rows:
        if at_ms is not None and row.until_ms is not None and row.until_ms <= at_ms:
            continue
        if row.since_ms is not None and (at_ms is None or row.since_ms > at_ms):
            return False
        if row.until_ms is None or (until_ms is not None and until_ms <= row.until_ms):
            return True
        at_ms = row.until_ms
    return False


def _doubles(same: list[Post]) -> list[Finding]:
    """Posts of one person, role, unit and scope: each that begins before the one before it has ended."""
    findings: list[Finding] = []
    ordered = sorted(same, key=lambda post: (post.since_ms is not None, post.since_ms or 0))
    for before, after in pairwise(ordered):
        if before.until_ms is None or after.since_ms is None or after.since_ms < before.until_ms:
            findings.append(
                Finding(
                    "posts.twice",
                    "posts",
                    f"{after.person} 在 {after.scope} 的岗位 {after.role} 有两段任期重叠。",
                    f"Two terms of {after.person} as {after.role} of {after.scope} overlap.",
                    found=after.scope,
                    key=after.person,
                )
            )
    return findings


def _backwards(post: Post) -> Finding:
    return Finding(
        "posts.ends_before_start",
        "posts",
        f"{post.person} 在 {post.scope} 的岗位 {post.role} 结束不晚于开始。",
        f"The post of {post.person} as {post.role} of {post.scope} ends no later than it starts.",
        found=f"{post.since_ms}..{post.until_ms}",
        key=post.person,
    )


def _vacant(grid: Grid, role: Role) -> Finding:
    return Finding(
        "posts.vacant",
        "posts",
        f"{grid.zh}({grid.code})没有 {role}。",
        f"Nobody is {role} of {grid.code}.",
        found=role,
        key=grid.code,
        weight=Weight.WARNING,
    )
