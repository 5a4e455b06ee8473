"""Laws of an admission item's life, over generated courses of steps, most of which are refused."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.admission.admissions import Admissions
from domain.admission.check import check_admission
from domain.admission.diff import rewritten
from domain.admission.life import take_step
from domain.admission.standing import terms
from domain.admission.values import (
    AdmissionList,
    Admitted,
    Applied,
    ChangeProposed,
    Exited,
    Item,
    Matter,
    Reviewed,
    Step,
)
from domain.case.values import Role
from tests.support.routing import CLASSES

PEOPLE = ("li", "wang", "zhao")
matters = st.sampled_from([Matter(("02",), "街面"), Matter(("0201", "03"), "街面与纠纷")])
instants = st.integers(0, 40)
people = st.sampled_from(PEOPLE)
# Weighted towards what can follow, so that many courses get as far as a second admission.
kinds = st.sampled_from(["propose", "review", "review", "admit", "admit", "change", "exit"])
courses = st.lists(
    st.tuples(kinds, people, st.integers(0, 3), matters, st.booleans() | st.just(True), instants, st.none() | instants),
    max_size=30,
)
Course = list[tuple[str, str, int, Matter, bool, int, int | None]]


def lived(course: Course) -> tuple[AdmissionList, list[AdmissionList]]:
    """The list after all steps that were not refused, and every list on the way."""
    found, at_ms = AdmissionList("1", True), 0
    way = [found]
    for kind, by, later, matter, supports, begins, lasts in course:
        at_ms += later
        step: Step
        match kind:
            case "propose":
                step = Applied(at_ms, by, matter)
            case "change":
                step = ChangeProposed(at_ms, by, matter)
            case "review":
                step = Reviewed(at_ms, by, supports)
            case "admit":
                since_ms = at_ms + begins // 4
                step = Admitted(at_ms, by, since_ms, None if lasts is None else since_ms + lasts)
            case _:
                step = Exited(at_ms, by)
        role = Role.ADMIN if isinstance(step, Reviewed) else Role.LEADER
        grown = take_step(found, "A1", step, role)
        if isinstance(grown, AdmissionList):
            found = grown
            way.append(found)
    return found, way


def replayed(steps: tuple[Step, ...], class_code: str, at_ms: int) -> bool:
    """Whether a class is admitted at an instant, by going through what had been decided until then."""
    asked: Matter | None = None
    admitted: list[tuple[Matter, int, int | None]] = []
    for step in steps:
        if step.at_ms > at_ms:
            break
        if isinstance(step, Applied | ChangeProposed):
            asked = step.matter
        elif isinstance(step, Admitted):
            assert asked is not None
            admitted.append((asked, step.since_ms, step.until_ms))
        elif isinstance(step, Exited):
            admitted.clear()
    begun = [found for found in admitted if found[1] <= at_ms]
    if not begun:
        return False
    matter, _, until_ms = begun[-1]
    return (until_ms is None or at_ms < until_ms) and class_code.startswith(matter.classes)


@settings(max_examples=400)
@given(courses, st.sampled_from(["0201", "0301"]))
def test_admitted_is_what_replaying_the_steps_until_then_gives(course: Course, class_code: str) -> None:
    found, _ = lived(course)
    admissions = Admissions(found)
    steps = found.items[0].steps if found.items else ()
    for at_ms in range(0, 130, 3):
        assert (admissions.admitted(class_code, at_ms) is not None) == replayed(steps, class_code, at_ms)


@settings(max_examples=400)
@given(courses)
def test_no_step_is_skipped_and_no_hand_takes_two_of_a_proposal(course: Course) -> None:
    found, _ = lived(course)
    for item in found.items:
        for before, step in pairwise(item.steps):
            assert before.at_ms <= step.at_ms
            if isinstance(step, Reviewed):
                assert isinstance(before, Applied | ChangeProposed)
            if isinstance(step, Admitted):
                assert isinstance(before, Reviewed)
                assert before.supports
        for first, second, third in zip(item.steps, item.steps[1:], item.steps[2:], strict=False):
            if isinstance(third, Admitted):
                assert len({first.by, second.by, third.by}) == 3


@settings(max_examples=200)
@given(courses)
def test_what_grew_by_steps_is_sound_keeps_its_history_and_says_nothing_else_about_the_past(course: Course) -> None:
    found, way = lived(course)
    assert [f.code for f in check_admission(found, CLASSES) if f.code != "admission.nothing_admitted"] == []
    for before in way:
        assert rewritten(before, found) == []
        decided = before.items[0].steps[-1].at_ms if before.items else -1
        earlier, later = Admissions(before), Admissions(found)
        following = found.items[0].steps[len(before.items[0].steps) :] if before.items else ()
        known_until = following[0].at_ms if following else decided + 1
        for at_ms in range(known_until):
            assert earlier.flagged("0201", at_ms) == later.flagged("0201", at_ms)


@settings(max_examples=200)
@given(courses)
def test_terms_are_in_order_and_never_overlap(course: Course) -> None:
    found, _ = lived(course)
    ordered = terms(found.items[0] if found.items else Item("A1"))
    assert all(term.until_ms is None or term.since_ms < term.until_ms for term in ordered)
    for one, following in pairwise(ordered):
        assert one.until_ms is not None
        assert one.until_ms <= following.since_ms
