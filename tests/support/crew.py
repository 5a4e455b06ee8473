"""Many people at work at once over HTTP, as fast as they are told: what each call was told is kept for the checker.

Each works at one case after the other, as tests.support.errands says: two handlers racing for an acknowledgement, acts
that the rules refuse, the same action sent again. Whoever gets no outcome asks again with the same action id.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from api.intake import case_of_report
from ops.verify.calls import Call, Place, Told
from tests.support.errands import an_errand

TOWNS = ("410183001", "410183002", "410183003", "410183101")
WORKERS_EACH = 12
CONNECTIONS_MAX = 64
ANSWER_S_MAX = 10.0
AGAIN_S = 0.1
SETTLED_S_MAX = 60.0
SENT_TWICE = 0.1
SLOW_DOWN = 429
AWAY = 503
SERVER_ERROR = 500
NO_OUTCOME = (202, 401, SLOW_DOWN)


class Crew:
    """Run `work` as a task; `calls` is what everybody was told. `rate` actions a second are asked for, if they can.

    With more addresses than one each person begins at one of them, and goes on to the next where there is no answer, or
    a 503, as whoever comes through a proxy does.
    """

    def __init__(self, addresses: Sequence[str], seed: int, rate: float) -> None:
        self.calls: list[Call] = []
        self.done: Counter[tuple[str, str]] = Counter()
        self.faults: list[str] = []
        self.told_away_ns: list[int] = []
        self.pause_s = len(TOWNS) * WORKERS_EACH / rate
        self._random = random.Random(seed)
        self._stop = asyncio.Event()
        self._headers: dict[str, dict[str, str]] = {}
        self._addresses = addresses
        self._at: dict[str, int] = {}
        limits = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX)
        self._client = httpx.AsyncClient(timeout=ANSWER_S_MAX, limits=limits)

    async def work(self) -> None:
        """Until `stop` is called; every action ends with an outcome, if the system still gives one."""
        async with self._client:
            workers = [Worker(self, town, self._random.getrandbits(64)).work() for town in TOWNS * WORKERS_EACH]
            await asyncio.gather(*workers)

    def stop(self) -> None:
        """No new act is begun, and nothing is asked again after SETTLED_S_MAX."""
        self._stop.set()

    def per_second(self) -> tuple[int, int]:
        """Outcomes in a second: the median of all seconds from the first one on, and the most."""
        ends = Counter(call.ended_ns // 10**9 for call in self.calls if call.told is not Told.UNKNOWN)
        counts = [ends[second] for second in range(min(ends), max(ends) + 1)] if ends else [0]
        return round(statistics.median(counts)), max(counts)

    @property
    def going_home(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    async def answered(self, since_ns: int, within_s: float, among: Callable[[Call], bool] = lambda _: True) -> float:
        """Wait for an outcome of a call among these begun after that instant (`time.monotonic_ns`); gives the seconds
        from it. Raises TimeoutError."""
        seen = 0
        async with asyncio.timeout(within_s):
            while True:
                for call in self.calls[seen:]:
                    if call.began_ns >= since_ns and call.told is not Told.UNKNOWN and among(call):
                        return (call.ended_ns - since_ns) / 1e9
                seen = len(self.calls)
                await asyncio.sleep(0.01)

    async def ask(self, who: str, case: str, path: str, body: dict[str, Any]) -> Told:
        """Ask until there is an outcome; gives it, or UNKNOWN for what was still without one when all went home."""
        over: float | None = None
        while True:
            call = await self._call(who, case, path, body)
            self.calls.append(call)
            if call.told is not Told.UNKNOWN:
                self.done[body.get("action", "report"), str(call.told)] += 1
                return call.told
            now = time.monotonic()
            over = now + SETTLED_S_MAX if over is None and self.going_home else over
            if over is not None and now > over:
                return Told.UNKNOWN
            await asyncio.sleep(AGAIN_S)

    async def _call(self, who: str, case: str, path: str, body: dict[str, Any]) -> Call:
        began, at = time.monotonic_ns(), self._at.setdefault(who, len(self._at))
        told, origin = Told.UNKNOWN, None
        try:
            headers = await self._entered(who)
            answer = await self._client.post(f"{self._address(who)}{path}", json=body, headers=headers)
            found = answer.json()
            if answer.status_code == SERVER_ERROR:
                self.faults.append(f"500 for {body}")
            elif answer.status_code == AWAY:
                self.told_away_ns.append(began)
                self._go_on(who, at)
            elif "outcome" in found:
                told, origin = Told(found["outcome"]), Place(**found["origin"])
            elif answer.status_code < SERVER_ERROR and answer.status_code not in NO_OUTCOME:
                self.faults.append(f"{answer.status_code} for {who} {body}: {answer.text[:300]}")
        except (httpx.HTTPError, ValueError):
            self._go_on(who, at)  # nobody knows what became of it
        return Call(who, body["action_id"], case, began, time.monotonic_ns(), told, origin)

    async def _entered(self, who: str) -> dict[str, str]:
        if who not in self._headers:
            body = {"username": who, "password": "liandong-demo"}
            answer = (await self._client.post(f"{self._address(who)}/api/token", json=body)).raise_for_status()
            self._headers[who] = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return self._headers[who]

    def _address(self, who: str) -> str:
        return self._addresses[self._at.setdefault(who, len(self._at)) % len(self._addresses)]

    def _go_on(self, who: str, gone_from: int) -> None:
        """To the next address; one person's many calls that failed there go on by one, not by as many."""
        if self._at[who] == gone_from:
            self._at[who] += 1


class Worker:
    """One township's worker: errand after errand, whoever of the township is needed for the act."""

    def __init__(self, crew: Crew, town: str, seed: int) -> None:
        self.town = town
        self.chance = random.Random(seed)
        self._crew = crew

    async def work(self) -> None:
        """Until everybody goes home."""
        while not self._crew.going_home:
            await an_errand(self.chance)(self)

    async def report(self) -> str:
        """The grid head reports a case, which is the township's from then on; gives its id."""
        head, action_id = f"grid_head-{self.town}", self._new_id()
        case = case_of_report(action_id)
        place = {
            "place": {"grid": f"{self.town}00101"},
            "channel": "patrol",
            "case_class": "010107",
            "text": "井盖破损",
        }
        await self._crew.ask(head, case, "/api/cases", {"action_id": action_id, **place})
        await self.act("grid_head", case, "escalate", reason="needs_departments")
        return case

    async def act(self, who: str, case: str, action: str, **more: Any) -> Told:
        """One act by the township's holder of that role (`handler 2` is the second one, `=NAME` that account)."""
        if self._crew.going_home:
            return Told.UNKNOWN
        role, _, number = who.partition(" ")
        person = who[1:] if who.startswith("=") else f"{role}-{self.town}{number and f'-{number}'}"
        body = {"action_id": self._new_id(), "action": action, **more}
        path = f"/api/cases/{case}/actions"
        told = await self._crew.ask(person, case, path, body)
        if self.chance.random() < SENT_TWICE:
            await self._crew.ask(person, case, path, body)  # the phone sends it again
        await asyncio.sleep(self._crew.pause_s * self.chance.uniform(0.5, 1.5))
        return told

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
