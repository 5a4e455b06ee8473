"""A subject's key: one, whoever asks for it first, and kept before anything is sealed with it."""

from __future__ import annotations

import asyncio

import asyncpg

from api.accounts import create_tables
from api.sealing import Keys
from tests.support.beside import Beside
from tests.support.live import eventually

MASTER = "m" * 32
CASE = "a-case"
WAITS_S_MAX = 20.0
BLOCKED = "select count(*) from pg_locks where not granted"


def test_a_key_that_another_request_makes_in_this_moment_is_the_one_that_seals(beside: Beside) -> None:
    async def seal() -> tuple[bytes, bytes, str | None]:
        async with asyncpg.create_pool(beside.postgres, min_size=1, max_size=4) as pool:
            keys = Keys(MASTER, pool)
            async with pool.acquire() as connection:
                await create_tables(connection)
                await keys.sealer(CASE)
                first = await connection.fetchval("delete from subject_key returning wrapped")
                async with connection.transaction():  # the other request: made, and not committed yet
                    await connection.execute("insert into subject_key values ($1, $2)", CASE, first)
                    sealing = asyncio.create_task(keys.sealer(CASE))
                    await asyncio.to_thread(eventually, lambda: beside.query(BLOCKED)[0][0], WAITS_S_MAX, "it waits")
            sealed = (await sealing)("门牌 12 号")
            held = await pool.fetchval("select wrapped from subject_key")
            return first, held, await keys.open(sealed)

    first, held, opened = asyncio.run(seal())
    assert held == first
    assert opened == "门牌 12 号"


def test_what_another_subjects_key_sealed_does_not_open(beside: Beside) -> None:
    async def mix() -> str | None:
        async with asyncpg.create_pool(beside.postgres, min_size=1, max_size=2) as pool:
            async with pool.acquire() as connection:
                await create_tables(connection)
            keys = Keys(MASTER, pool)
            sealed = (await keys.sealer(CASE))("text")
            await keys.sealer("another")
            return await keys.open(type(sealed)("another", sealed.box))

    assert asyncio.run(mix()) is None
