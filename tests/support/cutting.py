"""A socket between a client and the broker that can be cut where it hurts: after the write, before the answer."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from types import TracebackType

PRODUCE = 0
FRAME_BYTES_MAX = 64 * 1024 * 1024


class Cutting:
    """Forwards to one broker on loopback. `cut_answers` counts down: each produce answer is dropped with its socket.

    The broker names its own port in its answers; the name is replaced, or clients would go around.
    """

    def __init__(self, broker: str) -> None:
        host, _, port = broker.rpartition(":")
        self._host, self._port = host, int(port)
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.address = ""
        self.cut_answers = 0
        self.cuts = 0

    async def __aenter__(self) -> Cutting:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        host = self._host.encode()
        self._names = [
            (head + host + struct.pack(">i", self._port), head + host + struct.pack(">i", port))
            for head in (struct.pack(">h", len(host)), bytes([len(host) + 1]))
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None, "left before it was entered"
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a callback of the server is a task of its own"
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        async with _closing(writer):
            produced: set[int] = set()
            try:
                there, back = await asyncio.open_connection(self._host, self._port)
                async with _closing(back), asyncio.TaskGroup() as both:
                    both.create_task(self._requests(reader, back, produced))
                    both.create_task(self._answers(there, writer, produced))
            except* (OSError, asyncio.IncompleteReadError):
                pass

    async def _requests(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, produced: set[int]) -> None:
        while True:
            frame = await _frame(reader)
            if struct.unpack(">h", frame[:2])[0] == PRODUCE:
                produced.add(struct.unpack(">i", frame[4:8])[0])
            back.write(struct.pack(">i", len(frame)) + frame)
            await back.drain()

    async def _answers(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, produced: set[int]) -> None:
        while True:
            frame = await _frame(there)
            correlation = struct.unpack(">i", frame[:4])[0]
            if correlation in produced:
                produced.discard(correlation)
                if self.cut_answers:
                    self.cut_answers -= 1
                    self.cuts += 1
                    raise ConnectionResetError("cut")
            for name, ours in self._names:
                frame = frame.replace(name, ours)
            writer.write(struct.pack(">i", len(frame)) + frame)
            await writer.drain()


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    size = struct.unpack(">i", await reader.readexactly(4))[0]
    assert 0 < size < FRAME_BYTES_MAX, "not a Kafka frame"
    return await reader.readexactly(size)
