"""Around every request: its id, its answer's fixed headers, its count, its one line in the log.

Must never log a token, a body, or a path as the client wrote it: the route's template says which door it was.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from api.measures import Measures
from api.problems import document

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"),
)

Scope = MutableMapping[str, Any]
Send = Callable[[Scope], Awaitable[None]]
Application = Callable[[Scope, Any, Send], Awaitable[None]]

log = structlog.get_logger("api")


class EveryRequest:
    """The outermost layer of ours. What a route binds (person, case, action, outcome) stands in the same line."""

    def __init__(self, app: Application, measures: Measures, closing: asyncio.Event) -> None:
        self._app = app
        self._measures = measures
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Pass the request on; anything but HTTP is passed on as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _request_id(scope)
        structlog.contextvars.bind_contextvars(request=request)
        started, status = time.perf_counter(), 0

        async def answer(message: Scope) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                last = ((b"connection", b"close"),) if self._closing.is_set() else ()
                own = (b"x-request-id", request.encode())
                message["headers"] = [*message["headers"], *HEADERS, own, *last]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            log.exception("api.failed")
            if status:
                raise
            await document("internal", request=request)(scope, receive, answer)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = getattr(scope.get("route"), "path", None) or "static"
        self._measures.request(method, route, status, seconds)
        write = log.warning if status >= 500 else log.debug if method in READING else log.info
        write("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given.decode() if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
