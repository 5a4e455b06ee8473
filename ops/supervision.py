"""Keeping things alive: what ended is started again after a growing pause; what no restart can mend is said and raised.

Must never give up on what may come back by itself: a broker, a database or a disk that is away for a minute or a day.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import structlog
from prometheus_client import Counter

from ops import disks
from runtime import failpoints
from runtime.children import Child
from runtime.faults import EXIT_NEEDS_HAND, Fault
from runtime.restarts import Restarts

LOOK_S = 0.05
SHOWN_LINES = 6
HANDS_ASKED_MAX = 1

log = structlog.get_logger("system")


class Node(Protocol):
    """An embedded broker or database: its child, its folder, and its start, which keeps the address."""

    @property
    def child(self) -> Child: ...

    @property
    def folder(self) -> Path: ...

    async def start(self) -> None: ...


async def keep_part(child: Child, start: Callable[[], Child]) -> None:
    """Start a part again whenever it ends, for ever. Raises Fault `system.needs_hand` when EXIT_NEEDS_HAND comes twice
    running: what only looked so to a part that had just lost its partitions is healed by the first restart."""
    restarts = Restarts()
    asked = 0
    while True:
        code = await _end(child)
        asked = asked + 1 if code == EXIT_NEEDS_HAND else 0
        if asked > HANDS_ASKED_MAX:
            raise _needs_hand(child)
        await _pause(restarts, child.name, code)
        try:
            failpoints.hit("system.before_restart")
            child = start()
        except OSError as error:  # no process, no room: it may be there in a moment
            log.warning("system.not_started", part=child.name, reason=repr(error))
        restarts.started()


async def keep_node(node: Node, ended: Counter) -> None:
    """Start an embedded node again whenever it ends, for ever, on the same address; says so where its disk is full.

    `ended` counts its ends by name.
    """
    restarts = Restarts()
    while True:
        code = await _end(node.child)
        ended.labels(node.child.name).inc()
        if fault := disks.full(node.folder):
            disks.say(fault)
        await _pause(restarts, node.child.name, code)
        try:
            await node.start()
        except (Fault, OSError, TimeoutError) as fault:
            log.warning("system.not_started", part=node.child.name, reason=str(fault))
        else:
            log.warning("system.started_again", part=node.child.name)
        restarts.started()


async def first_fault(*kept: Awaitable[None]) -> None:
    """Run all of them for ever. Raises the first Fault among them."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in kept:
                group.create_task(_awaited(one))
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def _awaited(one: Awaitable[None]) -> None:
    await one


async def _end(child: Child) -> int:
    while (code := child.code()) is None:  # noqa: ASYNC110  # no portable event tells of a child's end
        await asyncio.sleep(LOOK_S)
    return code


async def _pause(restarts: Restarts, name: str, code: int) -> None:
    pause = restarts.pause_s()
    log.warning("system.part_ended", part=name, code=code, again_in_s=pause)
    await asyncio.sleep(pause)


def _needs_hand(child: Child) -> Fault:
    lines = child.last_lines(SHOWN_LINES)
    return Fault(
        "system.needs_hand",
        f"{child.name} 无法自行恢复:\n{lines}\n",
        f"{child.name} can not come back by itself:\n{lines}\n",
        hint_zh=f"请按以上说明处理后重新启动。日志:{child.log}",
        hint_en=f"Do what it says there, then start again. Its log: {child.log}",
    )
