"""The sample admission list of the demo city; `reference.xinmi` writes it with the profile.

Made from the standard: an item for each major class, so that a class added to the standard is admitted with it. Three
classes are left out, one for each way of not being admitted, so that the demo shows what intake flags.
"""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from domain.admission.values import AdmissionList, Admitted, Applied, Exited, Item, Matter, Reviewed, Step
from domain.standard.values import MajorClass, Standard

REFUSED = "090103"
"""Dogs: applied for, and not supported by the review."""
EXITED = "030108"
"""Cooking fumes: admitted once, taken out again."""
NEVER_LISTED = "070104"
"""Consumer disputes: nobody ever applied; they have a hotline of their own."""

APPLICANT, REVIEWER, LEADER = "handler", "admin", "leader"


def admission(standard: Standard) -> AdmissionList:
    """The list for that standard. The same every time."""
    apart = {REFUSED, EXITED, NEVER_LISTED}
    items = [
        Item(f"A{major.code}", (*_applied(_matter(major, classes)), *_admitted()))
        for major in standard.majors
        if (classes := tuple(c.code for c in standard.classes if c.code.startswith(major.code) and c.code not in apart))
    ]
    return AdmissionList("sample-2026-1", True, (*items, *_apart(standard)))


def _apart(standard: Standard) -> list[Item]:
    matters = {c.code: Matter((c.code,), c.zh, c.en) for c in standard.classes}
    refusal = Reviewed(_ms(2018, 8, 20), REVIEWER, False, "属部门日常执法,不宜由网格承担")
    exit_note = "改由行业主管部门在线监测,网格不再承担"
    return [
        Item(f"A{REFUSED}", (Applied(_ms(2018, 8, 6), APPLICANT, matters[REFUSED]), refusal)),
        Item(
            f"A{EXITED}",
            (*_applied(matters[EXITED]), *_admitted(), Exited(_ms(2024, 1, 2), LEADER, exit_note)),
        ),
    ]


def _matter(major: MajorClass, classes: tuple[str, ...]) -> Matter:
    return Matter(
        classes,
        major.zh,
        major.en,
        duties_zh="网格:发现、上报、核实、核查;职能部门:处置;乡镇(街道):协调、兜底",
        duties_en="Grid: finds, reports, verifies, checks. Department: handles. Town: coordinates and covers the rest.",
    )


def _applied(matter: Matter) -> tuple[Step, ...]:
    return (
        Applied(_ms(2018, 8, 6), APPLICANT, matter, "建立网格工作事项准入制度"),
        Reviewed(_ms(2018, 8, 20), REVIEWER, True),
    )


def _admitted() -> tuple[Step, ...]:
    return (Admitted(_ms(2018, 8, 27), LEADER, _ms(2018, 9, 1)),)


def _ms(year: int, month: int, day: int) -> int:
    midnight = datetime.combine(date(year, month, day), time(), ZoneInfo("Asia/Shanghai"))
    return int(midnight.timestamp()) * 1000
