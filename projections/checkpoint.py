"""The place of a projection in the log, one row a partition, written together with its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from runtime.faults import Fault


class Checkpoint(msgspec.Struct, frozen=True, gc=False):
    """Folded up to (not including) `next_offset` of `events`; `last_origin` is the last action offset folded.

    `log` is the id of the `events` topic; the series is the last case number given in the partition.
    """

    projection: str
    partition: int
    next_offset: int = 0
    last_origin: int = -1
    log: str = ""
    series_day: str = ""
    series_last: int = 0


class WrongLog(Fault):
    """The rows belong to another log, or are ahead of this one: stop, and fold them again."""

    def __init__(self, found: str) -> None:
        super().__init__(
            "projection.wrong_log",
            f"数据库中的行与日志不符:{found}。",
            f"The rows do not belong to this log: {found}.",
            hint_zh="请核对 LIANDONG_KAFKA 与 LIANDONG_POSTGRES 是否成对;若日志无误,清空 checkpoint、adoptions、"
            "case_state、outcomes、timeline、board、board_count、facts、ledger、ledger_round、"
            "duties、registers、breaches、workload、stage_clocks、daily 后重新启动即可重建"
            "(切勿动 account 与 subject_key)。",
            hint_en="See that LIANDONG_KAFKA and LIANDONG_POSTGRES belong together. If the log is right, empty the "
            "tables checkpoint, adoptions, case_state, outcomes, timeline, board, board_count, facts, ledger, "
            "ledger_round, duties, registers, breaches, workload, stage_clocks and daily and start: they are folded "
            "again (never touch account and subject_key).",
        )


async def read(connection: Any, projection: str) -> dict[int, Checkpoint]:
    """The checkpoints of a projection by partition; a partition never folded has none."""
    rows = await connection.fetch(
        "select projection, partition, next_offset, last_origin, log, series_day, series_last "
        "from checkpoint where projection = $1",
        projection,
    )
    return {row["partition"]: Checkpoint(**dict(row)) for row in rows}


class PassedBy(Exception):
    """Somebody else folded on from the place where this fold stands: its rows must not be written a second time."""

    code = "projection.passed_by"


async def begin(connection: Any, checkpoints: Iterable[Checkpoint]) -> None:
    """Write the first checkpoints of a partition; where there are some, nothing changes."""
    await connection.executemany(
        "insert into checkpoint values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        [msgspec.structs.astuple(checkpoint) for checkpoint in checkpoints],
    )


async def require_place(connection: Any, projection: str, places: Mapping[int, int]) -> None:
    """Lock the checkpoints of these partitions for the transaction. Raises PassedBy unless they stand at `places`."""
    rows = await connection.fetch(
        "select partition, next_offset from checkpoint where projection = $1 and partition = any($2::int[]) "
        "order by partition for update",
        projection,
        list(places),
    )
    found = {row["partition"]: row["next_offset"] for row in rows}
    if found != places:
        raise PassedBy(f"{projection}: this fold stands at {dict(places)}, the rows at {found}")


async def write(connection: Any, checkpoints: Iterable[Checkpoint]) -> None:
    """Write checkpoints; must run in the transaction of the rows they speak of."""
    await connection.executemany(
        "insert into checkpoint values ($1, $2, $3, $4, $5, $6, $7) on conflict (projection, partition) do update set "
        "next_offset = excluded.next_offset, last_origin = excluded.last_origin, log = excluded.log, "
        "series_day = excluded.series_day, series_last = excluded.series_last",
        [msgspec.structs.astuple(checkpoint) for checkpoint in checkpoints],
    )


def require_log(checkpoint: Checkpoint, log: str, end: int) -> None:
    """Raises WrongLog unless the checkpoint speaks of this log and of a place that exists in it."""
    if checkpoint.log != log:
        raise WrongLog(f"{checkpoint.projection}: folded from log {checkpoint.log}, this is {log}; rebuild it")
    if checkpoint.next_offset > end:
        raise WrongLog(
            f"{checkpoint.projection}, partition {checkpoint.partition}: at {checkpoint.next_offset}, the log ends at "
            f"{end}; rebuild it"
        )
