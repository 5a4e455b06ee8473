"""The whole path: HTTP → Kafka → decider → Kafka → PostgreSQL, with its parts killed."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from domain.case.actions import Attempt, Report
from domain.case.values import Actor, Channel, Place, Role
from eventlog.append import Appender
from eventlog.history import case_history, records
from eventlog.record import DecisionRecord, Outcome, encode, record_hash
from eventlog.stored import read_entry
from eventlog.topics import TopicNames, create_and_check
from ops.embedded.kafka import free_ports
from tests.support.city import GRID, TEAM
from tests.support.live import Live, eventually

NAMES = TopicNames()
MEMBERS = ("handler-410183001", "handler-410183001-2")


def test_a_case_goes_from_report_to_close_by_http_alone(live: Live) -> None:
    case_id = live.dispatched(GRID, TEAM)
    for who, action, more in (
        (MEMBERS[0], "acknowledge", {}),
        (MEMBERS[0], "progress", {"stage": "on_scene"}),
        (MEMBERS[0], "handle", {"result": "换了新井盖"}),
        ("acceptor", "send_check", {"collector": "collector-410183001"}),
        ("collector-410183001", "pass_check", {}),
        ("shift_head", "close", {}),
    ):
        answer = live.act(who, case_id, action, **more)
        assert (answer.status_code, answer.json()["outcome"]) == (200, "accepted"), answer.text
    story = eventually(
        lambda: list(live.call("leader", "GET", f"/api/cases/{case_id}/timeline").json()["entries"]),
        5,
        "the timeline",
    )
    assert story[0]["action"] == "report"
    handled = [e for link in story for e in link["events"] if e["type"] == "handled.v1"]
    assert handled[0]["result"] == "换了新井盖"
    assert b"\xe6\x8d\xa2" not in b"".join(e.stored.value or b"" for e in case_history(live.kafka, NAMES, case_id))


def test_of_two_members_who_acknowledge_at_once_exactly_one_wins(live: Live) -> None:
    cases = [live.dispatched(GRID, TEAM) for _ in range(8)]
    live.token(MEMBERS[0])
    live.token(MEMBERS[1])
    with ThreadPoolExecutor(2) as pool:
        for case_id in cases:
            answers = list(pool.map(lambda who, c=case_id: live.act(who, c, "acknowledge").json(), MEMBERS))
            assert sorted(answer["outcome"] for answer in answers) == ["accepted", "unchanged"]


def test_a_repeated_request_gets_its_first_outcome_and_other_content_is_refused(live: Live) -> None:
    case_id = live.dispatched(GRID, TEAM)
    body = {"action_id": str(uuid.uuid4()), "action": "acknowledge"}
    path = f"/api/cases/{case_id}/actions"
    first, again = (live.call(MEMBERS[0], "POST", path, body).json() for _ in range(2))
    assert first == again
    other = live.call(MEMBERS[0], "POST", path, {**body, "action": "handle"})
    assert (other.status_code, other.json()["code"]) == (409, "action_id_reused")
    found = eventually(
        lambda: (r := live.call(MEMBERS[0], "GET", f"{path}/{body['action_id']}")).status_code == 200 and r.json(),
        5,
        "the outcome's row",
    )
    assert found["origin"] == first["origin"]


@pytest.mark.parametrize(
    ("who", "body", "status", "code"),
    [
        ("acceptor", {"action": "acknowledge"}, 403, "wrong_role"),
        ("shift_head", {"action": "close"}, 409, "wrong_state"),
        ("dispatcher", {"action": "dispatch", "lead": "no-such-unit"}, 409, "wrong_state"),
        ("handler-410183002", {"action": "acknowledge"}, 404, "not_found"),
        ("acceptor", {"action": "dance"}, 422, "malformed"),
        ("acceptor", {"action": "tick"}, 422, "malformed"),
        ("acceptor", {"action": "accept", "colour": "red"}, 422, "malformed"),
    ],
)
def test_bad_actions_have_a_clear_answer_in_both_languages(
    live: Live, who: str, body: dict[str, str], status: int, code: str
) -> None:
    case_id = live.dispatched(GRID, TEAM)
    answer = live.call(who, "POST", f"/api/cases/{case_id}/actions", {"action_id": str(uuid.uuid4()), **body})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert problem["title"]
    assert problem["title_en"]


def test_nothing_is_open_without_a_token_and_malformed_bytes_are_no_server_error(live: Live) -> None:
    for path in ("/api/board", "/api/wall/snapshot", "/api/cases/x", "/api/cases/x/timeline"):
        assert httpx.get(live.address + path).status_code == 401
    headers = {"Authorization": f"Bearer {live.token('acceptor')}"}
    for content in (b"", b"[]", b"{", b"\xff", b'"x"', b'{"action_id":1}', b"[" * 5000, b"x" * 60_000):
        answer = httpx.post(f"{live.address}/api/cases", content=content, headers=headers)
        assert answer.status_code in (413, 422)
    assert live.call("admin", "GET", "/api/board").status_code == 403
    assert live.call("wall", "GET", "/api/board").status_code == 403


def test_an_undecodable_record_is_recorded_and_copied_for_people(live: Live) -> None:
    async def put() -> tuple[int, int]:
        async with Appender(live.kafka, NAMES) as appender:
            return await appender.append_raw(NAMES.actions, 3, b"x", b"this is no action")

    partition, offset = asyncio.run(put())

    def found() -> list[DecisionRecord]:
        decisions = [read_entry(s).record for s in records(live.kafka, NAMES.events, [partition])]
        here = [r for r in decisions if isinstance(r, DecisionRecord)]
        return [r for r in here if r.origin.offset == offset]

    assert eventually(found, 10, "its decision")[0].outcome is Outcome.UNDECODABLE
    assert b"this is no action" in [s.value for s in records(live.kafka, NAMES.dead_letters)]


def test_topics_that_are_right_are_left_alone(live: Live) -> None:
    report = create_and_check(live.kafka, NAMES)
    assert (report.created, report.differences, len(report.right)) == ((), (), 6)


async def _load(live: Live, count: int, kills: int) -> list[tuple[int, int]]:
    actor = Actor("acceptor", Role.ACCEPTOR, "410183")
    places: list[tuple[int, int]] = []
    async with Appender(live.kafka, NAMES) as appender:
        for number in range(count):
            report = Report(Place(GRID), Channel.HOTLINE, "010101")
            attempt = Attempt(str(uuid.uuid4()), str(uuid.uuid4()), actor, report, 0, "d")
            places.append(await appender.append(attempt))
            if number % (count // kills) == count // kills // 2:
                await asyncio.to_thread(_kill, live)
    return places


def _kill(live: Live) -> None:
    decider = eventually(lambda: _part(live, "dispatch"), 20, "a decider")
    decider.send_signal(signal.SIGKILL)
    decider.wait(5)


def _part(live: Live, name: str) -> psutil.Process | None:
    try:
        return live.part(name)
    except (AssertionError, psutil.Error):
        return None


def test_a_decider_killed_five_times_decides_every_offset_exactly_once(live: Live) -> None:
    places = asyncio.run(_load(live, 4_000, kills=5))

    def decided() -> dict[tuple[int, int], set[bytes]] | None:
        found: dict[tuple[int, int], set[bytes]] = defaultdict(set)
        for stored in records(live.kafka, NAMES.events):
            record = read_entry(stored).record
            if isinstance(record, DecisionRecord):
                found[(record.origin.partition, record.origin.offset)].add(encode(record))
        return found if set(places) <= found.keys() else None

    found = eventually(decided, 60, "a decision of every action")
    assert all(len(versions) == 1 for versions in found.values()), "a duplicate is byte for byte the same"
    for partition in range(24):
        offsets = sorted(offset for p, offset in found if p == partition)
        assert offsets == list(range(len(offsets))), "no offset is missing"
    assert live.call("acceptor", "GET", "/api/board").status_code == 200


def test_the_chain_of_a_case_verifies_from_the_log_alone(live: Live) -> None:
    case_id = live.dispatched(GRID, TEAM)
    head = None
    for entry in case_history(live.kafka, NAMES, case_id):
        assert isinstance(entry.record, DecisionRecord)
        assert entry.record.prev == head
        head = record_hash(entry.stored.value or b"")
    assert head is not None


def test_no_process_of_ours_outlives_a_parent_killed_by_sigkill(tmp_path: Path) -> None:
    system = Live(tmp_path / "doomed", free_ports(1)[0])
    family = system.family()
    assert len(family) >= 6
    system.process.kill()
    system.process.wait(5)
    system.close()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize("name", ["board", "case_state", "outcomes", "timeline"])
def test_a_projection_rebuilt_while_the_system_runs_is_the_same(live: Live, name: str) -> None:
    live.dispatched(GRID, TEAM)
    said = live.command("rebuild", name)
    assert (said.returncode, "equal" in said.stdout) == (0, True), said.stdout + said.stderr
    assert live.dispatched(GRID, TEAM), "and it goes on"


def test_replay_tells_a_cases_story_from_the_log(live: Live) -> None:
    case_id = live.dispatched(GRID, TEAM)
    said = live.command("replay", "--case", case_id)
    assert said.returncode == 0, said.stderr
    assert said.stdout.count("accepted") >= 4
    assert "broken" not in said.stdout
    unknown = live.command("replay", "--case", "nobody")
    assert (unknown.returncode, "replay.unknown_case" in unknown.stderr) == (1, True)
