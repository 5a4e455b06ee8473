"""A Kafka client whose known brokers are all away asks those that it was given."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.structs import BrokerMetadata

import eventlog.broker


def closed_port() -> int:
    """A port of loopback where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.asyncio
async def test_the_brokers_that_were_given_are_asked_when_no_other_answers_and_none_is_forgotten() -> None:
    knocked = asyncio.Event()

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocked.set()
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        given = [closed_port(), server.sockets[0].getsockname()[1]]
        client: Any = AIOKafkaClient(bootstrap_servers=",".join(f"127.0.0.1:{port}" for port in given))
        known = {2: BrokerMetadata(2, "127.0.0.1", closed_port(), None)}
        client.cluster._brokers = known
        assert not await client._metadata_update(client.cluster, set())
        assert knocked.is_set()
        assert client.cluster._brokers == known, "it may be the first to be back"


def test_it_is_every_clients_way() -> None:
    client: Any = AIOKafkaClient
    assert client._metadata_update is eventlog.broker._update  # pyright: ignore[reportPrivateUsage]
