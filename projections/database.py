"""The database of the projections: its pool and its tables. Everything in it can be thrown away and folded again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg

CONNECT_S_MAX = 10
COMMAND_S_MAX = 60
TABLES = ("checkpoint", "case_state", "outcomes", "timeline", "board")


async def open_pool(dsn: str, size: int, application: str = "liandong") -> Any:
    """A pool of connections. Raises OSError or asyncpg.PostgresError where the database does not answer."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=CONNECT_S_MAX,
        command_timeout=COMMAND_S_MAX,
        server_settings={"application_name": application},
    )


async def migrate(connection: Any) -> None:
    """Create the tables that are missing; one transaction, safe to run from several processes at once."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(7301)")
        for name in TABLES:
            await connection.execute(table_sql(name))


def table_sql(name: str) -> str:
    """The statements that create a projection's tables."""
    return Path(__file__).with_name(f"{name}.sql").read_text()
