"""Duties of a case: what has to be done next on it, by whom, and until when (domain document §3 and §4).

Owns the answer for every state. A duty names the act that moves the case on; whoever it names passes the guards of that
act's rule (role, level, unit, person). Must never read a clock: whether a duty is near or overdue is a comparison of
its instants with the reader's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

import msgspec

from domain.case.frame import GRID_STAFF
from domain.case.levels import DESK_ROLES, LOWEST_DESK
from domain.case.state import Case, Clock, Party
from domain.case.values import Actor, ClockKind, Role, Status

BEFORE_FILING = frozenset({Status.REPORTED, Status.VERIFYING, Status.ACCEPTED})
AT_WORK = frozenset({Status.DISPATCHED, Status.HANDLING, Status.SUSPENDED})


class Act(StrEnum):
    """What has to be done; the names are those of the actions, `check` stands for pass_check or fail_check."""

    ACCEPT = "accept"
    COMPLETE_REPORT = "complete_report"
    GIVE_VERIFICATION = "give_verification"
    FILE = "file"
    DISPATCH = "dispatch"
    REASSIGN = "reassign"
    ACKNOWLEDGE = "acknowledge"
    HANDLE = "handle"
    CO_DONE = "co_done"
    SEND_CHECK = "send_check"
    CHECK = "check"
    CLOSE = "close"
    DECIDE_EXTENSION = "decide_extension"
    DECIDE_SUSPENSION = "decide_suspension"
    REPLY_SUPERVISION = "reply_supervision"
    CONCLUDE = "conclude"
    TAKE_OVER = "take_over"
    REVIEW_APPEAL = "review_appeal"
    DECIDE_APPEAL = "decide_appeal"


class Duty(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One act that is owed. Whoever owes it has one of `roles` (none: any), sits at `level`, works for `unit`, is
    `person`, each where it is not None, is none of `not_by`, and has a scope that covers the case's place.

    `number` is that of the supervision or consultation; `near_ms` and `due_ms` are instants, None without a limit.
    """

    act: Act
    roles: tuple[Role, ...] = ()
    level: int | None = None
    unit: str | None = None
    person: str | None = None
    not_by: tuple[str, ...] = ()
    number: int | None = None
    near_ms: int | None = None
    due_ms: int | None = None

    def is_of(self, actor: Actor, grid: str) -> bool:
        """True if that post owes it, on a case at that grid code."""
        return (
            (not self.roles or actor.role in self.roles)
            and self.level in (None, actor.level)
            and self.unit in (None, actor.unit)
            and self.person in (None, actor.person)
            and actor.person not in self.not_by
            and grid.startswith(actor.scope)
        )


def duties(case: Case) -> tuple[Duty, ...]:
    """What is owed on the case as it stands: the work of its state first, then what stands alongside.

    A case that ended owes nothing but the answer to an appeal; a suspended one only what stands alongside.
    """
    if not case.open:
        return tuple(_appeal(case))
    return (*_work(case), *_requests(case), *_alongside(case))


def _work(case: Case) -> list[Duty]:
    match case.status:
        case Status.REPORTED:
            return [_desk(case, Act.ACCEPT, Role.ACCEPTOR, kind=ClockKind.ACCEPT)]
        case Status.VERIFYING:
            return [_grid_staff(case, Act.GIVE_VERIFICATION, case.verifier, ClockKind.VERIFY)]
        case Status.ACCEPTED:
            return [_desk(case, Act.FILE, Role.SHIFT_HEAD, kind=ClockKind.FILE)]
        case Status.FILED:
            return [_desk(case, Act.DISPATCH, Role.DISPATCHER, kind=ClockKind.DISPATCH)]
        case Status.DISPATCHED | Status.HANDLING:
            return _parties(case)
        case Status.HANDLED:
            if case.self_handled and not case.drawn:
                return [_desk(case, Act.CLOSE, Role.SHIFT_HEAD, kind=ClockKind.CLOSE)]
            return [_desk(case, Act.SEND_CHECK, Role.ACCEPTOR, kind=ClockKind.SEND_CHECK)]
        case Status.CHECKING:
            return [_grid_staff(case, Act.CHECK, case.collector, ClockKind.CHECK)]
        case Status.CHECKED:
            return [_desk(case, Act.CLOSE, Role.SHIFT_HEAD, kind=ClockKind.CLOSE)]
        case Status.SUSPENDED | Status.CLOSED | Status.DECLINED | Status.NOT_FILED | Status.VOID | Status.MERGED:
            return []
        case _:
            assert_never(case.status)


def _parties(case: Case) -> list[Duty]:
    owed = [_party(case, case.lead, Act.HANDLE, ClockKind.HANDLE)] if case.lead else []
    owed += [_party(case, co, Act.CO_DONE, ClockKind.CO_HANDLE) for co in case.co_handlers if not co.done]
    if case.co_returned:
        owed.append(_desk(case, Act.REASSIGN, Role.DISPATCHER))
    return owed


def _party(case: Case, party: Party, act: Act, kind: ClockKind) -> Duty:
    if party.signed is None:
        act, kind = Act.ACKNOWLEDGE, ClockKind.ACKNOWLEDGE
    near_ms, due_ms = _times(case.clock(kind, party.unit))
    handlers, strangers = (Role.HANDLER,), (case.discoverer,)
    return Duty(act, handlers, unit=party.unit, not_by=strangers, near_ms=near_ms, due_ms=due_ms)


def _requests(case: Case) -> list[Duty]:
    owed: list[Duty] = []
    near_ms, due_ms = _times(case.handling_clock)
    if case.extension is not None:
        by = (case.extension.person,)
        if case.extensions == 0:
            decided = _desk(case, Act.DECIDE_EXTENSION, Role.SHIFT_HEAD, not_by=by)
        else:
            decided = Duty(Act.DECIDE_EXTENSION, (Role.LEADER,), not_by=by)
        owed.append(msgspec.structs.replace(decided, near_ms=near_ms, due_ms=due_ms))
    if case.suspension is not None:
        until_ms = case.suspension.until_ms
        ends_ms = until_ms if due_ms is None else min(until_ms, due_ms)
        by = (case.suspension.person,)
        owed.append(Duty(Act.DECIDE_SUSPENSION, (Role.LEADER,), not_by=by, near_ms=near_ms, due_ms=ends_ms))
    return owed


def _alongside(case: Case) -> list[Duty]:
    owed = [
        _reply(case, order.number, order.due_ms) for order in case.supervisions if not (order.replied or order.lapsed)
    ]
    open_consultations = [one.number for one in case.consultations if not one.concluded]
    owed += [_desk(case, Act.CONCLUDE, *DESK_ROLES, number=number) for number in open_consultations]
    if case.place_incomplete and case.status in BEFORE_FILING:
        owed.append(_desk(case, Act.COMPLETE_REPORT, Role.ACCEPTOR))
    if case.offered_to is not None:
        owed.append(Duty(Act.TAKE_OVER, person=case.offered_to))
    return owed


def _reply(case: Case, number: int, due_ms: int) -> Duty:
    """The lead's unit has the case while it is at work, the desk before and after."""
    if case.lead is not None and case.status in AT_WORK:
        unit, not_by = case.lead.unit, (case.discoverer,)
        return Duty(Act.REPLY_SUPERVISION, (Role.HANDLER,), unit=unit, not_by=not_by, number=number, due_ms=due_ms)
    replied = _desk(case, Act.REPLY_SUPERVISION, *DESK_ROLES, number=number)
    return msgspec.structs.replace(replied, due_ms=due_ms)


def _appeal(case: Case) -> list[Duty]:
    appeal = case.appeal
    if case.status is not Status.CLOSED or appeal is None or appeal.upheld is not None:
        return []
    if appeal.reviewer is None:
        return [Duty(Act.REVIEW_APPEAL, (Role.INSPECTOR,), not_by=(appeal.person,))]
    return [Duty(Act.DECIDE_APPEAL, (Role.LEADER,), not_by=(appeal.person, appeal.reviewer))]


def _desk(
    case: Case,
    act: Act,
    *roles: Role,
    kind: ClockKind | None = None,
    not_by: tuple[str, ...] = (),
    number: int | None = None,
) -> Duty:
    """At level 2 the grid head is the whole desk (domain document §3, "Whose desk")."""
    sitting = (Role.GRID_HEAD,) if case.level >= LOWEST_DESK else roles
    near_ms, due_ms = _times(None if kind is None else case.clock(kind))
    return Duty(act, sitting, case.level, not_by=not_by, number=number, near_ms=near_ms, due_ms=due_ms)


def _grid_staff(case: Case, act: Act, person: str | None, kind: ClockKind) -> Duty:
    near_ms, due_ms = _times(case.clock(kind))
    return Duty(act, tuple(sorted(GRID_STAFF)), person=person, near_ms=near_ms, due_ms=due_ms)


def _times(clock: Clock | None) -> tuple[int | None, int | None]:
    """Near and deadline of a clock that runs."""
    return (clock.near_ms, clock.deadline_ms) if clock is not None and clock.running else (None, None)
