"""The demo's people behind a bench: logged in, asking over HTTP, so many of them at once.

They share the machine with the system, so what they take of it is little: a client in C.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from api.accounts import DEMO_PASSWORD
from domain.grid.values import CELL_LEVEL
from reference.profile import Profile
from runtime.faults import Fault
from runtime.settings import Settings

ANSWER_S_MAX = 30.0
SLOW_DOWN = 429
SERVER_ERROR = 500
TOLD = frozenset({200, 201, 409})
"""With the outcome; 202 is without."""
DONE = frozenset({"accepted", "repeated"})


def cells(profile: Profile) -> dict[str, str]:
    """Township → one of its cells."""
    found = [grid.code for grid in profile.contents.grids if grid.level == CELL_LEVEL]
    return {town: next(code for code in found if code.startswith(town)) for town in profile.towns}


class People:
    """Who asks, over that session."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._headers: dict[str, dict[str, str]] = {}

    async def enter(self, everybody: Iterable[str]) -> None:
        """Log these people in, one after the other, so that no request of theirs waits for it."""
        for who in everybody:
            body = {"username": who, "password": DEMO_PASSWORD}
            async with self._session.post("/api/token", json=body, raise_for_status=True) as entered:
                token = (await entered.json())["access_token"]
            self._headers[who] = {"Authorization": f"Bearer {token}"}

    async def ask(self, who: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """The outcome that this person, who has entered, is told; None where there is none (no answer, 202, 429,
        a server that failed).

        Raises aiohttp.ClientResponseError where the request itself is wrong, Fault `bench.refused` where the rules
        refuse the act: a bench measures acts that are done.
        """
        try:
            async with self._session.post(path, json=body, headers=self._headers[who]) as answer:
                if answer.status in TOLD:
                    found: dict[str, Any] = await answer.json(content_type=None)
                    if found.get("outcome") in DONE:
                        return found
                    raise Fault("bench.refused", f"操作被拒绝:{found}。", f"An act was refused: {found}.")
                if answer.status < SERVER_ERROR and answer.status != SLOW_DOWN:
                    answer.raise_for_status()
        except aiohttp.ClientResponseError:
            raise
        except (aiohttp.ClientError, TimeoutError):
            pass
        return None


@asynccontextmanager
async def people(settings: Settings, hands: int) -> AsyncGenerator[People]:
    """People of the system at that address, `hands` requests of theirs under way at most."""
    address = f"http://{settings.host}:{settings.port}"
    limit = aiohttp.TCPConnector(limit=hands)
    timeout = aiohttp.ClientTimeout(total=ANSWER_S_MAX)
    async with aiohttp.ClientSession(address, connector=limit, timeout=timeout) as session:
        yield People(session)
