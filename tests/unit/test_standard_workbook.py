"""The nine-column form: what goes out comes in the same, what nine columns cannot say, and bad files told in full."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from msgspec.structs import replace

from domain.finding import Finding, Weight, faults
from domain.standard.diff import diff
from domain.standard.values import CaseClass, ClassKind, Condition, MajorClass, Standard
from reference import standard_sheet, workbook_file
from reference.standard_sheet import HEADERS, NOTES, SHEET
from reference.standard_workbook import export_workbook, import_workbook
from reference.unit_names import UnitNames
from reference.workbook_file import column_letters, column_number
from runtime.faults import Fault
from tests.support.standards import SMALL, UNITS

Edit = Callable[[Any], object]


@cache
def the_form() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standard.xlsx"
        export_workbook(SMALL, UNITS, path)
        return path.read_bytes()


def form(tmp_path: Path) -> Path:
    """The form as it went out: no test waits for a workbook to be read and written that it does not edit."""
    path = tmp_path / "standard.xlsx"
    path.write_bytes(the_form())
    return path


def edited(tmp_path: Path, edit: Edit, standard: Standard = SMALL) -> Path:
    """The form of that standard after somebody worked on its workbook."""
    path = tmp_path / "standard.xlsx"
    if standard is SMALL:
        path.write_bytes(the_form())
    else:
        export_workbook(standard, UNITS, path)
    book = openpyxl.load_workbook(path)
    edit(book)
    book.save(path)
    return path


def after(tmp_path: Path, edit: Edit) -> tuple[Standard | None, list[Finding]]:
    return import_workbook(edited(tmp_path, edit), SMALL, UNITS)


def put(**cells: object) -> Edit:
    """An edit that puts values into cells of the first sheet."""

    def edit(book: Any) -> None:
        for at, value in cells.items():
            book[SHEET][at] = value

    return edit


def places(findings: list[Finding]) -> list[tuple[str, int | None, str | None]]:
    return [(f.code, f.row, f.column) for f in findings]


def test_the_form_has_nine_columns_and_a_row_for_each_condition(tmp_path: Path) -> None:
    path = tmp_path / "standard.xlsx"
    export_workbook(SMALL, UNITS, path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == [SHEET, NOTES]
    sheet = book[SHEET]
    assert [tuple(cell.value for cell in row) for row in sheet.iter_rows()] == [
        HEADERS,
        ("01", "设施", "010101", "井盖", "城市管理局", "城市管理局", "缺失", "补齐", "2UH"),
        ("01", "设施", "010101", "井盖", "城市管理局", None, "破损", None, "4WH"),
        ("02", "秩序", "020101", "噪声", "属地", None, "夜间", None, "4WH"),
    ]
    assert sheet.freeze_panes == "A2"
    assert {cell.number_format for row in sheet.iter_rows() for cell in row} == {"@"}
    assert sheet["A1"].font.bold
    assert (sheet.column_dimensions["A"].width, sheet.column_dimensions["H"].width) == (10, 34)
    assert "UH" in str([row[0] for row in book[NOTES].iter_rows(values_only=True)])


def test_the_same_standard_makes_the_same_bytes_with_no_time_of_today_in_them(tmp_path: Path) -> None:
    one, two = tmp_path / "one.xlsx", tmp_path / "two.xlsx"
    export_workbook(SMALL, UNITS, one)
    export_workbook(SMALL, UNITS, two)
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}
        assert archive.read("docProps/core.xml").count(b"2000-01-01T00:00:00Z") == 2


def test_what_goes_out_comes_in_the_same_without_a_word(tmp_path: Path) -> None:
    assert after(tmp_path, lambda book: book) == (SMALL, [])


def test_a_text_that_looks_like_a_formula_stays_a_text(tmp_path: Path) -> None:
    standard = replace(SMALL, classes=(replace(SMALL.classes[0], zh="=1+1"), SMALL.classes[1]))
    path = tmp_path / "standard.xlsx"
    export_workbook(standard, UNITS, path)
    assert import_workbook(path, standard, UNITS) == (standard, [])


def test_a_standard_with_a_fault_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(Fault) as refused:
        export_workbook(replace(SMALL, majors=()), UNITS, tmp_path / "standard.xlsx")
    assert refused.value.code == "standard.not_sound"
    assert "010101" in refused.value.zh
    assert "010101" in refused.value.en
    assert not list(tmp_path.iterdir())


def test_one_limit_changed_is_one_change_and_the_version_wants_a_name(tmp_path: Path) -> None:
    path = edited(tmp_path, put(I2="3UH"))
    standard, found = import_workbook(path, SMALL, UNITS)
    assert standard is not None
    assert [(c.key, c.field, c.old, c.new) for c in diff(SMALL, standard)] == [("010101/01", "limit", "2UH", "3UH")]
    assert [(f.code, f.found, f.weight) for f in found] == [("sheet.version_kept", "small-1", Weight.WARNING)]
    named, found = import_workbook(path, SMALL, UNITS, version="small-2")
    assert (named, found) == (replace(standard, version="small-2"), [])


def test_urgency_follows_the_unit_of_a_changed_limit(tmp_path: Path) -> None:
    standard, _ = after(tmp_path, put(I2="1WD", I3="30UM"))
    assert standard is not None
    assert [condition.urgent for condition in standard.classes[0].conditions] == [False, True]


def test_full_width_codes_and_limits_and_blanks_around_texts_are_read_as_meant(tmp_path: Path) -> None:
    standard, found = after(tmp_path, put(A2="\uff10\uff11", C2=" 010101", I2="\uff12\uff35\uff28", G2="缺失\u3000"))
    assert (standard, found) == (SMALL, [])


def test_units_are_found_by_name_by_code_and_whatever_the_width_of_brackets(tmp_path: Path) -> None:
    standard, _ = after(tmp_path, put(E2="公安局\uff08东\uff09", E3="north", E4="territory", F4="police"))
    assert standard is not None
    cover, noise = standard.classes
    assert [cover.responsible_for(condition) for condition in cover.conditions] == ["police", "north"]
    assert (cover.responsible, noise.responsible, noise.conditions[0].owner) == ("urban", "territory", "police")


def test_a_unit_changed_in_all_rows_of_a_class_is_the_unit_of_the_class(tmp_path: Path) -> None:
    standard, _ = after(tmp_path, put(E2="south", E3="south"))
    assert standard is not None
    assert standard.classes[0].responsible == "south"
    assert {condition.responsible for condition in standard.classes[0].conditions} == {""}


def test_the_same_unit_by_the_conditions_own_rule_is_left_as_it_is(tmp_path: Path) -> None:
    own = tuple(replace(condition, responsible="police") for condition in SMALL.classes[0].conditions)
    standard = replace(SMALL, classes=(replace(SMALL.classes[0], conditions=own), SMALL.classes[1]))
    path = edited(tmp_path, lambda book: book, standard)
    assert import_workbook(path, standard, UNITS) == (standard, [])


def test_a_name_of_two_units_is_written_and_read_by_code() -> None:
    names = UnitNames(UNITS)
    assert names.written("north", "执法队") == "north"
    assert names.written("urban", "城市管理局") == "城市管理局"
    assert names.written("urban", " 城市管理局") == "urban"
    assert names.written("urban", "城市\u200b管理局") == "urban"
    assert names.written("urban", None) == "urban"
    assert names.meant("执法队") == ["north", "south"]
    assert names.meant("no such") == []


def test_what_is_new_or_gone_or_kept_in_english_is_said(tmp_path: Path) -> None:
    def edit(book: Any) -> None:
        sheet = book[SHEET]
        for at, value in {
            "D2": "大井盖",
            "D3": "大井盖",
            "B2": "公用",
            "B3": "公用",
            "H2": "好了",
            "G3": "碎裂",
        }.items():
            sheet[at] = value
        sheet.append(["01", "公用", "010102", "座椅", "属地", "城市管理局", "松动", "牢固", "1UH"])
        sheet.append(["03", "市容", "030101", "垃圾", "属地", None, "一般", None, "1WD"])
        sheet.delete_rows(4)

    path = edited(tmp_path, edit)
    standard, found = import_workbook(path, SMALL, UNITS, version="small-2")
    assert [(f.code.partition(".")[2], f.key, f.row, f.weight) for f in found] == [
        ("gone", "020101", None, Weight.WARNING),
        ("english_kept", "010101", 2, Weight.WARNING),
        ("english_kept", "010101/01", 2, Weight.WARNING),
        ("condition_new", "010101/03", 3, Weight.WARNING),
        ("gone", "010101/02", None, Weight.WARNING),
        ("class_new", "010102", 4, Weight.WARNING),
        ("condition_new", "010102/01", 4, Weight.WARNING),
        ("class_new", "030101", 5, Weight.WARNING),
        ("condition_new", "030101/01", 5, Weight.WARNING),
        ("english_kept", "01", 2, Weight.WARNING),
        ("gone", "02", None, Weight.WARNING),
        ("major_new", "03", 5, Weight.WARNING),
    ]
    assert standard is not None
    assert standard.majors == (MajorClass("01", "公用", "Facilities"), MajorClass("03", "市容", "市容"))
    cover, bench, rubbish = standard.classes
    assert cover.conditions[0] == replace(SMALL.classes[0].conditions[0], closing_zh="好了")
    assert cover.conditions[1] == Condition("03", "碎裂", "碎裂", "4WH")
    loose = Condition("01", "松动", "松动", "1UH", urgent=True, closing_zh="牢固", owner="urban")
    assert bench == CaseClass("010102", "座椅", "座椅", (loose,), kind=ClassKind.COMPONENT)
    assert rubbish.kind is ClassKind.EVENT


def test_a_closing_condition_taken_away_takes_its_english_along(tmp_path: Path) -> None:
    standard, found = after(tmp_path, put(H2=None))
    assert standard is not None
    assert (standard.classes[0].conditions[0].closing_zh, standard.classes[0].conditions[0].closing_en) == ("", "")
    assert [f.code for f in found] == ["sheet.version_kept"]


def test_a_major_class_that_never_had_a_class_is_kept(tmp_path: Path) -> None:
    standard = replace(SMALL, majors=(MajorClass("09", "空", "Empty"), *SMALL.majors))
    found, _ = import_workbook(edited(tmp_path, lambda book: book, standard), standard, UNITS)
    assert found == standard


def test_the_form_of_a_city_without_layout_and_limits_comes_back_too(tmp_path: Path) -> None:
    classes = (CaseClass("pot-hole", "坑", "Pothole", (Condition("01", "按来源", "As stated"),)),)
    standard = Standard("b-1", classes, layout=None, limits_required=False)
    path = tmp_path / "standard.xlsx"
    export_workbook(standard, UNITS, path)
    assert import_workbook(path, standard, UNITS) == (standard, [])


BAD_CELLS: list[tuple[dict[str, object], list[tuple[str, int | None, str | None]]]] = [
    ({"A2": 1}, [("cell.number", 2, "A")]),
    ({"I2": "=1+1"}, [("cell.formula", 2, "I")]),
    ({"G2": datetime(2026, 1, 2)}, [("cell.not_text", 2, "G")]),
    ({"G2": True}, [("cell.not_text", 2, "G")]),
    ({"G2": "#REF!"}, [("cell.not_text", 2, "G")]),
    ({"G2": None}, [("cell.empty", 2, "G")]),
    ({"A2": "  "}, [("cell.empty", 2, "A")]),
    ({"D2": "井\u200b盖"}, [("cell.unseen", 2, "D")]),
    ({"H2": "x" * 2_001}, [("cell.chars_max", 2, "H")]),
    ({"I2": None}, [("standard.limit_missing", 2, "I")]),
    ({"I2": "3XX"}, [("standard.limit_unreadable", 2, "I")]),
    ({"I2": "0WH"}, [("standard.limit_unreadable", 2, "I")]),
    ({"I2": 4}, [("cell.number", 2, "I")]),
    ({"E2": "无此单位"}, [("sheet.unit_unknown", 2, "E")]),
    ({"F2": "无此单位"}, [("sheet.unit_unknown", 2, "F")]),
    ({"F2": "属地"}, [("sheet.unit_unknown", 2, "F")]),
    ({"E2": "执法队"}, [("sheet.unit_ambiguous", 2, "E")]),
    ({"D3": "盖"}, [("sheet.class_two_names", 3, "D")]),
    ({"B3": "别的"}, [("sheet.major_two_names", 3, "B")]),
    ({"A3": "02", "B3": "秩序"}, [("sheet.class_two_majors", 3, "A"), ("sheet.class_outside_major", 3, "C")]),
    ({"G3": "缺失"}, [("sheet.row_doubled", 3, "G")]),
    ({"C4": "02010"}, [("standard.class_code_layout", 4, "C")]),
    ({"A4": "020"}, [("standard.major_code_layout", 4, "A"), ("standard.class_under_no_major", 4, "A")]),
    ({"K3": "看"}, [("sheet.beyond", 3, "K")]),
]


@pytest.mark.parametrize(("cells", "wanted"), BAD_CELLS, ids=[f"{n}-{bad[1][0][0]}" for n, bad in enumerate(BAD_CELLS)])
def test_a_bad_cell_is_named_by_row_and_column_in_both_languages(
    tmp_path: Path, cells: dict[str, object], wanted: list[tuple[str, int | None, str | None]]
) -> None:
    standard, found = after(tmp_path, put(**cells))
    assert standard is None
    assert sorted(places(found), key=str) == sorted(wanted, key=str)
    for finding in found:
        assert finding.weight is Weight.FAULT
        assert finding.part == SHEET
        assert f"第 {finding.row} 行" in finding.zh
        assert f"ow {finding.row}" in finding.en


def test_one_bad_row_never_hides_the_others(tmp_path: Path) -> None:
    standard, found = after(tmp_path, put(A2=1, E3="谁", I3="3XX", I4="0WH", G4="=A1"))
    assert standard is None
    assert places(found) == [
        ("cell.number", 2, "A"),
        ("sheet.unit_unknown", 3, "E"),
        ("standard.limit_unreadable", 3, "I"),
        ("cell.formula", 4, "G"),
    ]


def test_a_lost_zero_is_named_as_such(tmp_path: Path) -> None:
    _, found = after(tmp_path, put(C2=10101, A3=1.5))
    assert "010101" in found[0].zh
    assert "zeros before it are lost (010101?)" in found[0].en
    assert (found[0].found, found[1].found) == ("10101", "1.5")
    assert "lost" not in found[1].en


HEADS: list[tuple[dict[str, object], list[tuple[str, int | None, str | None]]]] = [
    ({"A1": "小类代码", "C1": "大类代码"}, [("sheet.column_order", 1, None)]),
    ({"A1": "大类名称"}, [("sheet.column_doubled", 1, "B"), ("sheet.column_missing", 1, None)]),
    ({"I1": "时限"}, [("sheet.column_unknown", 1, "I"), ("sheet.column_missing", 1, None)]),
    ({"I1": None}, [("sheet.column_missing", 1, None)]),
    ({"J1": "备注"}, [("sheet.column_unknown", 1, "J")]),
]


@pytest.mark.parametrize(("cells", "wanted"), HEADS, ids=[f"{n}-{head[1][0][0]}" for n, head in enumerate(HEADS)])
def test_another_header_is_refused_with_what_was_found_and_what_it_must_be(
    tmp_path: Path, cells: dict[str, object], wanted: list[tuple[str, int | None, str | None]]
) -> None:
    standard, found = after(tmp_path, put(**cells))
    assert standard is None
    assert places(found) == wanted
    assert all("、".join(HEADERS) == f.allowed and f.allowed in f.zh and f.allowed in f.en for f in found)


def hide_row(book: Any) -> None:
    book[SHEET].row_dimensions[3].hidden = True


def hide_column(book: Any) -> None:
    book[SHEET].column_dimensions["B"].hidden = True


def hide_sheet(book: Any) -> None:
    book[NOTES].sheet_state = "hidden"


SHAPES: list[tuple[str, Edit, int | None, str]] = [
    ("sheet.merged", lambda book: book[SHEET].merge_cells("K2:K3"), None, "K2:K3"),
    ("sheet.hidden", hide_row, 3, "3"),
    ("sheet.hidden", hide_column, None, "B:B"),
    ("sheet.hidden", hide_sheet, None, NOTES),
    ("sheet.order", lambda book: book.move_sheet(NOTES, -1), None, f"{NOTES}、{SHEET}"),
    ("sheet.order", lambda book: book.remove(book[NOTES]), None, SHEET),
    ("sheet.order", lambda book: book.create_sheet("x"), None, f"{SHEET}、{NOTES}、x"),
    ("sheet.no_rows", lambda book: book[SHEET].delete_rows(2, 3), None, ""),
    ("sheet.beyond", put(AO2="x"), None, "AO"),
]


@pytest.mark.parametrize(("code", "edit", "row", "found"), SHAPES, ids=[f"{n}-{s[0]}" for n, s in enumerate(SHAPES)])
def test_a_workbook_of_another_shape_is_refused(
    tmp_path: Path, code: str, edit: Edit, row: int | None, found: str
) -> None:
    standard, findings = after(tmp_path, edit)
    assert standard is None
    assert [(f.code, f.row, f.found) for f in findings] == [(code, row, found)]


def test_merged_cells_hide_no_bad_row(tmp_path: Path) -> None:
    def edit(book: Any) -> None:
        put(I4="3XX")(book)
        book[SHEET].merge_cells("A2:A3")

    _, found = after(tmp_path, edit)
    assert places(found) == [
        ("sheet.merged", None, None),
        ("cell.empty", 3, "A"),
        ("standard.limit_unreadable", 4, "I"),
    ]


def test_more_rows_than_allowed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standard_sheet, "ROWS_MAX", 19)
    assert places(after(tmp_path, put(I20="x"))[1])[0][0] == "cell.empty"
    monkeypatch.setattr(standard_sheet, "ROWS_MAX", 18)
    assert places(after(tmp_path, put(I20="x"))[1]) == [("sheet.rows_max", 20, None)]


def rezip(path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    parts[name] = change(parts.get(name, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, part in parts.items():
            archive.writestr(entry, part)


PARTS: list[tuple[str, str, Callable[[bytes], bytes]]] = [
    ("macros", "xl/vbaProject.bin", lambda _: b"code"),
    ("unreadable", "xl/worksheets/sheet1.xml", lambda part: part[:-20]),
    ("unreadable", "xl/_rels/workbook.xml.rels", lambda _: b"<a/>"),
    ("cells_max", "xl/sharedStrings.xml", lambda part: b'<!DOCTYPE a [<!ENTITY b "c">]>' + part.partition(b"?>")[2]),
    ("cells_max", "xl/worksheets/sheet2.xml", lambda _: b"<sheet>" + b"<c/>" * 1_001 + b"</sheet>"),
    ("cells_max", "xl/sharedStrings.xml", lambda _: b"<sst>" + b"<si/>" * 5_000 + b"</sst>"),
    ("unpacked_bytes_max", "xl/media/zeros", lambda _: bytes(200_001)),
]


@pytest.mark.parametrize(("code", "name", "change"), PARTS, ids=[f"{n}-{part[0]}" for n, part in enumerate(PARTS)])
def test_a_file_that_is_dangerous_or_broken_inside_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, name: str, change: Callable[[bytes], bytes]
) -> None:
    limits = {"CELLS_MAX": 100_000, "ELEMENTS_MAX": 500_000, "UNPACKED_BYTES_MAX": 20_000_000}
    for limit, shipped in limits.items():
        assert getattr(workbook_file, limit) == shipped
        monkeypatch.setattr(workbook_file, limit, shipped // 100)
    path = form(tmp_path)
    assert import_workbook(path, SMALL, UNITS) == (SMALL, [])
    rezip(path, name, change)
    standard, found = import_workbook(path, SMALL, UNITS)
    assert standard is None
    assert [f.code for f in found] == [f"workbook.{code}"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"no zip at all", "not_xlsx"),
        ("b.xlsx", b"", "not_xlsx"),
        ("c.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "encrypted"),
        ("d.xlsx", bytes(5_000_001), "bytes_max"),
    ],
)
def test_a_file_of_another_kind_or_size_is_refused(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    standard, found = import_workbook(path, SMALL, UNITS)
    assert standard is None
    assert [(f.code, f.part) for f in found] == [(f"workbook.{code}", name)]
    assert name in found[0].zh
    assert name in found[0].en


def test_the_name_must_say_xlsx_and_the_file_must_be_there(tmp_path: Path) -> None:
    path = form(tmp_path)
    for suffix, code in ((".xlsm", "macros"), (".xls", "not_xlsx")):
        assert [f.code for f in import_workbook(path.rename(path.with_suffix(suffix)), SMALL, UNITS)[1]] == [
            f"workbook.{code}"
        ]
        path.with_suffix(suffix).rename(path)
    assert [f.code for f in import_workbook(tmp_path / "none.xlsx", SMALL, UNITS)[1]] == ["workbook.missing"]
    assert [f.code for f in import_workbook(tmp_path, SMALL, UNITS)[1]] == ["workbook.missing"]


def test_an_encrypted_archive_and_one_with_too_many_parts_are_refused(tmp_path: Path) -> None:
    path = form(tmp_path)
    plain = path.read_bytes()
    at = plain.index(b"PK\x01\x02") + 8
    path.write_bytes(plain[:at] + bytes([plain[at] | 1]) + plain[at + 1 :])
    assert [f.code for f in import_workbook(path, SMALL, UNITS)[1]] == ["workbook.encrypted"]
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(workbook_file.ENTRIES_MAX + 1):
            archive.writestr(f"{number}", b"")
    assert [f.code for f in import_workbook(path, SMALL, UNITS)[1]] == ["workbook.unpacked_bytes_max"]


def test_columns_have_letters() -> None:
    for number, letters in ((1, "A"), (9, "I"), (26, "Z"), (27, "AA"), (703, "AAA")):
        assert (column_letters(number), column_number(letters)) == (letters, number)


def test_faults_come_without_warnings_and_in_the_order_of_the_sheet(tmp_path: Path) -> None:
    _, found = after(tmp_path, put(I4="3XX", I2="3XX"))
    assert places(found) == [("standard.limit_unreadable", 2, "I"), ("standard.limit_unreadable", 4, "I")]
    assert found == faults(found)
