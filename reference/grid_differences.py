"""What differs between two grid trees, in sentences: what ended and became what, what began, what was written anew.

Owns the telling; whether a new tree may follow an old one is `domain.grid.past`'s judgement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo

from domain.difference import Difference, DifferenceKind
from domain.grid.values import Cause, Grid
from domain.instant import written

PART = "grid"

Key = tuple[str, int]
Rows = Mapping[Key, Grid]

_ENDS: dict[Cause | None, tuple[str, str]] = {
    Cause.SPLIT: ("拆分为", "is split into"),
    Cause.MERGE: ("并入", "is merged into"),
    Cause.RENAME: ("更名为", "is renamed"),
    Cause.RENUMBER: ("重新编码为", "goes on as"),
    Cause.REDRAW: ("重划边界", "is redrawn"),
    None: ("终止,后继为", "ends and becomes"),
}


def grid_differences(old: Iterable[Grid], new: Iterable[Grid], zone: tzinfo) -> Iterator[Difference]:
    """By code and time. A rename, a renumbering and a redrawing are one difference, a split is one and its parts."""
    before, after = ({(grid.code, grid.since_ms or 0): grid for grid in grids} for grids in (old, new))
    told = {
        (code, grid.until_ms)
        for grid in after.values()
        for code in grid.became
        if grid.until_ms is not None
        and (code == grid.code or grid.cause in (Cause.RENAME, Cause.RENUMBER, Cause.REDRAW))
    }
    for key in sorted(before.keys() | after.keys()):
        was, becomes = before.get(key), after.get(key)
        if becomes is None:
            yield _told(DifferenceKind.REMOVED, key[0], "被删除,连同其历史", "is removed with its history")
        elif was is None:
            if becomes.until_ms is not None:
                yield _end(becomes, after, zone)
            if (becomes.code, becomes.since_ms) not in told:
                yield _begin(becomes, zone)
        elif was.until_ms is None and becomes.until_ms is not None:
            yield _end(becomes, after, zone)
        elif was != becomes:
            fields = ", ".join(name for name in was.__struct_fields__ if getattr(was, name) != getattr(becomes, name))
            yield _told(DifferenceKind.CHANGED, key[0], f"被改写:{fields}", f"is rewritten: {fields}")


def _end(grid: Grid, after: Rows, zone: tzinfo) -> Difference:
    at = written(grid.until_ms or 0, zone)
    zh, en = _ENDS[grid.cause]
    heir = after.get((grid.became[0], grid.until_ms or 0)) if grid.became else None
    became = ", ".join(grid.became)
    if grid.cause is Cause.RENAME and heir is not None:
        became = f"“{heir.zh}”"
    if grid.cause is Cause.REDRAW:
        became = ""
    ends = grid.cause in (Cause.SPLIT, Cause.MERGE, None) and grid.code not in grid.became
    kind = DifferenceKind.REMOVED if ends else DifferenceKind.CHANGED
    return _told(
        kind,
        grid.code,
        f"({grid.zh})自 {at} 起{zh} {became}".rstrip(),
        f"({grid.zh}) {en} {became}".rstrip() + f" at {at}",
    )


def _begin(grid: Grid, zone: tzinfo) -> Difference:
    if grid.since_ms is None:
        return _told(DifferenceKind.ADDED, grid.code, f"({grid.zh})新增", f"({grid.zh}) is new")
    at = written(grid.since_ms, zone)
    return _told(DifferenceKind.ADDED, grid.code, f"({grid.zh})自 {at} 起设立", f"({grid.zh}) begins at {at}")


def _told(kind: DifferenceKind, code: str, zh: str, en: str) -> Difference:
    return Difference(kind, PART, code, f"网格 {code} {zh}。", f"The grid {code} {en}.")
