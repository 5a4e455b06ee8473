"""One Apache Kafka node (KRaft) as a child: formatted once, listening on loopback only, ready when it answers."""

from __future__ import annotations

import asyncio
import base64
import signal
import socket
import subprocess
import uuid
from pathlib import Path

from aiokafka import AIOKafkaClient
from aiokafka.errors import KafkaError

from ops.embedded.jars import ensure
from ops.embedded.java import find_java
from ops.embedded.jvm import command
from runtime.children import Child, start
from runtime.faults import Fault

READY_S_MAX = 60.0
FORMAT_S_MAX = 60

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={logs}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=2
num.io.threads=4
log.segment.bytes=134217728
log.index.size.max.bytes=1048576
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


class KafkaNode:
    """The broker of one data folder. `bootstrap` is where it listens once it has started; the names of the classes that
    it loads are written to `classes_into`, if that is given."""

    def __init__(
        self, folder: Path, cache_dir: Path, java: str = "", show: bool = True, classes_into: Path | None = None
    ) -> None:
        self.folder = folder
        self._classes_into = classes_into
        self._cache_dir = cache_dir
        self._java = java
        self._show = show
        self._child: Child | None = None
        self._command: list[str] = []
        self.bootstrap = ""

    async def start(self) -> None:
        """Start and wait until it answers; again on the same address, which its clients hold.

        Raises Fault (jars, Java, or a broker that does not come up).
        """
        if not self._command:
            self._command = await asyncio.to_thread(self._prepare)
        properties = self.folder / "server.properties"
        self._child = start("kafka", [*self._command, "kafka.Kafka", properties], self.folder / "kafka.log")
        await self._ready(self._child)

    def _prepare(self) -> list[str]:
        jars = ensure(self._cache_dir, self._show)
        java, _ = find_java(self._java)
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        port, controller = free_ports(2)
        logs = self.folder / "logs"
        properties.write_text(PROPERTIES.format(port=port, controller=controller, logs=logs))
        usual = command(self._cache_dir, java, jars)
        if not (logs / "meta.properties").exists():
            _format(usual, properties)
        self.bootstrap = f"127.0.0.1:{port}"
        return command(self._cache_dir, java, jars, self._classes_into)

    async def stop(self) -> None:
        """Stop in order; killed when it takes too long."""
        if self._child is not None:
            await self._child.stop(signal.SIGTERM)

    @property
    def child(self) -> Child:
        """The broker's process."""
        assert self._child is not None, "not started"
        return self._child

    async def _ready(self, child: Child) -> None:
        try:
            async with asyncio.timeout(READY_S_MAX):
                while not await answers(self.bootstrap):
                    if child.code() is not None:
                        break
                    await asyncio.sleep(0.05)
                else:
                    return
        except TimeoutError:
            await child.stop(signal.SIGKILL)
        raise Fault(
            "kafka.not_ready",
            f"Kafka 未能启动,见 {child.log}:{child.last_lines(3)}",
            f"Kafka did not come up, see {child.log}: {child.last_lines(3)}",
            hint_zh="请运行 liandong doctor 查看原因。",
            hint_en="Run liandong doctor to see why.",
        )


async def answers(bootstrap: str) -> bool:
    """True if a broker at that address answers a request, and knows itself."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=2_000)
    try:
        host, port = bootstrap.rsplit(":", 1)
        _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        await client.bootstrap()
    except (OSError, KafkaError):
        return False
    else:
        return bool(client.cluster.brokers())
    finally:
        await client.close()


def free_ports(count: int) -> list[int]:
    """That many ports of the loopback interface that nobody listens on right now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def cluster_id(random: bytes) -> str:
    """Kafka's form of 16 random bytes: 22 characters of base64url, the first always a letter.

    One in 64 would begin with a dash, and the storage tool takes that for an option.
    """
    return base64.urlsafe_b64encode(bytes([random[0] & 0x7F]) + random[1:]).decode().rstrip("=")


def _format(java: list[str], properties: Path) -> None:
    cluster = cluster_id(uuid.uuid4().bytes)
    done = subprocess.run(
        [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)],
        capture_output=True,
        text=True,
        timeout=FORMAT_S_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise Fault(
            "kafka.format",
            f"Kafka 数据目录初始化失败:{done.stderr.strip()[-400:]}",
            f"Kafka could not format its folder: {done.stderr.strip()[-400:]}",
        )
