"""What makes somebody come to a failpoint: each a coroutine that goes on until it is cancelled, or has done it once.

Those of commands end by themselves: the command dies at the step, and is then run again to its end.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import psutil
from aiokafka.errors import KafkaError

from api.intake import case_of_report
from eventlog.position import PARTITIONS
from projections.runner import NAMES, fills
from runtime.failpoints import SETTING
from tests.support.faults import joined
from tests.support.strained import Strained

Way = Callable[[Strained, str, str, random.Random], Awaitable[None]]
"""Given the system, the process that is to die, the failpoint, and chance."""

AGAIN_S = 12.0
SOON_S = 3.0
ANSWER_S_MAX = 20
COMMAND_S_MAX = 180.0
COMMANDS_MAX = 5
HALF_LOOK_S = 0.02
HALF_LOOKS_MAX = 150
STILL_S = 5.0
SENT = "dispatch.sent"
RULED = ("020104", "030103", "040102", "050102")
VILLAGES = 4
LATER = sorted(fills(ZoneInfo("Asia/Shanghai")))
OK = 200


class CommandFailed(Exception):
    """A command that was killed at a step did not come to its end afterwards."""

    code = "torture.command_failed"


async def wait(_system: Strained, _process: str, _name: str, _chance: random.Random) -> None:
    """People and the clock come by."""


async def start(system: Strained, process: str, _name: str, _chance: random.Random) -> None:
    """It is killed, and its successor comes by at its start."""
    await _again(AGAIN_S, lambda: system.process(process).kill())


async def stop(system: Strained, process: str, _name: str, _chance: random.Random) -> None:
    """It is asked to stop."""
    await _again(AGAIN_S, lambda: system.process(process).terminate())


async def stop_while_sending(system: Strained, process: str, _name: str, _chance: random.Random) -> None:
    """It is asked to stop with a decision in its hand, and the broker stands still meanwhile and acknowledges none."""
    while True:
        system.points.arm(SENT, f"stop {process}")
        stopped = [await asyncio.to_thread(system.process, process), await asyncio.to_thread(system.process, "kafka")]
        try:
            while system.points.shot(SENT) is None:  # noqa: ASYNC110  # a file tells nobody
                await asyncio.sleep(HALF_LOOK_S)
            decider, broker = stopped
            with suppress(psutil.NoSuchProcess):
                broker.suspend()
                decider.terminate()
                decider.resume()
                await asyncio.sleep(STILL_S)
        finally:
            (system.points.path / SENT).unlink(missing_ok=True)
            for one in stopped:
                with suppress(psutil.NoSuchProcess):
                    one.resume()
        await asyncio.sleep(AGAIN_S)


async def share(system: Strained, process: str, _name: str, _chance: random.Random) -> None:
    """Another member joins its group, and takes partitions away from it."""
    while True:
        async with joined(system, process):
            await asyncio.sleep(AGAIN_S)


async def junk(system: Strained, _process: str, _name: str, _chance: random.Random) -> None:
    """Records come that nobody can read."""
    while True:
        with suppress(KafkaError):
            await system.producer.write_junk(system.live.kafka)
        await asyncio.sleep(AGAIN_S)


async def adopt(system: Strained, _process: str, _name: str, _chance: random.Random) -> None:
    """The administrator drafts another name of the standard and adopts it, by the API."""
    async with httpx.AsyncClient(base_url=system.live.address, timeout=ANSWER_S_MAX) as client:
        while True:
            with suppress(httpx.HTTPError, KeyError, ValueError):
                await _adopt_once(client)
            await asyncio.sleep(SOON_S)


async def adjudicate(system: Strained, _process: str, _name: str, chance: random.Random) -> None:
    """A leader says who owns a matter, which becomes a rule of the routing."""
    while True:
        await _adjudicate_once(system, chance)
        await asyncio.sleep(AGAIN_S)


async def break_off_a_ruling(system: Strained, process: str, _name: str, chance: random.Random) -> None:
    """Half of the partitions have decided the reactor's adoption, the deciders stand, and the reactor dies."""
    while True:
        async with joined(system, "dispatch") as second:
            await asyncio.sleep(AGAIN_S)  # it has its half of the partitions now
            await _adjudicate_once(system, chance)
            second.send_signal(signal.SIGSTOP)
            decider = await asyncio.to_thread(system.process, "dispatch")
            try:
                if await _half_adopted(system):
                    decider.suspend()
                    await asyncio.to_thread(lambda: system.process(process).kill())
                    await asyncio.sleep(AGAIN_S)
            finally:
                with suppress(psutil.NoSuchProcess):
                    decider.resume()
                second.send_signal(signal.SIGCONT)


async def forget_rows(system: Strained, process: str, _name: str, chance: random.Random) -> None:
    """A partition's rows are as an earlier release left them: one projection was never made."""
    while True:
        projection, partition = chance.choice(LATER), chance.randrange(PARTITIONS)
        with suppress(asyncpg.PostgresError, OSError):
            await _forget(system, process, projection, partition)
        await asyncio.sleep(AGAIN_S)


async def rebuild(system: Strained, _process: str, name: str, chance: random.Random) -> None:
    """`liandong rebuild`, of a projection of one table or two."""
    await _dies_and_ends(system, name, "rebuild", chance.choice(NAMES))


async def topics(system: Strained, _process: str, name: str, _chance: random.Random) -> None:
    """`liandong topics`, on topics that are there."""
    await _dies_and_ends(system, name, "topics")


async def new_account(system: Strained, _process: str, name: str, chance: random.Random) -> None:
    """`liandong account add`: killed, there is no such account; run again, there is one."""
    who = f"new-{chance.getrandbits(32):08x}"
    arguments = ("account", "add", who, "--role", "collector", "--scope", "41018300100101", "--password-stdin")
    await _dies_and_ends(system, name, *arguments)


async def new_password(system: Strained, _process: str, name: str, _chance: random.Random) -> None:
    """`liandong account password`."""
    await _dies_and_ends(system, name, "account", "password", "handler-410183402", "--password-stdin")


async def adopt_by_command(system: Strained, _process: str, name: str, _chance: random.Random) -> None:
    """`liandong reference adopt`, of the standard in force under another name."""
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "standard.json"
        await _run(system, False, "reference", "export", "standard", str(part))
        part.write_text(json.dumps({**json.loads(part.read_text()), "version": f"command-{uuid.uuid4().hex[:8]}"}))
        await _dies_and_ends(system, name, "reference", "adopt", "--standard", str(part), "--yes")


async def start_everything(system: Strained, _process: str, _name: str, _chance: random.Random) -> None:
    """The system is killed, and dies again while it starts."""

    def twice() -> None:
        system.kill_system()
        try:
            system.start_again(1)
        except AssertionError:
            return  # as it should: it did not come up
        raise AssertionError("it came up")

    await asyncio.to_thread(twice)


async def lose_a_part(system: Strained, _process: str, _name: str, chance: random.Random) -> None:
    """A part dies, and whoever starts it again dies over it."""
    family = system.live.family()
    part = chance.choice(("api", "dispatch", "project", "clock", "react"))
    await asyncio.to_thread(lambda: system.process(part).kill())
    await asyncio.to_thread(system.gone, family)


async def stop_everything(system: Strained, _process: str, _name: str, _chance: random.Random) -> None:
    """It is asked to stop, and dies half way."""
    family = system.live.family()
    system.live.process.send_signal(signal.SIGINT)
    await asyncio.to_thread(system.gone, family)


async def _again(every_s: float, act: Callable[[], None]) -> None:
    while True:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            await asyncio.to_thread(act)
        await asyncio.sleep(every_s)


async def _adjudicate_once(system: Strained, chance: random.Random) -> None:
    action_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    case, village = case_of_report(action_id), f"41018300200{chance.randint(1, VILLAGES)}"
    report = {"place": {"grid": village}, "channel": "hotline", "case_class": chance.choice(RULED)}
    await system.crew.ask("acceptor", case, "/api/cases", {"action_id": action_id, **report})
    ruling = {"action": "adjudicate", "unit": "410183-police", "reason": "duties", "text": "第九条"}
    body = {"action_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)), **ruling}
    await system.crew.ask("leader", case, f"/api/cases/{case}/actions", body)


async def _half_adopted(system: Strained) -> bool:
    """Wait until the rows hold an adoption of some partitions and not of others; False if none comes to that."""
    connection: Any = await asyncpg.connect(system.live.settings()["LIANDONG_POSTGRES"], timeout=ANSWER_S_MAX)
    try:
        for _ in range(HALF_LOOKS_MAX):
            if await connection.fetchval("select count(*) from adoptions") % PARTITIONS:
                return True
            await asyncio.sleep(HALF_LOOK_S)
    finally:
        await connection.close()
    return False


async def _adopt_once(client: httpx.AsyncClient) -> None:
    entered = await client.post("/api/token", json={"username": "admin", "password": "liandong-demo"})
    client.headers["Authorization"] = f"Bearer {entered.raise_for_status().json()['access_token']}"
    standard = (await client.get("/api/reference/in-force/standard")).raise_for_status().json()
    draft = {"parts": {"standard": {**standard, "version": f"api-{uuid.uuid4().hex[:8]}"}}}
    drafted = (await client.post("/api/reference/drafts", json=draft)).raise_for_status().json()
    body = {"action_id": str(uuid.uuid4()), "version": drafted["version"], "base": drafted["base"]}
    (await client.post("/api/reference/adoptions", json=body)).raise_for_status()


async def _forget(system: Strained, process: str, projection: str, partition: int) -> None:
    """Nobody folds meanwhile: the lock is held until the projector is dead, and its successor finds no place."""
    tables = [projection, "ledger_round"] if projection == "ledger" else [projection]
    connection: Any = await asyncpg.connect(system.live.settings()["LIANDONG_POSTGRES"], timeout=ANSWER_S_MAX)
    try:
        async with connection.transaction():
            await connection.execute("lock table checkpoint in access exclusive mode")
            for table in tables:
                await connection.execute(f"delete from {table} where partition = $1", partition)
            where = "projection = $1 and partition = $2"
            await connection.execute(f"delete from checkpoint where {where}", projection, partition)
            await asyncio.to_thread(lambda: system.process(process).kill())
    finally:
        await connection.close()


async def _dies_and_ends(system: Strained, name: str, *arguments: str) -> None:
    """The command is killed at the step that is armed, or this returns; then it is run again, to its end.

    Raises CommandFailed where it does not come to one.
    """
    code, _ = await _run(system, True, *arguments)
    if code != -signal.SIGKILL or system.points.shot(name) is None:
        return
    said = ""
    for _ in range(COMMANDS_MAX):
        code, said = await _run(system, False, *arguments)
        if code == 0:
            return
        await asyncio.sleep(SOON_S)  # what it needs was killed, too, and is on its way
    raise CommandFailed(f"[command] killed at {name}, {' '.join(arguments)} ends with {code}: {said[-2_000:]}")


async def _run(system: Strained, armed: bool, *arguments: str) -> tuple[int, str]:
    env = {**os.environ, **system.live.settings(), SETTING: str(system.points.path)}
    if not armed:
        env.pop(SETTING)
    command = [sys.executable, "-m", "ops.cli", *arguments]

    def run() -> tuple[int, str]:
        said = subprocess.run(
            command,
            env=env,
            input="liandong-demo\n",
            capture_output=True,
            text=True,
            timeout=COMMAND_S_MAX,
            check=False,
        )
        return said.returncode, said.stdout + said.stderr

    return await asyncio.to_thread(run)
