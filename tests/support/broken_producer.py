"""What a broken producer writes: records that nobody can read, and records that stand in the log already.

Every case of `UnreadReason` is among the junk, and what is readable JSON but no action: fields missing, unknown, of
another type, beyond any number. Copies are byte for byte: an action met again is `repeated`, a decision met again
counts for nobody, a letter met again is the same letter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from domain.adoption.actions import Adopt, AdoptionAttempt
from domain.adoption.values import KEY
from domain.case.actions import Tick
from domain.case.values import Actor, Role
from eventlog.history import records
from eventlog.position import PARTITIONS, partition_of
from eventlog.record import AdoptionRecord, Decided, DecisionRecord, Origin, Outcome, TakeoverRecord, encode
from eventlog.stored import Stored, read_entry
from eventlog.tail import ends, read_to
from eventlog.topics import TopicNames
from eventlog.verdict import ACTION_BYTES_MAX, Arrived, Unread, examine

COPIED_EACH = 2
RECORD_BYTES = 999_900
"""As long as the broker takes."""
ACTION = (
    b'{"id":"junk","case":"junk","actor":{"person":"nobody","role":"acceptor","scope":"410183"},'
    b'"action":{"action":"note","text":"x"},"received_at_ms":1,"digest":"d"}'
)
ADOPTION = msgspec.json.encode(AdoptionAttempt("junk", PARTITIONS, Actor("nobody", Role.ADMIN), Adopt("0" * 64), 1))
"""For a partition that there is not."""
OURS = b"junk"
Junk = tuple[bytes, bytes | None]

JUNK: Sequence[Junk] = (
    (OURS, None),
    (OURS, b""),
    (OURS, b"{"),
    (OURS, b"null"),
    (OURS, b"[]"),
    (OURS, b'"text"'),
    (OURS, b"\xff\xfe"),
    (OURS, b"\xef\xbb\xbf" + ACTION),
    (OURS, ACTION + ACTION),
    (OURS, b"[" * 50_000),
    (OURS, b"[" * 30_000 + b"]" * 30_000),
    (OURS, b'{"id":' * 9_000 + b"1" + b"}" * 9_000),
    (OURS, b"x" * (ACTION_BYTES_MAX + 1)),
    (OURS, ACTION[:-1] + b" " * RECORD_BYTES + b"}"),
    (OURS, b'{"id":"x"}'),
    (OURS, ACTION.replace(b'"digest":"d"', b'"digest":null')),
    (OURS, ACTION.replace(b',"digest":"d"', b"")),
    (OURS, ACTION.replace(b'"digest"', b'"version":99,"digest"')),
    (OURS, ACTION.replace(b'"note"', b'"launch"')),
    (OURS, ACTION.replace(b'"text":"x"', b'"text":"x","more":1')),
    (OURS, ACTION.replace(b'"acceptor"', b'"god"')),
    (OURS, ACTION.replace(b'"junk"', b"7", 1)),
    (OURS, ACTION.replace(b":1,", b":1e999,")),
    (OURS, ACTION.replace(b":1,", b":NaN,")),
    (OURS, ACTION.replace(b":1,", b":" + b"1" * 5_000 + b",")),
    (OURS, ACTION.replace(b'"nobody"', b'"\\ud800"')),
    (OURS, ACTION.replace(b'"id":"junk"', b'"id":"ju\\u0000nk"')),
    (OURS, ACTION.replace(b'"text":"x"', b'"text":"\\u0000"')),
    (b"ju\x00nk", ACTION.replace(b'"case":"junk"', b'"case":"ju\\u0000nk"')),
    (b"another key", ACTION),
    (KEY.encode(), ACTION),
    (KEY.encode(), ADOPTION.replace(b'"version"', b'"edition"')),
    (KEY.encode(), ADOPTION),
)
"""Keys and values, none of which is an action."""
STRANGE: Sequence[tuple[bytes, bytes]] = tuple(
    (b"strange", ACTION.replace(b'"junk"', b'"strange"').replace(b":1,", b":" + number + b","))
    for number in (b"-1", b"0", b"1" + b"0" * 30)
)
"""Actions that no client sends, and that can be read all the same: the first is decided, on a case that is not there,
and the others have its id."""


class BrokenProducer:
    """Writes to the log of one system; `copied` are the places of copies on `actions`, with what the first one was."""

    def __init__(self) -> None:
        self.names = TopicNames()
        self.copied: dict[tuple[int, int], bool] = {}

    async def write_junk(self, bootstrap: str, partitions: Iterable[int] = range(PARTITIONS)) -> None:
        """All the junk there is in each of those partitions. Raises KafkaError."""
        wanted = [Stored(partition, 0, 0, key, value) for partition in partitions for key, value in JUNK]
        strange = [Stored(partition_of(key.decode()), 0, 0, key, value) for key, value in STRANGE]
        await _append(bootstrap, self.names.actions, [*wanted, *strange])

    async def copy(self, bootstrap: str) -> None:
        """The newest records of `actions`, `events` and `dead-letters`, each once more. Raises KafkaError.

        Those of `events` as a holder would that took over, decided, and wrote it late.
        """
        decided = await _newest(bootstrap, self.names.events)
        await _append(bootstrap, self.names.events, [*_takeovers(decided), *decided])
        await _append(bootstrap, self.names.dead_letters, await _newest(bootstrap, self.names.dead_letters))
        acted = await _newest(bootstrap, self.names.actions)
        places = await _append(bootstrap, self.names.actions, acted)
        self.copied |= {place: _repeatable(one) for place, one in zip(places, acted, strict=True)}

    def wrong(self, bootstrap: str) -> Iterator[str]:
        """Copies of actions that were not found to be `repeated`. Blocks."""
        for record in _decided(bootstrap, self.names.events):
            place = (record.origin.partition, record.origin.offset)
            if self.copied.get(place) and record.outcome is not Outcome.REPEATED:
                yield f"[copy_decided] the copy of an action at {place[0]}/{place[1]} is {record.outcome}"

    def unread(self, bootstrap: str) -> int:
        """How many records of `actions` nobody could read, by what was decided. Blocks."""
        unread = (one.origin for one in _decided(bootstrap, self.names.events) if one.outcome is Outcome.UNDECODABLE)
        return len({(origin.partition, origin.offset) for origin in unread})


def _decided(bootstrap: str, topic: str) -> Iterator[DecisionRecord | AdoptionRecord]:
    for stored in records(bootstrap, topic):
        record = read_entry(stored).record
        if isinstance(record, Decided):
            yield record


def _takeovers(decided: Sequence[Stored]) -> Iterator[Stored]:
    """A takeover before the first of these decisions in each partition."""
    taken: set[int] = set()
    for one in decided:
        record = read_entry(one).record
        if isinstance(record, Decided) and one.partition not in taken:
            taken.add(one.partition)
            origin = record.origin
            takeover = TakeoverRecord(origin.partition, origin.topic, origin.offset, "late", record.release)
            yield replace(one, key=b"takeover", value=encode(takeover), headers=())


def _repeatable(one: Stored) -> bool:
    """Whether a second record with these bytes is `repeated`: a tick looks again, junk is junk again."""
    found = examine(Arrived(_nowhere(one.partition), one.time_ms, one.key, one.value))
    return not isinstance(found, Unread) and not isinstance(found.action, Tick)


def _nowhere(partition: int) -> Origin:
    return Origin("", partition, 0)


async def _newest(bootstrap: str, topic: str) -> list[Stored]:
    upto = await ends(bootstrap, topic)
    found: list[Stored] = []
    async for chunk in read_to(bootstrap, topic, {p: max(end - COPIED_EACH, 0) for p, end in upto.items()}, upto):
        found += chunk
    return found


async def _append(bootstrap: str, topic: str, wanted: Sequence[Stored]) -> list[tuple[int, int]]:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        sends = [
            producer.send_and_wait(topic, one.value, key=one.key, partition=one.partition, headers=list(one.headers))
            for one in wanted
        ]
        return [(stands.partition, stands.offset) for stands in await asyncio.gather(*sends)]
