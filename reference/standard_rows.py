"""The rows of the nine-column form among each other: units resolved, repetitions and contradictions named.

Must never stop at the first: each row that is wrong is named with the row that it disagrees with.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from domain.finding import Finding
from domain.standard.values import TERRITORY
from reference.standard_sheet import HEADERS, SHEET, SheetRow
from reference.unit_names import TERRITORY_ZH, UnitNames


def with_unit_codes(rows: list[SheetRow], names: UnitNames) -> tuple[list[SheetRow], list[Finding]]:
    """The rows with codes where the sheet has names; a unit that is not clear is a finding and stands as no unit."""
    found: list[Finding] = []

    def code(row: SheetRow, written: str, column: str) -> str:
        meant = names.meant(written)
        if len(meant) != 1 or (column == "F" and meant[0] == TERRITORY):
            found.append(_unclear_unit(row.number, column, written, meant))
            return TERRITORY if column == "E" else ""
        return meant[0]

    coded = [
        replace(row, unit=code(row, row.unit, "E"), owner=code(row, row.owner, "F") if row.owner else "")
        for row in rows
    ]
    return coded, found


def one_of_each(rows: list[SheetRow]) -> tuple[list[SheetRow], list[Finding]]:
    """Rows that say something new, and a finding for each that repeats or contradicts an earlier one."""
    names: dict[str, SheetRow] = {}
    majors: dict[str, SheetRow] = {}
    seen: dict[tuple[str, str], SheetRow] = {}
    kept: list[SheetRow] = []
    found: list[Finding] = []
    for row in rows:
        found += _contradictions(row, names.setdefault(row.code, row), majors.setdefault(row.major, row))
        first = seen.setdefault((row.code, row.condition), row)
        if first is row:
            kept.append(row)
        else:
            zh = f"第 {row.number} 行与第 {first.number} 行重复:小类 {row.code} 的立案条件“{row.condition}”。"
            en = f"Row {row.number} repeats row {first.number}: class {row.code}, condition '{row.condition}'."
            found.append(Finding("sheet.row_doubled", SHEET, zh, en, row.condition, "", row.code, row.number, "G"))
    return kept, found


def _contradictions(row: SheetRow, of_class: SheetRow, of_major: SheetRow) -> Iterator[Finding]:
    """What the row says otherwise than the first row of its class, and than the first of its major class."""
    if row.zh != of_class.zh:
        yield _two(row, of_class, "D", "class_two_names", row.code, row.zh, of_class.zh)
    if row.major != of_class.major:
        yield _two(row, of_class, "A", "class_two_majors", row.code, row.major, of_class.major)
    if row.major_zh != of_major.major_zh:
        yield _two(row, of_major, "B", "major_two_names", row.major, row.major_zh, of_major.major_zh)
    if not row.code.startswith(row.major):
        zh = f"第 {row.number} 行:小类代码 {row.code} 不以大类代码 {row.major} 开头。"
        en = f"Row {row.number}: the class {row.code} does not begin with its major class {row.major}."
        yield Finding("sheet.class_outside_major", SHEET, zh, en, row.code, row.major, row.code, row.number, "C")


def _two(row: SheetRow, first: SheetRow, column: str, code: str, key: str, found: str, allowed: str) -> Finding:
    header = HEADERS[ord(column) - ord("A")]
    zh = f"第 {row.number} 行 {column} 列({header}):{key} 写作“{found}”,第 {first.number} 行写作“{allowed}”,应一致。"
    en = f"Row {row.number}, column {column} ({header}): {key} has '{found}', but '{allowed}' in row {first.number}."
    return Finding(f"sheet.{code}", SHEET, zh, en, found, allowed, key, row.number, column)


def _unclear_unit(row: int, column: str, written: str, meant: list[str]) -> Finding:
    header = HEADERS[4] if column == "E" else HEADERS[5]
    allowed_zh, allowed_en = "单位表中的中文名称或代码", "the Chinese name or code of a unit"
    if column == "E":
        allowed_zh, allowed_en = f"{allowed_zh},或“{TERRITORY_ZH}”", f"{allowed_en}, or {TERRITORY_ZH}"
    where_zh, where_en = f"第 {row} 行 {column} 列({header})", f"Row {row}, column {column} ({header})"
    if len(meant) > 1:
        codes = ", ".join(meant)
        zh, en = (
            f"{where_zh}:“{written}”有多个单位({codes}),请填代码。",
            f"{where_en}: '{written}' is the name of several units ({codes}); write the code.",
        )
        return Finding("sheet.unit_ambiguous", SHEET, zh, en, written, codes, row=row, column=column)
    zh, en = (
        f"{where_zh}:没有单位“{written}”,应为{allowed_zh}。",
        f"{where_en}: there is no unit '{written}'; allowed is {allowed_en}.",
    )
    return Finding("sheet.unit_unknown", SHEET, zh, en, written, allowed_en, row=row, column=column)
