"""From one record of `actions` to one record of `events`: the pure step that the decider runs at every offset.

Owns what lies around the rules: the same id met again, the digest, the monotone clock of a case, the flags, the
chain. It must never yield two records for an offset, or none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from domain.adoption.actions import AdoptionAttempt
from domain.adoption.decide import decide as decide_adoption
from domain.adoption.events import Adopted
from domain.adoption.state import InForce
from domain.adoption.values import KEY
from domain.case.actions import Attempt, Tick
from domain.case.decide import decide
from domain.case.decision import Accepted, AlreadySo, ReasonCode, Refused, Rejected, Rejection, Unchanged
from domain.case.frame import Rules
from eventlog.casefile import CaseFile
from eventlog.position import partition_of
from eventlog.record import AdoptionRecord, DecisionRecord, Flag, Origin, Outcome

API_CLOCK_OFF_MS_MAX = 2_000
OCCURRED_AHEAD_MS_MAX = 2_000
OCCURRED_AGO_MS_MAX = 7 * 24 * 3_600_000
ACTION_BYTES_MAX = 64 * 1024

_attempts = msgspec.json.Decoder(Attempt)
_adoptions = msgspec.json.Decoder(AdoptionAttempt)


class Arrived(msgspec.Struct, frozen=True, gc=False):
    """A record of `actions` as it came: where it stands, the log's time (ms) and the bytes."""

    origin: Origin
    recorded_at_ms: int
    key: bytes | None
    value: bytes | None


class UnreadReason(StrEnum):
    """Why the bytes at an action offset are no attempt. Stored with the letter, so a code never changes."""

    NO_VALUE = "no_value"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NOT_AN_ACTION = "not_an_action"
    WRONG_KEY = "wrong_key"
    WRONG_PARTITION = "wrong_partition"
    NOT_KEPT = "not_kept"
    """Of letters written before reasons were kept."""


class Unread(msgspec.Struct, frozen=True, gc=False):
    """Bytes that are no attempt: why, and the decoder's own words where it said some (they may quote the bytes)."""

    reason: UnreadReason
    detail: str = ""


class Office(msgspec.Struct, frozen=True, gc=False):
    """What a decision needs besides the case: the rules (None until something is adopted), the release that decides,
    the next case number."""

    rules: Rules | None
    release: str
    number: str


def read_attempt(arrived: Arrived) -> Attempt | AdoptionAttempt | None:
    """The attempt in those bytes; None if they are none, are too big, or stand under another key or partition."""
    found = examine(arrived)
    return None if isinstance(found, Unread) else found


def examine(arrived: Arrived) -> Attempt | AdoptionAttempt | Unread:
    """The attempt in those bytes, or why they are none."""
    if arrived.value is None:
        return Unread(UnreadReason.NO_VALUE)
    if len(arrived.value) > ACTION_BYTES_MAX:
        return Unread(UnreadReason.TOO_LARGE, f"{len(arrived.value)} > {ACTION_BYTES_MAX}")
    adopting = arrived.key == KEY.encode()
    try:
        found = _adoptions.decode(arrived.value) if adopting else _attempts.decode(arrived.value)
    except msgspec.ValidationError as error:
        return Unread(UnreadReason.NOT_AN_ACTION, str(error))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Unread(UnreadReason.NOT_JSON, str(error))
    except RecursionError:
        return Unread(UnreadReason.NOT_JSON, "nested too deeply")
    if _holds_nul(arrived.value):
        return Unread(UnreadReason.NOT_AN_ACTION, "a text holds U+0000")
    if isinstance(found, Attempt) and arrived.key != found.case.encode():
        return Unread(UnreadReason.WRONG_KEY)
    belongs = found.partition if isinstance(found, AdoptionAttempt) else partition_of(found.case)
    if belongs != arrived.origin.partition:  # decided here, its case would have two writers
        return Unread(UnreadReason.WRONG_PARTITION, f"{belongs} is right")
    return found


def _holds_nul(value: bytes) -> bool:
    """Whether a text in this JSON holds U+0000, which no text of the rows can: they would stand at it for ever."""
    return b"\\u0000" in value and "\0" in _texts(msgspec.json.decode(value))


def _texts(plain: Any) -> str:
    """All texts in it, keys too, one after the other."""
    if isinstance(plain, dict):
        return "".join(map(_texts, (*plain.keys(), *plain.values())))
    if isinstance(plain, list):
        return "".join(map(_texts, plain))
    return plain if isinstance(plain, str) else ""


def undecodable(arrived: Arrived, office: Office) -> DecisionRecord:
    """The record for bytes that are no attempt; the bytes themselves go to `dead-letters`."""
    return DecisionRecord(
        origin=arrived.origin,
        case="",
        outcome=Outcome.UNDECODABLE,
        at_ms=arrived.recorded_at_ms,
        recorded_at_ms=arrived.recorded_at_ms,
        release=office.release,
        rulebook=_version(office),
    )


def judge_adoption(
    state: InForce, attempt: AdoptionAttempt, arrived: Arrived, release: str, towns: tuple[str, ...]
) -> AdoptionRecord:
    """The one record that follows from an adoption at its offset; `towns` are those of the version it names."""
    met = state.seen.get(attempt.id)
    events: tuple[Adopted, ...] = ()
    outcome, rejection, detail = Outcome.ACCEPTED, None, {}
    at_ms = max(arrived.recorded_at_ms, state.since_ms)
    try:
        if met is not None and met.action != attempt.action:
            raise Refused(ReasonCode.ACTION_ID_REUSED, found=attempt.id)
        if met is not None:
            outcome = Outcome.REPEATED
        else:
            events = (decide_adoption(state, attempt, at_ms, towns),)
    except Refused as refused:
        outcome, rejection = Outcome.REJECTED, Rejection(refused.code, state.version, refused.detail)
    except AlreadySo as so:
        outcome, detail = Outcome.UNCHANGED, so.detail
    return AdoptionRecord(
        origin=arrived.origin,
        outcome=outcome,
        at_ms=at_ms,
        recorded_at_ms=arrived.recorded_at_ms,
        release=release,
        rulebook=state.version or "",
        attempt=attempt,
        events=events,
        rejection=rejection,
        detail=detail,
        first=msgspec.structs.replace(arrived.origin, offset=met.offset) if met is not None else None,
        flags=_late(attempt.received_at_ms, arrived.recorded_at_ms),
    )


def judge(file: CaseFile, attempt: Attempt, arrived: Arrived, office: Office) -> DecisionRecord:
    """The one record that follows from an attempt on a case file at its offset."""
    at_ms = max(arrived.recorded_at_ms, file.last_at_ms)
    plain = DecisionRecord(
        origin=arrived.origin,
        case=attempt.case,
        outcome=Outcome.REPEATED,
        at_ms=at_ms,
        recorded_at_ms=arrived.recorded_at_ms,
        release=office.release,
        rulebook=_version(office),
        attempt=attempt,
        version=file.case.version if file.case else 0,
        flags=_flags(attempt, arrived.recorded_at_ms),
    )
    # A tick is one look and no more: met again, it looks again, or what fell due meanwhile would never be told.
    met = None if isinstance(attempt.action, Tick) else file.seen.get(attempt.id)
    if met is not None and met.digest == attempt.digest:
        return msgspec.structs.replace(plain, first=met.origin)
    if met is not None:
        state = None if file.case is None else str(file.case.status)
        reused = Rejection(ReasonCode.ACTION_ID_REUSED, state, {"found": attempt.id})
        return _chained(file, msgspec.structs.replace(plain, outcome=Outcome.REJECTED, rejection=reused))
    return _decided(file, attempt, plain, office)


def _decided(file: CaseFile, attempt: Attempt, plain: DecisionRecord, office: Office) -> DecisionRecord:
    replace = msgspec.structs.replace
    if office.rules is None:
        refused = replace(plain, outcome=Outcome.REJECTED, rejection=Rejection(ReasonCode.NO_RULES))
        return refused if isinstance(attempt.action, Tick) else _chained(file, refused)
    decision = decide(file.case, attempt, plain.at_ms, office.rules, office.number)
    match decision:
        case Accepted():
            record = replace(plain, outcome=Outcome.ACCEPTED, events=decision.events)
        case Unchanged():
            record = replace(plain, outcome=Outcome.UNCHANGED, detail=decision.detail, events=decision.due)
        case Rejected():
            record = replace(plain, outcome=Outcome.REJECTED, rejection=decision.rejection, events=decision.due)
    if isinstance(attempt.action, Tick) and not record.events:
        return record
    return _chained(file, replace(record, version=plain.version + len(record.events)))


def _chained(file: CaseFile, record: DecisionRecord) -> DecisionRecord:
    return msgspec.structs.replace(record, seq=file.seq + 1, prev=file.head)


def _flags(attempt: Attempt, recorded_at_ms: int) -> tuple[Flag, ...]:
    flags = list(_late(attempt.received_at_ms, recorded_at_ms))
    if attempt.occurred_at_ms is not None:
        if attempt.occurred_at_ms > recorded_at_ms + OCCURRED_AHEAD_MS_MAX:
            flags.append(Flag.OCCURRED_IN_FUTURE)
        if attempt.occurred_at_ms < recorded_at_ms - OCCURRED_AGO_MS_MAX:
            flags.append(Flag.OCCURRED_LONG_AGO)
    return tuple(flags)


def _late(received_at_ms: int, recorded_at_ms: int) -> tuple[Flag, ...]:
    return (Flag.API_CLOCK_OFF,) if abs(recorded_at_ms - received_at_ms) > API_CLOCK_OFF_MS_MAX else ()


def _version(office: Office) -> str:
    return "" if office.rules is None else office.rules.book.version
