"""A calendar as people write it (domain document §4, "Calendar"): the shape of the file, and nothing else.

What its words mean day by day stands in `days`, what may be wrong with it in `days` and `check`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

YEAR_FIRST = 1990
YEAR_LAST = 2079
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Session = tuple[str, str]
Week = dict[str, tuple[Session, ...]]


class Season(
    msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, rename={"from_day": "from", "to_day": "to"}
):
    """A part of every year with a week of its own: "05-01" to "09-30", both included; may run over new year."""

    from_day: str
    to_day: str
    week: Week


class CalendarFile(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """What a calendar file says. `special` gives one date its own sessions and wins over everything else.

    `published` are the years whose list of holidays is official; None: those that have a holiday or workday listed.
    """

    zone: str
    week: Week
    version: str = "inline"
    workday_minutes: Annotated[int, Meta(ge=1, le=1440)] = 480
    seasons: tuple[Season, ...] = ()
    holidays: tuple[str, ...] = ()
    workdays: tuple[str, ...] = ()
    special: dict[str, tuple[Session, ...]] = {}
    published: tuple[int, ...] | None = None
