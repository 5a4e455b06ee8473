"""Places in the log: the partition of a key, the position vector, and contiguity.

Owns the one function that says which partition a case belongs to. It must never change: a case would have two
writers. One integer a partition is the whole dedupe, and a hole can not pass unseen (design document §1.3).
"""

from __future__ import annotations

import zlib

from runtime.faults import Fault

PARTITIONS = 24


def partition_of(key: str) -> int:
    """The partition of a key on `actions` and `events`: CRC-32 (IEEE 802.3) of its UTF-8 bytes, modulo 24."""
    return zlib.crc32(key.encode()) % PARTITIONS


class Hole(Fault):
    """An offset was skipped: the fold stops. Carries the partition, what was expected and what came."""

    def __init__(self, partition: int, expected: int, found: int) -> None:
        super().__init__(
            "log.hole",
            f"日志分区 {partition} 有缺口:应为偏移 {expected},实为 {found}。",
            f"The log has a hole: partition {partition}, expected action offset {expected}, found {found}.",
            hint_zh="无人会越过缺口继续。请从备份或另一副本恢复主题 actions 与 events,再重新启动。",
            hint_en="Nobody goes on past it: restore the topics actions and events from a backup or another replica, "
            "then start again.",
        )
        self.partition = partition
        self.expected = expected
        self.found = found


def follows(last: int, found: int, partition: int) -> bool:
    """True if `found` is the next action offset after `last`, False if it is known already.

    Raises Hole if something between them is missing.
    """
    if found <= last:
        return False
    if found > last + 1:
        raise Hole(partition, last + 1, found)
    return True


class BadPosition(ValueError):
    """A position vector that can not be read."""

    code = "log.bad_position"


def write_position(offsets: dict[int, int]) -> str:
    """A position vector as an opaque string: the next offset of each partition of `events`, 24 numbers."""
    return ".".join(format(offsets.get(partition, 0), "x") for partition in range(PARTITIONS))


def read_position(text: str) -> dict[int, int]:
    """The offsets in an opaque position string. Raises BadPosition if it is none."""
    parts = text.split(".")
    if len(parts) != PARTITIONS:
        raise BadPosition(f"{len(parts)} numbers found, {PARTITIONS} wanted")
    try:
        return {partition: int(part, 16) for partition, part in enumerate(parts)}
    except ValueError as error:
        raise BadPosition(str(error)) from error
