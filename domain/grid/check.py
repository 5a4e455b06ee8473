"""What is wrong with a grid tree as a whole: its codes at every instant that it knows of.

Owns the law that every grid but the city lies under exactly one other at every instant, that a code means one thing at
a time, and that nothing ends without an heir. Geometry is checked where the areas are (`reference.cover`).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from domain.finding import Finding
from domain.grid.tree import GridTree
from domain.grid.values import GRIDS_MAX, Grid, too_many

BEFORE_ALL_MS = -(2**62)
"""An instant before every beginning."""


def check_tree(tree: GridTree) -> list[Finding]:
    """Every fault in the codes of a tree, through all of its time; of more than GRIDS_MAX rows only that."""
    if len(tree.grids) > GRIDS_MAX:
        return [too_many("grids", "网格", len(tree.grids), GRIDS_MAX)]
    findings: list[Finding] = []
    for code in tree.codes:
        findings += _rows(tree.rows(code))
    for grid in tree.grids:
        findings += _heirs(tree, grid)
    seen: set[tuple[str, str]] = set()
    for at_ms, looked_at in _looks(tree):
        for finding in _standing(tree, at_ms, looked_at):
            if (finding.code, finding.key) not in seen:
                seen.add((finding.code, finding.key))
                findings.append(finding)
    return findings


def _rows(rows: tuple[Grid, ...]) -> Iterable[Finding]:
    for grid in rows:
        if grid.since_ms is not None and grid.until_ms is not None and grid.until_ms <= grid.since_ms:
            yield _fault(
                "ends_before_start", f"{grid.code} 的终止不晚于开始", f"{grid.code} ends no later than it starts", grid
            )
    for before, after in pairwise(rows):
        if before.until_ms is None or after.since_ms is None or after.since_ms < before.until_ms:
            yield _fault(
                "twice",
                f"编码 {after.code} 在同一时间出现两次",
                f"the code {after.code} stands twice at one time",
                after,
            )
        if before.level != after.level:
            yield _fault(
                "level_changed",
                f"编码 {after.code} 先为 {before.level} 级,后为 {after.level} 级",
                f"the code {after.code} was of level {before.level} and is of level {after.level}",
                after,
            )


def _heirs(tree: GridTree, grid: Grid) -> Iterable[Finding]:
    if grid.until_ms is None:
        if grid.became:
            yield _fault(
                "heirs_without_end",
                f"{grid.code} 未终止却写有后继 {', '.join(grid.became)}",
                f"{grid.code} has not ended, yet it became {', '.join(grid.became)}",
                grid,
            )
        return
    if not grid.became:
        yield _fault("no_heir", f"{grid.code} 终止后没有后继", f"{grid.code} ended and became nothing", grid)
    for code in grid.became:
        if tree.find(code, grid.until_ms) is None:
            yield _fault(
                "heir_missing",
                f"{grid.code} 的后继 {code} 在其终止时并不存在",
                f"{grid.code} became {code}, which is no grid when it ends",
                grid,
            )


def _looks(tree: GridTree) -> Iterable[tuple[int, Iterable[Grid]]]:
    """Each instant with the grids of which another thing may be true from then on: what changes, and those whose code
    begins with its code at its own level and the next. All grids at all instants would take minutes for a city."""
    yield BEFORE_ALL_MS, tree.valid(BEFORE_ALL_MS)
    changed: dict[int, set[str]] = {}
    levels: dict[str, set[int]] = {}
    for grid in tree.grids:
        levels.setdefault(grid.code, set()).add(grid.level)
        for at_ms in (grid.since_ms, grid.until_ms):
            if at_ms is not None:
                changed.setdefault(at_ms, set()).add(grid.code)
    for at_ms in tree.moments:
        around = {
            (below, each)
            for code in changed[at_ms]
            for level in levels[code]
            for below in (level, level + 1)
            for each in tree.beginning_with(code if level else "", below)
        }
        yield at_ms, [grid for _, code in sorted(around) if (grid := tree.find(code, at_ms)) is not None]


def _standing(tree: GridTree, at_ms: int, grids: Iterable[Grid]) -> Iterable[Finding]:
    cities = [grid for grid in tree.valid(at_ms, 0) if grid.level == 0]
    for grid in cities[1:]:
        yield _fault("two_cities", f"{grid.code} 是第二个 0 级网格", f"{grid.code} is a second grid of level 0", grid)
    for grid in grids:
        if grid.level and (grid.level > 1 or cities) and tree.over(grid.code, grid.level, at_ms) is None:
            yield _fault(
                "no_parent",
                f"{grid.code}({grid.level} 级)不在任何 {grid.level - 1} 级网格之下",
                f"{grid.code} (level {grid.level}) lies under no grid of level {grid.level - 1}",
                grid,
            )
        beside = tree.ambiguous(grid.code, grid.level, at_ms)
        if beside is not None and beside.code < grid.code:
            yield _fault(
                "code_ambiguous",
                f"编码 {grid.code} 与同级的 {beside.code} 互为开头",
                f"of {grid.code} and {beside.code}, both of level {grid.level}, one code begins the other",
                grid,
            )


def _fault(code: str, zh: str, en: str, grid: Grid) -> Finding:
    return Finding(f"grids.{code}", "grids", f"{zh}。", f"{en[0].upper()}{en[1:]}.", found=grid.code, key=grid.code)
