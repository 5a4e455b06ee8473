"""The sample standard, from its tables `standards/*.toml`: what a new city starts from, and the demo works by.

Owns reading the tables. Codes of conditions are their numbers in the table, so a table only ever grows at the end.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from domain.standard.values import TERRITORY, CaseClass, ClassKind, Condition, MajorClass, Stage, Standard
from reference.xinmi_standard import MAJORS

TABLES = Path(__file__).parent / "standards"
VERSION = "sample-2026-3"
KINDS = {"city": ClassKind.EVENT, "social": ClassKind.SOCIAL}
"""Table → the kind of its classes where they name none."""

Names = tuple[str, str]
Filing = tuple[str, str, str, str, str]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class as a table writes it; units without the city's prefix."""

    code: str
    names: Names
    unit: str
    owner: str
    conditions: list[Filing]
    kind: ClassKind | None = None
    law: Names = ("", "")
    simple: list[str] = []
    stages: dict[str, list[tuple[str, str, str, str]]] = {}


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"rows": "class"}):
    """A table file."""

    rows: list[Row]


def sample_standard(root: str) -> Standard:
    """The sample for the city with that code prefix: its units are `<root>-<name>`."""
    classes: list[CaseClass] = []
    for name, kind in KINDS.items():
        table = msgspec.convert(tomllib.loads((TABLES / f"{name}.toml").read_text(encoding="utf-8")), Table)
        classes += [_class(row, kind, root) for row in table.rows]
    return Standard(VERSION, tuple(classes), tuple(MajorClass(*major) for major in MAJORS))


def _class(row: Row, kind: ClassKind, root: str) -> CaseClass:
    conditions = tuple(_condition(f"{n:02d}", filing, row, root) for n, filing in enumerate(row.conditions, start=1))
    unit = row.unit if row.unit == TERRITORY else f"{root}-{row.unit}"
    return CaseClass(row.code, *row.names, conditions, unit, row.kind or kind)


def _condition(code: str, filing: Filing, row: Row, root: str) -> Condition:
    zh, en, limit, closing_zh, closing_en = filing
    return Condition(
        code,
        zh,
        en,
        limit,
        urgent="U" in limit,
        simple=code in row.simple,
        closing_zh=closing_zh,
        closing_en=closing_en,
        owner=f"{root}-{row.owner}",
        legal_zh=row.law[0],
        legal_en=row.law[1],
        stages=tuple(Stage(*stage) for stage in row.stages.get(code, [])),
    )
