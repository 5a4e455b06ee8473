"""The HTTP server of the API, and how it ends: nobody new is let in, everybody inside gets an answer.

What must never happen: an action that stands in the log while whoever asked for it was cut off without a word.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from api.app import create_app
from api.parts import Parts
from api.websocket import Draining
from reference.profile import Profile
from runtime.descriptors import allow_descriptors
from runtime.settings import Settings

LAST_CALL_S = 1.0
"""How long open connections are still read after the door was closed: each is told to close with its next answer."""
LOOK_S = 0.02
SHUTDOWN_S_MAX = 8
"""Longer than an append may take (5 s); what waits for a decision is answered earlier (ANSWER_S_MAX)."""


class DrainingServer(uvicorn.Server):
    """Uvicorn, ending in order on SIGTERM and SIGINT with exit code 0."""

    def __init__(self, config: uvicorn.Config, parts: Parts) -> None:
        super().__init__(config)
        self._parts = parts

    async def shutdown(self, sockets: Any = None) -> None:
        """Close the door, answer on the connections that are open, then let uvicorn close what is left."""
        for server in self.servers:
            server.close()
        self._parts.close_down()
        loop = asyncio.get_running_loop()
        until = loop.time() + LAST_CALL_S
        while self.server_state.connections and loop.time() < until:  # noqa: ASYNC110  # a set of uvicorn's tells nobody
            await asyncio.sleep(LOOK_S)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn raises the signal once more when it has ended, which would make a clean end look like a kill."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def run(settings: Settings, profile: Profile, bootstrap: str, postgres: str) -> None:
    """Serve until told to stop. Uvicorn's access log is off: ours (api/middleware.py) holds no path and no token."""
    allow_descriptors()
    parts = Parts(settings, profile)
    config = uvicorn.Config(
        create_app(parts, bootstrap, postgres),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws=type("Websocket", (Draining,), {"drain_s_max": settings.drain_s_max}),
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=SHUTDOWN_S_MAX,
        server_header=False,
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(DrainingServer(config, parts).serve())
