"""Case files from the rows, for who reads the log and lets files go that the rows hold.

Owns what must be true of rows before anything is fetched from them: they stand no earlier than where they stood when
files were let go for them. Must never give a file without its last records.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from eventlog.casefile import CaseFile
from projections import case_state
from projections.database import AWAY
from runtime.faults import Fault

ROWS_S_MAX = 60.0
ROWS_AGAIN_S = 0.1


class RowsWentBack(Fault):
    """The rows stand before where they stood, and nobody brings them back: a person has to look."""

    def __init__(self, partition: int, stood: int, stands: int) -> None:
        super().__init__(
            "rows.went_back",
            f"分区 {partition} 的案件状态行曾到操作 {stood},现在只到 {stands},等待 {ROWS_S_MAX:.0f} 秒后仍未恢复。",
            f"The rows of case_state in partition {partition} stood at action {stood}, now at {stands}, and did not "
            f"come back within {ROWS_S_MAX:.0f} s.",
            hint_zh="请查看 project 是否在运行(liandong status);行重新写到原处后再启动。",
            hint_en="See whether project runs (liandong status); start again once the rows are where they were.",
        )


async def files_and_places(
    pool: Any, ids: Sequence[str], reader: str, stood: Callable[[], Mapping[int, int]]
) -> tuple[Mapping[str, CaseFile], Mapping[int, int]]:
    """The files of these cases and, of the same moment, partition → the last action offset that the rows hold.

    `stood` says of the partitions that are asked for where the rows were seen. A database that was started again is
    waited for: going on here is sooner than a new process could. So are rows that went back: a database that was
    killed forgets its last commits, which `project` makes again, and somebody may have emptied the tables. After
    ROWS_S_MAX it raises what the database looks like, or RowsWentBack.
    """
    log = structlog.get_logger(reader)
    deadline = asyncio.get_running_loop().time() + ROWS_S_MAX
    while True:
        try:
            async with pool.acquire() as connection:
                files, saved = await case_state.load_files_and_places(connection, ids)
        except AWAY as error:
            if asyncio.get_running_loop().time() > deadline:
                raise
            log.warning(f"{reader}.rows_away", reason=repr(error))
        else:
            behind = [(p, at, saved.get(p, -1)) for p, at in stood().items() if saved.get(p, -1) < at]
            if not behind:
                return files, saved
            if asyncio.get_running_loop().time() > deadline:
                raise RowsWentBack(*behind[0])
            log.warning(f"{reader}.rows_went_back", partitions=[partition for partition, _, _ in behind])
        await asyncio.sleep(ROWS_AGAIN_S)
