"""A broker that takes TLS and SASL only: every client of ours comes in with the settings, and nobody without them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from eventlog.broker import REACH_S_MAX
from ops.embedded.kafka import free_ports
from ops.embedded.postgres import PostgresNode
from runtime.faults import EXIT_NEEDS_HAND
from tests.support.broker import Broker
from tests.support.certificates import make_certificates
from tests.support.city import GRID
from tests.support.live import eventually

USER, PASSWORD = "liandong", "correct-horse-battery"
WRONG = "a-wrong-password-never-shown"
ENDED_S_MAX = 2 * REACH_S_MAX
READY_S_MAX = 60.0
DECIDED_S_MAX = 20.0
LISTENER = """\
listeners=PLAINTEXT://127.0.0.1:{{port}},CONTROLLER://127.0.0.1:{{controller}},CLIENTS://127.0.0.1:{{other}}
advertised.listeners=PLAINTEXT://127.0.0.1:{{port}},CLIENTS://127.0.0.1:{{other}}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CLIENTS:SASL_SSL
listener.name.clients.ssl.keystore.type=PEM
listener.name.clients.ssl.keystore.location={keystore}
listener.name.clients.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


class Secured:
    """The broker, a database, and the settings of a process that may come in."""

    def __init__(self, folder: Path) -> None:
        ca, keystore = make_certificates(folder)
        self._folder = folder
        self.broker = Broker(folder / "kafka", LISTENER.format(keystore=keystore), {USER: PASSWORD})
        self.postgres = PostgresNode(folder / "postgres")
        asyncio.run(self.postgres.start())
        self.port = free_ports(1)[0]
        self.env = {
            **os.environ,
            "LIANDONG_KAFKA": self.broker.other,
            "LIANDONG_KAFKA_SECURITY": "sasl_ssl",
            "LIANDONG_KAFKA_CA": str(ca),
            "LIANDONG_KAFKA_USER": USER,
            "LIANDONG_KAFKA_PASSWORD": PASSWORD,
            "LIANDONG_POSTGRES": self.postgres.dsn,
            "LIANDONG_DATA_DIR": str(folder),
            "LIANDONG_PORT": str(self.port),
            "LIANDONG_MASTER_KEY": "k" * 64,
            "LIANDONG_DEMO": "true",
        }
        self.parts: list[subprocess.Popen[bytes]] = []

    def run(self, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """`liandong ARGUMENTS` with these settings changed; a value left empty takes the setting away."""
        env = {name: value for name, value in {**self.env, **changed}.items() if value}
        command = [sys.executable, "-m", "ops.cli", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=ENDED_S_MAX, check=False)

    def start(self, part: str) -> None:
        """`liandong serve PART`, its output in PART.log."""
        with (self._folder / f"{part}.log").open("ab") as out:
            command = [sys.executable, "-m", "ops.cli", "serve", part]
            self.parts.append(subprocess.Popen(command, env=self.env, stdout=out, stderr=out))

    def logged(self) -> str:
        """All that the parts and the broker wrote."""
        return "".join(path.read_text(errors="replace") for path in self._folder.glob("*.log"))

    def stop(self) -> None:
        """End the parts, the broker and the database."""
        for part in self.parts:
            part.kill()
            part.wait(READY_S_MAX)
        self.broker.stop()
        asyncio.run(self.postgres.stop())


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """One for the file."""
    folder = tmp_path_factory.mktemp("secured")
    (folder / "kafka").mkdir()
    system = Secured(folder)
    yield system
    system.stop()


def test_everything_works_through_the_secured_listener(secured: Secured) -> None:
    made = secured.run("topics")
    assert made.returncode == 0, made.stderr
    assert made.stdout.count("created") == 6
    for part in ("dispatch", "project", "clock", "api"):
        secured.start(part)
    address = f"http://127.0.0.1:{secured.port}"

    def ready() -> bool:
        assert all(part.poll() is None for part in secured.parts), secured.logged()[-2_000:]
        try:
            return httpx.get(f"{address}/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    eventually(ready, READY_S_MAX, "the API ready")
    headers = _logged_in(address)
    report = {"action_id": str(uuid.uuid4()), "place": {"grid": GRID}, "channel": "hotline", "case_class": "010101"}
    answer = httpx.post(f"{address}/api/cases", json=report, headers=headers, timeout=DECIDED_S_MAX)
    assert answer.status_code == 201, answer.text
    case_id = answer.json()["case_id"]
    eventually(lambda: _on_the_board(address, headers, case_id), DECIDED_S_MAX, "the case on the board")
    told = secured.run("replay", "--case", case_id)
    assert told.returncode == 0, told.stderr
    assert "reported" in told.stdout
    assert PASSWORD not in secured.logged() + told.stdout + made.stdout


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"LIANDONG_KAFKA_PASSWORD": WRONG}, "kafka.refused"),
        ({"LIANDONG_KAFKA_USER": "nobody"}, "kafka.refused"),
        ({"LIANDONG_KAFKA_CA": ""}, "kafka.certificate"),
    ],
    ids=["wrong password", "unknown user", "unknown authority"],
)
@pytest.mark.parametrize("command", [("topics",), ("serve", "clock")], ids=["topics", "serve"])
def test_who_does_not_fit_is_refused_at_once(
    secured: Secured, command: tuple[str, ...], changed: dict[str, str], code: str
) -> None:
    began = time.monotonic()
    refused = secured.run(*command, **changed)
    assert refused.returncode == (EXIT_NEEDS_HAND if command[0] == "serve" else 1)
    assert f"[{code}]" in refused.stderr, refused.stderr
    assert "Traceback" not in refused.stderr
    assert WRONG not in refused.stderr + refused.stdout
    assert PASSWORD not in refused.stderr + refused.stdout
    assert time.monotonic() - began < REACH_S_MAX, "not only when the wait for a broker is over"


def test_an_api_without_a_master_key_does_not_start(secured: Secured) -> None:
    refused = secured.run("serve", "api", LIANDONG_MASTER_KEY="too-short")
    assert refused.returncode == EXIT_NEEDS_HAND
    assert "[settings.no_master_key]" in refused.stderr
    assert "too-short" not in refused.stderr


def test_without_tls_the_listener_gives_nothing_and_the_wait_ends(secured: Secured) -> None:
    plain = dict.fromkeys((f"LIANDONG_KAFKA_{name}" for name in ("SECURITY", "CA", "USER", "PASSWORD")), "")
    refused = secured.run("topics", **plain)
    assert refused.returncode == 1
    assert "[kafka.unreachable]" in refused.stderr, refused.stderr


def _logged_in(address: str) -> dict[str, str]:
    body = {"username": "acceptor", "password": "liandong-demo"}
    return {"Authorization": f"Bearer {httpx.post(f'{address}/api/token', json=body).json()['access_token']}"}


def _on_the_board(address: str, headers: dict[str, str], case_id: str) -> bool:
    answer = httpx.get(f"{address}/api/cases/{case_id}/timeline", headers=headers)
    return answer.status_code == 200 and bool(answer.json())
