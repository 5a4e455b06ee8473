"""A case that repeats a closed one: the link, what the other case says to it, and a refusal that comes back."""

from __future__ import annotations

from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.events import RecurrenceDropped, RecurrenceNoted, Recurs
from domain.case.values import Channel, Place, Role
from eventlog.record import Outcome
from streams.react import following
from tests.support.city import GRID, TEAM, actor
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, COLLECTOR, HANDLER, SHIFT_HEAD, START, dispatched

REACTOR = actor(Role.SYSTEM, scope="")


def closed() -> Desk:
    desk = dispatched()
    for number, (who, action) in enumerate(
        (
            (HANDLER, a.Acknowledge()),
            (HANDLER, a.Handle()),
            (ACCEPTOR, a.SendCheck("chen")),
            (COLLECTOR, a.PassCheck()),
            (SHIFT_HEAD, a.Close()),
        )
    ):
        assert desk.act(who, action, START + 60_000 + number).outcome is Outcome.ACCEPTED
    return desk


def reported() -> Desk:
    desk = Desk("case-2")
    desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), START + 100_000)
    return desk


def test_the_closed_case_takes_note_of_the_one_that_repeats_it() -> None:
    old, new = closed(), reported()
    linked = new.act(ACCEPTOR, a.Recur("case-1"), START + 100_001)
    (asked,) = following(linked)
    assert (asked.case, asked.action) == ("case-1", a.NoteRecurrence("case-2"))
    assert old.act(REACTOR, asked.action, START + 100_002).outcome is Outcome.ACCEPTED
    assert old.act(REACTOR, asked.action, START + 100_003).outcome is Outcome.UNCHANGED
    assert old.file.case is not None
    assert old.file.case.recurred_by == ("case-2",)


def test_a_refusal_comes_back_and_takes_the_link_away() -> None:
    old, new = dispatched(), reported()
    (asked,) = following(new.act(ACCEPTOR, a.Recur("case-1"), START + 100_001))
    refused = old.act(REACTOR, asked.action, START + 100_002)
    assert refused.rejection is not None
    assert refused.rejection.code is ReasonCode.WRONG_STATE
    (back,) = following(refused)
    assert (back.case, back.action) == ("case-2", a.DropRecurrence("case-1", "wrong_state"))
    new.act(REACTOR, back.action, START + 100_003)
    assert new.file.case is not None
    assert new.file.case.recurs is None
    assert new.act(ACCEPTOR, a.Recur("case-3"), START + 100_004).outcome is Outcome.ACCEPTED, "it may be linked anew"


def test_the_link_and_both_answers_are_told_whole() -> None:
    old, new = closed(), reported()
    linked = new.act(ACCEPTOR, a.Recur("case-1"), START + 100_001)
    assert linked.events == (Recurs(at_ms=START + 100_001, of="case-1", person="acceptor"),)
    noted = old.act(REACTOR, a.NoteRecurrence("case-2"), START + 100_002)
    assert noted.events == (RecurrenceNoted(at_ms=START + 100_002, by="case-2"),)
    dropped = new.act(REACTOR, a.DropRecurrence("case-1", "wrong_state"), START + 100_003)
    assert dropped.events == (RecurrenceDropped(at_ms=START + 100_003, of="case-1", reason="wrong_state"),)


def test_the_same_record_asks_for_the_same_thing_under_the_same_id() -> None:
    linked = reported().act(ACCEPTOR, a.Recur("case-1"), START + 100_001)
    assert [attempt.id for attempt in following(linked)] == [attempt.id for attempt in following(linked)]


def test_only_the_desk_links_and_only_once_and_never_to_itself() -> None:
    for who, of, code in (
        (HANDLER, "case-1", ReasonCode.WRONG_ROLE),
        (ACCEPTOR, "case-2", ReasonCode.LINKS_ITSELF),
    ):
        refused = reported().act(who, a.Recur(of), START + 100_001).rejection
        assert refused is not None
        assert refused.code is code
    desk = reported()
    desk.act(actor(Role.DISPATCHER), a.Recur("case-1"), START + 100_001)
    assert desk.act(ACCEPTOR, a.Recur("case-1"), START + 100_002).outcome is Outcome.UNCHANGED
    other = desk.act(ACCEPTOR, a.Recur("case-3"), START + 100_003).rejection
    assert other is not None
    assert other.code is ReasonCode.LINKED_ALREADY


def test_nobody_but_the_system_carries_between_cases() -> None:
    for action in (a.NoteRecurrence("case-9"), a.DropRecurrence("case-9", "wrong_state")):
        for who in (ACCEPTOR, SHIFT_HEAD, actor(Role.LEADER), actor(Role.HANDLER, "x", TEAM)):
            refused = closed().act(who, action, START + 100_001).rejection
            assert refused is not None
            assert refused.code is ReasonCode.WRONG_ROLE
