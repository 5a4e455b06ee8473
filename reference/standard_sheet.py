"""The nine-column form 立结案标准 as rows of text, each cell of it judged (domain document §5).

Owns the form: sheets, headers, what a cell may hold. Reads every row to the end and names each bad cell by row and
column. Must never guess: a number where a code belongs has lost its zeros, a date was made by the program.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

import msgspec
import openpyxl

from domain.finding import Finding
from domain.standard.check import ROWS_MAX
from domain.standard.text import TEXT_CHARS_MAX, narrow, unseen
from domain.standard.values import Standard
from reference.workbook_file import SheetLook, WorkbookLook, column_letters

SHEET = "立结案标准"
NOTES = "说明"
SHEETS = (SHEET, NOTES)
HEADERS = (
    "大类代码", "大类名称", "小类代码", "小类名称", "处置单位", "主管部门", "立案条件", "结案条件", "处置时限",
)  # fmt: skip
COLUMNS_MAX = 40
"""So far to the right a stray cell is still named with its row."""
SHOWN_CHARS_MAX = 60
"""Of a bad cell's content."""
CODES = ("大类代码", "小类代码")
NARROWED = (*CODES, "处置时限")
"""Columns whose full-width letters and digits are read as narrow ones."""
MAY_BE_EMPTY = ("主管部门", "结案条件", "处置时限")
"""The check of the standard says whether the limit may."""


class SheetRow(msgspec.Struct, frozen=True):
    """A row whose cells are all readable; `number` as the spreadsheet shows it."""

    number: int
    major: str
    major_zh: str
    code: str
    zh: str
    unit: str
    owner: str
    condition: str
    closing: str
    limit: str


def look_for_faults(look: WorkbookLook) -> tuple[list[Finding], bool]:
    """What is wrong with the sheets as such, and whether the rows can be read all the same."""
    found = _too_large(look)
    names = tuple(name for name, _ in look.sheets)
    if names != SHEETS:
        have, want = "、".join(names), "、".join(SHEETS)
        zh = f"工作表为“{have}”,应依次为“{want}”。"
        found.append(Finding("sheet.order", SHEET, zh, f"The sheets are {have}; they must be {want}.", have, want))
    readable = not found
    for name, hidden in look.sheets:
        if hidden:
            found.append(_finding("hidden", None, name, f"工作表“{name}”是隐藏的。", f"The sheet {name} is hidden."))
    for sheet in look.parts.values():
        found += _unseen_parts(sheet)
    return found, readable


def _too_large(look: WorkbookLook) -> list[Finding]:
    found: list[Finding] = []
    for sheet in look.parts.values():
        if sheet.last_column > COLUMNS_MAX:
            column = column_letters(sheet.last_column)
            zh = f"内容直到 {column} 列,表格只有九列。"
            en = f"There is something in column {column}; the form has nine columns."
            found.append(_finding("beyond", None, column, zh, en, column))
        if sheet.last_row > ROWS_MAX + 1:
            zh = f"表格用到第 {sheet.last_row} 行,最多 {ROWS_MAX + 1} 行(含表头)。"
            en = f"The sheet reaches row {sheet.last_row}; at most {ROWS_MAX + 1} rows are allowed, header included."
            found.append(_finding("rows_max", sheet.last_row, str(sheet.last_row), zh, en))
    return found


def read_rows(look: WorkbookLook, base: Standard) -> tuple[list[SheetRow], list[Finding]]:
    """The good rows and what is wrong with the others; no rows where the header is not the form's."""
    width = max(len(HEADERS), *(sheet.last_column for sheet in look.parts.values()))
    height = max(1, *(sheet.last_row for sheet in look.parts.values()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of what it leaves out: styles, validations, none of it content
        book = openpyxl.load_workbook(BytesIO(look.content), read_only=True, data_only=False, keep_links=False)
    try:
        rows = book[SHEET].iter_rows(min_row=1, max_row=height, max_col=width)
        found = _header([_shown(cell.value) for cell in next(rows, ())])
        return ([], found) if found else _rows(rows, base)
    finally:
        book.close()


def _rows(rows: Iterable[tuple[Any, ...]], base: Standard) -> tuple[list[SheetRow], list[Finding]]:
    good: list[SheetRow] = []
    found: list[Finding] = []
    for number, cells in enumerate(rows, start=2):
        if all(cell.value is None or cell.value == "" for cell in cells):
            continue
        texts: list[str] = []
        bad: list[Finding] = []
        for index, cell in enumerate(cells[: len(HEADERS)]):
            text = _cell(cell, number, index, base)
            if isinstance(text, Finding):
                bad.append(text)
            else:
                texts.append(text)
        bad += _beyond(cells, number)
        found += bad
        if not bad:
            good.append(SheetRow(number, *texts))
    return good, found


def _cell(cell: Any, row: int, index: int, base: Standard) -> str | Finding:
    header, value, kind = HEADERS[index], cell.value, getattr(cell, "data_type", "n")
    if kind == "f":
        return _bad("formula", row, index, _shown(value), f"是公式 {_shown(value)}", f"is a formula, {_shown(value)}")
    if kind in ("d", "b", "e") or (value is not None and not isinstance(value, str | int | float)):
        zh, en = f"不是文本,而是“{_shown(value)}”", f"is no text but '{_shown(value)}'"
        return _bad("not_text", row, index, _shown(value), zh, en)
    if isinstance(value, int | float):
        return _number(value, row, index, base)
    if value is not None and len(value) > TEXT_CHARS_MAX:
        zh, en = (
            f"有 {len(value)} 字,最多 {TEXT_CHARS_MAX} 字",
            f"has {len(value)} characters, more than {TEXT_CHARS_MAX}",
        )
        return _bad("chars_max", row, index, str(len(value)), zh, en)
    text = (value or "").replace("\r\n", "\n").strip()
    text = narrow(text) if header in NARROWED else text
    odd = unseen(text)
    if odd is not None:
        return _bad("unseen", row, index, odd, f"含有看不见的字符 {odd}", f"holds the unseen character {odd}")
    may_be_empty = header in MAY_BE_EMPTY or (base.layout is None and index < 2)
    if not text and not may_be_empty:
        return _bad("empty", row, index, "", "是空的", "is empty")
    return text


def _number(value: float, row: int, index: int, base: Standard) -> Finding:
    shown = f"{value:.15g}"
    zh, en = f"是数字 {shown}", f"is the number {shown}"
    layout = base.layout
    if HEADERS[index] in CODES and layout is not None:
        digits = layout.major_digits if index == 0 else layout.class_digits
        if shown.isdigit() and len(shown) < digits:
            zh, en = (
                f"{zh},前面的零丢失了(应为 {shown.zfill(digits)}?)",
                f"{en}: zeros before it are lost ({shown.zfill(digits)}?)",
            )
    return _bad("number", row, index, shown, zh, en)


def _header(found: list[str]) -> list[Finding]:
    while found and not found[-1]:
        found.pop()
    if tuple(found) == HEADERS:
        return []
    have, want = "、".join(found), "、".join(HEADERS)
    problems: list[tuple[str, str, str, str, int | None]] = []
    for index, name in enumerate(found, start=1):
        if name in found[: index - 1]:
            problems.append(("column_doubled", name, f"列“{name}”重复", f"the column {name} stands twice", index))
        elif name not in HEADERS:
            problems.append(("column_unknown", name, f"没有名为“{name}”的列", f"there is no column '{name}'", index))
    for name in HEADERS:
        if name not in found:
            problems.append(("column_missing", name, f"缺少列“{name}”", f"the column {name} is missing", None))
    if not problems:
        problems.append(("column_order", have, "列的顺序不对", "the columns are in another order", None))
    zh_all, en_all = f"现为:{have};应依次为:{want}。", f"found {have}; it must be {want}."
    return [
        _in_header(code, what, f"{zh};{zh_all}", f"In the header {en}; {en_all}", index)
        for code, what, zh, en, index in problems
    ]


def _in_header(code: str, found: str, zh: str, en: str, index: int | None) -> Finding:
    column = None if index is None else column_letters(index)
    return Finding(f"sheet.{code}", SHEET, zh, en, found, "、".join(HEADERS), row=1, column=column)


def _unseen_parts(sheet: SheetLook) -> Iterator[Finding]:
    for reference in sheet.merged:
        zh, en = (
            f"单元格 {reference} 是合并的,每行须自成一条。",
            f"The cells {reference} are merged; each row must be whole.",
        )
        yield _finding("merged", None, reference, zh, en)
    for row in sheet.hidden_rows:
        yield _finding("hidden", row, str(row), f"第 {row} 行是隐藏的。", f"Row {row} is hidden.")
    for first, last in sheet.hidden_columns:
        if first <= len(HEADERS):
            letters = f"{column_letters(first)}:{column_letters(last)}"
            yield _finding("hidden", None, letters, f"列 {letters} 是隐藏的。", f"The columns {letters} are hidden.")


def _beyond(cells: tuple[Any, ...], row: int) -> Iterator[Finding]:
    for index, cell in enumerate(cells[len(HEADERS) :], start=len(HEADERS)):
        if cell.value not in (None, ""):
            shown = _shown(cell.value)
            column = column_letters(index + 1)
            zh, en = (
                f"第 {row} 行 {column} 列有内容“{shown}”,表格只有九列。",
                f"Row {row}, column {column} holds '{shown}'; the form has nine columns.",
            )
            yield _finding("beyond", row, shown, zh, en, column)


def _bad(code: str, row: int, index: int, found: str, zh: str, en: str) -> Finding:
    column, header = column_letters(index + 1), HEADERS[index]
    allowed_zh, allowed_en = "文本", "text"
    if header in MAY_BE_EMPTY:
        allowed_zh, allowed_en = "文本或空", "text or nothing"
    zh = f"第 {row} 行 {column} 列({header}){zh};应为{allowed_zh}。"
    en = f"Row {row}, column {column} ({header}) {en}; allowed is {allowed_en}."
    return Finding(f"cell.{code}", SHEET, zh, en, found, allowed_en, row=row, column=column)


def _finding(code: str, row: int | None, found: str, zh: str, en: str, column: str | None = None) -> Finding:
    return Finding(f"sheet.{code}", SHEET, zh, en, found, row=row, column=column)


def _shown(value: object) -> str:
    return "" if value is None else narrow(str(value)[:SHOWN_CHARS_MAX])
