"""The auditor on a real log and real rows: the same where nothing was touched; whatever was changed by hand is told."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncpg
import pytest

from domain.case.actions import Accept
from projections import audited
from projections.audited import Cycle
from tests.support.beside import Beside, a_report, on_each
from tests.support.live import eventually

EVERY_S = 0.5
FOUND_S_MAX = 40.0
CASES = 30
CHANGES = (
    "update board set deadline_ms = deadline_ms + 1 where case_id = $1",
    "update board set due = 2 where case_id = $1",
    "update board set unit = 'somebody' where case_id = $1",
    "delete from board where case_id = $1",
    "insert into board select $1 || '-was-never', partition, '1', case_class, grid, town, lon, lat, status, due, "
    "deadline_ms, near_ms, stage, unit, opened_ms, unclear from board where case_id <> $1 limit 1",
)
SETTINGS = {"LIANDONG_AUDIT_EVERY_S": str(EVERY_S)}


@pytest.fixture
def watched(beside: Beside) -> Beside:
    """A decider, a projector and an auditor, and some open cases in the rows."""
    for part in ("dispatch", "project", "audit"):
        beside.start(part, **SETTINGS)
    reports = [a_report() for _ in range(CASES)]
    beside.append([*reports, *on_each(reports[: CASES // 2], Accept())])
    beside.all_decided()
    eventually(beside.rows_hold_everything, FOUND_S_MAX, "rows of all")
    return beside


def newest(system: Beside) -> Cycle | None:
    """What the auditor left in the rows last."""

    async def read() -> Cycle | None:
        connection = await asyncpg.connect(system.postgres)
        try:
            return await audited.read(connection)
        finally:
            await connection.close()

    return asyncio.run(read())


def found(system: Beside, cases: int | None = None) -> Cycle:
    """Wait for a comparison that begins from now on (of so many cases)."""
    since_ms = time.time_ns() // 1_000_000

    def one() -> Cycle | None:
        cycle = newest(system)
        if cycle is None or cycle.at_ms <= since_ms or cases not in (None, cycle.cases):
            return None
        return cycle

    cycle: Cycle = eventually(one, FOUND_S_MAX, "a comparison as wanted")
    return cycle


def test_the_board_is_the_same_and_a_row_that_is_changed_by_hand_is_found_by_the_next_comparison(
    watched: Beside,
) -> None:
    assert found(watched, CASES).divergent == 0
    cases = [row["case_id"] for row in watched.query("select case_id from board order by case_id")]
    for number, (sql, case_id) in enumerate(zip(CHANGES, cases, strict=False), 1):
        watched.query(sql, case_id)
        assert found(watched).divergent == number, sql
        assert case_id in watched.said("audit")
    watched.query("update board set deadline_ms = deadline_ms - 1 where case_id = $1", cases[0])
    assert found(watched).divergent == len(CHANGES) - 1, "put right again"


def test_it_waits_for_rows_that_stand_before_what_it_read(watched: Beside) -> None:
    before = found(watched, CASES)
    watched.query("update checkpoint set next_offset = 0 where projection = 'board'")
    eventually(lambda: "RowsWentBack" in watched.said("audit"), FOUND_S_MAX, "it says so")
    last: Any = newest(watched)
    assert last.divergent == 0
    assert last.at_ms >= before.at_ms
