"""The action: adopt a version of the contents, and the attempt around it."""

from __future__ import annotations

import msgspec

from domain.adoption.values import Note, Version
from domain.case.values import Actor


class Adopt(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="action",
    tag="adopt",
):
    """Put `version` in force. `base` is the version that it was compared with (None: whatever is in force)."""

    version: Version
    base: Version | None = None
    note: Note = ""


class AdoptionAttempt(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Who tried to adopt what, in one partition: the body of a record on `actions` under the adoption's key.

    The same id goes to every partition; `partition` is the one it was meant for.
    """

    id: str
    partition: int
    actor: Actor
    action: Adopt
    received_at_ms: int
