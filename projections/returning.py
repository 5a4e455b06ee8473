"""Cases that come back: who follows open cases only has let an ended one go, and needs its file when it is open again.

Owns the file as it stood before the record that opens it, folded from its story. The rows may be behind the log's
reader, so this waits for them; what they hold beyond that record is left for the reader to fold itself.
"""

from __future__ import annotations

import asyncio
from typing import Any

from domain.case.events import Reopened, Unmerged
from eventlog.casefile import CaseFile, absorb
from eventlog.record import DecisionRecord, decode
from eventlog.stored import Entry
from projections.steps import Folder

LOOK_S = 0.02
ROWS_S_MAX = 30.0
"""How long the story's rows may be behind; whoever reads the log then begins again where it was."""


async def bring_back(pool: Any, folder: Folder, entry: Entry) -> None:
    """Give a reader of open cases the file that it let go, where this record opens the case again.

    Raises TimeoutError where the rows do not come within ROWS_S_MAX.
    """
    record = entry.record
    if not isinstance(record, DecisionRecord) or record.case in folder.files:
        return
    if any(isinstance(event, Reopened | Unmerged) for event in record.events):
        folder.put([record.case], {record.case: await file_before(pool, record.case, record.seq)})


async def file_before(pool: Any, case_id: str, seq: int) -> CaseFile:
    """The case's file before the link `seq` of its chain. Raises TimeoutError."""
    async with asyncio.timeout(ROWS_S_MAX):
        while True:
            async with pool.acquire() as connection:
                rows = await connection.fetch(
                    "select record from timeline where case_id = $1 and seq < $2 order by seq", case_id, seq
                )
            if len(rows) == seq - 1:
                break
            await asyncio.sleep(LOOK_S)
    file = CaseFile(case_id)
    for row in rows:
        told = decode(row["record"])
        assert isinstance(told, DecisionRecord), "a story is made of decisions"
        file = absorb(file, told, row["record"])
    return file
