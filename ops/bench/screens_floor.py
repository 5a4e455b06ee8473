"""The floor of `liandong bench screens`: a process that does nothing but write the same bytes to so many sockets."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from array import array
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_connect, ws_create_server

from runtime.descriptors import allow_descriptors

FRAME_BYTES = 700
"""About what the feed takes to tell of one new case."""
CONNECTING_MAX = 64
WARM_UP_S = 2.0
READY_S_MAX = 30.0
_processes = multiprocessing.get_context("spawn")


class Spread(msgspec.Struct, frozen=True):
    """Milliseconds over `n` times that a screen was told something."""

    n: int
    p50: float
    p99: float
    most: float


class _Frame(msgspec.Struct):
    sent: float
    filled: str = ""


_read = msgspec.json.Decoder(_Frame).decode


async def floor(count: int, rate: float, seconds: int) -> Spread:
    """From the writing of a frame until a client has read it, over so many clients; both read one clock."""
    ours, theirs = _processes.Pipe()
    process = _processes.Process(target=_serve, args=(theirs, count, rate), daemon=True)
    process.start()
    try:
        if not await asyncio.to_thread(ours.poll, READY_S_MAX):
            raise TimeoutError("the floor's server did not start")
        port, took, room = ours.recv(), array("f"), asyncio.Semaphore(CONNECTING_MAX)

        async def one() -> WSTransport:
            async with room:
                return (await ws_connect(lambda: _Reader(took), f"ws://127.0.0.1:{port}/"))[0]

        sockets = await asyncio.gather(*(one() for _ in range(count)))
        await asyncio.sleep(WARM_UP_S)
        del took[:]
        await asyncio.sleep(seconds)
        found = spread(took)
        for socket in sockets:
            socket.disconnect(graceful=False)
        return found
    finally:
        process.kill()
        process.join()


def spread(took: array[float]) -> Spread:
    """Of so many milliseconds."""
    ordered = sorted(took) or [0.0]
    half, most_of_all = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    return Spread(len(took), half, most_of_all, ordered[-1])


class _Reader(WSListener):
    def __init__(self, took: array[float]) -> None:
        self._took = took

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:  # noqa: ARG002 - the library's signature
        sent = _read(frame.get_payload_as_memoryview()).sent
        self._took.append((time.perf_counter() - sent) * 1000)


def _serve(pipe: Connection[Any, Any], count: int, rate: float) -> None:
    allow_descriptors()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_write(pipe, count, rate))


async def _write(pipe: Connection[Any, Any], count: int, rate: float) -> None:
    """For ever, once all are there."""
    there: list[WSTransport] = []

    class Connected(WSListener):
        def on_ws_connected(self, transport: WSTransport) -> None:
            there.append(transport)

    def connected(_request: WSUpgradeRequest) -> WSListener:
        return Connected()

    server = await ws_create_server(connected, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    while True:
        await asyncio.sleep(1 / rate)
        if len(there) == count:
            frame = msgspec.json.encode(_Frame(time.perf_counter(), "x" * (FRAME_BYTES - 50)))
            for transport in there:
                transport.send(WSMsgType.TEXT, frame)
