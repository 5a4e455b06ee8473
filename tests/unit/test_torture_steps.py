"""The torture's table of failpoints and its tally: nothing is left out, and what was not verified does not count."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlog.position import partition_of
from eventlog.record import Origin
from eventlog.verdict import Arrived, Unread, UnreadReason, examine
from ops.failpoints import POINTS, PROCESSES
from tests.support.broken_producer import JUNK, STRANGE
from tests.support.steps import wanted_steps
from tests.support.tally import Broken, Missed, Tally, Verdict


def test_every_failpoint_is_killed_at() -> None:
    assert [step.name for step in wanted_steps()] == list(POINTS)


def test_each_is_armed_in_processes_that_there_are_and_something_makes_them_come_by() -> None:
    for step in wanted_steps():
        assert set(step.processes) <= set(PROCESSES), step.name
        assert step.way.keys() >= set(step.processes), step.name


def test_junk_is_read_by_nobody_in_any_partition_and_every_reason_is_among_it() -> None:
    found = [examine(Arrived(Origin("", partition, 0), 1, *one)) for partition in range(24) for one in JUNK]
    reasons = {one.reason for one in found if isinstance(one, Unread)}
    assert all(isinstance(one, Unread) for one in found)
    assert reasons == set(UnreadReason) - {UnreadReason.NOT_KEPT}


def test_what_is_strange_can_be_read_all_the_same() -> None:
    for key, value in STRANGE:
        place = Origin("", partition_of(key.decode()), 0)
        assert not isinstance(examine(Arrived(place, 1, key, value)), Unread)


def a_kill(leg: str, nth: int = 1) -> Broken:
    return Broken(leg, "failpoint", 1.5, 2.5, "dispatch.decided", nth, "dispatch")


def test_a_kill_counts_once_its_system_was_judged(tmp_path: Path) -> None:
    file = tmp_path / "progress.jsonl"
    tally = Tally(file)
    tally.add(a_kill("one"))
    assert tally.killed_at()["dispatch.decided"] == 0
    assert any("NOT VERIFIED: 1 faults" in line for line in tally.summary())
    tally.add(Verdict("one", 1, 60.0, actions=10, acknowledged=9, unknown=1))
    assert tally.killed_at()["dispatch.decided"] == 1
    again = Tally(file)
    assert again.lines == tally.lines
    assert again.summary() == tally.summary()


def test_a_line_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "progress.jsonl"
    Tally(file).add(a_kill("one"))
    with file.open("ab") as output:
        output.write(b'{"type":"broken","leg":"tw')
    found = Tally(file)
    assert found.lines == [a_kill("one")]
    found.add(Verdict("one", 1, 60.0))
    assert len(Tally(file).lines) == 2


def test_the_summary_tells_by_kind_and_by_process_what_was_never_reached_and_what_is_wrong() -> None:
    tally = Tally()
    tally.add(a_kill("one"))
    tally.add(Broken("one", "kill api", 0.5, 1.0))
    tally.add(Broken("one", "kill api", 1.5, 4.0))
    tally.add(Missed("one", "disk full kafka", "no disk"))
    tally.add(Verdict("one", 7, 60.0, findings={"lost": 1, "rows_differ": 2}, wrong=["[lost] a", "[x] b", "[x] c"]))
    said = "\n".join(tally.summary(["dispatch.decided", "api.loaded"]))
    for words in (
        "kill api                     2   median   1.0 /   2.5   most   1.5 /   4.0",
        "dispatch                     1   median   1.5 /   2.5",
        "NEVER REACHED: api.loaded",
        "NOT DONE: disk full kafka (1 times): no disk",
        "lost 1, doubled 0, forks 0, divergences 2",
        "WRONG: one: [x] b",
    ):
        assert words in said
    assert len(tally.wrong) == 3


@pytest.mark.parametrize("verified", [True, False])
def test_what_was_broken_is_told_apart_by_whether_it_was_verified(verified: bool) -> None:
    tally = Tally()
    tally.add(a_kill("one"))
    tally.add(a_kill("two"))
    tally.add(Verdict("one", 1, 1.0))
    assert [one.leg for one in tally.broken(verified)] == ["one" if verified else "two"]
