"""The brokers of the compose files, started for real with what the files say: only addresses and folders are ours.

Kafka's jar has the class with which the official image turns variables into properties, so what is shown here is what
the image would run, but for the image itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.admin._users import ScramMechanism, UserScramCredentialUpsertion

from eventlog.append import Appender, LogUnreachable
from eventlog.broker import reach
from eventlog.tail import ends, read_to
from eventlog.topics import TopicNames, create_and_check
from ops.embedded.kafka import free_ports
from runtime.faults import Fault
from tests.support.beside import a_report
from tests.support.broker import Node, formatted, unknown_properties
from tests.support.certificates import make_certificates
from tests.support.compose import ROOT, read
from tests.support.live import eventually

NAMES = TopicNames()
PASSWORD = "correct-horse-battery"
USER_KNOWN_S_MAX = 20.0
APPEND_AGAIN_S_MAX = 60.0


def _broker(file: str, service: str) -> dict[str, str]:
    found = read(ROOT / file)["services"][service]["environment"]
    return {name: str(value) for name, value in found.items()}


def _changed(environment: dict[str, str], changes: dict[str, str]) -> dict[str, str]:
    changed: dict[str, str] = {}
    for name, value in environment.items():
        for old, new in changes.items():
            value = value.replace(old, new)
        changed[name] = value
    return changed


@pytest.mark.parametrize(
    ("file", "service"),
    [
        ("docker-compose.yml", "kafka"),
        ("docker-compose.yml", "kafka-secure"),
        ("docker-compose.cluster.yml", "kafka-1"),
    ],
)
def test_kafka_knows_every_property_and_formats_its_folder(tmp_path: Path, file: str, service: str) -> None:
    environment = _changed(_broker(file, service), {"/var/lib/kafka/data": str(tmp_path / "data")})
    properties = formatted(environment, tmp_path)
    assert unknown_properties(properties) == set()
    assert (tmp_path / "data" / "meta.properties").exists()


def test_a_property_that_kafka_does_not_know_is_named(tmp_path: Path) -> None:
    environment = _changed(_broker("docker-compose.yml", "kafka"), {"/var/lib/kafka/data": str(tmp_path / "data")})
    properties = formatted({**environment, "KAFKA_MIN_INSYNC_REPLICAZ": "2"}, tmp_path)
    assert unknown_properties(properties) == {"min.insync.replicaz"}


def test_the_secure_broker_lets_its_user_in_and_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clients, local, controller = free_ports(3)
    ca, keystore = make_certificates(tmp_path)
    changes = {
        "CLIENTS://:9092": f"CLIENTS://127.0.0.1:{clients}",
        "CLIENTS://kafka:9092": f"CLIENTS://127.0.0.1:{clients}",
        "localhost:9094": f"127.0.0.1:{local}",
        "localhost:9093": f"127.0.0.1:{controller}",
        "/etc/kafka/tls/kafka.pem": str(keystore),
        "/var/lib/kafka/data": str(tmp_path / "data"),
    }
    node = Node(formatted(_changed(_broker("docker-compose.yml", "kafka-secure"), changes), tmp_path))
    try:
        node.until_it_answers(f"127.0.0.1:{local}")
        _add_user(f"127.0.0.1:{local}")
        for name, value in {
            "": f"127.0.0.1:{clients}",
            "_SECURITY": "sasl_ssl",
            "_CA": str(ca),
            "_USER": "liandong",
            "_PASSWORD": PASSWORD,
        }.items():
            monkeypatch.setenv(f"LIANDONG_KAFKA{name}", value)

        def let_in() -> bool:
            with contextlib.suppress(Fault):
                asyncio.run(reach(f"127.0.0.1:{clients}"))
                return True
            return False

        eventually(let_in, USER_KNOWN_S_MAX, "the new user is let in")
        assert len(create_and_check(f"127.0.0.1:{clients}", NAMES).created) == 6
        monkeypatch.setenv("LIANDONG_KAFKA_PASSWORD", "another one")
        with pytest.raises(Fault, match=r"kafka\.refused"):
            asyncio.run(reach(f"127.0.0.1:{clients}"))
    finally:
        node.stop()


def _add_user(local: str) -> None:
    """What the service kafka-users asks for; its own tool comes with the image only."""
    admin: Any = KafkaAdminClient(bootstrap_servers=local)
    wanted = UserScramCredentialUpsertion("liandong", ScramMechanism.SCRAM_SHA_512, PASSWORD, iterations=8192)
    assert admin.alter_user_scram_credentials([wanted]) == {"liandong": None}
    admin.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[Node]]]:
    """The three brokers of the cluster's file."""
    folder = tmp_path_factory.mktemp("cluster")
    numbers, ports = range(1, 4), free_ports(6)
    addresses = {f"kafka-{n}:909{p}": f"127.0.0.1:{ports[2 * (n - 1) + p - 2]}" for n in numbers for p in (2, 3)}
    nodes: list[Node] = []
    for n in numbers:
        own = {
            "CLIENTS://:9092": f"CLIENTS://{addresses[f'kafka-{n}:9092']}",
            "CONTROLLER://:9093": f"CONTROLLER://{addresses[f'kafka-{n}:9093']}",
            "/var/lib/kafka/data": str(folder / f"data-{n}"),
        }
        environment = _changed(_broker("docker-compose.cluster.yml", f"kafka-{n}"), own | addresses)
        nodes.append(Node(formatted(environment, folder / str(n))))
    for n, node in zip(numbers, nodes, strict=True):
        node.until_it_answers(addresses[f"kafka-{n}:9092"])
    yield ",".join(addresses[f"kafka-{n}:9092"] for n in numbers), nodes
    for node in nodes:
        node.kill()


def test_two_of_three_brokers_go_on_and_one_alone_acknowledges_nothing(
    cluster: tuple[str, list[Node]],
) -> None:
    bootstrap, nodes = cluster
    report = create_and_check(bootstrap, NAMES, replication=3)
    assert (len(report.created), report.differences) == (6, ())
    assert _settings(bootstrap) == {"min.insync.replicas": "2", "unclean.leader.election.enable": "false"}
    acknowledged = asyncio.run(_with_two_with_one_with_two_again(bootstrap, nodes))
    assert set(acknowledged) <= asyncio.run(_standing(bootstrap)), "what was acknowledged is there"


def _settings(bootstrap: str) -> dict[str, str]:
    admin: Any = KafkaAdminClient(bootstrap_servers=bootstrap)
    found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, NAMES.events)], config_filter="all")
    admin.close()
    wanted = ("min.insync.replicas", "unclean.leader.election.enable")
    return {name: str(found["topic"][NAMES.events][name]["value"]) for name in wanted}


async def _with_two_with_one_with_two_again(bootstrap: str, nodes: list[Node]) -> list[tuple[int, int]]:
    async with Appender(bootstrap, NAMES) as appender:
        places = [await appender.append(a_report())]
        nodes[0].kill()
        places.append(await _append_again(appender))
        nodes[1].kill()
        with pytest.raises(LogUnreachable):
            await appender.append(a_report())
        nodes[1] = Node(nodes[1].properties)
        places.append(await _append_again(appender))
    return places


async def _standing(bootstrap: str) -> set[tuple[int, int]]:
    """The places of all actions, read by the client that leaves no socket to a dead broker behind."""
    upto = await ends(bootstrap, NAMES.actions)
    chunks = [chunk async for chunk in read_to(bootstrap, NAMES.actions, dict.fromkeys(upto, 0), upto)]
    return {(stored.partition, stored.offset) for chunk in chunks for stored in chunk}


async def _append_again(appender: Appender) -> tuple[int, int]:
    """Whoever was told that the log is unreachable repeats it."""
    async with asyncio.timeout(APPEND_AGAIN_S_MAX):
        while True:
            with contextlib.suppress(LogUnreachable):
                return await appender.append(a_report())
