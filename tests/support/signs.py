"""Signs of life of a system's parts, as they tell themselves: the API's door, the partitions that a processor holds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx

from eventlog.position import PARTITIONS
from ops.system import PROCESSORS
from runtime.metrics import targets
from tests.support.live import Live

ANSWER_S_MAX = 2.0
LOOK_S = 0.05
OK = 200
STARTING = "starting"


async def all_work(live: Live, within_s: float) -> None:
    """Wait until the API is up to date and every processor holds all partitions. Raises TimeoutError."""
    async with asyncio.timeout(within_s), httpx.AsyncClient(timeout=ANSWER_S_MAX) as client:
        while True:
            try:
                ready = (await client.get(f"{live.address}/readyz")).status_code == OK
                if ready and await _hold_all(live, client, PROCESSORS):
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(LOOK_S)


async def works(live: Live, part: str, within_s: float) -> None:
    """Wait until a processor holds all partitions, or the API has what it serves. Raises TimeoutError."""
    async with asyncio.timeout(within_s), httpx.AsyncClient(timeout=ANSWER_S_MAX) as client:
        while True:
            try:
                if await (_open(live, client) if part == "api" else _hold_all(live, client, [part])):
                    return
            except (httpx.HTTPError, ValueError):
                pass
            await asyncio.sleep(LOOK_S)


async def _open(live: Live, client: httpx.AsyncClient) -> bool:
    """Whether it found the log and the rows: it may still say that others are behind."""
    answer = await client.get(f"{live.address}/readyz")
    return answer.status_code == OK or answer.json().get("code") != STARTING


async def _hold_all(live: Live, client: httpx.AsyncClient, parts: Sequence[str]) -> bool:
    told = targets(live.data_dir)
    asked = [client.get(f"http://{told[name]}/metrics") for name in parts if name in told]
    held = [answer.text.count("liandong_position_offset{") for answer in await asyncio.gather(*asked)]
    return held == [PARTITIONS] * len(parts)
