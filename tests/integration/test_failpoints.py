"""A decider that is killed at a step with a name: its successor finishes, and every action is decided once."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from eventlog.position import PARTITIONS
from ops.failpoints import POINTS, PROCESSES
from runtime.failpoints import SETTING, Folder
from tests.support.beside import Beside

ENDS_S_MAX = 60.0
REPORTS = 120


@pytest.mark.parametrize("order", ["dispatch.decided: kill 30", "dispatch.takeover_acked: kill 7"])
def test_a_decider_dies_at_the_step_that_is_named_and_its_successor_decides_all_once(
    beside: Beside, tmp_path: Path, order: str
) -> None:
    name, _, line = order.partition(": ")
    (tmp_path / "failpoints").mkdir()
    folder = Folder(tmp_path / "failpoints", POINTS, PROCESSES)
    folder.arm(name, line)
    beside.report(REPORTS)
    decider = beside.start("dispatch", **{SETTING: str(folder.path)})
    assert decider.wait(ENDS_S_MAX) == -signal.SIGKILL
    shot = folder.shot(name)
    assert shot is not None
    assert (shot.order, shot.pid, shot.process) == (line, decider.pid, "dispatch")
    assert '"level": "critical"' in beside.said("dispatch"), "that failpoints are on is said in the log"
    assert sum(map(len, beside.decisions().values())) < REPORTS, "it died in the middle"
    successor = beside.start("dispatch", **{SETTING: str(folder.path)})
    found = beside.all_decided()
    assert found == {p: list(range(len(found[p]))) for p in range(PARTITIONS)}
    assert sum(map(len, found.values())) == REPORTS + PARTITIONS, "what was reported, and one adoption a partition"
    assert successor.poll() is None, "what has fired fires no more"
