"""Dead letters: copies of records of `actions` that nobody could decode, and what people did with them.

Owns the three kinds of records on `dead-letters` and their fold. Told apart by their headers, never by their values: a
letter's value is whatever came. Nothing is ever deleted there: what was done with a letter is a mark after it, under
its key. A tally is a sum over everything before it, so that nobody has to read the topic from its beginning to know
how many are open.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from eventlog.record import Origin
from eventlog.stored import Stored
from eventlog.verdict import Arrived, Unread, UnreadReason

LETTER_BYTES_MAX = 900_000
"""A longer value is cut to this: with its headers it must fit into one request (1,000,000 bytes at our producer)."""
DETAIL_CHARS_MAX = 300
KEY_BYTES_MAX = 1_024
BY_CHARS_MAX = 64
NOTE_CHARS_MAX = 500
LETTER, MARK, TALLY = "liandong.dead-letter.v1", "liandong.dead-letter-mark.v1", "liandong.dead-letter-tally.v1"
TALLY_KEY = b"tally"

_QUOTED = re.compile(r"'[^']*'")
_ORIGIN = re.compile(rb"[A-Za-z0-9_-]{1,64}/[0-9]{1,10}/[0-9]{1,19}")
_REASONS = {str(reason): reason for reason in UnreadReason}
_encoder = msgspec.json.Encoder(order="deterministic")

Headers = list[tuple[str, bytes]]


class Letter(msgspec.Struct, frozen=True):
    """One record that could not be decoded, without its value.

    `origin` is its place on `actions`, `offset` that of the copy, `key` the key it came under (at most KEY_BYTES_MAX),
    `at_ms` the log's time of it. `size_bytes` and `sha256` are those of the whole value; `cut`: the copy is shorter.
    """

    origin: str
    offset: int
    at_ms: int
    reason: UnreadReason
    detail: str
    key: bytes | None
    size_bytes: int
    sha256: str
    cut: bool = False


class Done(StrEnum):
    """What a person did with a letter."""

    RESUBMITTED = "resubmitted"
    DISCARDED = "discarded"


class Mark(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="record",
    tag="dead-letter-mark.v1",
):
    """What was done with a letter, by whom, when (ms, the clock of who did it), why.

    A resubmitted letter names the new action and its place on `actions`.
    """

    done: Done
    by: str
    at_ms: int
    note: str = ""
    action: str = ""
    place: Origin | None = None


class Tally(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="dead-letter-tally.v1"):
    """Of all records on `dead-letters` before `read_to`, that many letters are open: a sum of the past."""

    read_to: int
    open: int


class Kept(msgspec.Struct, frozen=True):
    """A letter with what was done with it; `mark` None: it is open."""

    letter: Letter
    mark: Mark | None = None


class Letters:
    """The fold of `dead-letters`: every letter once (a decider that was killed may have copied it twice), its mark."""

    def __init__(self) -> None:
        self.read_to = 0
        self.found: dict[str, Kept] = {}

    @property
    def open(self) -> int:
        """How many letters nobody has done anything with."""
        return sum(kept.mark is None for kept in self.found.values())

    def fold(self, stored: Stored) -> None:
        """Fold the next record. Raises msgspec.DecodeError for a mark that is none of a known version."""
        self.read_to = stored.offset + 1
        kind = kind_of(stored)
        if kind == MARK:
            self._mark((stored.key or b"").decode(), read_mark(stored))
        elif kind == LETTER and (letter := read_letter(stored)) is not None:
            self.found.setdefault(letter.origin, Kept(letter))

    def _mark(self, origin: str, mark: Mark) -> None:
        kept = self.found.get(origin)
        # Resubmitting is final: the action stands in the log. What was discarded may still be resubmitted.
        if kept is not None and (kept.mark is None or kept.mark.done is not Done.RESUBMITTED):
            self.found[origin] = Kept(kept.letter, mark)


def origin_text(origin: Origin) -> str:
    """The key of a letter and of its marks."""
    return f"{origin.topic}/{origin.partition}/{origin.offset}"


def is_origin(key: bytes | None) -> bool:
    """True for the key of a letter."""
    return key is not None and _ORIGIN.fullmatch(key) is not None


def without_values(said: str) -> str:
    """A decoder's message without the values that it quotes: they may be somebody's name or number."""
    return _QUOTED.sub("'…'", said)


def kind_of(stored: Stored) -> str:
    """LETTER, MARK or TALLY. Letters of older releases have no headers."""
    return dict(stored.headers).get("ce_type", LETTER.encode()).decode(errors="replace")


def write_letter(arrived: Arrived, why: Unread) -> tuple[bytes, bytes, Headers]:
    """Key, value and headers of the copy: CloudEvents attributes, and as extensions what a person needs to know."""
    value = arrived.value or b""
    at = datetime.fromtimestamp(arrived.recorded_at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    origin = origin_text(arrived.origin)
    attributes = {
        "ce_time": at,
        "ce_reason": str(why.reason),
        "ce_detail": without_values(why.detail)[:DETAIL_CHARS_MAX],
        "ce_size": str(len(value)),
        "ce_sha256": hashlib.sha256(value).hexdigest(),
    }
    found = _headers(LETTER, origin, f"urn:liandong:log:{arrived.origin.topic}", "application/octet-stream")
    found += [(name, text.encode(errors="replace")) for name, text in attributes.items()]
    if arrived.key is not None:
        found.append(("ce_actionkey", arrived.key[:KEY_BYTES_MAX]))
    return origin.encode(), value[:LETTER_BYTES_MAX], found


def read_letter(stored: Stored) -> Letter | None:
    """The letter in a record of kind LETTER; None under a key that is no origin. One without headers is an old one."""
    if stored.key is None or not is_origin(stored.key):
        return None
    given = dict(stored.headers)
    value = stored.value or b""
    told = given.get("ce_reason", b"").decode(errors="replace")
    size = given.get("ce_size", b"").decode(errors="replace")
    size_bytes = int(size) if size.isascii() and size.isdigit() else len(value)
    return Letter(
        origin=stored.key.decode(),
        offset=stored.offset,
        at_ms=_time_ms(given.get("ce_time"), stored.time_ms),
        reason=_REASONS.get(told, UnreadReason.NOT_KEPT),
        detail=given.get("ce_detail", b"").decode(errors="replace"),
        key=given.get("ce_actionkey"),
        size_bytes=size_bytes,
        sha256=given.get("ce_sha256", b"").decode(errors="replace") or hashlib.sha256(value).hexdigest(),
        cut=size_bytes > len(value),
    )


def write_mark(origin: str, mark: Mark) -> tuple[bytes, bytes, Headers]:
    """Key, value and headers of a mark: it bears the letter's key."""
    return origin.encode(), _encoder.encode(mark), _headers(MARK, origin, "urn:liandong:dead-letters")


def read_mark(stored: Stored) -> Mark:
    """The mark in a record of kind MARK. Raises msgspec.DecodeError."""
    return msgspec.json.decode(stored.value or b"", type=Mark)


def write_tally(tally: Tally) -> tuple[bytes, bytes, Headers]:
    """Key, value and headers of a tally."""
    return TALLY_KEY, _encoder.encode(tally), _headers(TALLY, f"tally/{tally.read_to}", "urn:liandong:dead-letters")


def read_tally(stored: Stored) -> Tally | None:
    """The tally in a record of kind TALLY; None where it can not be read: counting is then only longer."""
    try:
        return msgspec.json.decode(stored.value or b"", type=Tally)
    except msgspec.DecodeError:
        return None


def _headers(kind: str, number: str, source: str, content: str = "application/json") -> Headers:
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": number,
        "ce_source": source,
        "ce_type": kind,
        "content-type": content,
    }
    return [(name, text.encode()) for name, text in attributes.items()]


def _time_ms(written: bytes | None, otherwise: int) -> int:
    try:
        return round(datetime.fromisoformat((written or b"").decode()).timestamp() * 1000)
    except ValueError:
        return otherwise
