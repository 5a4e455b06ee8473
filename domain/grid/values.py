"""Values of the grid tree: a cell of it, at whichever level, for as long as it is valid (domain document §1).

Owns the row that a tree is made of. A row is never changed: a grid that is split, merged, renamed or renumbered ends,
and what follows it are rows of their own, so the past answers as it always did.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.finding import Finding
from domain.grid.area import Area

Code = Annotated[str, Meta(min_length=1, max_length=64)]
Level = Annotated[int, Meta(ge=0, le=3)]

CELL_LEVEL = 3
"""The level of the patrol cells: the leaves of a whole tree."""

GRIDS_MAX = 50_000
"""Rows of a tree with all of its past. A county has some 400, the shipped city 1,800, a large one 5,000, and its past
may come to ten times that. The check takes 0.6 s then, 5,000 changed one by one; without areas they fill a content."""
POSTS_MAX = 50_000
"""Posts with all of their past: two for each cell of a city, held by four persons one after the other; 0.2 s, and about
what a content holds."""


class Cause(StrEnum):
    """Why a grid ended."""

    SPLIT = "split"
    MERGE = "merge"
    RENAME = "rename"
    RENUMBER = "renumber"
    REDRAW = "redraw"


class Kind(StrEnum):
    """Town or country (policy text: 区分城区和农村)."""

    URBAN = "urban"
    RURAL = "rural"


class Grid(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A cell of the tree: level 0 city, 1 township, 2 village, 3 patrol cell; the seat is WGS84 (degrees).

    Valid in [since_ms, until_ms), UTC milliseconds; None is always, or still. `became` are the codes that follow it,
    `cause` is why it ended. `code` is of the statistical office, `mca_*` are code and name with the Ministry of Civil
    Affairs where they have the place; `former_code` is the one before a renumbering. A grid without an area has that of
    the grids under it.
    """

    code: Code
    level: Level
    zh: str
    en: str = ""
    lon: float | None = None
    lat: float | None = None
    synthetic: bool = False
    kind: Kind | None = None
    mca_code: str = ""
    mca_zh: str = ""
    former_code: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    became: tuple[str, ...] = ()
    cause: Cause | None = None
    area: Area = ()

    def valid(self, at_ms: int) -> bool:
        """True at that instant; the end is the first instant at which it is not."""
        return (self.since_ms is None or self.since_ms <= at_ms) and (self.until_ms is None or at_ms < self.until_ms)


def too_many(part: str, what_zh: str, found: int, most: int) -> Finding:
    """What is too large to be looked at any closer: the tree or the posts."""
    return Finding(
        f"{part}.too_many",
        part,
        f"{what_zh}连同历史有 {found} 行,最多 {most} 行。",
        f"There are {found} rows of {part} with their past; at most {most} are allowed.",
        found=str(found),
        allowed=str(most),
    )
