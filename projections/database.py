"""The database of the projections: its pool and its tables. Everything in it can be thrown away and folded again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg

CONNECT_S_MAX = 10
COMMAND_S_MAX = 60
TABLES = ("checkpoint", "case_state", "outcomes", "timeline", "board")


async def open_pool(dsn: str, size: int, application: str = "liandong", *, durable: bool = True) -> Any:
    """A pool of connections. Raises OSError or asyncpg.PostgresError where the database does not answer.

    With `durable` off a commit does not wait for the disk: for rows that can be folded again, never for accounts.
    """
    settings = {"application_name": application} | ({} if durable else {"synchronous_commit": "off"})
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=CONNECT_S_MAX,
        command_timeout=COMMAND_S_MAX,
        reset=_nothing_to_reset,
        server_settings=settings,
    )


async def _nothing_to_reset(_connection: Any) -> None:
    """No code of ours leaves a setting, a lock or a cursor behind on a session, so none is asked back: asyncpg's own
    way is one more query each time a connection is handed back. An open transaction is rolled back all the same."""


async def migrate(connection: Any) -> None:
    """Create the tables that are missing; one transaction, safe to run from several processes at once."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(7301)")
        for name in TABLES:
            await connection.execute(table_sql(name))


def table_sql(name: str) -> str:
    """The statements that create a projection's tables."""
    return Path(__file__).with_name(f"{name}.sql").read_text()
