"""Brokers of a test's own: with the embedded properties, or with what a compose file gives the official image."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from ops.embedded.jars import ensure
from ops.embedded.java import find_java
from ops.embedded.jvm import command
from ops.embedded.kafka import PROPERTIES, answers, cluster_id, free_ports
from runtime.children import Child, start
from runtime.settings import Settings

READY_S_MAX = 60.0
TOOL_S_MAX = 60
KILLED_S_MAX = 10
STOPPED_S_MAX = 60
SECOND_NAMES = re.compile(r"^listener\.name\.[a-z-]+\.(?:scram-sha-\d+\.)?")


def java_with_jars() -> list[str]:
    """The command that runs a class of Kafka's, up to the class."""
    cache_dir = Settings().cache_dir
    return command(cache_dir, find_java()[0], ensure(cache_dir, show=False))


class Node:
    """A formatted broker, running; with `env` on top of this process's environment."""

    def __init__(self, properties: Path, env: Mapping[str, str] | None = None) -> None:
        self.properties, folder = properties, properties.parent
        broker = [*java_with_jars(), "kafka.Kafka", properties]
        self.child: Child = start("kafka", broker, folder / "kafka.log", env={**os.environ, **(env or {})})

    def until_it_answers(self, plain: str) -> None:
        """Wait until the plaintext listener there answers."""
        deadline = time.monotonic() + READY_S_MAX
        while not asyncio.run(answers(plain)):
            assert self.child.code() is None, self.child.last_lines(20)
            assert time.monotonic() < deadline, self.child.last_lines(20)
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it in order. Raises AssertionError where it had to be killed."""
        assert asyncio.run(self.child.stop(stop_s_max=STOPPED_S_MAX)) != -signal.SIGKILL, self.child.last_lines(20)

    def kill(self) -> None:
        """The machine is gone."""
        self.child.process.kill()
        self.child.process.wait(KILLED_S_MAX)


class Broker(Node):
    """One node on loopback: `plain` is its plaintext listener, `other` the one that the test describes."""

    def __init__(self, folder: Path, added: str, users: Mapping[str, str]) -> None:
        plain, controller, other = free_ports(3)
        self.plain, self.other = f"127.0.0.1:{plain}", f"127.0.0.1:{other}"
        properties = folder / "server.properties"
        usual = PROPERTIES.format(port=plain, controller=controller, logs=folder / "logs")
        properties.write_text(usual + added.format(port=plain, controller=controller, other=other))
        scram = [f"--add-scram=SCRAM-SHA-512=[name={name},password={word}]" for name, word in users.items()]
        cluster = cluster_id(uuid.uuid4().bytes)
        _tool("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties), *scram)
        super().__init__(properties)
        self.until_it_answers(self.plain)


def formatted(environment: Mapping[str, object], folder: Path) -> Path:
    """The server.properties that the official image makes of these variables, its folder formatted as the image does.

    The image runs `kafka.docker.KafkaDockerWrapper setup` before the broker; that class comes with Kafka's own jar.
    """
    given, final = folder / "given", folder / "final"
    given.mkdir(parents=True)
    final.mkdir()
    for name in ("log4j2.yaml", "tools-log4j2.yaml"):
        (given / name).write_text("Configuration: {Loggers: {Root: {level: INFO}, Logger: []}}\n")
    places = ("-D", str(given), "-M", str(folder / "mounted"), "-F", str(final))
    env = {"PATH": os.environ["PATH"], **{name: str(value) for name, value in environment.items()}}
    _tool("kafka.docker.KafkaDockerWrapper", "setup", *places, env=env)
    return final / "server.properties"


def unknown_properties(properties: Path) -> set[str]:
    """The names in it that Kafka's own reference of broker settings does not have."""
    reference = _tool("kafka.server.KafkaConfig")
    known = set(re.findall(r'id="brokerconfigs_([^"]+)"', reference))
    assert "log.dirs" in known, "Kafka printed its reference"
    lines = [line for line in properties.read_text().splitlines() if line.strip()]
    return {line.split("=")[0] for line in lines if SECOND_NAMES.sub("", line.split("=")[0]) not in known}


def _tool(*arguments: str, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [*java_with_jars(), *arguments], capture_output=True, text=True, timeout=TOOL_S_MAX, env=env, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
