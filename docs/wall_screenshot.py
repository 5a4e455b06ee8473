"""Takes the README's picture of the wall from a running demo: `.venv/bin/python docs/wall_screenshot.py [ADDRESS]`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/"
PICTURE = Path(__file__).with_name("wall.png")

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1920, "height": 1080}, locale="zh-CN", timezone_id="Asia/Shanghai")
    page.goto(ADDRESS)
    page.wait_for_function("() => window.__liandong.drawn > 50", timeout=60_000)
    page.screenshot(path=PICTURE)
    browser.close()
print(PICTURE)
