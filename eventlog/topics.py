"""The topics of the log: their names, their settings, and the check that a cluster has them so.

Owns what design document §1 says of topics. A topic that differs is refused with the difference and never changed
in silence: partitions are for ever, because the partition of a case must never move.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec
from kafka import KafkaConsumer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError
from kafka.structs import TopicPartition

from eventlog.broker import KNOWN_PAUSE_S, KNOWN_S_MAX, client_security
from eventlog.position import PARTITIONS
from runtime.faults import Fault

DAY_MS = 24 * 3_600_000
ADMIN_WAIT_MS_MAX = 20_000
FOR_EVER = "-1"
REPLICATION_SAFE_MIN = 3
"""From three copies on, two must have a record before it is acknowledged, and no copy that lacks it may lead."""


class TopicNames(msgspec.Struct, frozen=True, gc=False):
    """The names of the six topics under a prefix (several cities or tests may share one cluster)."""

    prefix: str = ""

    @property
    def actions(self) -> str:
        """What somebody asked for."""
        return f"{self.prefix}actions"

    @property
    def events(self) -> str:
        """The record: one decision an action."""
        return f"{self.prefix}events"

    @property
    def refs(self) -> str:
        """Immutable contents under their hash."""
        return f"{self.prefix}refs"

    @property
    def security_events(self) -> str:
        """Log-ins, unmasking, exports."""
        return f"{self.prefix}security-events"

    @property
    def checkpoints(self) -> str:
        """Signed tree heads."""
        return f"{self.prefix}checkpoints"

    @property
    def dead_letters(self) -> str:
        """Copies of what could not be decoded."""
        return f"{self.prefix}dead-letters"


class TopicSpec(msgspec.Struct, frozen=True, gc=False):
    """What a topic must be: partitions, retention (ms, "-1" for ever), copies; all carry the broker's append time."""

    name: str
    partitions: int
    retention_ms: str
    replication: int = 1

    @property
    def configs(self) -> dict[str, str]:
        """The topic's settings, in the broker's words."""
        always = {
            "cleanup.policy": "delete",
            "message.timestamp.type": "LogAppendTime",
            "retention.ms": self.retention_ms,
            "retention.bytes": FOR_EVER,
        }
        safe = {"min.insync.replicas": "2", "unclean.leader.election.enable": "false"}
        return always | (safe if self.replication >= REPLICATION_SAFE_MIN else {})


class Difference(msgspec.Struct, frozen=True, gc=False):
    """One setting of a topic that is not as it must be."""

    topic: str
    setting: str
    found: str
    wanted: str


class TopicReport(msgspec.Struct, frozen=True, gc=False):
    """What was created, what was there and right, and what differs."""

    created: tuple[str, ...]
    right: tuple[str, ...]
    differences: tuple[Difference, ...]


def topic_specs(names: TopicNames, replication: int = 1) -> tuple[TopicSpec, ...]:
    """The six topics (design document §1), each with that many copies."""
    return (
        TopicSpec(names.actions, PARTITIONS, str(90 * DAY_MS), replication),
        TopicSpec(names.events, PARTITIONS, FOR_EVER, replication),
        TopicSpec(names.refs, 1, FOR_EVER, replication),
        TopicSpec(names.security_events, 1, FOR_EVER, replication),
        TopicSpec(names.checkpoints, 1, FOR_EVER, replication),
        TopicSpec(names.dead_letters, 1, str(365 * DAY_MS), replication),
    )


def create_and_check(bootstrap: str, names: TopicNames, replication: int = 1) -> TopicReport:
    """Create the topics that are missing and compare all with what they must be. Blocks; raises KafkaError."""
    specs = topic_specs(names, replication)
    with _admin(bootstrap) as admin:
        there = set(admin.list_topics())
        created = tuple(spec.name for spec in specs if spec.name not in there and _create(admin, spec))
        differences = _differences(admin, specs)
    wrong = {difference.topic for difference in differences}
    right = tuple(spec.name for spec in specs if spec.name not in wrong and spec.name not in created)
    return TopicReport(created, right, differences)


def _create(admin: Any, spec: TopicSpec) -> bool:
    """True if it is made; False if it is there after all: another process was first, or the list was an old one."""
    wanted = {"num_partitions": spec.partitions, "replication_factor": spec.replication, "configs": spec.configs}
    try:
        admin.create_topics({spec.name: wanted}, timeout_ms=ADMIN_WAIT_MS_MAX, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return False
    return True


def topic_ids(bootstrap: str, topics: list[str]) -> dict[str, str]:
    """The broker's own id of each topic: a topic made anew under the old name has another one. Blocks.

    Raises Fault `topics.missing` where a topic is not there, KafkaError where the cluster does not answer.
    """
    with _admin(bootstrap) as admin:
        there = set(admin.list_topics())
        if missing := sorted(set(topics) - there):
            raise Fault(
                "topics.missing",
                f"集群上没有主题 {'、'.join(missing)}。",
                f"The cluster has no topic {', '.join(missing)}.",
                hint_zh="若是新集群,请运行 liandong topics;若主题被删除,请从备份恢复,切勿新建同名主题。",
                hint_en="On a new cluster run liandong topics. If it was deleted, restore it from a backup; do not "
                "make a new one under its name.",
            )
        return {found["name"]: str(found["topic_id"]) for found in admin.describe_topics(topics)}


class Kept(msgspec.Struct, frozen=True, gc=False):
    """What the cluster keeps of a topic: records, and bytes on the disks of all brokers, copies included."""

    name: str
    records: int
    size_bytes: int


def kept(bootstrap: str, names: TopicNames) -> tuple[str, tuple[Kept, ...]]:
    """The cluster's metadata level (Kafka tells no release to clients), and each topic. Blocks; raises KafkaError."""
    topics = [spec.name for spec in topic_specs(names)]
    with _admin(bootstrap) as admin:
        level = admin.describe_features()["metadata.version"]["finalized"][1]
        sizes = dict.fromkeys(topics, 0)
        for broker in admin.describe_log_dirs(topics):
            for found in (topic for folder in broker["log_dirs"] for topic in folder["topics"]):
                sizes[found["name"]] += sum(partition["partition_size"] for partition in found["partitions"])
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, **client_security(), group_id=None, request_timeout_ms=ADMIN_WAIT_MS_MAX
    )
    try:
        records = {topic: _records(consumer, topic) for topic in topics}
    finally:
        consumer.close()
    return f"metadata.version {level}", tuple(Kept(name, records[name], sizes[name]) for name in topics)


def _records(consumer: Any, topic: str) -> int:
    places = [TopicPartition(topic, partition) for partition in consumer.partitions_for_topic(topic) or ()]
    if not places:
        return 0
    return sum(consumer.end_offsets(places).values()) - sum(consumer.beginning_offsets(places).values())


def _admin(bootstrap: str) -> Any:
    return KafkaAdminClient(bootstrap_servers=bootstrap, **client_security(), request_timeout_ms=ADMIN_WAIT_MS_MAX)


def _described(admin: Any, names: list[str]) -> dict[str, list[Any]]:
    """The partitions of each topic. A broker may hear of a new topic after the one that made it: until then, none."""
    deadline = time.monotonic() + KNOWN_S_MAX
    while True:
        found = {topic["name"]: topic["partitions"] for topic in admin.describe_topics(names)}
        if all(found.values()) or time.monotonic() > deadline:
            return found
        time.sleep(KNOWN_PAUSE_S)


def _differences(admin: Any, specs: tuple[TopicSpec, ...]) -> tuple[Difference, ...]:
    names = [spec.name for spec in specs]
    described = _described(admin, names)
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    settings = admin.describe_configs(resources, config_filter="all")["topic"]
    differences: list[Difference] = []
    for spec in specs:
        partitions = described[spec.name]
        if len(partitions) != spec.partitions:
            differences.append(Difference(spec.name, "partitions", str(len(partitions)), str(spec.partitions)))
        copies = min((len(partition["replica_nodes"]) for partition in partitions), default=0)
        if copies < spec.replication:
            differences.append(Difference(spec.name, "replication", str(copies), str(spec.replication)))
        for setting, wanted in spec.configs.items():
            found = str(settings[spec.name][setting]["value"])
            if found != wanted:
                differences.append(Difference(spec.name, setting, found, wanted))
    return tuple(differences)
