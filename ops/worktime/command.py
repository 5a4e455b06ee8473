"""`liandong worktime {deadline,elapsed}` and `liandong worktime --batch`: working time on the command line."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from domain.worktime import CalendarError, Limit, LimitError, WdRule
from ops.worktime.batch import answer_lines
from ops.worktime.drawing import drawn
from ops.worktime.instants import TimeUnread, read_instant
from ops.worktime.questions import Due, due, seconds, shown, worked_ms
from ops.worktime.tables import Table, Tables, table_around
from reference.calendars import DEFAULT, load_calendar
from runtime.faults import Fault

WEEKDAYS_ZH, WEEKDAYS_EN = "一二三四五六日", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Language(StrEnum):
    """In which language an answer is told."""

    ZH = "zh"
    EN = "en"


CalendarOption = Annotated[
    str, typer.Option("--calendar", metavar="NAME|FILE", help="default, china, china-summer, a city's name, or a file.")
]
StartOption = Annotated[
    str, typer.Option(help="2018-10-12T17:50 in the calendar's zone, or with an offset: 2018-10-12T17:50:00+08:00.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Draw the counted sessions, day by day.")]
LangOption = Annotated[Language, typer.Option("--lang", help="zh or en.")]

worktime_app = typer.Typer(
    help="Working time 工作时间: when a limit is used up, how much of it lies between two times, and why.",
    invoke_without_command=True,
    no_args_is_help=True,
)


@worktime_app.callback()
def worktime(
    context: typer.Context,
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="FILE|-", help="Answer JSON lines, one by one; - is the input.")
    ] = None,
    calendar: CalendarOption = DEFAULT,
) -> None:
    """Answer JSON lines with --batch, or one question by a command below."""
    if context.invoked_subcommand is not None:
        if batch is not None:
            raise Fault(
                "worktime.batch_or_question",
                f"--batch 与 {context.invoked_subcommand} 只能选一个。",
                f"Either --batch or {context.invoked_subcommand}, not both.",
            )
        context.obj = calendar
        return
    if batch is None:
        typer.echo(context.get_help())
        return
    tables = Tables(calendar)
    if batch == "-":
        answer_lines(sys.stdin.buffer, sys.stdout.buffer, tables)
        return
    try:
        with Path(batch).open("rb") as source:
            answer_lines(source, sys.stdout.buffer, tables)
    except OSError as error:
        raise Fault(
            "file.unreadable", f"文件 {batch} 无法读取:{error}。", f"{batch} cannot be read: {error}."
        ) from error


@worktime_app.command()
def deadline(
    context: typer.Context,
    start: StartOption,
    limit: Annotated[str, typer.Option(help="A number and UM, UH, WM, WH, WD or CD, such as 4WH.")],
    wd_rule: Annotated[WdRule, typer.Option(help="How working days (WD) are counted.")] = WdRule.HOURS,
    calendar: CalendarOption = "",
    as_json: JsonOption = False,
    explain: ExplainOption = False,
    lang: LangOption = Language.ZH,
) -> None:
    """When is a limit used up, and when are 80 % of it?"""
    file = load_calendar(calendar or context.obj)
    try:
        start_ms, parsed = read_instant(start, file.zone), Limit.parse(limit)
        table = table_around(file, start_ms)
        answer = due(table, start_ms, parsed, wd_rule)
        at, near = shown(table, answer.deadline_ms), shown(table, answer.near_ms)
    except (CalendarError, LimitError, TimeUnread) as refusal:
        raise Fault(refusal.code, refusal.zh, refusal.en) from refusal
    if as_json:
        _print_json(table, start_ms, answer.deadline_ms, deadline=at, near=near)
        return
    _tell(lang, f"截止 {_at(table, answer.deadline_ms, lang)}", f"due  {_at(table, answer.deadline_ms, lang)}")
    _tell(
        lang,
        f"临期 {_at(table, answer.near_ms, lang)} 之后(已用超过 80 %)",
        f"near after {_at(table, answer.near_ms, lang)} (more than 80 % used)",
    )
    _tell_provisional(table, start_ms, answer.deadline_ms, lang)
    if explain:
        _explain(table, start_ms, answer.deadline_ms, lang, parsed, answer)


@worktime_app.command()
def elapsed(
    context: typer.Context,
    start: StartOption,
    end: Annotated[str, typer.Option(help="Like --start; not before it.")],
    calendar: CalendarOption = "",
    as_json: JsonOption = False,
    explain: ExplainOption = False,
    lang: LangOption = Language.ZH,
) -> None:
    """How much working time lies between two times?"""
    file = load_calendar(calendar or context.obj)
    try:
        start_ms, end_ms = read_instant(start, file.zone), read_instant(end, file.zone)
        table = table_around(file, start_ms)
        worked = worked_ms(table, start_ms, end_ms)
    except (CalendarError, TimeUnread) as refusal:
        raise Fault(refusal.code, refusal.zh, refusal.en) from refusal
    if as_json:
        _print_json(table, start_ms, end_ms, working_seconds=json.loads(seconds(worked)))
        return
    minutes, second = divmod(worked // 1000, 60)
    _tell(
        lang,
        f"工作时间 {minutes} 分 {second} 秒({seconds(worked)} 秒)",
        f"working time {minutes} min {second} s ({seconds(worked)} s)",
    )
    _tell_provisional(table, start_ms, end_ms, lang)
    if explain:
        _explain(table, start_ms, end_ms, lang)


def _explain(
    table: Table, start_ms: int, end_ms: int, lang: Language, limit: Limit | None = None, answer: Due | None = None
) -> None:
    try:
        table.require_years(start_ms, end_ms)
        lines = drawn(table, start_ms, end_ms, lang is Language.ZH, limit, answer)
    except CalendarError as refusal:
        raise Fault(refusal.code, refusal.zh, refusal.en) from refusal
    for line in lines:
        typer.echo(line)


def _provisional(table: Table, start_ms: int, end_ms: int) -> list[int]:
    first, last = (int(shown(table, at_ms)[:4]) for at_ms in (start_ms, end_ms))
    return [year for year in range(first, last + 1) if table.calendar.provisional(year)]


def _tell_provisional(table: Table, start_ms: int, end_ms: int, lang: Language) -> None:
    if years := _provisional(table, start_ms, end_ms):
        listed = ", ".join(map(str, years))
        _tell(
            lang,
            f"注意:{listed} 年的节假日尚未公布,按星期推算,公布后可能改变。",
            f"Note: the holidays of {listed} are not published; computed from weekdays, and may change.",
        )


def _print_json(table: Table, start_ms: int, end_ms: int, **answer: Any) -> None:
    whole = {**answer, "calendar": table.file.version, "provisional": _provisional(table, start_ms, end_ms)}
    typer.echo(json.dumps(whole))


def _at(table: Table, at_ms: int, lang: Language) -> str:
    written = shown(table, at_ms)
    weekday = (at_ms // 1000 + _offset_s(written)) // 86_400 + 3
    name = f"星期{WEEKDAYS_ZH[weekday % 7]}" if lang is Language.ZH else WEEKDAYS_EN[weekday % 7]
    return f"{written} {name}"


def _offset_s(written: str) -> int:
    sign = -1 if written[-6] == "-" else 1
    return sign * (int(written[-5:-3]) * 3600 + int(written[-2:]) * 60)


def _tell(lang: Language, zh: str, en: str) -> None:
    typer.echo(zh if lang is Language.ZH else en)
