"""Values of an admission list 准入清单: items, each with the whole history of its steps (domain document §5).

Owns the words of an item's life. What an item is follows from its steps and is stored nowhere else, so nothing can be
overwritten. Where `kept` is false, the city keeps no list (yet): nothing is ever flagged.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

PART = "admission"
ITEMS_MAX = 2_000
STEPS_PER_ITEM_MAX = 200
CLASSES_PER_ITEM_MAX = 200
TEXT_CHARS_MAX = 2_000

Code = Annotated[str, Meta(min_length=1, max_length=64)]


class Matter(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """What the grid would take on: beginnings of class codes, its name, and who does which part of it 条块职责."""

    classes: Annotated[tuple[Code, ...], Meta(min_length=1)]
    zh: str
    en: str = ""
    duties_zh: str = ""
    duties_en: str = ""


class _Step(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A step was taken at `at_ms` (UTC milliseconds) by a person, named by id."""

    at_ms: int
    by: Code


class Applied(_Step, tag="applied", frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Somebody asks for the matter to be admitted."""

    matter: Matter
    note: str = ""


class ChangeProposed(
    _Step, tag="change_proposed", frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True
):
    """Somebody asks for an admitted item to become this matter, or, with the same matter, to get another term."""

    matter: Matter
    note: str = ""


class Reviewed(_Step, tag="reviewed", frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Somebody else has looked at what is asked for, and supports it or not."""

    supports: bool
    note: str = ""


class Admitted(_Step, tag="admitted", frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """What was reviewed is admitted for the term [since, until); until None: with no end."""

    since_ms: int
    until_ms: int | None = None
    note: str = ""


class Exited(_Step, tag="exited", frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """The item is admitted no longer, from this instant on."""

    note: str = ""


Step = Applied | ChangeProposed | Reviewed | Admitted | Exited


class Item(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """An item 准入事项: its code, and its steps from the first on."""

    code: Code
    steps: tuple[Step, ...] = ()


class AdmissionList(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A version of the list. `kept` says that the city has one; only then is a matter outside it flagged."""

    version: str = ""
    kept: bool = False
    items: tuple[Item, ...] = ()
