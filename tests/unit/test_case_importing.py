"""Imported history: one action, a whole past, decided step by step with the source's own times."""

from __future__ import annotations

import pytest

from domain.case import actions as a
from domain.case.events import (
    Accepted,
    Acknowledged,
    CaseEvent,
    CheckFailed,
    CheckPassed,
    CheckSent,
    ClockExtended,
    ClockNear,
    ClockOverdue,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    Closed,
    CoDone,
    Declined,
    Dispatched,
    ExtensionDecided,
    ExtensionRequested,
    Filed,
    Handled,
    Imported,
    Progressed,
    Reported,
    Returned,
)
from domain.case.values import (
    Channel,
    ClockKind,
    ClockVerdict,
    CloseKind,
    DeclineReason,
    ExtensionReason,
    FailReason,
    Place,
    ReturnReason,
    Role,
    Source,
    Stage,
    Status,
)
from eventlog.record import DecisionRecord, Outcome
from tests.support.city import GRID, TEAM, URBAN, actor, ms
from tests.support.desk import Desk

MINUTE = 60_000
AT = ms("2018-10-15T09:00")
NOW = ms("2018-10-20T09:00")
REPORT = a.Report(Place(GRID), Channel.HOTLINE, "010101", "a broken cover")
ACCEPT, FILE, ACKNOWLEDGE = a.Accept(), a.File("010101", "02"), a.Acknowledge()
TO_TEAM, TO_BOTH = a.Dispatch(TEAM), a.Dispatch(TEAM, (URBAN,))
MORE, YES = a.RequestExtension(ExtensionReason.WEATHER, "1WH"), a.DecideExtension(granted=True)
BACK = a.Return(ReturnReason.NOT_OURS)


def step(do: a.StepAction, minute: int | None, unit: str | None = None) -> a.Step:
    return a.Step(do, None if minute is None else AT + minute * MINUTE, unit)


def imported(*steps: a.Step, deadline_ms: int | None = None, as_of_ms: int | None = None) -> DecisionRecord:
    """What is told of a past that was opened on Monday at 9; it has to be accepted."""
    past = a.ImportCase(Source("old", "1"), REPORT, AT, steps, deadline_ms, as_of_ms)
    record = Desk().act(actor(Role.IMPORTER, "boss"), past, NOW)
    assert record.outcome is Outcome.ACCEPTED, record.rejection
    return record


def at(minute: int) -> int:
    return AT + minute * MINUTE


def started(minute: int, clock: ClockKind, limit: str = "15UM", holder: str = "desk:0") -> ClockStarted:
    """A clock that starts on Monday morning with so many minutes, all of which count."""
    whole_ms = int(limit[:-2]) * MINUTE
    due_ms, near_ms = at(minute) + whole_ms, at(minute) + whole_ms * 4 // 5
    unit = holder.removeprefix("unit:") if holder.startswith("unit:") else None
    return ClockStarted(
        at_ms=at(minute), clock=clock, holder=holder, unit=unit, limit=limit, deadline_ms=due_ms, near_ms=near_ms
    )


def four_hours(clock: ClockKind, unit: str) -> ClockStarted:
    """The clock of a party since Monday 9:03, over noon."""
    started_ms, due_ms, near_ms = at(3), ms("2018-10-15T15:03"), ms("2018-10-15T14:15")
    return ClockStarted(
        at_ms=started_ms,
        clock=clock,
        holder=f"unit:{unit}",
        unit=unit,
        limit="4WH",
        deadline_ms=due_ms,
        near_ms=near_ms,
    )


def stopped(minute: int, clock: ClockKind, used: int, unit: str | None = None) -> ClockStopped:
    return ClockStopped(at_ms=at(minute), clock=clock, unit=unit, verdict=ClockVerdict.MET, used_ms=used * MINUTE)


def of(record: DecisionRecord, *kinds: type[CaseEvent]) -> list[CaseEvent]:
    return [event for event in record.events if isinstance(event, kinds)]


def test_a_past_begins_at_the_citys_desk_with_the_sources_name_and_number() -> None:
    record = imported(as_of_ms=AT)
    assert record.events == (
        Reported(
            at_ms=AT,
            number="20261124-00-0001",
            level=0,
            channel=Channel.HOTLINE,
            place=Place(GRID),
            discoverer="boss#reporter",
            case_class="010101",
            text="a broken cover",
        ),
        Imported(at_ms=NOW, source=Source("old", "1"), as_of_ms=AT),
        started(0, ClockKind.ACCEPT),
    )


def test_an_open_past_is_judged_as_of_the_instant_that_is_named_or_else_of_now() -> None:
    assert of(imported(as_of_ms=at(15)), ClockNear, ClockOverdue) == [ClockNear(at_ms=at(12), clock=ClockKind.ACCEPT)]
    told = imported()
    assert of(told, Imported) == [Imported(at_ms=NOW, source=Source("old", "1"), as_of_ms=NOW)]
    assert of(told, ClockOverdue) == [ClockOverdue(at_ms=at(15), clock=ClockKind.ACCEPT)]


def test_a_whole_past_is_told_as_if_it_had_been_done_here() -> None:
    """Every step that a source may state, a minute or more apart, each by the stand-in of its role."""
    record = imported(
        step(ACCEPT, 1),
        step(FILE, 2),
        step(TO_BOTH, 3),
        step(ACKNOWLEDGE, 4),
        step(ACKNOWLEDGE, 5, URBAN),
        step(a.Progress(Stage.ON_SCENE), 6, URBAN),
        step(a.CoDone("done"), 7, URBAN),
        step(a.Handle("mended"), 8),
        step(a.SendCheck("chen"), 9),
        step(a.FailCheck(FailReason.BADLY_DONE), 10),
        step(a.Handle("mended again"), 11),
        step(a.SendCheck("wu"), 12),
        step(a.PassCheck(), 13),
        step(a.Close(), 14),
    )
    assert record.events[2:] == (
        started(0, ClockKind.ACCEPT),
        Accepted(at_ms=at(1)),
        stopped(1, ClockKind.ACCEPT, 1),
        started(1, ClockKind.FILE),
        Filed(at_ms=at(2), case_class="010101", condition="02", rulebook=record.rulebook, limit="4WH"),
        stopped(2, ClockKind.FILE, 1),
        started(2, ClockKind.DISPATCH),
        Dispatched(at_ms=at(3), lead=TEAM, co_handlers=(URBAN,)),
        stopped(3, ClockKind.DISPATCH, 1),
        four_hours(ClockKind.HANDLE, TEAM),
        started(3, ClockKind.ACKNOWLEDGE, "60WM", f"unit:{TEAM}"),
        four_hours(ClockKind.CO_HANDLE, URBAN),
        started(3, ClockKind.ACKNOWLEDGE, "60WM", f"unit:{URBAN}"),
        Acknowledged(at_ms=at(4), unit=TEAM, person="boss#handler"),
        stopped(4, ClockKind.ACKNOWLEDGE, 1, TEAM),
        Acknowledged(at_ms=at(5), unit=URBAN, person=f"boss#unit:{URBAN}"),
        stopped(5, ClockKind.ACKNOWLEDGE, 2, URBAN),
        Progressed(at_ms=at(6), unit=URBAN, person=f"boss#unit:{URBAN}", stage=Stage.ON_SCENE),
        CoDone(at_ms=at(7), unit=URBAN, person=f"boss#unit:{URBAN}", result="done"),
        stopped(7, ClockKind.CO_HANDLE, 4, URBAN),
        Handled(at_ms=at(8), unit=TEAM, person="boss#handler", result="mended"),
        stopped(8, ClockKind.HANDLE, 5, TEAM),
        started(8, ClockKind.SEND_CHECK, "30UM"),
        CheckSent(at_ms=at(9), collector="chen"),
        stopped(9, ClockKind.SEND_CHECK, 1),
        started(9, ClockKind.CHECK, "30UM", "person:chen"),
        CheckFailed(at_ms=at(10), reason=FailReason.BADLY_DONE),
        stopped(10, ClockKind.CHECK, 1),
        ClockResumed(
            at_ms=at(10),
            clock=ClockKind.HANDLE,
            unit=TEAM,
            deadline_ms=ms("2018-10-15T15:05"),
            near_ms=ms("2018-10-15T14:17"),
        ),
        Handled(at_ms=at(11), unit=TEAM, person="boss#handler", result="mended again"),
        stopped(11, ClockKind.HANDLE, 6, TEAM),
        started(11, ClockKind.SEND_CHECK, "30UM"),
        CheckSent(at_ms=at(12), collector="wu"),
        stopped(12, ClockKind.SEND_CHECK, 1),
        started(12, ClockKind.CHECK, "30UM", "person:wu"),
        CheckPassed(at_ms=at(13)),
        stopped(13, ClockKind.CHECK, 1),
        started(13, ClockKind.CLOSE),
        Closed(at_ms=at(14), kind=CloseKind.NORMAL),
        stopped(14, ClockKind.CLOSE, 1),
    )


def test_a_past_that_was_turned_away_has_ended() -> None:
    record = imported(step(a.Decline(DeclineReason.DUPLICATE), 3))
    assert record.events[3:] == (
        Declined(at_ms=at(3), reason=DeclineReason.DUPLICATE),
        stopped(3, ClockKind.ACCEPT, 3),
    )


def test_more_time_in_a_past_was_granted_by_the_shift_head_then_by_a_leader() -> None:
    record = imported(
        *(step(do, 1) for do in (ACCEPT, FILE, TO_TEAM, ACKNOWLEDGE)),
        *(step(do, 2) for do in (MORE, YES, MORE, YES)),
        as_of_ms=at(2),
    )
    assert [event.person for event in of(record, ExtensionRequested) if isinstance(event, ExtensionRequested)] == [
        "boss#handler"
    ] * 2
    assert of(record, ExtensionDecided) == [
        ExtensionDecided(at_ms=at(2), person="boss#shift_head", granted=True),
        ExtensionDecided(at_ms=at(2), person="boss#leader", granted=True),
    ]
    assert len(of(record, ClockExtended)) == 2


def test_a_step_that_is_not_stated_has_no_time_and_starts_and_stops_no_stage_clock() -> None:
    record = imported(
        step(ACCEPT, None),
        step(FILE, 2),
        step(TO_TEAM, None),
        step(ACKNOWLEDGE, None),
        step(a.Handle(), 8),
        step(a.SendCheck("chen"), None),
        as_of_ms=at(8),
    )
    assert [event for event in record.events[2:] if not isinstance(event, Filed)] == [
        Accepted(at_ms=None),
        Dispatched(at_ms=None, lead=TEAM),
        ClockStarted(
            at_ms=at(2),
            clock=ClockKind.HANDLE,
            holder=f"unit:{TEAM}",
            unit=TEAM,
            limit="4WH",
            deadline_ms=ms("2018-10-15T15:02"),
            near_ms=ms("2018-10-15T14:14"),
        ),
        Acknowledged(at_ms=None, unit=TEAM, person="boss#handler"),
        Handled(at_ms=at(8), unit=TEAM, person="boss#handler"),
        stopped(8, ClockKind.HANDLE, 6, TEAM),
        CheckSent(at_ms=None, collector="chen"),
    ]


def test_a_stage_clock_that_a_stated_step_starts_runs_unless_its_own_end_is_not_stated() -> None:
    record = imported(
        *(step(do, 1) for do in (ACCEPT, FILE)), step(TO_TEAM, None), step(BACK, 5), step(TO_TEAM, 6), as_of_ms=at(6)
    )
    assert of(record, Returned) == [
        Returned(at_ms=at(5), unit=TEAM, person="boss#handler", reason=ReturnReason.NOT_OURS)
    ]
    assert [event for event in record.events if getattr(event, "clock", None) is ClockKind.DISPATCH] == [
        started(5, ClockKind.DISPATCH),
        stopped(6, ClockKind.DISPATCH, 1),
    ], "not the first time, whose end is not stated"


@pytest.mark.parametrize("again", [TEAM, URBAN])
def test_a_stated_deadline_is_the_leads_alone_and_final_whoever_leads(again: str) -> None:
    deadline_ms = at(24 * 60)
    record = imported(
        *(step(do, 0) for do in (ACCEPT, FILE, TO_BOTH, ACKNOWLEDGE)),
        step(BACK, 60),
        step(a.Dispatch(again), 70),
        deadline_ms=deadline_ms,
        as_of_ms=at(70),
    )
    leads = [event for event in of(record, ClockStarted, ClockResumed) if getattr(event, "clock", None) == "handle"]
    assert leads == [
        stated(0, TEAM, deadline_ms),
        stated(70, URBAN, deadline_ms)
        if again == URBAN
        else ClockResumed(
            at_ms=at(70), clock=ClockKind.HANDLE, unit=TEAM, deadline_ms=deadline_ms, near_ms=AT + 1152 * MINUTE
        ),
    ]
    [beside] = [e for e in of(record, ClockStarted) if getattr(e, "clock", None) is ClockKind.CO_HANDLE]
    assert isinstance(beside, ClockStarted)
    assert (beside.limit, beside.deadline_ms) == ("4WH", ms("2018-10-15T15:00"))


def stated(minute: int, unit: str, deadline_ms: int) -> ClockStarted:
    return ClockStarted(
        at_ms=at(minute),
        clock=ClockKind.HANDLE,
        holder=f"unit:{unit}",
        unit=unit,
        limit="stated",
        deadline_ms=deadline_ms,
        near_ms=at(minute) + (deadline_ms - at(minute)) * 4 // 5,
    )


def test_what_was_late_between_two_steps_is_told_before_the_later_one() -> None:
    record = imported(step(ACCEPT, 20), as_of_ms=at(20))
    assert record.events[3:6] == (
        ClockNear(at_ms=at(12), clock=ClockKind.ACCEPT),
        ClockOverdue(at_ms=at(15), clock=ClockKind.ACCEPT),
        Accepted(at_ms=at(20)),
    )


@pytest.mark.parametrize(
    ("steps", "allowed"),
    [
        ((FILE,), Status.ACCEPTED),
        ((ACCEPT, TO_TEAM), Status.FILED),
        ((ACCEPT, ACCEPT), Status.REPORTED),
        ((ACCEPT, a.PassCheck()), Status.CHECKING),
        ((ACCEPT, a.Close()), Status.CHECKED),
    ],
)
def test_a_past_out_of_the_order_of_the_work_is_refused(steps: tuple[a.StepAction, ...], allowed: Status) -> None:
    past = a.ImportCase(Source("old", "1"), REPORT, AT, tuple(step(do, 1) for do in steps))
    rejection = Desk().act(actor(Role.IMPORTER), past, NOW).rejection
    assert rejection is not None
    assert (rejection.code, rejection.detail) == ("wrong_state", {"allowed": [allowed]})


def test_nobody_handles_in_a_past_before_it_was_dispatched() -> None:
    past = a.ImportCase(Source("old", "1"), REPORT, AT, (step(ACCEPT, 1), step(ACKNOWLEDGE, 2)))
    rejection = Desk().act(actor(Role.IMPORTER), past, NOW).rejection
    assert rejection is not None
    assert (rejection.code, rejection.detail) == ("not_a_party", {"found": None, "allowed": []})
