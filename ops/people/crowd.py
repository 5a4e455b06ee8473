"""The people at work: each act of each life, at its instant, through the real HTTP API.

What a person in front of the wall does with a case stands: an act that comes too late for it is refused by the rules,
counted, and the life goes on from there or is given up.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import time
import uuid
from collections import Counter
from typing import Any

import httpx
import msgspec

from api.accounts import DEMO_PASSWORD
from domain.case.actions import Acknowledge, Handle
from ops.people.course import Act
from ops.people.history import Going
from ops.people.plan import Life
from ops.people.watcher import Watcher

HANDS_MAX = 12
"""Requests of the whole city under way at once."""
TRIES_MAX = 30
TRY_PAUSE_S = 1.0
REFUSED_MAX = 3
"""Refusals after which a life is given up: somebody else took the case another way."""
CATCH_UP_MS = 90_000
"""Acts whose instant has passed are spread over this long instead of coming all at once."""
STEP_MS_MIN = 1_500
EARLY_SHARE = 0.015
TWICE_SHARE = 0.02
SECONDS_KEPT_MAX = 50_000


class Tally(msgspec.Struct):
    """What the people did so far; `seconds` are the answers' times, newest SECONDS_KEPT_MAX."""

    outcomes: Counter[str]
    seconds: list[float]
    reports: int = 0
    ended: int = 0
    given_up: int = 0
    no_answer: int = 0

    @property
    def actions(self) -> int:
        """Actions with an outcome."""
        return self.outcomes.total()

    def p99_ms(self) -> float:
        """The 99th percentile of the answers' times, milliseconds; 0 without any."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[int(len(ordered) * 0.99)] if ordered else 0.0


class Crowd:
    """Acts lives out until cancelled. `open_max` holds reports back while that many cases are open."""

    def __init__(self, address: str, seed: int, open_max: int) -> None:
        self.tally = Tally(Counter(), [])
        self.watcher = Watcher(address)
        self.open_cases = 0
        self._open_max = open_max
        self._client = httpx.AsyncClient(base_url=address, timeout=15)
        self._random = random.Random(seed)
        self._tokens: dict[str, str] = {}
        self._due: list[tuple[int, int, Life | Going]] = []
        self._count = 0
        self._more = asyncio.Event()
        self._hands = asyncio.Semaphore(HANDS_MAX)

    def report(self, life: Life) -> None:
        """Somebody reports this case at its instant."""
        self._push(life.opened_ms, life)

    def go_on(self, going: Going) -> None:
        """Act the rest of a life out."""
        if going.acts:
            self._push(self._instant(going.acts[0]), going)

    async def act(self) -> None:
        """Do what is due, for ever."""
        async with self._client, asyncio.TaskGroup() as tasks:
            while True:
                wait_ms = self._due[0][0] - _now() if self._due else 3_600_000
                if wait_ms > 0:
                    self._more.clear()
                    try:
                        async with asyncio.timeout(wait_ms / 1000):
                            await self._more.wait()
                    except TimeoutError:
                        pass
                    continue
                await self._hands.acquire()
                tasks.create_task(self._one(heapq.heappop(self._due)[2]))

    async def _one(self, what: Life | Going) -> None:
        try:
            if isinstance(what, Going):
                await self._act(what)
            else:
                await self._report(what)
        except httpx.HTTPError:
            self.tally.no_answer += 1
            self.watcher.nothing_changed((what.life if isinstance(what, Going) else what).case_id)
            self._push(_now() + CATCH_UP_MS, what)
        finally:
            self._hands.release()

    async def _report(self, life: Life) -> None:
        if self.open_cases >= self._open_max:
            return
        body = msgspec.to_builtins(life.report)
        body.pop("action")
        self.watcher.sent(life.case_id)
        answer = await self._send(life.reporter, "/api/cases", {**body, "action_id": str(life.action_id)})
        if answer.get("case_id") != life.case_id:
            self.tally.given_up += 1
            return
        self.tally.reports += 1
        self.go_on(Going(life, life.level, list(life.acts)))

    async def _act(self, going: Going) -> None:
        act, *later = going.acts
        who = act.account(going.level, going.life.report.place.grid)
        path = f"/api/cases/{going.life.case_id}/actions"
        if isinstance(act.do, Acknowledge) and self._random.random() < EARLY_SHARE:
            await self._send(who, path, _body(msgspec.structs.replace(act, do=Handle()), str(uuid.uuid4())))
        body = _body(act, str(uuid.uuid5(going.life.action_id, str(going.life.acts.index(act)))))
        self.watcher.sent(going.life.case_id, act.do)
        answer = await self._send(who, path, body)
        if answer.get("outcome") != "accepted":
            self.watcher.nothing_changed(going.life.case_id)
        if self._random.random() < TWICE_SHARE:
            await self._send(who, path, body)
        refused = going.refused + (answer.get("outcome") == "rejected")
        if refused >= REFUSED_MAX:
            self.tally.given_up += 1
        elif later:
            self._push(
                max(self._instant(later[0]), _now() + STEP_MS_MIN), Going(going.life, going.level, later, refused)
            )
        else:
            self.tally.ended += 1

    async def _send(self, who: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        for _ in range(TRIES_MAX):
            token = await self._token(who)
            started = time.perf_counter()
            try:
                answer = await self._client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
            except httpx.TransportError:
                await asyncio.sleep(TRY_PAUSE_S)
                continue
            if answer.status_code == 401:
                self._tokens.pop(who, None)
            elif answer.status_code not in (202, 429, 502, 503):
                return self._counted(answer, time.perf_counter() - started)
            await asyncio.sleep(TRY_PAUSE_S)
        raise httpx.HTTPError(f"{path}: no outcome after {TRIES_MAX} tries")

    def _counted(self, answer: httpx.Response, seconds: float) -> dict[str, Any]:
        found: dict[str, Any] = answer.json()
        self.tally.outcomes[str(found.get("outcome", answer.status_code))] += 1
        self.tally.seconds.append(seconds)
        del self.tally.seconds[:-SECONDS_KEPT_MAX]
        return found

    async def _token(self, who: str) -> str:
        if who not in self._tokens:
            answer = await self._client.post("/api/token", json={"username": who, "password": DEMO_PASSWORD})
            answer.raise_for_status()
            self._tokens[who] = answer.json()["access_token"]
        return self._tokens[who]

    def _instant(self, act: Act) -> int:
        now = _now()
        return act.at_ms if act.at_ms > now else now + int(self._random.random() * CATCH_UP_MS)

    def _push(self, at_ms: int, what: Life | Going) -> None:
        self._count += 1
        heapq.heappush(self._due, (at_ms, self._count, what))
        self._more.set()


def _body(act: Act, action_id: str) -> dict[str, Any]:
    return {**msgspec.to_builtins(act.do), "action_id": action_id}


def _now() -> int:
    return time.time_ns() // 1_000_000
