"""Following a topic: an idle reader costs next to nothing, and misses nothing by it."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest

from eventlog.append import BULK_MS_MAX, Appender
from eventlog.patience import IDLE_WAIT_MS_MAX
from eventlog.position import PARTITIONS
from eventlog.tail import tail
from tests.support.beside import Beside

IDLE_CHUNKS = 15
PARTITION, KEY, VALUE = 7, b"key", b"value"
UNDER_WAY = 2
"""Fetches that end early: the one that began before we looked, and the one that brings something."""


@pytest.mark.asyncio
async def test_an_idle_reader_asks_twice_a_second_and_is_given_what_comes_by_the_fetch_that_waits(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[float] = []
    send = AIOKafkaClient.send

    async def counted(client: Any, node: Any, request: Any, **more: Any) -> Any:
        if isinstance(request, FetchRequest):
            began.append(time.monotonic())
        return await send(client, node, request, **more)

    monkeypatch.setattr(AIOKafkaClient, "send", counted)
    async with aclosing(tail(beside.kafka, beside.names.events, dict.fromkeys(range(PARTITIONS), 0))) as chunks:
        assert not await anext(chunks)
        since = time.monotonic()
        for _ in range(IDLE_CHUNKS):
            assert not await anext(chunks)
        async with Appender(beside.kafka, beside.names, BULK_MS_MAX) as appender:
            place = await appender.append_raw(beside.names.events, PARTITION, KEY, VALUE)
            while not (chunk := await anext(chunks)):
                pass
        seconds = time.monotonic() - since
    assert [(one.partition, one.offset, one.value) for one in chunk] == [(*place, VALUE)]
    asked = sum(at > since for at in began)
    assert 0 < asked <= seconds * 1000 / IDLE_WAIT_MS_MAX + UNDER_WAY
