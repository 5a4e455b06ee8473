"""Deadlines that passed: one row each, finished when the clock stops, open again when it goes on."""

from __future__ import annotations

from domain.case import actions as a
from domain.case.evolve import moves, states
from domain.case.values import (
    AppealReason,
    Channel,
    FailReason,
    Place,
    ReturnReason,
    Role,
)
from projections.breaches import Breach, passed
from tests.support.city import GRID, TEAM, URBAN, actor, ms
from tests.support.desk import Desk

AT = ms("2018-10-15T09:00")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
ACCEPTOR, SHIFT_HEAD, DISPATCHER = actor(Role.ACCEPTOR), actor(Role.SHIFT_HEAD), actor(Role.DISPATCHER)
HANDLER, OTHER = actor(Role.HANDLER, "li", TEAM), actor(Role.HANDLER, "he", URBAN)
COLLECTOR = actor(Role.COLLECTOR, "chen")


class Story:
    """A case at work with the team, and the rows that its records leave."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.rows: list[Breach] = []
        self.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), AT)
        self.act(ACCEPTOR, a.Accept(), AT + MINUTE)
        self.act(SHIFT_HEAD, a.File("010101", "02"), AT + 2 * MINUTE)
        self.act(DISPATCHER, a.Dispatch(TEAM), AT + 3 * MINUTE)
        self.act(HANDLER, a.Acknowledge(), AT + 4 * MINUTE)

    def act(self, who: a.Actor, action: a.CaseAction, at_ms: int) -> None:
        """One accepted act, folded as the projector does."""
        before = self.desk.file.case
        record = self.desk.act(who, action, at_ms)
        assert record.rejection is None, record.rejection
        self.rows = passed(self.rows, self.desk.file.id, 0, moves(before, record.events, states(before, record.events)))

    @property
    def handling(self) -> list[tuple[str | None, int | None, bool]]:
        """Unit, end and exemption of each missed handling deadline."""
        return [(row.unit, row.ended_ms, row.exempt) for row in self.rows if row.clock == "handle"]

    @property
    def deadline_ms(self) -> int:
        """The lead's handling deadline."""
        case = self.desk.file.case
        assert case is not None
        assert case.handling_clock is not None
        assert case.handling_clock.deadline_ms is not None
        return case.handling_clock.deadline_ms


def test_what_is_done_at_the_deadline_is_no_breach() -> None:
    story = Story()
    story.act(HANDLER, a.Handle(), story.deadline_ms)
    assert story.handling == []


def test_a_millisecond_later_it_is_one_told_with_whose_it_was() -> None:
    story = Story()
    deadline = story.deadline_ms
    story.act(HANDLER, a.Handle(), deadline + 1)
    (row,) = (row for row in story.rows if row.clock == "handle")
    version = row.version
    assert row == Breach(
        case_id="case-1",
        version=version,
        partition=0,
        number="20261124-00-0001",
        case_class="010101",
        round=1,
        desk=0,
        status="handling",
        clock="handle",
        unit=TEAM,
        holder=f"unit:{TEAM}",
        deadline_ms=deadline,
        ended_ms=deadline + 1,
    )
    assert len({row.version for row in story.rows}) == len(story.rows)


def test_while_nobody_has_handled_it_the_row_is_open() -> None:
    story = Story()
    story.act(actor(Role.SYSTEM, scope=""), a.Tick(), story.deadline_ms + DAY)
    assert story.handling == [(TEAM, None, False)]


def test_rework_after_the_deadline_opens_the_same_row_again() -> None:
    story = Story()
    late = story.deadline_ms + DAY
    story.act(HANDLER, a.Handle(), late)
    story.act(ACCEPTOR, a.SendCheck("chen"), late + MINUTE)
    story.act(COLLECTOR, a.FailCheck(FailReason.NOT_DONE), late + 2 * MINUTE)
    assert story.handling == [(TEAM, None, False)]
    story.act(HANDLER, a.Handle(), late + 3 * MINUTE)
    assert story.handling == [(TEAM, late + 3 * MINUTE, False)]


def test_another_unit_has_a_row_of_its_own() -> None:
    story = Story()
    late = story.deadline_ms + HOUR
    story.act(HANDLER, a.Return(ReturnReason.NOT_OURS), late)
    assert story.handling == [(TEAM, late, False)]
    story.act(DISPATCHER, a.Dispatch(URBAN), late + MINUTE)
    story.act(OTHER, a.Acknowledge(), late + 2 * MINUTE)
    again = story.deadline_ms + HOUR
    story.act(OTHER, a.Handle(), again)
    assert story.handling == [(TEAM, late, False), (URBAN, again, False)]


def test_an_upheld_appeal_exempts_the_handling_and_nothing_else() -> None:
    story = Story()
    late = story.deadline_ms + 30 * DAY
    story.act(HANDLER, a.Handle(), late)
    story.act(ACCEPTOR, a.SendCheck("chen"), late + 30 * DAY)
    story.act(COLLECTOR, a.PassCheck(), late + 30 * DAY + MINUTE)
    story.act(SHIFT_HEAD, a.Close(), late + 30 * DAY + 2 * MINUTE)
    story.act(HANDLER, a.RequestAppeal(AppealReason.FORCE_MAJEURE, "flood"), late + 30 * DAY + 3 * MINUTE)
    story.act(actor(Role.INSPECTOR), a.ReviewAppeal(supported=True, text="so"), late + 30 * DAY + 4 * MINUTE)
    story.act(actor(Role.LEADER), a.DecideAppeal(upheld=True, text="so"), late + 30 * DAY + 5 * MINUTE)
    assert story.handling == [(TEAM, late, True)]
    assert {(row.clock, row.exempt) for row in story.rows} == {("handle", True), ("send_check", False)}
