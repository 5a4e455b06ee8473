"""Stories of cases through the real API and log, told as prose; all of a city's stories run at once.

Owns a city whose limits are minutes and whose spring festival is one minute of today, so that a story that spans a
festival and a legal limit is over in three minutes without anybody turning a clock: every instant is the log's own.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from msgspec.structs import replace

from domain.worktime import CalendarFile
from reference.profile import load_profile, save_profile
from tests.support.city import GRID
from tests.support.live import Live

HOTLINE, SHIFT, DISPATCH, LEADER, INSPECTOR = "acceptor", "shift_head", "dispatcher", "leader", "inspector"
TOWN = "410183001"
TEAM, TEAM_UNIT = f"handler-{TOWN}", f"{TOWN}-team"
URBAN, URBAN_UNIT = "handler-410183-urban", "410183-urban"
COLLECTOR, HEAD = f"collector-{TOWN}", f"grid_head-{TOWN}"
TOWN_DESK, TOWN_SHIFT, TOWN_DISPATCH = f"acceptor-{TOWN}", f"shift_head-{TOWN}", f"dispatcher-{TOWN}"
COVER, URGENT, ORDINARY = "010101", "01", "02"
MINUTE_MS, SECOND_MS = 60_000, 1_000
DONE_S_MAX = 200.0
ANSWER_S_MAX = 20.0
LOOK_S = 0.05
FESTIVAL_AFTER_S = 60
"""So long after the city was made, and to the next full minute, work stops for a minute."""
Story = Callable[["City"], Awaitable["Case"]]


def small_city(folder: Path) -> int:
    """Write the profile; gives when its festival begins, ms: the whole minute after it nobody works."""
    city = load_profile("xinmi")
    zone = ZoneInfo(city.about.zone)
    begins = (datetime.now(UTC) + timedelta(seconds=FESTIVAL_AFTER_S)).astimezone(zone)
    begins = (begins + timedelta(minutes=1)).replace(second=0, microsecond=0)
    dates = {(begins + timedelta(days=days)).date().isoformat() for days in (-1, 0, 1)}
    special: dict[str, tuple[tuple[str, str], ...]] = dict.fromkeys(sorted(dates), (("00:00", "24:00"),))
    after = begins + timedelta(minutes=1)
    before = (("00:00", f"{begins:%H:%M}"),) if f"{begins:%H:%M}" != "00:00" else ()
    rest = ((f"{after:%H:%M}", "24:00"),) if after.date() == begins.date() else ()
    special[begins.date().isoformat()] = (*before, *rest)
    calendar = CalendarFile(city.about.zone, {}, "one-minute-festival", special=special)
    limits = {URGENT: "1UM", ORDINARY: "2WM", "03": "3WM"}
    classes = tuple(
        one
        if one.code != COVER
        else replace(one, conditions=tuple(replace(c, limit=limits[c.code]) for c in one.conditions))
        for one in city.contents.standard.classes
    )
    standard = replace(city.contents.standard, classes=classes)
    save_profile(replace(city, contents=replace(city.contents, calendar=calendar, standard=standard)), folder)
    return int(begins.timestamp() * 1000)


class Refused(AssertionError):
    """The rules said no where the story goes on."""


class City:
    """A running city of that profile, and the people who act in it."""

    def __init__(self, live: Live, festival_ms: int) -> None:
        self.live = live
        self.festival_ms = festival_ms
        self._client = httpx.AsyncClient(base_url=live.address, timeout=ANSWER_S_MAX)

    async def call(self, who: str, method: str, path: str, body: Any = None) -> httpx.Response:
        """A request by that person."""
        headers = {"Authorization": f"Bearer {self.live.token(who)}"}
        return await self._client.request(method, path, json=body, headers=headers)

    async def hears_of(self, text: str, case_class: str = COVER) -> Case:
        """A citizen calls the hotline about a cover: at the city's desk."""
        return await self._reported(HOTLINE, "hotline", text, case_class)

    async def sees_on_patrol(self, text: str, case_class: str = COVER) -> Case:
        """Grid staff report what they saw: at the village's desk."""
        return await self._reported(COLLECTOR, "patrol", text, case_class)

    async def _reported(self, who: str, channel: str, text: str, case_class: str) -> Case:
        body = {"action_id": str(uuid.uuid4()), "place": {"grid": GRID}, "channel": channel}
        answer = await self.call(who, "POST", "/api/cases", {**body, "case_class": case_class, "text": text})
        assert answer.status_code == 201, answer.text
        return Case(self, answer.json()["case_id"])

    async def tells(self, story: Story) -> Case:
        """Let the story happen, within DONE_S_MAX."""
        async with asyncio.timeout(DONE_S_MAX):
            return await story(self)

    async def leaves(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()


class Case:
    """One case of a story. `await case(who, action, …)` is one act, which has to hold; it gives the answer."""

    def __init__(self, city: City, case_id: str) -> None:
        self.city = city
        self.id = case_id
        self._version = 0

    async def __call__(self, who: str, action: str, **more: Any) -> dict[str, Any]:
        answer = await self.tries(who, action, **more)
        if answer.get("outcome") != "accepted":
            raise Refused(f"{who} {action}: {answer}")
        return answer

    async def tries(self, who: str, action: str, **more: Any) -> dict[str, Any]:
        """One act that may be refused; gives the answer, or the problem document."""
        body = {"action_id": str(uuid.uuid4()), "action": action, **more}
        answer = await self.city.call(who, "POST", f"/api/cases/{self.id}/actions", body)
        assert answer.status_code < 500, answer.text
        said = dict(answer.json())
        self._version = max(self._version, int(said.get("version", 0)))
        return said

    async def is_filed(self, condition: str = URGENT) -> None:
        """受理 and 立案 at the city's desk."""
        await self(HOTLINE, "accept")
        await self(SHIFT, "file", condition=condition)

    async def is_dispatched_to(self, lead: str, *co_handlers: str) -> int:
        """派遣; gives the lead's deadline, ms."""
        answer = await self(DISPATCH, "dispatch", lead=lead, co_handlers=co_handlers)
        clocks = [one for one in answer["events"] if one.get("clock") == "handle" and "deadline_ms" in one]
        return int(clocks[-1]["deadline_ms"])

    async def is_checked_and_closed(self) -> None:
        """核查 by the collector, 结案 by the head of the shift."""
        await self(HOTLINE, "send_check", collector=COLLECTOR)
        await self(COLLECTOR, "pass_check")
        await self(SHIFT, "close")

    async def until(self, at_ms: int) -> None:
        """Let time come to that instant."""
        await asyncio.sleep(max(at_ms / 1000 - time.time(), 0))

    async def now(self) -> dict[str, Any]:
        """The case as an auditor reads it."""
        await self.told()
        return await self._read(f"/api/cases/{self.id}")

    async def comes_to(self, status: str) -> dict[str, Any]:
        """Wait for what the clock or the reactor does by itself."""
        while (case := await self._read(f"/api/cases/{self.id}"))["status"] != status:  # noqa: ASYNC110  # a reader is told nothing
            await asyncio.sleep(LOOK_S)
        return case

    async def clock(self, kind: str, unit: str | None = None) -> dict[str, Any]:
        """The latest clock of that kind (and unit), with its arithmetic."""
        await self.told()
        clocks = (await self._read(f"/api/cases/{self.id}/clocks"))["clocks"]
        return next(one for one in reversed(clocks) if one["clock"] == kind and unit in (None, one.get("unit")))

    async def told(self) -> list[dict[str, Any]]:
        """All events of its story. The rows may be a moment behind what was answered: wait for as many as there are."""
        known = max(self._version, int((await self._read(f"/api/cases/{self.id}"))["version"]))
        while True:
            entries = (await self._read(f"/api/cases/{self.id}/timeline"))["entries"]
            events = [event for entry in entries for event in entry["events"]]
            if len(events) >= known:
                return events
            await asyncio.sleep(LOOK_S)

    async def ledger(self) -> tuple[dict[str, Any], str]:
        """Who held it for which second, as numbers and as the table that a person reads."""
        await self.told()
        answer = await self.city.call("auditor", "GET", f"/api/cases/{self.id}/ledger.txt")
        assert answer.status_code == 200, answer.text
        return await self._read(f"/api/cases/{self.id}/ledger"), answer.text

    async def _read(self, path: str) -> dict[str, Any]:
        answer = await self.city.call("auditor", "GET", path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())
