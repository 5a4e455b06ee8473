"""Marks: how far what is shown here is behind the log, found by asking again and again where it ends.

Owns `as_of_ms`: an instant counts as seen only when every action that stood in the log then is decided and folded here;
a silent broker or a dead decider stops it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import structlog
from aiokafka.errors import KafkaError

from eventlog.tail import ends_reader
from eventlog.topics import TopicNames
from projections.steps import Folder

MARKS_MAX = 600
MARK_MS = 500
MARK_SOON_MS = 50
"""Between two marks where somebody waits for the next one."""
MARK_S_MAX = 3.0

log = structlog.get_logger("marks")


class Marks:
    """Ends of the log by the instant at which they were asked for; `folders` are a reader's, who calls `settle` when it
    has folded more. Run `follow` as a task."""

    def __init__(self, bootstrap: str, names: TopicNames, folders: Mapping[int, Folder]) -> None:
        self.as_of_ms = 0
        self.log_answers = True
        self._bootstrap = bootstrap
        self._names = names
        self._folders = folders
        self._marks: deque[tuple[int, dict[int, int], dict[int, int]]] = deque(maxlen=MARKS_MAX)
        self._ends: deque[tuple[int, dict[int, int]]] = deque(maxlen=MARKS_MAX)
        self._asked_for = asyncio.Event()
        self._readers: list[tuple[int, asyncio.Future[None]]] = []

    async def follow(self) -> None:
        """Ask every MARK_MS, and for `all_read` at once, where the log ends; `as_of_ms` follows once everything up to
        there is folded.

        A broker that does not answer shows as an `as_of_ms` that stands still, and as `log_answers`.
        """
        while True:
            try:
                async with ends_reader(self._bootstrap) as read:
                    while True:
                        await self._mark(read)
                        await self._until_next()
            except (KafkaError, OSError, TimeoutError) as error:
                if self.log_answers:
                    log.warning("marks.no_answer", reason=repr(error))
                self.log_answers = False
                await asyncio.sleep(MARK_MS / 1000)

    async def all_read(self, within_s: float) -> bool:
        """Wait until everything that stands in `events` at this instant is folded here; False if it is not in time.

        Another process may have told an outcome that stands in a part of the log that this one has not read yet.
        """
        reader = (time.monotonic_ns(), asyncio.get_running_loop().create_future())
        self._readers.append(reader)
        self._asked_for.set()
        try:
            async with asyncio.timeout(within_s):
                await reader[1]
        except TimeoutError:
            return False
        finally:
            self._readers.remove(reader)
        return True

    def settle(self) -> None:
        """Take note of what the folders have reached."""
        while self._ends and self._folded(self._ends[0][1]):
            asked_ns, _ = self._ends.popleft()
            for since_ns, reader in self._readers:
                if since_ns <= asked_ns and not reader.done():
                    reader.set_result(None)
        while self._marks:
            asked, actions, events = self._marks[0]
            decided = all(folder.last_origin + 1 >= actions.get(p, 0) for p, folder in self._folders.items())
            if not (decided and self._folded(events)):
                return
            self.as_of_ms = asked
            self._marks.popleft()

    async def _until_next(self) -> None:
        await asyncio.sleep(MARK_SOON_MS / 1000)
        with suppress(TimeoutError):
            async with asyncio.timeout((MARK_MS - MARK_SOON_MS) / 1000):
                await self._asked_for.wait()
        self._asked_for.clear()

    async def _mark(self, read: Callable[[str], Awaitable[dict[int, int]]]) -> None:
        asked, asked_ns = time.time_ns() // 1_000_000, time.monotonic_ns()
        async with asyncio.timeout(MARK_S_MAX):
            actions = await read(self._names.actions)
            events = await read(self._names.events)
        self.log_answers = True
        self._marks.append((asked, actions, events))
        self._ends.append((asked_ns, events))
        self.settle()

    def _folded(self, ends: Mapping[int, int]) -> bool:
        return all(folder.next_offset >= ends.get(p, 0) for p, folder in self._folders.items())
