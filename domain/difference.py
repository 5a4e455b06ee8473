"""A difference between two versions of a content, told for the people who have to agree to the newer one."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class DifferenceKind(StrEnum):
    """What became of a thing between the two versions."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Difference(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """`part` says what kind of thing `key` is the code of; `zh` and `en` are whole sentences."""

    kind: DifferenceKind
    part: str
    key: str
    zh: str
    en: str
