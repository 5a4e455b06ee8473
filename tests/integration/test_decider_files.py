"""A decider with room for one case file a partition: every case goes on from where it was, whatever the rows do."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from domain.case.actions import Accept, Attempt, Note
from eventlog.history import records
from eventlog.record import DecisionRecord, Outcome, encode, record_hash
from eventlog.stored import read_entry
from projections.runner import NAMES
from tests.support.beside import LOOK_S, Beside, a_report, on_each
from tests.support.live import eventually

ENDS_S_MAX = 30.0
ROOM = {"LIANDONG_FILES_A_PARTITION_MAX": "1"}
CASES = 120


def test_with_room_for_one_file_a_partition_every_case_goes_on_from_where_it_was(beside: Beside) -> None:
    projector, cases = _at_work(beside)
    projector.kill()
    beside.append(on_each(cases, Note("second")))
    eventually(lambda: "dispatch.waits_for_rows" in beside.said("dispatch"), ENDS_S_MAX, "deciding waits")
    beside.start("project", **ROOM)
    beside.all_decided()
    _require_unbroken(beside, cases, 4)


def test_rows_that_went_back_are_waited_for_before_anything_is_fetched_from_them(beside: Beside) -> None:
    """As after a database that was killed with its last commits in memory, or tables emptied under a decider."""
    projector, cases = _at_work(beside)
    eventually(beside.rows_hold_everything, ENDS_S_MAX, "the rows hold everything", LOOK_S)
    beside.append(on_each(cases, Note("now the files are let go")))
    beside.all_decided()
    projector.kill()
    projector.wait(ENDS_S_MAX)
    beside.query(f"truncate {', '.join((*NAMES, 'checkpoint', 'board_count', 'ledger_round'))}")
    beside.append(on_each(cases, Note("second")))
    eventually(lambda: "dispatch.rows_went_back" in beside.said("dispatch"), ENDS_S_MAX, "deciding waits")
    beside.start("project", **ROOM)
    beside.all_decided()
    _require_unbroken(beside, cases, 5)


def _at_work(beside: Beside) -> tuple[subprocess.Popen[bytes], list[Attempt]]:
    """The projector, and cases with three records each."""
    beside.start("dispatch", **ROOM)
    projector = beside.start("project", **ROOM)
    cases = [a_report() for _ in range(CASES)]
    beside.append(cases)
    beside.append(on_each(cases, Accept()))
    beside.append(on_each(cases, Note("first")))
    beside.all_decided()
    return projector, cases


def _require_unbroken(beside: Beside, cases: Sequence[Attempt], links: int) -> None:
    """Each action was accepted, one record after the other, each naming the one before it."""
    chains: dict[str, list[DecisionRecord]] = {}
    for stored in records(beside.kafka, beside.names.events):
        record = read_entry(stored).record
        if isinstance(record, DecisionRecord):
            linked = chains.setdefault(record.case, [])
            before = record_hash(encode(linked[-1])) if linked else None
            assert (record.outcome, record.seq, record.prev) == (Outcome.ACCEPTED, len(linked) + 1, before)
            linked.append(record)
    assert [len(chains[attempt.case]) for attempt in cases] == [links] * len(cases)
