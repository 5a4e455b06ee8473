"""Clock arithmetic of a case: which clock events follow from an act, and what fell due before it.

Pure functions from a clock and an instant to events (domain document §4). All instants and spans are milliseconds.
A breach is strictly after the deadline: what is done at the deadline is on time.
"""

from __future__ import annotations

from domain.case.events import (
    ClockExtended,
    ClockNear,
    ClockOverdue,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ExtensionDropped,
    SuspensionDropped,
)
from domain.case.state import Case, Clock
from domain.case.values import ClockKind, ClockVerdict, DropCause, PauseCause
from domain.worktime import Calendar, Limit, WdRule, counted_ms, deadline_after_ms, deadline_ms, near_ms, total_ms

STATED = "stated"
"""The limit of a clock whose deadline an imported source states: it counts running time from start to deadline."""


def started(
    kind: ClockKind,
    at_ms: int,
    holder: str,
    limit: str | None,
    calendar: Calendar,
    wd_rule: WdRule,
    unit: str | None = None,
) -> ClockStarted:
    """A clock that starts at `at_ms` with a limit such as "4WH" (None: it runs without a deadline)."""
    if limit is None:
        return ClockStarted(at_ms=at_ms, clock=kind, holder=holder, unit=unit)
    parsed = Limit.parse(limit)
    return ClockStarted(
        at_ms=at_ms,
        clock=kind,
        holder=holder,
        unit=unit,
        limit=limit,
        deadline_ms=deadline_ms(calendar, at_ms, parsed, wd_rule),
        near_ms=near_ms(calendar, at_ms, parsed, wd_rule),
    )


def started_with_stated_deadline(
    kind: ClockKind, at_ms: int, holder: str, deadline: int, unit: str | None
) -> ClockStarted:
    """A clock whose deadline the source states: near after 80 % of the running time, rounded up to a millisecond."""
    span = max(deadline - at_ms, 0)
    return ClockStarted(
        at_ms=at_ms,
        clock=kind,
        holder=holder,
        unit=unit,
        limit=STATED,
        deadline_ms=deadline,
        near_ms=at_ms + -(-span * 4 // 5),
    )


def stopped(clock: Clock, at_ms: int, calendar: Calendar, otherwise: ClockVerdict = ClockVerdict.MET) -> ClockStopped:
    """A running clock stops at `at_ms`: past its deadline it is missed whatever stops it, before that `otherwise`."""
    if clock.deadline_ms is None:
        verdict = ClockVerdict.NO_DEADLINE
    elif at_ms > clock.deadline_ms:
        verdict = ClockVerdict.MISSED
    else:
        verdict = otherwise
    used = clock.used_ms + _counted(clock, at_ms, calendar)
    return ClockStopped(at_ms=at_ms, clock=clock.kind, unit=clock.unit, verdict=verdict, used_ms=used)


def paused(clock: Clock, at_ms: int, calendar: Calendar, cause: PauseCause) -> ClockPaused:
    """A running clock stands still at `at_ms`."""
    used = clock.used_ms + _counted(clock, at_ms, calendar)
    return ClockPaused(at_ms=at_ms, clock=clock.kind, cause=cause, used_ms=used, unit=clock.unit)


def relieved(clock: Clock, at_ms: int, otherwise: ClockVerdict = ClockVerdict.REASSIGNED) -> ClockStopped:
    """A paused clock ends because another unit has the case now, or the case ended (`otherwise` WAIVED); a breach
    before the pause stays one."""
    verdict = ClockVerdict.NO_DEADLINE if clock.deadline_ms is None else otherwise
    if clock.overdue:
        verdict = ClockVerdict.MISSED
    return ClockStopped(at_ms=at_ms, clock=clock.kind, verdict=verdict, used_ms=clock.used_ms, unit=clock.unit)


def extended(clock: Clock, at_ms: int, amount: Limit, calendar: Calendar, wd_rule: WdRule) -> ClockExtended:
    """A running clock with a deadline gets `amount` on top; near is 80 % of the whole as it then is."""
    assert clock.deadline_ms is not None, "a clock that is extended has a deadline"
    assert clock.near_ms is not None, "a deadline has a near instant"
    assert clock.limit is not None, "a deadline has a limit"
    added = amount.span_ms(calendar.workday_minutes)
    if clock.limit == STATED:
        deadline, near = clock.deadline_ms + added, clock.near_ms + added * 4 // 5
    else:
        limit = Limit.parse(clock.limit)
        whole = total_ms(calendar, clock.started_ms, limit, wd_rule) + clock.extended_ms + added
        deadline = deadline_after_ms(calendar, clock.deadline_ms, added, limit)
        near = deadline_after_ms(calendar, clock.since_ms, max(-(-whole * 4 // 5) - clock.used_ms, 0), limit)
    return ClockExtended(
        at_ms=at_ms, clock=clock.kind, added_ms=added, deadline_ms=deadline, near_ms=near, unit=clock.unit
    )


def resumed(clock: Clock, at_ms: int, calendar: Calendar, wd_rule: WdRule) -> ClockResumed:
    """A stopped clock goes on with what is left; nothing is granted after a breach, so a missed one keeps its
    deadline. Near is when 80 % of the whole is used, hence at once when it already is."""
    late = clock.overdue or clock.verdict is ClockVerdict.MISSED
    if clock.deadline_ms is None or clock.limit is None or late:
        return ClockResumed(
            at_ms=at_ms, clock=clock.kind, unit=clock.unit, deadline_ms=clock.deadline_ms, near_ms=clock.near_ms
        )
    if clock.limit == STATED:
        moved = at_ms - (clock.stopped_ms or at_ms)
        near = None if clock.near_ms is None else clock.near_ms + moved
        return ClockResumed(
            at_ms=at_ms, clock=clock.kind, unit=clock.unit, deadline_ms=clock.deadline_ms + moved, near_ms=near
        )
    limit = Limit.parse(clock.limit)
    whole = total_ms(calendar, clock.started_ms, limit, wd_rule) + clock.extended_ms
    left = max(whole - clock.used_ms, 0)
    to_near = max(-(-whole * 4 // 5) - clock.used_ms, 0)
    return ClockResumed(
        at_ms=at_ms,
        clock=clock.kind,
        unit=clock.unit,
        deadline_ms=deadline_after_ms(calendar, at_ms, left, limit),
        near_ms=deadline_after_ms(calendar, at_ms, to_near, limit),
    )


Due = ClockNear | ClockOverdue | ExtensionDropped | SuspensionDropped


def fallen_due(case: Case, at_ms: int) -> list[Due]:
    """What fell due strictly before `at_ms` and no event tells of yet, in the order of its instants.

    A request for more time or for a pause dies with the breach: nothing is granted after it, however late it is
    noticed. One for a pause that would be over by now dies, too.
    """
    due: list[Due] = []
    for clock in case.clocks:
        if not clock.running:
            continue
        if clock.near_ms is not None and not clock.near and clock.near_ms < at_ms:
            due.append(ClockNear(at_ms=clock.near_ms, clock=clock.kind, unit=clock.unit))
        if clock.deadline_ms is not None and not clock.overdue and clock.deadline_ms < at_ms:
            due.append(ClockOverdue(at_ms=clock.deadline_ms, clock=clock.kind, unit=clock.unit))
            if case.extension is not None and clock is case.handling_clock:
                due.append(ExtensionDropped(at_ms=clock.deadline_ms, cause=DropCause.OVERDUE))
    return sorted([*due, *_suspension_dropped(case, due, at_ms)], key=_instant)


def _suspension_dropped(case: Case, due: list[Due], at_ms: int) -> list[Due]:
    """The request for a pause dies with the breach, or when the pause would be over, whichever comes first."""
    if case.suspension is None:
        return []
    breaches = [event.at_ms for event in due if isinstance(event, ClockOverdue) and event.clock is ClockKind.HANDLE]
    ends = [(at, DropCause.OVERDUE) for at in breaches if at is not None]
    if case.suspension.until_ms < at_ms:
        ends.append((case.suspension.until_ms, DropCause.EXPIRED))
    return [SuspensionDropped(at_ms=at, cause=cause) for at, cause in sorted(ends, key=lambda end: end[0])[:1]]


def _instant(event: Due) -> tuple[int, bool]:
    assert event.at_ms is not None, "what falls due has an instant"
    return event.at_ms, not isinstance(event, ClockNear)


def counted_by(limit: str | None, from_ms: int, to_ms: int, calendar: Calendar) -> int:
    """Counted time between two instants for a clock with that limit, ms: all of it without one or with a stated one."""
    if limit is None or limit == STATED:
        return max(to_ms - from_ms, 0)
    return counted_ms(calendar, from_ms, to_ms, Limit.parse(limit))


def _counted(clock: Clock, at_ms: int, calendar: Calendar) -> int:
    return counted_by(clock.limit, clock.since_ms, at_ms, calendar)
