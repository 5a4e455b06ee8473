"""Everything that is wrong with a calendar is found at once, in whole sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.finding import Finding, Weight
from domain.worktime import CalendarError, CalendarFile, check_calendar, compile_calendar

GOLDEN = Path(__file__).parents[1] / "support" / "calendar_findings.json"
OFFICE = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("08:00", "12:00"), ("14:00", "18:00")))


def calendar(**parts: Any) -> CalendarFile:
    return msgspec.convert({"zone": "Asia/Shanghai", "week": OFFICE, **parts}, CalendarFile)


CASES: dict[str, CalendarFile] = {
    "zone": calendar(zone="Mars/Olympus"),
    "zone as a path": calendar(zone="../etc/passwd"),
    "weekday": calendar(week={**OFFICE, "mo": (("08:00", "12:00"),)}),
    "time": calendar(week={**OFFICE, "sat": (("08:00", "24:01"),), "sun": (("8:00", "12:00"), ("08:60", "09:00"))}),
    "reversed": calendar(week={**OFFICE, "sat": (("12:00", "08:00"), ("09:00", "09:00"), ("24:00", "24:00"))}),
    "overlap": calendar(week={**OFFICE, "sat": (("08:00", "12:00"), ("11:59:59", "13:30"))}),
    "dates": calendar(holidays=("2018-02-30", "20181001", "2018-10-1"), workdays=("heute",), special={"2018": ()}),
    "years": calendar(holidays=("1989-12-31", "2080-01-01")),
    "twice": calendar(holidays=("2018-10-01", "2018-10-01"), workdays=("2018-09-29", "2018-09-29", "2018-09-30")),
    "both": calendar(holidays=("2018-10-01", "2018-10-02"), workdays=("2018-10-02",)),
    "special and listed": calendar(holidays=("2018-10-01",), special={"2018-10-01": (("08:00", "09:00"),)}),
    "not published": calendar(holidays=("2018-10-01", "2019-10-01"), published=(2018,)),
    "month and day": calendar(
        seasons=({"from": "02-30", "to": "5-1", "week": OFFICE}, {"from": "W18-1", "to": "05-01", "week": OFFICE})
    ),
    "seasons": calendar(
        seasons=(
            {"from": "05-01", "to": "09-30", "week": OFFICE},
            {"from": "09-30", "to": "10-01", "week": OFFICE},
            {"from": "12-01", "to": "01-31", "week": OFFICE},
        )
    ),
    "two seasons": calendar(
        seasons=({"from": "05-01", "to": "09-30", "week": OFFICE}, {"from": "12-31", "to": "05-01", "week": OFFICE})
    ),
    "a season's week": calendar(seasons=({"from": "05-01", "to": "09-30", "week": {"mon": (("9", "10"),), "x": ()}},)),
    "a season without its first day": calendar(
        seasons=({"from": "heute", "to": "05-01", "week": OFFICE}, {"from": "12-01", "to": "12-31", "week": OFFICE})
    ),
    "a special date's sessions": calendar(special={"2018-10-01": (("9:00", "10:00"),)}),
    "no working time": calendar(week={}),
    "workday minutes": calendar(workday_minutes=450),
    "make-up day on a free Monday": calendar(
        week={"tue": (("08:00", "16:00"),)}, workdays=("2018-09-29", "2018-09-30"), special={"2018-09-30": ()}
    ),
    "many at once": calendar(
        zone="Nowhere", week={"mon": (("10:00", "09:00"),), "tue": (("08:00", "16:00"),)}, holidays=("x",)
    ),
}
GOOD: dict[str, CalendarFile] = {
    "the usual one": calendar(holidays=("2018-10-01",), workdays=("2018-09-29",), published=(2018,)),
    "sessions in any order, to midnight": calendar(
        week={**OFFICE, "mon": (("14:00", "18:00"), ("08:00", "12:00")), "sun": (("23:00", "24:00:00"),)}
    ),
    "sessions that touch": calendar(week={"mon": (("08:00", "12:00"), ("12:00", "16:00"))}),
    "seasons side by side, one over new year": calendar(
        seasons=(
            {"from": "05-01", "to": "09-30", "week": OFFICE},
            {"from": "12-31", "to": "02-29", "week": OFFICE},
            {"from": "10-01", "to": "10-01", "week": OFFICE},
        )
    ),
    "the first and the last date that there is": calendar(special={"1990-01-01": (), "2079-12-31": OFFICE["mon"]}),
}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_told_as_it_is_written_down(name: str) -> None:
    golden = msgspec.json.decode(GOLDEN.read_bytes(), type=dict[str, list[Finding]])
    assert check_calendar(CASES[name]) == golden[name]


@pytest.mark.parametrize("name", GOOD)
def test_a_sound_calendar_has_no_finding(name: str) -> None:
    assert check_calendar(GOOD[name]) == []


def test_every_sentence_names_what_was_found_in_both_languages() -> None:
    found = [finding for file in CASES.values() for finding in check_calendar(file)]
    assert len({finding.code for finding in found}) == 16
    for finding in found:
        assert finding.key in finding.zh
        assert finding.key in finding.en
        assert finding.found in finding.en or finding.code == "calendar.no_working_time"
        assert finding.allowed


def test_the_first_fault_refuses_the_calendar_and_warnings_do_not() -> None:
    with pytest.raises(CalendarError) as refused:
        compile_calendar(CASES["many at once"])
    assert refused.value.code == "calendar.session_reversed"
    assert refused.value.zh.startswith("week.mon:时段 10:00–09:00")
    assert str(refused.value).startswith("calendar.session_reversed: week.mon: the session")
    warned = CASES["workday minutes"]
    assert {finding.weight for finding in check_calendar(warned)} == {Weight.WARNING}
    assert compile_calendar(warned, 2018, 2018).workday_minutes == 450
