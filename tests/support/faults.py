"""The faults that are not bound to a step: each a coroutine over a system at work, which ends when it lives again."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from ops.disks import free_mb
from tests.support.at_work import HELD_S, HELD_S_MAX, SESSION_S, AtWork
from tests.support.breaking import fill, resize
from tests.support.strained import DISK_MB, Strained

JOINED_S = 2.0
LEAVE_S_MAX = 30.0
CONNECT_S_MAX = 5
REBALANCES_S = 20.0
REBALANCE_EVERY_S = 2.0
MEMBERS_MAX = 2
LEFT_MB = 32
MORE = """
create table if not exists ballast (text text);
insert into ballast select repeat(md5(number::text), 30) from generate_series(1, 10000) as number
"""
"""Ten megabytes of a neighbour's in the database."""
STOPPED_S_MAX = 60.0
STOP_SIGNALS = {"kafka": signal.SIGTERM, "postgres": signal.SIGINT}
"""A clean stop, as an operator asks for it."""


async def kill(system: Strained, part: str) -> None:
    """SIGKILL of the API, a processor, the database or the broker."""
    process = await asyncio.to_thread(system.process, part)
    await system.broken(f"kill {part}", process.kill)


async def kill_all(system: Strained) -> None:
    """SIGKILL of whoever keeps the parts, and with it of everything; somebody starts it again."""
    await system.broken("kill everything", system.kill_system, system.start_again)


async def restart(system: Strained, node: str) -> None:
    """The database or the broker is stopped in order, and is there again: the time counts from its end."""
    process = await asyncio.to_thread(system.process, node)
    process.send_signal(STOP_SIGNALS[node])
    await asyncio.to_thread(process.wait, STOPPED_S_MAX)
    await system.broken(f"restart {node}", lambda: None)


async def pause(system: Strained, part: str) -> None:
    """A processor is stopped past its group's limit, replaced, and woken again: a zombie."""
    process = await asyncio.to_thread(system.process, part)
    process.suspend()
    try:
        await asyncio.sleep(SESSION_S + JOINED_S)
    finally:
        await system.broken(f"zombie {part}", process.resume)


async def rebalance(system: Strained) -> None:
    """A second decider joins, works, and leaves."""
    async with joined(system, "dispatch") as second:
        await asyncio.sleep(SESSION_S + JOINED_S)
        await system.broken("rebalance", second.terminate)


async def rebalances(system: Strained) -> None:
    """Deciders and projectors come and go every REBALANCE_EVERY_S: the one in order, the other by SIGKILL."""
    members: list[subprocess.Popen[bytes]] = []
    over, number = time.monotonic() + REBALANCES_S, 0
    try:
        while time.monotonic() < over:
            members.append(await asyncio.to_thread(system.member, ("dispatch", "project")[number // 2 % 2]))
            await asyncio.sleep(REBALANCE_EVERY_S)
            if len(members) > MEMBERS_MAX:
                leaving = members.pop(0)
                leaving.send_signal((signal.SIGTERM, signal.SIGKILL)[number % 2])
                await asyncio.to_thread(leaving.wait, LEAVE_S_MAX)
            number += 1
    finally:
        await system.broken("rebalances", lambda: None, lambda: _leave(members))


async def junk(system: AtWork) -> None:
    """Records that nobody can read, in every partition."""
    await system.producer.write_junk(system.live.kafka)
    await system.broken("junk records", lambda: None)


async def copies(system: AtWork) -> None:
    """The newest records of every partition once more: actions, decisions, letters."""
    await system.producer.copy(system.live.kafka)
    await system.broken("copied records", lambda: None)


async def disk_full(system: Strained, node: str) -> None:
    """The disk of the log or of the rows is full to its last byte, and room is made: once people were held up, or the
    database took no more; who needs nothing of the rows goes on working meanwhile."""
    kind = f"disk full {node}"
    if system.no_disk:
        system.missed(kind, f"there is no disk of its own to fill: {system.no_disk}")
        return
    folder = system.live.data_dir / node
    ballast = await asyncio.to_thread(_fill, folder)
    since = time.monotonic_ns()
    try:
        if not await (system.held_up(since) if node == "kafka" else _refused(system)):
            system.missed(f"{kind}: a refusal", f"nothing was refused within {HELD_S_MAX:.0f} s")
    finally:
        await system.broken(kind, lambda: _make_room(folder, node, ballast))


@asynccontextmanager
async def joined(system: Strained, name: str) -> AsyncGenerator[subprocess.Popen[bytes]]:
    """A second process of that processor while the context lasts."""
    member = await asyncio.to_thread(system.member, name)
    try:
        yield member
    finally:
        await asyncio.to_thread(_leave, [member])


async def _refused(system: Strained) -> bool:
    """Wait until the database takes no more, and HELD_S longer; False if it still does after HELD_S_MAX."""
    deadline = time.monotonic() + HELD_S_MAX
    while time.monotonic() < deadline:
        try:
            connection = await asyncpg.connect(system.live.settings()["LIANDONG_POSTGRES"], timeout=CONNECT_S_MAX)
            try:
                await connection.execute(MORE, timeout=HELD_S_MAX)
            finally:
                connection.terminate()
        except (OSError, TimeoutError, asyncpg.PostgresError):
            await asyncio.sleep(HELD_S)
            return True
    return False


def _leave(members: Sequence[subprocess.Popen[bytes]]) -> None:
    for member in members:
        member.terminate()
    for member in members:
        try:
            member.wait(LEAVE_S_MAX)
        except subprocess.TimeoutExpired:
            member.kill()
            member.wait(LEAVE_S_MAX)


def _fill(folder: Path) -> Path:
    """Make the disk a little larger than what lies on it, and fill the rest: what a large disk holds costs memory."""
    used = DISK_MB[folder.name] * 1024 * 1024 // 1_000_000 - free_mb(folder)
    refused = resize(folder, used * 1_000_000 // (1024 * 1024) + LEFT_MB)
    assert not refused, f"{folder} could not be made smaller: {refused}"
    return fill(folder)


def _make_room(folder: Path, node: str, ballast: Path) -> None:
    refused = resize(folder, DISK_MB[node])
    assert not refused, f"{folder} could not be made larger: {refused}"
    ballast.unlink()
