"""The clocks of a case as they are shown: every span, every pause and by whose approval, in every round."""

from __future__ import annotations

from msgspec.structs import replace

from api.clocks import hms, shown
from domain.case import actions as a
from domain.case.clock_story import ClockStory, Extension, Span, counted, told, whole
from domain.case.values import (
    Channel,
    ClockKind,
    ClockVerdict,
    EscalationReason,
    ExtensionReason,
    FailReason,
    PauseCause,
    Place,
    ReopenReason,
    ReturnReason,
    Role,
)
from domain.worktime import WdRule
from tests.support.city import GRID, TEAM, URBAN, actor, ms, rules
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, COLLECTOR, DISPATCHER, HANDLER, SHIFT_HEAD, START, dispatched
from tests.unit.test_case_recurrence import closed
from tests.unit.test_case_suspension import FESTIVAL, suspended
from tests.unit.test_case_time import stated

MINUTE = 60_000


def stories(desk: Desk, kind: ClockKind = ClockKind.HANDLE) -> list[ClockStory]:
    return [one for one in told(e for record in desk.records for e in record.events) if one.clock is kind]


def worked_example() -> Desk:
    """The one of the domain document §4: 60 + 90 minutes, a failed check, a return, the same unit again."""
    desk = dispatched("02")
    for at, who, action in (
        ("2018-10-15T11:20", HANDLER, a.Acknowledge()),
        ("2018-10-15T15:30", HANDLER, a.Handle()),
        ("2018-10-15T15:40", ACCEPTOR, a.SendCheck("chen")),
        ("2018-10-15T16:10", COLLECTOR, a.FailCheck(FailReason.NOT_DONE)),
        ("2018-10-15T16:40", HANDLER, a.Return(ReturnReason.NOT_OURS)),
        ("2018-10-16T09:00", DISPATCHER, a.Dispatch(TEAM)),
        ("2018-10-16T09:05", HANDLER, a.Acknowledge()),
    ):
        assert desk.act(who, action, ms(at)).rejection is None
    return desk


def test_the_worked_example_is_spelled_out() -> None:
    desk = worked_example()
    (story,) = stories(desk)
    assert [span.counted_ms // MINUTE for span in story.spans] == [150, 30, 0]
    assert [span.paused for span in story.spans] == [None, PauseCause.RETURNED, None]
    view = shown(story, ms("2018-10-16T09:13"), desk.rules)
    assert (view["state"], view["near"], view["overdue"]) == ("running", True, False)
    assert (view["deadline_ms"], view["left_ms"]) == (ms("2018-10-16T10:00"), 47 * MINUTE)
    assert view["arithmetic"] == "2:30:00 + 0:30:00 + 0:13:00 = 3:13:00 / 4:00:00"
    assert shown(story, ms("2018-10-16T09:12"), desk.rules)["near"] is False, (
        "80 % to the second are not more than 80 %"
    )
    late = shown(story, ms("2018-10-16T10:00") + 1, desk.rules)
    assert (late["near"], late["overdue"], late["left_ms"]) == (False, True, 0)


def test_what_the_view_adds_up_is_what_the_case_counted() -> None:
    for desk in (worked_example(), closed(), suspended()):
        case = desk.file.case
        assert case is not None
        by_key = {(one.clock, one.unit): one for one in told(e for r in desk.records for e in r.events)}
        for clock in case.clocks:
            story = by_key[(clock.kind, clock.unit)]
            assert (story.used_ms, story.deadline_ms, story.verdict) == (
                clock.used_ms,
                clock.deadline_ms,
                clock.verdict,
            )


def test_a_pause_says_who_approved_it_and_an_extension_who_granted_it() -> None:
    desk = suspended()
    (story,) = stories(desk)
    assert (story.state, story.spans[-1].paused, story.spans[-1].by) == ("paused", PauseCause.SUSPENDED, "leader")
    assert shown(story, FESTIVAL - 1, desk.rules)["used_ms"] == 60 * MINUTE, "nobody's time runs"
    extended = dispatched("02")
    extended.act(HANDLER, a.Acknowledge(), START + 1)
    extended.act(HANDLER, a.RequestExtension(ExtensionReason.WEATHER, "2WH"), START + 2)
    extended.act(SHIFT_HEAD, a.DecideExtension(granted=True), START + 3)
    (story,) = stories(extended)
    assert [(one.added_ms, one.by) for one in story.extensions] == [(120 * MINUTE, "shift_head")]
    assert shown(story, START + 4, extended.rules)["whole_ms"] == 360 * MINUTE


def test_a_story_is_told_whole_with_its_spans_and_what_was_granted() -> None:
    desk = dispatched("02")
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    desk.act(HANDLER, a.RequestExtension(ExtensionReason.WEATHER, "2WH"), START + 2)
    desk.act(SHIFT_HEAD, a.DecideExtension(granted=True), START + 3)
    desk.act(HANDLER, a.Return(ReturnReason.NOT_OURS), START + 60 * MINUTE)
    stood = ClockStory(
        clock=ClockKind.HANDLE,
        holder=f"unit:{TEAM}",
        round=1,
        started_ms=START,
        unit=TEAM,
        limit="4WH",
        deadline_ms=ms("2018-10-16T09:00"),
        near_ms=ms("2018-10-15T17:48"),
        spans=(Span(START, START + 60 * MINUTE, 60 * MINUTE, PauseCause.RETURNED, None),),
        extensions=(Extension(START + 3, 120 * MINUTE, "shift_head"),),
        rulebook=desk.rules.book.version,
    )
    assert stories(desk) == [stood], "no leader approved that pause"
    desk.act(DISPATCHER, a.Dispatch(URBAN), ms("2018-10-15T14:00"))
    desk.act(actor(Role.HANDLER, "he", URBAN), a.Return(ReturnReason.NOT_OURS), ms("2018-10-15T14:30"))
    desk.act(DISPATCHER, a.Dispatch(URBAN), ms("2018-10-15T15:00"))
    relieved, other = stories(desk)
    assert relieved == replace(stood, verdict=ClockVerdict.REASSIGNED), "it stood: nothing is added by its end"
    assert other.spans == (
        Span(ms("2018-10-15T14:00"), ms("2018-10-15T14:30"), 30 * MINUTE, PauseCause.RETURNED),
        Span(ms("2018-10-15T15:00")),
    )
    assert (other.deadline_ms, other.near_ms) == (ms("2018-10-16T08:30"), ms("2018-10-15T17:42"))


def test_what_a_clock_used_by_now_counts_as_its_limit_does() -> None:
    desk, calendar = dispatched("02"), rules().calendar
    (story,) = stories(desk)
    assert (story.deadline_ms, story.near_ms) == (ms("2018-10-15T17:00"), ms("2018-10-15T16:12"))
    assert counted(story, ms("2018-10-15T15:00"), calendar) == 120 * MINUTE, "not at noon"
    assert counted(replace(story, limit="2CD"), ms("2018-10-15T15:00"), calendar) == 240 * MINUTE
    desk.act(HANDLER, a.Return(ReturnReason.NOT_OURS), ms("2018-10-15T14:30"))
    (story,) = stories(desk)
    assert counted(story, ms("2018-10-16T15:00"), calendar) == 90 * MINUTE, "nothing while it stands"


def test_a_clock_belongs_to_the_rulebook_that_the_case_had_pinned_when_it_began() -> None:
    desk = dispatched("02")
    pinned = {one.clock: one.rulebook for one in told(e for record in desk.records for e in record.events)}
    version = desk.rules.book.version
    assert pinned == {
        ClockKind.ACCEPT: None,
        ClockKind.FILE: None,
        ClockKind.DISPATCH: version,
        ClockKind.HANDLE: version,
        ClockKind.ACKNOWLEDGE: version,
    }
    village, head = Desk(), actor(Role.GRID_HEAD, "zhang", level=2)
    for number, (who, action) in enumerate(
        (
            (COLLECTOR, a.Report(Place(GRID), Channel.PATROL, "010101")),
            (head, a.Accept()),
            (head, a.File("010101", "02")),
            (head, a.Escalate(EscalationReason.MAJOR_MATTER)),
        )
    ):
        assert village.act(who, action, START + number).rejection is None
    assert [(one.clock, one.rulebook) for one in told(e for record in village.records for e in record.events)] == [
        (ClockKind.ACCEPT, None),
        (ClockKind.FILE, None),
        (ClockKind.DISPATCH, version),
        (ClockKind.ACCEPT, None),
    ], "as if it had been reported there"


def test_the_whole_of_a_clock_is_its_limit_and_what_was_granted() -> None:
    calendar = rules().calendar
    day = ClockStory(ClockKind.HANDLE, "unit:x", 1, START, limit="2WD", deadline_ms=0, spans=(Span(START),))
    assert whole(day, calendar, WdRule.HOURS) == 16 * 60 * MINUTE
    assert whole(day, calendar, WdRule.END_OF_DAY) == 21 * 60 * MINUTE, "Monday 11:00 to Wednesday 18:00"
    more = replace(day, extensions=(Extension(START, MINUTE, None), Extension(START, MINUTE, None)))
    assert whole(more, calendar, WdRule.HOURS) == (16 * 60 + 2) * MINUTE
    assert whole(replace(day, limit=None, deadline_ms=None), calendar, WdRule.HOURS) is None


def test_the_whole_of_a_stated_clock_is_what_it_used_and_what_its_deadline_leaves() -> None:
    desk, calendar, hour = stated("02", 26), rules().calendar, 60 * MINUTE
    (story,) = stories(desk)
    assert whole(story, calendar, WdRule.HOURS) == 26 * hour
    desk.act(HANDLER, a.Return(ReturnReason.NOT_OURS), START + 3 * hour)
    (story,) = stories(desk)
    assert (story.used_ms, whole(story, calendar, WdRule.HOURS)) == (3 * hour, 26 * hour)
    desk.act(DISPATCHER, a.Dispatch(TEAM), START + 100 * hour)
    (story,) = stories(desk)
    assert (story.deadline_ms, whole(story, calendar, WdRule.HOURS)) == (START + 123 * hour, 26 * hour)


def test_every_round_keeps_its_clocks() -> None:
    desk = closed()
    desk.act(SHIFT_HEAD, a.Reopen(ReopenReason.AUDIT), START + 100_000)
    desk.act(DISPATCHER, a.Dispatch(TEAM), START + 200_000)
    assert [(one.round, one.state) for one in stories(desk)] == [(1, "met"), (2, "running")]
    assert [one.round for one in stories(desk, ClockKind.DISPATCH)] == [1, 2]


def test_a_clock_that_was_overdue_when_it_paused_is_overdue_while_it_stands() -> None:
    desk = dispatched("01")
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    desk.act(HANDLER, a.Return(ReturnReason.NOT_OURS), START + 3 * 60 * MINUTE)
    view = shown(stories(desk)[0], START + 9 * 60 * MINUTE, desk.rules)
    assert (view["state"], view["overdue"], view["left_ms"]) == ("paused", True, 0)


def test_a_clock_without_a_deadline_is_counted_and_never_late() -> None:
    desk = dispatched("02")
    desk.act(actor(Role.SYSTEM, scope=""), a.Tick(), START + 1)
    story = ClockStory(ClockKind.HANDLE, "unit:x", 1, START, spans=stories(desk)[0].spans)
    view = shown(story, START + 9 * MINUTE + 30_500, desk.rules)
    assert (view["arithmetic"], view["overdue"], view["whole_ms"]) == ("0:09:30.500", False, None)
    assert hms(100 * 60 * MINUTE) == "100:00:00"
