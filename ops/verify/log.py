"""The log by itself: each action offset decided once and in order, each case one line without a fork.

A record for a known origin is a copy and counts for nobody (design document §1.3); a copy that says something else is
a fork. A copy is what a former holder of the partition wrote late, so there are never more records of an origin than
takeovers before them: one that was sent twice by its own writer is a fault of sending. Pure: it is given the records of
`events`, each partition's in order, and tells what is wrong with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from eventlog.record import AdoptionRecord, Decided, DecisionRecord, Outcome, record_hash
from eventlog.stored import Entry


class Wrong(StrEnum):
    """What can be wrong with a log, or with what was told of it."""

    HOLE = "hole"
    FORK = "fork"
    SENT_TWICE = "sent_twice"
    BROKEN_CHAIN = "broken_chain"
    LOST = "lost"
    DOUBLED = "doubled"
    TOLD_OTHERWISE = "told_otherwise"
    OUT_OF_ORDER = "out_of_order"
    DECIDED_OTHERWISE = "decided_otherwise"
    UNDECIDED = "undecided"
    ROWS_DIFFER = "rows_differ"


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One thing that is wrong, in words that name where."""

    wrong: Wrong
    text: str


class Effective(msgspec.Struct, frozen=True, gc=False):
    """The first record of an action offset, the one that counts: where it stands, and the hash of its bytes. The action
    id is None for what is no action on a case."""

    partition: int
    offset: int
    event_offset: int
    outcome: Outcome
    action_id: str | None
    release: str
    hash: str


class LogCheck:
    """Folds the records of `events`; `findings` and what stands in the log are known at any time."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.records = 0
        self.takeovers = 0
        self.copies = 0
        self.effective: dict[tuple[int, int], Effective] = {}
        self.last_origin: dict[int, int] = {}
        self._chains: dict[str, tuple[int, str | None]] = {}
        self._taken: Counter[int] = Counter()
        self._copied: Counter[tuple[int, int]] = Counter()

    def read(self, entries: Iterable[Entry]) -> LogCheck:
        """Take in records, each partition's in order."""
        for entry in entries:
            self.records += 1
            if isinstance(entry.record, Decided):
                self._decided(entry, entry.record)
            else:
                self.takeovers += 1
                self._taken[entry.stored.partition] += 1
        return self

    def by_action(self) -> dict[str, list[Effective]]:
        """Action id → the effective decisions on it that are not `repeated`: one is right, a tick may have more."""
        found: dict[str, list[Effective]] = {}
        for one in self.effective.values():
            if one.action_id is not None and one.outcome is not Outcome.REPEATED:
                found.setdefault(one.action_id, []).append(one)
        return found

    def _decided(self, entry: Entry, record: DecisionRecord | AdoptionRecord) -> None:
        partition, origin = entry.stored.partition, record.origin.offset
        value = record_hash(entry.stored.value or b"")
        known = self.effective.get((partition, origin))
        if known is not None:
            self.copies += 1
            self._copied[partition, origin] += 1
            if self._copied[partition, origin] >= self._taken[partition]:
                self._say(
                    Wrong.SENT_TWICE,
                    f"partition {partition}, action offset {origin}: {self._copied[partition, origin] + 1} records, "
                    f"{self._taken[partition]} takeovers before them",
                )
            if known.hash != value and known.release == record.release:
                self._say(Wrong.FORK, f"partition {partition}, action offset {origin} is decided in two ways")
            return
        last = self.last_origin.get(partition, -1)
        if origin != last + 1:
            self._say(Wrong.HOLE, f"partition {partition}: after action offset {last} comes {origin}")
        self.last_origin[partition] = max(origin, last)
        attempt = record.attempt if isinstance(record, DecisionRecord) else None
        self.effective[partition, origin] = Effective(
            partition, origin, entry.stored.offset, record.outcome, attempt and attempt.id, record.release, value
        )
        if isinstance(record, DecisionRecord) and record.chained:
            self._linked(record, value)

    def _linked(self, record: DecisionRecord, value: str) -> None:
        seq, head = self._chains.get(record.case, (0, None))
        if (record.seq, record.prev) != (seq + 1, head):
            self._say(
                Wrong.BROKEN_CHAIN,
                f"case {record.case}: link {record.seq} does not follow link {seq} "
                f"(action {record.origin.partition}/{record.origin.offset})",
            )
        self._chains[record.case] = (record.seq, value)

    def _say(self, wrong: Wrong, text: str) -> None:
        self.findings.append(Finding(wrong, text))
