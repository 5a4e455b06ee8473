"""What an account may be: a role for people, a place and a unit that the city has."""

from __future__ import annotations

import pytest

from domain.case.values import Actor, Role
from ops.account import sound_post
from reference.profile import load_profile
from runtime.faults import Fault
from tests.support.city import GRID, TEAM

CITY = load_profile("xinmi")


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
