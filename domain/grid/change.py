"""What people ask for when the grid tree changes: split, merge, rename, renumber, redraw, each with its effective time.

Owns the shape of a changes file (docs/grid.md) and the reading of an effective time; `changes` applies them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.case.values import Role
from domain.finding import Finding
from domain.grid.area import Area
from domain.grid.values import Code, Kind, Level

CHANGES_MAX = 500
PARTS_MAX = 100
MEMBERS_MAX = 2_000
APPOINTMENTS_MAX = 50

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Lon = Annotated[float, Meta(ge=-180, le=180)]
Lat = Annotated[float, Meta(ge=-90, le=90)]


class Appointment(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Who holds a post in a grid that begins, from its first instant; `level` is the grid's own unless stated."""

    person: Code
    role: Role
    unit: str | None = None
    level: Level | None = None
    title_zh: str = ""
    title_en: str = ""


class Part(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A grid that begins by a split or a merge; `children` are the grids of the split whole that it takes over.

    `posts` says who is appointed; with none the posts stay vacant. `area` in micro-degrees, for grids without children.
    """

    code: Code
    zh: Name
    en: str = ""
    kind: Kind | None = None
    lon: Lon | None = None
    lat: Lat | None = None
    mca_code: str = ""
    mca_zh: str = ""
    children: Annotated[tuple[str, ...], Meta(max_length=MEMBERS_MAX)] = ()
    area: Area = ()
    posts: Annotated[tuple[Appointment, ...], Meta(max_length=APPOINTMENTS_MAX)] = ()


class _Change(
    msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True, tag_field="change"
):
    """`at` is an ISO time with its offset from UTC, absent where the change takes effect when it is adopted."""

    at: str | None = None


class Split(_Change, frozen=True, gc=False, kw_only=True, tag="split"):
    """A grid ends and its parts begin; one part may keep the code. `renumber` chooses codes of grids under it."""

    code: Code
    parts: Annotated[tuple[Part, ...], Meta(max_length=PARTS_MAX)]
    renumber: dict[str, Code] = {}


class Merge(_Change, frozen=True, gc=False, kw_only=True, tag="merge"):
    """Grids of one level end and one begins, under a new code or that of one of them."""

    codes: Annotated[tuple[Code, ...], Meta(max_length=PARTS_MAX)]
    into: Part
    renumber: dict[str, Code] = {}


class Rename(_Change, frozen=True, gc=False, kw_only=True, tag="rename"):
    """The same place and code under other names; what is not stated stays."""

    code: Code
    zh: Name | None = None
    en: str | None = None
    kind: Kind | None = None
    mca_code: str | None = None
    mca_zh: str | None = None


class Renumber(_Change, frozen=True, gc=False, kw_only=True, tag="renumber"):
    """The same place under another code, and everything under it with it; moves a grid to another one, too."""

    code: Code
    new_code: Code
    renumber: dict[str, Code] = {}


class Redraw(_Change, frozen=True, gc=False, kw_only=True, tag="redraw"):
    """The boundaries between grids move, by code; together they cover what they did.

    First areas are free; with the city's own outline everything may move, and the cover check tells whether it fits.
    """

    areas: Annotated[dict[Code, Area], Meta(min_length=1, max_length=MEMBERS_MAX)]


Change = Split | Merge | Rename | Renumber | Redraw


def named(change: Change) -> tuple[str, ...]:
    """The codes of the grids that a change takes hold of."""
    match change:
        case Merge():
            return change.codes
        case Redraw():
            return tuple(change.areas)
        case _:
            return (change.code,)


def effective_ms(change: Change, adopted_ms: int) -> int | Finding:
    """When a change takes effect, UTC milliseconds; a finding where its time cannot be read or has no offset."""
    if change.at is None:
        return adopted_ms
    try:
        stated = datetime.fromisoformat(change.at)
    except ValueError:
        return refusal(
            "time_unreadable",
            f"生效时间“{change.at}”无法读取,应写成 2027-01-01T00:00:00+08:00 的形式。",
            f"The effective time '{change.at}' cannot be read; write it as 2027-01-01T00:00:00+08:00.",
            ", ".join(named(change)),
            change.at,
        )
    if stated.tzinfo is None:
        return refusal(
            "time_without_zone",
            f"生效时间“{change.at}”没有写明时区,例如应加上 +08:00。",
            f"The effective time '{change.at}' states no offset from UTC, such as +08:00.",
            ", ".join(named(change)),
            change.at,
        )
    return round(stated.timestamp() * 1000)


def refusal(code: str, zh: str, en: str, key: str, found: str = "", allowed: str = "") -> Finding:
    """A fault in a change of the tree."""
    return Finding(f"grid_change.{code}", "changes", zh, en, found=found, allowed=allowed, key=key)
