"""`shadow`, `ownership`: what another routing would have done with past cases, and what nobody or two own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from domain.case.events import Dispatched, Filed
from domain.routing.ownership import OwnershipReport, ownership_report
from domain.routing.route import Answer, Reason, Routed, Router, Unclear
from domain.routing.shadow import PastCase, ShadowRun, shadow_run
from domain.standard.values import Standard
from eventlog.casefile import CaseFile
from eventlog.record import DecisionRecord
from ops.reference.drafting import make_draft
from ops.reference.library import IN_FORCE, Cluster, cluster, open_library, read_library, zone_of
from ops.reference.options import Against, AsJson, At, Given, moment, now_ms
from ops.reference.tables import console, sheet, show_findings
from projections import case_state, timeline
from reference.contents import Contents

DAY_MS = 24 * 3_600_000
CASES_AT_ONCE = 500
ROWS_SHOWN_MAX = 40
EXAMPLES_SHOWN_MAX = 10
REASONS = {Reason.NONE: "无 none", Reason.SEVERAL: "多 several"}


def shadow(
    routing: Annotated[Path, typer.Option("--routing", metavar="FILE", help="The new routing, .json.")],
    since: Annotated[
        int, typer.Option("--since", min=1, max=3650, metavar="DAYS", help="Cases of so many days.")
    ] = 365,
    as_json: AsJson = False,
) -> None:
    """A trial 试算: past cases put to another routing. Who would have gone elsewhere? Nothing is moved.

    liandong reference shadow --routing routing.json --since 90
    """
    at = cluster()
    library = read_library(at)
    at_ms, out = now_ms(), console()
    _, base = library.named(IN_FORCE)
    draft = make_draft(library, Given(routing=routing), at_ms)
    if not draft.sound or draft.contents is None:
        show_findings(out, draft.findings)
        raise typer.Exit(2)
    cases = past_cases(at, base.standard, at_ms - since * DAY_MS)
    before, after = (Router(contents.routing, contents.units) for contents in (base, draft.contents))
    classes = {case_class.code: case_class for case_class in base.standard.classes}
    found = shadow_run(before, after, classes, cases, as_of_ms=at_ms)
    if as_json:
        moves = [{"from": old, "to": new, "cases": count} for (old, new), count in found.moves.items()]
        told = {
            **{name: getattr(found, name) for name in found.__struct_fields__},
            "cases": found.cases,
            "moves": moves,
        }
        typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
    else:
        _show_run(out, found, base)


def past_cases(at: Cluster, standard: Standard, since_ms: int) -> list[PastCase]:
    """Every case filed since then, open or ended, with its first lead."""

    async def read(connection: Any) -> list[PastCase]:
        found: list[PastCase] = []
        waiting: dict[str, CaseFile] = {}
        async for file in _files(connection, since_ms):
            waiting[file.id] = file
            if len(waiting) == CASES_AT_ONCE:
                found += await _past(connection, waiting, standard, since_ms)
                waiting = {}
        return [*found, *await _past(connection, waiting, standard, since_ms)]

    return at.through(read)


async def _files(connection: Any, since_ms: int) -> AsyncIterator[CaseFile]:
    """Page by page, so that each page's timeline can be read on the same connection."""
    after = ""
    while page := await case_state.page(connection, after, CASES_AT_ONCE):
        for file in page:
            if file.case is not None and file.case.condition and file.last_at_ms >= since_ms:
                yield file
        after = page[-1].id


async def _past(connection: Any, files: dict[str, CaseFile], standard: Standard, since_ms: int) -> list[PastCase]:
    classes = {case_class.code: case_class for case_class in standard.classes}
    found: list[PastCase] = []
    for case_id, records in (await timeline.of_cases(connection, list(files))).items():
        case = files[case_id].case
        filed, lead = _filed_and_lead(records)
        filed_ms = None if filed is None else filed.at_ms
        if case is None or filed is None or filed_ms is None or filed_ms < since_ms:
            continue
        case_class = classes.get(filed.case_class)
        condition = case_class and case_class.find_condition(filed.condition)
        responsible = case_class.responsible_for(condition) if case_class and condition else ""
        place, level = case.place.grid, case.level
        found.append(PastCase(case_id, case.number, filed.case_class, place, level, filed_ms, lead, responsible))
    return found


def _filed_and_lead(records: list[DecisionRecord]) -> tuple[Filed | None, str | None]:
    """The first filing and the first lead."""
    events = list(chain.from_iterable(record.events for record in records))
    filed = next((event for event in events if isinstance(event, Filed)), None)
    return filed, next((event.lead for event in events if isinstance(event, Dispatched)), None)


def _show_run(out: Console, found: ShadowRun, contents: Contents) -> None:
    names = {thing.code: thing.zh for thing in (*contents.units, *contents.standard.classes)}
    unclear = f"{found.became_unclear} 变为不清 became unclear, {found.became_clear} 变为明确 became clear"
    out.print(
        f"案件 cases {found.cases}: {found.same} 相同 same, {found.moved} 改派 elsewhere, {unclear}, "
        f"{found.still_unclear} 仍不清 still unclear"
    )
    out.print(f"与派遣员实际派遣一致 as dispatched: 原规则 old {found.as_before}, 新规则 new {found.as_after}")
    if found.moves:
        table = sheet("自 from", "至 to", "件 cases", title="改派 elsewhere")
        for (old, new), count in sorted(found.moves.items(), key=lambda pair: -pair[1])[:ROWS_SHOWN_MAX]:
            table.add_row(f"{old} {names.get(old, '')}", f"{new} {names.get(new, '')}", str(count))
        out.print(table)
    if found.examples:
        table = sheet("案件编号 number", "小类 class", "网格 grid", "原 before", "新 after", title="例 examples")
        for example in found.examples[:EXAMPLES_SHOWN_MAX]:
            case = example.case
            what = f"{case.case_class} {names.get(case.case_class, '')}"
            table.add_row(case.number, what, case.grid, _answer(example.before), _answer(example.after))
        out.print(table)


def _answer(answer: Answer) -> str:
    if isinstance(answer, Routed):
        return f"{answer.unit} ({answer.rule or answer.by})"
    return f"权属不清 {REASONS[answer.reason]} {', '.join(answer.candidates)}".rstrip()


def ownership(at_time: At = None, against: Against = None, as_json: AsJson = False) -> None:
    """The list of powers and duties 权责清单: which class has no owner in which township, and which has two.

    liandong reference ownership
    """
    _, contents = open_library(against).named(IN_FORCE)
    at_ms = moment(at_time, zone_of(contents))
    grids = [grid for grid in contents.grids if grid.valid(at_ms)]
    report = ownership_report(contents.standard, contents.routing, contents.units, grids, at_ms)
    if as_json:
        rows = [row for row in report.rows if isinstance(row.answer, Unclear)]
        told = {"owned": report.owned, "none": report.none, "several": report.several, "unclear": rows}
        typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
        return
    _show_report(console(), report, contents)


def _show_report(out: Console, report: OwnershipReport, contents: Contents) -> None:
    names = {thing.code: thing.zh for thing in (*contents.grids, *contents.standard.classes)}
    headings = ("小类 class", "乡镇 township", "地 place", "级 level", "归属 owner", "单位 units", "规则 rules")
    table = sheet(*headings)
    unclear = [(row, row.answer) for row in report.rows if isinstance(row.answer, Unclear)]
    for row, answer in unclear[:ROWS_SHOWN_MAX]:
        what, town = (f"{code} {names.get(code, '')}" for code in (row.case_class, row.town))
        units, rules = ", ".join(answer.candidates), ", ".join(answer.rules)
        table.add_row(what, town, row.place, str(row.level), REASONS[answer.reason], units, rules)
    if unclear:
        out.print(table)
    if len(unclear) > ROWS_SHOWN_MAX:
        out.print(f"… 另有 {len(unclear) - ROWS_SHOWN_MAX} 项,--json 显示全部 more; --json shows all")
    out.print(f"有归属 owned {report.owned}, 无归属 no owner {report.none}, 多个归属 several {report.several}")
