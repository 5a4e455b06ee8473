"""A second way to the handling rate: by looking through the whole list of a case's events, with no state and no fold.

Knows the structs of the events and nothing else of the code under test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.case import events as e


@dataclass(frozen=True)
class Seen:
    """What an appraiser would find on reading the case's story."""

    deadline_ms: int | None
    handled: bool
    late: bool
    exempt: bool
    paused: bool
    closed: bool
    uncounted: bool

    def variants(self, from_ms: int, to_ms: int) -> dict[str, tuple[int, int]]:
        """Numerator and denominator of the three variants in [from_ms, to_ms), by the formula's name."""
        due = self.deadline_ms is not None and from_ms <= self.deadline_ms < to_ms and not self.uncounted
        on_time = self.handled and (self.exempt or not self.late)
        should = due and not self.paused
        wanted = due and (self.closed or self.late)
        return {
            "handling_rate": (int(should and self.handled), int(should)),
            "handling_rate_b": (int(should and on_time), int(should)),
            "handling_rate_c": (int(wanted and self.closed and on_time), int(wanted)),
        }


def read(events: Sequence[e.CaseEvent]) -> Seen:
    """Look through all of a case's events; of a case that was opened again, those since."""
    events = events[max(_last(events, e.Reopened), 0) :]
    leads = [event.lead for event in events if isinstance(event, e.Dispatched | e.Reassigned)]
    clock = _of_lead(events, leads[-1]) if leads else []
    deadlines = [
        event.deadline_ms for event in clock if isinstance(event, e.ClockStarted | e.ClockExtended | e.ClockResumed)
    ]
    stops = [event for event in clock if isinstance(event, e.ClockStopped | e.ClockResumed)]
    missed = bool(stops) and isinstance(stops[-1], e.ClockStopped) and stops[-1].verdict == "missed"
    handled = _last(events, e.Handled) > _last(events, e.CheckFailed) and _last(events, e.Handled) > _last(
        events, e.Returned
    )
    return Seen(
        deadline_ms=deadlines[-1] if deadlines else None,
        handled=handled,
        late=missed or any(isinstance(event, e.ClockOverdue) for event in clock),
        exempt=any(isinstance(event, e.AppealDecided) and event.upheld for event in events),
        paused=_last(events, e.Suspended) > _last(events, e.Resumed),
        closed=_last(events, e.Closed, e.ForceClosed) >= 0,
        uncounted=_last(events, e.Voided, e.Declined, e.FilingRefused) >= 0
        or _last(events, e.Merged) > _last(events, e.Unmerged),
    )


def _of_lead(events: Sequence[e.CaseEvent], unit: str) -> list[e.CaseEvent]:
    """What happened to that unit's handling clock since it was started last."""
    own = [
        event for event in events if getattr(event, "clock", None) == "handle" and getattr(event, "unit", None) == unit
    ]
    return own[max(_last(own, e.ClockStarted), 0) :]


def _last(events: Sequence[e.CaseEvent], *kinds: type[e.Event]) -> int:
    """Where an event of these kinds stands last; -1 if none does."""
    return max((at for at, event in enumerate(events) if isinstance(event, kinds)), default=-1)
