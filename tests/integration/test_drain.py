"""An end in order, under load: whoever asked gets an answer with a meaning, and what was acknowledged stands."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from kafka.admin import KafkaAdminClient
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from eventlog.history import records
from eventlog.position import PARTITIONS
from eventlog.record import DecisionRecord, Outcome
from eventlog.stored import read_entry
from eventlog.topics import TopicNames
from ops.embedded.kafka import free_ports
from ops.system import PROCESSORS
from tests.support.beside import Beside
from tests.support.city import GRID
from tests.support.live import Live, eventually

RATE = 100
PEOPLE = ("acceptor", "leader", "inspector", "public")
PARTS = (*PROCESSORS, "api")
PART_S_MAX = 12.0
SYSTEM_S_MAX = 30.0
BETWEEN_ANSWERS = 60
ANSWERED_S_MAX = 40.0
BACKLOG = 6_000
REFUSED, CUT = "refused", "cut"


class Answer(msgspec.Struct, frozen=True):
    """What one request came to: an HTTP status, REFUSED (no connection) or CUT (a connection without an answer)."""

    action_id: str
    status: int | str
    body: dict[str, Any]


class Load:
    """Reports over HTTP at RATE, each sent once: nothing is repeated, so that nothing is hidden."""

    def __init__(self, live: Live) -> None:
        self.answers: list[Answer] = []
        self._address = live.address
        self._tokens = itertools.cycle([live.token(person) for person in PEOPLE])
        self._told = asyncio.Event()
        self._news = asyncio.Condition()

    def stop(self) -> None:
        """No more requests; those under way come to their end."""
        self._told.set()

    async def run(self) -> None:
        """Until told to stop."""
        sending: set[asyncio.Task[None]] = set()
        started = time.monotonic()
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            for number in itertools.count():
                if self._told.is_set():
                    break
                await asyncio.sleep(max(0.0, started + number / RATE - time.monotonic()))
                task = asyncio.create_task(self._one(client))
                sending.add(task)
                task.add_done_callback(sending.discard)
            await asyncio.gather(*sending)

    async def accepted(self, more: int) -> None:
        """Wait for so many further accepted answers."""
        wanted = self.count() + more
        async with asyncio.timeout(ANSWERED_S_MAX), self._news:
            await self._news.wait_for(lambda: self.count() >= wanted)

    def count(self) -> int:
        """Accepted so far."""
        return sum(answer.status == 201 for answer in self.answers)

    async def _one(self, client: httpx.AsyncClient) -> None:
        self.answers.append(await self._ask(client))
        async with self._news:
            self._news.notify_all()

    async def _ask(self, client: httpx.AsyncClient) -> Answer:
        action_id = str(uuid.uuid4())
        body = {"action_id": action_id, "place": {"grid": GRID}, "channel": "hotline", "case_class": "010101"}
        headers = {"Authorization": f"Bearer {next(self._tokens)}"}
        try:
            answer = await client.post(f"{self._address}/api/cases", json=body, headers=headers)
        except httpx.ConnectError:
            return Answer(action_id, REFUSED, {})
        except httpx.TransportError as error:
            return Answer(action_id, CUT, {"error": repr(error)})
        return Answer(action_id, answer.status_code, answer.json())


async def _end_each_part_then_all(live: Live) -> tuple[list[Answer], dict[str, float], int]:
    load = Load(live)
    running = asyncio.create_task(load.run())
    await load.accepted(BETWEEN_ANSWERS)
    took: dict[str, float] = {}
    for name in PARTS:
        part = live.part(name)
        began = time.monotonic()
        part.terminate()
        await asyncio.to_thread(part.wait, PART_S_MAX)
        took[name] = time.monotonic() - began
        await load.accepted(BETWEEN_ANSWERS)
    began = time.monotonic()
    live.process.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(live.process.wait, SYSTEM_S_MAX)
    took["system"] = time.monotonic() - began
    load.stop()
    await running
    return load.answers, took, code


def _decided(live: Live) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    for stored in records(live.kafka, TopicNames().events):
        record = read_entry(stored).record
        if isinstance(record, DecisionRecord) and record.attempt is not None:
            found.setdefault(record.attempt.id, record.outcome)
    return found


def test_sigterm_to_each_part_and_to_all_under_load_loses_nothing_and_answers_everybody(tmp_path: Path) -> None:
    live = Live(tmp_path / "drained", free_ports(1)[0])
    answers, took, code = asyncio.run(_end_each_part_then_all(live))
    live.close()
    said = live.said()
    logs = "".join((live.data_dir / "logs" / f"{part}.log").read_text() for part in PARTS)
    statuses = Counter(answer.status for answer in answers)
    print(f"{len(answers)} requests: {dict(statuses)}; ended after { ({p: round(s, 2) for p, s in took.items()}) } s")

    assert code == 0
    ended = [json.loads(line) for line in said.splitlines() if '"system.part_' in line]
    assert [(line["event"], line["part"], line["code"]) for line in ended] == [
        ("system.part_ended", part, 0) for part in PARTS
    ], said
    assert "Traceback" not in logs
    assert statuses.keys() <= {201, 202, 503, REFUSED, CUT}
    assert max(took[part] for part in PARTS) < PART_S_MAX

    again = Live(live.data_dir, free_ports(1)[0])
    try:
        undecided = {answer.action_id for answer in answers if answer.status == 202}
        decided = eventually(
            lambda: found if undecided <= (found := _decided(again)).keys() else None, 30, "a decision of every 202"
        )
    finally:
        assert again.stop() == 0
    lost = [answer for answer in answers if answer.status == 201 and decided.get(answer.action_id) != "accepted"]
    assert lost == [], "acknowledged and not in the log"
    unheard = [answer for answer in answers if answer.status in (REFUSED, CUT) and answer.action_id in decided]
    assert unheard == [], "in the log, and whoever asked was cut off"


@pytest.fixture
def told_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that are started from here on log at debug level."""
    monkeypatch.setenv("LIANDONG_LOG_LEVEL", "debug")


@pytest.mark.usefixtures("told_everything")
def test_a_decider_told_to_stop_finishes_the_fetch_in_hand_and_sees_it_acknowledged(beside: Beside) -> None:
    beside.report(BACKLOG)
    decider = beside.start("dispatch")
    eventually(lambda: "dispatch.decided" in beside.said("dispatch"), 60, "the first decision")
    decider.terminate()
    assert decider.wait(PART_S_MAX) == 0
    lines = [json.loads(line) for line in beside.said("dispatch").splitlines()]
    decided = sum(line["event"] == "dispatch.decided" for line in lines)
    assert sum(line["records"] for line in lines if line["event"] == "worker.fetch") == decided, "a whole fetch"
    assert sum(map(len, beside.decisions().values())) == decided, "acknowledged, all of it"
    assert lines[-1]["event"] == "worker.drained"

    assert _members(beside, "dispatch") == 0, "it left its group: nobody waits for its session to run out"
    beside.start("dispatch")
    assert sum(map(len, beside.all_decided().values())) == BACKLOG + PARTITIONS, "and one adoption each"


def _members(beside: Beside, part: str) -> int:
    group = f"{beside.names.prefix}{part}"
    admin: Any = KafkaAdminClient(bootstrap_servers=beside.kafka)
    with admin:
        return len(admin.describe_groups([group])[group]["members"])


async def _listen(socket: Any) -> None:
    while True:
        await socket.recv()


async def _screen(live: Live) -> tuple[int, str]:
    """A screen on the wall's feed while the API is told to end: how the server said goodbye."""
    ticket = live.call("wall", "POST", "/api/wall/ticket").json()["ticket"]
    async with connect(f"{live.address.replace('http', 'ws')}/api/wall/feed") as socket:
        await socket.send(json.dumps({"op": "auth", "ticket": ticket}))
        assert json.loads(await socket.recv())["op"] == "hello"
        await asyncio.to_thread(live.part("api").terminate)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(_listen(socket), PART_S_MAX)
    received = closed.value.rcvd
    assert received is not None, "a goodbye, not a cut line"
    return received.code, received.reason


def test_a_screen_is_told_when_to_come_back(live: Live) -> None:
    code, reason = asyncio.run(_screen(live))
    assert code == 1012
    assert 0 < json.loads(reason)["retry_ms"] <= 10_000

    def back() -> bool:
        try:
            return httpx.get(f"{live.address}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    assert eventually(back, 30, "the API again")
