"""The websocket of the wall's feed, with limits on a client that has stopped reading: nobody waits for it for ever."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

CLOSE_S_MAX = 5.0
NOT_READING = 4008


class Draining(WebSocketsSansIOProtocol):
    """uvicorn's own, with limits on a client that does not read: it waits for the buffer to drain for ever.

    A graceful close of its transport waits for that too, so in the end the transport is aborted.
    """

    drain_s_max: float

    async def send(self, message: Any) -> None:
        """Send once there is room. Raises ClientDisconnected when there is none within `drain_s_max`."""
        if not self.writable.is_set():
            try:
                async with asyncio.timeout(self.drain_s_max):
                    await self.writable.wait()
            except TimeoutError:
                self._let_go()
                raise ClientDisconnected from None
        await super().send(message)

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
