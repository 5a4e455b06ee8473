"""The runs of stage clocks: a row each, from the event that starts it to its verdict."""

from __future__ import annotations

import pytest

from domain.case import actions as a
from domain.case.events import ClockNear
from domain.case.evolve import Move, moves, states
from domain.case.values import ClockKind, FailReason, ReopenReason, ReturnReason, Role
from domain.figures.facts import Fold, fold_facts
from projections import timeline
from projections.stage_clocks import Run, runs
from tests.support.city import TEAM, URBAN, actor
from tests.unit.test_ledger import (
    ACCEPTOR,
    AT,
    CHECKED,
    COLLECTOR,
    DISPATCHER,
    HANDLER,
    LEADER,
    MINUTE,
    TO_WORK,
    Course,
    events_of,
    lived,
)

CLOSED: Course = (*TO_WORK, *CHECKED)


def told(rows: list[Run]) -> list[str]:
    """Each run in a line: round, clock, unit, minutes from start to stop, verdict, answer."""
    return [
        f"{row.round} {row.clock} {row.unit or '-'} {minutes(row.started_ms)}-{minutes(row.stopped_ms)} "
        f"{row.verdict or '-'} {row.answer}"
        for row in rows
    ]


def minutes(at_ms: int | None) -> str:
    return "" if at_ms is None else str((at_ms - AT) // MINUTE)


def rows_of(course: Course) -> list[Run]:
    return runs([], "case-1", 0, timeline.moves(lived(*course).records))


def test_from_report_to_close_each_stage_has_a_row_and_the_handling_has_none() -> None:
    assert told(rows_of(CLOSED)) == [
        "1 accept - 0-2 met met",
        "1 file - 2-5 met met",
        "1 dispatch - 5-9 met met",
        f"1 acknowledge {TEAM} 9-14 met met",
        f"1 acknowledge {URBAN} 9-40 waived left_out",
        "1 send_check - 40-45 met met",
        "1 check - 45-55 met met",
        "1 close - 55-60 met met",
    ]


def test_a_row_says_whose_it_was_and_until_when() -> None:
    first = rows_of(TO_WORK[:1])[0]
    assert first == Run(
        case_id="case-1",
        version=2,
        partition=0,
        number="20261124-00-0001",
        round=1,
        clock="accept",
        unit=None,
        holder="desk:0",
        started_ms=AT,
        deadline_ms=AT + 15 * MINUTE,
    )


def test_a_deadline_that_passed_is_missed_while_the_clock_still_runs() -> None:
    late = (*TO_WORK[:1], (16, actor(Role.SYSTEM, scope=""), a.Tick()))
    assert told(rows_of(late)) == ["1 accept - 0- - missed"]
    assert told(rows_of((*late, (20, ACCEPTOR, a.Accept()))))[0] == "1 accept - 0-20 missed missed"


def test_a_clock_that_starts_again_is_another_row_and_another_round_too() -> None:
    returned = (*TO_WORK, (20, HANDLER, a.Return(ReturnReason.NOT_OURS)), (38, DISPATCHER, a.Dispatch(URBAN)))
    assert [line for line in told(rows_of(returned)) if "dispatch" in line] == [
        "1 dispatch - 5-9 met met",
        "1 dispatch - 20-38 missed missed",
    ]
    again = (*CLOSED, (80, LEADER, a.Reopen(ReopenReason.AUDIT)), (85, DISPATCHER, a.Dispatch(TEAM)))
    assert told(rows_of(again))[8:] == ["2 dispatch - 80-85 met met", f"2 acknowledge {TEAM} 85- - running"]


def test_a_merger_pauses_the_desk_and_what_goes_on_is_owed_again() -> None:
    merged = (*TO_WORK[:2], (4, DISPATCHER, a.Merge("case-2")))
    assert told(rows_of(merged))[1] == "1 file - 2-4 - left_out"
    before, after = rows_of(merged)[1], rows_of((*merged, (50, DISPATCHER, a.Unmerge())))[1]
    assert told([after]) == ["1 file - 2- - running"]
    assert (before.deadline_ms, after.deadline_ms) == (AT + 17 * MINUTE, AT + 63 * MINUTE)


def test_what_tells_of_a_clock_that_never_started_changes_nothing() -> None:
    desk = lived(*TO_WORK[:1])
    near = ClockNear(at_ms=AT, clock=ClockKind.CHECK)
    case = desk.file.case
    stray: list[Move] = moves(case, [near], states(case, [near]))
    assert runs(rows_of(TO_WORK[:1]), "case-1", 0, stray) == rows_of(TO_WORK[:1])


@pytest.mark.parametrize(
    "course",
    [
        CLOSED,
        (*CLOSED, (80, LEADER, a.Reopen(ReopenReason.AUDIT)), (85, DISPATCHER, a.Dispatch(URBAN))),
        (*CLOSED[:7], (90, COLLECTOR, a.FailCheck(FailReason.NOT_DONE)), (95, *CLOSED[5][1:])),
        (*TO_WORK[:2], (4, DISPATCHER, a.Merge("case-2")), (50, DISPATCHER, a.Unmerge())),
    ],
)
def test_each_run_counts_as_the_facts_say_and_in_pieces_the_rows_are_the_same(course: Course) -> None:
    desk = lived(*course)
    whole = rows_of(course)
    facts = fold_facts(Fold(), "case-1", events_of(desk)).facts
    assert facts is not None
    assert [(row.clock, row.unit, row.deadline_ms, row.answer) for row in whole] == [
        (stage.kind, stage.unit, stage.deadline_ms, stage.answer) for stage in facts.stages
    ]
    assert len({row.version for row in whole}) == len(whole)
    held: list[Run] = []
    case = None
    for record in desk.records:
        after = states(case, record.events)
        held = runs(held, "case-1", 0, moves(case, record.events, after))
        case = after[-1] if after else case
    assert held == whole
