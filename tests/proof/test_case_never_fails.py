"""Whatever is adopted and whatever is asked, a decision follows: nothing stops a decider, nor who folds its records."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from domain.case.actions import CASE_ACTIONS, Acknowledge, Attempt, CaseAction, CompleteReport, File, ImportCase, Report
from domain.case.frame import Rules
from domain.case.reasons import SENTENCES
from domain.case.rehoming import rehoming_due_ms
from domain.case.values import Actor, Role, Status
from domain.finding import faults
from eventlog.casefile import CaseFile, absorb
from eventlog.record import Origin, decode, encode
from eventlog.stored import Entry, Stored
from eventlog.verdict import Arrived, Office, judge
from projections.board import counted, row_of
from projections.steps import Folder, Step
from projections.towns import Towns
from reference.contents import Contents
from reference.soundness import check_contents
from tests.support.courses import (
    ACTIONS,
    BEGIN,
    FIRST,
    FITS,
    WORK,
    actors,
    an_action,
    any_contents,
    compiled_rules,
    good_action,
    right_actor,
    waits,
)

ATTEMPTS_MAX = 5
COURSES_OF_EACH = 9
"""For each action, so that none is left to chance."""
PASTS = 100
ZONE = ZoneInfo("Asia/Shanghai")


class Course:
    """One case, attempt after attempt, under contents that are adopted in between; `met` is what was met on the way,
    `steps` what became of each attempt, `rules` by which it was decided."""

    def __init__(self, data: DataObject) -> None:
        self.data = data
        self.at_ms = BEGIN
        self.steps: list[Step] = []
        self.rules: list[Rules] = []
        self.file, self.met = CaseFile("case-1"), Counter[str]()
        self._folder, self._towns = Folder(0), Towns()
        self._pinned: dict[str, Rules] = {}
        self.contents = self._adopted(None)

    def _adopted(self, before: Contents | None) -> Contents:
        contents = self.data.draw(any_contents(before), label="contents")
        assert faults(check_contents(contents)) == []
        self._rules = compiled_rules(contents, len(self._pinned), self.at_ms, self._pinned)
        self._towns.adopt(contents.towns)
        return contents

    def adopt(self) -> None:
        """Other contents, whose tree goes on from that of these."""
        self.contents = self._adopted(self.contents)

    def attempt(self, action: CaseAction, actor: Actor, expected: int | None = None) -> None:
        """The attempt is decided, and the record is stored, read again and folded by those who read it."""
        number = self._folder.next_offset
        attempt = Attempt(f"a{number}", "case-1", actor, action, self.at_ms, "d", expected_version=expected)
        arrived = Arrived(Origin("t", 0, number), self.at_ms, b"case-1", b"")
        record = judge(self.file, attempt, arrived, Office(self._rules, "test", "20181008-00-0001"))
        value = encode(record)
        assert decode(value) == record
        assert record.rejection is None or record.rejection.code in SENTENCES
        self.file = absorb(self.file, record, value)
        step = self._folder.fold(Entry(Stored(0, number, self.at_ms, b"case-1", value), record))
        assert isinstance(step, Step)
        step = self._towns.place(step)
        self.steps.append(step)
        self.rules.append(self._rules)
        row_of(step)
        counted(step, ZONE)
        if self.file.case is not None:
            rehoming_due_ms(self.file.case, self._rules)
            self.met[self.file.case.status] += 1
        self.met[f"{type(action).__name__} {record.outcome}"] += 1

    def work(self, steps: int) -> None:
        """So many steps of the work as it is usually done."""
        for kind in WORK[:steps]:
            self.at_ms += 60_000
            self.usual(kind)

    def usual(self, kind: type[CaseAction]) -> None:
        """An action as it is usually asked for, by somebody who may."""
        case = self.file.case
        action = self.data.draw(good_action(kind, self.contents, case), label="usual")
        lead = case.lead.unit if kind is Acknowledge and case and case.lead and not case.lead.signed else None
        actor = Actor("li", Role.HANDLER, unit=lead) if lead else self.data.draw(right_actor(case, action))
        self.attempt(action, actor)

    def anything(self) -> None:
        """Any action by anybody, most often by somebody who may."""
        draw = self.data.draw
        self.at_ms += draw(waits, label="after")
        action = draw(an_action(draw(st.sampled_from(CASE_ACTIONS)), self.contents), label="action")
        right = right_actor(self.file.case, action)
        self.attempt(action, draw(right | right | actors, label="actor"), draw(st.sampled_from([None] * 9 + [0])))

    def about(self, kind: type[CaseAction]) -> None:
        """The work until that action may hold, then it and anything else, a few times over."""
        draw = self.data.draw
        self.work(draw(st.sampled_from(FITS[kind]), label="worked"))
        for _ in range(draw(st.integers(1, ATTEMPTS_MAX), label="attempts")):
            if draw(st.sampled_from([False] * 4 + [True]), label="adopts"):
                self.adopt()
            self.at_ms += draw(waits, label="after")
            for before in FIRST.get(kind, ()):
                self.usual(before)
            self.usual(kind)
            self.anything()


def test_a_decision_follows_on_any_action_in_any_state_under_any_sound_contents() -> None:
    assert {*ACTIONS, Report, File, ImportCase, CompleteReport} == FITS.keys() == set(CASE_ACTIONS), (
        "every action is asked for"
    )
    met: Counter[str] = Counter()

    for kind in CASE_ACTIONS:

        @settings(max_examples=COURSES_OF_EACH)
        @given(st.data(), st.just(kind))
        def a_decision_follows(data: DataObject, kind: type[CaseAction]) -> None:
            course = Course(data)
            course.about(kind)
            met.update(course.met)

        a_decision_follows()
    assert set(Status) <= met.keys(), "the courses reach every state"


def test_a_decision_follows_on_any_past_that_is_imported_and_on_what_is_asked_then() -> None:
    met: Counter[str] = Counter()

    @settings(max_examples=PASTS)
    @given(st.data())
    def a_decision_follows(data: DataObject) -> None:
        course = Course(data)
        course.usual(ImportCase)
        for _ in range(data.draw(st.integers(0, 2), label="attempts")):
            course.anything()
        met.update(course.met)

    a_decision_follows()
    assert {"ImportCase accepted", "ImportCase rejected"} <= met.keys()
