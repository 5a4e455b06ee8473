"""From records to steps: what one record changed in its case. All projections are folds of steps.

Owns contiguity on the reading side: each offset of `events` once and in order, each action offset once and in order
(design document §1.3). A record for a known origin is dropped, a hole stops the fold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from domain.case.events import Reported
from domain.case.evolve import Move, moves
from domain.case.state import Case
from eventlog.casefile import CaseFile, absorb_by_event
from eventlog.numbering import Series, after
from eventlog.packed import PackedFiles
from eventlog.position import Hole, follows
from eventlog.record import AdoptionRecord, Decided, DecisionRecord, Outcome
from eventlog.shelf import Shelf
from eventlog.stored import Entry
from projections.checkpoint import Checkpoint

ELSEWHERE = "-"
"""Stands for the township of what lies in none."""


class Step(msgspec.Struct, frozen=True, gc=False):
    """One decision and its case before and after it, and after each of its events (`states`, none if it changed
    nothing): evolved once, for all who fold events. The townships are those that its partition knew (`Towns`)."""

    entry: Entry
    record: DecisionRecord
    before: CaseFile
    after: CaseFile
    states: tuple[Case, ...] = ()
    town_before: str = ELSEWHERE
    town: str = ELSEWHERE

    @property
    def partition(self) -> int:
        """The partition of the log that the record stands in."""
        return self.entry.stored.partition

    @property
    def changed(self) -> bool:
        """True if the record is a link of its case's chain."""
        return self.after is not self.before

    @property
    def moves(self) -> list[Move]:
        """Each event of the record with the case before it and after it; none if it changed nothing."""
        return moves(self.before.case, self.record.events, self.states)


class Adoption(msgspec.Struct, frozen=True, gc=False):
    """One decision on an adoption: it changes no case, only by what the next ones are decided."""

    entry: Entry
    record: AdoptionRecord

    @property
    def partition(self) -> int:
        """The partition that it speaks of, and stands in."""
        return self.entry.stored.partition


class Folder:
    """The fold of one partition: its place, its number series, and the case files that are at hand.

    With `only_open` it is for a reader of open cases, who holds all of them packed and lets ended ones go: what such a
    case still meets (a note that it recurs, a refusal) is passed over, unless it is open again by it (`returning`).
    With `ahead` it is for who may be ahead of the rows: a file stays until they hold its last record (`saved`).
    """

    def __init__(
        self, partition: int, checkpoint: Checkpoint | None = None, *, only_open: bool = False, ahead: bool = False
    ) -> None:
        self.partition = partition
        self._only_open = only_open
        self._ahead = ahead
        self.next_offset = checkpoint.next_offset if checkpoint else 0
        self.last_origin = checkpoint.last_origin if checkpoint else -1
        self.series = Series(checkpoint.series_day, checkpoint.series_last) if checkpoint else Series()
        self._shelf = Shelf(PackedFiles() if only_open else None)
        self._shelf.saved(self.last_origin)

    @property
    def files(self) -> Mapping[str, CaseFile]:
        """The files at hand."""
        return self._shelf.files

    def missing(self, entries: Iterable[Entry]) -> set[str]:
        """The cases of these entries whose files are not at hand."""
        return self._shelf.missing({e.record.case for e in entries if isinstance(e.record, DecisionRecord)} - {""})

    def put(self, ids: Iterable[str], found: Mapping[str, CaseFile]) -> None:
        """Add files; an id that was not found is a case without a past."""
        self._shelf.put(ids, found)

    def fold(self, entry: Entry) -> Step | Adoption | None:
        """What the next record is: a step of a case, or an adoption; None for one that is known, or is no decision.

        Raises Hole.
        """
        offset = entry.stored.offset
        if offset < self.next_offset:
            return None
        if offset > self.next_offset:
            raise Hole(self.partition, self.next_offset, offset)
        self.next_offset = offset + 1
        record = entry.record
        if not isinstance(record, Decided):
            return None
        if not follows(self.last_origin, record.origin.offset, self.partition):
            return None
        self.last_origin = record.origin.offset
        if isinstance(record, AdoptionRecord):
            return Adoption(entry, record)
        if record.outcome is Outcome.UNDECODABLE:
            return None
        begins = bool(record.events) and isinstance(record.events[0], Reported)
        if self._only_open and record.case not in self.files and not begins:
            return None
        before = self.files.get(record.case) or CaseFile(record.case)
        now, after_each = absorb_by_event(before, record, entry.stored.value or b"")
        self._shelf.note(now, record.origin.offset if self._ahead else None)
        if record.events and isinstance(record.events[0], Reported):
            self.series = after(self.series, record.events[0].number)
        return Step(entry, record, before, now, after_each)

    def forget_ended(self, ids: Iterable[str]) -> None:
        """Let go of these cases' files where the case is not open; they can be loaded again."""
        for case_id in ids:
            file = self.files.get(case_id)
            if file is not None and (file.case is None or not file.case.open):
                self._shelf.drop(case_id)

    @property
    def saved_upto(self) -> int:
        """The last action offset that the rows were seen to hold."""
        return self._shelf.saved_upto

    def saved(self, origin: int) -> None:
        """The rows hold every record up to that action offset, itself included."""
        self._shelf.saved(origin)

    def rest(self) -> None:
        """Nothing more is expected soon: the files are kept as bytes from here on."""
        if not isinstance(self._shelf.files, PackedFiles):
            packed = PackedFiles(with_seen=True)
            packed.update(self._shelf.files)
            self._shelf = Shelf(packed)

    def trim(self, most: int) -> None:
        """Let files go until there are `most`. Only once the rows hold all that was folded: they are loaded again."""
        self._shelf.trim(most)

    def checkpoint(self, projection: str, log: str) -> Checkpoint:
        """The place reached, as a row."""
        day, last = self.series.day, self.series.last
        return Checkpoint(projection, self.partition, self.next_offset, self.last_origin, log, day, last)
