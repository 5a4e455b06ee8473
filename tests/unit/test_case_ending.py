"""The ends that are not the usual one: not filed, void, closed by a leader. Ending a case hides no breach."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import msgspec
import pytest

from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.events import ClockStopped, ExtensionDropped, FilingRefused, ForceClosed, Voided
from domain.case.state import Case
from domain.case.values import (
    OPEN_STATUSES,
    Actor,
    Channel,
    ClockKind,
    ClockVerdict,
    DropCause,
    ExtensionReason,
    FilingRefusal,
    ForceReason,
    Place,
    ReturnReason,
    Role,
    Status,
    VoidReason,
    Waiver,
)
from eventlog.record import DecisionRecord, encode
from eventlog.stored import Entry, Stored
from projections.board import Counts, counted
from projections.steps import Folder, Step
from tests.support.city import GRID, TEAM, URBAN, actor, ms
from tests.support.desk import Desk
from tests.unit.test_case import (
    ACCEPTOR,
    COLLECTOR,
    DISPATCHER,
    HANDLER,
    SHIFT_HEAD,
    START,
    dispatched,
)
from tests.unit.test_case_suspension import suspended
from tests.unit.test_case_verification import verifying

LEADER = actor(Role.LEADER)
LATE = ms("2018-10-15T17:00") + 1
HOUR = 3_600_000
VOID = a.Void(VoidReason.REPORTED_IN_ERROR)
FORCE = a.ForceClose(ForceReason.CANNOT_BE_DONE, "the building was pulled down")
REFUSE = a.RefuseFiling(FilingRefusal.BELOW_CONDITION)
ENDS = ((SHIFT_HEAD, VOID, Status.VOID), (LEADER, FORCE, Status.CLOSED))
STEPS: tuple[Callable[[Desk, int], object], ...] = (
    lambda desk, at: desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), at),
    lambda desk, at: desk.act(ACCEPTOR, a.Accept(), at),
    lambda desk, at: desk.act(SHIFT_HEAD, a.File("010101", "02"), at),
    lambda desk, at: desk.act(DISPATCHER, a.Dispatch(TEAM, (URBAN,)), at),
    lambda desk, at: desk.act(HANDLER, a.Acknowledge(), at),
    lambda desk, at: desk.act(HANDLER, a.Handle(without=(Waiver(URBAN, "on leave"),)), at),
    lambda desk, at: desk.act(ACCEPTOR, a.SendCheck("chen"), at),
    lambda desk, at: desk.act(COLLECTOR, a.PassCheck(), at),
)


def came_to(steps: int) -> Desk:
    """A case after so many steps of the usual way, a minute each."""
    desk = Desk()
    for number, step in enumerate(STEPS[:steps]):
        step(desk, START + number * 60_000)
    return desk


def case_of(desk: Desk) -> Case:
    assert desk.file.case is not None
    return desk.file.case


def refused(record: DecisionRecord) -> ReasonCode | None:
    return record.rejection.code if record.rejection else None


def test_the_shift_head_does_not_file_what_was_accepted_and_the_case_ends() -> None:
    desk = came_to(2)
    assert refused(desk.act(ACCEPTOR, REFUSE, START + 120_000)) is ReasonCode.WRONG_ROLE
    assert refused(desk.act(SHIFT_HEAD, REFUSE, START + 120_000)) is None
    clock = case_of(desk).clock(ClockKind.FILE)
    assert clock is not None
    assert (case_of(desk).status, clock.running, clock.verdict) == (Status.NOT_FILED, False, ClockVerdict.MET)
    assert case_of(desk).ended_ms == START + 120_000


def test_each_end_tells_who_made_it_and_why_and_what_became_of_the_clocks() -> None:
    at_ms = START + 120_000
    refusing = a.RefuseFiling(FilingRefusal.OUTSIDE_DUTIES, "the railway's")
    assert came_to(2).act(SHIFT_HEAD, refusing, at_ms).events == (
        FilingRefused(at_ms=at_ms, person="shift_head", reason=FilingRefusal.OUTSIDE_DUTIES, text="the railway's"),
        ClockStopped(at_ms=at_ms, clock=ClockKind.FILE, verdict=ClockVerdict.MET, used_ms=60_000),
    )
    waived = ClockStopped(at_ms=at_ms, clock=ClockKind.FILE, verdict=ClockVerdict.WAIVED, used_ms=60_000)
    assert came_to(2).act(SHIFT_HEAD, a.Void(VoidReason.TRIAL, "a drill"), at_ms).events == (
        Voided(at_ms=at_ms, person="shift_head", reason=VoidReason.TRIAL, text="a drill"),
        waived,
    )
    assert came_to(2).act(LEADER, FORCE, at_ms).events == (
        ForceClosed(
            at_ms=at_ms, person="leader", reason=ForceReason.CANNOT_BE_DONE, text="the building was pulled down"
        ),
        waived,
    )


@pytest.mark.parametrize("steps", [step for step in range(1, 9) if step != 2])
def test_only_what_waits_for_filing_can_be_refused_it(steps: int) -> None:
    assert refused(came_to(steps).act(SHIFT_HEAD, REFUSE, LATE)) is ReasonCode.WRONG_STATE


@pytest.mark.parametrize(("who", "action", "status"), ENDS)
def test_from_any_open_state_it_ends_and_no_clock_is_left(who: Actor, action: a.CaseAction, status: Status) -> None:
    seen = set[Status]()
    for desk in (*(came_to(steps) for steps in range(1, len(STEPS) + 1)), suspended(), verifying()):
        seen.add(case_of(desk).status)
        assert refused(desk.act(who, action, START + HOUR)) is None
        assert case_of(desk).status is status
        assert not [clock for clock in case_of(desk).clocks if clock.running or clock.paused]
        assert case_of(desk).next_due_ms is None
        assert refused(desk.act(SHIFT_HEAD, VOID, START + HOUR)) is ReasonCode.WRONG_STATE, "it has ended"
        assert refused(desk.act(LEADER, FORCE, START + HOUR)) is ReasonCode.WRONG_STATE
    assert seen == OPEN_STATUSES


@pytest.mark.parametrize(("who", "action", "_status"), ENDS)
def test_a_request_that_is_open_dies_and_a_clock_that_stands_still_is_waived(
    who: Actor, action: a.CaseAction, _status: Status
) -> None:
    asking = came_to(5)
    asking.act(HANDLER, a.RequestExtension(ExtensionReason.WEATHER, "2WH"), START + 300_000)
    ended = asking.act(who, action, START + HOUR)
    dropped = [event for event in ended.events if isinstance(event, ExtensionDropped)]
    assert [event.cause for event in dropped] == [DropCause.STATE_LEFT]

    returned = came_to(5)
    returned.act(HANDLER, a.Return(ReturnReason.NOT_OURS), START + 300_000)
    used = [clock.used_ms for clock in case_of(returned).clocks if clock.paused]
    returned.act(who, action, START + HOUR)
    stood = [
        case_of(returned).clock(kind, unit) for kind, unit in ((ClockKind.HANDLE, TEAM), (ClockKind.CO_HANDLE, URBAN))
    ]
    assert [clock and (clock.verdict, clock.used_ms) for clock in stood] == [(ClockVerdict.WAIVED, ms) for ms in used]


@pytest.mark.parametrize("returned", [False, True])
@pytest.mark.parametrize(("who", "action", "_status"), ENDS)
def test_a_breach_stays_one(who: Actor, action: a.CaseAction, _status: Status, returned: bool) -> None:
    desk = dispatched()
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    if returned:
        desk.act(HANDLER, a.Return(ReturnReason.NOT_OURS), LATE)
    desk.act(who, action, LATE)
    clock = case_of(desk).clock(ClockKind.HANDLE, TEAM)
    assert clock is not None
    assert (clock.overdue, clock.verdict) == (True, ClockVerdict.MISSED)


def test_each_end_has_its_own_hand() -> None:
    desk = dispatched()
    assert refused(desk.act(DISPATCHER, VOID, START + 1)) is ReasonCode.WRONG_ROLE
    assert refused(desk.act(SHIFT_HEAD, FORCE, START + 1)) is ReasonCode.WRONG_ROLE
    elsewhere = actor(Role.LEADER, scope="410183002")
    assert refused(desk.act(elsewhere, FORCE, START + 1)) is ReasonCode.OUT_OF_SCOPE
    assert case_of(desk).open


def totals(desk: Desk) -> dict[str, Counts]:
    """What the wall counts of the case, by day; days of which nothing is left are left out."""
    folder, days = Folder(0), dict[str, Counts]()
    for record in desk.records:
        stored = Stored(0, record.origin.offset, record.at_ms, desk.file.id.encode(), encode(record))
        step = folder.fold(Entry(stored, record))
        assert isinstance(step, Step)
        for (_, day), counts in counted(step, ZoneInfo("Asia/Shanghai")).items():
            days[day] = days.get(day, Counts()).plus(counts)
    return {day: counts for day, counts in days.items() if counts != Counts()}


@pytest.mark.parametrize(
    ("steps", "who", "action", "should", "handled", "closed"),
    [
        (5, SHIFT_HEAD, VOID, 0, 0, 0),
        (6, SHIFT_HEAD, VOID, 0, 0, 0),
        (2, LEADER, FORCE, 0, 0, 1),
        (5, LEADER, FORCE, 1, 0, 1),
        (6, LEADER, FORCE, 1, 1, 1),
        (8, LEADER, FORCE, 1, 1, 1),
    ],
)
def test_void_is_in_no_rate_and_a_forced_end_is_handled_only_if_it_was(
    steps: int, who: Actor, action: a.CaseAction, should: int, handled: int, closed: int
) -> None:
    desk = came_to(steps)
    desk.act(who, action, START + HOUR)
    assert totals(desk) == {"2018-10-15": Counts(accepted=1, closed=closed, should=should, handled=handled)}


def test_a_suspended_case_is_to_be_handled_on_the_day_that_it_goes_on_for_and_on_no_other() -> None:
    desk = suspended()
    assert totals(desk) == {"2018-10-15": Counts(accepted=1)}
    desk.act(DISPATCHER, a.Resume(), ms("2018-10-17T10:00"))
    assert totals(desk) == {"2018-10-15": Counts(accepted=1), "2018-10-17": Counts(should=1)}


def test_what_ends_while_it_is_suspended_is_no_days_duty_and_what_ends_while_it_is_returned_is() -> None:
    desk = suspended()
    desk.act(LEADER, FORCE, ms("2018-10-17T10:00"))
    assert totals(desk) == {"2018-10-15": Counts(accepted=1), "2018-10-17": Counts(closed=1)}
    returned = came_to(5)
    returned.act(HANDLER, a.Return(ReturnReason.NOT_OURS), START + 300_000)
    returned.act(LEADER, FORCE, START + HOUR)
    assert totals(returned) == {"2018-10-15": Counts(accepted=1, closed=1, should=1)}


def test_a_leader_says_on_what_grounds() -> None:
    asked = b'{"action":"force_close","reason":"in_court","text":"%s"}'
    assert msgspec.json.decode(asked % b"case 7", type=a.ForceClose).text == "case 7"
    with pytest.raises(msgspec.ValidationError, match=r"length >= 1"):
        msgspec.json.decode(asked % b"", type=a.ForceClose)
