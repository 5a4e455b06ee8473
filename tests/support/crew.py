"""Many people at work at once over HTTP, as fast as they are told: what each call was told is kept for the checker.

Each works at one case after the other, from report to handling, with two handlers racing for each acknowledgement,
acts that the rules refuse, and the same action sent again. Whoever gets no outcome asks again with the same action id.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from typing import Any

import httpx

from api.intake import case_of_report
from ops.verify.calls import Call, Place, Told

TEAMS = ("410183001", "410183002", "410183003", "410183004")
WORKERS_EACH = 4
CONNECTIONS_MAX = 64
ANSWER_S_MAX = 10.0
AGAIN_S = 0.1
SETTLED_S_MAX = 60.0
SLOW_DOWN = 429
SERVER_ERROR = 500


class Crew:
    """Run `work` as a task; `calls` is what everybody was told. `rate` actions a second are asked for, if they can."""

    def __init__(self, address: str, seed: int, rate: float) -> None:
        self.calls: list[Call] = []
        self.faults: list[str] = []
        self._address = address
        self._random = random.Random(seed)
        self._pause_s = len(TEAMS) * WORKERS_EACH / rate
        self._stop = asyncio.Event()
        self._headers: dict[str, dict[str, str]] = {}
        limits = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX)
        self._client = httpx.AsyncClient(base_url=address, timeout=ANSWER_S_MAX, limits=limits)

    async def work(self) -> None:
        """Until `stop` is called; every action ends with an outcome, if the system still gives one."""
        async with self._client:
            workers = [self._one(town, number) for town in TEAMS for number in range(WORKERS_EACH)]
            await asyncio.gather(*workers)

    def stop(self) -> None:
        """No new case is begun, and nothing is asked again after SETTLED_S_MAX."""
        self._stop.set()

    @property
    def acknowledged(self) -> int:
        """Outcomes told so far."""
        return sum(call.told is not Told.UNKNOWN for call in self.calls)

    async def answered(self, since_ns: int, within_s: float) -> float:
        """Wait for an outcome of a call begun after that instant (`time.monotonic_ns`); gives the seconds from it."""
        seen = 0
        async with asyncio.timeout(within_s):
            while True:
                for call in self.calls[seen:]:
                    if call.began_ns >= since_ns and call.told is not Told.UNKNOWN:
                        return (call.ended_ns - since_ns) / 1e9
                seen = len(self.calls)
                await asyncio.sleep(0.01)

    async def _one(self, town: str, number: int) -> None:
        chance = random.Random(f"{self._random.random()}/{town}/{number}")
        while not self._stop.is_set():
            await self._life(town, chance)

    async def _life(self, town: str, chance: random.Random) -> None:
        desk, first, second = f"acceptor-{town}", f"handler-{town}", f"handler-{town}-2"
        action_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        case = case_of_report(action_id)
        place = {"place": {"grid": f"{town}00101"}, "channel": "hotline", "case_class": "010101"}
        await self._ask(desk, case, "/api/cases", {"action_id": action_id, **place})
        steps: Sequence[tuple[str, dict[str, Any]]] = (
            (desk, {"action": "accept"}),
            (f"shift_head-{town}", {"action": "file", "condition": "01"}),
            (f"dispatcher-{town}", {"action": "dispatch", "lead": f"{town}-team"}),
        )
        for who, body in steps:
            await self._act(who, case, body, chance)
        race = [self._act(who, case, {"action": "acknowledge"}, chance) for who in (first, second)]
        await asyncio.gather(*race)
        await self._act(f"shift_head-{town}", case, {"action": "close"}, chance)  # refused: it is not checked yet
        await self._act(first, case, {"action": "progress", "stage": "on_scene"}, chance)
        await self._act(second, case, {"action": "handle"}, chance)

    async def _act(self, who: str, case: str, body: dict[str, Any], chance: random.Random) -> None:
        if self._stop.is_set():
            return
        action = {"action_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)), **body}
        path = f"/api/cases/{case}/actions"
        await self._ask(who, case, path, action)
        if chance.random() < 0.1:
            await self._ask(who, case, path, action)  # the phone sends it again
        await asyncio.sleep(self._pause_s * chance.uniform(0.5, 1.5))

    async def _ask(self, who: str, case: str, path: str, body: dict[str, Any]) -> None:
        """Ask until there is an outcome."""
        over: float | None = None
        while True:
            call = await self._call(who, case, path, body)
            self.calls.append(call)
            if call.told is not Told.UNKNOWN:
                return
            now = time.monotonic()
            over = now + SETTLED_S_MAX if over is None and self._stop.is_set() else over
            if over is not None and now > over:
                return
            await asyncio.sleep(AGAIN_S)

    async def _call(self, who: str, case: str, path: str, body: dict[str, Any]) -> Call:
        began = time.monotonic_ns()
        told, origin = Told.UNKNOWN, None
        try:
            answer = await self._client.post(path, json=body, headers=await self._entered(who))
            found = answer.json()
            if answer.status_code == SERVER_ERROR:
                self.faults.append(f"500 for {body}")
            elif "outcome" in found:
                told, origin = Told(found["outcome"]), Place(**found["origin"])
            elif answer.status_code < SERVER_ERROR and answer.status_code not in (202, 401, SLOW_DOWN):
                self.faults.append(f"{answer.status_code} for {who} {body}: {answer.text[:300]}")
        except (httpx.HTTPError, ValueError):
            pass  # nobody knows what became of it
        return Call(who, body["action_id"], case, began, time.monotonic_ns(), told, origin)

    async def _entered(self, who: str) -> dict[str, str]:
        if who not in self._headers:
            body = {"username": who, "password": "liandong-demo"}
            answer = (await self._client.post("/api/token", json=body)).raise_for_status()
            self._headers[who] = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return self._headers[who]
