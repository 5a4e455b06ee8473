"""The auditor's way to the log: every record of every partition, once and in order, however many there are."""

from __future__ import annotations

import asyncio
import threading

from aiokafka import AIOKafkaProducer

from eventlog.position import PARTITIONS
from ops.audit.log import CHUNK_RECORDS_MAX, Log
from tests.support.beside import Beside

EACH = CHUNK_RECORDS_MAX + 500


async def _write(bootstrap: str, topic: str, each: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5)
    await producer.start()
    try:
        for partition in range(PARTITIONS):
            sent = [await producer.send(topic, b"%d" % number, partition=partition) for number in range(each)]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


def test_every_record_of_every_partition_comes_once_and_in_order_up_to_what_is_asked_for(beside: Beside) -> None:
    asyncio.run(_write(beside.kafka, beside.names.events, EACH))
    log = Log(beside.kafka, beside.names.events, threading.Event())
    try:
        assert log.partitions == list(range(PARTITIONS))
        assert set(log.ends().values()) == {EACH}
        reached = dict.fromkeys(log.partitions, 0)
        for upto in (150, 151, CHUNK_RECORDS_MAX + 1, EACH):  # as cycle after cycle does
            for partition in log.partitions:
                found = [(offset, value) for offset, _, value in log.upto(partition, upto, reached[partition])]
                assert found == [(number, b"%d" % number) for number in range(reached[partition], upto)]
                reached[partition] = upto
    finally:
        log.close()
