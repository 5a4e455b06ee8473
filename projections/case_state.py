"""case_state: what is every case like now? Asked by the decider, by the clock, and by the API for one case."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from eventlog.casefile import CaseFile
from projections.steps import Step

NAME = "case_state"
FILES_AT_ONCE = 500

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(CaseFile)


async def load_files(connection: Any, ids: Sequence[str]) -> dict[str, CaseFile]:
    """The files of these cases in one query; a case without a row is left out."""
    rows = await connection.fetch("select case_id, file from case_state where case_id = any($1::text[])", list(ids))
    return {row["case_id"]: _decoder.decode(row["file"]) for row in rows}


async def load_files_and_places(connection: Any, ids: Sequence[str]) -> tuple[dict[str, CaseFile], dict[int, int]]:
    """The files of these cases and, of the same moment, partition → the last action offset that the rows hold."""
    rows = await connection.fetch(
        "select case_id, file, null::int as partition, null::bigint as last_origin from case_state "
        "where case_id = any($1::text[]) "
        "union all select null, null, partition, last_origin from checkpoint where projection = $2",
        list(ids),
        NAME,
    )
    files = {row["case_id"]: _decoder.decode(row["file"]) for row in rows if row["case_id"] is not None}
    return files, {row["partition"]: row["last_origin"] for row in rows if row["case_id"] is None}


async def load_open(connection: Any, partition: int) -> list[CaseFile]:
    """The files of a partition's open cases."""
    rows = await connection.fetch("select file from case_state where partition = $1 and open", partition)
    return [_decoder.decode(row["file"]) for row in rows]


async def each_open(connection: Any, partition: int) -> AsyncIterator[CaseFile]:
    """The files of a partition's open cases, FILES_AT_ONCE in memory. Only in a transaction."""
    found = "select file from case_state where partition = $1 and open"
    async for row in connection.cursor(found, partition, prefetch=FILES_AT_ONCE):
        yield _decoder.decode(row["file"])


async def page(connection: Any, after: str, limit: int) -> list[CaseFile]:
    """The files of all cases, open or ended, that come after that id, by id; none is the end."""
    found = "select file from case_state where case_id > $1 order by case_id limit $2"
    return [_decoder.decode(row["file"]) for row in await connection.fetch(found, after, limit)]


async def open_cases(connection: Any) -> AsyncIterator[CaseFile]:
    """The files of all open cases as they stand at one moment, a few at a time however many there are."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found = connection.cursor("select file from case_state where open order by case_id", prefetch=FILES_AT_ONCE)
        async for row in found:
            yield _decoder.decode(row["file"])


async def write(connection: Any, steps: Sequence[Step], table: str = NAME) -> None:
    """Write each case's last file of these steps."""
    last = {step.after.id: step for step in steps if step.changed}
    if not last:
        return
    files = [step.after for step in last.values()]
    cases = [file.case for file in files]
    await connection.execute(
        f"insert into {table} select * from unnest($1::text[], $2::int[], $3::bool[], $4::bigint[], $5::text[], "
        "$6::text[], $7::bytea[]) on conflict (case_id) do update set open = excluded.open, "
        "next_due_ms = excluded.next_due_ms, status = excluded.status, grid = excluded.grid, file = excluded.file",
        [file.id for file in files],
        [step.partition for step in last.values()],
        [case is not None and case.open for case in cases],
        [None if case is None else case.next_due_ms for case in cases],
        [None if case is None else str(case.status) for case in cases],
        [None if case is None else case.place.grid for case in cases],
        [_encoder.encode(file) for file in files],
    )
