"""The HTTP server of the API."""

from __future__ import annotations

import uvicorn

from api.app import create_app
from reference.profile import Profile
from runtime.settings import Settings

SHUTDOWN_S_MAX = 3


def run(settings: Settings, profile: Profile, bootstrap: str, postgres: str) -> None:
    """Serve until told to stop. A token or a body is never written to the access log: there is none."""
    app = create_app(settings, profile, bootstrap, postgres)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN_S_MAX,
        server_header=False,
    )
