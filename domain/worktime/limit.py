"""A time limit as the case standard writes it: a number and a unit, "4WH" (domain document §4, "Limits")."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

import msgspec

AMOUNT_MAX = 100_000
PARSED_KEPT_MAX = 1_024
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class LimitUnit(StrEnum):
    """What a limit counts: U* and CD run day and night, W* only in working time."""

    UM = "UM"
    UH = "UH"
    WM = "WM"
    WH = "WH"
    WD = "WD"
    CD = "CD"


class WdRule(StrEnum):
    """How working days are counted; pinned with the standard."""

    HOURS = "hours"
    END_OF_DAY = "end_of_day"


_UNIT_MS = {
    LimitUnit.UM: MINUTE_MS,
    LimitUnit.UH: HOUR_MS,
    LimitUnit.WM: MINUTE_MS,
    LimitUnit.WH: HOUR_MS,
    LimitUnit.CD: DAY_MS,
}
_WORKING = frozenset({LimitUnit.WM, LimitUnit.WH, LimitUnit.WD})
_WRITTEN = re.compile(r"([0-9]{1,6})(UM|UH|WM|WH|WD|CD)", re.ASCII)


class LimitError(ValueError):
    """A limit that is none: `found` is what was written, the sentences say what is allowed."""

    code = "limit.unreadable"

    def __init__(self, found: str) -> None:
        units = ", ".join(LimitUnit)
        super().__init__(f"'{found}' is no limit: a number from 1 to {AMOUNT_MAX} and one of {units}, like 4WH")
        self.found = found
        self.zh = f"“{found}”不是有效时限:应为 1 至 {AMOUNT_MAX} 的整数加单位({units}),如 4WH"
        self.en = str(self)


class Limit(msgspec.Struct, frozen=True, gc=False):
    """A limit that exists is valid: 1 ≤ amount ≤ AMOUNT_MAX."""

    amount: int
    unit: LimitUnit

    @staticmethod
    @lru_cache(maxsize=PARSED_KEPT_MAX)
    def parse(written: str) -> Limit:
        """Read "4WH". Raises LimitError."""
        match = _WRITTEN.fullmatch(written)
        if match is None or not 1 <= int(match[1]) <= AMOUNT_MAX:
            raise LimitError(written)
        return Limit(int(match[1]), LimitUnit(match[2]))

    @property
    def working(self) -> bool:
        """True if only the calendar's working time counts."""
        return self.unit in _WORKING

    def span_ms(self, workday_minutes: int) -> int:
        """The limit as counted milliseconds; a working day is the calendar's nominal one (rule `hours`)."""
        if self.unit is LimitUnit.WD:
            return self.amount * workday_minutes * MINUTE_MS
        return self.amount * _UNIT_MS[self.unit]

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"
