"""What makes "every action is decided exactly once" true (design document §1): each test breaks one condition's guard.

Taken away, each of the guards lets its test fail: that was tried for every one of them.
"""

from __future__ import annotations

import asyncio
import json
import signal
import uuid
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import faust
import pytest
from kafka.admin import KafkaAdminClient
from kafka.structs import OffsetAndMetadata, TopicPartition
from msgspec.structs import replace

from domain.case.actions import Note
from eventlog.append import BULK_MS_MAX, Appender
from eventlog.history import records
from eventlog.position import PARTITIONS
from eventlog.record import DecisionRecord, Origin, Outcome, TakeoverRecord, encode
from eventlog.stored import Entry, read_entry
from eventlog.topics import TopicNames, create_and_check, topic_ids
from projections.checkpoint import PassedBy
from projections.database import migrate, open_pool
from projections.runner import Runner
from reference.profile import load_profile
from runtime.faults import EXIT_NEEDS_HAND
from streams.chunks import Fetching, install
from streams.pipeline import EXIT_SEND_FAILED
from tests.support.beside import Beside, a_report, on_each
from tests.support.cutting import Cutting
from tests.support.live import eventually
from tests.support.patched import ANOTHER_RELEASE, Change, engine

ENDS_S_MAX = 30.0
NOTES_ARE_REFUSED = Change(
    "domain/case/closing.py",
    "    return [Noted(at_ms=frame.at_ms, person=frame.actor.person, text=action.text)]\n",
    "    raise Refused(ReasonCode.WRONG_ROLE, found=frame.actor.role)\n",
)
FILES_MAX = 2_000


async def _nowhere(partitions: set[int]) -> dict[int, int]:
    raise AssertionError(f"this app reads nothing, and was given {partitions}")


async def _through_a_cut(broker: str, topic: str, ours: bool) -> int:
    """Send twenty records of which one answer is cut off; gives the number of cuts."""
    async with Cutting(broker) as socket:
        app = faust.App(f"cut-{uuid.uuid4().hex[:6]}", broker=f"kafka://{socket.address}", producer_linger=0.0)
        if ours:
            install(app, topic, Fetching(1, 1), _nowhere, set[int].clear)
        producer = app.producer
        await producer.start()
        try:
            for number in range(20):
                if number == 10:
                    socket.cut_answers = 1
                sent = await producer.send(topic, b"k", str(number).encode(), 0, None, [])
                await sent
        finally:
            await producer.stop()
        return socket.cuts


@pytest.mark.parametrize(("ours", "copies"), [(True, 1), (False, 2)])
def test_a_cut_before_the_answer_doubles_nothing_with_our_producer(beside: Beside, ours: bool, copies: int) -> None:
    """Without idempotence the same cut does double a record: so the cut is a real one."""
    topic = beside.names.checkpoints
    assert asyncio.run(_through_a_cut(beside.kafka, topic, ours)) == 1
    values = [int(stored.value or b"") for stored in records(beside.kafka, topic)]
    assert values == sorted([*range(20), *[10] * (copies - 1)])


def test_a_takeover_stands_before_whatever_its_holder_decides(beside: Beside) -> None:
    starts: list[dict[int, int]] = []
    for end in (signal.SIGKILL, signal.SIGTERM):
        starts.append({partition: len(decided) for partition, decided in beside.decisions().items()})
        decider = beside.start("dispatch")
        beside.report(60)
        beside.all_decided()
        decider.send_signal(end)
        decider.wait(ENDS_S_MAX)
    entries = beside.entries()
    for partition in range(PARTITIONS):
        decided, taken = 0, list[int]()
        for record in (record for place, record in entries if place == partition):
            if isinstance(record, TakeoverRecord):
                assert record.next_offset == decided, "it names where its holder goes on"
                taken.append(decided)
            else:
                decided = record.origin.offset + 1
        assert taken == [start[partition] for start in starts]


@pytest.mark.parametrize("commit", ["too low", "too high"])
def test_the_place_comes_from_the_log_and_not_from_the_groups_commit(beside: Beside, commit: str) -> None:
    decider = beside.start("dispatch")
    beside.report(120)
    before = beside.all_decided()
    decider.send_signal(signal.SIGTERM)
    assert decider.wait(ENDS_S_MAX) == 0
    beside.report(120)
    wrong = {p: 0 if commit == "too low" else len(before[p]) + 2 for p in range(PARTITIONS)}
    admin: Any = KafkaAdminClient(bootstrap_servers=beside.kafka)
    places = {TopicPartition(beside.names.actions, p): OffsetAndMetadata(offset, "", -1) for p, offset in wrong.items()}
    admin.alter_group_offsets(f"{beside.names.prefix}dispatch", places)
    admin.close()
    beside.start("dispatch")
    found = beside.all_decided()
    assert found == {p: list(range(len(found[p]))) for p in range(PARTITIONS)}
    assert sum(map(len, found.values())) == 240 + PARTITIONS, "what was reported, and one adoption a partition"


def test_a_release_with_other_rules_takes_over_and_gives_back_and_each_decision_stands(
    beside: Beside, tmp_path: Path
) -> None:
    """Stop the old one, start the new one (design document §1.10); here and back again, with the tail to be folded."""
    other = engine(tmp_path / "other", ANOTHER_RELEASE, NOTES_ARE_REFUSED)
    cases = [a_report() for _ in range(60)]
    beside.append(cases)
    for tree in (None, other, None):
        decider = beside.start("dispatch", tree)
        beside.append(on_each(cases, Note("still waiting")))
        beside.all_decided()
        decider.terminate()
        assert decider.wait(ENDS_S_MAX) == 0
    outcomes = Counter(
        (record.release == "another", record.outcome)
        for _, record in beside.entries()
        if isinstance(record, DecisionRecord) and isinstance(record.attempt and record.attempt.action, Note)
    )
    assert outcomes == {(False, Outcome.ACCEPTED): 120, (True, Outcome.REJECTED): 60}
    said = json.loads(beside.command("verify", "history", "--json", "--no-rows").stdout)
    assert (said["findings"], said["of_other_releases"]) == ([], 60)


def test_a_failed_send_ends_the_decider_at_once_and_the_prefix_holds(beside: Beside) -> None:
    decider = beside.start("dispatch")
    beside.report(60)
    beside.all_decided()
    beside.set_topic(beside.names.events, "max.message.bytes", "300")
    beside.report(60)
    assert decider.wait(ENDS_S_MAX) == EXIT_SEND_FAILED
    beside.set_topic(beside.names.events, "max.message.bytes", "1048588")
    beside.start("dispatch")
    found = beside.all_decided()
    assert found == {p: list(range(len(found[p]))) for p in range(PARTITIONS)}


@pytest.mark.parametrize("topic", ["actions", "events"])
def test_on_a_log_that_was_made_anew_nobody_decides(beside: Beside, topic: str) -> None:
    decider = beside.start("dispatch")
    projector = beside.start("project")
    beside.report(60)
    beside.all_decided()
    eventually(lambda: _rows(beside) == 60, ENDS_S_MAX, "the rows")
    for part in (decider, projector):
        part.send_signal(signal.SIGTERM)
        assert part.wait(ENDS_S_MAX) == 0
    name = getattr(beside.names, topic)
    held = [(s.partition, s.key or b"", s.value or b"") for s in records(beside.kafka, name)]
    _make_anew(beside, name)
    asyncio.run(_append_again(beside, name, held))  # the same bytes at the same places: only the topic's id tells
    before = beside.entries()
    assert beside.start("dispatch").wait(ENDS_S_MAX) == EXIT_NEEDS_HAND
    assert "[log.wrong] This is not the log that was written before" in beside.said("dispatch")
    assert [r for _, r in beside.entries() if isinstance(r, DecisionRecord)] == [
        r for _, r in before if isinstance(r, DecisionRecord)
    ]


@pytest.mark.parametrize("part", ["project", "clock"])
def test_a_hole_in_the_record_stops_whoever_folds_it(beside: Beside, part: str) -> None:
    decider = beside.start("dispatch")
    beside.report(60)
    decided = beside.all_decided()
    decider.kill()
    reader = beside.start(part)
    asyncio.run(_append_beyond(beside, 5, len(decided[5]) + 1))
    assert reader.wait(ENDS_S_MAX) == EXIT_NEEDS_HAND
    assert "[log.hole] The log has a hole: partition 5" in beside.said(part)


def test_an_action_that_the_same_release_decided_in_two_ways_stops_the_decider(beside: Beside) -> None:
    partition, entries = _decided(beside)
    last = next(e.record for e in reversed(entries) if isinstance(e.record, DecisionRecord))
    other = encode(replace(last, at_ms=last.at_ms + 1))
    asyncio.run(_append_again(beside, beside.names.events, [(partition, last.case.encode(), other)]))
    assert beside.start("dispatch").wait(ENDS_S_MAX) == EXIT_NEEDS_HAND
    assert f"[log.fork] In partition {partition} of the log" in beside.said("dispatch")


def test_a_record_for_a_known_origin_changes_no_row(beside: Beside) -> None:
    beside.start("project")
    beside.start("dispatch")
    beside.report(60)
    beside.all_decided()
    eventually(lambda: _rows(beside) == 60, ENDS_S_MAX, "the rows")
    before = _state(beside)
    first: dict[int, tuple[int, bytes, bytes]] = {}
    for stored in records(beside.kafka, beside.names.events):
        if stored.key != b"takeover":
            first.setdefault(stored.partition, (stored.partition, stored.key or b"", stored.value or b""))
    asyncio.run(_append_again(beside, beside.names.events, list(first.values())))
    beside.report(60)
    eventually(lambda: _rows(beside) == 120, ENDS_S_MAX, "more rows")
    after = _state(beside)
    assert {case_id: after[case_id] for case_id in before} == before


def test_of_two_projectors_at_one_place_only_one_writes(beside: Beside) -> None:
    partition, entries = _decided(beside)

    async def fold() -> None:
        async with _runners(beside, 2) as (_, (first, second)):
            for runner in (first, second):
                assert await runner.start(partition, len(entries)) == 0
            await first.apply(entries)
            with pytest.raises(PassedBy):
                await second.apply(entries)

    asyncio.run(fold())
    place = f"select next_offset from checkpoint where projection = 'board' and partition = {partition}"
    assert beside.query(place)[0][0] == len(entries)


def test_a_partition_that_is_dropped_in_the_middle_of_a_fetch_is_folded_to_the_fetchs_end(beside: Beside) -> None:
    partition, entries = _decided(beside)

    async def fold() -> int:
        async with _runners(beside, 1) as (pool, (runner,)):
            await runner.start(partition, len(entries))
            async with pool.acquire():  # the one connection: the fetch waits for it
                folding = asyncio.create_task(runner.apply(entries))
                asyncio.get_running_loop().call_soon(runner.drop, partition)  # behind the task's first step
            return len(await folding)

    assert asyncio.run(fold()) > 0


def _decided(beside: Beside) -> tuple[int, list[Entry]]:
    """The partition in which a decider, gone by now, has left most for whoever folds it, and what stands there."""
    decider = beside.start("dispatch")
    beside.report(60)
    beside.all_decided()
    decider.kill()
    found: dict[int, list[Entry]] = {}
    for stored in records(beside.kafka, beside.names.events):
        found.setdefault(stored.partition, []).append(read_entry(stored))
    return max(found.items(), key=lambda each: len(each[1]))


@asynccontextmanager
async def _runners(beside: Beside, count: int) -> AsyncGenerator[tuple[Any, list[Runner]], None]:
    """So many projectors on a pool of as many connections."""
    profile = load_profile("xinmi")
    pool = await open_pool(beside.postgres, count)
    try:
        async with pool.acquire() as connection:
            await migrate(connection)
        yield pool, [Runner(pool, "log", profile.about.zone, profile.towns, FILES_MAX) for _ in range(count)]
    finally:
        await pool.close()


def _state(beside: Beside) -> dict[str, str]:
    return {row["case_id"]: row["state"] for row in beside.query("select case_id, t::text as state from case_state t")}


def _rows(beside: Beside) -> int:
    return int(beside.query("select count(*) from case_state")[0][0])


def _make_anew(beside: Beside, topic: str) -> None:
    before = topic_ids(beside.kafka, [topic])[topic]
    admin = KafkaAdminClient(bootstrap_servers=beside.kafka)
    admin.delete_topics([topic])
    eventually(lambda: topic not in admin.list_topics(), ENDS_S_MAX, "the topic is gone")
    admin.close()
    create_and_check(beside.kafka, TopicNames(beside.names.prefix))
    assert topic_ids(beside.kafka, [topic])[topic] != before


async def _append_beyond(beside: Beside, partition: int, offset: int) -> None:
    topic = topic_ids(beside.kafka, [beside.names.actions])[beside.names.actions]
    record = DecisionRecord(Origin(topic, partition, offset), "", Outcome.UNDECODABLE, 0, 0, "test", "test")
    async with Appender(beside.kafka, beside.names, BULK_MS_MAX) as appender:
        await appender.append_raw(beside.names.events, partition, b"", encode(record))


async def _append_again(beside: Beside, topic: str, values: list[tuple[int, bytes, bytes]]) -> None:
    async with Appender(beside.kafka, beside.names, BULK_MS_MAX) as appender:
        for partition, key, value in values:
            await appender.append_raw(topic, partition, key, value)
