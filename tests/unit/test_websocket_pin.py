"""Private parts of uvicorn that the wall's feed uses: a moved pin must be looked at by a person."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.fan import text_frame


@pytest.mark.parametrize(("name", "known"), [("uvicorn", "0.54.0"), ("websockets", "17.4")])
def test_the_versions_are_those_whose_private_parts_we_read(name: str, known: str) -> None:
    assert version(name) == known


@pytest.mark.parametrize("part", ["connection_made", "handle_connect", "send", "keepalive_timeout"])
def test_what_we_override_is_there_to_be_overridden(part: str) -> None:
    assert callable(getattr(WebSocketsSansIOProtocol, part))


def test_a_scope_is_made_with_extensions_when_a_client_asks() -> None:
    code = WebSocketsSansIOProtocol.handle_connect.__code__
    assert {"scope", "create_task"} <= set(code.co_names)
    assert "extensions" in str(code.co_consts)


def test_whether_it_takes_more_is_told_by_the_names_that_we_ask() -> None:
    names = set(WebSocketsSansIOProtocol.send.__code__.co_names)
    assert {"writable", "disconnected", "handshake_complete", "close_sent", "transport"} <= names


@pytest.mark.parametrize(
    ("length", "head"),
    [(1, b"\x81\x03"), (124, b"\x81\x7e\x00\x7e"), (70_000, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x72")],
)
def test_a_message_is_one_whole_frame_that_is_not_masked(length: int, head: bytes) -> None:
    """RFC 6455 §5.2: a final text frame; the length in 7, 16 or 64 bits. A quoted text is two bytes longer."""
    frame = text_frame("x" * length)
    assert frame == head + b'"' + b"x" * length + b'"'
