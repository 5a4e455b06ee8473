"""What `liandong bench domain` measures is the real thing: stored records that fold to the cases they tell of."""

from __future__ import annotations

from domain.case.evolve import fold
from eventlog.record import DecisionRecord, decode
from ops.bench.domain import bytes_per_open_case, measure_fold, stories
from ops.walk.walk import course


def test_the_records_that_are_read_hold_every_course_whole() -> None:
    for story in stories():
        records = [decode(value) for value in story.values]
        events = [event for one in records if isinstance(one, DecisionRecord) for event in one.events]
        case = fold(None, events)
        last = course(story.name)[-1].case
        assert case is not None
        assert last is not None
        assert (len(events), case.status, case.version) == (story.events, last.status, last.version)


def test_as_many_events_are_folded_as_were_asked_for() -> None:
    speed = measure_fold(1_000, 1)
    assert speed.events >= 1_000
    assert speed.cases % len(stories()) == 0
    assert min(speed.floor_s, speed.fold_s, speed.evolve_s) > 0


def test_an_open_case_takes_memory_of_its_own() -> None:
    assert 500 < bytes_per_open_case(100) < 20_000
