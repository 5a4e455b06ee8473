"""What is at hand of the cases: bounded, and never older than what was decided."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eventlog.casefile import CaseFile
from eventlog.shelf import Shelf

CASES = tuple(f"case-{number}" for number in range(8))


def changed(file: CaseFile, origin: int) -> CaseFile:
    """The file after a record, told apart by its number in the chain."""
    return CaseFile(file.id, seq=file.seq + 1, head=str(origin))


def test_the_file_that_was_not_used_the_longest_goes_first() -> None:
    shelf = Shelf()
    shelf.put(CASES[:3], {})
    shelf.note(shelf.files[CASES[0]])
    shelf.trim(2)
    assert list(shelf.files) == [CASES[2], CASES[0]]
    shelf.trim(1)
    assert list(shelf.files) == [CASES[0]]


def test_a_file_that_is_needed_stays_and_so_does_one_that_the_rows_do_not_hold() -> None:
    shelf = Shelf()
    shelf.put(CASES[:4], {})
    shelf.note(changed(shelf.files[CASES[0]], 7), 7)
    shelf.note(changed(shelf.files[CASES[1]], 8), 8)
    shelf.trim(0, {CASES[2]})
    assert list(shelf.files) == [CASES[2], CASES[0], CASES[1]]
    assert shelf.unsaved == 2
    shelf.saved(7)
    shelf.trim(0)
    assert (list(shelf.files), shelf.unsaved) == ([CASES[1]], 1)


def test_where_the_rows_once_stood_is_kept_for_whoever_fetches_from_older_ones() -> None:
    shelf = Shelf()
    assert shelf.saved_upto == -1
    shelf.saved(7)
    shelf.saved(3)
    assert shelf.saved_upto == 7


def test_a_file_that_a_record_did_not_change_may_go() -> None:
    shelf = Shelf()
    shelf.put(CASES[:1], {})
    shelf.note(shelf.files[CASES[0]], 7)
    shelf.trim(0)
    assert not shelf.files


def test_what_is_at_hand_is_not_replaced_by_what_is_fetched() -> None:
    shelf = Shelf()
    shelf.put(CASES[:1], {})
    newer = changed(shelf.files[CASES[0]], 3)
    shelf.note(newer, 3)
    assert shelf.missing(set(CASES[:2])) == {CASES[1]}
    shelf.put(CASES[:1], {CASES[0]: CaseFile(CASES[0])})
    assert shelf.files[CASES[0]] is newer


@given(
    st.lists(st.tuples(st.sets(st.sampled_from(CASES), min_size=1), st.integers(0, 30), st.integers(0, 4)), max_size=40)
)
def test_with_rows_that_follow_late_every_decision_meets_the_file_as_it_was_left(
    fetches: list[tuple[set[str], int, int]],
) -> None:
    """Each fetch touches some cases, the rows follow by some records, and there is room for so many files."""
    shelf = Shelf()
    truth = {case_id: CaseFile(case_id) for case_id in CASES}
    log: list[CaseFile] = []
    rows: dict[str, CaseFile] = {}
    held = 0
    for touched, follow, most in fetches:
        for file in log[held : held + follow]:
            rows[file.id] = file
        held = min(held + follow, len(log))
        missing = shelf.missing(touched)
        shelf.put(missing, rows)
        shelf.saved(held - 1)
        shelf.trim(most, touched)
        assert len(shelf.files) <= max(most, len(touched | {file.id for file in log[held:]}))
        for case_id in sorted(touched):
            assert shelf.files[case_id] == truth[case_id]
            truth[case_id] = changed(truth[case_id], len(log))
            log.append(truth[case_id])
            shelf.note(truth[case_id], len(log) - 1)
