"""The nine-column Excel form 立结案标准 in (domain document §5); the way out is `standard_export`.

Owns the order of the import: file, sheets, cells, rows, the whole standard. All that is wrong comes back at once, with
row and column. What is exported and imported again onto the same base is the same standard.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from domain.finding import Finding, Weight, faults
from domain.standard.check import check_standard
from domain.standard.values import Standard
from domain.unit import Unit
from reference.standard_export import export_workbook
from reference.standard_merge import Merge
from reference.standard_rows import one_of_each, with_unit_codes
from reference.standard_sheet import HEADERS, SHEET, look_for_faults, read_rows
from reference.unit_names import UnitNames
from reference.workbook_file import look_at

__all__ = ["export_workbook", "import_workbook"]

_COLUMN_OF = {
    "major_code_layout": "A",
    "major_doubled": "A",
    "class_code_layout": "C",
    "class_under_no_major": "A",
    "unit_unknown": "E",
    "owner_unknown": "F",
    "limit_missing": "I",
    "limit_unreadable": "I",
    "urgent_unmarked": "I",
    "urgent_limit": "I",
    "simple_urgent": "I",
}
"""What the check of the standard finds → the column that a person has to correct."""


def import_workbook(
    path: Path, base: Standard, units: Iterable[Unit], version: str | None = None
) -> tuple[Standard | None, list[Finding]]:
    """The standard that the form means on top of `base`, or None with at least one fault; warnings come with either.

    `version` is the new version's name; without one the base's is kept, which a warning says where anything changed.
    """
    listed = list(units)
    look, found = look_at(path)
    if look is None:
        return None, found
    found, readable = look_for_faults(look)
    if not readable:
        return None, found
    try:
        rows, in_cells = read_rows(look, base)
    except Exception as error:  # whatever a library makes of a broken file: the person who sent it reads a sentence
        zh = f"文件“{path.name}”无法读取:{error}。"
        return None, [Finding("workbook.unreadable", path.name, zh, f"The file '{path.name}' cannot be read: {error}.")]
    coded, unknown = with_unit_codes(rows, UnitNames(listed))
    found += in_cells + unknown
    kept, doubled = one_of_each(coded)
    found += doubled
    if not kept:
        return None, found or [Finding("sheet.no_rows", SHEET, "表中没有任何行。", "The sheet has no rows.")]
    merge = Merge(kept, base)
    standard = merge.standard()
    checked = [_placed(finding, merge.rows_of) for finding in check_standard(standard, listed)]
    if found or faults(checked):
        return None, sorted([*found, *faults(checked)], key=lambda finding: (finding.row or 0, finding.column or ""))
    same = standard == base
    standard = standard if version is None else replace(standard, version=version)
    return standard, [*merge.found, *checked, *([] if same or version else [_version_kept(base)])]


def _placed(finding: Finding, rows_of: dict[str, int]) -> Finding:
    """The check's finding with the place on the sheet, as far as it has one."""
    row = rows_of.get(finding.key)
    if row is None:
        return finding
    column = _COLUMN_OF.get(finding.code.partition(".")[2])
    where_zh, where_en = f"第 {row} 行", f"Row {row}"
    if column is not None:
        header = HEADERS[ord(column) - ord("A")]
        where_zh, where_en = f"{where_zh} {column} 列({header})", f"{where_en}, column {column} ({header})"
    return replace(
        finding, part=SHEET, row=row, column=column, zh=f"{where_zh}:{finding.zh}", en=f"{where_en}: {finding.en}"
    )


def _version_kept(base: Standard) -> Finding:
    zh = f"标准有改动,但版本名仍是“{base.version}”,采用前请另取新名。"
    en = f"The standard changed, its version is still called '{base.version}'; give it a new name before adopting it."
    return Finding("sheet.version_kept", SHEET, zh, en, base.version, weight=Weight.WARNING)
