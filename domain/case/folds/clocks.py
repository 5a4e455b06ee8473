"""Folding the clocks of a case: what each clock event makes of them."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from domain.case.events import (
    ClockExtended,
    ClockNear,
    ClockOverdue,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
)
from domain.case.state import Clock

ClockMove = ClockStopped | ClockNear | ClockOverdue | ClockPaused | ClockResumed | ClockExtended
ClockEvent = ClockStarted | ClockMove


def after(clocks: tuple[Clock, ...], event: ClockEvent) -> tuple[Clock, ...]:
    """The clocks after one more event; one that starts again takes the place of the one before, at the end."""
    assert event.at_ms is not None, "clock events always have an instant"
    kind, unit = event.clock, event.unit
    if not isinstance(event, ClockStarted):
        return tuple([_moved(c, event, event.at_ms) if c.kind is kind and c.unit == unit else c for c in clocks])
    started = Clock(
        kind=kind,
        holder=event.holder,
        started_ms=event.at_ms,
        since_ms=event.at_ms,
        unit=unit,
        limit=event.limit,
        deadline_ms=event.deadline_ms,
        near_ms=event.near_ms,
    )
    return (*[c for c in clocks if c.kind is not kind or c.unit != unit], started)


def _moved(clock: Clock, event: ClockMove, at_ms: int) -> Clock:
    match event:
        case ClockStopped():
            return replace(
                clock,
                running=False,
                paused=False,
                cause=None,
                verdict=event.verdict,
                stopped_ms=at_ms,
                used_ms=event.used_ms,
            )
        case ClockNear():
            return replace(clock, near=True)
        case ClockOverdue():
            return replace(clock, overdue=True, near=True)
        case ClockPaused():
            return replace(
                clock, running=False, paused=True, cause=event.cause, stopped_ms=at_ms, used_ms=event.used_ms
            )
        case ClockResumed():
            return replace(
                clock,
                running=True,
                paused=False,
                cause=None,
                verdict=None,
                stopped_ms=None,
                since_ms=at_ms,
                deadline_ms=event.deadline_ms,
                near_ms=event.near_ms,
            )
        case ClockExtended():
            near = clock.near and event.near_ms <= at_ms  # so much is used all the same: it was told once
            whole = clock.extended_ms + event.added_ms
            return replace(clock, deadline_ms=event.deadline_ms, near_ms=event.near_ms, extended_ms=whole, near=near)
        case _:
            assert_never(event)
