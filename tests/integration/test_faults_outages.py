"""Parts are killed, hang and are away under load: nothing acknowledged is lost or doubled, all comes back by itself.

One system of its own lives through all of it; the last tests hold what it told people against its log, and end it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import msgspec
import psutil
import pytest
from kafka.admin import KafkaAdminClient
from websockets.sync.client import connect

from ops.embedded.kafka import free_ports
from ops.system import PROCESSORS
from tests.support.breaking import address, gone, hanging, holders
from tests.support.live import Live, eventually
from tests.support.load import Load

BACK_S_MAX = 40.0
MINUTE_S = 60.0
AWHILE_S = 10.0
LATE_MS = 3_000
QUICK_S_MAX = 3.0
CALM_S = 6.0
"""Longer than any answer takes meanwhile: what was asked so long ago has one."""
DELETED_S_MAX = 90.0


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A system that this file may break."""
    system = Live(tmp_path_factory.mktemp("frail"), free_ports(1)[0], LIANDONG_ASSIGNED_S_MAX="10")
    yield system
    if system.process.poll() is None:
        system.stop()
    system.close()


@pytest.fixture(scope="module")
def load(frail: Live) -> Iterator[Load]:
    """People at work from the first fault to the last."""
    with Load(frail) as people:
        yield people


@pytest.mark.parametrize("part", PROCESSORS)
def test_a_killed_processor_has_a_successor(
    frail: Live, load: Load, part: str, record_property: Callable[[str, object], None]
) -> None:
    before = eventually(lambda: holders(frail, part), BACK_S_MAX, "its partitions are held")
    killed = frail.part(part)
    at = time.monotonic()
    killed.kill()
    killed.wait(BACK_S_MAX)
    eventually(lambda: (now := holders(frail, part)) and not now & before, BACK_S_MAX, "its partitions are held again")
    record_property("live again s", round(time.monotonic() - at, 1))
    load.until_answered(time.monotonic(), "an answer")


@pytest.mark.parametrize("part", ["api", "postgres", "kafka"])
def test_what_is_killed_is_there_again_at_the_same_address(
    frail: Live, load: Load, part: str, record_property: Callable[[str, object], None]
) -> None:
    killed: psutil.Process = frail.part(part) if part == "api" else frail.node(part)
    before = "" if part == "api" else address(frail, part)
    at = time.monotonic()
    killed.kill()
    killed.wait(BACK_S_MAX)
    record_property("answers again s", round(load.until_answered(time.monotonic(), "an answer"), 1))
    eventually(lambda: _ready(frail), BACK_S_MAX, "ready")
    record_property("ready again s", round(time.monotonic() - at, 1))
    assert before in ("", address(frail, part))
    assert f'"part": "{part}"' in frail.said()


@pytest.mark.parametrize(
    ("node", "fault", "seconds", "code"),
    [
        ("kafka", hanging, MINUTE_S, "log_unreachable"),
        ("kafka", gone, AWHILE_S, "log_unreachable"),
        ("postgres", gone, MINUTE_S, "rows_unreachable"),
        ("postgres", hanging, AWHILE_S, "rows_unreachable"),
    ],
)
def test_while_it_is_away_people_are_told_503_and_nothing_ends(
    frail: Live,
    load: Load,
    node: str,
    fault: Callable[[Live, str], AbstractContextManager[None]],
    seconds: float,
    code: str,
    record_property: Callable[[str, object], None],
) -> None:
    at = time.monotonic()
    with fault(frail, node):
        if node == "kafka":
            assert _lag_ms(frail) > LATE_MS, "the wall is told that its data are old"
            eventually(lambda: not _ready(frail), BACK_S_MAX, "not ready")
        eventually(lambda: load.statuses(time.monotonic() - CALM_S).keys() == {503}, BACK_S_MAX, "503 and nothing else")
        since = time.monotonic()
        time.sleep(max(CALM_S, seconds - (since - at)))  # not for a fact: so long it is away
        told = load.statuses(since)
        assert told.keys() == {503}, told
        assert load.slowest(since) < QUICK_S_MAX * 2, "said at once, not after a wait"
        problem = _act(frail)
        assert (problem.status_code, problem.json()["code"]) == (503, code)
        assert problem.headers["Retry-After"] == "1"
        assert "action_id" in problem.json()["hint"]
    back = time.monotonic()
    record_property("answers again s", round(load.until_answered(back, "an answer"), 1))
    eventually(lambda: _ready(frail), BACK_S_MAX, "ready")
    record_property("ready again s", round(time.monotonic() - back, 1))
    assert frail.process.poll() is None


def test_after_all_of_that_the_log_holds_what_people_were_told_exactly_once(load: Load) -> None:
    load.close()
    load.settle()
    load.verify()


def test_a_deleted_topic_ends_the_system_with_the_hand_it_needs(frail: Live, load: Load) -> None:
    load.close()
    admin: Any = KafkaAdminClient(bootstrap_servers=frail.kafka)
    admin.delete_topics(["actions"])
    admin.close()
    refused = _act(frail)
    assert (refused.status_code, refused.json()["code"]) == (503, "log_unreachable")
    assert frail.process.wait(DELETED_S_MAX) == 1
    said = frail.said()
    assert re.search(r"\[system\.needs_hand\] (dispatch|clock|project|api) can not come back by itself", said), said
    assert "[topics.missing] The cluster has no topic actions." in said
    assert "restore it from a backup" in said


def _ready(live: Live) -> bool:
    try:
        return httpx.get(f"{live.address}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def _act(live: Live) -> httpx.Response:
    body = {"action_id": "5f0cbb0a-6f1c-4a53-9b0f-3d2f6f7c3f10", "place": {"grid": "41018300100101"}}
    return live.call("acceptor", "POST", "/api/cases", {**body, "channel": "hotline"})


def _lag_ms(live: Live) -> int:
    """The lag that the wall's feed tells, once it is late."""
    ticket = live.call("wall", "POST", "/api/wall/ticket").json()["ticket"]
    with connect(f"{live.address.replace('http', 'ws')}/api/wall/feed") as socket:
        socket.send(msgspec.json.encode({"op": "auth", "ticket": ticket}).decode())
        snapshot = live.call("wall", "GET", "/api/wall/snapshot").json()
        place = {"log": snapshot["log"], "pos": snapshot["pos"]}
        socket.send(msgspec.json.encode({"op": "sub", "t": "city", "from": place}).decode())
        lag = 0
        deadline = time.monotonic() + BACK_S_MAX
        while lag <= LATE_MS and time.monotonic() < deadline:
            message = msgspec.json.decode(socket.recv(BACK_S_MAX), type=dict[str, Any])
            lag = message["lag"] if message["op"] == "hb" else lag
        return lag
