"""Taking a partition over: the tail of the log says what was decided, and that it was decided once."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain.adoption.state import InForce
from domain.case import actions as a
from eventlog.numbering import Series
from eventlog.record import DecisionRecord, encode
from eventlog.stored import Entry, Stored
from streams.docket import Docket, Fork
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, START
from tests.unit.test_case_recurrence import closed


def entry(offset: int, record: DecisionRecord) -> Entry:
    """A record as it stands in the log."""
    return Entry(Stored(0, offset, record.at_ms, record.case.encode(), encode(record)), record)


def taking_over(desk: Desk) -> Docket:
    """A docket that has folded all records of a case, as the tail of its partition."""
    docket = Docket(0, -1, Series(), "Asia/Shanghai", InForce())
    docket.shelf.put({desk.file.id}, {})
    for offset, record in enumerate(desk.records):
        docket.fold(entry(offset, record))
    return docket


def test_the_tail_gives_the_state_and_the_place() -> None:
    desk = closed()
    docket = taking_over(desk)
    assert docket.shelf.files[desk.file.id] == desk.file
    assert docket.last_origin == desk.records[-1].origin.offset


def test_a_second_copy_of_a_decision_changes_nothing() -> None:
    desk = closed()
    docket = taking_over(desk)
    for offset, record in enumerate(desk.records):
        docket.fold(entry(len(desk.records) + offset, record))
    assert docket.shelf.files[desk.file.id] == desk.file
    assert docket.last_origin == desk.records[-1].origin.offset


def test_two_decisions_of_one_action_by_the_same_rules_stop_the_decider() -> None:
    desk = closed()
    docket = taking_over(desk)
    other = replace(desk.records[2], at_ms=desk.records[2].at_ms + 1)
    with pytest.raises(Fork) as stopped:
        docket.fold(entry(len(desk.records), other))
    assert stopped.value.code == "log.fork"
    assert f"offset {other.origin.offset}" in stopped.value.en


def test_a_late_decision_of_another_release_counts_for_nobody() -> None:
    desk = closed()
    docket = taking_over(desk)
    docket.fold(entry(len(desk.records), replace(desk.records[2], release="0.0.1", events=())))
    assert docket.shelf.files[desk.file.id] == desk.file


def test_only_what_the_tail_holds_is_compared() -> None:
    desk = closed()
    docket = taking_over(desk)
    docket.taken()
    docket.fold(entry(len(desk.records), replace(desk.records[2], at_ms=1)))
    desk.act(ACCEPTOR, a.Note("seen"), START + 200_000)
    docket.fold(entry(len(desk.records) + 1, desk.records[-1]))
    assert docket.shelf.files[desk.file.id] == desk.file
