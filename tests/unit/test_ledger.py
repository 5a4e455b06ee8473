"""The responsibility ledger, by worked examples: every second of a case has one holder or one pause."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain.case import actions as a
from domain.case.events import CaseEvent, ForceClosed, Noted, Reopened
from domain.case.evolve import evolve, fold
from domain.case.ledger import (
    Interval,
    Ledger,
    Pause,
    Round,
    Standing,
    elapsed_ms,
    extend,
    ledger_of,
    standing_of,
    sum_ms,
    tiles,
)
from domain.case.state import Case
from domain.case.values import (
    Actor,
    Channel,
    ClockKind,
    FailReason,
    Finding,
    ForceReason,
    Place,
    ReopenReason,
    ReturnReason,
    Role,
    Source,
    Stage,
    Status,
    SuspensionReason,
    Waiver,
)
from tests.support.city import GRID, TEAM, URBAN, actor, ms
from tests.support.desk import Desk
from tests.unit.test_case_self_handling import DONE, DRAWN, FREE, STAFF

MINUTE = 60_000
AT = ms("2018-10-15T09:00")
ACCEPTOR, SHIFT_HEAD, DISPATCHER = actor(Role.ACCEPTOR), actor(Role.SHIFT_HEAD), actor(Role.DISPATCHER)
HANDLER, CO_HANDLER = actor(Role.HANDLER, "li", TEAM), actor(Role.HANDLER, "he", URBAN)
COLLECTOR, LEADER = actor(Role.COLLECTOR, "chen"), actor(Role.LEADER)
HEAD, POLICE = actor(Role.GRID_HEAD, "zhang", level=2), "410183-police"
REPORT = a.Report(Place(GRID, 113.3, 34.5), Channel.HOTLINE, "010101")
Course = tuple[tuple[int, Actor, a.CaseAction], ...]
"""Minutes after AT, who, what."""
TO_WORK: Course = (
    (0, ACCEPTOR, REPORT),
    (2, ACCEPTOR, a.Accept()),
    (5, SHIFT_HEAD, a.File("010101", "02")),
    (9, DISPATCHER, a.Dispatch(TEAM, (URBAN,))),
    (14, HANDLER, a.Acknowledge()),
)
CHECKED: Course = (
    (40, HANDLER, a.Handle(without=(Waiver(URBAN, "x"),))),
    (45, ACCEPTOR, a.SendCheck("chen")),
    (55, COLLECTOR, a.PassCheck()),
    (60, SHIFT_HEAD, a.Close()),
)


SIGNED_AND_DONE: Course = (
    (14, HANDLER, a.Acknowledge()),
    (20, CO_HANDLER, a.Acknowledge()),
    (30, CO_HANDLER, a.CoDone()),
)


def lived(*course: tuple[int, Actor, a.CaseAction]) -> Desk:
    """A case that went so; every step has to be accepted by the rules."""
    desk = Desk()
    for minute, who, action in course:
        record = desk.act(who, action, AT + minute * MINUTE)
        assert record.rejection is None, (action, record.rejection)
    return desk


def events_of(desk: Desk) -> list[CaseEvent]:
    return [event for record in desk.records for event in record.events]


def ledger(desk: Desk) -> Ledger:
    found = ledger_of(events_of(desk))
    assert found is not None
    assert tiles(found.intervals, found.rounds)
    return found


def told(intervals: tuple[Interval, ...], from_ms: int = AT) -> list[str]:
    """Each interval in a line: minutes, holder or pause, status, clock."""
    return [
        f"{(i.from_ms - from_ms) // MINUTE}-{'' if i.to_ms is None else (i.to_ms - from_ms) // MINUTE} "
        f"{i.standing.holder or i.standing.pause} {i.standing.status} {i.clock or '-'}"
        for i in intervals
    ]


def test_from_report_to_close_each_stage_has_its_holder_and_its_clock() -> None:
    found = ledger(
        lived(
            *TO_WORK,
            (20, CO_HANDLER, a.Acknowledge()),
            (30, CO_HANDLER, a.CoDone()),
            (40, HANDLER, a.Handle()),
            (45, ACCEPTOR, a.SendCheck("chen")),
            (55, COLLECTOR, a.PassCheck()),
            (60, SHIFT_HEAD, a.Close()),
        )
    )
    assert told(found.intervals) == [
        "0-2 desk:0 reported accept",
        "2-5 desk:0 accepted file",
        "5-9 desk:0 filed dispatch",
        f"9-14 unit:{TEAM} dispatched handle",
        f"14-40 unit:{TEAM} handling handle",
        "40-45 desk:0 handled send_check",
        "45-55 person:chen checking check",
        "55-60 desk:0 checked close",
    ]
    assert told(found.lanes) == [f"9-30 unit:{URBAN} dispatched co_handle"], "outside the sum"
    assert found.rounds == (Round(1, AT, AT + 60 * MINUTE),)
    assert sum_ms(found.intervals, 0) == elapsed_ms(found.rounds, 0) == 60 * MINUTE
    assert [i.version for i in found.intervals] == sorted({i.version for i in found.intervals})


def test_a_returned_case_is_the_dispatchers_until_another_unit_gets_it() -> None:
    found = ledger(
        lived(
            *TO_WORK,
            (30, HANDLER, a.Return(ReturnReason.NOT_OURS)),
            (38, DISPATCHER, a.Dispatch(URBAN)),
        )
    )
    assert told(found.intervals)[4:] == [
        f"14-30 unit:{TEAM} handling handle",
        "30-38 desk:0 filed dispatch",
        f"38- unit:{URBAN} dispatched handle",
    ]
    assert told(found.lanes) == [f"9-30 unit:{URBAN} dispatched co_handle"]
    as_of = AT + 50 * MINUTE
    assert sum_ms(found.intervals, as_of) == elapsed_ms(found.rounds, as_of) == 50 * MINUTE


def test_while_it_is_suspended_nobody_holds_it_and_it_goes_on_at_the_instant_that_was_granted() -> None:
    until = AT + 100 * MINUTE
    desk = lived(
        *TO_WORK,
        (20, HANDLER, a.RequestSuspension(SuspensionReason.SEASON, until)),
        (25, LEADER, a.DecideSuspension(granted=True)),
        (500, HANDLER, a.Note("noticed late")),
    )
    found = ledger(desk)
    assert told(found.intervals)[4:] == [
        f"14-25 unit:{TEAM} handling handle",
        "25-100 suspended suspended -",
        f"100- unit:{TEAM} handling handle",
    ]
    assert found.intervals[5].standing.pause is Pause.SUSPENDED
    assert told(found.lanes) == [f"9-25 unit:{URBAN} dispatched co_handle", f"100- unit:{URBAN} handling co_handle"]


def test_rework_is_the_leads_again_and_that_of_the_co_handlers_named() -> None:
    found = ledger(
        lived(
            *TO_WORK,
            (20, CO_HANDLER, a.Acknowledge()),
            (30, CO_HANDLER, a.CoDone()),
            (40, HANDLER, a.Handle()),
            (45, ACCEPTOR, a.SendCheck("chen")),
            (55, COLLECTOR, a.FailCheck(FailReason.NOT_DONE, (URBAN,))),
            (70, LEADER, a.ForceClose(ForceReason.IN_COURT, "x")),
        )
    )
    assert told(found.intervals)[5:] == [
        "40-45 desk:0 handled send_check",
        "45-55 person:chen checking check",
        f"55-70 unit:{TEAM} handling handle",
    ]
    assert told(found.lanes) == [f"9-30 unit:{URBAN} dispatched co_handle", f"55-70 unit:{URBAN} handling co_handle"]


def test_whoever_verifies_before_filing_holds_it_meanwhile_and_another_lead_from_then_on() -> None:
    found = ledger(
        lived(
            (0, ACCEPTOR, REPORT),
            (3, ACCEPTOR, a.RequestVerification("chen")),
            (8, COLLECTOR, a.GiveVerification(Finding.TRUE)),
            (10, ACCEPTOR, a.Accept()),
            (10, SHIFT_HEAD, a.File("010101", "02")),
            (12, DISPATCHER, a.Dispatch(TEAM)),
            (15, DISPATCHER, a.Reassign(URBAN)),
        )
    )
    assert told(found.intervals) == [
        "0-3 desk:0 reported accept",
        "3-8 person:chen verifying verify",
        "8-10 desk:0 reported accept",
        "10-12 desk:0 filed dispatch",
        f"12-15 unit:{TEAM} dispatched handle",
        f"15- unit:{URBAN} dispatched handle",
    ], "what took no time is left out"


def imported(*steps: a.Step, as_of: int | None = None) -> Desk:
    """A past case that was opened at AT."""
    desk = Desk()
    past = a.ImportCase(Source("old", "1"), REPORT, AT, steps, None, as_of)
    record = desk.act(actor(Role.IMPORTER), past, AT + 900 * MINUTE)
    assert record.rejection is None, record.rejection
    return desk


def step(action: a.StepAction, minute: int | None, unit: str | None = None) -> a.Step:
    return a.Step(action, None if minute is None else AT + minute * MINUTE, unit)


FILE, TO_TEAM = a.File("010101", "02"), a.Dispatch(TEAM, (URBAN,))


def test_the_span_of_steps_that_the_source_does_not_state_goes_to_the_last_stated_holder() -> None:
    found = ledger(
        imported(
            step(a.Accept(), None),
            step(FILE, None),
            step(TO_TEAM, 30),
            step(a.Acknowledge(), None),
            step(a.Acknowledge(), 40, URBAN),
            step(a.CoDone(), 50, URBAN),
            step(a.Handle(), 60),
            step(a.SendCheck("chen"), None),
            step(a.PassCheck(), None),
            step(a.Close(), 90),
        )
    )
    assert told(found.intervals) == [
        "0-30 desk:0 reported -",
        f"30-60 unit:{TEAM} dispatched handle",
        "60-90 desk:0 handled -",
    ]
    assert told(found.lanes) == [f"30-50 unit:{URBAN} dispatched co_handle"]


def test_a_past_of_which_only_the_ends_are_stated_is_the_desks_from_end_to_end() -> None:
    silent = [step(action, None) for action in (a.Accept(), FILE, a.Dispatch(TEAM), a.Acknowledge(), a.Handle())]
    silent += [step(a.SendCheck("chen"), None), step(a.PassCheck(), None)]
    found = ledger(imported(*silent, step(a.Close(), 90)))
    assert told(found.intervals) == ["0-90 desk:0 reported -"]
    assert elapsed_ms(found.rounds, 0) == 90 * MINUTE

    unended = ledger(imported(step(a.Accept(), 10), *silent[1:], step(a.Close(), None)))
    assert told(unended.intervals) == ["0-10 desk:0 reported accept"], "it ends where its last instant is stated"
    assert unended.rounds == (Round(1, AT, AT + 10 * MINUTE),)


def test_an_open_past_goes_on_with_what_is_done_after_the_import() -> None:
    desk = imported(step(a.Accept(), 10), step(FILE, 20), step(a.Dispatch(TEAM), None))
    assert told(ledger(desk).intervals)[-1] == "20- desk:0 filed -", "who got it has not been stated by any time"
    desk.act(HANDLER, a.Acknowledge(), AT + 1_000 * MINUTE)
    assert told(ledger(desk).intervals)[-2:] == [
        "20-1000 desk:0 filed -",
        f"1000- unit:{TEAM} handling handle",
    ]


def test_a_merger_that_is_taken_back_was_a_pause_of_the_same_round() -> None:
    desk = lived(*TO_WORK, (20, DISPATCHER, a.Merge("case-2")))
    ended = ledger(desk)
    assert (ended.rounds, ended.current) == ((Round(1, AT, AT + 20 * MINUTE),), None)
    assert desk.act(DISPATCHER, a.Unmerge(), AT + 50 * MINUTE).rejection is None
    found = ledger(desk)
    assert told(found.intervals)[4:] == [
        f"14-20 unit:{TEAM} handling handle",
        "20-50 merged merged -",
        f"50- unit:{TEAM} handling handle",
    ]
    assert found.intervals[5].standing.pause is Pause.MERGED
    assert told(found.lanes) == [f"9-20 unit:{URBAN} dispatched co_handle", f"50- unit:{URBAN} handling co_handle"]
    assert found.rounds == (Round(1, AT),)
    assert len({i.version for i in found.intervals}) == len(found.intervals)


def test_a_pause_that_ended_while_the_case_was_part_of_another_is_over_when_it_goes_on() -> None:
    found = ledger(
        lived(
            *TO_WORK,
            (20, HANDLER, a.RequestSuspension(SuspensionReason.SEASON, AT + 100 * MINUTE)),
            (25, LEADER, a.DecideSuspension(granted=True)),
            (30, DISPATCHER, a.Merge("case-2")),
            (200, DISPATCHER, a.Unmerge()),
        )
    )
    assert told(found.intervals)[5:] == [
        "25-30 suspended suspended -",
        "30-200 merged merged -",
        f"200- unit:{TEAM} handling handle",
    ]


def test_a_case_that_is_opened_again_has_a_second_round_and_the_time_between_belongs_to_nobody() -> None:
    found = ledger(
        lived(
            *TO_WORK,
            (20, LEADER, a.ForceClose(ForceReason.IN_COURT, "x")),
            (50, LEADER, a.Reopen(ReopenReason.AUDIT)),
            (55, DISPATCHER, a.Dispatch(URBAN)),
        )
    )
    assert found.rounds == (Round(1, AT, AT + 20 * MINUTE), Round(2, AT + 50 * MINUTE))
    assert told(found.intervals)[5:] == ["50-55 desk:0 filed dispatch", f"55- unit:{URBAN} dispatched handle"]
    assert [i.round for i in found.intervals] == [1] * 5 + [2] * 2
    as_of = AT + 60 * MINUTE
    assert sum_ms(found.intervals, as_of) == elapsed_ms(found.rounds, as_of) == 30 * MINUTE


def test_folded_on_from_its_tail_it_needs_only_what_is_open() -> None:
    found = ledger(lived(*TO_WORK, (20, CO_HANDLER, a.Acknowledge()), (30, CO_HANDLER, a.CoDone())))
    assert found.tail() == replace(found, intervals=found.intervals[-1:], lanes=())
    two = ledger(lived(*TO_WORK[:3], (9, DISPATCHER, a.Dispatch(TEAM, (URBAN, POLICE))), *SIGNED_AND_DONE))
    assert two.tail() == replace(two, intervals=two.intervals[-1:], lanes=two.lanes[-1:])


def test_each_co_handler_has_a_lane_that_ends_with_its_own_part() -> None:
    found = ledger(lived(*TO_WORK[:3], (9, DISPATCHER, a.Dispatch(TEAM, (URBAN, POLICE))), *SIGNED_AND_DONE))
    assert told(found.lanes) == [
        f"9-30 unit:{URBAN} dispatched co_handle",
        f"9- unit:{POLICE} dispatched co_handle",
    ]


def test_an_interval_says_at_which_level_and_in_which_round_and_has_a_number_of_its_own() -> None:
    """A village's case, in its second round, while it is part of another one."""
    desk = lived(
        (0, COLLECTOR, replace(REPORT, channel=Channel.PATROL)),
        (2, HEAD, a.Accept()),
        (5, HEAD, a.File("010101", "02")),
        (6, LEADER, a.ForceClose(ForceReason.IN_COURT, "x")),
        (10, LEADER, a.Reopen(ReopenReason.AUDIT)),
        (12, HEAD, a.Dispatch(TEAM, (URBAN,))),
        (20, HEAD, a.Merge("case-2")),
        (50, HEAD, a.Unmerge()),
        (60, LEADER, a.ForceClose(ForceReason.IN_COURT, "x")),
    )
    found = ledger(desk)
    assert {one.standing.level for one in (*found.intervals, *found.lanes)} == {2}
    assert [one.round for one in (*found.intervals, *found.lanes)] == [1, 1, 1, 2, 2, 2, 2, 2, 2]
    assert found.rounds == (Round(1, AT, AT + 6 * MINUTE), Round(2, AT + 10 * MINUTE, AT + 60 * MINUTE))
    kinds = [type(event).__name__ for event in events_of(desk)]
    at_merge, at_unmerge = kinds.index("Merged"), kinds.index("Unmerged")
    assert found.intervals[-2] == Interval(
        at_unmerge,
        2,
        AT + 20 * MINUTE,
        AT + 50 * MINUTE,
        Standing(None, 2, Status.MERGED, Pause.MERGED),
    ), "a pause has the number of the last event before it ended"
    starts = [n for n, event in enumerate(events_of(desk)) if getattr(event, "clock", None) is ClockKind.CO_HANDLE]
    began, went_on = starts[0] + 1, starts[2] + 1
    assert starts[0] < at_merge < at_unmerge < starts[2]
    assert found.lanes == tuple(
        Interval(version, 2, AT + minute * MINUTE, AT + end * MINUTE, beside, ClockKind.CO_HANDLE)
        for version, minute, end, beside in (
            (began, 12, 20, Standing(f"unit:{URBAN}", 2, Status.DISPATCHED)),
            (went_on, 50, 60, Standing(f"unit:{URBAN}", 2, Status.DISPATCHED)),
        )
    )


def test_a_merger_that_took_no_time_leaves_no_pause() -> None:
    found = ledger(lived(*TO_WORK, (20, DISPATCHER, a.Merge("case-2")), (20, DISPATCHER, a.Unmerge())))
    assert told(found.intervals)[4:] == [f"14-20 unit:{TEAM} handling handle", f"20- unit:{TEAM} handling handle"]


@pytest.mark.parametrize(("case_id", "clock"), [(FREE, "close"), (DRAWN, "send_check")])
def test_what_grid_staff_did_waits_for_its_close_or_for_the_check_it_was_drawn_for(case_id: str, clock: str) -> None:
    desk = Desk(case_id)
    desk.act(STAFF, a.Report(Place(GRID), Channel.PATROL, "030101"), AT)
    desk.act(STAFF, DONE, AT + 5 * MINUTE)
    assert told(ledger(desk).intervals) == ["0-5 desk:2 reported accept", f"5- desk:2 handled {clock}"]


def test_nothing_has_passed_before_it_began() -> None:
    found = ledger(lived(*TO_WORK))
    assert sum_ms(found.intervals[-1:], AT) == 0
    assert elapsed_ms(found.rounds, AT - 1) == 0


def test_a_past_ends_at_the_last_instant_that_is_stated_also_one_that_makes_no_boundary() -> None:
    silent = (a.Handle(), a.SendCheck("chen"), a.PassCheck(), a.Close())
    found = ledger(
        imported(
            step(a.Accept(), 10),
            step(FILE, 20),
            step(a.Dispatch(TEAM), 30),
            step(a.Acknowledge(), 35),
            step(a.Progress(Stage.ON_SCENE), 40),
            *(step(action, None) for action in silent),
        )
    )
    assert told(found.intervals)[-1] == f"35-40 unit:{TEAM} handling handle"
    assert found.rounds == (Round(1, AT, AT + 40 * MINUTE),)


def test_what_came_back_before_any_time_was_stated_never_left() -> None:
    steps = (step(a.Accept(), 10), step(FILE, 20), step(a.Dispatch(TEAM), None))
    found = ledger(imported(*steps, step(a.Return(ReturnReason.NOT_OURS), 40)))
    assert told(found.intervals)[2:] == ["20- desk:0 filed dispatch"]


def after_these(*events: CaseEvent) -> Ledger:
    """The ledger of a case that was filed at minute 10, after these events, in this order."""
    found, case = filed()
    for event in events:
        now = evolve(case, event)
        found, case = extend(found, case, now, event), now
    assert tiles(found.intervals, found.rounds)
    return found


def ended(minute: int) -> ForceClosed:
    return ForceClosed(at_ms=AT + minute * MINUTE, person="x", reason=ForceReason.IN_COURT, text="x")


def opened(minute: int) -> Reopened:
    at_ms = AT + minute * MINUTE
    return Reopened(
        at_ms=at_ms, person="x", reason=ReopenReason.AUDIT, case_class="010101", condition="02", rulebook="1"
    )


def test_where_instants_run_back_no_boundary_does_and_a_round_opens_after_the_one_before() -> None:
    """Each event has an instant of its own; where one lies before the last boundary, the next is there."""
    for events, ends, opens in (
        ((noted(30), ended(25)), 25, None),
        ((ended(4),), 10, None),
        ((ended(25), noted(40), opened(35)), 25, 35),
        ((ended(25), opened(20)), 25, 25),
    ):
        found = after_these(*events)
        assert found.rounds[0].ended_ms == AT + ends * MINUTE
        assert [one.opened_ms for one in found.rounds[1:]] == ([] if opens is None else [AT + opens * MINUTE])


def filed(minute: int = 10) -> tuple[Ledger, Case]:
    desk = lived((0, ACCEPTOR, REPORT), (2, ACCEPTOR, a.Accept()), (minute, SHIFT_HEAD, a.File("010101", "02")))
    case = fold(None, events_of(desk))
    assert case is not None
    return ledger(desk), case


def noted(minute: int) -> Noted:
    return Noted(at_ms=AT + minute * MINUTE, person="x", text="x")


def test_an_instant_before_the_last_boundary_is_taken_as_that_boundary() -> None:
    before, case = filed()
    found = extend(before, case, replace(case, status=Status.ACCEPTED, version=case.version + 1), noted(4))
    assert told(found.intervals) == ["0-2 desk:0 reported accept", "2-10 desk:0 accepted file", "10- desk:0 accepted -"]
    assert tiles(found.intervals, found.rounds)


@pytest.mark.parametrize("flaw", ["hole", "overlap", "late", "early", "stranger", "empty"])
def test_a_flaw_of_the_tiling_is_seen(flaw: str) -> None:
    found = ledger(lived(*TO_WORK, (20, LEADER, a.ForceClose(ForceReason.IN_COURT, "x"))))
    first, second, *rest = found.intervals
    flawed = {
        "hole": (first, replace(second, from_ms=second.from_ms + 1), *rest),
        "overlap": (first, replace(second, from_ms=second.from_ms - 1), *rest),
        "late": (first, second),
        "early": (second, *rest),
        "stranger": (*found.intervals, replace(first, round=2)),
        "empty": (replace(first, to_ms=first.from_ms), first, second, *rest),
    }
    assert not tiles(flawed[flaw], found.rounds)


def test_every_open_state_has_a_holder_or_is_a_pause_and_every_ended_one_neither() -> None:
    desk = lived(*TO_WORK)
    case = fold(None, events_of(desk))
    assert case is not None
    for status in Status:
        standing = standing_of(replace(case, status=status))
        if replace(case, status=status).open:
            assert standing is not None
            assert (standing.holder is None) is (standing.pause is not None), status
        else:
            assert standing is None, status


def test_what_is_done_alongside_moves_no_boundary() -> None:
    before, case = filed()
    event = noted(30)
    after = extend(before, case, evolve(case, event), event)
    assert (after.intervals, after.rounds) == (before.intervals, before.rounds)
    assert before.current is not None
    assert before.current.clock is ClockKind.DISPATCH
