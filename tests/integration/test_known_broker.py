"""A broker that stood still for longer than its session names nobody, itself neither, for a moment. One SIGSTOP in some
twenty shows it, so here the brokers are taken out of its answers before each client reads them; all else is real."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest
from kafka import KafkaConsumer
from kafka.cluster import ClusterMetadata
from kafka.errors import MetadataEmptyBrokerList, TopicAuthorizationFailedError

from eventlog import history, tail
from eventlog.broker import KNOWN_S_MAX
from ops.embedded.kafka import answers
from tests.support.beside import Beside

NOBODY_TIMES = 3
ALWAYS = 1_000_000
SHORT_S = 0.5
ACTIONS = 40
ASKED_ONCE_MAX = 2
"""By the connection there is, and at the address that was given."""


@pytest.mark.asyncio
async def test_where_a_topic_ends_is_asked_again_until_the_broker_knows_itself(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = await tail.ends(beside.kafka, beside.names.actions)
    told = _aiokafka_hears_of_nobody(monkeypatch, NOBODY_TIMES)
    assert await tail.ends(beside.kafka, beside.names.actions, KNOWN_S_MAX) == wanted
    assert told() > NOBODY_TIMES


@pytest.mark.asyncio
async def test_a_broker_that_never_knows_itself_is_an_error_once_the_limit_is_over(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    _aiokafka_hears_of_nobody(monkeypatch, ALWAYS)
    since = time.monotonic()
    with pytest.raises(KafkaConnectionError):
        await tail.ends(beside.kafka, beside.names.actions, SHORT_S)
    assert time.monotonic() - since >= SHORT_S


@pytest.mark.asyncio
async def test_who_asks_again_and_again_is_told_at_once(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    told = _aiokafka_hears_of_nobody(monkeypatch, ALWAYS)
    async with tail.ends_reader(beside.kafka) as read:
        before = told()
        with pytest.raises(KafkaConnectionError):
            await read(beside.names.actions)
        assert 1 <= told() - before <= ASKED_ONCE_MAX


@pytest.mark.asyncio
async def test_a_broker_that_names_nobody_is_not_there_yet(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await answers(beside.kafka)
    _aiokafka_hears_of_nobody(monkeypatch, ALWAYS)
    assert not await answers(beside.kafka)


def test_a_history_is_read_once_the_broker_knows_itself(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    beside.report(ACTIONS)
    wanted = list(history.records(beside.kafka, beside.names.actions))
    assert len(wanted) >= ACTIONS
    told = _kafka_python_hears_of_nobody(monkeypatch, NOBODY_TIMES)
    assert list(history.records(beside.kafka, beside.names.actions)) == wanted
    assert told() > NOBODY_TIMES


def test_a_history_that_nobody_can_give_is_an_error_once_the_limit_is_over(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "KNOWN_S_MAX", SHORT_S)
    _kafka_python_hears_of_nobody(monkeypatch, ALWAYS)
    reading, since = history.records(beside.kafka, beside.names.actions), time.monotonic()
    with pytest.raises(MetadataEmptyBrokerList):
        next(reading)
    assert time.monotonic() - since >= SHORT_S


def test_a_refusal_is_told_at_once(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refused(_consumer: Any, topic: str) -> Any:
        asked.append(topic)
        raise TopicAuthorizationFailedError(topic)

    monkeypatch.setattr(KafkaConsumer, "partitions_for_topic", refused)
    with pytest.raises(TopicAuthorizationFailedError):
        next(history.records(beside.kafka, beside.names.actions))
    assert asked == [beside.names.actions]


def _aiokafka_hears_of_nobody(monkeypatch: pytest.MonkeyPatch, times: int) -> Callable[[], int]:
    """So many answers that would name the brokers name none; gives how many such answers there were in all."""
    told, send = [0], AIOKafkaConnection.send

    async def emptied(answering: Any) -> Any:
        answer = await answering
        told[0] += 1
        if told[0] <= times:
            answer.brokers = []
        return answer

    def ask(connection: Any, request: Any, expect_response: bool = True) -> Any:  # theirs
        answering: Any = send(connection, request, expect_response)
        return emptied(answering) if isinstance(request, MetadataRequest) else answering

    monkeypatch.setattr(AIOKafkaConnection, "send", ask)
    return lambda: told[0]


def _kafka_python_hears_of_nobody(monkeypatch: pytest.MonkeyPatch, times: int) -> Callable[[], int]:
    """The same of kafka-python, once it knows a broker: before, it asks again by itself."""
    told, update = [0], ClusterMetadata.update_metadata

    def emptied(cluster: Any, answer: Any) -> Any:
        if cluster.brokers():
            told[0] += 1
            if told[0] <= times:
                answer.brokers = []
        return update(cluster, answer)

    monkeypatch.setattr(ClusterMetadata, "update_metadata", emptied)
    return lambda: told[0]
