"""Which records are folded side by side: each partition's stay together, in their order."""

from __future__ import annotations

import pytest

from eventlog.record import TakeoverRecord
from eventlog.stored import Entry, Stored
from projections.runner import LANE_RECORDS_MIN, LANES, lanes

FEW = LANE_RECORDS_MIN * LANES - 1


def _entries(count: int, partitions: list[int]) -> list[Entry]:
    """So many records, by turns of these partitions."""
    record = TakeoverRecord(partition=0, topic="actions", next_offset=0, worker="w", release="r")
    places = [(partitions[number % len(partitions)], number) for number in range(count)]
    return [Entry(Stored(partition, offset, 0, b"", b"", ()), record) for partition, offset in places]


@pytest.mark.parametrize(("count", "partitions"), [(0, [0]), (1, [5]), (FEW, [0, 1, 2]), (FEW * 10, [7])])
def test_few_records_and_those_of_one_partition_stay_in_one_portion(count: int, partitions: list[int]) -> None:
    entries = _entries(count, partitions)
    assert lanes(entries) == [entries]


def test_many_records_are_shared_by_their_partitions_and_none_is_lost_or_moved() -> None:
    entries = _entries(FEW + 1, [3, 9, 4, 17, 23])
    found = lanes(entries)
    assert len(found) == LANES
    held = [{entry.stored.partition for entry in lane} for lane in found]
    assert not set.intersection(*held)
    assert sorted((e for lane in found for e in lane), key=lambda e: e.stored.offset) == entries
    assert all(lane == sorted(lane, key=lambda e: e.stored.offset) for lane in found)
