"""A small simulator: people of the demo acting through the real HTTP API, so that the wall moves.

First it brings in a morning's cases as an import (their times lie in the past, so some are late already); then
collectors report, desks accept and dispatch, teams acknowledge and handle, at a steady, seeded pace.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from typing import Any

import httpx

from api.accounts import DEMO_PASSWORD
from domain.case.actions import Accept, Acknowledge, Attempt, Dispatch, File, ImportCase, Report, Step
from domain.case.values import Actor, Channel, Place, Role, Source
from domain.rulebook import Grid
from eventlog.append import Appender
from eventlog.topics import TopicNames
from reference.profile import Profile

SEED = 20180015
MORNING_CASES = 160
PAUSE_S = 0.4
OPEN_MAX = 400
NAMESPACE = uuid.UUID("8a2f1d7e-0c55-5d0e-8d6d-1f0f5a3b9c01")
HOUR_MS = 3_600_000
TRIES_MAX = 5


async def morning(bootstrap: str, names: TopicNames, profile: Profile) -> int:
    """Append the morning's cases as imports; a second start on kept data adds nothing (the ids are the day's)."""
    now = time.time_ns() // 1_000_000
    day = time.strftime("%Y%m%d", time.gmtime(now / 1000))
    chosen = random.Random(f"{SEED}{day}")
    cells = [grid for grid in profile.grids if grid.level == 3]
    async with Appender(bootstrap, names) as appender:
        attempts = [_past_case(f"{day}-{n}", chosen, cells, profile, now) for n in range(MORNING_CASES)]
        await asyncio.gather(*(appender.append(attempt) for attempt in attempts))
    return MORNING_CASES


def _past_case(number: str, chosen: random.Random, cells: list[Grid], profile: Profile, now: int) -> Attempt:
    cell = chosen.choice(cells)
    case_class = chosen.choice(profile.standard.classes)
    opened = now - int(chosen.uniform(0.1, 9) * HOUR_MS)
    team = f"{cell.code[:9]}-team"
    steps = [
        Step(Accept(), opened + 60_000),
        Step(File(case_class.code, case_class.conditions[0].code), opened + 120_000),
        Step(Dispatch(team), opened + 180_000),
    ]
    if chosen.random() < 0.7:
        steps.append(Step(Acknowledge(), min(opened + 300_000, now)))
    report = Report(_place(cell, chosen), Channel.HOTLINE, case_class.code)
    case_id = str(uuid.uuid5(NAMESPACE, number))
    action = ImportCase(Source("demo-morning", number), report, opened, tuple(steps))
    importer = Actor("importer", Role.IMPORTER, profile.about.root)
    return Attempt(str(uuid.uuid5(NAMESPACE, f"{number}-import")), case_id, importer, action, now, f"demo-{number}")


def _place(cell: Grid, chosen: random.Random) -> Place:
    if cell.lon is None or cell.lat is None:
        return Place(cell.code)
    spread = 0.002
    return Place(
        cell.code,
        round(cell.lon + chosen.uniform(-spread, spread), 5),
        round(cell.lat + chosen.uniform(-spread, spread), 5),
    )


class Simulator:
    """The people of the demo. `address` is the API's; run `act` until cancelled."""

    def __init__(self, address: str, profile: Profile) -> None:
        self._profile = profile
        self._client = httpx.AsyncClient(base_url=address, timeout=15)
        self._tokens: dict[str, str] = {}
        self._random = random.Random(SEED)
        self._cells = [grid for grid in profile.grids if grid.level == 3]
        self._going: list[Any] = []

    async def act(self) -> None:
        """Report and carry cases on, for ever."""
        async with self._client:
            while True:
                await asyncio.sleep(PAUSE_S * self._random.uniform(0.3, 1.7))
                if len(self._going) < OPEN_MAX and (not self._going or self._random.random() < 0.3):
                    self._going.append(self._story())
                story = self._random.choice(self._going)
                try:
                    await anext(story)
                except StopAsyncIteration:
                    self._going.remove(story)
                except httpx.HTTPError:
                    continue

    async def _story(self) -> Any:
        cell = self._random.choice(self._cells)
        case_class = self._random.choice(self._profile.standard.classes)
        town = cell.code[:9]
        place = _place(cell, self._random)
        grid = {"grid": place.grid, "lon": place.lon, "lat": place.lat}
        first = {"place": grid, "channel": "hotline", "case_class": case_class.code, "text": "演示:市民来电反映"}
        case_id = str((await self._send("acceptor", "/api/cases", first))["case_id"])
        yield
        condition = case_class.conditions[0].code
        lead = case_class.responsible if case_class.responsible != "territory" else f"{town}-team"
        handler = f"handler-{town}" if lead.endswith("-team") else f"handler-{lead}"
        steps: list[tuple[str, dict[str, Any]]] = [
            ("acceptor", {"action": "accept"}),
            ("shift_head", {"action": "file", "case_class": case_class.code, "condition": condition}),
            ("dispatcher", {"action": "dispatch", "lead": lead}),
            (handler, {"action": "acknowledge"}),
            (handler, {"action": "progress", "stage": "en_route"}),
            (handler, {"action": "progress", "stage": "on_scene"}),
            (handler, {"action": "handle", "result": "演示:现场已处置"}),
            ("acceptor", {"action": "send_check", "collector": f"collector-{town}"}),
            (f"collector-{town}", {"action": "pass_check"}),
            ("shift_head", {"action": "close"}),
        ]
        for who, body in steps:
            answer = await self._send(who, f"/api/cases/{case_id}/actions", body)
            if answer.get("outcome") == "rejected":
                return
            yield

    async def _send(self, who: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        whole = {"action_id": str(uuid.uuid4()), **body}
        for _ in range(TRIES_MAX):
            headers = {"Authorization": f"Bearer {await self._token(who)}"}
            answer = await self._client.post(path, json=whole, headers=headers)
            if answer.status_code == 401:
                self._tokens.pop(who)
            elif answer.status_code not in (202, 429, 503):
                return dict(answer.json())
            await asyncio.sleep(1)
        raise httpx.HTTPError(f"{path}: no outcome after {TRIES_MAX} tries")

    async def _token(self, who: str) -> str:
        if who not in self._tokens:
            answer = await self._client.post("/api/token", json={"username": who, "password": DEMO_PASSWORD})
            answer.raise_for_status()
            self._tokens[who] = answer.json()["access_token"]
        return self._tokens[who]
