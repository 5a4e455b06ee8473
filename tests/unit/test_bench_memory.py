"""What `liandong bench memory` makes of what it measured, and the cases that it brings in."""

from __future__ import annotations

from datetime import date
from io import StringIO
from itertools import islice

import pytest
import typer
from rich.console import Console

from domain.worktime import compile_calendar
from eventlog.record import Outcome
from ops.bench.memory_looks import Found, Held, Measured, read_sizes, slope, tables
from ops.people.pace import load_pace
from ops.people.plan import City
from ops.people.standing import attempts, histories, mix, open_lives
from reference.contents import pack, rules_of
from reference.profile import load_profile
from tests.support.city import ms
from tests.support.desk import Desk

XINMI = load_profile("xinmi")
TODAY = date(2026, 11, 26)
NOW = ms("2026-11-26T15:00")
LIVES_MAX = 12
EMPTY = Measured(0, started=False, memory={"clock": 80_000_000, "kafka": 400_000_000})
FULL = Measured(100_000, started=False, memory={"clock": 110_000_000, "kafka": 400_000_000})
ANEW = Measured(0, started=True, memory={"clock": 79_000_000}, peak={"clock": 90_000_000}, ready_s={"clock": 1.25})


def lives_now() -> City:
    """A small city's people."""
    return City(XINMI, compile_calendar(XINMI.contents.calendar), load_pace(), 1, 20.0)


def test_bytes_a_case_are_those_between_the_smallest_number_and_the_largest() -> None:
    half = Measured(50_000, started=False, memory={"clock": 109_000_000})
    assert slope([EMPTY, half, FULL], "clock") == 300
    assert slope([EMPTY, half, FULL], "kafka") == 0


def test_one_number_alone_tells_nothing_about_a_case() -> None:
    assert slope([EMPTY], "clock") is None
    assert slope([EMPTY, Measured(10, started=False, memory={})], "clock") is None


def test_the_tables_tell_megabytes_and_bytes_a_case_and_seconds() -> None:
    shown = StringIO()
    found = Found([EMPTY, ANEW, FULL], {"dispatch": 0.25}, 812.3, 0, Held(1_160.7, 8_384.2))
    Console(file=shown, width=120).print(*tables(found), sep="\n")
    cells = [line.replace("│", " ").replace("┃", " ").split() for line in shown.getvalue().splitlines()]
    assert ["clock", "80.0", "110.0", "300"] in cells
    assert ["kafka", "400.0", "400.0", "0"] in cells
    assert ["clock", "79.0", "-"] in cells
    assert ["clock", "90.0"] in cells
    assert ["clock", "1.2"] in cells
    assert "dispatch 25.0%" in shown.getvalue()
    assert "a board row 1,161 bytes, a case file 8,384 bytes" in shown.getvalue()


@pytest.mark.parametrize("text", ["", "many", "-1", "5,5", "10,0"])
def test_numbers_of_cases_that_do_not_rise_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        read_sizes(text)


def test_numbers_of_cases_are_read_in_their_order() -> None:
    assert read_sizes("0,100000,1000000") == [0, 100_000, 1_000_000]


def test_what_is_brought_in_is_open_by_the_rules_with_a_clock_that_runs() -> None:
    past = histories(open_lives(lives_now(), TODAY, NOW, LIVES_MAX), NOW)
    rules = rules_of(XINMI.contents, pack(XINMI.contents)[0])
    for attempt in islice(attempts(past, XINMI.about.root, NOW), LIVES_MAX):
        desk = Desk(attempt.case, rules)
        record = desk.act(attempt.actor, attempt.action, NOW)
        assert record.outcome is Outcome.ACCEPTED, record.rejection
        assert desk.file.case is not None
        assert desk.file.case.open
        assert any(clock.running for clock in desk.file.case.clocks)


def test_each_case_has_a_number_and_an_id_of_its_own_however_often_a_history_is_used() -> None:
    past = histories(open_lives(lives_now(), TODAY, NOW, 2), NOW)
    brought = list(islice(attempts(past, XINMI.about.root, NOW), 7))
    assert len({attempt.case for attempt in brought}) == 7
    assert len({attempt.id for attempt in brought}) == 7


def test_the_mix_is_told_by_the_last_step_taken() -> None:
    past = histories(open_lives(lives_now(), TODAY, NOW, LIVES_MAX), NOW)
    assert sum(mix(past).values()) == pytest.approx(1)
    assert all(name and " " not in name for name in mix(past))
