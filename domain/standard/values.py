"""Values of a standard 立结案标准: majors, classes, filing conditions with their limits (domain document §5)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.worktime import WdRule

Code = Annotated[str, Meta(min_length=1, max_length=64)]

DEFAULT_STAGE_LIMITS: dict[str, str | None] = {
    "accept": "15UM",
    "file": "15UM",
    "dispatch": "15UM",
    "acknowledge": "60WM",
    "acknowledge_urgent": "15UM",
    "send_check": "30UM",
    "check": "30UM",
    "close": "15UM",
}
"""Stage → limit (domain document §4, "Stage clocks")."""


class ClassKind(StrEnum):
    """What a class is about; routing asks the owner of a component first, the territory of an event first."""

    COMPONENT = "component"
    EVENT = "event"
    SOCIAL = "social"


class Condition(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A filing condition 立案条件 with its limit (None: no limit is set, the case runs without a deadline)."""

    code: Code
    zh: str
    en: str
    limit: str | None = None
    urgent: bool = False
    simple: bool = False
    closing_zh: str = ""
    closing_en: str = ""


class CaseClass(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A minor class 小类 of the standard; `responsible` is a department's code or "territory" (the town's team)."""

    code: Code
    zh: str
    en: str
    conditions: Annotated[tuple[Condition, ...], Meta(min_length=1)]
    responsible: str = "territory"
    kind: ClassKind = ClassKind.EVENT


class MajorClass(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A major class 大类: the code that its minor classes begin with."""

    code: Code
    zh: str
    en: str


class Standard(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A version of the standard: classes, stage limits, how working days count, and whether a finder may check."""

    version: str
    classes: tuple[CaseClass, ...]
    majors: tuple[MajorClass, ...] = ()
    stage_limits: dict[str, str | None] = msgspec.field(default_factory=DEFAULT_STAGE_LIMITS.copy)
    wd_rule: WdRule = WdRule.HOURS
    discoverer_may_check: bool = True
