"""The courses of a case that the walk sets out from: what is done, by whom, one step after the other.

Owns which they are. Whatever is asked about something that stands alongside is tried only where a course has it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from domain.case import actions as a
from domain.case.values import Role


class Leg(msgspec.Struct, frozen=True):
    """One step of a course: the action, the role that takes it, and what they are to the case where several may.

    Of the examples that are let through the first is taken, or the one of number `example`; `late` is taken
    when all that may fall due has.
    """

    kind: type[a.CaseAction]
    role: Role
    relation: str | None = None
    example: int = 0
    late: bool = False


def _at_a_village(leg: Leg) -> Role:
    """Who does it at level 2: the grid head sits at every desk (domain document §3, "Whose desk")."""
    if leg.role is Role.PUBLIC:
        return Role.COLLECTOR
    return Role.GRID_HEAD if leg.role in (Role.ACCEPTOR, Role.SHIFT_HEAD, Role.DISPATCHER) else leg.role


_UP_TO_DISPATCH = (Leg(a.Report, Role.PUBLIC), Leg(a.Accept, Role.ACCEPTOR), Leg(a.File, Role.SHIFT_HEAD))
_UNDER_WAY = (*_UP_TO_DISPATCH, Leg(a.Dispatch, Role.DISPATCHER), Leg(a.Acknowledge, Role.HANDLER))
_FROM_HANDLING = (
    Leg(a.Handle, Role.HANDLER),
    Leg(a.SendCheck, Role.ACCEPTOR),
    Leg(a.PassCheck, Role.COLLECTOR),
    Leg(a.Close, Role.SHIFT_HEAD),
)
_EXTENDED = (Leg(a.RequestExtension, Role.HANDLER), Leg(a.DecideExtension, Role.SHIFT_HEAD))
_AT_THE_CITY: Mapping[str, tuple[Leg, ...]] = {
    "the usual one": (*_UNDER_WAY, *_FROM_HANDLING),
    "with a co-handler and rework": (
        *_UP_TO_DISPATCH,
        Leg(a.Dispatch, Role.DISPATCHER, example=1),
        Leg(a.Acknowledge, Role.HANDLER, "of the lead"),
        Leg(a.Acknowledge, Role.HANDLER, "of a co-handler"),
        Leg(a.CoDone, Role.HANDLER, "of a co-handler"),
        Leg(a.Handle, Role.HANDLER),
        Leg(a.SendCheck, Role.ACCEPTOR),
        Leg(a.FailCheck, Role.COLLECTOR),
    ),
    "with more time": (*_UNDER_WAY, *_EXTENDED, Leg(a.RequestExtension, Role.HANDLER)),
    "with a pause": (*_UNDER_WAY, Leg(a.RequestSuspension, Role.HANDLER), Leg(a.DecideSuspension, Role.LEADER)),
    "with a return": (*_UNDER_WAY, Leg(a.Return, Role.HANDLER)),
    "with orders, talks and links": (
        Leg(a.Report, Role.PUBLIC),
        Leg(a.HandOver, Role.PUBLIC),
        Leg(a.Supervise, Role.LEADER),
        Leg(a.Consult, Role.LEADER),
        Leg(a.Recur, Role.ACCEPTOR),
        Leg(a.NoteMerge, Role.SYSTEM),
        *_UNDER_WAY[1:],
        *_FROM_HANDLING,
    ),
    "late, appealed and opened again": (
        *_UNDER_WAY,
        Leg(a.Tick, Role.SYSTEM, late=True),
        *_FROM_HANDLING,
        Leg(a.RequestAppeal, Role.HANDLER),
        Leg(a.ReviewAppeal, Role.INSPECTOR),
        Leg(a.DecideAppeal, Role.LEADER),
        Leg(a.Reopen, Role.LEADER),
    ),
}
AT_A_VILLAGE = ", at a village"
COURSES: Mapping[str, tuple[Leg, ...]] = {
    **_AT_THE_CITY,
    **{
        f"{name}{AT_A_VILLAGE}": tuple(replace(leg, role=_at_a_village(leg)) for leg in legs)
        for name, legs in _AT_THE_CITY.items()
    },
}
FAR = "the usual one"
SETS_OUT: Mapping[str, int] = {name: int(name != FAR) for name in COURSES}
"""From every position on each of these courses the walk sets out, as if it were so many actions off already."""
