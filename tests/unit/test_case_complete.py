"""Nothing that can be asked or recorded is left out where it is looked up: actions have a rule, events a fold."""

from __future__ import annotations

from collections import Counter
from typing import get_args

from domain.case.actions import CASE_ACTIONS, ImportCase, Report
from domain.case.decide import RULES
from domain.case.events import CASE_EVENTS, Reported
from domain.case.evolve import FOLDS, GROUPS
from domain.case.folds.clocks import ClockEvent


def test_every_action_on_a_case_has_its_rule() -> None:
    begins = {Report, ImportCase}
    assert [kind.__name__ for kind in CASE_ACTIONS if kind not in {*RULES, *begins}] == [], "name them in RULES"


def test_every_event_is_folded_in_exactly_one_group() -> None:
    folded = Counter[object]([Reported, *get_args(ClockEvent), *(kind for kinds, _ in GROUPS for kind in kinds)])
    assert [kind.__name__ for kind in CASE_EVENTS if folded[kind] != 1] == [], (
        "put each in one group of domain/case/folds"
    )
    assert set(folded) == set(CASE_EVENTS)
    assert {*FOLDS, *get_args(ClockEvent), Reported} == set(CASE_EVENTS)
