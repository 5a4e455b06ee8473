"""The benches that let people act: they measure real answers, and what they tell adds up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from ops.bench.clock import Late
from ops.bench.screens import Looked
from ops.bench.soak import COURSE, Window

RATE = 40
MINUTES = 0.2
CASES = 3_000
DUE_A_SECOND = 20
SECONDS = 2
SCREENS = 40
REPORTS_A_S = 10


def test_a_short_soak_tells_every_answer_and_draws_it(tmp_path: Path) -> None:
    picture = tmp_path / "soak.svg"
    windows = _bench(
        list[Window], "soak", "--minutes", str(MINUTES), "--rate", str(RATE), "--plot", str(picture), "--in-hand", "5"
    )
    assert len(windows) == 2, "a whole one, and the last acts"
    answers = sum(one.answers for one in windows)
    assert answers == RATE * 60 * MINUTES
    assert windows[-1].closed > 0
    assert windows[-1].closed * (len(COURSE) + 1) <= answers
    assert all(0 < one.p50 <= one.p99 <= one.most for one in windows[:1])
    assert all(one.untold == one.left_out == 0 for one in windows)
    assert {"api", "dispatch", "project", "clock", "react", "kafka", "postgres", "load"} <= windows[-1].memory.keys()
    assert "<svg" in picture.read_text()


def test_no_picture_is_promised_that_can_not_be_drawn(tmp_path: Path) -> None:
    done = _run("soak", "--plot", str(tmp_path / "soak.docx"))
    assert done.returncode == 1
    assert "[bench.no_drawing]" in done.stderr
    assert ".docx" in done.stderr


def test_the_clock_notices_all_that_fell_due() -> None:
    found = _bench(Late, "clock", "--cases", str(CASES), "--rate", str(DUE_A_SECOND), "--seconds", str(SECONDS))
    assert found.cases == CASES
    assert len(found.ticks) == len(found.decisions) == DUE_A_SECOND * SECONDS
    assert all(late >= 0 for late in found.ticks)
    assert all(tick <= decision for tick, decision in zip(found.ticks, found.decisions, strict=True))


def test_every_screen_holds_every_case_also_after_all_were_cut_off() -> None:
    found = _bench(Looked, "screens", "--count", str(SCREENS), "--rate", str(REPORTS_A_S), "--seconds", str(SECONDS))
    assert found.shown.n == SCREENS * REPORTS_A_S * SECONDS, "each case once on each screen"
    assert found.floor.n > 0
    assert all(0 < one.p50 <= one.p99 <= one.most for one in (found.floor, found.shown, found.storm))
    assert found.cases >= 3 * REPORTS_A_S * SECONDS, "before it counts, while it counts, and after the cut"
    assert (found.lost, found.broken, found.resynced) == (0, 0, 0)
    assert found.back_s > 0


def _bench(kind: Any, *arguments: str) -> Any:
    done = _run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout, type=kind)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.cli", "bench", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=180)
