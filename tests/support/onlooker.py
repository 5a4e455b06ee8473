"""Somebody who looks at the wall without a picture: holds what a browser would, by the snapshot and the feed alone."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import httpx
from websockets.exceptions import WebSocketException

from ops.wall_client import log_in, look, snapshot

AGAIN_S = 0.2
SAME_S_MAX = 20.0
ANSWER_S_MAX = 10.0
LOOK_S = 1.0


class Onlooker:
    """Run `watch` as a task; whatever happens to the API, it joins again. `joined` counts how often."""

    def __init__(self, address: str) -> None:
        self.joined = 0
        self.state: dict[str, Any] = {}
        self._address = address

    async def watch(self) -> None:
        """Follow the feed for ever."""
        while True:
            try:
                async with look(self._address) as (stands, messages):
                    self.state = shown(stands)
                    self.joined += 1
                    async for message in messages:
                        if message["op"] == "resync":
                            break
                        self._take(message)
            except (httpx.HTTPError, OSError, WebSocketException, KeyError):
                await asyncio.sleep(AGAIN_S)

    async def same(self) -> bool:
        """Whether it comes to show what the server shows, within SAME_S_MAX of a city at rest."""
        deadline = asyncio.get_running_loop().time() + SAME_S_MAX
        async with httpx.AsyncClient(base_url=self._address, timeout=ANSWER_S_MAX) as client:
            headers = await log_in(client)
            while asyncio.get_running_loop().time() < deadline:
                if shown(await snapshot(client, headers)) == self.state:
                    return True
                await asyncio.sleep(AGAIN_S)
        return False

    def _take(self, message: dict[str, Any]) -> None:
        for key, value in message.get("c", {}).items():
            if value is None:
                self.state.pop(key, None)
            elif key != "book":
                self.state[key] = value


async def passers_by(address: str) -> None:
    """Somebody who looks at the wall for a moment, again and again, and logs in each time; for ever."""
    while True:
        with suppress(httpx.HTTPError, OSError, WebSocketException, KeyError, TimeoutError, StopAsyncIteration):
            async with asyncio.timeout(ANSWER_S_MAX), look(address) as (_, messages):
                await anext(messages)
        await asyncio.sleep(LOOK_S)


def shown(stands: dict[str, Any]) -> dict[str, Any]:
    """A snapshot as the feed tells its changes: what is shown, by key."""
    ids, *columns = stands["cols"].values()
    rows = {f"c:{case_id}": list(row) for case_id, *row in zip(ids, *columns, strict=True)}
    towns = {f"t:{code}": numbers for code, numbers in stands["agg"]["towns"].items()}
    return {**rows, **towns, "kpi": stands["agg"]["kpi"]}
