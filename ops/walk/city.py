"""A city of one cell, just large enough for every rule to be met; nothing of it is shipped or adopted anywhere.

Owns the rules that the walk, the drawn histories and `liandong bench domain` decide by.
"""

from __future__ import annotations

from functools import cache

from domain.case.frame import Rules
from domain.grid.values import Grid
from domain.standard.values import CaseClass, Condition, MajorClass, Standard
from domain.unit import Unit
from domain.worktime import CalendarFile
from reference.contents import Contents, rules_of

CELL = "910101"
LEAD, OTHER, THIRD = "one", "two", "three"
CLASSES = ("010101", "010102")
CONDITIONS = ("01", "02", "03", "04")
OWNERS = {"03": OTHER}
OFFICE = (("08:00", "12:00"), ("14:00", "18:00"))
BEGIN_MS = 1_538_960_400_000
"""Monday 8 October 2018, 09:00 in Shanghai: a working day of the domain document's examples."""


@cache
def city() -> Rules:
    """Its rules: a class that may be handled on the spot, one with every kind of limit, three units without bounds."""
    calendar = CalendarFile("Asia/Shanghai", dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), OFFICE))
    limits = zip(CONDITIONS, ("4WH", "2UH", "3WD", "2CD"), strict=True)
    kinds = tuple(
        Condition(code, "条件", "condition", limit, urgent=limit == "2UH", responsible=OWNERS.get(code, ""))
        for code, limit in limits
    )
    simple = (Condition("01", "简易", "simple", "4WH", simple=True),)
    classes = (
        CaseClass(CLASSES[0], "类", "class", kinds),
        CaseClass(CLASSES[1], "简易类", "simple class", simple, LEAD),
    )
    grids = (
        Grid("9", 0, "市", "City"),
        Grid("91", 1, "镇", "Town"),
        Grid("9101", 2, "村", "Village"),
        Grid(CELL, 3, "格", "Cell"),
    )
    units = tuple(Unit(code, code, code) for code in (LEAD, OTHER, THIRD))
    standard = Standard("walk", classes, (MajorClass("01", "大类", "major"),))
    return rules_of(Contents(calendar, standard, grids, units), "walk")
