"""The formulas of the domain document §6, case by case, and the figures of Tianmen."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.case import actions as a
from domain.case.events import ClockOverdue, ClockPaused, ClockResumed, ClockStarted, ClockStopped, Reported
from domain.case.values import (
    HANDLING_CLOCKS,
    Channel,
    ClockKind,
    ClockVerdict,
    ExtensionReason,
    FailReason,
    ForceReason,
    PauseCause,
    Place,
    ReopenReason,
    ReturnReason,
    Role,
    Source,
    Status,
    VoidReason,
)
from domain.figures.facts import Answer, CaseFacts, ClockEvent, Fold, StageClock, fold_facts
from domain.figures.figure import Figure, Period, mean, percent, total
from domain.figures.formulas import FORMULAS, STAGES
from domain.figures.volumes import Volumes, volumes
from eventlog.record import Outcome
from tests.support.city import GRID, TEAM, URBAN, actor, ms, split_city
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, CO_HANDLER, COLLECTOR, DISPATCHER, HANDLER, SHIFT_HEAD, START, dispatched
from tests.unit.test_case_suspension import suspended

HOUR = 3_600_000
DECEMBER = Period(ms("2016-12-01T00:00"), ms("2017-01-01T00:00"))
THAT_DAY = Period(ms("2018-10-15T00:00"), ms("2018-10-16T00:00"))
NEXT_DAY = Period(THAT_DAY.to_ms, ms("2018-10-17T00:00"))
LEADER = actor(Role.LEADER)


def facts_of(desk: Desk) -> CaseFacts:
    """The facts of the desk's case after all of its records."""
    events = [event for record in desk.records for event in record.events]
    facts = fold_facts(Fold(), desk.file.id, events).facts
    assert facts is not None
    return facts


def counts(name: str, desk: Desk, period: Period = THAT_DAY) -> tuple[int, int]:
    """What the desk's case adds to the numerator and to the denominator."""
    return FORMULAS[name].counts(facts_of(desk), period)


def handled(desk: Desk, at_ms: int = START + HOUR) -> Desk:
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    desk.act(HANDLER, a.Handle(), at_ms)
    return desk


def closed(desk: Desk, at_ms: int) -> Desk:
    """The desk's handled case, checked and closed an hour later."""
    desk.act(ACCEPTOR, a.SendCheck("chen"), at_ms)
    desk.act(COLLECTOR, a.PassCheck(), at_ms + 1)
    desk.act(SHIFT_HEAD, a.Close(), at_ms + HOUR)
    assert facts_of(desk).status is Status.CLOSED
    return desk


# --- Tianmen, December 2016 ------------------------------------------------------------------------------------------


def tianmen() -> list[CaseFacts]:
    """1,054 cases accepted: 58 not filed, 24 of those filed due later; of 972 due 911 closed, 737 on time."""
    due_ms, done_ms = ms("2016-12-20T17:00"), ms("2016-12-19T10:00")
    accepted = CaseFacts("", "", "429006", Status.NOT_FILED, DECEMBER.from_ms, accepted_ms=DECEMBER.from_ms)
    filed = replace(accepted, status=Status.HANDLING, filed_ms=DECEMBER.from_ms + 1, lead="team", deadline_ms=due_ms)
    good = replace(filed, status=Status.CLOSED, handled=True, handled_ms=done_ms, closed_ms=due_ms)
    late = replace(good, late=True, handled_ms=due_ms + 1, closed_ms=due_ms + 2)
    later = replace(filed, deadline_ms=DECEMBER.to_ms)
    kinds = [(accepted, 58), (good, 737), (late, 911 - 737), (filed, 972 - 911), (later, 996 - 972)]
    cases = [one for one, count in kinds for _ in range(count)]
    return [replace(one, case_id=f"case-{number}") for number, one in enumerate(cases)]


def test_the_figures_of_tianmen_in_december_2016_come_out_as_published() -> None:
    cases = tianmen()
    counted = volumes(cases, DECEMBER)
    assert (counted.accepted, counted.filed) == (1_054, 996)
    closing, on_time = (
        FORMULAS[name].figure(cases, DECEMBER, "429006", "0", named=True)
        for name in ("closing_rate", "on_time_closing_rate")
    )
    assert (closing.numerator, closing.denominator) == (911, 972)
    assert (on_time.numerator, on_time.denominator) == (737, 972)
    assert (percent(closing, 2), percent(on_time, 2)) == ("93.72", "75.82")
    assert len(set(closing.denominator_cases)) == 972
    assert set(on_time.numerator_cases) < set(closing.numerator_cases) < set(closing.denominator_cases)


# --- how a number is shown -------------------------------------------------------------------------------------------


def figure(numerator: int, denominator: int) -> Figure:
    return Figure("closing_rate", 1, "4", DECEMBER, "0", numerator, denominator)


@pytest.mark.parametrize(
    ("numerator", "denominator", "shown"),
    [(9496, 10_000, "94.9"), (1, 1, "100.0"), (0, 7, "0.0"), (999_999, 1_000_000, "99.9"), (19, 20, "95.0")],
)
def test_a_share_is_cut_off_and_never_rounded(numerator: int, denominator: int, shown: str) -> None:
    assert percent(figure(numerator, denominator)) == shown


def test_a_rate_of_nothing_is_no_figure() -> None:
    nothing = FORMULAS["closing_rate"].figure([], DECEMBER, "4", "0")
    assert (nothing.value, percent(nothing), mean(nothing)) == (None, None, None)


@given(st.integers(1, 10**7), st.integers(0, 10**7), st.integers(0, 3), st.integers(0, 100_000))
def test_what_is_shown_never_crosses_a_target(denominator: int, done: int, decimals: int, target: int) -> None:
    shown = percent(figure(min(done, denominator), denominator), decimals)
    assert shown is not None
    exact, written = Fraction(min(done, denominator), denominator) * 100, Fraction(shown)
    goal = Fraction(target, 10**decimals)
    assert (written >= goal) == (exact >= goal)
    assert written <= exact < written + Fraction(1, 10**decimals)


def test_a_figure_says_what_it_stands_on() -> None:
    one = facts_of(dispatched("02"))
    found = FORMULAS["closing_rate"].figure([one], THAT_DAY, "41", "1.2", named=True)
    assert found == Figure("closing_rate", 1, "41", THAT_DAY, "1.2", 0, 1, (), ("case-1",))
    assert FORMULAS["closing_rate"].figure([one], THAT_DAY, "41", "1.2").denominator_cases == ()
    assert mean(figure(7, 2), 0) == "3"


def test_only_figures_of_one_kind_add_up() -> None:
    one, other = replace(figure(1, 2), numerator_cases=("a",), denominator_cases=("a", "b")), figure(3, 4)
    other = replace(other, scope="5", numerator_cases=("c",), denominator_cases=("c", "d"))
    both = Figure("closing_rate", 1, "42", DECEMBER, "0", 4, 6, ("a", "c"), ("a", "b", "c", "d"))
    assert total([one, other], "42") == both
    assert total([one], "4") == one
    for other in (replace(figure(1, 2), version=2), replace(figure(1, 2), position="1"), None):
        with pytest.raises(ValueError, match="do not add up"):
            total([figure(1, 2), other] if other else [], "4")


# --- who is due, and what is done ------------------------------------------------------------------------------------

RATES = ("closing_rate", "on_time_closing_rate", "handling_rate", "handling_rate_b", "handling_rate_c")


def all_of(desk: Desk, period: Period = THAT_DAY) -> list[tuple[int, int]]:
    return [counts(name, desk, period) for name in RATES]


def test_a_case_handled_and_closed_in_time_is_in_every_rate_of_the_day_of_its_deadline() -> None:
    desk = closed(handled(dispatched("02")), START + 2 * HOUR)
    assert all_of(desk) == [(1, 1)] * 5
    assert all_of(desk, NEXT_DAY) == [(0, 0)] * 5


def test_handled_is_not_closed_and_an_open_case_in_time_is_not_yet_in_variant_c() -> None:
    assert all_of(handled(dispatched("02"))) == [(0, 1), (0, 1), (1, 1), (1, 1), (0, 0)]
    assert all_of(dispatched("02")) == [(0, 1), (0, 1), (0, 1), (0, 1), (0, 0)]


def test_on_time_is_at_the_deadline_and_late_a_millisecond_after_it() -> None:
    deadline = START + 2 * HOUR  # 2UH
    for after, on_time in ((0, 1), (1, 0)):
        desk = closed(handled(dispatched("01"), deadline + after), deadline + HOUR)
        assert all_of(desk) == [(1, 1), (on_time, 1), (1, 1), (on_time, 1), (on_time, 1)]


def test_an_open_case_past_its_deadline_is_in_variant_c_as_not_done() -> None:
    desk = dispatched("01")
    desk.act(actor(Role.SYSTEM, scope=""), a.Tick(), START + 3 * HOUR)
    assert all_of(desk) == [(0, 1), (0, 1), (0, 1), (0, 1), (0, 1)]


def test_a_late_case_stays_late_when_it_is_given_back_and_handled_after_all() -> None:
    desk = dispatched("01")
    desk.act(HANDLER, a.Return(ReturnReason.CANNOT_FIND), START + 3 * HOUR)
    assert all_of(desk) == [(0, 1), (0, 1), (0, 1), (0, 1), (0, 1)]
    desk.act(DISPATCHER, a.Dispatch(TEAM), START + 4 * HOUR)
    desk.act(HANDLER, a.Acknowledge(), START + 4 * HOUR + 1)
    desk.act(HANDLER, a.Handle(), START + 4 * HOUR + 2)
    facts = facts_of(desk)
    assert (facts.handled, facts.late, facts.on_time) == (True, True, False)


def test_an_upheld_appeal_counts_as_on_time_and_stays_late_to_see() -> None:
    desk = closed(handled(dispatched("01"), START + 3 * HOUR), START + 4 * HOUR)
    for who, action in (
        (HANDLER, a.RequestAppeal(a.AppealReason.SYSTEM_FAULT)),
        (actor(Role.INSPECTOR), a.ReviewAppeal(supported=True, text="x")),
    ):
        assert desk.act(who, action, START + 6 * HOUR).outcome is Outcome.ACCEPTED
        assert counts("on_time_closing_rate", desk) == (0, 1)
    desk.act(LEADER, a.DecideAppeal(upheld=True, text="x"), START + 6 * HOUR)
    assert counts("on_time_closing_rate", desk) == counts("handling_rate_c", desk) == (1, 1)
    assert facts_of(desk).late


def happened(desk: Desk) -> tuple[int, int, int, int, int, bool]:
    facts = facts_of(desk)
    return facts.returns, facts.extensions, facts.suspensions, facts.checks, facts.rework, facts.resent


def test_a_case_that_is_opened_again_counts_once_by_its_last_round() -> None:
    desk = dispatched("02")
    desk.act(HANDLER, a.Return(ReturnReason.NOT_OURS), START + 1)
    desk.act(DISPATCHER, a.Dispatch(URBAN), START + 2)
    desk.act(CO_HANDLER, a.Acknowledge(), START + 3)
    desk.act(CO_HANDLER, a.RequestExtension(ExtensionReason.WEATHER, "30WM"), START + 4)
    desk.act(SHIFT_HEAD, a.DecideExtension(granted=True), START + 5)
    desk.act(CO_HANDLER, a.Handle(), START + HOUR)
    desk.act(ACCEPTOR, a.SendCheck("chen"), START + HOUR + 1)
    desk.act(COLLECTOR, a.FailCheck(FailReason.NOT_DONE), START + HOUR + 2)
    desk.act(CO_HANDLER, a.Handle(), START + HOUR + 3)
    closed(desk, START + HOUR + 4)
    desk.act(ACCEPTOR, a.Rate(2), START + 3 * HOUR)
    history = ("return_rate", "extension_rate", "rework_rate")
    assert [counts(name, desk) for name in history] == [(1, 1)] * 3
    assert (counts("exact_dispatch_rate", desk), counts("satisfaction", desk)) == ((0, 1), (2, 1))
    assert happened(desk) == (1, 1, 0, 2, 1, True)
    desk.act(SHIFT_HEAD, a.Reopen(ReopenReason.COMPLAINT), START + 4 * HOUR)
    assert all_of(desk) == all_of(desk, NEXT_DAY) == [(0, 0)] * 5, "due nowhere until it is dispatched"
    assert counts("satisfaction", desk) == (0, 0)
    assert facts_of(desk).closed_ms is None
    assert happened(desk) == (0, 0, 0, 0, 0, False)
    desk.act(DISPATCHER, a.Dispatch(TEAM), START + 5 * HOUR)
    assert all_of(desk) == [(0, 0)] * 5
    assert all_of(desk, NEXT_DAY) == [(0, 1)] * 4 + [(0, 0)]
    assert [counts(name, desk, NEXT_DAY) for name in history] == [(0, 1), (0, 1), (0, 0)]
    assert counts("exact_dispatch_rate", desk, NEXT_DAY) == (1, 1), "another unit's round, not another unit"
    assert counts("dispatch_in_time_rate", desk) == (2, 3), "stage clocks are of all rounds"


def test_a_merged_case_is_owed_as_part_of_the_other_until_it_stands_by_itself_again() -> None:
    desk = dispatched("02")
    desk.act(DISPATCHER, a.Merge("case-2"), START + 1)
    assert facts_of(desk).status is Status.MERGED
    assert all_of(desk) == [(0, 0)] * 5
    assert counts("void_rate", desk) == counts("return_rate", desk) == (0, 0)
    assert counts("acknowledge_in_time_rate", desk) == (0, 0)
    desk.act(DISPATCHER, a.Unmerge(), START + 2)
    assert counts("handling_rate", desk) == (0, 1)
    assert counts("acknowledge_in_time_rate", desk) == (0, 1)


def test_a_void_case_is_in_the_void_rate_and_in_no_other() -> None:
    desk = dispatched("02")
    desk.act(SHIFT_HEAD, a.Void(VoidReason.TRIAL), START + 1)
    assert facts_of(desk).deadline_ms is not None
    found = {name: counts(name, desk) for name in FORMULAS}
    assert {name for name, each in found.items() if each != (0, 0)} == {"void_rate"}
    assert found["void_rate"] == (1, 1)


def test_what_is_void_before_dispatch_is_over_no_dispatched_case() -> None:
    desk = Desk()
    desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), START)
    desk.act(SHIFT_HEAD, a.Void(VoidReason.TRIAL), START + 1)
    assert counts("void_rate", desk) == (0, 0)


def test_a_paused_case_is_due_to_close_but_not_in_jinhua_and_not_to_be_handled() -> None:
    desk = suspended()
    assert counts("closing_rate", desk) == (0, 1)
    for name in ("closing_rate_jinhua", "on_time_closing_rate_jinhua", "handling_rate", "handling_rate_b"):
        assert counts(name, desk) == (0, 0)
    assert counts("suspension_rate", desk) == (1, 1)
    assert happened(desk) == (0, 0, 1, 0, 0, False)
    desk.act(DISPATCHER, a.Resume(), ms("2018-10-16T09:00"))
    assert counts("handling_rate", desk) == (0, 0), "the pause moved the deadline to another day"
    assert counts("handling_rate", desk, NEXT_DAY) == (0, 1)
    desk.act(HANDLER, a.Handle(), ms("2018-10-16T09:30"))
    closed(desk, ms("2018-10-16T09:40"))
    assert happened(desk)[2] == 1
    desk.act(SHIFT_HEAD, a.Reopen(ReopenReason.COMPLAINT), ms("2018-10-17T09:00"))
    assert happened(desk)[2] == 0, "it belongs to the round"


def test_a_case_closed_by_force_is_closed_but_handled_only_if_its_lead_had_handled_it() -> None:
    before, after = dispatched("02"), handled(dispatched("02"))
    for desk in (before, after):
        desk.act(LEADER, a.ForceClose(ForceReason.IN_COURT, "x"), START + 2 * HOUR)
    assert all_of(before) == [(1, 1), (0, 1), (0, 1), (0, 1), (0, 1)]
    assert all_of(after) == [(1, 1)] * 5


def test_an_extension_moves_the_case_into_the_period_of_its_new_deadline() -> None:
    desk = dispatched("02")
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    desk.act(HANDLER, a.RequestExtension(ExtensionReason.WEATHER, "4WH"), START + 2)
    assert counts("extension_rate", desk) == (0, 1), "asked for is not granted"
    desk.act(SHIFT_HEAD, a.DecideExtension(granted=True), START + 3)
    assert counts("extension_rate", desk) == (0, 0)
    assert counts("extension_rate", desk, NEXT_DAY) == (1, 1)


def test_facts_know_where_the_case_is_and_what_became_of_it() -> None:
    facts = facts_of(closed(handled(dispatched("02")), START + 2 * HOUR))
    assert (facts.case_id, facts.number, facts.grid) == ("case-1", "20261124-00-0001", GRID)
    assert (facts.opened_ms, facts.accepted_ms, facts.filed_ms, facts.dispatched_ms) == (
        *(START - 3, START - 2, START - 1),
        START,
    )
    assert (facts.handled_ms, facts.closed_ms, facts.checks) == (START + HOUR, START + 3 * HOUR, 1)
    void = dispatched("02")
    void.act(SHIFT_HEAD, a.Void(VoidReason.TRIAL), START + 1)
    assert (facts_of(void).closed_ms, facts_of(void).handled_ms) == (None, None)
    assert facts_of(handled(void)).closed_ms is None


def test_a_case_whose_grid_ended_is_counted_where_it_is_now() -> None:
    desk = dispatched("02")
    desk.rules = split_city(START + HOUR)
    handled(desk, START + HOUR + 1)
    assert facts_of(desk).grid == GRID[:12], "no point says in which of its two halves it is"


def test_facts_go_on_from_where_they_stood() -> None:
    desk = closed(handled(dispatched("02")), START + 2 * HOUR)
    fold = Fold()
    for record in desk.records:
        fold = fold_facts(fold, desk.file.id, record.events)
    assert fold == Fold(desk.file.case, facts_of(desk))
    assert fold_facts(fold, desk.file.id, ()) == fold
    assert fold_facts(Fold(), "case-1", ()) == Fold()


def test_rework_is_over_cases_that_were_checked_however_often() -> None:
    desk = handled(dispatched("02"))
    assert counts("rework_rate", desk) == (0, 0)
    desk.act(ACCEPTOR, a.SendCheck("chen"), START + 2 * HOUR)
    assert counts("rework_rate", desk) == (0, 0)
    desk.act(COLLECTOR, a.FailCheck(FailReason.NOT_DONE), START + 2 * HOUR + 1)
    assert counts("rework_rate", desk, NEXT_DAY) == (0, 0)
    assert counts("rework_rate", desk) == (1, 1)
    assert counts("handling_rate", desk) == (0, 1), "what is sent back is not handled"
    desk.act(HANDLER, a.Handle(), START + 2 * HOUR + 2)
    assert counts("rework_rate", closed(desk, START + 3 * HOUR)) == (1, 1)


def test_a_return_and_another_unit_are_two_things() -> None:
    same, other = dispatched("02"), dispatched("02")
    for desk in (same, other):
        desk.act(HANDLER, a.Return(ReturnReason.NOT_OURS), START + 1)
    assert counts("exact_dispatch_rate", same) == (1, 1)
    for desk, unit in ((same, TEAM), (other, URBAN)):
        desk.act(DISPATCHER, a.Dispatch(unit), START + 2)
    assert [counts("return_rate", desk) for desk in (same, other)] == [(1, 1), (1, 1)]
    assert [counts("exact_dispatch_rate", desk) for desk in (same, other)] == [(1, 1), (0, 1)]


# --- stage clocks, reports, ratings ----------------------------------------------------------------------------------


def test_a_stage_clock_is_missed_when_it_is_answered_late_or_not_at_all() -> None:
    desk = dispatched("02")
    assert [stage.answer for stage in facts_of(desk).stages] == [Answer.MET] * 3 + [Answer.RUNNING]
    desk.act(actor(Role.SYSTEM, scope=""), a.Tick(), START + 2 * HOUR)
    assert counts("acknowledge_in_time_rate", desk) == (0, 1)
    assert facts_of(desk).stages[-1].answer is Answer.MISSED
    desk.act(HANDLER, a.Acknowledge(), START + 2 * HOUR + 1)
    assert counts("acknowledge_in_time_rate", desk) == (0, 1)
    late = dispatched("02")
    late.act(HANDLER, a.Acknowledge(), START + 3 * HOUR)
    assert counts("acknowledge_in_time_rate", late) == (0, 1)


def test_a_missed_stage_clock_stays_missed_when_nobody_owes_it_any_more() -> None:
    desk = dispatched("02")
    desk.act(HANDLER, a.Return(ReturnReason.NOT_OURS), START + 3 * HOUR)
    assert counts("acknowledge_in_time_rate", desk) == (0, 1)


def runs(*events: ClockEvent) -> list[Answer]:
    """What became of the stage clocks after these events."""
    return [stage.answer for stage in stages(*events)]


def stages(*events: ClockEvent) -> tuple[StageClock, ...]:
    fold = Fold()
    opened = [event for record in patrolled().records[:1] for event in record.events if isinstance(event, Reported)]
    fold = fold_facts(fold, "case-1", [*opened, *events])
    assert fold.facts is not None
    return fold.facts.stages


def test_a_stage_clock_may_stand_still_and_go_on_to_another_day() -> None:
    """As `verifying` does it to the desk's clock, event by event."""
    kind = ClockKind.ACCEPT
    started = ClockStarted(START, kind, "desk:0", None, "15UM", START + 9, START + 8)
    paused = ClockPaused(START + 1, kind, PauseCause.VERIFYING, 1)
    resumed = ClockResumed(START + 5, kind, None, START + 13, START + 12)
    over = ClockOverdue(START + 9, kind)
    met = ClockStopped(START + 6, kind, ClockVerdict.MET, 2)
    missed = ClockStopped(START + 14, kind, ClockVerdict.MISSED, 9)
    assert runs(started, paused) == [Answer.LEFT_OUT]
    assert stages(started, paused, resumed) == (StageClock(kind, None, START + 13, Answer.RUNNING),)
    assert runs(started, paused, resumed, met) == [Answer.MET]
    assert runs(started, missed) == runs(started, over) == runs(started, over, paused) == [Answer.MISSED]
    assert runs(started, over, paused, resumed) == runs(started, over, paused, resumed, met) == [Answer.MISSED]
    assert runs(started, met, started, over) == [Answer.MET, Answer.MISSED]
    assert runs(met) == []


def test_a_stage_clock_is_met_missed_or_running_and_counts_once_a_run() -> None:
    desk = dispatched("02")
    assert counts("accept_in_time_rate", desk) == counts("dispatch_in_time_rate", desk) == (1, 1)
    assert counts("acknowledge_in_time_rate", desk) == (0, 1)
    desk.act(HANDLER, a.Return(ReturnReason.NOT_OURS), START + 1)
    assert counts("acknowledge_in_time_rate", desk) == (0, 0), "nobody owes a signature any more"
    desk.act(DISPATCHER, a.Dispatch(TEAM), START + HOUR)
    assert counts("dispatch_in_time_rate", desk) == (1, 2), "15UM the second time, too"
    desk.act(HANDLER, a.Acknowledge(), START + HOUR + 1)
    assert counts("acknowledge_in_time_rate", desk) == (1, 1)
    assert counts("dispatch_in_time_rate", desk, NEXT_DAY) == (0, 0)


def test_a_declined_report_was_answered_in_time_and_is_due_nowhere() -> None:
    desk = Desk()
    desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), START)
    desk.act(ACCEPTOR, a.Decline(next(iter(a.DeclineReason))), START + 1)
    assert counts("accept_in_time_rate", desk) == (1, 1)
    assert all_of(desk) == [(0, 0)] * 5


def test_every_stage_clock_has_a_rate() -> None:
    assert {str(kind) for kind in set(ClockKind) - HANDLING_CLOCKS} <= STAGES.keys()
    assert {f"{kind}_in_time_rate" for kind in STAGES} < FORMULAS.keys()


def patrolled() -> Desk:
    desk = Desk()
    head = actor(Role.GRID_HEAD, "sun", level=2)
    desk.act(actor(Role.COLLECTOR, "chen", level=3), a.Report(Place(GRID), Channel.PATROL, "010101"), START)
    desk.act(head, a.Accept(), START + 1)
    return desk


def test_a_collectors_report_is_valid_once_it_is_filed_and_not_void() -> None:
    desk, head = patrolled(), actor(Role.GRID_HEAD, "sun", level=2)
    assert (facts_of(desk).reporter, counts("valid_report_rate", desk)) == ("chen", (0, 1))
    desk.act(head, a.File(condition="02"), START + 2)
    assert counts("valid_report_rate", desk) == (1, 1)
    assert counts("valid_report_rate", desk, NEXT_DAY) == (0, 0)
    desk.act(head, a.Void(VoidReason.NOTHING_FOUND), START + 3)
    assert counts("valid_report_rate", desk) == (0, 1)
    forced = patrolled()
    forced.act(LEADER, a.ForceClose(ForceReason.IN_COURT, "x"), START + 2)
    assert counts("valid_report_rate", forced) == (0, 1)
    assert counts("valid_report_rate", dispatched("02")) == (0, 0), "the hotline is no collector"


def test_what_grid_staff_handle_themselves_is_a_valid_report_and_due_nowhere() -> None:
    desk, collector = Desk(), actor(Role.COLLECTOR, "chen", level=3)
    desk.act(collector, a.Report(Place(GRID), Channel.PATROL, "030101"), START)
    photo = (a.Photo("0" * 64),)
    assert desk.act(collector, a.SelfHandle(photo, photo), START + 1).outcome is Outcome.ACCEPTED
    assert counts("valid_report_rate", desk) == (1, 1)
    assert all_of(desk) == all_of(desk, NEXT_DAY) == [(0, 0)] * 5
    assert facts_of(desk).filed_ms == START + 1


def test_a_report_that_another_desk_turns_away_is_not_valid_any_more() -> None:
    desk, head = patrolled(), actor(Role.GRID_HEAD, "sun", level=2)
    desk.act(head, a.File(condition="02"), START + 2)
    desk.act(head, a.Escalate(a.EscalationReason.MAJOR_MATTER), START + 3)
    assert counts("valid_report_rate", desk) == (1, 1)
    desk.act(actor(Role.ACCEPTOR, level=1), a.Decline(next(iter(a.DeclineReason))), START + 4)
    assert facts_of(desk).status is Status.DECLINED
    assert counts("valid_report_rate", desk) == (0, 1)


def test_a_verification_has_its_clock_and_pauses_the_desks() -> None:
    desk = Desk()
    desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), START)
    desk.act(ACCEPTOR, a.RequestVerification("chen"), START + 1)
    assert counts("accept_in_time_rate", desk) == (0, 0), "nobody's time runs at the desk"
    assert counts("verify_in_time_rate", desk) == (0, 1)
    desk.act(COLLECTOR, a.GiveVerification(a.Finding.TRUE), START + 2)
    assert counts("verify_in_time_rate", desk) == (1, 1)
    assert counts("accept_in_time_rate", desk) == (0, 1)


def test_another_lead_at_work_is_a_dispatch_that_was_not_exact_and_its_clock_decides() -> None:
    desk = dispatched("02")
    desk.act(DISPATCHER, a.Reassign(TEAM, (URBAN,)), START + 1)
    assert counts("exact_dispatch_rate", desk) == (1, 1), "the lead is the same"
    desk.act(DISPATCHER, a.Reassign(URBAN), ms("2018-10-16T09:00"))
    assert counts("exact_dispatch_rate", desk) == (0, 0)
    assert counts("exact_dispatch_rate", desk, NEXT_DAY) == (0, 1)
    assert not facts_of(desk).late, "the deadline of the other unit passed, not this one's"


def test_satisfaction_is_a_mean_with_its_number_of_answers() -> None:
    desk = closed(handled(dispatched("02")), START + 2 * HOUR)
    one = facts_of(desk)
    desk.act(ACCEPTOR, a.Rate(4), START + 4 * HOUR)
    assert (facts_of(desk).rated_ms, counts("satisfaction", desk)) == (START + 4 * HOUR, (4, 1))
    cases = [replace(one, case_id=str(n), rating=r, rated_ms=START) for n, r in enumerate((5, 5, 4))]
    found = FORMULAS["satisfaction"].figure([one, *cases], THAT_DAY, "4", "0", named=True)
    assert (found.numerator, found.denominator, mean(found)) == (14, 3, "4.66")
    assert found.denominator_cases == ("0", "1", "2")
    assert FORMULAS["satisfaction"].counts(cases[0], NEXT_DAY) == (0, 0)


def imported(*steps: a.Step) -> Desk:
    """A past case of the hotline's with a deadline of its own, at 17:00."""
    report = a.Report(Place(GRID), Channel.PATROL, "010101")
    action = a.ImportCase(Source("old", "1"), report, START - 3, steps, ms("2018-10-15T17:00"))
    desk = Desk()
    record = desk.act(actor(Role.IMPORTER, "import", scope=""), action, ms("2018-10-17T09:00"))
    assert record.outcome is Outcome.ACCEPTED, record
    return desk


PAST = (a.Step(a.Accept(), START - 2), a.Step(a.File("010101", "02"), None), a.Step(a.Dispatch(TEAM), START))


def test_an_imported_case_is_due_when_its_source_says_and_its_unstated_steps_are_in_no_stage_rate() -> None:
    for handled_ms, expected in ((ms("2018-10-15T17:00"), (1, 1)), (ms("2018-10-15T17:01"), (0, 1))):
        desk = imported(*PAST, a.Step(a.Acknowledge(), START + 1), a.Step(a.Handle(), handled_ms))
        assert counts("handling_rate", desk) == (1, 1)
        assert counts("handling_rate_b", desk) == expected
        assert (facts_of(desk).filed_ms, facts_of(desk).dispatched_ms) == (None, START)
        assert counts("file_in_time_rate", desk) == (0, 0)
        assert counts("accept_in_time_rate", desk) == (1, 1)
        assert counts("valid_report_rate", desk) == (0, 0), "the source names no person"
    assert counts("handling_rate_c", imported(*PAST)) == (0, 1), "open, and overdue since"


def test_volumes_count_each_step_by_its_own_instant() -> None:
    one = facts_of(closed(handled(dispatched("02")), START + 2 * HOUR))
    assert volumes([one, one], THAT_DAY) == Volumes(2, 2, 2, 2, 2)
    assert volumes([one], NEXT_DAY) == Volumes()
    assert one.last_ms >= START + 3 * HOUR
