"""The townships of the city by code: in which one lies a grid?

Only grows: a township that was merged or split away keeps the cases and the counts of its time. Which ones there are
comes with the records (`adopted.v1`), so that a rebuild knows them at the same places of the log.
"""

from __future__ import annotations

from collections.abc import Iterable

ELSEWHERE = "-"


class Towns:
    """Township codes in the order in which they became known."""

    def __init__(self, codes: Iterable[str] = ()) -> None:
        self._codes: dict[str, None] = {}
        self._lengths: tuple[int, ...] = ()
        self.add(codes)

    @property
    def codes(self) -> list[str]:
        """All that are or ever were."""
        return list(self._codes)

    def add(self, codes: Iterable[str]) -> None:
        """Know these, too."""
        self._codes |= dict.fromkeys(codes)
        self._lengths = tuple(sorted({len(code) for code in self._codes}, reverse=True))

    def of(self, grid: str) -> str:
        """The township whose code the grid's begins with, the longest if several do; ELSEWHERE if none does."""
        return next((grid[:length] for length in self._lengths if grid[:length] in self._codes), ELSEWHERE)
