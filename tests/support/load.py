"""People at work over HTTP while things break: what each action was told is kept, and held against the log later."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from tempfile import NamedTemporaryFile
from typing import Any

import httpx
import msgspec

from api.intake import case_of_report
from ops.verify.calls import Call, Place, Told
from tests.support.city import GRID
from tests.support.live import Live, eventually

ANSWER_S_MAX = 20.0
PAUSE_S = 0.05
AGAIN_S = 0.2
SETTLED_S_MAX = 60.0
SERVER_ERROR = 500
PEOPLE = ("acceptor", "acceptor", "grid_head-410183001", "grid_head-410183002")


@dataclass(repr=False)
class Asked:
    """One action and what it was told each time: (when asked, seconds, status or 0 for no answer, body)."""

    who: str
    action_id: str
    case: str
    path: str
    body: dict[str, Any]
    told: list[tuple[float, float, int, dict[str, Any]]] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """True once an outcome was given: not a 503, not a 202, not silence."""
        return bool(self.told) and "outcome" in self.told[-1][3]

    def __repr__(self) -> str:
        statuses = [status for _, _, status, _ in self.told]
        return f"{self.who} {self.path} {self.action_id}: {statuses[:5]} … {statuses[-5:]}"


class Load:
    """A context in which four people report cases and take them in, one action after the other; one is refused."""

    def __init__(self, live: Live) -> None:
        self.asked: list[Asked] = []
        self._live = live
        self._stop = threading.Event()
        self._headers = {who: {"Authorization": f"Bearer {live.token(who)}"} for who in PEOPLE}
        self._threads = [threading.Thread(target=self._work, args=(who,), daemon=True) for who in PEOPLE]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        self.until_answered(time.monotonic(), "a first answer")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Everybody goes home; what has no outcome yet stays without one."""
        self._stop.set()
        for thread in self._threads:
            thread.join(ANSWER_S_MAX * 2)

    def until_answered(self, since: float, what: str, within_s: float = SETTLED_S_MAX) -> float:
        """Wait for an outcome of an action asked after that instant; gives the seconds from it to the answer."""

        def first() -> float:
            assert all(thread.is_alive() for thread in self._threads), "somebody stopped working"
            told = (told for one in list(self.asked) for told in list(one.told))
            ends = [at + took for at, took, _, body in told if at > since and "outcome" in body]
            return min(ends) - since if ends else 0.0

        return float(eventually(first, within_s, what))

    def statuses(self, since: float = 0.0) -> dict[int, int]:
        """How often each status was told for what was asked after that instant."""
        found: dict[int, int] = defaultdict(int)
        for one in list(self.asked):
            for at, _, status, _ in list(one.told):
                if at > since:
                    found[status] += 1
        return dict(found)

    def slowest(self, since: float = 0.0) -> float:
        """The longest that anybody waited for an answer of any kind, in seconds."""
        return max((took for one in list(self.asked) for at, took, *_ in list(one.told) if at > since), default=0.0)

    def settle(self) -> None:
        """Repeat with the same id whatever has no outcome yet, until it has one."""
        deadline = time.monotonic() + SETTLED_S_MAX
        with httpx.Client(timeout=ANSWER_S_MAX) as client:
            for one in self.asked:
                while not one.answered:
                    assert time.monotonic() < deadline, f"no outcome of {one}"
                    self._ask(client, one)
                    time.sleep(0 if one.answered else AGAIN_S)

    def calls(self) -> list[Call]:
        """Every call so far, as the checker reads it."""
        return [
            Call(one.who, one.action_id, one.case, _ns(at), _ns(at + took), _told(body), _place(body))
            for one in self.asked
            for at, took, _, body in one.told
        ]

    def verify(self) -> None:
        """Nothing is lost, doubled, forked or told otherwise, and every projection equals its replay."""
        assert SERVER_ERROR not in self.statuses()
        with NamedTemporaryFile(suffix=".jsonl") as file:
            file.write(b"\n".join(map(msgspec.json.encode, self.calls())))
            file.flush()
            said = self._live.command("verify", "history", file.name, "--json")
        assert said.returncode == 0, said.stdout + said.stderr
        found = json.loads(said.stdout)
        assert (found["findings"], found["of_other_releases"]) == ([], 0)
        assert found["calls"]["actions"] == len(self.asked)
        assert found["decided_again"] == found["decisions"]

    def _work(self, who: str) -> None:
        with httpx.Client(timeout=ANSWER_S_MAX) as client:
            while not self._stop.is_set():
                report = self._report(who)
                self._until_answered(client, report)
                if report.answered and report.told[-1][3]["outcome"] == "accepted":
                    accept_id = str(uuid.uuid4())
                    path = f"/api/cases/{report.case}/actions"
                    body = {"action_id": accept_id, "action": "accept"}
                    self._until_answered(client, Asked(who, accept_id, report.case, path, body))
                self._stop.wait(PAUSE_S)

    def _report(self, who: str) -> Asked:
        action_id = str(uuid.uuid4())
        case = {"place": {"grid": GRID}, "channel": "hotline", "case_class": "010101", "text": "井盖破损"}
        return Asked(who, action_id, case_of_report(action_id), "/api/cases", {"action_id": action_id, **case})

    def _until_answered(self, client: httpx.Client, one: Asked) -> None:
        self.asked.append(one)
        self._ask(client, one)
        while not one.answered and not self._stop.wait(AGAIN_S):
            self._ask(client, one)

    def _ask(self, client: httpx.Client, one: Asked) -> None:
        at = time.monotonic()
        try:
            answer = client.post(f"{self._live.address}{one.path}", json=one.body, headers=self._headers[one.who])
            status, body = answer.status_code, answer.json() if answer.status_code != SERVER_ERROR else {}
        except httpx.HTTPError as error:
            status, body = 0, {"error": repr(error)}
        one.told.append((at, time.monotonic() - at, status, body))


def _ns(seconds: float) -> int:
    return round(seconds * 1_000_000_000)


def _told(body: dict[str, Any]) -> Told:
    return Told(body["outcome"]) if "outcome" in body else Told.UNKNOWN


def _place(body: dict[str, Any]) -> Place | None:
    return Place(**body["origin"]) if "outcome" in body else None
