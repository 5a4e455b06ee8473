"""The docket of unclear ownership 权属不清台账: cases that were filed without a proposal and have no lead yet.

Owns the fold and its count, which the wall shows. A case enters when it is filed and nobody, or several, are named; it
leaves when it is dispatched or ends. Entering again replaces what was said of it before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from domain.routing.route import Reason, Unclear

ROWS_SHOWN_MAX = 500


class DocketEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A case on the docket: when it was filed (UTC milliseconds), and why nobody could be proposed."""

    case_id: str
    number: str
    case_class: str
    grid: str
    filed_ms: int
    unclear: Unclear


class Docket:
    """The cases on it, by case id."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Iterable[DocketEntry] = ()) -> None:
        self._entries = {entry.case_id: entry for entry in entries}

    def enter(self, entry: DocketEntry) -> None:
        """Put a case on the docket."""
        self._entries[entry.case_id] = entry

    def leave(self, case_id: str) -> None:
        """Take a case off it; nothing happens where it is not on it."""
        self._entries.pop(case_id, None)

    def count(self, scope: str = "") -> dict[Reason, int]:
        """How many cases under that beginning of a grid code, by reason; every reason is there."""
        counts = Counter(e.unclear.reason for e in self._entries.values() if e.grid.startswith(scope))
        return {reason: counts[reason] for reason in Reason}

    def oldest(self, scope: str = "") -> list[DocketEntry]:
        """Those under that beginning, the longest waiting first, at most ROWS_SHOWN_MAX."""
        found = (entry for entry in self._entries.values() if entry.grid.startswith(scope))
        return sorted(found, key=lambda entry: (entry.filed_ms, entry.case_id))[:ROWS_SHOWN_MAX]
