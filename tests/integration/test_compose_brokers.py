"""The brokers of the compose files, started for real with what the files say: only addresses and folders are ours.

Kafka's jar has the class with which the official image turns variables into properties, so what is shown here is what
the image would run, but for the image itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient
from kafka.admin._users import ScramMechanism, UserScramCredentialUpsertion

from eventlog.broker import reach
from eventlog.topics import TopicNames, create_and_check
from ops.embedded.kafka import free_ports
from runtime.faults import Fault
from tests.support.broker import Node, formatted, unknown_properties
from tests.support.brokers import environment
from tests.support.certificates import make_certificates
from tests.support.live import eventually

NAMES = TopicNames()
PASSWORD = "correct-horse-battery"
USER_KNOWN_S_MAX = 20.0


@pytest.mark.parametrize(
    ("file", "service"),
    [
        ("docker-compose.yml", "kafka"),
        ("docker-compose.yml", "kafka-secure"),
        ("docker-compose.cluster.yml", "kafka-1"),
    ],
)
def test_kafka_knows_every_property_and_formats_its_folder(tmp_path: Path, file: str, service: str) -> None:
    variables = environment(file, service, {"/var/lib/kafka/data": str(tmp_path / "data")})
    properties = formatted(variables, tmp_path)
    assert unknown_properties(properties) == set()
    assert (tmp_path / "data" / "meta.properties").exists()


def test_a_property_that_kafka_does_not_know_is_named(tmp_path: Path) -> None:
    variables = environment("docker-compose.yml", "kafka", {"/var/lib/kafka/data": str(tmp_path / "data")})
    properties = formatted({**variables, "KAFKA_MIN_INSYNC_REPLICAZ": "2"}, tmp_path)
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
    node = Node(formatted(environment("docker-compose.yml", "kafka-secure", changes), tmp_path))
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
