"""A time limit as the case standard writes it: a number and a unit, "4WH" (domain document §4, "Limits")."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

import msgspec

AMOUNT_MAX = 100_000
MINUTES_MAX = 999_999
"""Limits written in minutes may be longer: 400 days are 576,000 minutes."""
PARSED_KEPT_MAX = 1_024
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class LimitUnit(StrEnum):
    """What a limit counts: U* and CD run day and night, W* only in working time.

    `unit_ms` is one of it in milliseconds; 0 for WD, whose length is the calendar's.
    """

    unit_ms: int
    working: bool
    amount_max: int

    def __new__(cls, written: str, unit_ms: int, amount_max: int = AMOUNT_MAX) -> LimitUnit:
        """A unit carries its measures, because a look-up by it would cost more than a whole question of time."""
        unit = str.__new__(cls, written)
        unit._value_ = written
        unit.unit_ms = unit_ms
        unit.working = written.startswith("W")
        unit.amount_max = amount_max
        return unit

    UM = "UM", MINUTE_MS, MINUTES_MAX
    UH = "UH", HOUR_MS
    WM = "WM", MINUTE_MS, MINUTES_MAX
    WH = "WH", HOUR_MS
    WD = "WD", 0
    CD = "CD", DAY_MS


class WdRule(StrEnum):
    """How working days are counted; pinned with the standard."""

    HOURS = "hours"
    END_OF_DAY = "end_of_day"


_WRITTEN = re.compile(r"([0-9]{1,6})(UM|UH|WM|WH|WD|CD)", re.ASCII)


class LimitError(ValueError):
    """A limit that is none: `found` is what was written, the sentences say what is allowed."""

    code = "limit.unreadable"

    def __init__(self, found: str) -> None:
        units = ", ".join(LimitUnit)
        super().__init__(
            f"'{found}' is no limit: a number from 1 to {AMOUNT_MAX} (minutes: {MINUTES_MAX}) and one of {units}, "
            "like 4WH"
        )
        self.found = found
        self.zh = f"“{found}”不是有效时限:应为 1 至 {AMOUNT_MAX}(分钟至 {MINUTES_MAX})的整数加单位({units}),如 4WH"
        self.en = str(self)


class Limit(msgspec.Struct, frozen=True, gc=False):
    """A limit that exists is valid: 1 ≤ amount ≤ the unit's greatest amount."""

    amount: int
    unit: LimitUnit

    @staticmethod
    @lru_cache(maxsize=PARSED_KEPT_MAX)
    def parse(written: str) -> Limit:
        """Read "4WH". Raises LimitError."""
        match = _WRITTEN.fullmatch(written)
        if match is None:
            raise LimitError(written)
        amount, unit = int(match[1]), LimitUnit(match[2])
        if not 1 <= amount <= unit.amount_max:
            raise LimitError(written)
        return Limit(amount, unit)

    @property
    def working(self) -> bool:
        """True if only the calendar's working time counts."""
        return self.unit.working

    def span_ms(self, workday_minutes: int) -> int:
        """The limit as counted milliseconds; a working day is the calendar's nominal one (rule `hours`)."""
        return self.amount * (self.unit.unit_ms or workday_minutes * MINUTE_MS)

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"
