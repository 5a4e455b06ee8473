"""The verdict on a leg: what people were told held against the log, the rows, the screen and the letters.

What is compared is `liandong verify history` with all that every client was told, a screen that followed the feed
through all of it, the hub's digest against the rows', the auditor's own comparison, copies of actions, and the letters
against what nobody could read.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from typing import Any

import asyncpg
import httpx
import msgspec
import psutil

from eventlog.position import write_position
from ops.verify.calls import Told
from projections import audited, board, checkpoint
from runtime.failpoints import SETTING
from tests.support.at_work import AtWork
from tests.support.live import Live
from tests.support.signs import OK, all_work
from tests.support.tally import Verdict

REST_S_MAX = 120.0
VERIFIED_S_MAX = 1_800.0
SAME_AGAIN_S = 0.2


async def judge(system: AtWork, minutes: float = 0.0, cluster_minutes: float = 0.0) -> Verdict:
    """Everybody goes home; then everything is compared. `minutes` is how long things broke at random, on one machine or
    on a cluster."""
    await system.go_home()
    await _at_rest(system)
    wrong = list(system.wrong)
    for onlooker in system.onlookers:
        if not await onlooker.same():
            wrong.append("[screen] the screen does not show what the server shows")
    wrong += await _boards_wrong(system)
    if (told := await _audited(system)) != "same":
        wrong.append(f"[audit] the auditor says {told}")
    verified = await asyncio.to_thread(_verified, system)
    wrong += [f"[{one['wrong']}] {one['text']}" for one in verified["findings"]]
    wrong += await asyncio.to_thread(lambda: list(system.producer.wrong(system.live.kafka)))
    wrong += await asyncio.to_thread(_letters_missing, system)
    wrong += [f"[told] {fault}" for fault in dict.fromkeys(system.crew.faults)]
    calls, done = system.crew.calls, system.crew.done
    asked = {call.action_id for call in calls}
    known = {call.action_id for call in calls if call.told is not Told.UNKNOWN}
    verdict = Verdict(
        leg=system.leg,
        seed=system.seed,
        seconds=round(time.monotonic() - system.began, 1),
        minutes=minutes,
        cluster_minutes=cluster_minutes,
        actions=len(asked),
        acknowledged=len(known),
        unknown=len(asked) - len(known),
        per_second=system.crew.per_second(),
        acts={act: count for (act, told), count in sorted(done.items()) if told == "accepted"},
        breaches=await _count(system, "select count(*) from breaches"),
        decisions=verified["decided_again"],
        copies=verified["copies"],
        joined_again=sum(onlooker.joined - 1 for onlooker in system.onlookers),
        findings=dict(Counter(text[1:].partition("]")[0] for text in wrong)),
        wrong=wrong,
    )
    system.tally.add(verdict)
    return verdict


async def _at_rest(system: AtWork) -> None:
    """Wait until everything works and the rows have come to where the hubs are; `judge` says if they have not."""
    try:
        await all_work(system.lives, REST_S_MAX)
    except TimeoutError as missing:
        system.wrong.append(f"[dead] not live {REST_S_MAX:.0f} s after everything: {missing}")
    await _boards_wrong(system)


async def _boards_wrong(system: AtWork) -> list[str]:
    """What differs between each hub and the rows where both stand at one place in the log, which is waited for."""
    left, wrong = list(system.lives), list[str]()
    deadline = time.monotonic() + REST_S_MAX
    while left and time.monotonic() < deadline:
        for live in list(left):
            if (same := await _rows_are_the_hubs(live)) is not None:
                left.remove(live)
                wrong += [] if same else ["[hub] the hub's board and the rows' differ at one place in the log"]
        await asyncio.sleep(SAME_AGAIN_S)
    return wrong + [f"[hub] no place in {REST_S_MAX:.0f} s at which both the hub and the rows stood" for _ in left]


async def _rows_are_the_hubs(live: Live) -> bool | None:
    """Whether the hub shows what the rows hold; None where they stand at different places (deadlines still pass)."""
    try:
        answer = await asyncio.to_thread(live.call, "auditor", "GET", "/api/wall/digest")
    except httpx.HTTPError:
        return None
    connection = await asyncpg.connect(live.settings()["LIANDONG_POSTGRES"])
    try:
        async with connection.transaction(isolation="repeatable_read"):
            rows, counts = await board.read_rows(connection), await board.read_counts(connection)
            places = await checkpoint.read(connection, board.NAME)
    finally:
        await connection.close()
    stands = write_position({partition: place.next_offset for partition, place in places.items()})
    if answer.status_code != OK or answer.json()["pos"] != stands:
        return None
    return bool(answer.json()["digest"] == board.digest(rows, counts))


async def _audited(system: AtWork) -> str:
    """What the auditor finds from now on: `same`, that it is silent, or how many cases differ."""
    since_ms, deadline = time.time_ns() // 1_000_000, time.monotonic() + REST_S_MAX
    while time.monotonic() < deadline:
        connection = await asyncpg.connect(system.live.settings()["LIANDONG_POSTGRES"])
        try:
            cycle = await audited.read(connection)
        finally:
            await connection.close()
        if cycle is not None and cycle.at_ms > since_ms:
            return f"that {cycle.divergent} of {cycle.cases} cases differ" if cycle.divergent else "same"
        await asyncio.sleep(SAME_AGAIN_S)
    return f"nothing for {REST_S_MAX:.0f} s"


async def _count(system: AtWork, sql: str) -> int:
    connection = await asyncpg.connect(system.live.settings()["LIANDONG_POSTGRES"])
    try:
        return int(await connection.fetchval(sql))
    finally:
        await connection.close()


def _letters_missing(system: AtWork) -> list[str]:
    """Every record that nobody could read has one letter, however often it was copied."""
    kept = json.loads(_asked(system, "dead-letters", "list", "--json").stdout)["open"]
    unread = system.producer.unread(system.live.kafka)
    return [] if kept == unread else [f"[letters] {unread} records were undecodable, {kept} letters are open"]


def _verified(system: AtWork) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(b"\n".join(map(msgspec.json.encode, system.crew.calls)))
        file.flush()
        verified: dict[str, Any] = json.loads(_asked(system, "verify", "history", file.name, "--json").stdout)
    return verified


def _asked(system: AtWork, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**psutil.Process(system.live.process.pid).environ(), **system.live.settings()}
    env.pop(SETTING, None)
    command = [sys.executable, "-m", "ops.cli", *arguments]
    said = subprocess.run(command, env=env, capture_output=True, text=True, timeout=VERIFIED_S_MAX, check=False)
    if said.returncode not in (0, 2):
        raise AssertionError(said.stdout + said.stderr)
    return said
