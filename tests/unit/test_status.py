"""What `liandong status` makes of its findings: the reasons, the exit code, what people read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from rich.console import Console
from typer.testing import CliRunner

from ops.cli import app
from ops.findings import (
    DEGRADED,
    DIFFERENT,
    HEALTHY,
    LAG_RECORDS_MAX,
    NOT_RUNNING,
    SAME,
    AuditFound,
    BoardFound,
    DiskFound,
    Findings,
    FoldFound,
    PlaceFound,
    ProcessFound,
    ServiceFound,
)
from ops.status import judged, shown

EVEN = tuple(PlaceFound(partition, 10, 10) for partition in range(24))
BEHIND = (PlaceFound(0, 10, 12), PlaceFound(1, 10, 17), *EVEN[2:])
HEALTH = Findings(
    at="2026-11-24T08:00:00+00:00",
    processes=(ProcessFound("dispatch", 41, 90_000_000, 65.0, 2), ProcessFound("kafka", 42, 300_000_000, 3_700.0)),
    kafka=ServiceFound("metadata.version 33", 2.0),
    postgres=ServiceFound("18.6", 0.4),
    topics=(),
    folds=(FoldFound("decide", EVEN), FoldFound("board", BEHIND)),
    board=BoardFound(SAME, "", "a.b", "f00", "a.b", "f00"),
    dead_letters=3,
    dead_letters_max=100,
    feed_lag_s=0.2,
    audit=AuditFound(3.0, 0, 45.0),
    disk=DiskFound("/data", 10, 10_000_000_000),
)


def test_a_system_that_is_behind_but_moves_is_in_order() -> None:
    assert judged(HEALTH) == (HEALTHY, [])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"processes": (ProcessFound("clock", restarts=4),)}, "part.silent"),
        ({"kafka": ServiceFound(fault="KafkaConnectionError")}, "kafka.silent"),
        ({"postgres": ServiceFound(fault="refused")}, "postgres.silent"),
        ({"folds": (FoldFound("board", BEHIND, stuck=(1,)), FoldFound("outcomes", BEHIND, stuck=(1,)))}, "fold.stuck"),
        ({"folds": (FoldFound("board", (PlaceFound(3, 0, LAG_RECORDS_MAX + 1),)),)}, "fold.behind"),
        ({"board": BoardFound(DIFFERENT)}, "board.different"),
        ({"feed_lag_s": 5.1}, "feed.behind"),
        ({"audit": AuditFound(3.0, 1, 45.0)}, "audit.different"),
        ({"audit": AuditFound(45.1, 0, 45.0)}, "audit.silent"),
        ({"audit": AuditFound(60.1, None, 60.0)}, "audit.silent"),
        ({"dead_letters": 101}, "letters.limit"),
        ({"disk": DiskFound("/data", 10, 1_999_999_999)}, "disk.low"),
    ],
)
def test_each_thing_that_is_not_in_order_is_one_reason_in_both_languages(change: dict[str, Any], code: str) -> None:
    exit_code, told = judged(replace(HEALTH, **change))
    assert exit_code == DEGRADED
    assert [reason.code for reason in told] == [code]
    assert all(reason.zh and reason.en for reason in told)


def test_where_nothing_answers_the_system_does_not_run() -> None:
    silent = ServiceFound(fault="refused")
    stale = replace(HEALTH, processes=(ProcessFound("dispatch"),), kafka=silent, postgres=silent)
    assert judged(stale)[0] == judged(None)[0] == NOT_RUNNING


def test_people_read_the_worst_partition_and_with_partitions_every_one() -> None:
    def printed(partitions: bool) -> str:
        console = Console(width=160)
        with console.capture() as capture:
            console.print(shown(HEALTH, [], partitions))
        return capture.get()

    assert "1: 7" in printed(partitions=False)
    assert "10 (7)" not in printed(partitions=False)
    assert "10 (7)" in printed(partitions=True)
    assert "正常 in order" in printed(partitions=True)
    assert "1 h 1 min" in printed(partitions=False)


def test_with_no_system_it_exits_2_and_says_what_to_do(tmp_path: Path) -> None:
    env = {"LIANDONG_DATA_DIR": str(tmp_path), "LIANDONG_KAFKA": ""}
    for arguments in (["status"], ["status", "--json"]):
        done = CliRunner().invoke(app, arguments, env=env)
        assert done.exit_code == 2
        assert "liandong up" in done.stdout
