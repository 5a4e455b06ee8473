"""How much there was to do: the counts that stand beside the rates of a period."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from domain.figures.facts import CaseFacts
from domain.figures.figure import Period


class Volumes(msgspec.Struct, frozen=True, gc=False):
    """How many cases were reported, accepted, filed, dispatched and closed in a period, each by its own instant."""

    reported: int = 0
    accepted: int = 0
    filed: int = 0
    dispatched: int = 0
    closed: int = 0


def volumes(facts: Iterable[CaseFacts], period: Period) -> Volumes:
    """Count these cases; an instant that the source of an import does not state lies in no period."""
    totals = [0, 0, 0, 0, 0]
    for one in facts:
        instants = (one.opened_ms, one.accepted_ms, one.filed_ms, one.dispatched_ms, one.closed_ms)
        totals = [total + period.holds(at_ms) for total, at_ms in zip(totals, instants, strict=True)]
    return Volumes(*totals)
