"""The shelf: the case files that a reader of one partition has at hand, no more than it may hold.

Owns which file is let go: the one that was not used the longest, and never one whose last record the rows do not hold
yet. So what is fetched again is what was let go, and no decision is made on an older file (design document §1.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Set
from itertools import islice, takewhile

from eventlog.casefile import CaseFile


class Shelf:
    """Case files of one partition by id, the least recently used first.

    Whoever is ahead of the rows says by which action offset a file changed (`note`) and up to which one the rows hold
    everything (`saved`): between the two a file can not be let go. `files` is where they are kept, a dict if not given.
    """

    def __init__(self, files: MutableMapping[str, CaseFile] | None = None) -> None:
        self._files: MutableMapping[str, CaseFile] = {} if files is None else files
        self._changed: dict[str, int] = {}
        """The action offset of each unsaved file's last record; in that order, since each is put last anew."""
        self.saved_upto = -1
        """The last action offset that the rows were seen to hold: files were let go on the strength of it, so rows
        that stand before it are too old to fetch from."""

    @property
    def files(self) -> Mapping[str, CaseFile]:
        """What is at hand."""
        return self._files

    @property
    def unsaved(self) -> int:
        """How many files have a record that the rows are not known to hold."""
        return len(self._changed)

    def missing(self, ids: Set[str]) -> set[str]:
        """Those of these cases that must be fetched from the rows."""
        return set(ids - self._files.keys())

    def put(self, ids: Iterable[str], found: Mapping[str, CaseFile]) -> None:
        """Add fetched files; a case without a row is a case without a past. What is at hand stays as it is."""
        for case_id in ids:
            self._files.setdefault(case_id, found.get(case_id) or CaseFile(case_id))

    def note(self, file: CaseFile, origin: int | None = None) -> None:
        """The file after a record; it is now the most recently used one. With that record's action offset it stays
        until the rows hold it."""
        changed = origin is not None and file is not self._files.get(file.id)
        if file.id in self._files:
            del self._files[file.id]
        self._files[file.id] = file
        if changed and origin is not None:
            self._changed.pop(file.id, None)
            self._changed[file.id] = origin

    def saved(self, origin: int) -> None:
        """The rows hold every record up to that action offset, itself included."""
        self.saved_upto = max(self.saved_upto, origin)
        for case_id in [c for c, _ in takewhile(lambda each: each[1] <= origin, self._changed.items())]:
            del self._changed[case_id]

    def trim(self, most: int, needed: Set[str] = frozenset()) -> None:
        """Let files go until there are `most`, those not used the longest first; unsaved and needed ones stay."""
        over = len(self._files) - most
        if over <= 0:
            return
        free = (case_id for case_id in self._files if case_id not in self._changed and case_id not in needed)
        for case_id in list(islice(free, over)):
            del self._files[case_id]

    def drop(self, case_id: str) -> None:
        """Let one file go for good reason of the caller's: it is not fetched again, or only by its rows."""
        self._files.pop(case_id, None)
        self._changed.pop(case_id, None)
