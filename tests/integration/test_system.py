"""The whole path: HTTP → Kafka → decider → Kafka → PostgreSQL, with its parts killed."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from domain.case.actions import Accept, Attempt, Report
from domain.case.values import Actor, Channel, Place, Role
from eventlog.append import BULK_MS_MAX, Appender
from eventlog.history import case_history, records
from eventlog.position import PARTITIONS
from eventlog.record import AdoptionRecord, DecisionRecord, Outcome, encode, record_hash
from eventlog.stored import read_entry
from eventlog.tail import tail
from eventlog.topics import TopicNames, create_and_check
from ops.bench.alone import paced
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
        entered = httpx.post(f"{live.address}/api/token", content=content)
        assert entered.status_code in (413, 422)
    assert live.call("admin", "GET", "/api/board").status_code == 403
    assert live.call("wall", "GET", "/api/board").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/api/cases/%00",
        "/api/cases/{}/timeline?after=99999999999999999999",
        "/api/cases/{}/timeline?after=3000000000",
        "/api/cases/{}/timeline?after=x",
        "/api/cases/{}/actions/%00",
        "/api/cases/{}/actions/no-such-action",
        "/api/board?town=%00",
        "/api/board?limit=many",
        "/api/nowhere",
    ],
)
def test_an_address_that_makes_no_sense_is_no_server_error(live: Live, path: str) -> None:
    answer = live.call("acceptor", "GET", path.format(live.report(GRID)))
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"code", "title", "title_en"} <= answer.json().keys()


def test_a_name_that_no_database_can_hold_is_a_wrong_request(live: Live) -> None:
    answer = httpx.post(f"{live.address}/api/token", json={"username": "a\0b", "password": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


def test_an_undecodable_record_is_recorded_and_copied_for_people(live: Live) -> None:
    async def put() -> tuple[int, int]:
        async with Appender(live.kafka, NAMES, BULK_MS_MAX) as appender:
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


class Decided:
    """Every decision on `events`, by the place of its action, as it is appended."""

    def __init__(self) -> None:
        self.versions: dict[tuple[int, int], set[bytes]] = defaultdict(set)
        self.accepted: Counter[tuple[str, str]] = Counter()
        self._news = asyncio.Condition()

    async def follow(self, bootstrap: str) -> None:
        """Read for ever."""
        async for chunk in tail(bootstrap, NAMES.events, dict.fromkeys(range(PARTITIONS), 0)):
            for stored in chunk:
                record = read_entry(stored).record
                if isinstance(record, DecisionRecord | AdoptionRecord):
                    self._add(record)
            async with self._news:
                self._news.notify_all()

    async def all_of(self, places: set[tuple[int, int]], within_s: float) -> None:
        """Wait for a decision of every one of these actions."""
        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(lambda: places <= self.versions.keys())

    def _add(self, record: DecisionRecord | AdoptionRecord) -> None:
        known = self.versions[(record.origin.partition, record.origin.offset)]
        first = not known and record.outcome is Outcome.ACCEPTED
        if first and isinstance(record, DecisionRecord) and record.attempt is not None:
            self.accepted[(record.case, record.attempt.action.__class__.__name__)] += 1
        known.add(encode(record))


async def _burst(live: Live, appender: Appender, rate: int, seconds: int) -> set[tuple[int, int]]:
    """Reports, each with two people who accept it, at that rate of actions; the decider is killed halfway."""
    cases = rate * seconds // 3
    sending: list[asyncio.Task[tuple[int, int]]] = []
    killing: asyncio.Future[None] | None = None
    async for number in paced(rate / 3, cases):
        sending += [asyncio.create_task(appender.append(attempt)) for attempt in _raced_case()]
        if number == cases // 2:
            killing = asyncio.get_running_loop().run_in_executor(None, _kill, live)
    places = set(await asyncio.gather(*sending))
    assert killing is not None, "killed halfway"
    await killing
    return places


def _raced_case() -> list[Attempt]:
    case_id = str(uuid.uuid4())
    people = [Actor(person, Role.ACCEPTOR, "410183") for person in ("acceptor", "acceptor-2")]
    report = Report(Place(GRID), Channel.HOTLINE, "010101")
    actions = [(people[0], report), *((person, Accept()) for person in people)]
    return [Attempt(str(uuid.uuid4()), case_id, person, action, 0, "d") for person, action in actions]


async def _under_load(live: Live, kills: int) -> tuple[Decided, set[tuple[int, int]]]:
    decided, places = Decided(), set[tuple[int, int]]()
    following = asyncio.create_task(decided.follow(live.kafka))
    async with Appender(live.kafka, NAMES, BULK_MS_MAX) as appender:
        for _ in range(kills):
            burst = await _burst(live, appender, rate=2_100, seconds=2)
            await decided.all_of(burst, within_s=60)
            places |= burst
    following.cancel()
    return decided, places


def _kill(live: Live) -> None:
    decider = live.part("dispatch")
    decider.send_signal(signal.SIGKILL)
    decider.wait(5)


def test_a_decider_killed_five_times_under_load_decides_every_offset_exactly_once(live: Live) -> None:
    decided, places = asyncio.run(_under_load(live, kills=5))
    assert len(places) == 5 * 4_200
    assert all(len(versions) == 1 for versions in decided.versions.values()), "a duplicate is byte for byte the same"
    for partition in range(PARTITIONS):
        offsets = sorted(offset for p, offset in decided.versions if p == partition)
        assert offsets == list(range(len(offsets))), "no offset is missing"
    winners = Counter(count for (_, action), count in decided.accepted.items() if action == "Accept")
    assert winners.keys() == {1}, "of two people exactly one accepted"
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


@pytest.mark.parametrize("name", ["board", "case_state", "facts", "ledger", "outcomes", "timeline"])
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
