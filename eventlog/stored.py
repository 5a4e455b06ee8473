"""A record as it stands in a topic, and the reading of it as a record of ours."""

from __future__ import annotations

import msgspec

from eventlog.record import LogRecord, decode
from runtime.faults import Fault


class Stored(msgspec.Struct, frozen=True, gc=False):
    """Bytes at a place in the log; `time_ms` is the broker's time of the append."""

    partition: int
    offset: int
    time_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A record of `events` with the bytes it was read from: their hash is the next link of the chain."""

    stored: Stored
    record: LogRecord


class Unreadable(Fault):
    """Bytes on `events` that are no record of a known version: nobody may go on past them."""

    def __init__(self, partition: int, offset: int, reason: str) -> None:
        super().__init__(
            "log.unreadable",
            f"events 分区 {partition} 偏移 {offset} 的记录无法读取:{reason}。",
            f"The record at events, partition {partition}, offset {offset} can not be read: {reason}.",
            hint_zh="请用写入它的版本或更新的版本打开;若记录已损坏,请从备份恢复主题 events。",
            hint_en="Open it with the release that wrote it or a newer one; if it is damaged, restore the topic events "
            "from a backup.",
        )
        self.partition = partition
        self.offset = offset


def read_entry(stored: Stored) -> Entry:
    """The record in those bytes. Raises Unreadable if they are none."""
    if stored.value is None:
        raise Unreadable(stored.partition, stored.offset, "no value")
    try:
        return Entry(stored, decode(stored.value))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(stored.partition, stored.offset, str(error)) from error
