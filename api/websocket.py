"""The websocket of the wall's feed, with limits on a client that has stopped reading: nobody waits for it for ever.

Owns every use of uvicorn's private parts (pinned; `tests/unit/test_websocket_pin.py` fails when a new version moves
them). Whole frames are written past the ASGI way, which stays for everything else.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

from fastapi import WebSocket
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

CLOSE_S_MAX = 5.0
NOT_READING = 4008
BUFFER_BYTES_MAX = 32 * 1024
"""Of one socket: beyond it nothing more is written until it has drained."""
KERNEL_BYTES_MAX = 64 * 1024
"""What the system may hold of one socket beyond that: left to itself it takes megabytes for who does not read."""
WIRE = "liandong.wire"


class Draining(WebSocketsSansIOProtocol):
    """uvicorn's own, with limits on a client that does not read: it waits for the buffer to drain for ever.

    A graceful close of its transport waits for that too, so in the end the transport is aborted.
    """

    drain_s_max: float

    def connection_made(self, transport: Any) -> None:
        """A connection is there."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=BUFFER_BYTES_MAX)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES_MAX)

    def handle_connect(self, event: Any) -> None:
        """A client asks for a websocket: whoever serves it finds this wire in the scope."""
        super().handle_connect(event)
        if not self.close_sent:
            scope: Any = self.scope
            scope["extensions"][WIRE] = self

    @property
    def takes(self) -> bool:
        """True while it is open and what was written drains."""
        ended = self.close_sent or self.disconnected or self.transport.is_closing()
        return self.writable.is_set() and self.handshake_complete and not ended

    def write_whole(self, frame: bytes) -> None:
        """Write a frame of the websocket as it is; to one that is closed, nothing."""
        with suppress(RuntimeError):  # uvloop's, for a transport that has closed meanwhile
            self.transport.write(frame)

    async def send(self, message: Any) -> None:
        """Send once there is room. Raises ClientDisconnected when there is none within `drain_s_max`."""
        await self.drained()
        await super().send(message)

    async def drained(self) -> None:
        """Wait until there is room. Raises ClientDisconnected when there is none within `drain_s_max`."""
        if not self.writable.is_set():
            try:
                async with asyncio.timeout(self.drain_s_max):
                    await self.writable.wait()
            except TimeoutError:
                self._let_go()
                raise ClientDisconnected from None

    def keepalive_timeout(self) -> None:
        """No pong in time: closed, and not left to a buffer that never drains."""
        super().keepalive_timeout()
        self._abort_later()

    def _let_go(self) -> None:
        """The close frame lies behind what was not read; who reads on finds it for CLOSE_S_MAX."""
        if not self.close_sent:
            self.conn.send_close(NOT_READING)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        self._abort_later()

    def _abort_later(self) -> None:
        self.loop.call_later(CLOSE_S_MAX, self.transport.abort)


def wire_of(client: WebSocket) -> Draining:
    """The wire of a websocket. Raises KeyError where another server than ours serves it."""
    found: Draining = client.scope["extensions"][WIRE]
    return found
