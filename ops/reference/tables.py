"""Findings, differences and previews as people read them: tables, the worst first, long ones cut with their number.

Owns no judgement. What is cut is counted, and `--json` has all of it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import tzinfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.difference import Difference, DifferenceKind
from domain.finding import Finding, Weight, faults
from domain.instant import written
from domain.standard.impact import Effect, Touched
from reference.draft import Preview

ROWS_SHOWN_MAX = 40
EXAMPLES_SHOWN_MAX = 8
WIDTH_WITHOUT_TERMINAL = 160
SIGNS = {DifferenceKind.ADDED: "[green]+", DifferenceKind.REMOVED: "[red]−", DifferenceKind.CHANGED: "[yellow]~"}


def console() -> Console:
    """Where tables go; without a terminal wide enough for a sentence in a column."""
    return Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, highlight=False)


def sheet(*headings: str, title: str | None = None, lines: bool = False) -> Table:
    """A table that folds long texts: Chinese has no spaces to break at, and nothing of it may be lost."""
    table = Table(title=title, title_justify="left", show_lines=lines)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def show_findings(out: Console, findings: Sequence[Finding]) -> None:
    """Faults before warnings, each with its place, what was found and what is allowed."""
    wrong = faults(list(findings))
    ordered = [*wrong, *(finding for finding in findings if finding.weight is Weight.WARNING)]
    if ordered:
        table = sheet("", "部分 part", "行 row", "列 col", "说明 what", "实为 found", "允许 allowed", lines=True)
        for finding in ordered[:ROWS_SHOWN_MAX]:
            mark = "[red]错误\nfault" if finding.weight is Weight.FAULT else "[yellow]提醒\nwarning"
            row = "" if finding.row is None else str(finding.row)
            said = Text(f"{finding.zh}\n{finding.en}\n") + Text(finding.code, style="dim")
            found, allowed = Text(finding.found), Text(finding.allowed)
            table.add_row(mark, Text(finding.part), row, finding.column or "", said, found, allowed)
        out.print(table)
    _cut(out, len(ordered))
    out.print(f"{len(wrong)} 处错误 faults, {len(ordered) - len(wrong)} 处提醒 warnings")


def show_differences(out: Console, found: Sequence[Difference]) -> None:
    """What differs, and how much of it there is in each part."""
    table = sheet("", "部分 part", "差异 difference", title="差异 differences")
    for difference in found[:ROWS_SHOWN_MAX]:
        table.add_row(SIGNS[difference.kind], difference.part, Text(f"{difference.zh}\n{difference.en}"))
    if found:
        out.print(table)
    _cut(out, len(found))
    counted = Counter(difference.part for difference in found)
    out.print("差异 differences: " + (", ".join(f"{part} {count}" for part, count in counted.items()) or "0"))


def show_preview(out: Console, preview: Preview, names: Mapping[str, str], zone: tzinfo) -> None:
    """Whom it would touch: counts by class and by unit, some cases, and which move where."""
    standard = preview.standard
    out.print(
        f"在办案件 open cases: {preview.seen}; 已立案 filed {standard.seen}, 若今日立案则不同 otherwise if filed today "
        f"{len(standard.touched)}; 归属调整 moved {len(preview.moves)}"
    )
    _counts(out, "按小类 by class", standard.by_class, names)
    _counts(out, "按现处置单位 by unit now", standard.by_unit, names)
    if standard.touched:
        table = sheet("案件编号 number", "小类 class", "网格 grid", "时限 limit", "单位 unit", title="例 examples")
        for touched in standard.touched[:EXAMPLES_SHOWN_MAX]:
            table.add_row(*_example(touched))
        out.print(table)
    if preview.moves:
        _moves(out, preview, zone)
    if standard.touched:
        out.print("已立案的案件仍按原标准和日历办理。Cases that are filed keep their standard and calendar.")


def _example(touched: Touched) -> tuple[str, ...]:
    case, effects = touched.case, touched.effects
    limit = f"{case.limit or '–'} → {touched.new_limit or '–'}" if Effect.LIMIT in effects else case.limit or "–"
    unit = touched.old_unit or "–"
    unit = f"{unit} → {touched.new_unit or '–'}" if Effect.UNIT in effects else unit
    gone = {Effect.CLASS_GONE: "小类已无 gone", Effect.CONDITION_GONE: "条件已无 gone"}
    limit = next((gone[effect] for effect in effects if effect in gone), limit)
    return case.number, f"{case.case_class}/{case.condition}", case.grid, limit, unit


def _counts(out: Console, title: str, counted: Mapping[str, Mapping[Effect, int]], names: Mapping[str, str]) -> None:
    if not counted:
        return
    headings = ("时限 limit", "单位 unit", "小类已无 class gone", "条件已无 condition gone")
    table = sheet("编码 code", "名称 name", *headings, title=title)
    for code, effects in list(counted.items())[:ROWS_SHOWN_MAX]:
        cells = [str(effects.get(effect, 0) or "") for effect in Effect]
        table.add_row(code or "–", names.get(code, "权属不清 unclear" if not code else ""), *cells)
    out.print(table)
    _cut(out, len(counted))


def _moves(out: Console, preview: Preview, zone: tzinfo) -> None:
    counted = Counter((m.case.grid, m.grid, m.at_ms, m.incomplete) for m in preview.moves)
    table = sheet("自 from", "至 to", "何时 when", "件 cases", "", title="归属调整 moves")
    for (grid, home, at_ms, incomplete), count in counted.most_common(ROWS_SHOWN_MAX):
        todo = "地点待补全 place to be completed" if incomplete else ""
        table.add_row(grid, home, written(at_ms, zone), str(count), todo)
    out.print(table)
    _cut(out, len(counted))


def _cut(out: Console, count: int) -> None:
    if count > ROWS_SHOWN_MAX:
        out.print(f"… 另有 {count - ROWS_SHOWN_MAX} 项,--json 显示全部 more; --json shows all")
