"""What an account may be: a role for people, a place and a unit that the city has."""

from __future__ import annotations

import pytest

from api.accounts import Person
from api.cases import post_for
from domain.case import actions as a
from domain.case.decision import ReasonCode
from domain.case.values import (
    Actor,
    ExtensionReason,
    ForceReason,
    ReturnReason,
    Role,
    Stage,
    SuspensionReason,
    VoidReason,
)
from ops.account import sound_post
from reference.profile import load_profile
from runtime.faults import Fault
from tests.support.city import GRID, TEAM
from tests.unit.test_case import HANDLER, START
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
        actor = post_for(person, action, case)
        seen[actor.role].add(type(action))
        desk = handling()
        if isinstance(action, a.DecideSuspension):
            desk.act(HANDLER, a.RequestSuspension(SuspensionReason.SEASON, START + 3_600_000), START + 1)
        decided = desk.act(actor, action, START + 2)
        assert decided.rejection is None or decided.rejection.code is not ReasonCode.WRONG_ROLE, action
    assert seen[Role.HANDLER] >= {a.RequestExtension, a.RequestSuspension, a.Return, a.Handle}
    assert seen[Role.LEADER] == {a.DecideSuspension, a.ForceClose}
    assert seen[Role.SHIFT_HEAD] == {a.Void, a.Note}
