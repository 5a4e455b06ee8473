"""Events of an adoption: facts, stored for ever like those of a case."""

from __future__ import annotations

import msgspec


class Adopted(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="adopted.v1",
):
    """From `at_ms` on this partition decides by `version`; `towns` are its township codes, for whoever counts."""

    at_ms: int
    version: str
    person: str
    towns: tuple[str, ...]
    previous: str | None = None
    note: str = ""
