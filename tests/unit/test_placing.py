"""Partitions that are given away while they are being taken over: nobody may go on with them as if they were his.

Faust takes over beside the group's protocol, so the group may be at its next assignment before the last one is placed.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mode
import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from streams.chunks import Chunk, Fetching
from streams.measures import Measures
from streams.worker import Limits, Processor, make_app

TOPIC = "events"
ALL, HALF = range(24), range(0, 24, 2)
RECORD = SimpleNamespace(topic=TOPIC, timestamp=0, timestamp_type=1, key=b"", value=b"", headers=())


class Slow(Processor):
    """Takes partitions over when it is let, and says which it holds."""

    name = "slow"
    topic = TOPIC
    fetching = Fetching(wait_ms_max=1, bytes_min=1)

    def __init__(self) -> None:
        self.measures = Measures(CollectorRegistry())
        self.holds: set[int] = set()
        self.asked = asyncio.Event()
        self.let = asyncio.Event()
        self.breaks = False

    async def place(self, partitions: set[int]) -> dict[int, int]:
        self.holds |= partitions
        self.asked.set()
        await self.let.wait()
        if self.breaks:
            raise OSError("the rows are away")
        return dict.fromkeys(partitions, 7)

    def released(self, partitions: set[int]) -> None:
        self.holds -= partitions

    async def chunks(self, chunks: Sequence[Chunk]) -> None:
        raise AssertionError(chunks)


class Member:
    """A consumer in a group that the test assigns; what the client library would say and do stands in for it."""

    def __init__(self, processor: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
        app: Any = make_app(processor, "g", "127.0.0.1:1", Path(tempfile.gettempdir()), Limits())
        monkeypatch.setattr(app.transport.Consumer, "thread", staticmethod(lambda *_, **__: mode.Service()))
        self.consumer: Any = app.consumer
        self.sought: dict[TP, int] = {}
        self._assigned: set[TP] = set()

        async def nothing(*_: object, **__: object) -> None:
            pass

        async def seek(places: dict[TP, int]) -> None:
            self.sought = places

        monkeypatch.setattr(self.consumer, "_on_partitions_revoked", nothing)
        monkeypatch.setattr(self.consumer, "_on_partitions_assigned", nothing)
        monkeypatch.setattr(self.consumer, "assignment", lambda: self._assigned)
        monkeypatch.setattr(self.consumer, "seek_wait", seek)

    async def assigned(self, partitions: Sequence[int]) -> None:
        self._assigned = {TP(TOPIC, partition) for partition in partitions}
        await self.consumer.on_partitions_assigned(self._assigned, 0)

    async def revoked(self) -> None:
        await self.consumer.on_partitions_revoked(set(self._assigned))


async def holding_all(monkeypatch: pytest.MonkeyPatch) -> tuple[Slow, Member]:
    """A processor that took everything over at once, and its consumer."""
    slow = Slow()
    slow.let.set()
    member = Member(slow, monkeypatch)
    await member.assigned(ALL)
    await member.consumer.seek_to_committed()
    return slow, member


@pytest.mark.asyncio
async def test_what_was_given_away_while_it_was_taken_over_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    member = Member(slow, monkeypatch)
    await member.assigned(ALL)
    first = asyncio.create_task(member.consumer.seek_to_committed())
    await slow.asked.wait()
    await member.revoked()
    await member.assigned(HALF)
    second = asyncio.create_task(member.consumer.seek_to_committed())
    slow.let.set()
    await asyncio.gather(first, second)
    assert slow.holds == set(HALF)
    assert member.sought == {TP(TOPIC, partition): 7 for partition in HALF}


@pytest.mark.asyncio
async def test_between_a_revocation_and_the_next_assignment_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    slow.let.set()
    member = Member(slow, monkeypatch)
    await member.assigned(ALL)
    await member.revoked()
    assert await member.consumer.seek_to_committed() == {}
    assert slow.holds == set()
    await member.assigned(ALL)
    await member.consumer.seek_to_committed()
    assert slow.holds == set(ALL)


@pytest.mark.asyncio
async def test_a_takeover_that_fails_leaves_nothing_held(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    slow.breaks = True
    slow.let.set()
    member = Member(slow, monkeypatch)
    await member.assigned(ALL)
    with pytest.raises(OSError, match="away"):
        await member.consumer.seek_to_committed()
    assert slow.holds == set()


class Fetcher:
    """Answers one fetch with these offsets of one partition, after what `meanwhile` does."""

    def __init__(self, partition: int, offsets: Sequence[int], meanwhile: Callable[[], Awaitable[None]]) -> None:
        self._records = [SimpleNamespace(**{**vars(RECORD), "partition": partition, "offset": o}) for o in offsets]
        self._place = TP(TOPIC, partition)
        self._meanwhile = meanwhile

    async def getmany(self, *_: object) -> Any:
        await self._meanwhile()
        return {self._place: self._records}


async def nothing_else() -> None:
    """Nothing befalls the group."""


@pytest.mark.asyncio
async def test_a_late_fetch_does_not_make_a_partition_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, member = await holding_all(monkeypatch)
    monkeypatch.setattr(member.consumer, "_thread", Fetcher(1, [7, 8, 9], member.revoked))
    assert await member.consumer._getmany(None, 1.0) == {}
    await member.assigned(ALL)
    await member.consumer.seek_to_committed()
    assert slow.holds == set(ALL), "taken over anew"
    assert member.sought[TP(TOPIC, 1)] == 7


@pytest.mark.asyncio
async def test_what_was_fetched_at_a_place_of_before_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    _, member = await holding_all(monkeypatch)
    monkeypatch.setattr(member.consumer, "_thread", Fetcher(1, [7, 8], nothing_else))
    assert list(await member.consumer._getmany(None, 1.0)) == [TP(TOPIC, 1)]

    async def ours_again() -> None:
        await member.revoked()
        await member.assigned(ALL)
        await member.consumer.seek_to_committed()

    monkeypatch.setattr(member.consumer, "_thread", Fetcher(1, [9], ours_again))
    assert await member.consumer._getmany(None, 1.0) == {}, "7 and 8 are not in the rows: it goes on from there"
    monkeypatch.setattr(member.consumer, "_thread", Fetcher(1, [7, 8, 9], nothing_else))
    assert list(await member.consumer._getmany(None, 1.0)) == [TP(TOPIC, 1)]


@pytest.mark.asyncio
async def test_what_is_fetched_while_nothing_is_handed_on_is_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _, member = await holding_all(monkeypatch)
    member.consumer.stop_flow()
    monkeypatch.setattr(member.consumer, "_thread", Fetcher(1, [7, 8], nothing_else))
    assert await member.consumer._getmany(None, 1.0) == {}
    assert (await member.consumer.seek_to_committed())[TP(TOPIC, 1)] == 7, "Faust seeks to what we say"


@pytest.mark.asyncio
async def test_what_is_fetched_while_partitions_are_placed_is_handed_on_where_it_is_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = Slow()
    member = Member(slow, monkeypatch)
    await member.assigned(ALL)
    placing = asyncio.create_task(member.consumer.seek_to_committed())
    await slow.asked.wait()

    async def placed() -> None:
        slow.let.set()
        await placing

    monkeypatch.setattr(member.consumer, "_thread", Fetcher(1, [7, 8], placed))
    assert list(await member.consumer._getmany(None, 1.0)) == [TP(TOPIC, 1)]
