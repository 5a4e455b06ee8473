"""What keeps things alive, without the things: pauses, room on a disk, allowances, log lines, the table of faults."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from api.parts import ALLOWANCES_KEPT_MAX, BURST_MAX, Parts
from api.problems import Problem
from ops import disks
from ops.supervision import keep_part
from reference.profile import load_profile
from runtime import restarts
from runtime.children import Child, start
from runtime.faults import EXIT_NEEDS_HAND, EXIT_STANDS, Fault
from runtime.logs import Seldom
from runtime.restarts import PAUSE_S_MAX, PAUSE_S_MIN, Restarts
from runtime.settings import Settings

ROOT = Path(__file__).parents[2]


def test_pauses_double_to_a_limit_and_are_short_again_after_a_life(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Restarts()
    pauses = [kept.pause_s() for _ in range(8)]
    assert pauses[0] == PAUSE_S_MIN
    assert all(b == min(2 * a, PAUSE_S_MAX) for a, b in pairwise(pauses))
    assert pauses[-1] == PAUSE_S_MAX
    monkeypatch.setattr(restarts, "LIVED_S_MIN", 0.0)
    kept.started()
    assert kept.pause_s() == PAUSE_S_MIN


def test_who_waits_for_a_hand_on_the_running_system_is_started_for_ever_and_78_twice_running_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restarts, "PAUSE_S_MIN", 0.001)
    codes = iter([EXIT_STANDS, EXIT_STANDS, EXIT_NEEDS_HAND, EXIT_STANDS, EXIT_STANDS, *[EXIT_NEEDS_HAND] * 2])

    def begin() -> Child:
        command = [sys.executable, "-S", "-c", f"raise SystemExit({next(codes)})"]
        return start("part", command, tmp_path / "part.log", env=dict(os.environ))

    with pytest.raises(Fault, match="needs_hand"):
        asyncio.run(keep_part(begin(), begin))
    assert next(codes, None) is None


def test_a_disk_is_called_low_and_then_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = disks.free_mb(tmp_path)
    monkeypatch.setattr(disks, "LOW_MB", free // 2)
    assert disks.low(tmp_path) is None
    monkeypatch.setattr(disks, "LOW_MB", free * 2)
    found = disks.low(tmp_path)
    assert found is not None
    assert (found.code, str(tmp_path) in found.en) == ("disk.low", True)
    assert disks.full(tmp_path) is None
    monkeypatch.setattr(disks, "FULL_MB", free * 2)
    found = disks.full(tmp_path)
    assert found is not None
    assert found.code == "disk.full"


def test_allowances_are_spent_by_each_alone_and_kept_in_bounds() -> None:
    parts = Parts(Settings(), load_profile("xinmi"))
    for _ in range(int(BURST_MAX)):
        parts.spend("somebody")
    with pytest.raises(Problem, match="slow_down"):
        _spend_for_ever(parts)
    for number in range(ALLOWANCES_KEPT_MAX + 50):
        parts.spend(f"person-{number}")
    assert len(parts.allowance) == ALLOWANCES_KEPT_MAX


def _spend_for_ever(parts: Parts) -> None:
    while True:
        parts.spend("somebody")


def test_a_line_of_a_third_party_is_repeated_seldom() -> None:
    seldom = Seldom()

    def passes(name: str, text: str) -> bool:
        return seldom.filter(logging.LogRecord(name, logging.WARNING, "", 0, text, ("x",), None))

    assert [passes("aiokafka", "no answer from %s") for _ in range(3)] == [True, False, False]
    assert passes("aiokafka", "another")
    assert passes("asyncpg", "no answer from %s")


def test_every_test_that_the_table_of_faults_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "faults.md").read_text()))
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert len(named) >= 20
    assert named - there == set()
