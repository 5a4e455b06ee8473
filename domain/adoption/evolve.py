"""Folding: the version in force after one more decision. It never decides and never fails."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from domain.adoption.actions import AdoptionAttempt
from domain.adoption.events import Adopted
from domain.adoption.state import InForce, Met


def evolve(state: InForce, attempt: AdoptionAttempt, offset: int, events: Iterable[Adopted]) -> InForce:
    """The state after the attempt at that action offset was decided, with the events that followed."""
    seen = state.seen if attempt.id in state.seen else {**state.seen, attempt.id: Met(offset, attempt.action)}
    for event in events:
        state = replace(state, version=event.version, since_ms=event.at_ms, towns=event.towns)
    return replace(state, seen=seen)
