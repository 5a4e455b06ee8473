"""What is owed on a case, state after state, and what a name on it excludes."""

from __future__ import annotations

from domain.case import actions as a
from domain.case.duties import Act, duties
from domain.case.values import ExtensionReason, ReturnReason, Role
from tests.support.city import GRID, TEAM, actor
from tests.unit.test_registers import MEMBER, MINUTE_MS, NINE, at_work


def test_the_leads_unit_owes_the_handling_and_the_desk_what_it_asks_for() -> None:
    desk = at_work()
    case = desk.file.case
    assert case is not None
    clock = case.handling_clock
    (handle,) = duties(case)
    assert (handle.act, handle.unit, handle.due_ms) == (Act.HANDLE, TEAM, clock and clock.deadline_ms)
    assert handle.is_of(MEMBER, GRID)
    assert not handle.is_of(actor(Role.HANDLER, case.discoverer, TEAM), GRID), "who discovered it does not handle it"

    desk.act(MEMBER, a.Return(ReturnReason.NOT_OURS), NINE + 6 * MINUTE_MS)
    assert desk.file.case is not None
    (dispatch,) = duties(desk.file.case)
    assert (dispatch.act, dispatch.roles, dispatch.level) == (Act.DISPATCH, (Role.DISPATCHER,), 0)
    assert not dispatch.is_of(actor(Role.DISPATCHER, level=1), GRID), "another level's desk"
    assert not dispatch.is_of(actor(Role.DISPATCHER, scope="410183002"), GRID), "another place"


def test_the_one_who_asks_for_more_time_does_not_owe_the_answer() -> None:
    desk = at_work()
    desk.act(MEMBER, a.RequestExtension(ExtensionReason.WEATHER, "1WH"), NINE + 6 * MINUTE_MS)
    assert desk.file.case is not None
    asked = next(duty for duty in duties(desk.file.case) if duty.act is Act.DECIDE_EXTENSION)
    assert asked.is_of(actor(Role.SHIFT_HEAD), GRID)
    assert not asked.is_of(actor(Role.SHIFT_HEAD, "wang"), GRID)
