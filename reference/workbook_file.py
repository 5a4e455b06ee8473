"""A workbook file that somebody hands in, looked at before it is opened: what kind, how large, what is hidden in it.

Owns the guards of everything that is read from .xlsx. No part is read before its size is known to be allowed, and
nothing that a person does not see on the sheets gets through: no hidden rows, columns or sheets, no merged cells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from domain.finding import Finding

FILE_BYTES_MAX = 5_000_000
UNPACKED_BYTES_MAX = 20_000_000
ENTRIES_MAX = 200
CELLS_MAX = 100_000
"""Cells of all sheets together, empty but formatted ones included."""
ELEMENTS_MAX = 500_000
"""XML elements of one part; a form of 5,000 rows has half as many."""

_COMPOUND_FILE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED_FLAG = 0x1
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)
_TRUE = ("1", "true")


@dataclass
class SheetLook:
    """What stands in one sheet's part; `last_row` and `last_column` (1 = A) are those of cells with something in."""

    cells: int = 0
    last_row: int = 0
    last_column: int = 0
    merged: list[str] = field(default_factory=list[str])
    hidden_rows: list[int] = field(default_factory=list[int])
    hidden_columns: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])


@dataclass
class WorkbookLook:
    """The file's bytes, its sheets in order (name, hidden), and a look at each part that holds a sheet."""

    content: bytes = b""
    sheets: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    parts: dict[str, SheetLook] = field(default_factory=dict[str, SheetLook])


def look_at(path: Path) -> tuple[WorkbookLook | None, list[Finding]]:
    """The look, or None with what forbids to open the file at all. Reads at most FILE_BYTES_MAX + 1 bytes of it."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        return None, [_refused("missing", path, f"无法读取:{error}", f"cannot be read: {error}", allowed="a file")]
    if len(content) > FILE_BYTES_MAX:
        mb = FILE_BYTES_MAX // 1_000_000
        return None, [_refused("bytes_max", path, f"大于 {mb} MB", f"is larger than {mb} MB", allowed=f"{mb} MB")]
    if content.startswith(_COMPOUND_FILE):
        zh, en = "已加密,或是旧的 .xls 格式", "is encrypted, or of the old .xls kind"
        return None, [_refused("encrypted", path, zh, en)]
    try:
        with ZipFile(BytesIO(content)) as archive:
            found = _entries(archive, path)
            return (None, found) if found else _parts(archive, content, path)
    except (BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
        return None, [_refused("not_xlsx", path, "不是 .xlsx 文件", f"is no .xlsx file ({error})")]


def _entries(archive: ZipFile, path: Path) -> list[Finding]:
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > ENTRIES_MAX or unpacked > UNPACKED_BYTES_MAX:
        mb = UNPACKED_BYTES_MAX // 1_000_000
        zh = f"解开后有 {len(entries)} 个部分、{unpacked} 字节,最多 {ENTRIES_MAX} 个、{mb} MB"
        en = f"unpacks to {len(entries)} parts and {unpacked} bytes; at most {ENTRIES_MAX} and {mb} MB are allowed"
        return [_refused("unpacked_bytes_max", path, zh, en, str(unpacked), str(UNPACKED_BYTES_MAX))]
    if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in entries):
        return [_refused("encrypted", path, "已加密", "is encrypted")]
    if path.suffix.lower() == ".xlsm" or any(name.lower().endswith("vbaproject.bin") for name in names):
        return [_refused("macros", path, "含宏", "holds macros")]
    if path.suffix.lower() != ".xlsx" or not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        return [_refused("not_xlsx", path, "不是 .xlsx 文件", "is no .xlsx file", path.suffix)]
    return []


def _parts(archive: ZipFile, content: bytes, path: Path) -> tuple[WorkbookLook | None, list[Finding]]:
    look = WorkbookLook(content)
    cells = 0
    for name in archive.namelist():
        if not name.endswith((".xml", ".rels")):
            continue
        eye = _Eye()
        try:
            eye.read(archive.read(name))
        except _Forbidden:
            zh = f"的 {name} 含有实体声明,或超过 {CELLS_MAX} 个单元格、{ELEMENTS_MAX} 个元素"
            en = f"declares entities or has more than {CELLS_MAX} cells or {ELEMENTS_MAX} elements in {name}"
            return None, [_refused("cells_max", path, zh, en, name, str(CELLS_MAX))]
        except expat.ExpatError as error:
            zh, en = f"的 {name} 不是有效的 XML", f"holds {name}, which is no XML ({error})"
            return None, [_refused("unreadable", path, zh, en, name)]
        cells += eye.sheet.cells
        if name == "xl/workbook.xml":
            look.sheets = eye.sheets
        elif name.startswith("xl/worksheets/"):
            look.parts[name] = eye.sheet
    if cells > CELLS_MAX:
        zh, en = f"有 {cells} 个单元格,最多 {CELLS_MAX} 个", f"has {cells} cells; at most {CELLS_MAX} are allowed"
        return None, [_refused("cells_max", path, zh, en, str(cells), str(CELLS_MAX))]
    return look, []


class _Forbidden(Exception):
    """A document type declaration, or more cells or elements than can be wanted."""


class _Eye:
    """Reads one part as a stream and keeps only what the checks need."""

    def __init__(self) -> None:
        self.sheet = SheetLook()
        self.sheets: list[tuple[str, bool]] = []
        self._elements = 0
        self._row = 0
        self._column = 0

    def read(self, part: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.StartDoctypeDeclHandler = self._doctype
        parser.Parse(part, True)

    def _doctype(self, *_: object) -> None:
        raise _Forbidden

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > ELEMENTS_MAX:
            raise _Forbidden
        match name.rpartition(" ")[2]:
            case "row":
                self._row = int(attributes.get("r", self._row + 1))
                self._column = 0
                if attributes.get("hidden") in _TRUE:
                    self.sheet.hidden_rows.append(self._row)
            case "c":
                self._cell(attributes.get("r"))
            case "v" | "is" | "f":
                self.sheet.last_row = max(self.sheet.last_row, self._row)
                self.sheet.last_column = max(self.sheet.last_column, self._column)
            case "col" if attributes.get("hidden") in _TRUE:
                self.sheet.hidden_columns.append((int(attributes.get("min", 1)), int(attributes.get("max", 1))))
            case "mergeCell":
                self.sheet.merged.append(attributes.get("ref", "?"))
            case "sheet":
                hidden = attributes.get("state", "visible") != "visible"
                self.sheets.append((attributes.get("name", ""), hidden))
            case _:
                pass

    def _cell(self, reference: str | None) -> None:
        self.sheet.cells += 1
        if self.sheet.cells > CELLS_MAX:
            raise _Forbidden
        at = _REFERENCE.fullmatch(reference or "")
        self._column = column_number(at[1]) if at else self._column + 1


def column_number(letters: str) -> int:
    """A = 1, B = 2, …, AA = 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def column_letters(number: int) -> str:
    """1 = A, 2 = B, …, 27 = AA."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _refused(code: str, path: Path, zh: str, en: str, found: str = "", allowed: str = ".xlsx") -> Finding:
    return Finding(
        f"workbook.{code}",
        path.name,
        f"文件“{path.name}”{zh};请另存为不加密、不含宏的 .xlsx 文件。",
        f"The file '{path.name}' {en}. Save it as an .xlsx file without encryption and macros.",
        found,
        allowed,
    )
