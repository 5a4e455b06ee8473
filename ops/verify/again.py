"""Deciding again: from the first record on, every action by the rules of this release, compared byte for byte.

A decision is a pure function of the actions before it (design document §1.1), so whoever decides again must write the
same bytes. It shares the rules with the decider and nothing else: one pass from offset 0, no rows, no tail, no cache.
Records of another release are folded, not compared: the rules are recorded, not pinned (§1.10).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from domain.adoption.actions import AdoptionAttempt
from domain.adoption.state import InForce
from domain.case.actions import Attempt
from domain.case.frame import Rules
from eventlog.numbering import Series
from eventlog.position import Hole
from eventlog.record import Origin, record_hash
from eventlog.stored import Entry, Stored
from eventlog.verdict import Arrived, read_attempt
from ops.verify.log import Effective, Finding, LogCheck, Wrong
from streams.docket import Docket


def adopted_versions(actions: Iterable[Stored], topic: str) -> set[str]:
    """Every version of reference contents that these actions name: what deciding them again needs at hand."""
    found = (read_attempt(_arrived(stored, topic)) for stored in actions)
    return {attempt.action.version for attempt in found if isinstance(attempt, AdoptionAttempt)}


class Again:
    """One partition decided again. `rules` holds every version that is named; `zone` is the city's."""

    def __init__(self, partition: int, topic: str, rules: Mapping[str, Rules], zone: str, release: str) -> None:
        self.decided = 0
        self.skipped = 0
        self._topic = topic
        self._rules = rules
        self._release = release
        self._docket = Docket(partition, -1, Series(), zone, InForce())

    def check(self, actions: Iterable[Stored], log: LogCheck, entries: Mapping[int, Entry]) -> Iterator[Finding]:
        """Decide these actions, in order, and compare with what the log holds; `entries` are its records by offset."""
        for stored in actions:
            effective = log.effective.get((stored.partition, stored.offset))
            if effective is None:
                yield Finding(Wrong.UNDECIDED, f"partition {stored.partition}: action offset {stored.offset}")
                return
            try:
                wrong = self._decide(_arrived(stored, self._topic), effective, entries)
            except Hole as hole:
                wrong = Finding(Wrong.HOLE, hole.en)
            if wrong is not None:
                yield wrong
                return

    def _decide(self, arrived: Arrived, effective: Effective, entries: Mapping[int, Entry]) -> Finding | None:
        docket, attempt = self._docket, read_attempt(arrived)
        if isinstance(attempt, Attempt):
            docket.shelf.put({attempt.case} - docket.shelf.files.keys(), {})
        if effective.release != self._release:
            docket.fold(entries[effective.event_offset])
            docket.taken()
            self.skipped += 1
            return None
        decision = docket.decide(arrived, attempt, self._rules, self._release)
        assert decision is not None, "each offset comes once"
        self.decided += 1
        if record_hash(decision[1]) == effective.hash:
            return None
        return Finding(
            Wrong.DECIDED_OTHERWISE,
            f"partition {effective.partition}, action offset {effective.offset}: decided again it is "
            f"{decision[0].outcome}, the log says {effective.outcome}",
        )


def _arrived(stored: Stored, topic: str) -> Arrived:
    return Arrived(Origin(topic, stored.partition, stored.offset), stored.time_ms, stored.key, stored.value)
