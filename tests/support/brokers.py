"""Three brokers as `docker-compose.cluster.yml` gives them, on this machine: only addresses and folders are ours.

Three copies of each record, two must have it before it counts. With libfaketime on the machine a broker's clock can be
set off from the others' while it runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import kafka.errors
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient
from kafka.structs import TopicPartition

from ops.embedded.kafka import free_ports
from tests.support.broker import Node, formatted
from tests.support.compose import ROOT, read
from tests.support.live import eventually

NUMBERS = (1, 2, 3)
COPIES = len(NUMBERS)
ANSWER_MS_MAX = 5_000
REQUEST_MS_MAX = 15_000
LOOK_S = 0.1
IN_SYNC = (120.0, "every copy in sync")
LED = (60.0, "the others took over")
"""How long (s) that may take, and what is said where it does not come."""
SHARED = Path("/dev/shm")  # not ours: libfaketime's
FAKETIME = tuple(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
CLOCK_READ_S = 1


def environment(file: str, service: str, changes: Mapping[str, str]) -> dict[str, str]:
    """A broker's variables in that compose file, with every text in `changes` replaced by its value."""
    found: dict[str, str] = {}
    for name, value in read(ROOT / file)["services"][service]["environment"].items():
        text = str(value)
        for old, new in changes.items():
            text = text.replace(old, new)
        found[name] = text
    return found


class Brokers:
    """Numbered 1 to 3; `bootstrap` names all of them. Started with the object, and ended by `close`."""

    def __init__(self, folder: Path) -> None:
        ports = free_ports(2 * COPIES)
        places = {f"kafka-{n}:909{p}": f"127.0.0.1:{ports[2 * (n - 1) + p - 2]}" for n in NUMBERS for p in (2, 3)}
        self._folder = folder
        self._address = {n: places[f"kafka-{n}:9092"] for n in NUMBERS}
        self.bootstrap = ",".join(self._address.values())
        self._properties: dict[int, Path] = {}
        self._nodes: dict[int, Node] = {}
        for n in NUMBERS:
            own = {
                "CLIENTS://:9092": f"CLIENTS://{self._address[n]}",
                "CONTROLLER://:9093": f"CONTROLLER://{places[f'kafka-{n}:9093']}",
                "/var/lib/kafka/data": str(folder / f"data-{n}"),
            }
            variables = environment("docker-compose.cluster.yml", f"kafka-{n}", own | places)
            self._properties[n] = formatted(variables, folder / str(n))
            self.set_clock(n, 0)
        try:
            for n in NUMBERS:
                self.start(n)
            for n in NUMBERS:
                self._nodes[n].until_it_answers(self._address[n])
        except BaseException:
            self.close()
            raise

    def start(self, number: int) -> None:
        """Start that broker again; it need not answer yet."""
        self._nodes[number] = Node(self._properties[number], self._clock(number))

    def kill(self, number: int) -> None:
        """Its machine is gone."""
        self._nodes[number].kill()
        self._clean_up(number)

    def stop(self, number: int) -> None:
        """It is asked to end, and has handed over what it led. Raises AssertionError where it had to be killed."""
        self._nodes[number].stop()
        self._clean_up(number)

    def leaders(self, topic: str) -> dict[int, int]:
        """Partition → who leads it. Blocks. Raises KafkaError where nobody knows."""
        (found,) = asyncio.run(self._described([topic]))
        return {partition["partition"]: partition["leader"] for partition in found["partitions"]}

    def controller(self) -> int:
        """Who leads the quorum of controllers. Blocks. Raises KafkaError where nobody knows."""
        admin: Any = KafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=ANSWER_MS_MAX)
        try:
            (topic,) = admin.describe_metadata_quorum()["topics"]
        finally:
            admin.close()
        return int(topic["partitions"][0]["leader_id"])

    def until_others_lead(self, number: int, topic: str) -> None:
        """Wait until that broker leads no partition of the topic. Blocks."""
        eventually(lambda: number not in _known(lambda: self.leaders(topic).values(), [number]), *LED, LOOK_S)

    def until_another_controls(self, number: int) -> None:
        """Wait until another broker leads the quorum. Blocks."""
        eventually(lambda: _known(self.controller, number) != number, *LED, LOOK_S)

    def until_without(self, number: int) -> None:
        """Wait until that broker's copy counts nowhere as in sync. Blocks."""
        eventually(lambda: self._in_sync(lambda isr, _: number not in isr), *LED, LOOK_S)

    def until_whole(self) -> None:
        """Wait until every broker answers and every copy of every partition is in sync. Blocks."""
        for number in NUMBERS:
            self._nodes[number].until_it_answers(self._address[number])
        eventually(lambda: self._in_sync(lambda isr, replicas: len(isr) == len(replicas)), *IN_SYNC, LOOK_S)

    def newest_ms(self, topic: str, partition: int) -> int:
        """The log's time of the last record there. Blocks. Raises AssertionError where none is found."""
        consumer: Any = KafkaConsumer(bootstrap_servers=self.bootstrap, request_timeout_ms=REQUEST_MS_MAX)
        try:
            place = TopicPartition(topic, partition)
            consumer.assign([place])
            consumer.seek(place, max(consumer.end_offsets([place])[place] - 1, 0))
            records = consumer.poll(timeout_ms=ANSWER_MS_MAX).get(place, [])
        finally:
            consumer.close()
        assert records, f"nothing in {topic}-{partition}"
        return int(records[-1].timestamp)

    def set_clock(self, number: int, ahead_s: int) -> None:
        """Set that broker's clock so far ahead of the others', or behind; it is noticed within CLOCK_READ_S.

        Only the time of day: what measures how long something takes goes on as before.
        """
        self._clock_file(number).write_text(f"{ahead_s:+d}\n")

    def close(self) -> None:
        """Kill all of them."""
        for node in self._nodes.values():
            node.child.process.kill()
        for number in self._nodes:
            self.kill(number)

    def _clock_file(self, number: int) -> Path:
        return self._folder / f"clock-{number}"

    def _clock(self, number: int) -> dict[str, str]:
        if not FAKETIME:
            return {}
        return {
            "LD_PRELOAD": str(FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock_file(number)),
            "FAKETIME_CACHE_DURATION": str(CLOCK_READ_S),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # with it a JVM's waits never end
        }

    def _clean_up(self, number: int) -> None:
        """libfaketime leaves what its processes share behind."""
        for name in ("faketime_shm_{}", "sem.faketime_sem_{}"):
            (SHARED / name.format(self._nodes[number].child.pid)).unlink(missing_ok=True)

    def _in_sync(self, holds: Callable[[list[int], list[int]], bool]) -> bool:
        """Whether it holds of every partition's copies in sync and its copies. False while nobody says."""
        topics: list[Any] = _known(lambda: asyncio.run(self._described(None)), [])
        partitions = [partition for topic in topics for partition in topic["partitions"]]
        return bool(partitions) and all(holds(partition["isr"], partition["replicas"]) for partition in partitions)

    async def _described(self, topics: list[str] | None) -> list[Any]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=ANSWER_MS_MAX)
        await admin.start()
        try:
            return await admin.describe_topics(topics)
        finally:
            await admin.close()


_Told = TypeVar("_Told")


def _known(ask: Callable[[], _Told], otherwise: _Told) -> _Told:
    """What the brokers say; while they say nothing, as when they elect somebody, that."""
    try:
        return ask()
    except (KafkaError, kafka.errors.KafkaError, OSError):
        return otherwise
