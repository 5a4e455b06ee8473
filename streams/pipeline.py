"""The decider's records on their way to the broker: many at once, acknowledged in the order in which they were sent.

A send that fails ends the process at once with `os._exit`: a graceful stop would flush what stands behind the failed
record (design document §1.4).
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import structlog

from runtime import failpoints

IN_FLIGHT_RECORDS_MAX = 2_000
EXIT_SEND_FAILED = 72

log = structlog.get_logger("dispatch")


class Pipeline:
    """Sends through the producer of a Faust app, IN_FLIGHT_RECORDS_MAX at most not acknowledged."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._room = asyncio.Semaphore(IN_FLIGHT_RECORDS_MAX)
        self._flying = 0
        self._landed = asyncio.Event()

    @property
    def in_flight(self) -> int:
        """Records that were sent and are not acknowledged yet."""
        return self._flying

    async def send(
        self, topic: str, partition: int, key: bytes, value: bytes, marks: list[tuple[str, bytes]]
    ) -> asyncio.Future[Any]:
        """Send a record once there is room; the future is its acknowledgement."""
        await self._room.acquire()
        self._flying += 1
        future: asyncio.Future[Any] = await self._app.producer.send(topic, key, value, partition, None, marks)
        future.add_done_callback(self._settled)
        return future

    async def drain(self) -> None:
        """Wait until the broker has acknowledged everything that was sent."""
        while self._flying:
            failpoints.hit("dispatch.draining")
            self._landed.clear()
            await self._landed.wait()

    def _settled(self, future: asyncio.Future[Any]) -> None:
        self._room.release()
        self._flying -= 1
        self._landed.set()
        if future.cancelled() or future.exception() is not None:
            log.error("dispatch.send_failed", reason=repr(None if future.cancelled() else future.exception()))
            os._exit(EXIT_SEND_FAILED)
        failpoints.hit("dispatch.acked")
