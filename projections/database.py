"""The database of the projections: its pool and its tables. Everything in it can be thrown away and folded again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg

CONNECT_S_MAX = 10
COMMAND_S_MAX = 60
ACQUIRE_S_MAX = 30
QUERIES_MAX = 50_000
IDLE_S_MAX = 300
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a database looks like that is away, or went away in the middle: to be asked again."""
TABLES = (
    *("checkpoint", "adoptions", "case_state", "outcomes", "timeline", "board", "facts", "ledger", "rulings"),
    *("duties", "registers", "breaches", "workload", "stage_clocks", "daily", "audited"),
)


class Pool(asyncpg.Pool):
    """asyncpg's own, with a limit on the wait for a connection: a database that hangs would hold it for ever."""

    acquire_s_max: float = ACQUIRE_S_MAX

    def acquire(self, *, timeout: float | None = None) -> Any:
        """A connection. Raises TimeoutError after that time, `acquire_s_max` unless it is given."""
        return super().acquire(timeout=self.acquire_s_max if timeout is None else timeout)


async def open_pool(
    dsn: str, size: int, application: str = "liandong", *, durable: bool = True, answer_s_max: float | None = None
) -> Any:
    """A pool of connections. Raises OSError or asyncpg.PostgresError where the database does not answer.

    With `durable` off a commit does not wait for the disk: for rows that can be folded again, never for accounts.
    With `answer_s_max` no step takes longer (TimeoutError), and the pool opens before the database answers.
    """
    settings = {"application_name": application} | ({} if durable else {"synchronous_commit": "off"})
    pool = Pool(
        dsn,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        min_size=1 if answer_s_max is None else 0,
        max_size=size,
        max_queries=QUERIES_MAX,
        max_inactive_connection_lifetime=IDLE_S_MAX,
        loop=None,
        timeout=answer_s_max or CONNECT_S_MAX,
        command_timeout=answer_s_max or COMMAND_S_MAX,
        reset=_nothing_to_reset,
        server_settings=settings,
    )
    pool.acquire_s_max = answer_s_max or ACQUIRE_S_MAX
    return await pool


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
