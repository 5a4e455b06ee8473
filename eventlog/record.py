"""The record on `events`: one decision for every offset of `actions`, in canonical JSON, for ever.

Owns the stored format. Canonical means: msgspec's JSON of these structs in field order, defaults left out, map keys
sorted, no white space; so the same decision always has the same bytes and one SHA-256. A stored byte never changes:
a new field needs a default, a new meaning needs a new version (`decision.v2`) and an upcast beside it.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

from domain.adoption.actions import AdoptionAttempt
from domain.adoption.events import Adopted
from domain.adoption.values import KEY
from domain.case.actions import Attempt
from domain.case.decision import Detail, Rejection
from domain.case.events import CaseEvent


class Outcome(StrEnum):
    """What became of an attempt (domain document §3, "Outcomes"; `undecodable`: design document §1.2)."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    REPEATED = "repeated"
    UNDECODABLE = "undecodable"


class Flag(StrEnum):
    """Something a person should know about the times of an attempt; never a reason to refuse it."""

    API_CLOCK_OFF = "api_clock_off"
    OCCURRED_IN_FUTURE = "occurred_in_future"
    OCCURRED_LONG_AGO = "occurred_long_ago"


class Origin(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Which record of `actions` was decided: the topic's id (of its generation), partition and offset."""

    topic: str
    partition: int
    offset: int


class DecisionRecord(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="record",
    tag="decision.v1",
):
    """Exactly one per action offset.

    `at_ms` is the decision's clock: the log's time, never earlier than the case's last decision. `seq` and `prev`
    chain the case's effective records (`prev` is the SHA-256 of the one before, hex); both stay empty for outcomes
    outside the chain: `repeated`, `undecodable` and a tick with nothing due. `events` of a rejected or unchanged
    attempt are what fell due before it. `version` is the case's version after the events.
    """

    origin: Origin
    case: str
    outcome: Outcome
    at_ms: int
    recorded_at_ms: int
    release: str
    rulebook: str
    attempt: Attempt | None = None
    events: tuple[CaseEvent, ...] = ()
    version: int = 0
    seq: int = 0
    prev: str | None = None
    rejection: Rejection | None = None
    detail: Detail = {}
    first: Origin | None = None
    flags: tuple[Flag, ...] = ()

    @property
    def chained(self) -> bool:
        """True for an effective record: a link of its case's chain."""
        return self.seq > 0


class TakeoverRecord(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="record",
    tag="takeover.v1",
):
    """A decider took the partition; `next_offset` is the action offset from which it decides (design §1.4)."""

    partition: int
    topic: str
    next_offset: int
    worker: str
    release: str


class AdoptionRecord(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="record",
    tag="adoption.v1",
):
    """The one decision on an action offset that holds an adoption: from here on the partition decides by another
    version of the contents. `rulebook` is the version in force before it."""

    origin: Origin
    outcome: Outcome
    at_ms: int
    recorded_at_ms: int
    release: str
    rulebook: str
    attempt: AdoptionAttempt
    events: tuple[Adopted, ...] = ()
    rejection: Rejection | None = None
    detail: Detail = {}
    first: Origin | None = None
    flags: tuple[Flag, ...] = ()


Decided = DecisionRecord | AdoptionRecord
"""What answers an action offset: exactly one of them each."""

LogRecord = DecisionRecord | TakeoverRecord | AdoptionRecord

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(LogRecord)


def encode(record: LogRecord) -> bytes:
    """The canonical bytes of a record."""
    return _encoder.encode(record)


def decode(value: bytes) -> LogRecord:
    """Read a stored record.

    Raises msgspec.DecodeError or msgspec.ValidationError for bytes that are no record of a known version.
    """
    return _decoder.decode(value)


def record_hash(value: bytes) -> str:
    """SHA-256 (hex) over a record's stored bytes: the link of the chain."""
    return hashlib.sha256(value).hexdigest()


def headers(record: LogRecord, source: str) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 attributes in Kafka's binary mode; `source` is the URI-reference of the city's log."""
    if isinstance(record, Decided):
        name, subject = ("decision.v1", record.case) if isinstance(record, DecisionRecord) else ("adoption.v1", KEY)
        number = f"{record.origin.topic}/{record.origin.partition}/{record.origin.offset}"
    else:
        name, subject = "takeover.v1", str(record.partition)
        number = f"{record.topic}/{record.partition}/{record.next_offset}/{record.worker}"
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": number,
        "ce_source": source,
        "ce_type": f"liandong.{name}",
        "ce_subject": subject,
        "content-type": "application/json",
    }
    return [(key, value.encode()) for key, value in attributes.items()]
