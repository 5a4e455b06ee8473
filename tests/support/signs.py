"""Signs of life of a system's parts, as they tell themselves: the API's door, the partitions that a processor holds."""

from __future__ import annotations

import asyncio
import re
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
ALL = list(range(PARTITIONS))
HELD = re.compile(r'liandong_position_offset\{[^}]*partition="(\d+)"')


async def all_work(lives: Sequence[Live], within_s: float) -> None:
    """Wait until every API is up to date and the processors of each kind hold all partitions.

    Raises TimeoutError, which says what was lacking at the last look.
    """
    lacks = "an answer"
    try:
        async with asyncio.timeout(within_s), httpx.AsyncClient(timeout=ANSWER_S_MAX) as client:
            while lacks:
                try:
                    lacks = await _lacks(lives, client)
                except httpx.HTTPError as error:
                    lacks = repr(error)
                if lacks:
                    await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise TimeoutError(lacks) from None


async def _lacks(lives: Sequence[Live], client: httpx.AsyncClient) -> str:
    for live in lives:
        answer = await client.get(f"{live.address}/readyz")
        if answer.status_code != OK:
            return f"{live.address}: {answer.text[:200]}"
    for part in PROCESSORS:
        held = await _held(lives, client, part)
        if sorted(partition for here in held for partition in here) != ALL:
            return f"{part} holds {held}"
    return ""


async def works(live: Live, part: str, within_s: float) -> None:
    """Wait until a processor holds all partitions, or the API has what it serves. Raises TimeoutError."""
    async with asyncio.timeout(within_s), httpx.AsyncClient(timeout=ANSWER_S_MAX) as client:
        while True:
            try:
                if await (_open(live, client) if part == "api" else _holds_all(live, client, part)):
                    return
            except (httpx.HTTPError, ValueError):
                pass
            await asyncio.sleep(LOOK_S)


async def _open(live: Live, client: httpx.AsyncClient) -> bool:
    """Whether it found the log and the rows: it may still say that others are behind."""
    answer = await client.get(f"{live.address}/readyz")
    return answer.status_code == OK or answer.json().get("code") != STARTING


async def _holds_all(live: Live, client: httpx.AsyncClient, part: str) -> bool:
    return await _held([live], client, part) == [ALL]


async def _held(lives: Sequence[Live], client: httpx.AsyncClient, part: str) -> list[list[int]]:
    """Which partitions that processor says it holds, on each machine that tells where it is to be asked."""
    told = [targets(live.data_dir) for live in lives]
    asked = [client.get(f"http://{here[part]}/metrics") for here in told if part in here]
    return [sorted(map(int, HELD.findall(answer.text))) for answer in await asyncio.gather(*asked)]
