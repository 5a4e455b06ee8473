"""Who folds the partitions of a rebuild: this process where the log is short, else several, each with its own.

Owns the way to the others: a pipe each, on which the ends to reach go out, and each chunk's number of records comes
back. Nobody outlives the rebuild: what is left at its end is killed, and who loses the process that started it ends.
"""

from __future__ import annotations

import asyncio
import heapq
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing.connection import Connection
from typing import Any, Protocol

from eventlog.stored import Stored
from eventlog.tail import read_to
from eventlog.topics import TopicNames
from ops.serve import require_cluster
from projections.database import open_pool
from projections.rebuild import Share
from reference.profile import load_profile
from runtime.faults import Fault
from runtime.settings import Settings, load_settings

PROCESSES_MAX = 8
RECORDS_A_PROCESS_MIN = 20_000
"""Starting one takes a second or two, in which so many records are folded."""
NICE = 10
"""Behind the live processes of the same machine."""
ENDS_S_MAX = 5.0
EXIT_ORPHANED = 70

_processes = multiprocessing.get_context("spawn")


class Folding(Protocol):
    """Somebody with some of the partitions."""

    async def fold(self, ends: Mapping[int, int]) -> None:
        """Fold them up to there."""


def processes_for(upto: Mapping[int, int]) -> int:
    """How many processes are worth their start: one a core at most."""
    worth = max(sum(upto.values()) // RECORDS_A_PROCESS_MIN, 1)
    return min(worth, os.cpu_count() or 1, PROCESSES_MAX)


def dealt(upto: Mapping[int, int], hands: int) -> list[list[int]]:
    """The partitions in so many portions of about as many records; the longest are dealt first."""
    portions: list[tuple[int, int, list[int]]] = [(0, hand, []) for hand in range(hands)]
    for partition in sorted(upto, key=lambda one: -upto[one]):
        records, hand, dealt_so_far = heapq.heappop(portions)
        heapq.heappush(portions, (records + upto[partition], hand, [*dealt_so_far, partition]))
    return [partitions for _, _, partitions in sorted(portions, key=lambda one: one[1])]


@asynccontextmanager
async def shares(
    settings: Settings, names: Sequence[str], upto: Mapping[int, int], hands: int, folded: Callable[[int], None]
) -> AsyncGenerator[Sequence[Folding], None]:
    """Those who fold these projections, each its partitions; `folded` is told each chunk's number of records."""
    async with AsyncExitStack() as stack:
        if hands == 1:
            yield [await stack.enter_async_context(_share(settings, names, list(upto), folded))]
        else:
            yield [stack.enter_context(_Process(names, own, folded)) for own in dealt(upto, hands)]


@asynccontextmanager
async def _share(
    settings: Settings, names: Sequence[str], partitions: Sequence[int], folded: Callable[[int], None]
) -> AsyncGenerator[Share, None]:
    bootstrap, postgres = require_cluster(settings)
    profile = load_profile(settings.profile)
    events = TopicNames(settings.topic_prefix).events

    def read(start: dict[int, int], end: dict[int, int]) -> AsyncIterator[list[Stored]]:
        return read_to(bootstrap, events, start, end)

    pool = await open_pool(postgres, 1, "liandong-rebuild", durable=False)
    try:
        yield Share(pool, names, profile.about.zone, profile.towns, partitions, read, folded)
    finally:
        await pool.close()


class _Process:
    """A process of its own with some partitions; a context, which it does not outlive."""

    def __init__(self, names: Sequence[str], partitions: Sequence[int], folded: Callable[[int], None]) -> None:
        self._folded = folded
        self._pipe, theirs = _processes.Pipe()
        self._process = _processes.Process(target=_work, args=(theirs, names, partitions), daemon=True)
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is born with that: who started it ends it
        self._process.start()
        signal.signal(signal.SIGINT, before)
        theirs.close()

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.join(ENDS_S_MAX)
        self._pipe.close()

    async def fold(self, ends: Mapping[int, int]) -> None:
        """Raises Fault where it failed, or was ended."""
        try:
            await asyncio.to_thread(self._pipe.send, dict(ends))
            while (said := await asyncio.to_thread(self._pipe.recv)) is not None:
                if isinstance(said, int):
                    self._folded(said)
                else:
                    code, zh, en, hint_zh, hint_en = said
                    raise Fault(code, zh, en, hint_zh=hint_zh, hint_en=hint_en)
        except (EOFError, OSError) as error:
            raise Fault(
                "rebuild.broken_off",
                "重建所用的一个进程中途结束。",
                "A process of the rebuild ended in the middle.",
                hint_zh="现有投影未被改动,请重新运行 liandong rebuild。",
                hint_en="The live rows are as they were; run liandong rebuild again.",
            ) from error


def _work(pipe: Connection[Any, Any], names: Sequence[str], partitions: Sequence[int]) -> None:
    """The process: fold up to what comes in, until nobody is there any more."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(NICE)
    try:
        asyncio.run(_fold_on(pipe, names, partitions))
    except (EOFError, ConnectionError):
        return
    except Fault as fault:
        pipe.send((fault.code, fault.zh, fault.en, fault.hint_zh, fault.hint_en))
    except Exception as error:  # whatever it was, whoever waits has to hear of it
        pipe.send(("rebuild.failed", f"重建失败:{error!r}。", f"The rebuild failed: {error!r}.", "", ""))


def _end_with_parent() -> None:
    """At once, in the middle of whatever it does: a next rebuild makes new tables of the same names, and what this one
    would still commit must not come into them."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "started by a rebuild"
    parent.join()
    os._exit(EXIT_ORPHANED)


async def _fold_on(pipe: Connection[Any, Any], names: Sequence[str], partitions: Sequence[int]) -> None:
    async with _share(load_settings(), names, partitions, pipe.send) as share:
        while True:
            await share.fold(await asyncio.to_thread(pipe.recv))
            pipe.send(None)
