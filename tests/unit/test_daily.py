"""What a case adds to which formula on which day, and how that changes with each record."""

from __future__ import annotations

import re

from msgspec.structs import replace

from domain.case import actions as a
from domain.case.values import ClockKind, Status, VoidReason
from domain.figures.daily import Contributions, changed, contributions
from domain.figures.facts import Answer, CaseFacts, Fold, StageClock, fold_facts
from projections import daily
from projections.database import table_sql
from tests.support.city import GRID
from tests.unit.test_ledger import SHIFT_HEAD, TO_WORK, Course, lived
from tests.unit.test_stage_clocks import CLOSED

VOID: Course = (*TO_WORK, (20, SHIFT_HEAD, a.Void(VoidReason.DUPLICATE)))
BY_CASE = (
    *("closing_rate", "on_time_closing_rate", "closing_rate_jinhua", "on_time_closing_rate_jinhua"),
    *("handling_rate", "handling_rate_b", "extension_rate", "suspension_rate", "return_rate", "void_rate"),
)


def day_of(at_ms: int) -> str:
    """Ten instants are a day."""
    return str(at_ms // 10)


def local_day(at_ms: int) -> str:
    """All of a course is one day, and its handling deadline is another."""
    return "early" if at_ms < facts_of(TO_WORK).opened_ms + 4 * 3_600_000 else "late"


def facts_of(course: Course) -> CaseFacts:
    events = [event for record in lived(*course).records for event in record.events]
    found = fold_facts(Fold(), "case-1", events).facts
    assert found is not None
    return found


def on(day: str, found: Contributions) -> dict[str, tuple[int, int]]:
    """What is added on that day, all of it where the case lies."""
    assert {grid for grid, _, _ in found} <= {GRID}
    return {name: counted for (_, of_day, name), counted in found.items() if of_day == day}


def test_a_case_adds_to_the_day_of_its_deadline_and_each_stage_to_its_own() -> None:
    found = contributions(facts_of(TO_WORK), local_day)
    assert on("early", found) == {
        "accept_in_time_rate": (1, 1),
        "file_in_time_rate": (1, 1),
        "dispatch_in_time_rate": (1, 1),
        "acknowledge_in_time_rate": (1, 2),
    }
    below = {name: (0, 1) for name in BY_CASE if name != "handling_rate_c"}
    assert on("late", found) == {**below, "exact_dispatch_rate": (1, 1)}


def test_closing_adds_above_what_is_below_already_and_a_waived_stage_leaves() -> None:
    changes = changed(facts_of(TO_WORK), facts_of(CLOSED), local_day)
    assert on("late", changes) == {
        **dict.fromkeys(BY_CASE[:6], (1, 0)),
        "handling_rate_c": (1, 1),
        "rework_rate": (0, 1),
    }
    assert on("early", changes) == {
        "acknowledge_in_time_rate": (0, -1),
        "send_check_in_time_rate": (1, 1),
        "check_in_time_rate": (1, 1),
        "close_in_time_rate": (1, 1),
    }


def test_what_is_void_takes_back_all_but_its_part_of_the_void_rate() -> None:
    before, after = facts_of(TO_WORK), facts_of(VOID)
    assert on("late", contributions(after, local_day)) == {"void_rate": (1, 1)}
    assert on("early", contributions(after, local_day)) == {}
    assert on("late", changed(before, after, local_day))["void_rate"] == (1, 0)
    assert on("late", changed(before, after, local_day))["closing_rate"] == (0, -1)


FACTS = CaseFacts(case_id="c", number="1", grid="91", status=Status.FILED, opened_ms=7, reporter="chen", filed_ms=8)


def test_several_runs_of_a_stage_count_each_on_its_own_day_and_twice_on_one() -> None:
    runs = tuple(
        StageClock(ClockKind.DISPATCH, None, deadline_ms, answer)
        for deadline_ms, answer in (
            (11, Answer.MET),
            (12, Answer.MISSED),
            (12, Answer.MET),
            (25, Answer.RUNNING),
            (26, Answer.LEFT_OUT),
            (None, Answer.MET),
        )
    )
    assert contributions(replace(FACTS, stages=runs), day_of) == {
        ("91", "0", "valid_report_rate"): (1, 1),
        ("91", "1", "dispatch_in_time_rate"): (2, 3),
        ("91", "2", "dispatch_in_time_rate"): (0, 1),
    }


def test_a_rating_adds_its_stars_to_the_day_of_the_answer() -> None:
    rated = replace(FACTS, reporter=None, rating=4, rated_ms=35)
    assert contributions(rated, day_of) == {("91", "3", "satisfaction"): (4, 1)}


def test_a_case_that_moves_to_another_grid_takes_its_past_along() -> None:
    assert changed(FACTS, replace(FACTS, grid="92"), day_of) == {
        ("91", "0", "valid_report_rate"): (-1, -1),
        ("92", "0", "valid_report_rate"): (1, 1),
    }
    assert changed(FACTS, FACTS, day_of) == {}
    assert changed(None, FACTS, day_of) == contributions(FACTS, day_of)
    assert changed(FACTS, None, day_of) == {("91", "0", "valid_report_rate"): (-1, -1)}
    assert contributions(None, day_of) == {}


def test_the_table_has_two_columns_for_each_formula() -> None:
    told = re.findall(r"^    (\w+_(?:above|below)) int not null,$", table_sql(daily.NAME), re.MULTILINE)
    assert tuple(told) == daily.SUMS.counters
