"""The wall in a real browser: it moves with the log, and says when it is old."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import httpx
import pytest
from playwright.sync_api import Page, expect

from eventlog.append import BULK_MS_MAX, Appender
from ops.embedded.kafka import free_ports
from ops.system import until_ready
from reference.profile import load_profile
from runtime.faults import EXIT_STANDS
from tests.support.beside import Beside
from tests.support.city import GRID, TEAM
from tests.support.live import Live, eventually
from tests.support.screen import screen

WIDTH = 1920
LARGE, NEW = "410183110", "410183115"
"""A township of many villages that no other test files in, and a code that is free."""


@pytest.fixture
def wall(live: Live) -> Iterator[Page]:
    """The wall, open and live."""
    with screen(live.address) as page:
        yield page


def test_a_report_and_each_change_of_it_are_on_the_wall(live: Live, wall: Page) -> None:
    before = int(wall.get_by_test_id("tile-open").inner_text().replace(",", ""))
    town = wall.get_by_test_id("town-410183001").locator("td").nth(1)
    there = int(town.inner_text())
    case_id = live.report(GRID, place={"grid": GRID, "lon": 113.37, "lat": 34.53})
    expect(wall.get_by_test_id("tile-open")).to_have_text(f"{before + 1:,}")
    expect(town).to_have_text(str(there + 1))
    for who, action, more, status in (
        ("acceptor", "accept", {}, "accepted"),
        ("shift_head", "file", {"condition": "01"}, "filed"),
        ("dispatcher", "dispatch", {"lead": TEAM}, "dispatched"),
        ("handler-410183001", "acknowledge", {}, "handling"),
    ):
        assert live.act(who, case_id, action, **more).status_code == 200
        wall.wait_for_function("([id, st]) => window.__liandong.status(id) === st", arg=[case_id, status])
    wall.wait_for_function("() => window.__liandong.drawn >= 1")


def test_it_speaks_both_languages_and_has_every_township(wall: Page) -> None:
    expect(wall.locator("[data-testid^=town-]")).to_have_count(19)
    wall.get_by_test_id("lang-switch").click()
    expect(wall.get_by_test_id("link-state")).to_have_text("LIVE")
    expect(wall.get_by_test_id("town-410183001")).to_contain_text("Qingpingjie")


def test_a_wall_on_which_nothing_happens_stays_live(wall: Page) -> None:
    frozen_ms = 10_000
    seen = wall.evaluate("window.__liandong.asOf")
    wall.wait_for_function("([seen, ms]) => window.__liandong.asOf > seen + ms", arg=[seen, frozen_ms], timeout=20_000)
    expect(wall.get_by_test_id("link-state")).to_have_text("实时")


def test_the_wall_says_whether_the_board_is_what_the_log_says_and_when_nobody_checks_it(live: Live, wall: Page) -> None:
    reported = live.report(GRID)
    eventually(lambda: changed(live, "select 1 from board where case_id = $1", reported), 10, "its row")
    audit = wall.get_by_test_id("audit")
    expect(audit).to_have_attribute("data-state", "same", timeout=30_000)
    expect(audit).to_contain_text("对账一致")
    changed(live, "update board set due = 2 where case_id = $1", reported)
    expect(audit).to_have_attribute("data-state", "different", timeout=30_000)
    expect(audit).to_contain_text("1 件")
    for _ in range(2):  # both languages: with the longest of what the header says, the clock is on the screen
        box = wall.get_by_test_id("clock").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= WIDTH
        assert wall.evaluate("document.querySelector('main').scrollWidth") <= WIDTH
        wall.get_by_test_id("lang-switch").click()
    changed(live, "update board set due = 0 where case_id = $1", reported)
    expect(audit).to_have_attribute("data-state", "same", timeout=30_000)
    auditor = live.part("audit")
    auditor.send_signal(signal.SIGSTOP)
    try:
        changed(live, "update audited set at_ms = at_ms - 3600000")  # as if it had stood for an hour
        expect(audit).to_have_attribute("data-state", "silent", timeout=10_000)
        expect(audit).to_contain_text("对账无声")
    finally:
        auditor.kill()
    expect(audit).to_have_attribute("data-state", "same", timeout=30_000)


def test_a_dead_decider_makes_the_data_old_and_the_wall_says_so(live: Live, wall: Page) -> None:
    decider = live.part("dispatch")
    decider.send_signal(signal.SIGSTOP)
    try:
        answer = live.act("acceptor", live_case(live), "note", text="x")
        assert answer.status_code == 202, "not decided is said, not guessed"
        expect(wall.get_by_test_id("stale-banner")).to_be_visible(timeout=20_000)
        expect(wall.get_by_test_id("link-state")).to_have_text("数据中断")
    finally:
        decider.kill()
    expect(wall.get_by_test_id("link-state")).to_have_text("实时", timeout=30_000)
    assert wall.evaluate("window.__liandong.snapshots()") == 1


def test_where_deciding_stands_for_too_many_letters_the_wall_says_so_and_goes_on_when_they_are_seen_to(
    beside: Beside,
) -> None:
    port = free_ports(1)[0]
    address = f"http://127.0.0.1:{port}"
    beside.env |= {"LIANDONG_OPEN_LETTERS_MAX": "5"}
    decider = beside.start("dispatch")
    beside.start("api", LIANDONG_PORT=str(port))
    eventually(lambda: _ready(address), 30, "the API is ready")
    # The browser's own loop runs in this thread: what speaks with the broker is called in another.
    with screen(address) as wall, ThreadPoolExecutor(1) as other:
        other.submit(_write_junk, beside, 6).result()
        other.submit(beside.all_decided).result()
        expect(wall.get_by_test_id("link-state")).to_have_text("实时")
        other.submit(beside.report, 1).result()
        assert decider.wait(30) == EXIT_STANDS
        expect(wall.get_by_test_id("link-state")).to_have_text("数据中断", timeout=20_000)
        expect(wall.get_by_test_id("stands")).to_contain_text("已停止作出决定:6 条无法解读的记录待处理,上限 5")
        wall.get_by_test_id("lang-switch").click()
        expect(wall.get_by_test_id("stands")).to_contain_text("Deciding stands: 6 unreadable records")
        said = httpx.get(f"{address}/readyz").json()
        assert (said["code"], said["found"], said["allowed"]) == ("line_stands", 6, 5)
        other.submit(asyncio.run, until_ready(f"{address}/", [])).result()  # or `up` would end what a person needs
        done = beside.command("dead-letters", "discard", "--all", "--yes", "--by", "li", "--note", "test")
        assert done.returncode == 0, done.stderr
        beside.start("dispatch")
        expect(wall.get_by_test_id("link-state")).to_have_text("LIVE", timeout=30_000)
        expect(wall.get_by_test_id("stands")).to_have_count(0)


def test_a_new_township_gets_its_row_in_its_place_and_none_is_out_of_sight(
    live: Live, wall: Page, tmp_path: Path
) -> None:
    """The last one here: the city has another township afterwards."""
    villages = [g.code for g in load_profile("xinmi").contents.grids if g.level == 2 and g.code.startswith(LARGE)]
    half = len(villages) // 2
    parts = [
        {"code": LARGE, "zh": "来集镇", "children": villages[:half]},
        {"code": NEW, "zh": "新分镇", "children": villages[half:]},
    ]
    changes = tmp_path / "split.json"
    changes.write_text(json.dumps({"changes": [{"change": "split", "code": LARGE, "parts": parts}]}))
    told = live.command("reference", "adopt", "--grid-changes", str(changes), "--yes")
    assert told.returncode == 0, told.stderr
    rows = wall.locator("[data-testid^=town-]")
    expect(rows).to_have_count(20, timeout=15_000)
    codes = [str(row.get_attribute("data-testid")) for row in rows.all()]
    assert codes == sorted(codes)
    for width, height in ((1920, 1080), (1366, 768)):
        wall.set_viewport_size({"width": width, "height": height})
        panel, last = wall.locator(".panel.towns").bounding_box(), rows.last.bounding_box()
        assert panel is not None
        assert last is not None
        assert last["y"] + last["height"] <= panel["y"] + panel["height"]


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def _write_junk(beside: Beside, count: int) -> None:
    async def run() -> None:
        async with Appender(beside.kafka, beside.names, BULK_MS_MAX) as appender:
            for number in range(count):
                await appender.append_raw(beside.names.actions, number, b"x", b"junk")

    asyncio.run(run())


def live_case(live: Live) -> str:
    """Some open case."""
    return str(live.call("acceptor", "GET", "/api/board").json()["cases"][0]["case_id"])


def changed(live: Live, sql: str, *values: object) -> object:
    """Change the rows by hand; gives what the statement returns. In a thread: the browser's loop runs in this one."""

    async def change() -> object:
        connection = await asyncpg.connect(live.settings()["LIANDONG_POSTGRES"])
        try:
            return await connection.fetchval(sql, *values)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, change()).result()
