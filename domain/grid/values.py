"""Values of the grid tree: a cell of it, at whichever level (domain document §1)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Code = Annotated[str, Meta(min_length=1, max_length=64)]


class Grid(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A cell of the tree: level 0 city, 1 township, 2 village, 3 patrol cell; the point is WGS84 (degrees)."""

    code: Code
    level: Annotated[int, Meta(ge=0, le=3)]
    zh: str
    en: str = ""
    lon: float | None = None
    lat: float | None = None
    synthetic: bool = False
