"""The rulebook: what a decision must know of the city besides the case: classes and limits, grids, units.

Owns the values of a standard 立结案标准 (domain document §5) and the lookups by code. A rulebook is immutable; its
`version` is the SHA-256 of the manifest that names its contents, so equal versions mean equal rules.
"""

from __future__ import annotations

from collections.abc import Iterable
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


class Grid(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A cell of the tree: level 0 city, 1 township, 2 village, 3 patrol cell; the point is WGS84 (degrees)."""

    code: Code
    level: Annotated[int, Meta(ge=0, le=3)]
    zh: str
    en: str = ""
    lon: float | None = None
    lat: float | None = None
    synthetic: bool = False


class Unit(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A team, department or centre; it serves the places whose code begins with `scope`."""

    code: Code
    zh: str
    en: str
    scope: str = ""
    kind: str = "department"


class Rulebook:
    """A standard, a grid tree and the units under one version, with lookups by code."""

    __slots__ = ("_classes", "_grids", "_units", "standard", "version")

    def __init__(self, version: str, standard: Standard, grids: Iterable[Grid], units: Iterable[Unit]) -> None:
        self.version = version
        self.standard = standard
        self._classes = {case_class.code: case_class for case_class in standard.classes}
        self._grids = {grid.code: grid for grid in grids}
        self._units = {unit.code: unit for unit in units}

    def find_class(self, code: str) -> CaseClass | None:
        """The class with that code, or None."""
        return self._classes.get(code)

    def grid(self, code: str) -> Grid | None:
        """The grid with that code, at whichever level, or None."""
        return self._grids.get(code)

    def unit(self, code: str) -> Unit | None:
        """The unit with that code, or None."""
        return self._units.get(code)

    @property
    def grids(self) -> Iterable[Grid]:
        """All grids, in the order of the tree's file."""
        return self._grids.values()

    @property
    def units(self) -> Iterable[Unit]:
        """All units, in the order of their file."""
        return self._units.values()
