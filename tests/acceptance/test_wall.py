"""The wall in a real browser: it moves with the log, and says when it is old."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.support.city import GRID, TEAM
from tests.support.live import Live

CHROMIUM = shutil.which("chromium")


@pytest.fixture
def wall(live: Live) -> Iterator[Page]:
    """The wall, open and live."""
    if CHROMIUM is None:
        assert "CI" not in os.environ, "CI has a browser"
        pytest.skip("THE WALL WAS NOT TESTED: there is no chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1920, "height": 1080}, locale="zh-CN", timezone_id="Asia/Shanghai")
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(live.address)
        expect(page.get_by_test_id("link-state")).to_have_text("实时", timeout=15_000)
        yield page
        browser.close()
    assert errors == []


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


def live_case(live: Live) -> str:
    """Some open case."""
    return str(live.call("acceptor", "GET", "/api/board").json()["cases"][0]["case_id"])
