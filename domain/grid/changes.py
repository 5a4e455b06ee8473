"""Carries changes of the grid tree out, as a pure function of grids and posts: nothing about the past is touched.

Owns the rule that a change at T alters no answer about an instant before T: rows end at T and others begin at T. What a
change would break is refused with findings, and one bad change never hides the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from domain.finding import Finding
from domain.grid.change import Change, Redraw, Rename, effective_ms, named, refusal
from domain.grid.plan import Plan, planned
from domain.grid.posts import Post
from domain.grid.tree import GridTree
from domain.grid.values import Grid


class Changed(msgspec.Struct, frozen=True):
    """Grids and posts after the changes that could be carried out; nobody may adopt them while there are findings."""

    grids: tuple[Grid, ...]
    posts: tuple[Post, ...]
    findings: tuple[Finding, ...] = ()


def apply_changes(
    grids: Iterable[Grid], posts: Iterable[Post], changes: Sequence[Change | None], adopted_ms: int
) -> Changed:
    """Carry changes out in their order, each on what those before it left; findings carry the change's number as row.

    `adopted_ms` (UTC milliseconds) is the effective time of a change that states none. None stands for a change that
    could not be read: it keeps its number.
    """
    now = Changed(tuple(grids), tuple(posts))
    findings: list[Finding] = []
    for number, change in enumerate(changes, start=1):
        if change is None:
            continue
        outcome = apply_change(now.grids, now.posts, change, adopted_ms)
        findings += [replace(finding, row=number) for finding in outcome.findings]
        if not outcome.findings:
            now = outcome
    return Changed(now.grids, now.posts, tuple(findings))


def apply_change(grids: tuple[Grid, ...], posts: tuple[Post, ...], change: Change, adopted_ms: int) -> Changed:
    """One change; with findings the grids and posts are those given."""
    at_ms = effective_ms(change, adopted_ms)
    if isinstance(at_ms, Finding):
        return Changed(grids, posts, (at_ms,))
    tree = GridTree(grids)
    wholes, findings = _wholes(tree, change, at_ms)
    if findings:
        return Changed(grids, posts, tuple(findings))
    plan = planned(tree, change, wholes, at_ms)
    findings = plan.findings + _unmovable(plan) + _codes(plan)
    after = _carried_out(grids, plan)
    findings += _orphans(plan, GridTree(after)) + _later_posts(plan, posts)
    if findings:
        return Changed(grids, posts, tuple(findings))
    return Changed(after, _posts(plan, posts))


def _wholes(tree: GridTree, change: Change, at_ms: int) -> tuple[list[Grid], list[Finding]]:
    """The grids that a change names, as they stand when it takes effect."""
    wholes: list[Grid] = []
    findings: list[Finding] = []
    for code in named(change):
        newest = tree.find(code)
        if newest is None:
            findings.append(
                refusal("unknown", f"没有编码为 {code} 的网格。", f"There is no grid with the code {code}.", code, code)
            )
        elif wrong := _not_changeable(newest, at_ms):
            findings.append(wrong)
        elif newest.level == 0 and not isinstance(change, Rename | Redraw):
            findings.append(
                refusal(
                    "wrong_level",
                    f"{code} 是全市(0 级),只能更名或重划边界;可拆分、合并或重新编码的是 1 至 3 级网格。",
                    f"{code} is the city (level 0), which can only be renamed or redrawn; others are of level 1 to 3.",
                    code,
                    "0",
                    "1, 2, 3",
                )
            )
        else:
            wholes.append(newest)
    return wholes, findings


def _not_changeable(newest: Grid, at_ms: int) -> Finding | None:
    """A change takes hold of a grid that has begun before it and has not ended, nor will."""
    code = newest.code
    if newest.until_ms is not None:
        return refusal(
            "ended",
            f"网格 {code} 已有终止时间({newest.until_ms} 毫秒,UTC),之后为 {', '.join(newest.became)}。",
            f"The grid {code} has its end already (at {newest.until_ms} ms UTC) and became {', '.join(newest.became)}.",
            code,
            str(newest.until_ms),
        )
    if newest.since_ms is not None and newest.since_ms >= at_ms:
        return refusal(
            "before_another",
            f"网格 {code} 自 {newest.since_ms} 毫秒(UTC)起才是现状,变更须在此之后生效。",
            f"The grid {code} is as it is since {newest.since_ms} ms UTC; a change must take effect after that.",
            code,
            str(at_ms),
            f"> {newest.since_ms}",
        )
    return None


def _unmovable(plan: Plan) -> list[Finding]:
    """What is renumbered with its whole must be changeable at that instant, too."""
    found = (plan.tree.find(code) for code in plan.moved)
    return [wrong for grid in found if grid is not None and (wrong := _not_changeable(grid, plan.at_ms))]


def _codes(plan: Plan) -> list[Finding]:
    """No code is given twice, and none that was ever used, but by a part that keeps the code of its whole."""
    findings: list[Finding] = []
    given: set[str] = set()
    for grid in plan.born:
        used = plan.tree.find(grid.code) is not None and grid.code not in plan.ended
        if used or grid.code in given or grid.code in plan.moved:
            findings.append(
                refusal(
                    "code_taken",
                    f"编码 {grid.code} 已经用过或在本次变更中出现两次;编码不得重复使用。",
                    f"The code {grid.code} has been used before or stands twice here; no code is used again.",
                    grid.code,
                    grid.code,
                )
            )
        given.add(grid.code)
    return findings


def _orphans(plan: Plan, after: GridTree) -> list[Finding]:
    """Everything that begins lies under a grid of the level above that stays, and apart from those of its own level."""
    findings: list[Finding] = []
    for grid in plan.born:
        above = after.over(grid.code, grid.level, plan.at_ms)
        if grid.level and (above is None or after.ended_ms(above.code) is not None):
            findings.append(
                refusal(
                    "not_under_parent",
                    f"编码 {grid.code}({grid.level} 级)须以一个未终止的 {grid.level - 1} 级网格的编码开头。",
                    f"The code {grid.code} (level {grid.level}) must begin with that of a grid of level "
                    f"{grid.level - 1} that has no end.",
                    grid.code,
                    grid.code,
                )
            )
        findings += _ambiguous(after, grid, plan.at_ms)
    for grid in plan.tree.grids:
        if grid.since_ms is not None and grid.since_ms > plan.at_ms:
            findings += _left_behind(after, grid, grid.since_ms) + _ambiguous(after, grid, grid.since_ms)
    return findings


def _left_behind(after: GridTree, grid: Grid, since_ms: int) -> list[Finding]:
    """A grid that is to begin later, by a change adopted before this one, still finds what it is to lie under."""
    if not grid.level or after.over(grid.code, grid.level, since_ms) is not None:
        return []
    return [
        refusal(
            "grid_begins_later",
            f"网格 {grid.code} 将于 {since_ms} 毫秒(UTC)开始,而本次变更使其上级网格先行终止。",
            f"The grid {grid.code} begins at {since_ms} ms UTC; this change would end before that what it lies under.",
            grid.code,
            str(since_ms),
        )
    ]


def _ambiguous(after: GridTree, grid: Grid, at_ms: int) -> list[Finding]:
    beside = after.ambiguous(grid.code, grid.level, at_ms)
    if beside is None:
        return []
    return [
        refusal(
            "code_ambiguous",
            f"编码 {grid.code} 与同级网格 {beside.code} 互为开头,管辖范围会混淆。",
            f"Of {grid.code} and {beside.code}, both of level {grid.level}, one code begins the other: "
            f"their scopes would mix.",
            grid.code,
            beside.code,
        )
    ]


def _carried_out(grids: Iterable[Grid], plan: Plan) -> tuple[Grid, ...]:
    rows: list[Grid] = []
    for grid in grids:
        if grid.until_ms is None and grid.code in plan.ended:
            became, cause = plan.ended[grid.code]
            rows.append(replace(grid, until_ms=plan.at_ms, became=became, cause=cause))
        else:
            rows.append(grid)
    return (*rows, *plan.born)


def _gone(plan: Plan) -> set[str]:
    return plan.ended.keys() - {grid.code for grid in plan.born}


def _later_posts(plan: Plan, posts: Iterable[Post]) -> list[Finding]:
    """A post that is to begin later in a grid that ends without one heir would be lost: somebody has to say."""
    gone = _gone(plan) - plan.moved.keys()
    return [
        refusal(
            "post_begins_later",
            f"{post.person} 在 {post.scope} 的岗位 {post.role} 晚于该网格终止才开始,请先改任。",
            f"The post of {post.person} as {post.role} of {post.scope} begins after that grid ends; change it first.",
            post.scope,
            post.person,
        )
        for post in posts
        if post.scope in gone and post.since_ms is not None and post.since_ms >= plan.at_ms
    ]


def _posts(plan: Plan, posts: Iterable[Post]) -> tuple[Post, ...]:
    """Posts of a grid that is renumbered follow it; those of one that is split or merged away end."""
    gone = _gone(plan)
    kept: list[Post] = []
    begun: list[Post] = []
    for post in posts:
        if post.scope not in gone or (post.until_ms is not None and post.until_ms <= plan.at_ms):
            kept.append(post)
        elif post.since_ms is not None and post.since_ms >= plan.at_ms:
            kept.append(replace(post, scope=plan.moved[post.scope]))
        else:
            kept.append(replace(post, until_ms=plan.at_ms))
            if post.scope in plan.moved:
                begun.append(replace(post, scope=plan.moved[post.scope], since_ms=plan.at_ms))
    begun += [
        Post(
            each.person,
            each.role,
            grid.code,
            grid.level if each.level is None else each.level,
            each.unit,
            since_ms=plan.at_ms,
            title_zh=each.title_zh,
            title_en=each.title_en,
        )
        for grid, each in plan.appointed
    ]
    return (*kept, *begun)
