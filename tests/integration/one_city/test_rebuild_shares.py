"""A rebuild by several processes: the same rows as by one, and nothing is changed where one of them is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.support.city import GRID, TEAM
from tests.support.live import Live, eventually

STARTS_S_MAX = 30.0
ENDS_S_MAX = 60.0
GONE_S_MAX = 20.0
"""One that has only just begun loads its modules first, which takes some seconds on a machine at work."""


def test_several_processes_make_the_same_rows(live: Live) -> None:
    case_ids = [live.dispatched(GRID, TEAM) for _ in range(4)]
    with _rebuild(live, 3) as rebuild:
        ended = "ended before three processes folded"
        found = eventually(
            lambda: _workers(rebuild.pid, 3) or (rebuild.poll() is not None and ended), STARTS_S_MAX, "three processes"
        )
        said, wrong = rebuild.communicate(timeout=ENDS_S_MAX)
    assert rebuild.returncode == 0, said + wrong
    assert found != ended
    assert "DIFFERENT" not in said
    assert said.count("equal") == said.count("records") > 0
    assert [live.call("leader", "GET", f"/api/cases/{one}").status_code for one in case_ids] == [200] * 4


def test_where_one_is_lost_it_says_so_and_swaps_nothing(live: Live) -> None:
    live.dispatched(GRID, TEAM)
    with _rebuild(live, 2) as rebuild:
        lost, other = eventually(lambda: _workers(rebuild.pid, 2), STARTS_S_MAX, "two processes that fold")
        lost.kill()
        said, wrong = rebuild.communicate(timeout=ENDS_S_MAX)
        assert rebuild.returncode == 1, said + wrong
    assert "[rebuild.broken_off]" in wrong
    assert "liandong rebuild" in wrong, "what to do next"
    eventually(lambda: not any(map(_runs, (lost, other))), GONE_S_MAX, "nobody outlives it")
    done = live.command("rebuild", "all")
    assert done.returncode == 0, done.stdout + done.stderr


def test_where_the_command_itself_is_killed_nobody_writes_on(live: Live) -> None:
    with _rebuild(live, 2) as rebuild:
        workers = eventually(lambda: _workers(rebuild.pid, 2), STARTS_S_MAX, "two processes that fold")
        rebuild.kill()
        # What they would write comes into the next one's tables.
        eventually(lambda: not any(map(_runs, workers)), GONE_S_MAX, "nobody writes on")


@contextmanager
def _rebuild(live: Live, processes: int) -> Iterator[subprocess.Popen[str]]:
    """The command, killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "ops.cli", "rebuild", "all", "--processes", str(processes)],
        env=os.environ | live.settings(),
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _workers(pid: int, wanted: int) -> list[psutil.Process]:
    """The processes that fold for it, once so many are there."""
    try:
        found = [child for child in psutil.Process(pid).children() if "spawn_main" in " ".join(child.cmdline())]
    except psutil.NoSuchProcess:
        return []
    return found if len(found) == wanted else []


def _runs(process: psutil.Process) -> bool:
    """One that nobody has buried yet does not."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
