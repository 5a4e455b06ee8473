"""A wall in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium")


@contextmanager
def screen(address: str) -> Iterator[Page]:
    """The wall at that address, open and live; it must throw no error while the context lasts."""
    if CHROMIUM is None:
        assert "CI" not in os.environ, "CI has a browser"
        pytest.skip("THE WALL WAS NOT TESTED: there is no chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1920, "height": 1080}, locale="zh-CN", timezone_id="Asia/Shanghai")
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        expect(page.get_by_test_id("link-state")).to_have_text("实时", timeout=15_000)
        yield page
        browser.close()
    assert errors == []
