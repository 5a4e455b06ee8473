"""What stands on the log and should not, and a processor that joins no group."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable

import msgspec
import psutil

from domain.case.actions import Attempt, Report
from domain.case.values import Channel, Place, Sealed
from eventlog.append import BULK_MS_MAX, Appender
from eventlog.history import records
from eventlog.position import PARTITIONS, partition_of
from eventlog.record import DecisionRecord, Flag, Outcome
from eventlog.verdict import ACTION_BYTES_MAX
from streams.worker import EXIT_NOT_ASSIGNED
from tests.support.beside import REPORTER, Beside, a_report
from tests.support.city import GRID

ENDED_S_MAX = 30.0
FLOOD = 20_000
AT_ONCE = 2_000
GROWTH_MB_MAX = 120
HOUR_MS = 3_600_000
ASSIGNED_S = "3"


def test_a_worker_that_joins_no_group_ends_and_says_so(beside: Beside) -> None:
    at = time.monotonic()
    session = {
        "LIANDONG_SESSION_S": "0.5"
    }  # below the broker's minimum of 1 s: it refuses, and Faust alone would sit there
    joined = beside.start("project", LIANDONG_ASSIGNED_S_MAX=ASSIGNED_S, **session)
    assert joined.wait(ENDED_S_MAX) == EXIT_NOT_ASSIGNED
    assert time.monotonic() - at < ENDED_S_MAX
    assert "worker.not_assigned" in beside.said("project")


def test_an_action_of_64_kb_is_decided_and_a_larger_one_is_kept_for_people(beside: Beside) -> None:
    beside.start("dispatch")
    sizes = {
        ACTION_BYTES_MAX: Outcome.ACCEPTED,
        ACTION_BYTES_MAX + 1: Outcome.UNDECODABLE,
        65 * 1024: Outcome.UNDECODABLE,
    }
    values = [_of_size(size) for size in sizes]
    assert [len(value) for value in values] == list(sizes)
    cases = [msgspec.json.decode(value)["case"] for value in values]
    sent = [(partition_of(case), case.encode(), value) for case, value in zip(cases, values, strict=True)]
    places = asyncio.run(_append(beside, sent))
    beside.all_decided()
    decided = {(r.origin.partition, r.origin.offset): r.outcome for r in _decisions(beside)}
    assert [decided[place] for place in places] == list(sizes.values())
    copies = [stored.value for stored in records(beside.kafka, beside.names.dead_letters)]
    assert sorted(copies, key=lambda copy: len(copy or b"")) == values[1:]


def test_a_flood_of_malformed_records_delays_others_and_loses_nothing(
    beside: Beside, record_property: Callable[[str, object], None]
) -> None:
    decider = beside.start("dispatch")
    beside.report(1)
    beside.all_decided()
    before = psutil.Process(decider.pid).memory_info().rss
    junk = [(number % PARTITIONS, b"x", b"junk %d" % number) for number in range(FLOOD)]
    at = time.monotonic()
    asyncio.run(_append(beside, junk))
    asked = time.monotonic()
    beside.report(60)
    found = beside.all_decided()
    record_property("junk records a second", round(FLOOD / (time.monotonic() - at)))
    record_property("60 reports behind it decided after s", round(time.monotonic() - asked, 1))
    assert found == {p: list(range(len(found[p]))) for p in range(PARTITIONS)}
    outcomes = [record.outcome for record in _decisions(beside)]
    assert (outcomes.count(Outcome.UNDECODABLE), outcomes.count(Outcome.ACCEPTED)) == (FLOOD, 61)
    assert sum(1 for _ in records(beside.kafka, beside.names.dead_letters)) == FLOOD
    assert decider.poll() is None
    assert (psutil.Process(decider.pid).memory_info().rss - before) >> 20 < GROWTH_MB_MAX


def test_an_api_whose_clock_is_an_hour_off_is_flagged_and_the_logs_time_counts(beside: Beside) -> None:
    beside.start("dispatch")
    now = time.time_ns() // 1_000_000
    attempts = [msgspec.structs.replace(a_report(), received_at_ms=now + off) for off in (HOUR_MS, 0, -HOUR_MS)]
    sent = [(partition_of(one.case), one.case.encode(), msgspec.json.encode(one)) for one in attempts]
    asyncio.run(_append(beside, sent))
    beside.all_decided()
    found = {record.case: record for record in _decisions(beside)}
    for attempt, flags in zip(attempts, ((Flag.API_CLOCK_OFF,), (), (Flag.API_CLOCK_OFF,)), strict=True):
        assert found[attempt.case].flags == flags
        assert found[attempt.case].attempt == attempt
        assert abs(found[attempt.case].at_ms - now) < HOUR_MS / 60


def _of_size(size: int) -> bytes:
    def attempt(box: str) -> bytes:
        report = Report(Place(GRID), Channel.HOTLINE, "010101", text=Sealed(case, box))
        return msgspec.json.encode(Attempt(str(uuid.uuid4()), case, REPORTER, report, 0, "d"))

    case = str(uuid.uuid4())
    return attempt("x" * (size - len(attempt(""))))


async def _append(beside: Beside, values: list[tuple[int, bytes, bytes]]) -> list[tuple[int, int]]:
    places: list[tuple[int, int]] = []
    async with Appender(beside.kafka, beside.names, BULK_MS_MAX) as appender:
        for start in range(0, len(values), AT_ONCE):
            here = values[start : start + AT_ONCE]
            places += await asyncio.gather(
                *(appender.append_raw(beside.names.actions, partition, key, value) for partition, key, value in here)
            )
    return places


def _decisions(beside: Beside) -> list[DecisionRecord]:
    return [record for _, record in beside.entries() if isinstance(record, DecisionRecord)]
