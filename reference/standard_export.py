"""The nine-column Excel form 立结案标准 out: one row a filing condition, a second sheet that explains (domain §5).

Owns the look of the form. Must never write what cannot be read again: a standard with a fault is not exported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from domain.finding import faults
from domain.standard.check import check_standard
from domain.standard.values import Standard
from domain.unit import Unit
from reference.standard_merge import major_of
from reference.standard_sheet import HEADERS, NOTES, SHEET
from reference.unit_names import UnitNames
from reference.workbook_file import column_letters
from runtime.faults import Fault

WIDTHS = (10, 14, 12, 18, 22, 22, 26, 34, 12)
"""Column widths in characters."""
MADE = datetime(2000, 1, 1)
"""The time in every exported file, so that the same standard makes the same bytes."""
TEXT_FORMAT = "@"
FAULTS_SHOWN_MAX = 20

_EXPLAINED = (
    (
        "每行一个立案条件;同一小类的各行代码、名称相同。",
        "One row a filing condition; a class has one name.",
    ),
    ("所有单元格均为文本;代码保留前面的零。", "All cells are text; codes keep their leading zeros."),
    ("处置单位、主管部门填中文名称或代码。", "Units are written by their Chinese names or codes."),
    ("属地综合执法队填“属地”。", "属地 is the township's own team."),
    ("处置时限:整数加单位,如 4WH。", "Limits: a number and a unit, like 4WH."),
    ("UM 紧急分钟、UH 紧急工作时:昼夜连续计时。", "UM minutes and UH hours that count day and night."),
    ("WM 工作分钟、WH 工作时、WD 工作日:只计工作时间。", "WM minutes, WH hours and WD days of working time only."),
    ("CD 自然日:连续 24 小时,节假日也计。", "CD days of 24 hours, holidays too."),
    ("不得有合并单元格、公式。", "No merged cells, no formulas."),
    ("不得隐藏行、列或工作表。", "Nothing is hidden: no row, no column, no sheet."),
    (
        "英文名、法律依据、阶段时限、简易清单标记不在表中。",
        "Not here: English names, legal basis, stages, simple list.",
    ),
    ("导入时按小类代码和立案条件文字从原标准沿用。", "An import takes them over by class code and condition text."),
)


def export_workbook(standard: Standard, units: Iterable[Unit], path: Path) -> None:
    """Write the form; the same standard and units make the same bytes. Raises Fault `standard.not_sound`."""
    listed = list(units)
    wrong = faults(check_standard(standard, listed))
    if wrong:
        shown_zh, shown_en = (
            "".join(w.zh for w in wrong[:FAULTS_SHOWN_MAX]),
            " ".join(w.en for w in wrong[:FAULTS_SHOWN_MAX]),
        )
        raise Fault(
            "standard.not_sound",
            f"标准有 {len(wrong)} 处错误:{shown_zh}",
            f"The standard has {len(wrong)} faults: {shown_en}",
        )
    book = openpyxl.Workbook()
    book.properties.creator = "liandong"
    book.properties.created = MADE
    sheet, notes = book.worksheets[0], book.create_sheet(NOTES)
    sheet.title = SHEET
    _header(sheet, HEADERS, WIDTHS)
    for number, row in enumerate(_rows(standard, listed), start=2):
        _write(sheet, number, row)
    _header(notes, ("说明", "Notes"), (60, 60))
    for number, lines in enumerate(_EXPLAINED, start=2):
        _write(notes, number, lines)
    unpacked = BytesIO()
    book.save(unpacked)
    path.write_bytes(_same_bytes(unpacked))


def _rows(standard: Standard, units: list[Unit]) -> Iterator[tuple[str, ...]]:
    names, zh = UnitNames(units), {unit.code: unit.zh for unit in units}
    majors = {major.code: major.zh for major in standard.majors}
    for case_class in standard.classes:
        major = major_of(case_class.code, standard.majors)
        for condition in case_class.conditions:
            unit, owner = case_class.responsible_for(condition), condition.owner
            yield (
                major,
                majors.get(major, ""),
                case_class.code,
                case_class.zh,
                names.written(unit, zh.get(unit)),
                names.written(owner, zh.get(owner)) if owner else "",
                condition.zh,
                condition.closing_zh,
                condition.limit or "",
            )


def _header(sheet: Worksheet, names: tuple[str, ...], widths: tuple[int, ...]) -> None:
    _write(sheet, 1, names)
    for index, width in enumerate(widths, start=1):
        cell = sheet.cell(1, index)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", start_color="1F3A5F")
        cell.alignment = Alignment(horizontal="center", vertical="center")
        sheet.column_dimensions[column_letters(index)].width = width
    sheet.freeze_panes = "A2"


def _write(sheet: Worksheet, number: int, texts: tuple[str, ...]) -> None:
    for index, text in enumerate(texts, start=1):
        cell = sheet.cell(number, index, text or None)
        cell.number_format = TEXT_FORMAT
        cell.alignment = Alignment(vertical="top", wrap_text=True)
        if text:
            cell.data_type = "s"  # also for what begins with "=": a text of the standard is never a formula


def _same_bytes(written: BytesIO) -> bytes:
    """The archive again with one fixed time in every place where the writer puts the present one."""
    stamp = MADE.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    out = BytesIO()
    with ZipFile(written) as source, ZipFile(out, "w") as target:
        for entry in source.infolist():
            part = source.read(entry)
            if entry.filename == "docProps/core.xml":
                part = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, part)
            target.writestr(ZipInfo(entry.filename, MADE.timetuple()[:6]), part, ZIP_DEFLATED)
    return out.getvalue()
