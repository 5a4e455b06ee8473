"""Values of a routing 派遣规则: rules, and the adjudications 裁决 on top of them (domain document §5, "Routing").

Owns what a city writes down of who a case is proposed to. A time is half open, [since, until), in UTC milliseconds, and
open where it is None. A routing never says who *gets* a case: it proposes a lead, and the dispatcher decides.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

OWNER = "owner"
"""In the place of a unit: the department that the standard makes responsible for the class."""
TERRITORY = "territory"
"""In the place of a unit: the team that serves the place, as a standard's `responsible` says it, too."""

PART = "routing"
LEVELS = (0, 1, 2, 3)
RULES_MAX = 1_000
ADJUDICATIONS_MAX = 20_000
PREFIXES_PER_RULE_MAX = 200
TEXT_CHARS_MAX = 2_000

Code = Annotated[str, Meta(min_length=1, max_length=64)]


class Rule(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Cases of these classes at these places and levels go to `unit`: a unit's code, "owner" or "territory".

    `classes` and `places` are beginnings of codes, a whole code being its own longest beginning; `levels` are levels of
    a case's desk, 0 city to 3 cell. What is empty says "all".
    """

    code: Code
    unit: Code
    classes: tuple[Code, ...] = ()
    places: tuple[Code, ...] = ()
    levels: tuple[int, ...] = ()
    since_ms: int | None = None
    until_ms: int | None = None
    basis_zh: str = ""
    basis_en: str = ""


class Adjudication(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A decision on who owns a matter, with its reasons: from its instant on it stands above every rule.

    `number` is the human number of the case that it came from. `until_ms` ends it where a later routing has taken it
    over into its rules; nobody takes one out.
    """

    code: Code
    case_id: str
    case_class: Code
    place: Code
    unit: Code
    since_ms: int
    decided_by: str
    reasons: str
    number: str = ""
    until_ms: int | None = None


class Routing(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A version of the routing. The order of its rules means nothing."""

    version: str = ""
    rules: tuple[Rule, ...] = ()
    adjudications: tuple[Adjudication, ...] = ()


def in_force(since_ms: int | None, until_ms: int | None, at_ms: int) -> bool:
    """Whether `at_ms` lies in [since, until)."""
    return (since_ms is None or since_ms <= at_ms) and (until_ms is None or at_ms < until_ms)
