"""How many dead letters are open, and the limit at which deciding stands.

Owns the count that the decider, the wall and `liandong status` share. It is bounded: a tally sums what lies before it,
and where none lies within the last LIMIT + 1 records, more than the limit are open anyway. It may be too high by what a
decider copied twice across a tally, until the next one; it is never too low.
"""

from __future__ import annotations

import asyncio

import structlog
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from eventlog.letters import LETTER, MARK, TALLY, is_origin, kind_of, read_tally
from eventlog.stored import Stored
from eventlog.tail import bounds, read_to, tail
from runtime.faults import EXIT_STANDS, Fault

LOOK_BACK_RECORDS = 1_000
LOOK_BACK_FACTOR = 8
AGAIN_S = 0.5
LETTERS_LIMIT = "letters.limit"
"""The code of the fault, of the reason that `status` gives, and of what the wall is told."""

log = structlog.get_logger("letters")


class TooManyLetters(Fault):
    """More dead letters are open than the limit allows: nobody decides until a person has seen to them."""

    exit_code = EXIT_STANDS

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(
            LETTERS_LIMIT,
            f"有 {count} 条无法解读的记录待处理,超过上限 {limit}:已停止作出决定。",
            f"{count} records that nobody can decode wait for a person, the limit is {limit}: deciding stands.",
            hint_zh="请先找出写入者并让其停止,再用 liandong dead-letters 查看(list)、重新提交(resubmit)或弃置(discard);"
            "降到上限后自动继续。",
            hint_en="Find who writes them and stop it; then look at them, resubmit or discard them with liandong "
            "dead-letters (list, resubmit, discard). It goes on by itself once the limit is kept.",
        )


class LetterCount:
    """The open letters from `start` on, by their keys, on top of the newest tally's sum of what lies before."""

    def __init__(self, start: int) -> None:
        self.summed = False
        self._start = start
        self._from = start
        self._before = 0
        self._open: dict[bytes, int] = {}

    @property
    def open(self) -> int:
        """How many are open."""
        return self._before + len(self._open)

    def fold(self, stored: Stored) -> int | None:
        """Fold the next record; gives a tally's `read_to` where it lies before `start`: the count needs those too."""
        kind = kind_of(stored)
        if kind == TALLY:
            return self._sum(stored)
        if stored.key is None or not is_origin(stored.key):
            return None
        if kind == MARK:
            self._open.pop(stored.key, None)
        elif kind == LETTER:
            self.note(stored.key, stored.offset)
        return None

    def note(self, key: bytes, offset: int) -> None:
        """A letter stands there; known already, nothing changes."""
        if offset >= self._from:
            self._open.setdefault(key, offset)

    def _sum(self, stored: Stored) -> int | None:
        tally = read_tally(stored)
        if tally is None or tally.read_to > stored.offset:
            return None
        if tally.read_to < self._start:
            return tally.read_to
        # Whoever read further sums more: two people at work at once write their tallies in any order.
        if tally.read_to >= self._from:
            self._from, self._before, self.summed = tally.read_to, tally.open, True
            self._open = {key: offset for key, offset in self._open.items() if offset >= tally.read_to}
        return None


class OpenLetters:
    """The count, kept up to date by `follow`."""

    def __init__(self, bootstrap: str, topic: str, limit: int) -> None:
        self.limit = limit
        self._bootstrap = bootstrap
        self._topic = topic
        self._next_offset = 0
        self._count: LetterCount | None = None

    @property
    def open(self) -> int | None:
        """How many are open; None until it was counted."""
        return None if self._count is None else self._count.open

    @property
    def exceeded(self) -> bool:
        """True where deciding has to stand."""
        return self.open is not None and self.open > self.limit

    def require(self) -> None:
        """Raises TooManyLetters beyond the limit."""
        if self.open is not None and self.open > self.limit:
            raise TooManyLetters(self.open, self.limit)

    def note(self, key: bytes, offset: int) -> None:
        """One's own letter, acknowledged: it counts before it comes back from the topic."""
        if self._count is not None:
            self._count.note(key, offset)

    async def load(self) -> None:
        """Count, from the end of the topic backwards as far as it takes. Raises KafkaError."""
        first, end = (await bounds(self._bootstrap, self._topic))[0]
        back = LOOK_BACK_RECORDS
        while True:
            start = max(end - back, first)
            count, further = await self._counted(start, end)
            if start == first or count.summed or count.open > self.limit:
                break
            if further is not None:
                back = end - further
            elif back <= self.limit:  # one more than the limit, all of them open, is reason enough to stand
                back = min(back * LOOK_BACK_FACTOR, self.limit + 1)
            else:
                back *= LOOK_BACK_FACTOR
        self._count, self._next_offset = count, end

    async def follow(self) -> None:
        """Count for ever. Where the log does not answer, the last count stands and it is asked again."""
        silent = False
        while True:
            try:
                if self._count is None:
                    await self.load()
                async for chunk in tail(self._bootstrap, self._topic, {0: self._next_offset}):
                    silent = False
                    self._fold(chunk)
            except OffsetOutOfRangeError:
                self._count = None
            except (KafkaError, OSError, TimeoutError) as error:
                if not silent:
                    log.warning("letters.not_counted", reason=repr(error))
                silent = True
            await asyncio.sleep(AGAIN_S)

    def _fold(self, chunk: list[Stored]) -> None:
        for stored in chunk:
            if self._count is not None:
                self._count.fold(stored)
            self._next_offset = stored.offset + 1

    async def _counted(self, start: int, end: int) -> tuple[LetterCount, int | None]:
        count = LetterCount(start)
        further: int | None = None
        async for chunk in read_to(self._bootstrap, self._topic, {0: start}, {0: end}):
            for stored in chunk:
                asked = count.fold(stored)
                further = further if asked is None else asked
        return count, further
