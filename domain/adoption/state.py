"""State of an adoption's aggregate: what one partition decides by, and the action ids it has met."""

from __future__ import annotations

import msgspec

from domain.adoption.actions import Adopt


class Met(msgspec.Struct, frozen=True, gc=False):
    """The first meeting with an action id: the action offset, and what it asked."""

    offset: int
    action: Adopt


class InForce(msgspec.Struct, frozen=True, gc=False):
    """`version` (None: nothing was adopted yet) is in force since `since_ms`; `seen` are the ids met.
    Adoptions are rare: some a year, so all of them are kept."""

    version: str | None = None
    since_ms: int = 0
    towns: tuple[str, ...] = ()
    seen: dict[str, Met] = {}
