"""Which deadlines passed, from the spans of each clock alone: it never asks what the history says of overdue.

Knows the event structs and nothing else of ours. A clock is late where a span of it goes beyond its deadline; done at
the deadline is in time (domain document §4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.case import events as e

Late = tuple[str, str | None, int, int | None]
"""Clock, unit, the deadline, and since when it is no longer late (None: it still is); instants in ms."""


@dataclass
class Span:
    """A clock from its start to its stop."""

    deadline_ms: int | None
    runs: bool = True
    late: list[int | None] | None = None
    """Deadline and end, once it was late."""


def late(events: Iterable[e.CaseEvent], until_ms: int) -> list[Late]:
    """The deadlines that passed by what these events say of starts and stops, seen at that instant."""
    spans: dict[tuple[str, str | None], Span] = {}
    found: list[tuple[tuple[str, str | None], list[int | None]]] = []

    def look(key: tuple[str, str | None], at_ms: int) -> None:
        span = spans[key]
        if span.runs and span.late is None and span.deadline_ms is not None and span.deadline_ms < at_ms:
            span.late = [span.deadline_ms, None]
            found.append((key, span.late))

    for event in events:
        if not isinstance(event, e.ClockStarted | e.ClockStopped | e.ClockPaused | e.ClockExtended | e.ClockResumed):
            continue
        key = (str(event.clock), event.unit)
        if isinstance(event, e.ClockStarted):
            spans[key] = Span(event.deadline_ms)
            continue
        span = spans[key]
        if event.at_ms is not None:
            look(key, event.at_ms)
        if isinstance(event, e.ClockExtended):
            span.deadline_ms = event.deadline_ms
        elif isinstance(event, e.ClockResumed):
            span.runs = True
            span.deadline_ms = event.deadline_ms
            if span.late is not None:
                span.late[1] = None
        else:
            if span.runs and span.late is not None:
                span.late[1] = event.at_ms
            span.runs = False
    for key in spans:
        look(key, until_ms)
    return [(*key, deadline or 0, ended) for key, (deadline, ended) in found]
