"""Steps: what each record changed, and what a reader of open cases only passes over."""

from __future__ import annotations

from domain.case import actions as a
from domain.case.evolve import evolve
from domain.case.state import Case
from domain.case.values import Role
from eventlog.record import encode
from eventlog.stored import Entry, Stored
from projections.steps import Folder, Step
from tests.support.city import actor
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, START
from tests.unit.test_case_recurrence import closed


def folded(desk: Desk, folder: Folder) -> list[bool]:
    """Fold a case's records as they stand in a log; for each whether there was a step."""
    steps: list[bool] = []
    for offset, record in enumerate(desk.records):
        entry = Entry(Stored(0, offset, record.at_ms, desk.file.id.encode(), encode(record)), record)
        steps.append(folder.fold(entry) is not None)
        folder.forget_ended([desk.file.id])
    return steps


def test_a_note_on_an_ended_case_stops_no_reader_of_open_cases() -> None:
    desk = closed()
    ended = len(desk.records)
    desk.act(actor(Role.SYSTEM, scope=""), a.NoteRecurrence("case-2"), START + 100_000)
    desk.act(ACCEPTOR, a.Accept(), START + 100_001)
    folder = Folder(0, only_open=True)
    assert folded(desk, folder) == [True] * ended + [False] * 2
    assert (folder.files, folder.last_origin) == ({}, len(desk.records) - 1)


def test_a_step_holds_its_case_after_each_event_and_nothing_where_nothing_changes() -> None:
    desk = closed()
    folder = Folder(0)
    before: Case | None = None
    for offset, record in enumerate(desk.records):
        entry = Entry(Stored(0, offset, record.at_ms, desk.file.id.encode(), encode(record)), record)
        step = folder.fold(entry)
        assert isinstance(step, Step)
        assert [event for _, event, _ in step.moves] == list(record.events)
        for was, event, now in step.moves:
            assert (was, now) == (before, evolve(was, event))
            before = now
        assert step.after.case == before
    again = Folder(0)
    again.put([desk.file.id], {desk.file.id: desk.file})
    record = desk.records[0]
    known = again.fold(Entry(Stored(0, 0, record.at_ms, desk.file.id.encode(), encode(record)), record))
    assert isinstance(known, Step)
    assert (known.changed, known.moves) == (False, [])
