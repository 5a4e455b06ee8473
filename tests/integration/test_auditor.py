"""The auditor on a real log and real rows: the same where nothing was touched; whatever was changed by hand is told."""

from __future__ import annotations

import asyncio
import signal
import time

import asyncpg
import pytest

from domain.case.actions import Accept
from projections import audited
from projections.audited import Cycle
from tests.support.beside import Beside, a_report, on_each
from tests.support.live import eventually

EVERY_S = 0.5
FOUND_S_MAX = 40.0
ENDED_S_MAX = 20.0
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


class Watched:
    """A decider, a projector and an auditor, and some open cases in the rows."""

    def __init__(self, system: Beside) -> None:
        self.query, self.said, self.report, self.postgres = system.query, system.said, system.report, system.postgres
        _, self.projector, self.auditor = [system.start(part, **SETTINGS) for part in ("dispatch", "project", "audit")]
        reports = [a_report() for _ in range(CASES)]
        system.append([*reports, *on_each(reports[: CASES // 2], Accept())])
        system.all_decided()
        eventually(system.rows_hold_everything, FOUND_S_MAX, "rows of all")


@pytest.fixture
def watched(beside: Beside) -> Watched:
    """The three of them at work."""
    return Watched(beside)


def newest(system: Watched) -> Cycle | None:
    """What the auditor left in the rows last."""

    async def read() -> Cycle | None:
        connection = await asyncpg.connect(system.postgres)
        try:
            return await audited.read(connection)
        finally:
            await connection.close()

    return asyncio.run(read())


def found(system: Watched, cases: int | None = None) -> Cycle:
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
    watched: Watched,
) -> None:
    assert found(watched, CASES).divergent == 0
    cases = [row["case_id"] for row in watched.query("select case_id from board order by case_id")]
    for number, (sql, case_id) in enumerate(zip(CHANGES, cases, strict=False), 1):
        watched.query(sql, case_id)
        assert found(watched).divergent == number, sql
        assert case_id in watched.said("audit")
    watched.query("update board set deadline_ms = deadline_ms - 1 where case_id = $1", cases[0])
    assert found(watched).divergent == len(CHANGES) - 1, "put right again"


def test_it_waits_for_rows_that_stand_before_what_it_read(watched: Watched) -> None:
    assert found(watched, CASES).divergent == 0
    watched.query("update checkpoint set next_offset = 0 where projection = 'board'")
    eventually(lambda: watched.said("audit").count("RowsWentBack") > 1, FOUND_S_MAX, "it says so")
    last = newest(watched)
    eventually(lambda: watched.said("audit").count("RowsWentBack") > 3, FOUND_S_MAX, "it goes on saying so")
    assert newest(watched) == last, "nothing is said of the board meanwhile"


def test_it_says_nothing_of_rows_that_do_not_follow_the_log(watched: Watched) -> None:
    assert found(watched, CASES).divergent == 0
    watched.projector.send_signal(signal.SIGSTOP)
    watched.report(1)
    eventually(lambda: watched.said("audit").count("RowsBehind") > 1, FOUND_S_MAX, "it says so")
    last = newest(watched)
    eventually(lambda: watched.said("audit").count("RowsBehind") > 3, FOUND_S_MAX, "it goes on saying so")
    assert newest(watched) == last
    watched.projector.send_signal(signal.SIGCONT)
    assert found(watched, CASES + 1).divergent == 0


def test_it_ends_in_order_when_it_is_told_to(watched: Watched) -> None:
    assert found(watched, CASES).divergent == 0
    watched.auditor.send_signal(signal.SIGTERM)
    assert watched.auditor.wait(ENDED_S_MAX) == 0
