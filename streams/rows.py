"""Case files from the rows, for who reads the log: a database that was started again is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from eventlog.casefile import CaseFile
from projections import case_state
from projections.database import AWAY

ROWS_S_MAX = 60.0
ROWS_AGAIN_S = 0.1


async def files_and_places(
    pool: Any, ids: Sequence[str], reader: str
) -> tuple[Mapping[str, CaseFile], Mapping[int, int]]:
    """The files of these cases and, of the same moment, partition → the last action offset that the rows hold.

    Going on here is sooner than a new process could: only after ROWS_S_MAX it raises what the database looks like.
    """
    deadline = asyncio.get_running_loop().time() + ROWS_S_MAX
    while True:
        try:
            async with pool.acquire() as connection:
                return await case_state.load_files_and_places(connection, ids)
        except AWAY as error:
            if asyncio.get_running_loop().time() > deadline:
                raise
            structlog.get_logger(reader).warning(f"{reader}.rows_away", reason=repr(error))
        await asyncio.sleep(ROWS_AGAIN_S)
