"""The walk over every state × action × role, and the two pages of docs/ that are written from it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import fields

from domain.case.actions import CASE_ACTIONS, Note
from domain.case.values import OPEN_STATUSES, Role, Status
from ops.walk.asked import examples
from ops.walk.city import BEGIN_MS
from ops.walk.pages import pages
from ops.walk.walk import DEPTH, Found, walked

DOCS = Path(__file__).parents[2] / "docs"
ENDED = {str(status) for status in set(Status) - OPEN_STATUSES}
NEVER_ACTS = (Role.APPRAISER, Role.AUDITOR, Role.ADMIN, Role.WALL)


@pytest.mark.parametrize("name", pages())
def test_the_page_is_what_the_rules_say_now(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == pages()[name](), f"docs/{name} is out of date: run `liandong docs`"


def test_every_action_is_let_through_somewhere_and_every_state_is_reached() -> None:
    found = walked()
    taken = {tried.action for tried, led_to in found.led_to.items() if led_to}
    never = [str(kind.__struct_config__.tag) for kind in CASE_ACTIONS if kind.__struct_config__.tag not in taken]
    assert never == [], "give COURSES in ops/walk/walk.py a course near it, or asked.py what its fields hold"
    assert [status for status in Status if status not in {tried.state for tried in found.led_to}] == []


def test_every_role_tries_every_action_in_every_state() -> None:
    tried = {(one.action, one.state, one.role) for one in walked().led_to}
    assert len(tried) == len(CASE_ACTIONS) * (len(Status) + 1) * len(Role)


def test_who_only_looks_changes_nothing_and_what_has_ended_is_moved_by_nobody_but_as_the_table_says() -> None:
    found = walked()
    assert [one for one, led_to in found.led_to.items() if led_to and one.role in NEVER_ACTS] == []
    moved = {
        (one.action, end) for one, ends in found.led_to.items() if one.state in ENDED for end in ends - {one.state}
    }
    assert moved == set()


def test_no_discoverer_handles_and_nobody_of_the_lead_checks() -> None:
    apart = ("of the lead, discoverer", "named, of the lead")
    let_through = {one.action for one, led_to in walked().led_to.items() if led_to and one.relation in apart}
    assert let_through <= {"report", "note", "attach", "give_verification"}, "the last is before filing: nobody handles"


def test_a_field_that_nobody_has_told_of_is_named() -> None:
    class Unheard(Note, tag="unheard", frozen=True, kw_only=True):
        whereabouts: str = ""
        colour: int

    assert [field.name for field in fields(Unheard)] == ["text", "whereabouts", "colour"]
    with pytest.raises(LookupError, match=r"asked.py what `colour` of Unheard may hold"):
        examples(Unheard, None, BEGIN_MS)


@pytest.mark.skipif(os.environ.get("LIANDONG_PROOF") != "long", reason="takes minutes: make proof")
def test_a_longer_walk_lets_nobody_else_through() -> None:
    assert let_through(walked(DEPTH + 1)) == let_through(walked())


def let_through(found: Found) -> dict[object, set[str]]:
    return {tried: led_to for tried, led_to in found.led_to.items() if led_to}
