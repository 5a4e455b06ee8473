"""Values of a standard 立结案标准: majors, classes, filing conditions with their limits (domain document §5).

Owns the shape that contents on `refs` are read into. A field is only ever added with a default, and never changes its
meaning: contents of years ago are read with it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.worktime import WdRule

TERRITORY = "territory"
"""Stands where a unit's code could: the team of the township in which the case lies."""

Code = Annotated[str, Meta(min_length=1, max_length=64)]
Digits = Annotated[int, Meta(ge=0, le=12)]

DEFAULT_STAGE_LIMITS: dict[str, str | None] = {
    "accept": "15UM",
    "file": "15UM",
    "dispatch": "15UM",
    "acknowledge": "60WM",
    "acknowledge_urgent": "15UM",
    "send_check": "30UM",
    "check": "30UM",
    "close": "15UM",
    "verify": "30UM",
}
"""Stage → limit (domain document §4, "Stage clocks")."""

STAGES = tuple(DEFAULT_STAGE_LIMITS)
"""The stages that a standard may set a limit for."""


class ClassKind(StrEnum):
    """What a class is about; routing asks the owner of a component first, the territory of an event first."""

    COMPONENT = "component"
    EVENT = "event"
    SOCIAL = "social"


class CodeLayout(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """How class codes are built: so many digits of region, major class, minor class and serial number, in this order.

    The default is 2 + 2 + 2; older usage is `CodeLayout(region=6, serial=6)`: 6 + 2 + 2 + 6 (domain document §5).
    """

    region: Digits = 0
    major: Digits = 2
    minor: Digits = 2
    serial: Digits = 2

    @property
    def major_digits(self) -> int:
        """The length of a major class's code: class codes begin with it."""
        return self.region + self.major

    @property
    def class_digits(self) -> int:
        """The length of a class's code."""
        return self.major_digits + self.minor + self.serial

    def __str__(self) -> str:
        parts = (self.region, self.major, self.minor, self.serial)
        return " + ".join(str(digits) for digits in parts if digits)


DEFAULT_LAYOUT = CodeLayout()


class Stage(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """One stage of a condition that is handled in stages 分阶段时限, with a limit of its own from the dispatch on."""

    code: Code
    zh: str
    en: str
    limit: str


class Condition(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A filing condition 立案条件 with its limit (None: no limit is set, the case runs without a deadline).

    `responsible` is empty where the class's own rule holds; `owner` 主管部门 is the code of the unit that answers for
    the matter as such; `stages` are beside the limit, which alone decides whether the case is late.
    """

    code: Code
    zh: str
    en: str
    limit: str | None = None
    urgent: bool = False
    simple: bool = False
    closing_zh: str = ""
    closing_en: str = ""
    responsible: str = ""
    owner: str = ""
    legal_zh: str = ""
    legal_en: str = ""
    stages: tuple[Stage, ...] = ()


class CaseClass(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A minor class 小类 of the standard; `responsible` is a unit's code or TERRITORY (the town's team)."""

    code: Code
    zh: str
    en: str
    conditions: Annotated[tuple[Condition, ...], Meta(min_length=1)]
    responsible: str = TERRITORY
    kind: ClassKind = ClassKind.EVENT

    def responsible_for(self, condition: Condition) -> str:
        """Whose it is under that condition: the condition's own rule, else the class's."""
        return condition.responsible or self.responsible

    def find_condition(self, code: str) -> Condition | None:
        """The condition with that code, or None."""
        return next((condition for condition in self.conditions if condition.code == code), None)


class MajorClass(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A major class 大类: the code that its minor classes begin with."""

    code: Code
    zh: str
    en: str


class Standard(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A version of the standard: classes, stage limits, how working days count, and whether a finder may check.

    `layout` None and `limits_required` False are for cities whose classes and limits come from their own past cases.
    """

    version: str
    classes: tuple[CaseClass, ...]
    majors: tuple[MajorClass, ...] = ()
    stage_limits: dict[str, str | None] = msgspec.field(default_factory=DEFAULT_STAGE_LIMITS.copy)
    wd_rule: WdRule = WdRule.HOURS
    discoverer_may_check: bool = True
    self_handled_check_percent: Annotated[int, Meta(ge=0, le=100)] = 20
    layout: CodeLayout | None = DEFAULT_LAYOUT
    limits_required: bool = True
