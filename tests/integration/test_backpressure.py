"""A slow database, a slow broker: what can not be worked through stays in the log, shown as lag; nothing grows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from eventlog.append import BULK_MS_MAX, Appender
from eventlog.record import TakeoverRecord, encode, headers
from streams.chunks import FETCH_BYTES_MAX
from streams.pipeline import IN_FLIGHT_RECORDS_MAX
from tests.support.beside import LOOK_S, Beside, a_report
from tests.support.live import eventually
from tests.support.metrics import told
from tests.support.nodes import Nodes

RECORDS = 60_000
RECORD_BYTES = 1_500
GROWN_BYTES_MAX = 10 * FETCH_BYTES_MAX
"""Some fetches wait to be worked through, as bytes and as objects; the log is twice as long as this."""
STILL_LOOKS = 8
STILL_BYTES = 256 * 1024
SEEN_S_MAX = 20.0
DRAINED_S_MAX = 120.0
ACTIONS = 6_000


def test_rows_that_are_held_up_show_as_lag_and_the_projector_does_not_grow(beside: Beside, tmp_path: Path) -> None:
    projector = beside.start("project")
    _long_log(beside, 1_000)
    eventually(beside.rows_hold_everything, SEEN_S_MAX, "the first rows", LOOK_S)
    process = psutil.Process(projector.pid)
    before = process.memory_info().rss
    with _locked(beside, "checkpoint"):
        _long_log(beside, RECORDS)
        eventually(lambda: _lag(tmp_path) > RECORDS / 2, SEEN_S_MAX, "the lag", LOOK_S)
        grown = _still(lambda: process.memory_info().rss, STILL_BYTES) - before
        assert grown < GROWN_BYTES_MAX < RECORDS * RECORD_BYTES / 2, f"{grown / 1024 / 1024:.0f} MB"
        assert projector.poll() is None
    eventually(beside.rows_hold_everything, DRAINED_S_MAX, "all rows", LOOK_S)
    eventually(lambda: _lag(tmp_path) == 0, SEEN_S_MAX, "no lag", LOOK_S)
    assert projector.poll() is None


def test_a_broker_that_stops_acknowledging_holds_the_decider_at_its_limit(
    beside: Beside, nodes: Nodes, tmp_path: Path
) -> None:
    beside.append([a_report() for _ in range(ACTIONS)])
    decider, broker = beside.start("dispatch", LIANDONG_SESSION_S="30"), nodes.broker()
    held = 0.0
    while not held:  # between two fetches nothing is on its way: then it goes on until the next
        eventually(lambda: _in_flight(tmp_path) > 0, SEEN_S_MAX, "decisions are on their way")
        broker.suspend()
        try:
            held = _still(lambda: _in_flight(tmp_path), 0)
        finally:
            broker.resume()
    assert held <= IN_FLIGHT_RECORDS_MAX < ACTIONS
    decided = beside.all_decided()
    assert sum(len(set(offsets)) for offsets in decided.values()) >= ACTIONS
    assert all(offsets == sorted(set(offsets)) for offsets in decided.values()), "each once"
    assert decider.poll() is None


def _lag(folder: Path) -> float:
    return sum(told(folder, "project", "liandong_lag_records").values())


def _in_flight(folder: Path) -> float:
    return sum(told(folder, "dispatch", "liandong_in_flight_records").values())


def _long_log(beside: Beside, count: int) -> None:
    """Records that change no case: takeovers, as a decider writes them."""

    async def append() -> None:
        async with Appender(beside.kafka, beside.names, BULK_MS_MAX) as appender:
            for first in range(0, count, 2_000):
                some = range(first, min(first + 2_000, count))
                await asyncio.gather(*(_append(appender, beside, number % 24) for number in some))

    asyncio.run(append())


async def _append(appender: Appender, beside: Beside, partition: int) -> None:
    record = TakeoverRecord(
        partition=partition, topic="actions", next_offset=0, worker="w" * RECORD_BYTES, release="test"
    )
    marks = headers(record, "urn:liandong:test")
    await appender.append_raw(beside.names.events, partition, b"takeover", encode(record), marks)


@contextmanager
def _locked(beside: Beside, table: str) -> Iterator[None]:
    """Somebody holds that table for as long as the context lasts: every statement on it waits."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(beside.postgres))
    lock = connection.transaction()
    try:
        loop.run_until_complete(lock.start())
        loop.run_until_complete(connection.execute(f"lock table {table} in access exclusive mode"))
        yield
    finally:
        loop.run_until_complete(connection.close())
        loop.close()


def _still(size: Callable[[], float], spread: float) -> float:
    """A size once it has stopped growing, by no more than `spread` over STILL_LOOKS looks."""
    seen: list[float] = []

    def stands() -> bool:
        seen.append(size())
        return len(seen) >= STILL_LOOKS and max(seen[-STILL_LOOKS:]) - min(seen[-STILL_LOOKS:]) <= spread

    try:
        eventually(stands, SEEN_S_MAX, "it stands still", LOOK_S)
    except AssertionError as growing:
        pytest.fail(f"still growing: {seen} ({growing})")
    return seen[-1]
