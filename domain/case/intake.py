"""Rules of intake and filing: report, accept, decline, file (domain document §3, "Intake", "Filing and dispatch")."""

from __future__ import annotations

from domain.case import clocks
from domain.case.actions import Accept, Attempt, Decline, File, Report
from domain.case.decision import ReasonCode, Refused
from domain.case.events import Accepted, CaseEvent, Declined, Filed, Reported
from domain.case.frame import GRID_STAFF, Frame, Rules, desk, require_scope
from domain.case.ownership import flags, proposal
from domain.case.values import Channel, ClockKind, Role, Status
from domain.rulebook import Rulebook
from domain.standard.values import DEFAULT_STAGE_LIMITS, CaseClass, Condition
from domain.worktime import Limit, LimitError

REPORTERS: frozenset[Role] = frozenset(
    {Role.COLLECTOR, Role.GRID_HEAD, Role.ACCEPTOR, Role.PUBLIC, Role.LEADER, Role.INSPECTOR}
)


def report(action: Report, attempt: Attempt, at_ms: int, rules: Rules, number: str) -> list[CaseEvent]:
    """A case begins: grid staff's reports at level 2, all others at the city's desk."""
    actor = attempt.actor
    if actor.role not in REPORTERS:
        raise Refused(ReasonCode.WRONG_ROLE, found=actor.role, allowed=sorted(map(str, REPORTERS)))
    require_known_place(action.place.grid, rules.book, at_ms)
    require_scope(actor, action.place.grid)
    if action.case_class is not None:
        require_class(action.case_class, rules.book)
    if actor.role in GRID_STAFF and action.channel is not Channel.PATROL:
        raise Refused(ReasonCode.WRONG_ROLE, found=str(action.channel), allowed=[str(Channel.PATROL)])
    level = 2 if actor.role in GRID_STAFF else 0
    limits = rules.book.standard.stage_limits
    reported = reported_event(action, attempt, at_ms, number, level)
    clock = clocks.started(
        ClockKind.ACCEPT,
        at_ms,
        desk(level),
        limits.get("accept", DEFAULT_STAGE_LIMITS["accept"]),
        rules.calendar,
        rules.book.standard.wd_rule,
    )
    return [reported, *flags(rules, action.case_class, at_ms), clock]


def reported_event(action: Report, attempt: Attempt, at_ms: int, number: str, level: int) -> Reported:
    """The first event of a case, from the report as given."""
    return Reported(
        at_ms=at_ms,
        number=number,
        level=level,
        channel=action.channel,
        place=action.place,
        discoverer=attempt.actor.person,
        discoverer_unit=attempt.actor.unit,
        case_class=action.case_class,
        text=action.text,
        contact=action.contact,
        photos=action.photos,
    )


def accept(frame: Frame, _action: Accept) -> list[CaseEvent]:
    """The desk accepts; the shift head's clock starts."""
    frame.require(Status.REPORTED)
    frame.require_desk(Role.ACCEPTOR)
    level = desk(frame.case.level)
    return [
        Accepted(at_ms=frame.at_ms),
        *frame.stop(ClockKind.ACCEPT),
        frame.start_stage(ClockKind.FILE, level),
    ]


def decline(frame: Frame, action: Decline) -> list[CaseEvent]:
    """The desk turns the report away, with a reason; the case ends."""
    frame.require(Status.REPORTED)
    frame.require_desk(Role.ACCEPTOR)
    return [Declined(at_ms=frame.at_ms, reason=action.reason), *frame.stop(ClockKind.ACCEPT)]


def file(frame: Frame, action: File) -> list[CaseEvent]:
    """立案: the class and condition give the limit; the case pins the rulebook from here on."""
    frame.require(Status.ACCEPTED)
    frame.require_desk(Role.SHIFT_HEAD)
    filed = filed_event(frame, action)
    if filed.limit is None:
        raise Refused(ReasonCode.NO_LIMIT, found=f"{filed.case_class}/{filed.condition}")
    return [
        filed,
        proposal(frame, filed),
        *flags(frame.rules, filed.case_class, frame.at_ms),
        *frame.stop(ClockKind.FILE),
        frame.start_stage(ClockKind.DISPATCH, desk(frame.case.level)),
    ]


def filed_event(frame: Frame, action: File) -> Filed:
    """What filing fixes; its limit is None where the standard gives none (imported classes only)."""
    code = action.case_class or frame.case.case_class
    case_class = require_class(code, frame.rules.book)
    condition = require_condition(case_class, action.condition)
    if condition.limit is not None:
        try:
            Limit.parse(condition.limit)
        except LimitError as error:
            raise Refused(ReasonCode.BAD_LIMIT, found=condition.limit) from error
    return Filed(
        at_ms=frame.at_ms,
        case_class=case_class.code,
        condition=condition.code,
        rulebook=frame.rules.book.version,
        limit=condition.limit,
        urgent=condition.urgent,
    )


def require_known_place(grid: str, book: Rulebook, at_ms: int) -> None:
    """Refuse a code that is no grid at that instant; for one that has ended the refusal names what follows it."""
    if book.tree.find(grid, at_ms) is not None:
        return
    if followed := list(book.tree.successors(grid, at_ms)):
        raise Refused(ReasonCode.UNKNOWN_GRID, found=grid, allowed=followed)
    raise Refused(ReasonCode.UNKNOWN_GRID, found=grid)


def require_class(code: str | None, book: Rulebook) -> CaseClass:
    """The class of that code, or refuse with the number of classes known."""
    found = None if code is None else book.find_class(code)
    if found is None:
        raise Refused(ReasonCode.UNKNOWN_CLASS, found=code, allowed=[c.code for c in book.standard.classes])
    return found


def require_condition(case_class: CaseClass, code: str | None) -> Condition:
    """The filing condition of that code; the class's first one when none is named."""
    for condition in case_class.conditions:
        if code is None or condition.code == code:
            return condition
    raise Refused(ReasonCode.UNKNOWN_CONDITION, found=code, allowed=[c.code for c in case_class.conditions])
