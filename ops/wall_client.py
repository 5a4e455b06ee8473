"""A screen without a picture: logs in as the wall, reads the snapshot, follows the feed. Measures what people see."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import connect

from api.accounts import DEMO_PASSWORD

ANSWER_S_MAX = 15.0
FRAME_BYTES_MAX = 16 * 1024 * 1024


async def log_in(client: httpx.AsyncClient) -> dict[str, str]:
    """The headers of the demo's screen. Raises httpx.HTTPError."""
    entered = await client.post("/api/token", json={"username": "wall", "password": DEMO_PASSWORD})
    return {"Authorization": f"Bearer {entered.raise_for_status().json()['access_token']}"}


async def snapshot(client: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, Any]:
    """The wall as it stands. Raises httpx.HTTPError."""
    found: dict[str, Any] = (await client.get("/api/wall/snapshot", headers=headers)).raise_for_status().json()
    return found


@asynccontextmanager
async def follow(address: str) -> AsyncGenerator[AsyncIterator[dict[str, Any]]]:
    """The messages of the city's feed from now on, subscribed when the context is entered; `address` is the API's.

    Raises httpx.HTTPError, OSError, websockets.WebSocketException where the API does not answer or goes away.
    """
    async with look(address) as (_, messages):
        yield messages


@asynccontextmanager
async def look(address: str) -> AsyncGenerator[tuple[dict[str, Any], AsyncIterator[dict[str, Any]]]]:
    """The wall as it stands, and the messages of its feed from there on. Raises as `follow` does."""
    async with httpx.AsyncClient(base_url=address, timeout=ANSWER_S_MAX) as client:
        headers = await log_in(client)
        stands = await snapshot(client, headers)
        answer = await client.post("/api/wall/ticket", headers=headers)
        ticket = answer.raise_for_status().json()["ticket"]
    feed = address.rstrip("/").replace("http", "ws", 1) + "/api/wall/feed"
    async with connect(feed, subprotocols=["liandong.wall.v1"], max_size=FRAME_BYTES_MAX) as socket:  # pyright: ignore[reportArgumentType]
        await socket.send(msgspec.json.encode({"op": "auth", "ticket": ticket}).decode())
        await socket.recv()
        place = {"log": stands["log"], "pos": stands["pos"]}
        await socket.send(msgspec.json.encode({"op": "sub", "t": "city", "from": place}).decode())

        async def messages() -> AsyncIterator[dict[str, Any]]:
            async for message in socket:
                yield msgspec.json.decode(message)

        yield stands, messages()
