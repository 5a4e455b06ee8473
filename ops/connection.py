"""One use of the database by a command: connected, used, closed; an absence is said without showing the DSN."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg

from runtime.faults import Fault

CONNECT_S_MAX = 10

Found = TypeVar("Found")


async def use_connection(postgres: str, use: Callable[[Any], Awaitable[Found]]) -> Found:
    """The result of one use of a connection. Raises Fault `postgres.unreachable`."""
    try:
        connection = await asyncpg.connect(postgres, timeout=CONNECT_S_MAX)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise Fault(
            "postgres.unreachable",
            f"无法连接 PostgreSQL({type(error).__name__})。",
            f"PostgreSQL cannot be reached ({type(error).__name__}).",
            hint_zh="请核对 LIANDONG_POSTGRES。",
            hint_en="Check LIANDONG_POSTGRES.",
        ) from None
    try:
        return await use(connection)
    finally:
        await connection.close()
