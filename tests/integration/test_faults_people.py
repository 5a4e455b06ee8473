"""People and screens that misbehave: floods, too much at once, wrong clocks, a browser that stops reading."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from itertools import pairwise
from typing import Any

import httpx
import msgspec
import psutil
import pytest
from websockets.sync.client import connect

from api.intake import BODY_BYTES_MAX
from api.parts import ACTIONS_PER_S_MAX, BURST_MAX
from domain.case.values import CO_HANDLERS_MAX, TEXT_CHARS_MAX
from eventlog.history import case_history
from eventlog.record import DecisionRecord, Flag
from eventlog.topics import TopicNames
from eventlog.verdict import ACTION_BYTES_MAX
from ops.embedded.kafka import free_ports
from tests.support.beside import Beside
from tests.support.city import GRID
from tests.support.deaf import Deaf
from tests.support.live import Live, eventually

FLOOD = 1_200
FLOODING = 32
"""Connections of a flooder, each used without a pause. Together they must send more than 60 a second, or the burst that
everybody has and what comes to it meanwhile suffice for all of the flood."""
WAIT_S_MAX = 30.0
ANSWER_S_MAX = 5.0
GROWTH_MB_MAX = 80
HOUR_MS = 3_600_000
DRAIN_S = 2


def _others_while(live: Live, flood: Callable[[], Any]) -> list[float]:
    """How long others waited for their answers while the flood ran (s)."""
    over = threading.Event()
    waited: list[float] = []

    def work() -> None:
        while not over.is_set():
            at = time.monotonic()
            live.report(GRID)
            waited.append(time.monotonic() - at)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        try:
            flood()
        finally:
            over.set()
        working.result(WAIT_S_MAX)
    return waited


@pytest.mark.parametrize(
    ("who", "bodies", "refused"),
    [
        ("collector-410183113", (b"{", b'{"place":1}', b"\xff", b"[" * 900), {422, 429}),
        ("collector-410183200", (), {404, 429}),
    ],
    ids=["malformed", "valid but refused"],
)
def test_a_flood_costs_the_flooder_and_nobody_else(
    live: Live, who: str, bodies: tuple[bytes, ...], refused: set[int], record_property: Callable[[str, object], None]
) -> None:
    headers = {"Authorization": f"Bearer {live.token(who)}"}
    live.token("acceptor")
    api = live.part("api")
    before = api.memory_info().rss
    told: Counter[int] = Counter()

    def send(first: int) -> Counter[int]:
        own: Counter[int] = Counter()
        with closing(HTTPConnection(live.address.removeprefix("http://"), timeout=WAIT_S_MAX)) as line:
            for number in range(first, FLOOD, FLOODING):
                body = bodies[number % len(bodies)] if bodies else _out_of_scope()
                line.request("POST", "/api/cases", body, headers)
                answer = line.getresponse()
                answer.read()
                own[answer.status] += 1
        return own

    def flood() -> None:
        for each in pool.map(send, range(FLOODING)):
            told.update(each)

    at = time.monotonic()
    with ThreadPoolExecutor(FLOODING) as pool:
        waited = _others_while(live, flood)
    seconds = time.monotonic() - at
    assert set(told) == refused, told
    assert FLOOD - told[429] <= BURST_MAX + ACTIONS_PER_S_MAX * seconds + 1, "refused actions cost what others cost"
    assert waited, "others were answered"
    assert max(waited) < ANSWER_S_MAX
    assert (api.memory_info().rss - before) >> 20 < GROWTH_MB_MAX
    record_property("others waited s at most", round(max(waited), 2))


def test_what_is_too_large_is_refused_with_the_size_that_is_allowed(live: Live) -> None:
    headers = {"Authorization": f"Bearer {live.token('acceptor')}"}

    def post(body: bytes) -> httpx.Response:
        return httpx.post(f"{live.address}/api/cases", content=body, headers=headers, timeout=WAIT_S_MAX)

    whole = _report()
    assert post(whole + b" " * (BODY_BYTES_MAX - len(whole))).status_code == 201
    for size in (BODY_BYTES_MAX + 1, 64 * 1024, 65 * 1024):
        answer = post(whole + b" " * (size - len(whole)))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert answer.json()["allowed"] == BODY_BYTES_MAX < answer.json()["found"] <= size
    long = post(_report(text="x" * (TEXT_CHARS_MAX + 1)))
    assert (long.status_code, long.json()["field"], long.json()["allowed"]) == (422, "text", TEXT_CHARS_MAX)
    reasons = [{"unit": f"u{number}", "reason": "x" * TEXT_CHARS_MAX} for number in range(CO_HANDLERS_MAX)]
    sealed = live.act("handler", live.report(GRID), "handle", without=reasons)
    assert (sealed.status_code, sealed.json()["allowed"]) == (413, ACTION_BYTES_MAX), "sealing makes it longer"


@pytest.mark.parametrize(("off_ms", "flags"), [(HOUR_MS, (Flag.OCCURRED_IN_FUTURE,)), (-HOUR_MS, ())])
def test_a_clients_clock_that_is_an_hour_off_moves_nothing(live: Live, off_ms: int, flags: tuple[Flag, ...]) -> None:
    said_ms = time.time_ns() // 1_000_000 + off_ms
    case_id = live.report(GRID, occurred_at_ms=said_ms)
    record = next(case_history(live.kafka, TopicNames(), case_id)).record
    assert isinstance(record, DecisionRecord)
    assert record.attempt is not None
    assert record.attempt.occurred_at_ms == said_ms, "what was said is recorded"
    assert record.flags == flags, "an hour ahead can not be; an hour ago may well have been"
    assert abs(record.at_ms - time.time_ns() // 1_000_000) < HOUR_MS / 60
    clocks = live.call("acceptor", "GET", f"/api/cases/{case_id}").json()["clocks"]
    starts = [clock["started_ms"] for clock in clocks]
    assert starts
    assert all(abs(start - record.at_ms) < HOUR_MS / 60 for start in starts), "clocks run on the log's time"


@pytest.fixture
def screens(beside: Beside) -> Iterator[tuple[str, httpx.Client, psutil.Process]]:
    """An API of this test's own that waits DRAIN_S for a reader: its address, a wall's client of it, its process."""
    port = free_ports(1)[0]
    address = f"http://127.0.0.1:{port}"
    beside.start("dispatch")  # a log begins with adoptions: nobody is ready before they are decided
    served = beside.start("api", LIANDONG_PORT=str(port), LIANDONG_DRAIN_S_MAX=str(DRAIN_S))

    def token() -> str:
        try:
            entered = httpx.post(f"{address}/api/token", json={"username": "wall", "password": "liandong-demo"})
        except httpx.HTTPError:
            return ""
        return entered.json().get("access_token", "") if entered.status_code == 200 else ""

    headers = {"Authorization": f"Bearer {eventually(token, WAIT_S_MAX, 'the API is up')}"}
    with httpx.Client(base_url=address, headers=headers, timeout=WAIT_S_MAX) as client:
        eventually(lambda: client.get("/readyz").status_code == 200, WAIT_S_MAX, "ready")
        yield address, client, psutil.Process(served.pid)


def test_a_browser_that_stops_reading_slows_nobody_and_is_let_go(
    screens: tuple[str, httpx.Client, psutil.Process], record_property: Callable[[str, object], None]
) -> None:
    address, client, api = screens
    before = api.memory_info().rss
    snapshot = client.get("/api/wall/snapshot").json()
    place = {"log": snapshot["log"], "pos": snapshot["pos"]}

    def ticket() -> str:
        return str(client.post("/api/wall/ticket").json()["ticket"])

    beats: list[float] = []
    feed = f"{address.replace('http', 'ws')}/api/wall/feed"
    with ThreadPoolExecutor(1) as pool, connect(feed) as other:
        other.send(msgspec.json.encode({"op": "auth", "ticket": ticket()}).decode())
        other.send(msgspec.json.encode({"op": "sub", "t": "city", "from": place}).decode())
        listening = pool.submit(_listen, other, beats)
        with Deaf(address, ticket()) as deaf:
            assert deaf.ask_until_stuck() > 0
            at = time.monotonic()
            assert deaf.port in _peers(api)
            eventually(lambda: deaf.port not in _peers(api), WAIT_S_MAX, "it is let go")
            record_property("let go after s", round(time.monotonic() - at, 1))
            assert (api.memory_info().rss - before) >> 20 < GROWTH_MB_MAX
        other.close()
        listening.result(WAIT_S_MAX)
    gaps = [b - a for a, b in pairwise(beats)]
    assert len(gaps) > DRAIN_S
    assert max(gaps) < ANSWER_S_MAX


def _listen(socket: Any, beats: list[float]) -> None:
    for _ in socket:
        beats.append(time.monotonic())


def _peers(process: psutil.Process) -> set[int]:
    return {link.raddr.port for link in process.net_connections("tcp") if link.raddr}


def _report(**more: str) -> bytes:
    case = {"action_id": str(uuid.uuid4()), "place": {"grid": GRID}, "channel": "hotline", "case_class": "010101"}
    return msgspec.json.encode({**case, **more})


def _out_of_scope() -> bytes:
    return msgspec.json.encode(
        {"action_id": str(uuid.uuid4()), "place": {"grid": GRID}, "channel": "patrol", "case_class": "010101"}
    )
