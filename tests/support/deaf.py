"""A websocket client by hand that sends and never reads: what a browser is to the server when it has stopped."""

from __future__ import annotations

import base64
import os
import socket
import struct
from types import TracebackType

import msgspec

RECEIVE_BUFFER_BYTES = 64 * 1024
ECHO_BYTES = 30_000
SENT_MAX = 2_000
STUCK_S = 1.0
READ_S_MAX = 10.0


class Deaf:
    """Connected to the wall's feed with a ticket; it has read nothing after the handshake."""

    def __init__(self, address: str, ticket: str) -> None:
        host, _, port = address.removeprefix("http://").partition(":")
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._socket.settimeout(READ_S_MAX)
        self._socket.connect((host, int(port)))
        self.port: int = self._socket.getsockname()[1]
        key = base64.b64encode(os.urandom(16)).decode()
        head = f"GET /api/wall/feed HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self._socket.sendall(f"{head}Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self._socket.recv(1)
        assert b" 101 " in answer, answer
        self._send({"op": "auth", "ticket": ticket})

    def __enter__(self) -> Deaf:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask_until_stuck(self) -> int:
        """Send pings that come back whole until the server reads no more; gives how many it took."""
        self._socket.settimeout(STUCK_S)
        for sent in range(SENT_MAX):
            try:
                self._send({"op": "ping", "c": "x" * ECHO_BYTES})
            except TimeoutError:
                return sent
        raise AssertionError(f"the server took {SENT_MAX} pings and everything that answers them")

    def _send(self, message: dict[str, str]) -> None:
        body = msgspec.json.encode(message)
        size = bytes([0x80 | len(body)]) if len(body) < 126 else bytes([0x80 | 126]) + struct.pack(">H", len(body))
        self._socket.sendall(b"\x81" + size + bytes(4) + body)  # a mask of zeros leaves the body as it is
