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
APART = "named, of the lead"
NEVER_ACTS = (Role.APPRAISER, Role.AUDITOR, Role.ADMIN, Role.WALL)


@pytest.mark.parametrize("name", pages())
def test_the_page_is_what_the_rules_say_now(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == pages()[name](), f"docs/{name} is out of date: run `liandong docs`"


def test_every_action_is_let_through_somewhere_and_every_state_is_reached() -> None:
    found = walked()
    taken = {tried.action for tried, led_to in found.led_to.items() if led_to}
    never = [str(kind.__struct_config__.tag) for kind in CASE_ACTIONS if kind.__struct_config__.tag not in taken]
    assert never == [], "give COURSES in ops/walk/courses.py a course near it, or asked.py what its fields hold"
    assert [status for status in Status if status not in {tried.state for tried in found.led_to}] == []


def test_every_role_tries_every_action_in_every_state() -> None:
    tried = {(one.action, one.state, one.role) for one in walked().led_to}
    assert len(tried) == len(CASE_ACTIONS) * (len(Status) + 1) * len(Role)


def test_who_only_looks_changes_nothing() -> None:
    assert [one for one, led_to in walked().led_to.items() if led_to and one.role in NEVER_ACTS] == []


def test_what_has_ended_goes_on_only_when_it_is_opened_again_or_unmerged() -> None:
    ended = {str(status) for status in set(Status) - OPEN_STATUSES}
    moved = {
        (one.state, one.action) for one, ends in walked().led_to.items() if one.state in ended and ends - {one.state}
    }
    assert moved == {("closed", "reopen"), ("merged", "unmerge"), ("merged", "drop_merge")}


def test_no_discoverer_handles_and_nobody_of_the_lead_checks() -> None:
    taken = {(one.role, one.relation, one.action) for one, led_to in walked().led_to.items() if led_to}
    as_handler = {action for role, relation, action in taken if (role, relation) == ("handler", "discoverer")}
    assert as_handler <= {"complete_report", "hand_over", "rate", "note", "attach"}, "what a reporter may, and no more"
    assert {"pass_check", "fail_check"} & {action for _, relation, action in taken if relation == APART} == set()


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
