"""What the commands do with `dead-letters`: read it whole, append marks, and after them a tally.

Owns the order of it. Marks are acknowledged before the tally is written, and the tally sums what was read after them;
so a command that is killed anywhere leaves every letter either open or marked, and a count that is too high at most,
until the next command. Two people at once do no harm: the further tally counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import msgspec

from domain.case.actions import Attempt
from eventlog.append import BULK_MS_MAX, Appender, LogUnreachable
from eventlog.broker import reach
from eventlog.letters import Done, Kept, Letter, Letters, Mark, Tally, write_mark, write_tally
from eventlog.record import Origin
from eventlog.tail import bounds, read_to
from eventlog.topics import TopicNames, topic_ids
from ops.reference.options import now_ms
from runtime.faults import Fault

AT_ONCE = 1_000

Found = TypeVar("Found")


class Desk:
    """The letters of one cluster, as one command sees them."""

    def __init__(self, kafka: str, names: TopicNames) -> None:
        self._kafka = kafka
        self._names = names
        self.letters = Letters()

    def read(self) -> Letters:
        """Fold the whole topic. Raises Fault kafka.unreachable, `letters.unreadable`."""
        asyncio.run(reach(self._kafka))
        asyncio.run(self._read_on())
        return self.letters

    def value(self, letter: Letter) -> bytes:
        """The bytes of the copy."""
        return asyncio.run(self._value(letter))

    def resubmit(self, origin: str, attempt: Attempt, by: str, note: str) -> Origin:
        """Append the attempt, then the mark that names its place. Raises Fault `log.unreachable`."""
        topic = topic_ids(self._kafka, [self._names.actions])[self._names.actions]

        async def run() -> Origin:
            async with Appender(self._kafka, self._names) as appender:
                place = Origin(topic, *await appender.append(attempt))
                await self._mark(appender, [origin], Mark(Done.RESUBMITTED, by, now_ms(), note, attempt.id, place))
            return place

        return _reached(run)

    def discard(self, letters: Sequence[Kept], by: str, note: str) -> None:
        """Mark them all as discarded. Raises Fault `log.unreachable`: repeat it, what is marked stays so."""

        async def run() -> None:
            async with Appender(self._kafka, self._names, BULK_MS_MAX) as appender:
                mark = Mark(Done.DISCARDED, by, now_ms(), note)
                await self._mark(appender, [kept.letter.origin for kept in letters], mark)

        _reached(run)

    async def _mark(self, appender: Appender, origins: Sequence[str], mark: Mark) -> None:
        topic = self._names.dead_letters
        for start in range(0, len(origins), AT_ONCE):
            marks = [write_mark(origin, mark) for origin in origins[start : start + AT_ONCE]]
            await asyncio.gather(*(appender.append_raw(topic, 0, *record) for record in marks))
        await self._read_on()
        tally = Tally(self.letters.read_to, self.letters.open)
        await appender.append_raw(topic, 0, *write_tally(tally))

    async def _read_on(self) -> None:
        first, end = (await bounds(self._kafka, self._names.dead_letters))[0]
        start = max(first, self.letters.read_to)
        async for chunk in read_to(self._kafka, self._names.dead_letters, {0: start}, {0: end}):
            for stored in chunk:
                try:
                    self.letters.fold(stored)
                except msgspec.DecodeError as error:
                    raise _unreadable(stored.offset, str(error)) from error

    async def _value(self, letter: Letter) -> bytes:
        place, after = {0: letter.offset}, {0: letter.offset + 1}
        async for chunk in read_to(self._kafka, self._names.dead_letters, place, after):
            for stored in chunk:
                return stored.value or b""
        return b""


def _reached(run: Callable[[], Coroutine[Any, Any, Found]]) -> Found:
    try:
        return asyncio.run(run())
    except LogUnreachable as error:
        raise Fault(
            "log.unreachable",
            f"日志无应答({error}),可能已写入一部分。",
            f"The log does not answer ({error}); some of it may have been written.",
            hint_zh="请重复同一命令:已写入的不会重复生效。",
            hint_en="Repeat the same command: what was written has no effect twice.",
        ) from None


def _unreadable(offset: int, said: str) -> Fault:
    return Fault(
        "letters.unreadable",
        f"dead-letters 偏移 {offset} 的标记无法读取:{said}。",
        f"The mark at dead-letters, offset {offset} can not be read: {said}.",
        hint_zh="请用写入它的版本或更新的版本。",
        hint_en="Use the release that wrote it or a newer one.",
    )
