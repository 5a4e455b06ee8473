"""A made-up log is a log: every act accepted, each case one chain, nothing due left untold, the same every time."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from functools import cache

from api.accounts import demo_actors
from domain.case.evolve import fold
from domain.case.state import Case
from domain.worktime import compile_calendar
from eventlog.position import partition_of
from eventlog.record import DecisionRecord, decode
from eventlog.stored import Entry, Stored
from ops.people.decided import Decided, Told
from ops.people.pace import load_pace
from ops.people.plan import City, Life
from ops.verify.log import LogCheck
from reference.contents import pack, rules_of
from reference.profile import load_profile

CASES_A_DAY, DAYS = 8, 2


@cache
def made() -> tuple[list[Told], dict[str, int], list[Life]]:
    profile = load_profile("xinmi")
    city = City(profile, compile_calendar(profile.contents.calendar), load_pace(), 7, CASES_A_DAY)
    first = date(2025, 3, 3)
    lives = [life for day in range(DAYS) for life in city.day(first + timedelta(days=day))]
    version, _ = pack(profile.contents)
    decided = Decided(rules_of(profile.contents, version), demo_actors(profile), profile.about.zone, "test", "/test")
    return list(decided.records(lives)), dict(decided.outcomes), lives


def cases() -> dict[str, list[DecisionRecord]]:
    found: dict[str, list[DecisionRecord]] = {}
    for one in made()[0]:
        record = decode(one.value)
        if isinstance(record, DecisionRecord):
            found.setdefault(one.case, []).append(record)
    return found


def test_every_act_of_every_life_is_accepted() -> None:
    records, outcomes, lives = made()
    assert outcomes == {"accepted": len(records)}
    ticks = sum(
        record.attempt is not None and record.attempt.id.startswith("tick") for r in cases().values() for record in r
    )
    assert ticks > 0
    assert len(records) - ticks == 24 + sum(1 + len(life.acts) for life in lives)
    assert cases().keys() == {life.case_id for life in lives}


def test_the_log_has_no_hole_no_fork_and_no_broken_chain() -> None:
    offsets = {partition: itertools.count() for partition in range(24)}
    entries = [
        Entry(Stored(one.partition, next(offsets[one.partition]), 0, b"", one.value), decode(one.value))
        for one in made()[0]
    ]
    check = LogCheck().read(entries)
    assert (check.findings, check.records, check.copies) == ([], len(entries), 0)
    assert all(one.partition == partition_of(one.case) for one in made()[0] if one.case)


def test_instants_never_go_back_and_nothing_that_fell_due_is_left_to_the_next_act() -> None:
    for records in cases().values():
        case: Case | None = None
        for record in records:
            due_ms = case.next_due_ms if case is not None else None
            assert due_ms is None or record.at_ms <= due_ms + 1
            case = fold(case, record.events)
        assert case is not None
        assert not case.open


def test_made_again_it_is_the_same() -> None:
    first = [one.value for one in made()[0]]
    made.cache_clear()
    assert [one.value for one in made()[0]] == first
