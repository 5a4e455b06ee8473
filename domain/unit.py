"""A unit: who can be given a case (domain document §2)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Code = Annotated[str, Meta(min_length=1, max_length=64)]


class Unit(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A team, department or centre; it serves the places whose code begins with `scope`."""

    code: Code
    zh: str
    en: str
    scope: str = ""
    kind: str = "department"
