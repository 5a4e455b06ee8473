"""`liandong status` on a running system: in order, with a part that stands, with rows that somebody changed."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import asyncpg
import httpx
import pytest

from ops.system import PROCESSORS
from runtime.metrics import targets
from tests.support.city import GRID, TEAM
from tests.support.live import Live, eventually


def status(live: Live) -> tuple[int, dict[str, Any]]:
    said = live.command("status", "--json")
    assert said.stdout, said.stderr
    return said.returncode, json.loads(said.stdout)


def in_order(live: Live) -> dict[str, Any]:
    """Wait until it says so, with the wall and the rows compared."""

    def found() -> dict[str, Any] | None:
        code, said = status(live)
        return said if code == 0 and said["board"]["verdict"] == "same" else None

    return eventually(found, 60, "a status in order")


def test_a_running_system_is_in_order_and_its_wall_and_rows_are_the_same(live: Live) -> None:
    live.dispatched(GRID, TEAM)
    said = in_order(live)
    assert {*PROCESSORS, "api", "system", "kafka", "postgres"} <= {p["part"] for p in said["processes"]}
    assert all(process["memory_bytes"] > 5_000_000 for process in said["processes"])
    assert said["board"]["rows_digest"] == said["board"]["hub_digest"] != ""
    assert {name: lag["lag"] for name, lag in said["lags"].items()} == dict.fromkeys(said["lags"], 0)
    assert {topic["name"]: topic["records"] for topic in said["topics"]}["events"] > 4
    assert "liandong:" not in json.dumps(said), "no address with a password"


def test_a_writer_of_rows_that_stands_is_degraded_and_named(live: Live) -> None:
    project = live.part("project")
    project.send_signal(signal.SIGSTOP)
    try:
        live.dispatched(GRID, TEAM)
        code, said = status(live)
    finally:
        project.send_signal(signal.SIGCONT)
    assert code == 1
    reasons = {reason["code"]: reason["en"] for reason in said["reasons"]}
    assert reasons.keys() == {"part.silent", "fold.stuck"}
    assert "board" in reasons["fold.stuck"]
    assert "project" in reasons["part.silent"]
    assert said["lags"]["decide"]["lag"] == 0, "the decider is not behind because the rows are"
    in_order(live)


def test_a_row_that_somebody_changed_is_found(live: Live) -> None:
    case_id = live.dispatched(GRID, TEAM)
    in_order(live)

    async def set_unit(unit: str) -> None:
        connection = await asyncpg.connect(live.settings()["LIANDONG_POSTGRES"])
        try:
            await connection.execute("update board set unit = $1 where case_id = $2", unit, case_id)
        finally:
            await connection.close()

    asyncio.run(set_unit("nobody"))
    try:
        code, said = status(live)
    finally:
        asyncio.run(set_unit(TEAM))
    reasons = {reason["code"] for reason in said["reasons"]}
    # The auditor compares the board by itself, so it may have found the same row before this was asked.
    assert (code, reasons - {"audit.different"}) == (1, {"board.different"})
    in_order(live)


@pytest.mark.parametrize(("who", "code"), [("admin", 200), ("auditor", 200), ("dispatcher", 403), ("wall", 403)])
def test_the_digest_of_the_wall_is_for_who_keeps_or_audits_the_system(live: Live, who: str, code: int) -> None:
    assert live.call(who, "GET", "/api/wall/digest").status_code == code
    for token in ("x", "0" * 64):
        bare = httpx.get(f"{live.address}/api/wall/digest", headers={"Authorization": f"Bearer {token}"})
        assert bare.status_code == 401


def test_every_part_tells_where_its_metrics_are(live: Live) -> None:
    live.dispatched(GRID, TEAM)
    told = targets(live.data_dir)
    assert {*PROCESSORS, "api", "system"} <= told.keys()
    for part, address in told.items():
        text = httpx.get(f"http://{address}/metrics").text
        assert f'liandong_build_info{{part="{part}"' in text
        assert "process_resident_memory_bytes" in text
