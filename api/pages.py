"""Pages of rows: how many, and where the next one begins. A mark is made by us and handed back as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from api.problems import Problem

Row = TypeVar("Row")

LIMIT_MAX = 200
LIMIT = 50

_MARK = re.compile(r"(-?\d{1,19})\.(-?\d{1,10})\.(.+)", re.ASCII | re.DOTALL)

Mark = tuple[int, str, int]
"""An instant (ms), a case, and a number within the case: the end of a page."""


def require_limit(limit: int) -> int:
    """The number of rows asked for. Raises Problem `limit_out_of_range`."""
    if not 1 <= limit <= LIMIT_MAX:
        raise Problem("limit_out_of_range", field="limit", found=limit, allowed=f"1 … {LIMIT_MAX}")
    return limit


def read_mark(text: str, begin: Mark) -> Mark:
    """The mark after which to go on; `begin` without one. Raises Problem `bad_mark`."""
    if not text:
        return begin
    found = _MARK.fullmatch(text)
    if found is None or not (abs(int(found[1])) < 2**63 and abs(int(found[2])) < 2**31) or "\x00" in text:
        raise Problem("bad_mark", field="after", found=text)
    return int(found[1]), found[3], int(found[2])


def cut(rows: Sequence[Row], size: int, mark_of: Callable[[Row], Mark]) -> tuple[list[Row], str | None]:
    """A page of that size from one row more than it, and the mark of the next one; None where this is the last."""
    page = list(rows[:size])
    return page, write_mark(mark_of(page[-1])) if len(rows) > size else None


def write_mark(mark: Mark) -> str:
    """The mark as a client gets it."""
    return f"{mark[0]}.{mark[2]}.{mark[1]}"
