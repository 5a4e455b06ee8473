"""What an account may be: a role for people, a place and a unit that the city has."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from api.accounts import Person
from api.parts import sees
from api.posts import acting_post
from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.values import (
    Actor,
    ExtensionReason,
    ForceReason,
    ReturnReason,
    Role,
    Stage,
    SupervisionKind,
    SuspensionReason,
    VoidReason,
)
from ops.account import sound_post
from reference.profile import load_profile
from runtime.faults import Fault
from tests.support.city import GRID, TEAM
from tests.unit.test_case import HANDLER, START, dispatched
from tests.unit.test_case_suspension import handling

CITY = load_profile("xinmi")
SEVERAL = (Role.SHIFT_HEAD, Role.HANDLER, Role.LEADER)
ASKED: tuple[a.CaseAction, ...] = (
    a.Acknowledge(),
    a.Progress(Stage.ON_SCENE),
    a.Return(ReturnReason.NOT_OURS),
    a.RequestExtension(ExtensionReason.WEATHER, "1WH"),
    a.RequestSuspension(SuspensionReason.SEASON, START + 3_600_000),
    a.DecideSuspension(granted=True),
    a.CoDone(),
    a.Handle(),
    a.ForceClose(ForceReason.IN_COURT, "case 7"),
    a.Void(VoidReason.TRIAL),
    a.Note("seen"),
)


def test_without_a_scope_a_post_is_the_whole_city_and_with_one_it_has_its_level() -> None:
    assert sound_post(CITY, "admin", "admin", None, None, None) == Actor("admin", Role.ADMIN, "410183")
    assert sound_post(CITY, "王五", "handler", "410183001", None, TEAM).level == 1
    assert sound_post(CITY, "a", "collector", GRID, None, None).level == 3
    assert sound_post(CITY, "a", "collector", "410183001", 3, None).level == 3


@pytest.mark.parametrize(
    ("name", "role", "scope", "unit", "code", "found"),
    [
        ("a b", "admin", None, None, "account.name", "a b"),
        ("", "admin", None, None, "account.name", ""),
        ("x", "king", None, None, "account.role", "king"),
        ("x", "system", None, None, "account.role", "system"),
        ("x", "leader", "110101", None, "account.scope", "110101"),
        ("x", "leader", "", None, "account.scope", ""),
        ("x", "handler", None, None, "account.unit", "-"),
        ("x", "handler", None, "nobody", "account.unit", "nobody"),
    ],
)
def test_what_the_city_does_not_have_is_refused_by_name(
    name: str, role: str, scope: str | None, unit: str | None, code: str, found: str
) -> None:
    with pytest.raises(Fault, match=f"'{found}'") as refused:
        sound_post(CITY, name, role, scope, None, unit)
    assert refused.value.code == code
    assert all("{" not in line for line in refused.value.lines())


def test_of_several_posts_the_one_that_may_is_chosen() -> None:
    posts = [Actor("wang", role, "410183", unit=TEAM if role is Role.HANDLER else None) for role in SEVERAL]
    person = Person("wang", tuple(posts))
    seen: dict[Role, set[type[a.CaseAction]]] = {role: set() for role in SEVERAL}
    for action in ASKED:
        case = handling().file.case
        assert case is not None
        actor = acting_post(person.posts, action, case)
        seen[actor.role].add(type(action))
        desk = handling()
        if isinstance(action, a.DecideSuspension):
            desk.act(HANDLER, a.RequestSuspension(SuspensionReason.SEASON, START + 3_600_000), START + 1)
        decided = desk.act(actor, action, START + 2)
        assert decided.rejection is None or decided.rejection.code is not ReasonCode.WRONG_ROLE, action
    assert seen[Role.HANDLER] >= {a.RequestExtension, a.RequestSuspension, a.Return, a.Handle}
    assert seen[Role.LEADER] == {a.DecideSuspension, a.ForceClose}
    assert seen[Role.SHIFT_HEAD] == {a.Void, a.Note}


DESKS = (
    Actor("li", Role.ACCEPTOR, "410183"),
    Actor("li", Role.SHIFT_HEAD, "410183"),
    Actor("li", Role.LEADER, "410183"),
)
VILLAGE = (Actor("wu", Role.COLLECTOR, GRID, 3), Actor("wu", Role.GRID_HEAD, GRID[:12], 2))


@pytest.mark.parametrize(
    ("action", "role"),
    [
        (a.Accept(), Role.ACCEPTOR),
        (a.File(), Role.SHIFT_HEAD),
        (a.Void(VoidReason.TRIAL), Role.SHIFT_HEAD),
        (a.Supervise(SupervisionKind.URGE, 0), Role.LEADER),
        (a.DecideExtension(granted=True), Role.SHIFT_HEAD),
    ],
)
def test_a_person_of_several_desks_acts_with_the_one_that_the_rule_asks_for(action: a.CaseAction, role: Role) -> None:
    case = dispatched().file.case
    assert case is not None
    assert acting_post(DESKS, action, case).role is role
    assert acting_post(DESKS[::-1], action, case).role is role


def test_at_a_village_the_grid_head_is_the_whole_desk_and_the_collector_the_one_who_looks() -> None:
    case = dispatched().file.case
    assert case is not None
    village = replace(case, level=2)
    assert acting_post(VILLAGE, a.Accept(), village).role is Role.GRID_HEAD
    assert acting_post(VILLAGE, a.PassCheck(), village).role is Role.COLLECTOR
    both = (Actor("he", Role.COLLECTOR, GRID, 3), Actor("he", Role.HANDLER, "410183", unit=TEAM))
    assert acting_post(both, a.ReplySupervision(1, "x"), case).role is Role.HANDLER


def test_a_post_without_case_content_opens_no_case_and_a_citizens_opens_their_own() -> None:
    case = dispatched().file.case
    assert case is not None
    assert sees(Actor("x", Role.LEADER, "410183"), case)
    assert not sees(Actor("x", Role.LEADER, "410183002"), case)
    for role in (Role.ADMIN, Role.WALL, Role.IMPORTER, Role.SYSTEM, Role.PUBLIC):
        assert not sees(Actor("x", role, "410183"), case)
    assert sees(Actor(case.discoverer, Role.PUBLIC), case)
