"""What changed from one version of the standard to another, for people (domain document §5).

Owns the comparison by code. Must never take a changed wording for another class or condition: codes say what is what.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from domain.standard.values import CaseClass, Condition, MajorClass, Stage, Standard

WHOLE = ("wd_rule", "discoverer_may_check", "layout", "limits_required")
NAMES = ("zh", "en")
OF_CLASS = (*NAMES, "kind", "responsible")
OF_CONDITION = (
    *NAMES, "limit", "urgent", "simple", "closing_zh", "closing_en", "responsible", "owner", "legal_zh", "legal_en",
)  # fmt: skip

FIELDS: dict[str, tuple[str, str]] = {
    "zh": ("中文名称", "Chinese name"),
    "en": ("英文名称", "English name"),
    "kind": ("性质", "kind"),
    "responsible": ("处置单位", "responsible unit"),
    "limit": ("处置时限", "limit"),
    "urgent": ("紧急", "urgency"),
    "simple": ("简易清单", "simple list"),
    "closing_zh": ("结案条件(中文)", "closing condition (Chinese)"),
    "closing_en": ("结案条件(英文)", "closing condition (English)"),
    "owner": ("主管部门", "duty owner"),
    "legal_zh": ("法律依据(中文)", "legal basis (Chinese)"),
    "legal_en": ("法律依据(英文)", "legal basis (English)"),
    "wd_rule": ("工作日规则", "rule of working days"),
    "discoverer_may_check": ("发现人可核查", "finder may check"),
    "layout": ("编码规则", "code layout"),
    "limits_required": ("必须有时限", "limits required"),
    "major": ("大类", "major class"),
    "class": ("小类", "class"),
    "condition": ("立案条件", "filing condition"),
    "stage": ("阶段", "stage"),
    "stage_limit": ("环节时限", "stage limit"),
}
"""Field → how people call it."""


class Change(msgspec.Struct, frozen=True, gc=False):
    """One field of one thing that is no longer what it was; `old` None: added, `new` None: removed or taken away.

    `key` is "" for the standard itself, "07" for a major class, "070101" for a class, "070101/02" for a condition,
    "070101/02/stop" for a stage of it, "accept" for a stage limit.
    """

    key: str
    field: str
    old: str | None
    new: str | None

    @property
    def zh(self) -> str:
        """The change as a sentence in Chinese."""
        name = f"{self.key} {FIELDS[self.field][0]}".strip()
        return f"{name}:{_shown(self.old, '无')} → {_shown(self.new, '无')}"

    @property
    def en(self) -> str:
        """The change as a sentence in English."""
        name = f"{self.key} {FIELDS[self.field][1]}".strip()
        return f"{name}: {_shown(self.old, 'none')} → {_shown(self.new, 'none')}"


def diff(old: Standard, new: Standard) -> list[Change]:
    """All changes: of the standard itself, then by code; the version's own name is no change."""
    found = [*_fields("", old, new, WHOLE)]
    stages = {*old.stage_limits, *new.stage_limits}
    for stage in sorted(stages):
        before, after = old.stage_limits.get(stage), new.stage_limits.get(stage)
        if before != after:
            found.append(Change(stage, "stage_limit", before, after))
    for key, before, after in _pairs(old.majors, new.majors):
        found += _one(key, "major", before, after)
    for key, before, after in _pairs(old.classes, new.classes):
        found += _one(key, "class", before, after)
        if before is not None and after is not None:
            found += _conditions(before, after)
    return found


Coded = MajorClass | CaseClass | Condition | Stage
T = TypeVar("T", MajorClass, CaseClass, Condition, Stage)


def _conditions(old: CaseClass, new: CaseClass) -> Iterator[Change]:
    for code, before, after in _pairs(old.conditions, new.conditions):
        key = f"{new.code}/{code}"
        yield from _one(key, "condition", before, after)
        if before is not None and after is not None:
            for stage, was, becomes in _pairs(before.stages, after.stages):
                yield from _one(f"{key}/{stage}", "stage", was, becomes)


def _one(key: str, what: str, old: Coded | None, new: Coded | None) -> Iterator[Change]:
    if old is None or new is None:
        yield Change(key, what, old and _called(old), new and _called(new))
    else:
        yield from _fields(key, old, new, _FIELDS_OF[type(new)])


def _fields(key: str, old: Coded | Standard, new: Coded | Standard, fields: Sequence[str]) -> Iterator[Change]:
    for field in fields:
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield Change(key, field, _written(before), _written(after))


def _pairs(old: Sequence[T], new: Sequence[T]) -> Iterator[tuple[str, T | None, T | None]]:
    before, after = {thing.code: thing for thing in old}, {thing.code: thing for thing in new}
    for code in sorted({*before, *after}):
        yield code, before.get(code), after.get(code)


def _called(thing: Coded) -> str:
    limit = thing.limit if isinstance(thing, Condition | Stage) else None
    return f"{thing.zh} {limit}" if limit else thing.zh


def _written(value: object) -> str | None:
    if value is None or value == "":
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(value: str | None, none: str) -> str:
    return none if value is None else f"“{value}”"


_FIELDS_OF: dict[type, Sequence[str]] = {
    MajorClass: NAMES,
    CaseClass: OF_CLASS,
    Condition: OF_CONDITION,
    Stage: (*NAMES, "limit"),
}
