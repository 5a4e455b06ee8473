"""The life of a case, told as the domain document tells it."""

from __future__ import annotations

from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.events import ClockNear, ClockOverdue
from domain.case.values import (
    NOTES_PER_CASE_MAX,
    Channel,
    ClockVerdict,
    CloseKind,
    FailReason,
    Photo,
    Place,
    Role,
    Status,
)
from eventlog.record import Outcome, decode, encode, record_hash
from tests.support.city import GRID, TEAM, URBAN, actor, ms
from tests.support.desk import Desk

ACCEPTOR = actor(Role.ACCEPTOR)
SHIFT_HEAD = actor(Role.SHIFT_HEAD)
DISPATCHER = actor(Role.DISPATCHER)
HANDLER = actor(Role.HANDLER, "li", TEAM)
SECOND = actor(Role.HANDLER, "wu", TEAM)
CO_HANDLER = actor(Role.HANDLER, "he", URBAN)
COLLECTOR = actor(Role.COLLECTOR, "chen")
START = ms("2018-10-15T11:00")


def dispatched(condition: str = "02", at_ms: int = START, co: tuple[str, ...] = ()) -> Desk:
    desk = Desk()
    desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), at_ms - 3)
    desk.act(ACCEPTOR, a.Accept(), at_ms - 2)
    desk.act(SHIFT_HEAD, a.File("010101", condition), at_ms - 1)
    assert desk.act(DISPATCHER, a.Dispatch(TEAM, co), at_ms).outcome is Outcome.ACCEPTED
    return desk


def status(desk: Desk) -> Status:
    assert desk.file.case is not None
    return desk.file.case.status


def test_a_case_goes_from_report_to_normal_close() -> None:
    desk = dispatched()
    for who, action in (
        (HANDLER, a.Acknowledge()),
        (HANDLER, a.Handle()),
        (ACCEPTOR, a.SendCheck("chen")),
        (COLLECTOR, a.PassCheck()),
        (SHIFT_HEAD, a.Close()),
    ):
        assert desk.act(who, action, START + 60_000).outcome is Outcome.ACCEPTED
    assert status(desk) is Status.CLOSED
    assert desk.file.case is not None
    assert desk.file.case.handling_clock is not None
    assert desk.file.case.handling_clock.verdict is ClockVerdict.MET


def test_the_worked_example_of_the_domain_document_keeps_its_minutes() -> None:
    desk = dispatched()
    desk.act(HANDLER, a.Acknowledge(), ms("2018-10-15T11:20"))
    desk.act(HANDLER, a.Handle(), ms("2018-10-15T15:30"))
    assert desk.file.case is not None
    assert desk.file.case.handling_clock is not None
    assert desk.file.case.handling_clock.used_ms == 150 * 60_000
    desk.act(ACCEPTOR, a.SendCheck("chen"), ms("2018-10-15T15:40"))
    desk.act(COLLECTOR, a.FailCheck(FailReason.NOT_DONE), ms("2018-10-15T16:10"))
    assert status(desk) is Status.HANDLING
    assert desk.file.case is not None
    clock = desk.file.case.handling_clock
    assert clock is not None
    assert clock.deadline_ms == ms("2018-10-15T17:40")


def test_the_second_member_who_acknowledges_learns_who_was_first() -> None:
    desk = dispatched()
    assert desk.act(HANDLER, a.Acknowledge(), START + 5).outcome is Outcome.ACCEPTED
    second = desk.act(SECOND, a.Acknowledge(), START + 6)
    assert second.outcome is Outcome.UNCHANGED
    assert second.detail["first_by"] == "li"


def test_done_at_the_deadline_is_on_time_and_a_millisecond_later_is_late() -> None:
    for late, kind in ((0, CloseKind.NORMAL), (1, CloseKind.OVERDUE)):
        desk = dispatched("01")
        desk.act(HANDLER, a.Acknowledge(), START + 1)
        desk.act(HANDLER, a.Handle(), START + 2 * 3_600_000 + late)
        desk.act(ACCEPTOR, a.SendCheck("chen"), START + 9_000_000)
        desk.act(COLLECTOR, a.PassCheck(), START + 9_000_001)
        closed = desk.act(SHIFT_HEAD, a.Close(), START + 9_000_002)
        assert getattr(closed.events[0], "kind", None) is kind


def test_what_fell_due_is_told_before_any_action_even_one_that_is_refused() -> None:
    desk = dispatched("01")
    record = desk.act(ACCEPTOR, a.Close(), START + 3 * 3_600_000)
    assert record.outcome is Outcome.REJECTED
    assert [type(e) for e in record.events if getattr(e, "clock", None) == "handle"] == [ClockNear, ClockOverdue]
    again = desk.act(actor(Role.SYSTEM, scope=""), a.Tick(), START + 3 * 3_600_000)
    assert (again.outcome, again.chained) == (Outcome.UNCHANGED, False)


def test_an_action_in_the_wrong_state_names_the_state_that_was_found() -> None:
    record = dispatched().act(SHIFT_HEAD, a.Close(), START + 1)
    assert record.rejection is not None
    assert (record.rejection.code, record.rejection.state) == (ReasonCode.WRONG_STATE, "dispatched")


def test_nobody_acts_outside_role_unit_and_scope() -> None:
    desk = dispatched()
    stranger = actor(Role.HANDLER, "x", "410183002-team")
    elsewhere = actor(Role.DISPATCHER, scope="410183002")
    for who, action, code in (
        (ACCEPTOR, a.Acknowledge(), ReasonCode.WRONG_ROLE),
        (stranger, a.Acknowledge(), ReasonCode.NOT_A_PARTY),
        (elsewhere, a.Note("x"), ReasonCode.OUT_OF_SCOPE),
    ):
        rejection = desk.act(who, action, START + 1).rejection
        assert rejection is not None
        assert rejection.code is code


def test_patrol_and_handling_are_kept_apart() -> None:
    desk = dispatched()
    finder = actor(Role.HANDLER, "acceptor", TEAM)
    refused = desk.act(finder, a.Acknowledge(), START + 1).rejection
    assert refused is not None
    assert refused.code is ReasonCode.DISCOVERER_MAY_NOT_HANDLE
    desk.act(HANDLER, a.Acknowledge(), START + 2)
    desk.act(HANDLER, a.Handle(), START + 3)
    refused = desk.act(ACCEPTOR, a.SendCheck("li"), START + 4).rejection
    assert refused is not None
    assert refused.code is ReasonCode.HANDLER_MAY_NOT_CHECK


def test_the_lead_cannot_finish_over_an_open_co_handler_without_a_reason() -> None:
    desk = dispatched(co=(URBAN,))
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    refused = desk.act(HANDLER, a.Handle(), START + 2).rejection
    assert refused is not None
    assert refused.detail["found"] == [URBAN]
    desk.act(CO_HANDLER, a.Acknowledge(), START + 3)
    desk.act(CO_HANDLER, a.CoDone(), START + 4)
    assert desk.act(HANDLER, a.Handle(), START + 5).outcome is Outcome.ACCEPTED


def test_the_same_id_is_repeated_and_the_same_id_with_other_content_refused() -> None:
    desk = dispatched()
    first = desk.act(HANDLER, a.Acknowledge(), START + 1, "one", "d1")
    repeated = desk.act(HANDLER, a.Acknowledge(), START + 2, "one", "d1")
    other = desk.act(HANDLER, a.Handle(), START + 3, "one", "d2")
    assert (repeated.outcome, repeated.first) == (Outcome.REPEATED, first.origin)
    assert other.rejection is not None
    assert other.rejection.code is ReasonCode.ACTION_ID_REUSED


def test_the_chain_links_every_effective_record_and_its_bytes_are_canonical() -> None:
    desk = dispatched()
    desk.act(SHIFT_HEAD, a.Close(), START + 1)
    head = None
    for record in desk.records:
        assert record.prev == head
        assert encode(decode(encode(record))) == encode(record)
        head = record_hash(encode(record))


def test_an_unknown_class_names_what_is_allowed() -> None:
    record = Desk().act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "999999"), START)
    assert record.rejection is not None
    assert record.rejection.code is ReasonCode.UNKNOWN_CLASS
    allowed = record.rejection.detail["allowed"]
    assert isinstance(allowed, list)
    assert "010101" in allowed


def test_remarks_and_evidence_share_one_limit_and_change_nothing_else() -> None:
    desk = dispatched()
    before = status(desk)
    photo = Photo("0" * 64)
    for number in range(NOTES_PER_CASE_MAX):
        action = a.Attach((photo,)) if number % 2 else a.Note("x")
        assert desk.act(HANDLER, action, START + number).outcome is Outcome.ACCEPTED
    assert status(desk) is before
    for action in (a.Attach((photo,)), a.Note("x")):
        refused = desk.act(HANDLER, action, START + 1_000).rejection
        assert refused is not None
        assert refused.code is ReasonCode.TOO_MANY_NOTES
    auditor = dispatched().act(actor(Role.AUDITOR), a.Attach((photo,)), START + 1).rejection
    assert auditor is not None
    assert auditor.code is ReasonCode.WRONG_ROLE
