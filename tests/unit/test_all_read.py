"""Before an API says that there is no such case, it has read what stood in the log when it was asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.marks import Marks
from eventlog.position import PARTITIONS
from eventlog.topics import TopicNames
from projections.checkpoint import Checkpoint
from projections.steps import Folder

SOON_S = 0.05
LONG_S = 30.0
EMPTY = dict.fromkeys(range(PARTITIONS), 0)


class Log:
    """Where it ends, to be asked as the hub asks; whoever holds `answers` back lets it hang."""

    def __init__(self) -> None:
        self.ends = {"actions": dict(EMPTY), "events": dict(EMPTY)}
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def read(self, topic: str) -> dict[int, int]:
        self.asked += 1
        found = dict(self.ends[topic])
        await self.answers.wait()
        return found


def unasked() -> Any:
    return Marks("", TopicNames(), {partition: Folder(partition) for partition in range(PARTITIONS)})


def fold(marks: Any, partition: int, next_offset: int) -> None:
    """Let it stand there: what it folded on its way does not matter here."""
    marks._folders[partition] = Folder(partition, Checkpoint("board", partition, next_offset, -1, "log", "", 0))
    marks.settle()


@pytest.mark.asyncio
async def test_what_stands_in_the_log_is_waited_for_and_what_is_not_decided_is_not() -> None:
    log, marks = Log(), unasked()
    log.ends["events"][3] = 7
    log.ends["actions"][3] = 9
    asking = asyncio.create_task(marks.all_read(LONG_S))
    await asyncio.sleep(0)
    await marks._mark(log.read)
    fold(marks, 3, 6)
    await asyncio.sleep(0)
    assert not asking.done()
    fold(marks, 3, 7)
    assert await asking
    assert marks.as_of_ms == 0, "an action is not decided, so nothing is as of any instant yet"


@pytest.mark.asyncio
async def test_an_end_that_was_asked_for_before_does_not_count() -> None:
    log, marks = Log(), unasked()
    log.answers.clear()
    marking = asyncio.create_task(marks._mark(log.read))
    await asyncio.sleep(0)
    assert log.asked
    asking = asyncio.create_task(marks.all_read(LONG_S))
    await asyncio.sleep(0)
    log.answers.set()
    await marking
    await asyncio.sleep(0)
    assert not asking.done(), "a record may have come after that end was read"
    await marks._mark(log.read)
    assert await asking


@pytest.mark.asyncio
async def test_what_is_not_read_in_time_is_said() -> None:
    log, marks = Log(), unasked()
    log.ends["events"][3] = 7
    asking = asyncio.create_task(marks.all_read(SOON_S))
    await asyncio.sleep(0)
    await marks._mark(log.read)
    assert not await asking
    assert marks._readers == []
