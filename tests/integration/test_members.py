"""Members of a processor's group that have a name: whoever comes back under it is not missed first."""

from __future__ import annotations

from domain.case.actions import Accept
from ops.system import PROCESSORS
from tests.support.beside import Beside, a_report, on_each
from tests.support.live import eventually

LONG_SESSION_S = "60"
"""Longer than anything here is waited for: a successor that had to wait for the session's end would come too late."""
BACK_S_MAX = 40.0


def test_a_killed_processor_with_a_name_gets_its_partitions_long_before_its_session_ends(beside: Beside) -> None:
    named = {"LIANDONG_MEMBER": "first", "LIANDONG_SESSION_S": LONG_SESSION_S}
    parts = {part: beside.start(part, **named) for part in PROCESSORS}
    reports = [a_report() for _ in range(50)]
    beside.append(reports)
    beside.all_decided()
    eventually(beside.rows_hold_everything, BACK_S_MAX, "rows of all")
    for process in parts.values():
        process.kill()
        process.wait()
    beside.append(on_each(reports, Accept()))
    for part in PROCESSORS:
        beside.start(part, **named)
    decided = beside.all_decided()
    assert all(offsets == sorted(set(offsets)) for offsets in decided.values()), "each once"
    eventually(beside.rows_hold_everything, BACK_S_MAX, "rows of all")
