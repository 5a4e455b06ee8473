"""Laws of the formulas over whatever may become of cases: pieces or whole, one scope or two, board or figures."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from domain.case.actions import CASE_ACTIONS, CaseAction, ImportCase
from domain.case.evolve import moves, states
from domain.case.values import ClockKind, Status
from domain.figures.daily import Contributions, changed
from domain.figures.facts import Answer, CaseFacts, Fold, StageClock, fold_facts
from domain.figures.figure import Period, total
from domain.figures.formulas import FORMULAS
from projections.board import NEAR, OVERDUE, Counts, counted, day_of, row_of
from projections.stage_clocks import Run, runs
from projections.workload import moved
from tests.proof.oracle.rates import read
from tests.proof.test_case_never_fails import ZONE, Course

COURSES_OF_EACH = 9
PASTS = 100
ALL_TIME = Period(-(10**18), 10**18)

instants = st.integers(0, 30)
stages = st.builds(StageClock, st.sampled_from(ClockKind), st.none(), instants, st.sampled_from(Answer))
some_facts = st.builds(
    CaseFacts,
    case_id=st.uuids().map(str),
    number=st.just("1"),
    grid=st.sampled_from(["9101", "9102", "9201"]),
    status=st.sampled_from(Status),
    opened_ms=instants,
    reporter=st.sampled_from([None, "chen", "li"]),
    filed_ms=st.none() | instants,
    lead=st.sampled_from([None, "a", "b"]),
    resent=st.booleans(),
    deadline_ms=st.none() | instants,
    handled=st.booleans(),
    late=st.booleans(),
    exempt=st.booleans(),
    paused=st.booleans(),
    unhandled=st.booleans(),
    extensions=st.integers(0, 2),
    suspensions=st.integers(0, 1),
    returns=st.integers(0, 3),
    checks=st.integers(0, 2),
    rework=st.integers(0, 2),
    rating=st.none() | st.integers(1, 5),
    rated_ms=st.none() | instants,
    stages=st.lists(stages, max_size=4).map(tuple),
)
periods = st.tuples(instants, instants).map(lambda ends: Period(min(ends), max(ends)))


@given(st.lists(some_facts, max_size=12), periods, st.sampled_from(sorted(FORMULAS)))
def test_what_is_counted_above_is_counted_below(cases: list[CaseFacts], period: Period, name: str) -> None:
    found = FORMULAS[name].figure(cases, period, "9", "0", named=True)
    assert set(found.numerator_cases) <= set(found.denominator_cases) <= {one.case_id for one in cases}
    if name == "satisfaction":
        assert found.value is None or 1 <= found.value <= 5
    else:
        assert found.value is None or 0 <= found.value <= 1
    assert (found.value is None) == (found.denominator == 0) == (found.denominator_cases == ())


@given(st.lists(some_facts, max_size=12), periods, instants, st.sampled_from(sorted(FORMULAS)))
def test_two_scopes_and_two_periods_add_up_to_one(cases: list[CaseFacts], period: Period, at: int, name: str) -> None:
    formula = FORMULAS[name]
    whole = formula.figure(cases, period, "9", "0", named=True)
    parts = [
        formula.figure([one for one in cases if one.grid.startswith(scope)], period, scope, "0", named=True)
        for scope in ("91", "92")
    ]
    both = total(parts, "9")
    assert (both.numerator, both.denominator) == (whole.numerator, whole.denominator)
    assert sorted(both.denominator_cases) == sorted(whole.denominator_cases)
    middle = min(max(at, period.from_ms), period.to_ms)
    halves = [
        formula.figure(cases, part, "9", "0") for part in (Period(period.from_ms, middle), Period(middle, period.to_ms))
    ]
    assert sum(half.numerator for half in halves) == whole.numerator
    assert sum(half.denominator for half in halves) == whole.denominator


@given(st.lists(st.lists(some_facts, min_size=1, max_size=4), max_size=6), st.integers(0, 4), st.integers(0, 4))
def test_whole_days_add_up_to_what_the_formulas_count(lives: list[list[CaseFacts]], first: int, last: int) -> None:
    """Whatever became of the facts of each case, and wherever it moved; a day has ten of the instants above here."""
    sums = Counter[tuple[str, str, str, str]]()
    for life in lives:
        for before, after in zip([None, *life], life, strict=False):
            added(sums, changed(before, after, lambda at_ms: str(at_ms // 10)))
    now = [life[-1] for life in lives]
    for scope in ("9", "91", "9102"):
        cases = [one for one in now if one.grid.startswith(scope)]
        for name, formula in FORMULAS.items():
            figure = formula.figure(cases, Period(first * 10, (last + 1) * 10), scope, "0")
            within = {(str(day), name) for day in range(first, last + 1)}
            found = [summed(sums, scope, within, part) for part in ("above", "below")]
            assert found == [figure.numerator, figure.denominator], (scope, name)


def added(sums: Counter[tuple[str, str, str, str]], changes: Contributions) -> None:
    """Add a step's changes to the sums."""
    for key, (above, below) in changes.items():
        sums[*key, "above"] += above
        sums[*key, "below"] += below


def summed(sums: Counter[tuple[str, str, str, str]], scope: str, within: set[tuple[str, str]], part: str) -> int:
    """The sums of these days and formulas in that scope."""
    return sum(
        count
        for (grid, day, name, which), count in sums.items()
        if which == part and grid.startswith(scope) and (day, name) in within
    )


@given(some_facts, periods)
def test_on_time_is_a_part_of_done_and_a_pause_only_takes_away(one: CaseFacts, period: Period) -> None:
    def of(name: str) -> tuple[int, int]:
        return FORMULAS[name].counts(one, period)

    for done, on_time in (
        ("closing_rate", "on_time_closing_rate"),
        ("closing_rate_jinhua", "on_time_closing_rate_jinhua"),
        ("handling_rate", "handling_rate_b"),
    ):
        assert of(on_time)[0] <= of(done)[0]
        assert of(on_time)[1] == of(done)[1]
    assert of("closing_rate_jinhua")[1] == of("closing_rate")[1] * (not one.paused)
    assert of("handling_rate")[1] <= of("closing_rate")[1]


class Read:
    """One course, read in every way that there is."""

    def __init__(self, data: DataObject, course: Course) -> None:
        self.events = [event for step in course.steps if step.changed for event in step.record.events]
        self.whole = fold_facts(Fold(), "case-1", self.events)
        self._data, self._course = data, course

    def agrees(self) -> Counter[str]:
        """Compare them; gives what was met."""
        facts = self.whole.facts
        if facts is None:
            return Counter()
        case = self._course.file.case
        assert self.whole.case == case
        assert case is not None, "there are facts of it"
        assert case.lead is None or facts.lead == case.lead.unit, "whatever names a lead is known"
        assert facts.extensions == case.extensions
        if not case.rounds:
            assert (facts.returns, facts.rework, facts.suspensions) == (case.returns, case.rework, case.suspensions)
        assert self._in_pieces() == self._record_by_record() == self.whole
        found = {name: FORMULAS[name].counts(facts, ALL_TIME) for name in FORMULAS}
        oracle = read(self.events).variants(ALL_TIME.from_ms, ALL_TIME.to_ms)
        assert {name: found[name] for name in oracle} == oracle
        self._as_on_the_board(facts)
        self._day_by_day(facts)
        self._run_by_run(facts)
        return Counter(f"{name} {counts}" for name, counts in found.items())

    def _in_pieces(self) -> Fold:
        fold, left = Fold(), self.events
        while left:
            size = self._data.draw(st.integers(1, len(left)), label="piece")
            fold, left = fold_facts(fold, "case-1", left[:size]), left[size:]
        return fold

    def _record_by_record(self) -> Fold:
        """As the projection does, which knows the case after each record."""
        fold = Fold()
        for step in self._course.steps:
            if step.changed:
                fold = fold_facts(fold, "case-1", step.record.events, step.after.case)
        return fold

    def _as_on_the_board(self, facts: CaseFacts) -> None:
        """Over each day the wall's counts of what should be and what is handled are variant (a)'s."""
        days: dict[str, Counts] = {}
        for step in self._course.steps:
            for (_, day), change in counted(step, ZONE).items():
                days[day] = days.get(day, Counts()).plus(change)
        for day, counts in days.items():
            assert FORMULAS["handling_rate"].counts(facts, _day(day)) == (counts.handled, counts.should), day
        due = {day for day, counts in days.items() if counts.should}
        assert len(due) == FORMULAS["handling_rate"].counts(facts, ALL_TIME)[1]

    def _run_by_run(self, facts: CaseFacts) -> None:
        """The rows of stage clocks are the runs that the facts know, and what lies on units is what the board shows."""
        held: list[Run] = []
        found: dict[int, Run] = {}
        sums = Counter[str]()
        for step in self._course.steps:
            assert [now for _, _, now in step.moves] == list(states(step.before.case, step.record.events))
            held = runs([run for run in held if run.verdict is None], "case-1", 0, step.moves)
            found |= {run.version: run for run in held}
            for load in moved(step.before.case, step.after.case).values():
                sums.update({"led": load.led, "near": load.near, "overdue": load.overdue})
        whole = runs([], "case-1", 0, moves(None, self.events, states(None, self.events)))
        assert [found[version] for version in sorted(found)] == whole, "what stopped for good needs not be held"
        assert [(row.clock, row.unit, row.deadline_ms, row.answer) for row in whole] == [
            (stage.kind, stage.unit, stage.deadline_ms, stage.answer) for stage in facts.stages
        ]
        row = row_of(self._course.steps[-1])
        shown = Counter({"led": 1, "near": row.due == NEAR, "overdue": row.due == OVERDUE} if row else {})
        assert +sums == +shown

    def _day_by_day(self, facts: CaseFacts) -> None:
        """The daily sums, changed record by record, are what the formulas count on each day, and nothing besides."""
        sums, fold = Counter[tuple[str, str, str, str]](), Fold()
        for step in self._course.steps:
            if step.changed:
                now = fold_facts(fold, "case-1", step.record.events, step.after.case)
                added(sums, changed(fold.facts, now.facts, lambda at_ms: day_of(at_ms, ZONE)))
                fold = now
        left = {key for key, count in sums.items() if count}
        for day in {day for _, day, _, _ in left}:
            for name, formula in FORMULAS.items():
                held = tuple(sums[facts.grid, day, name, part] for part in ("above", "below"))
                assert held == formula.counts(facts, _day(day)), (day, name)
        for name, formula in FORMULAS.items():
            of_it = [(part, sums[key]) for key in left for *_, which, part in (key,) if which == name]
            whole = tuple(sum(count for part, count in of_it if part == wanted) for wanted in ("above", "below"))
            assert whole == formula.counts(facts, ALL_TIME), "no day is left out"
        assert {grid for grid, *_ in left} <= {facts.grid}, "where it was before it counts no more"


def _day(text: str) -> Period:
    first = date.fromisoformat(text)
    ends = (datetime.combine(day, time(), ZONE) for day in (first, first + timedelta(days=1)))
    return Period(*(round(end.timestamp() * 1000) for end in ends))


def test_over_any_course_the_fold_the_oracle_and_the_board_say_the_same() -> None:
    met: Counter[str] = Counter()

    for kind in CASE_ACTIONS:

        @settings(max_examples=COURSES_OF_EACH)
        @given(st.data(), st.just(kind))
        def agrees(data: DataObject, kind: type[CaseAction]) -> None:
            course = Course(data)
            course.about(kind)
            met.update(Read(data, course).agrees())

        agrees()
    wanted = {f"handling_rate{variant} {each}" for variant in ("", "_b", "_c") for each in ((0, 0), (0, 1), (1, 1))}
    assert wanted <= met.keys(), "the courses meet every answer"


def test_over_any_imported_past_they_say_the_same() -> None:
    met: Counter[str] = Counter()

    @settings(max_examples=PASTS)
    @given(st.data())
    def agrees(data: DataObject) -> None:
        course = Course(data)
        course.usual(ImportCase)
        for _ in range(data.draw(st.integers(0, 2), label="attempts")):
            course.anything()
        met.update(Read(data, course).agrees())

    agrees()
    assert met, "some pasts are taken"
