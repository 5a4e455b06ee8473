"""`liandong worktime`: the table and the example of the domain document §4, a batch to the letter, and bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ops.worktime.command import worktime_app
from runtime.faults import Fault

INLINE = {
    "zone": "Europe/Berlin",
    "week": {"mon": [["08:00", "12:00"]], "thu": [["08:00", "12:00"]]},
    "holidays": ["2015-01-01"],
    "special": {"2015-12-24": [["08:00", "10:00:30"]]},
}


def asked(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(worktime_app, arguments, input=given)


def answered(*arguments: str) -> dict[str, Any]:
    return json.loads(asked(*arguments, "--json").stdout)


def batch(*questions: dict[str, Any] | str, more: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in questions]
    outcome = asked("--batch", "-", *more, given="\n".join(lines) + "\n")
    assert outcome.exit_code == 0
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def refused(*arguments: str) -> Fault:
    outcome = asked(*arguments)
    assert isinstance(outcome.exception, Fault)
    return outcome.exception


ROWS = [
    ("2018-09-28T17:50", "2018-09-29T08:10", 20),
    ("2018-10-10T12:30", "2018-10-10T13:30", 0),
    ("2018-10-10T13:00", "2018-10-10T14:10", 10),
    ("2018-09-30T17:00", "2018-10-08T09:00", 120),
]
LIMITS = [
    ("2018-10-12T17:50", "4WH", "2018-10-15T11:50"),
    ("2018-10-10T09:00", "1WD", "2018-10-11T09:00"),
    ("2018-10-10T08:00", "4WH", "2018-10-10T12:00"),
    ("2018-10-13T03:00", "2UH", "2018-10-13T05:00"),
]


@pytest.mark.parametrize(("start", "end", "minutes"), ROWS)
def test_elapsed_answers_the_rows_of_the_domain_document(start: str, end: str, minutes: int) -> None:
    assert answered("elapsed", "--start", start, "--end", end)["working_seconds"] == minutes * 60


@pytest.mark.parametrize(("start", "limit", "due"), LIMITS)
def test_deadline_answers_the_rows_of_the_domain_document(start: str, limit: str, due: str) -> None:
    assert answered("deadline", "--start", start, "--limit", limit)["deadline"] == f"{due}:00+08:00"


def test_a_batch_answers_the_same_rows_line_by_line() -> None:
    questions: list[dict[str, Any]] = [
        {"op": "elapsed", "start": f"{start}:00+08:00", "end": f"{end}+08:00"} for start, end, _ in ROWS
    ]
    questions += [{"op": "deadline", "start": f"{start}:00+08:00", "limit": limit} for start, limit, _ in LIMITS]
    answers = batch(*questions)
    assert answers[: len(ROWS)] == [{"working_seconds": minutes * 60} for *_, minutes in ROWS]
    assert [one["deadline"] for one in answers[len(ROWS) :]] == [f"{due}:00+08:00" for *_, due in LIMITS]
    assert answers[len(ROWS)] == {"deadline": "2018-10-15T11:50:00+08:00", "near": "2018-10-15T11:02:00+08:00"}


def test_the_worked_example_of_the_domain_document() -> None:
    """4WH: dispatched Monday 11:00, handled 15:30, check fails 16:10, returned 16:40, again on Tuesday 09:00."""
    assert answered("deadline", "--start", "2018-10-15T11:00", "--limit", "4WH")["deadline"].startswith(
        "2018-10-15T17:00"
    )
    used = [
        answered("elapsed", "--start", start, "--end", end)["working_seconds"] // 60
        for start, end in (
            ("2018-10-15T11:00", "2018-10-15T12:00"),
            ("2018-10-15T14:00", "2018-10-15T15:30"),
            ("2018-10-15T11:00", "2018-10-15T15:30"),
            ("2018-10-15T16:10", "2018-10-15T16:40"),
        )
    ]
    assert used == [60, 90, 150, 30]
    resumed = answered("deadline", "--start", "2018-10-15T16:10", "--limit", f"{240 - 150}WM")
    assert resumed["deadline"] == "2018-10-15T17:40:00+08:00"
    again = answered("deadline", "--start", "2018-10-16T09:00", "--limit", f"{240 - 150 - 30}WM")
    assert again["deadline"] == "2018-10-16T10:00:00+08:00"
    near = answered("deadline", "--start", "2018-10-16T09:00", "--limit", f"{240 * 4 // 5 - 180}WM")
    assert near["deadline"] == "2018-10-16T09:12:00+08:00"


def test_an_inline_calendar_answers_in_its_own_zone_and_grows_with_the_question() -> None:
    thursday = {"op": "deadline", "start": "2015-01-01T09:00:00Z", "calendar": INLINE}
    near, far, rule, summer, special = batch(
        {**thursday, "limit": "4WH"},
        {**thursday, "limit": "4000WH"},
        {**thursday, "limit": "1WD", "wd_rule": "end_of_day"},
        {"op": "elapsed", "start": "2015-07-05T22:00:00Z", "end": "2031-07-07T00:00:00+02:00", "calendar": INLINE},
        {"op": "elapsed", "start": "2015-12-24T00:00+01:00", "end": "2015-12-25T00:00+01:00", "calendar": INLINE},
    )
    assert near == {"deadline": "2015-01-05T12:00:00+01:00", "near": "2015-01-05T11:12:00+01:00"}
    assert far["deadline"].startswith("2024-08-")
    assert rule["deadline"] == "2015-01-05T12:00:00+01:00"
    assert summer["working_seconds"] > 16 * 52 * 8 * 3600
    assert special == {"working_seconds": 7230}


def test_one_bad_line_is_answered_with_its_error_and_stops_nothing() -> None:
    good = {"op": "elapsed", "start": "2018-10-10T08:00:00.5+08:00", "end": "2018-10-10T09:00:00+08:00"}
    start = "2018-10-10T08:00:00+08:00"
    answers = batch(
        good,
        {"op": "deadline", "start": start, "limit": "3XX"},
        {"op": "deadline", "start": start, "limit": "0WH"},
        {"op": "deadline", "start": "2018-10-10T08:00:00", "limit": "4WH"},
        {"op": "deadline", "start": "2018-10-10 soon", "limit": "4WH"},
        {"op": "deadline", "start": "2018-02-30T08:00:00z", "limit": "4WH"},
        {"op": "elapsed", "start": start, "end": "2018-10-10T07:59:59+08:00"},
        {"op": "deadline", "start": "2080-01-01T08:00:00+08:00", "limit": "4WH"},
        {"op": "deadline", "start": start, "limit": "99999WD"},
        {"op": "deadline", "start": "9999-12-31T08:00:00+08:00", "limit": "9CD"},
        {"op": "deadline", "start": start, "limit": "4WH", "wd_rule": "sometimes"},
        {"op": "deadline", "start": start, "limit": "4WH", "wdrule": "hours"},
        {"op": "since", "start": start},
        "nonsense",
        "",
        {"op": "deadline", "start": start, "limit": "4WH", "calendar": "nowhere"},
        {"op": "deadline", "start": start, "limit": "4WH", "calendar": {**INLINE, "zone": "Nowhere"}},
        {"op": "deadline", "start": start, "limit": "4WH", "calendar": {"zone": "Europe/Berlin", "week": {}}},
        {"op": "deadline", "start": start, "limit": "4WH", "calendar": 7},
        '{"op":"elapsed","start":"' + "x" * 1_000_001 + '"}',
        good,
    )
    assert answers[0] == answers[-1] == {"working_seconds": 3599.5}
    errors = [one["error"] for one in answers[1:-1]]
    assert [error["code"] for error in errors] == [
        "limit.unreadable",
        "limit.unreadable",
        "time.no_offset",
        "time.unreadable",
        "time.unreadable",
        "time.end_before_start",
        "calendar.out_of_years",
        "calendar.out_of_years",
        "calendar.out_of_years",
        "question.unreadable",
        "question.unreadable",
        "question.unreadable",
        "question.unreadable",
        "question.unreadable",
        "calendar.missing",
        "calendar.zone",
        "calendar.no_working_time",
        "question.unreadable",
        "question.too_long",
    ]
    assert all(error["zh"] and error["en"] for error in errors)
    assert "3XX" in errors[0]["zh"]


def test_a_batch_reads_a_file_and_its_own_calendar(tmp_path: Path) -> None:
    lines, calendar = tmp_path / "questions.jsonl", tmp_path / "calendar.json"
    lines.write_text('{"op":"deadline","start":"2018-07-02T08:00:00+08:00","limit":"6WH"}')
    calendar.write_text(json.dumps({"zone": "Asia/Tokyo", "week": {"mon": [["09:00", "21:00"]]}}))
    summer = asked("--batch", str(lines), "--calendar", "china-summer").stdout
    assert json.loads(summer)["deadline"] == "2018-07-02T17:00:00+08:00"
    own = asked("--batch", str(lines), "--calendar", str(calendar)).stdout
    assert json.loads(own)["deadline"] == "2018-07-02T15:00:00+09:00"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("deadline", "--start", "2018-10-10T08:00", "--limit", "3XX"), "limit.unreadable"),
        (("deadline", "--start", "noon", "--limit", "4WH"), "time.unreadable"),
        (("deadline", "--start", "2090-10-10T08:00", "--limit", "4WH"), "calendar.out_of_years"),
        (("elapsed", "--start", "2018-10-10T08:00", "--end", "2018-10-10T07:00"), "time.end_before_start"),
        (
            ("elapsed", "--start", "2018-10-10T08:00", "--end", "2018-10-11T07:00", "--calendar", "x"),
            "calendar.missing",
        ),
        (("--batch", "nowhere.jsonl"), "file.unreadable"),
        (("--batch", "-", "--calendar", "nowhere"), "calendar.missing"),
        (("--batch", "-", "deadline", "--start", "2018-10-10T08:00", "--limit", "1WH"), "worktime.batch_or_question"),
    ],
)
def test_bad_input_is_refused_in_both_languages(arguments: tuple[str, ...], code: str) -> None:
    fault = refused(*arguments)
    assert fault.code == code
    assert fault.zh
    assert fault.en


def test_a_calendar_file_with_faults_is_refused_with_all_of_them(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"zone": "Nowhere", "week": {"mo": []}, "holidays": ["x"]}))
    question = ("deadline", "--start", "2018-10-10T08:00", "--limit", "4WH", "--calendar")
    fault = refused(*question, str(wrong))
    assert fault.code == "calendar.wrong"
    assert [found in fault.en for found in ("'Nowhere'", "'mo'", "'x'")] == [True, True, True]
    wrong.write_text('{"zone": 7}')
    assert refused(*question, str(wrong)).code == "calendar.unreadable"
    wrong.write_bytes(b" " * 1_000_001)
    assert refused(*question, str(wrong)).code == "calendar.too_large"


def test_an_explanation_shows_why_a_limit_is_due_when_it_is() -> None:
    told = asked("deadline", "--start", "2018-09-30T17:00", "--limit", "3WH", "--explain").stdout.splitlines()
    assert told[0] == "截止 2018-10-08T10:00:00+08:00 星期一"
    days = {line[:10]: line for line in told if (line.startswith("2018-") and "░" in line) or "·" * 8 in line}
    assert list(days) == ["2018-09-30", *(f"2018-10-0{day}" for day in range(1, 9))]
    assert days["2018-09-30"].endswith("1:00  1:00  调休上班 · 开始 17:00:00")
    assert "██·" in days["2018-09-30"]
    assert "国庆节节假日" in days["2018-10-01"]
    assert days["2018-10-08"].endswith("2:00  3:00  临期 09:24:00 · 截止 10:00:00")
    english = asked("elapsed", "--start", "2018-09-30T17:00", "--end", "2018-10-08T09:00", "--explain", "--lang", "en")
    assert english.stdout.startswith("working time 120 min 0 s (7200 s)")
    assert "National Day, holiday" in english.stdout


def test_a_long_explanation_says_what_it_leaves_out_and_a_provisional_year_is_named() -> None:
    told = asked("deadline", "--start", "2028-01-03T08:00", "--limit", "60WD", "--explain", "--lang", "en").stdout
    assert "the holidays of 2028 are not published" in told
    assert "days between, counted" in told
    assert told.count("(provisional)") == 40
    assert "counts day and night" in asked(
        "deadline", "--start", "2018-10-10T08:00", "--limit", "2UH", "--explain", "--lang", "en"
    ).stdout  # fmt: skip
    assert answered("elapsed", "--start", "2028-01-03T08:00", "--end", "2029-01-03T08:00")["provisional"] == [
        2028,
        2029,
    ]


def test_a_local_time_is_meant_in_the_calendars_zone() -> None:
    local = answered("deadline", "--start", "2018-10-12T17:50", "--limit", "4WH")
    assert local == answered("deadline", "--start", "2018-10-12T09:50:00Z", "--limit", "4WH")
    assert local["provisional"] == []


def test_asking_nothing_shows_what_can_be_asked() -> None:
    assert "--batch" in asked("--calendar", "china").stdout
