"""Finds what speaks of a class at a place, the narrowest first: by the class's beginning, then by the place's.

Owns the one meaning of "narrower" in this package. A lookup costs a dictionary access for each length of beginning
that occurs, however many entries there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


class Narrowing(Generic[Entry]):
    """Entries under pairs (beginning of a class code, beginning of a grid code); "" is the beginning of every code."""

    __slots__ = ("_class_lengths", "_under")

    def __init__(self, entries: Iterable[tuple[str, str, Entry]]) -> None:
        found: dict[str, dict[str, list[Entry]]] = {}
        for class_start, place_start, entry in entries:
            found.setdefault(class_start, {}).setdefault(place_start, []).append(entry)
        self._class_lengths = _longest_first(found)
        self._under = {start: (_longest_first(places), places) for start, places in found.items()}

    def matching(self, class_code: str, grid: str) -> Iterator[list[Entry]]:
        """The entries of each pair that begins both codes, the narrowest pair first."""
        for length in self._class_lengths:
            under = self._under.get(class_code[:length])
            if under is None or len(class_code) < length:
                continue
            place_lengths, places = under
            for place_length in place_lengths:
                entries = places.get(grid[:place_length])
                if entries is not None and len(grid) >= place_length:
                    yield entries

    def under(self, class_start: str, place_start: str) -> list[Entry]:
        """The entries of exactly that pair."""
        return self._under[class_start][1][place_start]

    def pairs(self) -> Iterator[tuple[str, str, list[Entry]]]:
        """Every pair with its entries."""
        for class_start, (_, places) in self._under.items():
            for place_start, entries in places.items():
                yield class_start, place_start, entries


def _longest_first(starts: Iterable[str]) -> tuple[int, ...]:
    return tuple(sorted({len(start) for start in starts}, reverse=True))
