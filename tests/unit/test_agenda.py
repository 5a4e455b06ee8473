"""The clock's agenda gives each case when its instant has passed, and holds one instant a case."""

from __future__ import annotations

from eventlog.position import partition_of
from streams.agenda import AGAIN_MS, OLD_SPARED, OLD_TIMES_MAX, Agenda

MOST = 100


def noted(**due: int) -> Agenda:
    """An agenda with these cases."""
    agenda = Agenda()
    for case_id, due_ms in due.items():
        agenda.note(partition_of(case_id), case_id, due_ms)
    return agenda


def test_a_case_is_given_once_its_instant_has_passed_and_not_before() -> None:
    agenda = noted(late=10, later=20)
    assert agenda.take(10, MOST) == [], "at the instant it is in time"
    assert agenda.take(11, MOST) == [("late", 10)]
    assert agenda.take(21, MOST) == [("later", 20)]


def test_what_nobody_decided_on_is_given_again_after_a_while() -> None:
    agenda = noted(case=10)
    assert agenda.take(11, MOST) == [("case", 10)]
    assert agenda.take(11 + AGAIN_MS, MOST) == []
    assert agenda.take(12 + AGAIN_MS, MOST) == [("case", 10)]


def test_an_instant_that_was_put_off_is_given_at_the_new_one_only() -> None:
    agenda = noted(case=10)
    agenda.note(partition_of("case"), "case", 30)
    assert agenda.take(29, MOST) == []
    assert agenda.take(31, MOST) == [("case", 30)]


def test_an_instant_that_was_brought_forward_is_given_at_the_new_one() -> None:
    agenda = noted(case=30)
    agenda.note(partition_of("case"), "case", 10)
    assert agenda.take(11, MOST) == [("case", 10)]
    agenda.note(partition_of("case"), "case", 40_000)
    assert agenda.take(12 + AGAIN_MS, MOST) == [], "neither the old instant nor the repetition is left"
    assert agenda.take(40_001, MOST) == [("case", 40_000)]


def test_a_case_without_anything_due_is_not_given() -> None:
    agenda = noted(case=10)
    agenda.note(partition_of("case"), "case", None)
    assert (agenda.take(11, MOST), len(agenda)) == ([], 0)


def test_a_partition_that_was_given_away_is_forgotten_and_the_others_are_not() -> None:
    agenda = noted(**{f"case-{number}": number for number in range(50)})
    gone = {f"case-{number}" for number in range(50) if partition_of(f"case-{number}") == 3}
    agenda.forget(3)
    left = {case_id for case_id, _ in agenda.take(100, MOST)}
    assert gone
    assert (len(agenda), left) == (50 - len(gone), {f"case-{number}" for number in range(50)} - gone)


def test_no_more_are_given_at_once_than_asked_for_the_earliest_first() -> None:
    agenda = noted(c=3, a=1, b=2)
    assert agenda.take(100, 2) == [("a", 1), ("b", 2)]
    assert agenda.take(100, 2) == [("c", 3)]


def test_a_case_noted_there_and_back_or_taken_up_again_is_given_once() -> None:
    agenda = noted(case=10)
    agenda.note(partition_of("case"), "case", 20)
    agenda.note(partition_of("case"), "case", 10)
    agenda.forget(partition_of("case"))
    agenda.note(partition_of("case"), "case", 10)
    assert agenda.take(11, MOST) == [("case", 10)]
    agenda.note(partition_of("case"), "case", 30)
    agenda.note(partition_of("case"), "case", 10)
    assert agenda.take(12, MOST) == [("case", 10)]
    assert agenda.take(12 + AGAIN_MS, MOST) == []
    assert agenda.take(13 + AGAIN_MS, MOST) == [("case", 10)], "once, not as often as it was noted"


def test_what_was_put_off_often_does_not_pile_up() -> None:
    agenda = noted(case=10, other=5)
    for instant in range(20_000):
        agenda.note(partition_of("case"), "case", 1_000_000 + instant)
        assert agenda.kept <= OLD_TIMES_MAX * 2 + OLD_SPARED
    assert agenda.take(11, MOST) == [("other", 5)]
    assert agenda.take(2_000_000, MOST) == [("other", 5), ("case", 1_019_999)]
