"""The check at adoption: a new tree and new posts answer as the old ones about every instant before they take effect.

Owns the comparison. What lies before the instant must be there row for row, cut off at that instant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec.structs import replace

from domain.finding import Finding
from domain.grid.posts import Post
from domain.grid.values import Grid


def keeps_the_past(
    old_grids: Iterable[Grid],
    new_grids: Iterable[Grid],
    at_ms: int,
    old_posts: Iterable[Post] = (),
    new_posts: Iterable[Post] = (),
) -> list[Finding]:
    """What the new contents would answer otherwise about instants before `at_ms` (UTC milliseconds); none is right."""
    findings: list[Finding] = []
    before, after = (Counter(_grids_before(grids, at_ms)) for grids in (old_grids, new_grids))
    for grid in before - after:
        findings.append(
            _fault(
                "grids.past_lost",
                "grids",
                f"网格 {grid.code}({grid.zh})在生效之前的内容不见了或被改动。",
                f"What the grid {grid.code} was before that time is gone or changed.",
                grid.code,
            )
        )
    for grid in after - before:
        findings.append(
            _fault(
                "grids.past_added",
                "grids",
                f"网格 {grid.code}({grid.zh})在生效之前的内容是新增的或被改动。",
                f"What the grid {grid.code} is said to have been before that time is new or changed.",
                grid.code,
            )
        )
    return findings + _posts(Counter(_posts_before(old_posts, at_ms)), Counter(_posts_before(new_posts, at_ms)))


def _posts(before: Counter[Post], after: Counter[Post]) -> list[Finding]:
    findings: list[Finding] = []
    for post in before - after:
        findings.append(
            _fault(
                "posts.past_lost",
                "posts",
                f"{post.person} 在 {post.scope} 的岗位 {post.role} 在生效之前的任期不见了或被改动。",
                f"The term of {post.person} as {post.role} of {post.scope} before that time is gone or changed.",
                post.person,
            )
        )
    for post in after - before:
        findings.append(
            _fault(
                "posts.past_added",
                "posts",
                f"{post.person} 在 {post.scope} 的岗位 {post.role} 在生效之前的任期是新增的或被改动。",
                f"The term of {post.person} as {post.role} of {post.scope} before that time is new or changed.",
                post.person,
            )
        )
    return findings


def _grids_before(grids: Iterable[Grid], at_ms: int) -> Iterable[Grid]:
    for grid in grids:
        if grid.since_ms is not None and grid.since_ms >= at_ms:
            continue
        if grid.until_ms is None or grid.until_ms >= at_ms:
            yield replace(grid, until_ms=None, became=(), cause=None)
        else:
            yield grid


def _posts_before(posts: Iterable[Post], at_ms: int) -> Iterable[Post]:
    for post in posts:
        if post.since_ms is None or post.since_ms < at_ms:
            open_then = post.until_ms is None or post.until_ms >= at_ms
            yield replace(post, until_ms=None) if open_then else post


def _fault(code: str, part: str, zh: str, en: str, key: str) -> Finding:
    return Finding(code, part, zh, en, found=key, key=key)
