"""A new standard from the rows of the nine-column form and the standard that it goes out from.

Owns the rule of what nine columns cannot say: it is taken over from the base, by class code and the text of the
condition. Must never drop such a field in silence: what is new, gone or only half known is said as a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from msgspec.structs import replace

from domain.finding import Finding, Weight
from domain.standard.values import CaseClass, ClassKind, Condition, MajorClass, Standard
from reference.standard_sheet import SHEET, SheetRow

T = TypeVar("T", CaseClass, MajorClass)
URGENT_UNITS = ("UM", "UH")


class Merge:
    """One import: rows whose units are codes by now, and the base. `rows_of` says where each key stands."""

    def __init__(self, rows: Sequence[SheetRow], base: Standard) -> None:
        self._base = base
        self._rows: dict[str, list[SheetRow]] = {}
        self.rows_of: dict[str, int] = {}
        self.found: list[Finding] = []
        for row in rows:
            self._rows.setdefault(row.code, []).append(row)
            self.rows_of.setdefault(row.code, row.number)
            if row.major:
                self.rows_of.setdefault(row.major, row.number)

    def standard(self) -> Standard:
        """The standard that the rows mean; `found` has the warnings after it."""
        base_classes = {case_class.code: case_class for case_class in self._base.classes}
        for case_class in self._base.classes:
            if case_class.code not in self._rows:
                self._gone(case_class.code, case_class.zh)
        classes = tuple(self._class(rows, base_classes.get(code)) for code, rows in self._rows.items())
        return replace(self._base, classes=classes, majors=tuple(self._majors()))

    def _majors(self) -> Iterator[MajorClass]:
        """In the base's order, new ones after them; a base major that had no class before either is kept."""
        written = {row.major: row.major_zh for rows in reversed(self._rows.values()) for row in rows if row.major}
        base = {major.code: major for major in self._base.majors}
        had_classes = {code for c in self._base.classes if (code := major_of(c.code, self._base.majors))}
        for code, major in base.items():
            if code in written:
                yield self._named(major, written[code], code)
            elif code not in had_classes:
                yield major
            else:
                self._gone(code, major.zh)
        for code in sorted(written.keys() - base.keys(), key=lambda code: self.rows_of[code]):
            self._new(
                "major_new", code, self.rows_of[code], f"大类 {code}", f"major class {code}", "英文名", "English name"
            )
            yield MajorClass(code, written[code], written[code])

    def _class(self, rows: list[SheetRow], old: CaseClass | None) -> CaseClass:
        first = rows[0]
        if old is None:
            zh, en = "英文名;性质按同大类", "English name; its kind is that of its major class"
            self._new("class_new", first.code, first.number, f"小类 {first.code}", f"class {first.code}", zh, en)
            start = CaseClass(first.code, first.zh, first.zh, (), first.unit, self._kind(first.major))
        else:
            start = self._named(old, first.zh, first.code)
        by_text = {condition.zh: condition for condition in start.conditions}
        conditions = list(self._conditions(rows, start, by_text))
        written = {row.condition for row in rows}
        for condition in start.conditions:
            if condition.zh not in written:
                self._gone(f"{first.code}/{condition.code}", condition.zh)
        units = [row.unit for row in rows]
        same = old is not None and all(
            row.condition in by_text and row.unit == old.responsible_for(by_text[row.condition]) for row in rows
        )
        if not same and len(set(units)) == 1:
            return replace(
                start, responsible=units[0], conditions=tuple(replace(c, responsible="") for c in conditions)
            )
        return replace(start, conditions=tuple(conditions))

    def _conditions(self, rows: list[SheetRow], start: CaseClass, by_text: dict[str, Condition]) -> Iterator[Condition]:
        last = max((int(c.code) for c in start.conditions if c.code.isascii() and c.code.isdigit()), default=0)
        for row in rows:
            old = by_text.get(row.condition)
            if old is None:
                last += 1
                code = f"{last:02d}"
                zh = "英文名、法律依据、阶段时限、简易清单标记;是否紧急按时限单位"
                en = "English name, legal basis, stages and simple-list flag; urgent or not follows the limit's unit"
                key = f"{row.code}/{code}"
                self._new(
                    "condition_new", key, row.number, f"立案条件 {key}“{row.condition}”", f"condition {key}", zh, en
                )
                old = Condition(code, row.condition, row.condition)
            key = f"{row.code}/{old.code}"
            self.rows_of[key] = row.number
            yield self._filled(old, row, key, start)

    def _filled(self, old: Condition, row: SheetRow, key: str, start: CaseClass) -> Condition:
        limit = row.limit or None
        urgent = old.urgent if limit == old.limit else row.limit.endswith(URGENT_UNITS)
        if row.closing and row.closing != old.closing_zh and old.closing_en:
            self._english(key, row.number, old.closing_en)
        responsible = old.responsible
        if row.unit != start.responsible_for(old):
            responsible = "" if row.unit == start.responsible else row.unit
        return replace(
            old,
            limit=limit,
            urgent=urgent,
            closing_zh=row.closing,
            closing_en=old.closing_en if row.closing or not old.closing_zh else "",
            owner=row.owner,
            responsible=responsible,
        )

    def _named(self, old: T, zh: str, key: str) -> T:
        if zh != old.zh:
            self._english(key, self.rows_of[key], old.en)
        return replace(old, zh=zh)

    def _kind(self, major: str) -> ClassKind:
        kinds = (c.kind for c in self._base.classes if major and major_of(c.code, self._base.majors) == major)
        return next(kinds, ClassKind.EVENT)

    def _english(self, key: str, row: int, kept: str) -> None:
        zh = f"{key} 的中文改了,英文仍是“{kept}”,请核对。"
        self._warn(
            "english_kept", key, row, zh, f"The Chinese of {key} changed; its English is still '{kept}': look at it."
        )

    def _gone(self, key: str, name: str) -> None:
        zh = f"原有的 {key}“{name}”不在表中,新版本将没有它。"
        self._warn("gone", key, None, zh, f"{key} '{name}' is not in the sheet; the new version will be without it.")

    def _new(self, code: str, key: str, row: int, zh: str, en: str, lacks_zh: str, lacks_en: str) -> None:
        full_zh = f"{zh} 是新的,九列表格没有:{lacks_zh}。"
        self._warn(code, key, row, full_zh, f"The {en} is new; the nine columns have no {lacks_en}.")

    def _warn(self, code: str, key: str, row: int | None, zh: str, en: str) -> None:
        self.found.append(Finding(f"sheet.{code}", SHEET, zh, en, key=key, row=row, weight=Weight.WARNING))


def major_of(code: str, majors: Sequence[MajorClass]) -> str:
    """The code of the major class that a class's code lies under: the longest that it begins with; "" if none."""
    return max((major.code for major in majors if code.startswith(major.code)), key=len, default="")
