"""The demo's people: one seed, one city; its lives keep the rules, whatever instant cuts them into past and future."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from msgspec.structs import replace

from domain.case.actions import Attempt, DecideExtension, Dispatch, FailCheck, Handle, RequestExtension, Return
from domain.case.decide import decide
from domain.case.decision import Accepted
from domain.case.evolve import fold
from domain.case.frame import Rules
from domain.case.state import Case
from domain.case.values import OPEN_STATUSES, Actor, ClockVerdict, Role
from ops.people.history import REACHED, imported, remaining
from ops.people.pace import ALL, LIKE, USED_MAX, load_pace
from ops.people.plan import City, Life
from reference.contents import pack, rules_from
from reference.profile import load_profile

DAY = date(2026, 9, 16)
LATER_MS = 1_900_000_000_000
LATE_OFF_MAX = 0.05
PROFILE = load_profile("xinmi")


@cache
def the_rules() -> Rules:
    version, found = pack(PROFILE.contents)
    rules = rules_from(found, version)
    assert rules is not None
    return rules


def city(seed: int = 7, rate: float = 120) -> City:
    return City(PROFILE, the_rules().calendar, load_pace(), seed, rate)


def brought_in(life: Life, cut_ms: int) -> Case:
    """The case after the life up to that instant came in as history."""
    action = replace(imported(life, cut_ms), as_of_ms=cut_ms)
    importer = Actor("importer", Role.IMPORTER, PROFILE.about.root)
    attempt = Attempt(str(life.action_id), life.case_id, importer, action, LATER_MS, "d")
    decision = decide(None, attempt, LATER_MS, the_rules(), "n")
    assert isinstance(decision, Accepted), (decision, life)
    case = fold(None, decision.events)
    assert case is not None
    return case


def test_the_same_seed_makes_the_same_city_and_another_one_another() -> None:
    assert city().day(DAY) == city().day(DAY)
    assert city(seed=8).day(DAY) != city().day(DAY)
    assert city().day(DAY + timedelta(days=1)) != city().day(DAY)


def test_wherever_a_life_is_cut_the_rules_take_its_past_and_know_its_future() -> None:
    lives = city().day(DAY)
    assert any(isinstance(act.do, FailCheck) for life in lives for act in life.acts), "some rework among them"
    assert any(isinstance(act.do, Dispatch) and act.do.co_handlers for life in lives for act in life.acts)
    for kind in (Return, RequestExtension, DecideExtension):
        assert any(isinstance(act.do, kind) for life in lives for act in life.acts), f"some {kind.__name__}"
    for life in lives:
        for cut in (life.opened_ms, *(act.at_ms for act in life.acts)):
            case = brought_in(life, cut)
            future = [act for act in life.acts if act.at_ms > cut]
            assert (remaining(life, case) if case.open else []) == future


def test_a_case_that_comes_back_has_a_place_in_its_life_in_every_open_state() -> None:
    assert REACHED.keys() == OPEN_STATUSES


def test_about_as_many_are_late_as_in_the_measured_quarter() -> None:
    """Late by the rules themselves: with the time granted, and with the clock of whoever it was sent to in the end."""
    late = handled = 0
    for life in city(rate=900).day(DAY):
        first = next((act.at_ms for act in life.acts if isinstance(act.do, Handle)), None)
        if first is None:
            continue
        clock = brought_in(life, first).handling_clock
        assert clock is not None
        handled += 1
        late += clock.verdict is ClockVerdict.MISSED
    assert handled > 500
    assert abs(late / handled - load_pace().classes[ALL].late) < LATE_OFF_MAX


def test_storms_come_and_bring_more() -> None:
    days = [DAY + timedelta(days=n) for n in range(60)]
    storms = [day for day in days if city().storm(day) and day.weekday() < 5]
    calm = [day for day in days if not city().storm(day) and day.weekday() < 5]
    assert storms, "some of sixty days have a storm"
    assert min(len(city().day(d)) for d in storms) > sum(len(city().day(d)) for d in calm) / len(calm)


def test_the_pace_names_classes_that_are_there() -> None:
    known = {c.code for c in PROFILE.contents.standard.classes}
    assert set(LIKE) <= known
    assert set(LIKE.values()) <= set(load_pace().classes)
    assert load_pace().classes[ALL].used[-1] > USED_MAX, "the cut is ours and said so"
