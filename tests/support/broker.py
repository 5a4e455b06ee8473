"""A broker of a test's own: the embedded node's properties and jars, with what the test adds to them."""

from __future__ import annotations

import asyncio
import subprocess
import time
import uuid
from pathlib import Path

from ops.embedded.jars import ensure
from ops.embedded.java import find_java
from ops.embedded.kafka import JVM, PROPERTIES, answers, cluster_id, free_ports
from runtime.children import Child, start
from runtime.settings import Settings

READY_S_MAX = 60.0
FORMAT_S_MAX = 60


def java_with_jars() -> list[str]:
    """The command that runs a class of Kafka's, up to the class."""
    jars = ensure(Settings().cache_dir, show=False)
    return [str(find_java()[0]), *JVM, "-cp", ":".join(map(str, jars))]


class Broker:
    """One node on loopback: `plain` is its plaintext listener, `other` the one that the test describes."""

    def __init__(self, folder: Path, added: str, users: dict[str, str]) -> None:
        self._folder = folder
        plain, controller, other = free_ports(3)
        self.plain, self.other = f"127.0.0.1:{plain}", f"127.0.0.1:{other}"
        properties = folder / "server.properties"
        usual = PROPERTIES.format(port=plain, controller=controller, logs=folder / "logs")
        properties.write_text(usual + added.format(port=plain, controller=controller, other=other))
        scram = [f"--add-scram=SCRAM-SHA-512=[name={name},password={word}]" for name, word in users.items()]
        command = java_with_jars()
        form = ["kafka.tools.StorageTool", "format", "-t", cluster_id(uuid.uuid4().bytes), "-c", str(properties)]
        done = subprocess.run(
            [*command, *form, *scram], capture_output=True, text=True, timeout=FORMAT_S_MAX, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self._child: Child = start("kafka", [*command, "kafka.Kafka", properties], folder / "kafka.log")
        self._ready()

    def stop(self) -> None:
        """Stop it in order."""
        asyncio.run(self._child.stop())

    def _ready(self) -> None:
        deadline = time.monotonic() + READY_S_MAX
        while not asyncio.run(answers(self.plain)):
            assert self._child.code() is None, self._child.last_lines(20)
            assert time.monotonic() < deadline, self._child.last_lines(20)
            time.sleep(0.1)
