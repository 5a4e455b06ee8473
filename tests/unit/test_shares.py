"""How the partitions of a rebuild are dealt to processes."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.shares import PROCESSES_MAX, RECORDS_A_PROCESS_MIN, dealt, processes_for

LENGTHS = st.dictionaries(st.integers(0, 23), st.integers(0, 1_000_000), min_size=1)


@given(LENGTHS, st.integers(1, PROCESSES_MAX))
def test_every_partition_is_dealt_once_and_nobody_has_much_more_than_another(upto: dict[int, int], hands: int) -> None:
    portions = dealt(upto, hands)
    assert len(portions) == hands
    assert sorted(partition for own in portions for partition in own) == sorted(upto)
    loads = [sum(upto[partition] for partition in own) for own in portions]
    assert max(loads) - min(loads) <= max(upto.values()), "the longest first: no more than one partition apart"


@pytest.mark.parametrize(("records", "worth"), [(0, 1), (2 * RECORDS_A_PROCESS_MIN - 1, 1), (10**9, PROCESSES_MAX)])
def test_a_process_is_started_only_where_it_is_worth_it(records: int, worth: int) -> None:
    assert processes_for({0: records}) == min(worth, os.cpu_count() or 1)
