"""A finding: one thing that is wrong in a content that somebody wants to use, or that a person should know of it.

Owns the shape that every check of reference contents answers in, so that one bad row never hides the others and a
person reads, in either language, where it stands, what was found and what is allowed.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Weight(StrEnum):
    """A fault forbids the content to be adopted; a warning is shown to whoever adopts it."""

    FAULT = "fault"
    WARNING = "warning"


class Finding(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """`code` is stable ("standard.limit_missing"); `zh` and `en` are whole sentences that name found and allowed.

    `part` is the content or file it stands in ("standard", "grids", a sheet's name), `key` the code of the row's thing,
    `row` and `column` where it stands as a spreadsheet shows it (rows count from 1, the header included).
    """

    code: str
    part: str
    zh: str
    en: str
    found: str = ""
    allowed: str = ""
    key: str = ""
    row: int | None = None
    column: str | None = None
    weight: Weight = Weight.FAULT


def faults(findings: list[Finding]) -> list[Finding]:
    """Those that forbid the content to be adopted, in their order."""
    return [finding for finding in findings if finding.weight is Weight.FAULT]
