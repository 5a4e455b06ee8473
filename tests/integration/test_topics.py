"""The topics are created as they must be, and one that differs is refused with the difference, never changed."""

from __future__ import annotations

from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from eventlog.topics import Difference, create_and_check
from ops.prepare import prepare
from reference.profile import load_profile
from runtime.faults import Fault
from tests.support.beside import Beside
from tests.support.live import eventually

WAIT_S_MAX = 20.0


@pytest.mark.parametrize(
    ("setting", "wrong", "right"),
    [
        ("retention.ms", "60000", "-1"),
        ("message.timestamp.type", "CreateTime", "LogAppendTime"),
        ("cleanup.policy", "compact", "delete"),
    ],
)
def test_a_setting_that_differs_is_shown_and_left_alone(beside: Beside, setting: str, wrong: str, right: str) -> None:
    events = beside.names.events
    admin = KafkaAdminClient(bootstrap_servers=beside.kafka)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, events, configs={setting: wrong})])
    admin.close()
    expected = (Difference(events, setting, wrong, right),)
    eventually(
        lambda: create_and_check(beside.kafka, beside.names).differences == expected, WAIT_S_MAX, "the difference"
    )
    with pytest.raises(Fault, match=setting) as refused:
        prepare(beside.kafka, beside.postgres, beside.names, load_profile("xinmi"), 1)
    assert refused.value.code == "topics.differ"
    assert create_and_check(beside.kafka, beside.names).differences == expected, "never changed by itself"


def test_fewer_copies_than_asked_for_are_shown(beside: Beside) -> None:
    events = beside.names.events
    found = {
        d.setting: (d.found, d.wanted)
        for d in create_and_check(beside.kafka, beside.names, 3).differences
        if d.topic == events
    }
    assert found == {"replication": ("1", "3"), "min.insync.replicas": ("1", "2")}


def test_another_number_of_partitions_is_refused(beside: Beside) -> None:
    actions = beside.names.actions
    admin: Any = KafkaAdminClient(bootstrap_servers=beside.kafka)
    admin.delete_topics([actions])
    eventually(lambda: actions not in admin.list_topics(), WAIT_S_MAX, "the topic is gone")
    configs = {"message.timestamp.type": "LogAppendTime", "retention.ms": str(90 * 24 * 3_600_000)}
    admin.create_topics({actions: {"num_partitions": 3, "replication_factor": 1, "configs": configs}})
    admin.close()
    found = eventually(lambda: create_and_check(beside.kafka, beside.names).differences, WAIT_S_MAX, "the difference")
    assert Difference(actions, "partitions", "3", "24") in found
