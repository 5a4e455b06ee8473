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
from eventlog.record import AdoptionRecord, Decided, DecisionRecord, Outcome, encode
from eventlog.stored import Entry
from eventlog.verdict import Arrived, Office, judge, judge_adoption, undecodable


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
        self._zone = zone
        self._files: dict[str, CaseFile] = {}

    def missing(self, ids: set[str]) -> set[str]:
        """The cases of these that must be fetched before deciding."""
        return ids - self._files.keys()

    def put(self, ids: set[str], files: Mapping[str, CaseFile]) -> None:
        """Add fetched files; a case without a row is a case without a past."""
        for case_id in ids:
            self._files.setdefault(case_id, files.get(case_id) or CaseFile(case_id))

    def fold(self, entry: Entry) -> None:
        """Fold one record of the tail. A record for a known origin changes nothing. Raises Hole."""
        record = entry.record
        if not isinstance(record, Decided):
            return
        if follows(self.last_origin, record.origin.offset, self.partition):
            self.last_origin = record.origin.offset
            if isinstance(record, AdoptionRecord):
                self.in_force = evolve(self.in_force, record.attempt, record.origin.offset, record.events)
        if isinstance(record, DecisionRecord):
            self._before = record.rulebook or self._before
            self._absorb(record, entry.stored.value or b"")

    def versions(self, ids: set[str]) -> set[str]:
        """The versions of the contents that deciding on these cases may need: the one in force, and pinned ones."""
        cases = (self._files[case_id].case for case_id in ids)
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
        else:
            number = next_number(self.series, self.partition, arrived.recorded_at_ms, self._zone)
            office = Office(self._rules(editions), release, number)
            if attempt is None:
                record = undecodable(arrived, office)
            else:
                record = judge(self._files[attempt.case], attempt, arrived, office)
        value = encode(record)
        self.last_origin = arrived.origin.offset
        if isinstance(record, DecisionRecord):
            self._absorb(record, value)
        return record, value

    def _rules(self, editions: Mapping[str, Rules]) -> Rules | None:
        version = self.in_force.version or self._before
        if version is None:
            return None
        return replace(editions[version], since_ms=self.in_force.since_ms, pinned=editions)

    def _absorb(self, record: DecisionRecord, value: bytes) -> None:
        if record.outcome is Outcome.UNDECODABLE:
            return
        file = absorb(self._files.get(record.case) or CaseFile(record.case), record, value)
        self._files[record.case] = file
        if record.events and isinstance(record.events[0], Reported):
            self.series = after(self.series, record.events[0].number)
