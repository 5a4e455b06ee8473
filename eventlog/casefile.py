"""The case file: a case with its place in the chain and the action ids it has met.

Owns the fold from records to case files. Folding never decides and never fails on a record the log holds; whether a
record is the next one of its partition is `eventlog.position.follows`' business, not this one's.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from domain.case.evolve import states
from domain.case.state import Case
from eventlog.record import DecisionRecord, Origin, Outcome, record_hash


class Seen(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The first meeting with an action id: where, and the keyed digest of what it asked."""

    origin: Origin
    digest: str


class CaseFile(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What the decider must know of a case. `case` is None while only refused attempts have met its id."""

    id: str
    case: Case | None = None
    seq: int = 0
    head: str | None = None
    last_at_ms: int = 0
    seen: dict[str, Seen] = {}


def absorb(file: CaseFile, record: DecisionRecord, value: bytes) -> CaseFile:
    """The file after one more record; `value` is the record's stored bytes, whose hash becomes the head.

    A record that the file holds already (an older link of the chain) changes nothing.
    """
    return absorb_by_event(file, record, value)[0]


def absorb_by_event(file: CaseFile, record: DecisionRecord, value: bytes) -> tuple[CaseFile, tuple[Case, ...]]:
    """The same, with the case after each event of the record; without any where nothing changes."""
    if record.outcome in (Outcome.REPEATED, Outcome.UNDECODABLE) or record.attempt is None:
        return file, ()
    if not record.chained or record.seq <= file.seq:
        return file, ()
    seen = file.seen
    if record.attempt.id not in seen:
        seen = {**seen, record.attempt.id: Seen(record.origin, record.attempt.digest)}
    after = states(file.case, record.events)
    now = replace(
        file,
        case=after[-1] if after else file.case,
        seq=record.seq,
        head=record_hash(value),
        last_at_ms=record.at_ms,
        seen=seen,
    )
    return now, after
