"""The grid tree through time: which grid a code meant at an instant, what was over and under it, what followed it.

Owns the lookups; a tree is immutable. Every question has an instant, and an answer about an instant never depends on
changes that take effect after it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from domain.grid.values import CELL_LEVEL, Grid

_EVER = -(2**63)
"""Before every instant: where a row without a beginning begins."""

_LAST = "\U0010ffff"
"""After every character of a code."""


class GridTree:
    """An index over the rows of a tree; lookups take O(log n) and the time of what they answer."""

    __slots__ = ("_codes", "_lengths", "_moments", "_rows", "_starts", "_valid", "grids")

    def __init__(self, grids: Iterable[Grid]) -> None:
        self.grids: tuple[Grid, ...] = tuple(grids)
        rows: dict[str, list[Grid]] = {}
        for grid in self.grids:
            rows.setdefault(grid.code, []).append(grid)
        self._rows = {code: tuple(sorted(each, key=_since)) for code, each in rows.items()}
        self._starts = {code: [_since(grid) for grid in each] for code, each in self._rows.items()}
        levels = range(CELL_LEVEL + 1)
        self._codes = {level: sorted({g.code for g in self.grids if g.level == level}) for level in levels}
        self._lengths = {n: sorted({len(code) for code in codes}, reverse=True) for n, codes in self._codes.items()}
        bounds = {ms for grid in self.grids for ms in (grid.since_ms, grid.until_ms) if ms is not None}
        self._moments = sorted(bounds)
        self._valid: dict[tuple[int, int | None], tuple[Grid, ...]] = {}

    def find(self, code: str, at_ms: int | None = None) -> Grid | None:
        """The grid of that code at that instant, or None; without an instant the newest, ended or not."""
        rows = self._rows.get(code)
        if rows is None:
            return None
        if at_ms is None:
            return rows[-1]
        begun = bisect_right(self._starts[code], at_ms)
        return rows[begun - 1] if begun and rows[begun - 1].valid(at_ms) else None

    def rows(self, code: str) -> tuple[Grid, ...]:
        """Everything that the code ever meant, the oldest first."""
        return self._rows.get(code, ())

    @property
    def codes(self) -> Iterable[str]:
        """Every code that was ever used."""
        return self._rows.keys()

    @property
    def moments(self) -> Sequence[int]:
        """The instants at which a grid begins or ends, in order; between two of them the tree stands still."""
        return self._moments

    def valid(self, at_ms: int, level: int | None = None) -> tuple[Grid, ...]:
        """All grids at that instant, or those of a level, by code."""
        key = (bisect_right(self._moments, at_ms), level)
        found = self._valid.get(key)
        if found is None:
            levels = self._codes if level is None else (level,)
            codes = (code for each in levels for code in self._codes.get(each, ()))
            found = tuple(grid for code in codes if (grid := self.find(code, at_ms)) is not None)
            self._valid[key] = found
        return found

    def parent(self, code: str, at_ms: int) -> Grid | None:
        """The grid that holds this one at that instant; None for the city, and for what is no grid then."""
        grid = self.find(code, at_ms)
        return None if grid is None else self.over(grid.code, grid.level, at_ms)

    def over(self, code: str, level: int, at_ms: int) -> Grid | None:
        """The grid of the level above whose code is the beginning of a code, whether or not that one is a grid."""
        for length in self._lengths.get(level - 1, ()):
            if length < len(code):
                above = self.find(code[:length], at_ms)
                if above is not None and above.level == level - 1:
                    return above
        return None

    def ambiguous(self, code: str, level: int, at_ms: int) -> Grid | None:
        """Another grid of that level and instant whose code begins this one or begins with it: scopes would mix."""
        beginnings = [code[:length] for length in self._lengths.get(level, ()) if length < len(code)]
        for other in (*beginnings, *self.beginning_with(code, level)):
            grid = self.find(other, at_ms)
            if other != code and grid is not None and grid.level == level:
                return grid
        return None

    def beginning_with(self, code: str, level: int) -> Sequence[str]:
        """The codes of that level that were ever used and begin with this one, in order; itself, if it is one."""
        codes = self._codes.get(level, [])
        return codes[bisect_left(codes, code) : bisect_left(codes, code + _LAST)]

    def children(self, code: str, at_ms: int) -> tuple[Grid, ...]:
        """The grids of the next level that lie in this one at that instant, by code."""
        grid = self.find(code, at_ms)
        if grid is None:
            return ()
        below = grid.level + 1
        found = (self.find(each, at_ms) for each in self.beginning_with(code, below))
        return tuple(g for g in found if g is not None and g.level == below and self.over(g.code, below, at_ms) is grid)

    def under(self, code: str, at_ms: int) -> tuple[Grid, ...]:
        """All grids that lie in this one at that instant, at every level, each after the one that holds it."""
        found: list[Grid] = []
        for child in self.children(code, at_ms):
            found += (child, *self.under(child.code, at_ms))
        return tuple(found)

    def ancestors(self, code: str, at_ms: int) -> tuple[Grid, ...]:
        """The grid itself and what holds it, up to the city; empty if it is no grid then."""
        found: list[Grid] = []
        grid = self.find(code, at_ms)
        while grid is not None:
            found.append(grid)
            grid = self.over(grid.code, grid.level, at_ms)
        return tuple(found)

    def ended_ms(self, code: str) -> int | None:
        """When the newest grid of that code ended; None while it is valid, and for a code that never was."""
        newest = self.find(code)
        return None if newest is None else newest.until_ms

    def successors(self, code: str, at_ms: int, meant_ms: int | None = None) -> tuple[str, ...]:
        """The codes valid at that instant that follow a grid, in order; its own while it is valid, none before it.

        `meant_ms` is when the code was written down: where a grid lost a part and kept its code, what was written
        before has both as successors. Without it a code that is valid stands for itself. A code that had ended when it
        was written means the grid that it last was.
        """
        written_ms = at_ms if meant_ms is None else meant_ms
        rows = [row for row in self.rows(code) if _since(row) <= written_ms <= at_ms][-1:]
        found: set[str] = set()
        followed: set[tuple[str, int]] = set()
        while rows:
            row = rows.pop()
            key = (row.code, _since(row))
            if row.valid(at_ms):
                found.add(row.code)
            elif key not in followed and row.until_ms is not None:
                followed.add(key)
                rows += [after for each in row.became if (after := self.find(each, row.until_ms)) is not None]
        return tuple(sorted(found))


def _since(grid: Grid) -> int:
    return _EVER if grid.since_ms is None else grid.since_ms
