"""Private parts of Faust and aiokafka that we override: a moved pin must be looked at by a person."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher
from faust.transport.drivers import aiokafka as driver


@pytest.mark.parametrize(
    ("name", "known"), [("faust-streaming", "0.15.3"), ("mode-streaming", "0.7.1"), ("aiokafka", "0.14.0")]
)
def test_the_versions_are_those_whose_private_parts_we_read(name: str, known: str) -> None:
    assert version(name) == known


@pytest.mark.parametrize(
    ("owner", "part"),
    [
        (driver.Consumer, "_getmany"),
        (driver.Consumer, "_add_gap"),
        (driver.Consumer, "_new_offset"),
        (driver.Consumer, "_new_consumer_thread"),
        (driver.Consumer, "seek_to_committed"),
        (driver.Consumer, "on_partitions_revoked"),
        (driver.Consumer, "on_partitions_assigned"),
        (driver.Producer, "_settings_extra"),
        (driver.AIOKafkaConsumerThread, "_create_worker_consumer"),
        (driver.AIOKafkaConsumerThread, "on_start"),
        (Fetcher, "_get_actions_per_node"),
        (Fetcher, "_proc_fetch_request"),
    ],
)
def test_what_we_override_is_there_to_be_overridden(owner: type, part: str) -> None:
    assert callable(getattr(owner, part))


def test_the_fetch_waits_that_we_set_are_still_read_from_there() -> None:
    assert {"_fetch_max_wait_ms", "_fetch_min_bytes"} <= set(AIOKafkaConsumer.start.__code__.co_names)


def test_a_fetch_is_made_with_the_waits_of_its_fetcher() -> None:
    assert {"_fetch_max_wait_ms", "_fetch_min_bytes"} <= set(vars(Fetcher)["_get_actions_per_node"].__code__.co_names)
