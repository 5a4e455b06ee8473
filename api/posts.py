"""Which of a person's posts acts: the one that the rule of the action asks for (domain document §2, 交叉任职).

Decides nothing: a person without such a post acts with the first whose scope covers the case, and the rule refuses it.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.case import actions as a
from domain.case.frame import GRID_STAFF, party_units
from domain.case.levels import DESK_ROLES, LOWEST_DESK
from domain.case.state import Case
from domain.case.values import Actor, Role

_HANDLER, _LEADER = (Role.HANDLER,), (Role.LEADER,)
_ACCEPTOR, _SHIFT_HEAD, _DISPATCHER = (Role.ACCEPTOR,), (Role.SHIFT_HEAD,), (Role.DISPATCHER,)
_STAFF = tuple(sorted(GRID_STAFF))
ROLES: dict[type[a.CaseAction], tuple[Role, ...]] = {
    **dict.fromkeys((a.Accept, a.Decline, a.RequestVerification, a.SendCheck), _ACCEPTOR),
    **dict.fromkeys((a.File, a.RefuseFiling, a.Close, a.Void), _SHIFT_HEAD),
    **dict.fromkeys((a.Dispatch, a.Reassign, a.Resume, a.ShelveAlarm, a.ConfirmAlarm), _DISPATCHER),
    **dict.fromkeys((a.Merge, a.Unmerge, a.Recur), (Role.ACCEPTOR, Role.DISPATCHER)),
    **dict.fromkeys((a.Escalate, a.HandDown, a.Take), DESK_ROLES),
    **dict.fromkeys((a.Consult, a.Conclude), (*DESK_ROLES, Role.LEADER)),
    **dict.fromkeys((a.CompleteReport, a.Rate, a.HandOver), _ACCEPTOR),
    **dict.fromkeys((a.Acknowledge, a.Progress, a.Return, a.CoDone, a.CoReturn, a.Handle, a.RequestAppeal), _HANDLER),
    **dict.fromkeys((a.RequestExtension, a.RequestSuspension), _HANDLER),
    **dict.fromkeys((a.DecideSuspension, a.ForceClose, a.DecideAppeal, a.Adjudicate), _LEADER),
    **dict.fromkeys((a.GiveVerification, a.SelfHandle, a.PassCheck, a.FailCheck), _STAFF),
    a.Reopen: (Role.SHIFT_HEAD, Role.LEADER),
    a.ReviewAppeal: (Role.INSPECTOR,),
    a.Supervise: (Role.LEADER, Role.INSPECTOR),
    a.ReplySupervision: (Role.HANDLER, *DESK_ROLES),
}
"""Action → the roles that its rule lets in; the others ask for no role."""
_DESK = frozenset(DESK_ROLES)


def acting_post(posts: Sequence[Actor], action: a.CaseAction, case: Case) -> Actor:
    """The first post that the action's rule lets in: of the desk at the case's level, of a party's unit, of that role.

    Where the action asks for no role, the first that is no handler's.
    """
    inside = [post for post in posts if case.place.grid.startswith(post.scope)] or list(posts)
    wanted = ROLES.get(type(action), tuple(role for role in Role if role is not Role.HANDLER))
    if isinstance(action, a.DecideExtension):
        wanted = _LEADER if case.extensions else _SHIFT_HEAD
    return next((post for post in inside if _fits(post, wanted, case)), inside[0])


def _fits(post: Actor, wanted: tuple[Role, ...], case: Case) -> bool:
    at_the_desk = case.level >= LOWEST_DESK and _DESK.intersection(wanted)
    if post.role is Role.GRID_HEAD and at_the_desk:
        return post.level == case.level
    if post.role not in wanted:
        return False
    if post.role is Role.HANDLER:
        return post.unit in party_units(case)
    return post.level == case.level if post.role in _DESK else True
