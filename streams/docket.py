"""The docket: one partition of `actions` in the hands of one decider.

Owns place and state from the log (design document §1.5): the case_state rows are only read, the tail of `events` is
folded on top, and deciding goes on at the last origin found there + 1. Must never decide an offset twice with other
content, skip one, or go on after the partition was given away.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from domain.adoption.actions import AdoptionAttempt
from domain.adoption.evolve import evolve
from domain.adoption.state import InForce
from domain.case.actions import Attempt
from domain.case.events import Reported
from domain.case.frame import Rules
from eventlog.casefile import CaseFile, absorb
from eventlog.numbering import Series, after, next_number
from eventlog.position import follows
from eventlog.record import AdoptionRecord, Decided, DecisionRecord, Outcome, encode, record_hash
from eventlog.shelf import Shelf
from eventlog.stored import Entry
from eventlog.verdict import Arrived, Office, judge, judge_adoption, undecodable
from runtime import failpoints
from runtime.faults import Fault


class Fork(Fault):
    """One action was decided twice and differently by the same rules: nobody decides until a person has looked."""

    def __init__(self, partition: int, origin: int, release: str) -> None:
        super().__init__(
            "log.fork",
            f"日志分区 {partition} 中,偏移 {origin} 的操作由同一版本 {release} 作出了两个不同的决定。",
            f"In partition {partition} of the log release {release} has decided action offset {origin} twice, and "
            "differently.",
            hint_zh="所有读取者只认第一条。请用 liandong replay 查看两条记录,查明是谁写入了第二条,再重新启动。",
            hint_en="All readers count the first one only. Look at both with liandong replay, find out who wrote the "
            "second one, then start again.",
        )


class Docket:
    """What the decider knows of its partition: the last origin decided, the version in force, the number series, and
    the files touched."""

    def __init__(self, partition: int, last_origin: int, series: Series, zone: str, in_force: InForce) -> None:
        self.partition = partition
        self.last_origin = last_origin
        self.series = series
        self.in_force = in_force
        self._before: str | None = None
        """What the last decision was made by, in a log from before anything was adopted."""
        self.held = True
        self.shelf = Shelf()
        self._zone = zone
        self._tail: dict[int, tuple[str, str]] = {}
        """Action offset → release and hash of its first record, while the tail is folded."""

    def fold(self, entry: Entry) -> None:
        """Fold one record of the tail. A record for a known origin changes nothing. Raises Hole, Fork."""
        record = entry.record
        if not isinstance(record, Decided):
            return
        origin, written = record.origin.offset, (record.release, record_hash(entry.stored.value or b""))
        if follows(self.last_origin, origin, self.partition):
            self.last_origin = origin
            self._tail[origin] = written
            if isinstance(record, AdoptionRecord):
                self.in_force = evolve(self.in_force, record.attempt, origin, record.events)
        else:
            self._require_one_decision(origin, written)
        if isinstance(record, DecisionRecord):
            self._before = record.rulebook or self._before
            self._absorb(record, entry.stored.value or b"")

    def taken(self) -> None:
        """The tail is folded to the takeover record: deciding begins."""
        self._tail.clear()

    def versions(self, ids: set[str]) -> set[str]:
        """The versions of the contents that deciding on these cases may need: the one in force, and pinned ones."""
        cases = (self.shelf.files[case_id].case for case_id in ids)
        pinned = {case.rulebook for case in cases if case is not None}
        return {version for version in (self.in_force.version or self._before, *pinned) if version}

    def decide(
        self, arrived: Arrived, attempt: Attempt | AdoptionAttempt | None, editions: Mapping[str, Rules], release: str
    ) -> tuple[DecisionRecord | AdoptionRecord, bytes] | None:
        """The record of the next offset and its bytes; None for an offset that is decided already. Raises Hole.

        `attempt` is what was read from it. `editions` holds every version of `versions`,
        and those that adoptions to be decided name.
        """
        if not follows(self.last_origin, arrived.origin.offset, self.partition):
            return None
        record: DecisionRecord | AdoptionRecord
        if isinstance(attempt, AdoptionAttempt):
            towns = editions[attempt.action.version].book.towns
            record = judge_adoption(self.in_force, attempt, arrived, release, towns)
            self.in_force = evolve(self.in_force, attempt, arrived.origin.offset, record.events)
            failpoints.hit("dispatch.adoption_decided")
        else:
            number = next_number(self.series, self.partition, arrived.recorded_at_ms, self._zone)
            office = Office(self._rules(editions), release, number)
            if attempt is None:
                record = undecodable(arrived, office)
            else:
                record = judge(self.shelf.files[attempt.case], attempt, arrived, office)
        value = encode(record)
        self.last_origin = arrived.origin.offset
        if isinstance(record, DecisionRecord):
            self._absorb(record, value)
        return record, value

    def _require_one_decision(self, origin: int, written: tuple[str, str]) -> None:
        """Two deciders of one release write the same bytes; another release's later record counts for nobody."""
        release, _ = written
        first = self._tail.get(origin, written)
        if first[0] == release and first != written:
            raise Fork(self.partition, origin, release)

    def _rules(self, editions: Mapping[str, Rules]) -> Rules | None:
        version = self.in_force.version or self._before
        if version is None:
            return None
        return replace(editions[version], since_ms=self.in_force.since_ms, pinned=editions)

    def _absorb(self, record: DecisionRecord, value: bytes) -> None:
        if record.outcome is Outcome.UNDECODABLE:
            return
        file = absorb(self.shelf.files.get(record.case) or CaseFile(record.case), record, value)
        self.shelf.note(file, record.origin.offset)
        if record.events and isinstance(record.events[0], Reported):
            self.series = after(self.series, record.events[0].number)
