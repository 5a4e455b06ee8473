"""The decision on an adoption. Pure; the contents themselves were checked whole before it was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from domain.adoption.actions import AdoptionAttempt
from domain.adoption.events import Adopted
from domain.adoption.state import InForce
from domain.case.decision import AlreadySo, ReasonCode, Refused
from domain.case.values import Role

ADOPTERS: frozenset[Role] = frozenset({Role.ADMIN, Role.IMPORTER, Role.SYSTEM})
"""The administrator keeps reference data (domain document §2); an import brings its own city along."""


def decide(state: InForce, attempt: AdoptionAttempt, at_ms: int, towns: Sequence[str]) -> Adopted:
    """What follows from the attempt at `at_ms`; `towns` are the township codes of the version that it names.

    Raises Refused where the rules say no, AlreadySo where the version is in force.
    """
    action = attempt.action
    if attempt.actor.role not in ADOPTERS:
        raise Refused(ReasonCode.WRONG_ROLE, found=attempt.actor.role, allowed=sorted(map(str, ADOPTERS)))
    if action.version == state.version:
        raise AlreadySo(version=action.version, since_ms=state.since_ms)
    if action.base is not None and action.base != state.version:
        raise Refused(ReasonCode.BASE_MOVED, found=state.version, expected=action.base)
    return Adopted(
        at_ms=at_ms,
        version=action.version,
        person=attempt.actor.person,
        towns=tuple(towns),
        previous=state.version,
        note=action.note,
    )
