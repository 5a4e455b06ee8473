"""The answers of working time against a slow oracle that shares no code with them (tests/proof/oracle).

100,000 questions of at most three days and 500 of at most 400, to the second, most of them close to where it hurts:
holidays and make-up weekends, new year, the leap day, the changes of clocks, and the very ends of sessions.
"""

from __future__ import annotations

import ast
import os
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.worktime import CalendarFile, Limit, WdRule, compile_calendar, deadline_ms, elapsed_ms, near_ms
from reference.calendars import load_calendar
from tests.proof.oracle.seconds import Seconds

SCALE = {"mutants": 0.02, "long": 20.0}.get(os.environ.get("LIANDONG_PROOF", ""), 1.0)
SHORT_PER_CALENDAR, LONG_PER_CALENDAR = int(10_000 * SCALE), max(int(50 * SCALE), 1)
DAYS = 620
LONG_STARTS_DAYS = 40
DAY = 86_400
ROOT = Path(__file__).parents[2]

OFFICE = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("08:00", "12:00"), ("14:00", "18:00")))
NIGHTS = {**OFFICE, "sat": (("22:00", "24:00"),), "sun": (("00:00", "05:00"), ("23:30", "24:00"))}
IN_THE_GAP = {**OFFICE, "sun": (("01:30", "02:30"), ("02:45", "03:30"), ("04:00", "04:00:01"))}
HALF_HOUR = {**OFFICE, "sat": (("20:00", "24:00"),), "sun": (("00:00", "02:15"), ("02:20", "06:00"))}
ALWAYS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), (("00:00", "24:00"),))
NEW_YEAR = {"from": "12-15", "to": "02-29", "week": {"mon": (("10:00", "12:34:56"),), "sun": (("23:59:59", "24:00"),)}}


def plain(zone: str, week: Any, **more: Any) -> dict[str, Any]:
    return {"zone": zone, "week": week, **more}


def shipped(name: str) -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(load_calendar(name)))


CALENDARS: dict[str, tuple[dict[str, Any], date, tuple[str, ...]]] = {
    "spring festival and make-up weekends": (
        shipped("china"),
        date(2017, 12, 1),
        ("2018-02-11", "2018-02-15", "2018-02-24", "2018-09-29", "2018-10-01", "2018-10-08", "2018-12-30"),
    ),
    "leap day and year end": (shipped("default"), date(2019, 12, 1), ("2019-12-31", "2020-02-29", "2020-12-31")),
    "a year that is not published": (shipped("china"), date(2027, 12, 1), ("2028-02-29", "2028-10-01", "2028-12-31")),
    "seasons": (shipped("china-summer"), date(2018, 3, 1), ("2018-06-01", "2018-09-30", "2019-06-01", "2018-10-08")),
    "season over new year, special dates": (
        plain(
            "Asia/Shanghai",
            OFFICE,
            workday_minutes=455,
            seasons=[NEW_YEAR],
            holidays=["2020-01-01", "2020-01-06"],
            workdays=["2020-01-04", "2020-02-29", "2020-03-07"],
            special={"2020-01-02": [["07:00:01", "07:00:02"]], "2020-01-06": [["00:00", "24:00"]], "2020-02-28": []},
        ),
        date(2019, 12, 1),
        ("2019-12-15", "2020-01-02", "2020-01-05", "2020-02-29", "2020-03-07"),
    ),
    "Berlin, nights": (plain("Europe/Berlin", NIGHTS), date(2018, 3, 1), ("2018-03-25", "2018-10-28", "2019-03-31")),
    "Berlin, ends in the gap and the fold": (
        plain("Europe/Berlin", IN_THE_GAP, holidays=["2018-12-25"]),
        date(2018, 3, 1),
        ("2018-03-25", "2018-10-28"),
    ),
    "New York, day and night": (plain("America/New_York", ALWAYS), date(2018, 3, 1), ("2018-03-11", "2018-11-04")),
    "New York, ends in the gap and the fold": (
        plain("America/New_York", {**OFFICE, "sun": (("00:30", "01:30"), ("01:45", "02:15"), ("02:30", "09:00"))}),
        date(2018, 3, 1),
        ("2018-03-11", "2018-11-04"),
    ),
    "Lord Howe, half an hour": (
        plain("Australia/Lord_Howe", HALF_HOUR),
        date(2018, 3, 1),
        ("2018-04-01", "2018-10-07"),
    ),
}


def starts(random_numbers: random.Random, seconds: Seconds, hot: tuple[str, ...], count: int) -> Iterator[int]:
    """Most near the dates where it hurts, many of them at or beside a full quarter of an hour."""
    for _ in range(count):
        if random_numbers.random() < 0.7:
            day = int(datetime.fromisoformat(random_numbers.choice(hot)).replace(tzinfo=UTC).timestamp()) - seconds.zero
            at = day + random_numbers.randrange(-2 * DAY, 2 * DAY)
        else:
            at = random_numbers.randrange(seconds.size - 200 * DAY)
        if random_numbers.random() < 0.4:
            at = at // 900 * 900 + random_numbers.choice((-1, 0, 0, 1))
        yield max(at, 0)


def short_limit(random_numbers: random.Random) -> str:
    unit, most = random_numbers.choice((("UM", 4320), ("UH", 72), ("WM", 1440), ("WH", 24), ("WD", 3), ("CD", 3)))
    return f"{random_numbers.randint(1, most)}{unit}"


def long_limit(random_numbers: random.Random) -> str:
    unit, most = random_numbers.choice(
        (("UM", 576_000), ("UH", 9_600), ("WM", 110_000), ("WH", 1_800), ("WD", 230), ("CD", 400))
    )
    return f"{random_numbers.randint(1, most)}{unit}"


@pytest.mark.parametrize("name", CALENDARS)
def test_every_answer_is_that_of_the_oracle(name: str, record_property: Any) -> None:
    calendar, first, hot = CALENDARS[name]
    compiled = compile_calendar(msgspec.convert(calendar, CalendarFile))
    seconds = Seconds(calendar, first, DAYS)
    random_numbers = random.Random(name)
    questions = [
        (at, min(at + random_numbers.randrange(3 * DAY + 1), seconds.size), short_limit(random_numbers))
        for at in starts(random_numbers, seconds, hot, SHORT_PER_CALENDAR)
    ]
    for _ in range(LONG_PER_CALENDAR):
        at = random_numbers.randrange(LONG_STARTS_DAYS * DAY)
        questions.append((at, at + random_numbers.randrange(400 * DAY + 1), long_limit(random_numbers)))
    zero = seconds.zero * 1000
    for number, (start, end, limit) in enumerate(questions):
        rule = WdRule.END_OF_DAY if number % 2 else WdRule.HOURS
        parsed, start_ms = Limit.parse(limit), zero + start * 1000
        asked = (name, str(datetime.fromtimestamp(seconds.zero + start, UTC)), end - start, limit, rule)
        assert elapsed_ms(compiled, start_ms, zero + end * 1000) == seconds.elapsed(start, end) * 1000, asked
        assert deadline_ms(compiled, start_ms, parsed, rule) == zero + seconds.deadline(start, limit, rule) * 1000, (
            asked
        )
        assert near_ms(compiled, start_ms, parsed, rule) == zero + seconds.near_fifths(start, limit, rule) * 200, asked
    record_property("questions", len(questions))


def test_the_questions_are_as_many_as_were_promised() -> None:
    assert len(CALENDARS) * 10_000 >= 100_000
    assert len(CALENDARS) * 50 >= 500


def imported(source: str) -> set[str]:
    """The packages that a module imports, by their first name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found |= {name.name.split(".")[0] for name in names}
            case ast.ImportFrom(module=module, level=level):
                found.add("." if level else (module or "").split(".")[0])
            case _:
                pass
    return found


def test_the_oracle_imports_nothing_of_ours() -> None:
    allowed = {"__future__", "datetime", "numpy", "typing", "zoneinfo"}
    modules = [ROOT / "tests" / "proof" / "oracle" / name for name in ("__init__.py", "seconds.py")]
    for module in modules:
        assert imported(module.read_text()) <= allowed, module.name
    assert imported("from domain.worktime import elapsed_ms") == {"domain"}
    assert imported("import reference.china as c") == {"reference"}


def test_a_wrong_answer_would_be_seen() -> None:
    """The oracle counts the vendor's 1,410 minutes as what they are: 20."""
    seconds = Seconds(shipped("china"), date(2018, 9, 27), 5)
    friday = 9 * 3600 + 50 * 60 + DAY
    assert seconds.elapsed(friday, friday + 14 * 3600 + 20 * 60) == 20 * 60
    assert timedelta(seconds=seconds.deadline(friday, "20WM", "hours") - friday) == timedelta(hours=14, minutes=20)
