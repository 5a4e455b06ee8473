"""The clocks of a case as they are shown: each with its spans, why it stood still and by whose approval (domain §4).

Owns the fold from a case's whole story to that view: every clock of every round, also those that a later one of the
same kind followed. What a running clock has used by now is counted by who knows the calendar (`counted`).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from domain.case.clocks import STATED, counted_by
from domain.case.events import (
    CaseEvent,
    ClockExtended,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    Escalated,
    ExtensionDecided,
    Filed,
    HandedDown,
    Reopened,
    SelfHandled,
    SuspensionDecided,
)
from domain.case.values import ClockKind, ClockVerdict, PauseCause
from domain.worktime import Calendar, Limit, WdRule, total_ms


class Span(msgspec.Struct, frozen=True, gc=False):
    """A stretch in which a clock ran: counted time in ms; `paused` says why it stood still after it, `by` who approved
    that (a leader's pause only). `to_ms` None: it is running."""

    from_ms: int
    to_ms: int | None = None
    counted_ms: int = 0
    paused: PauseCause | None = None
    by: str | None = None


class Extension(msgspec.Struct, frozen=True, gc=False):
    """More time that was granted: when, how much of counted time, by whom."""

    at_ms: int
    added_ms: int
    by: str | None


class ClockStory(msgspec.Struct, frozen=True, gc=False):
    """One clock from its start on. `verdict` None: it is running, or paused after its last span; `rulebook` is the one
    that the case had pinned when it started (None: none yet)."""

    clock: ClockKind
    holder: str
    round: int
    started_ms: int
    unit: str | None = None
    limit: str | None = None
    deadline_ms: int | None = None
    near_ms: int | None = None
    spans: tuple[Span, ...] = ()
    extensions: tuple[Extension, ...] = ()
    rulebook: str | None = None
    verdict: ClockVerdict | None = None

    @property
    def used_ms(self) -> int:
        """Counted time of the spans that are over, ms."""
        return sum(span.counted_ms for span in self.spans)

    @property
    def state(self) -> str:
        """`running`, `paused`, or how it ended (domain document §4, "Clocks of a case")."""
        if self.verdict is not None:
            return str(self.verdict)
        return "running" if self.spans[-1].to_ms is None else "paused"


def told(events: Iterable[CaseEvent]) -> tuple[ClockStory, ...]:
    """All clocks that these events, a case's whole story, tell of; in the order of their starts."""
    stories: list[ClockStory] = []
    current: dict[tuple[ClockKind, str | None], int] = {}
    number, approved_by, pinned = 1, None, None
    for event in events:
        if isinstance(event, Filed | SelfHandled | Reopened):
            pinned = event.rulebook
        if isinstance(event, Escalated | HandedDown):
            pinned = None
        if isinstance(event, Reopened):
            number, current = number + 1, {}
        if isinstance(event, SuspensionDecided | ExtensionDecided):
            approved_by = event.person
        if isinstance(event, ClockStarted):
            current[(event.clock, event.unit)] = len(stories)
            stories.append(replace(_begun(event, number), rulebook=pinned))
        elif isinstance(event, ClockStopped | ClockPaused | ClockResumed | ClockExtended):
            at = current[(event.clock, event.unit)]
            stories[at] = _moved(stories[at], event, approved_by)
    return tuple(stories)


def counted(story: ClockStory, at_ms: int, calendar: Calendar) -> int:
    """What the clock has used by `at_ms`, ms of counted time. Raises CalendarError outside the calendar's years."""
    last = story.spans[-1]
    if last.to_ms is not None:
        return story.used_ms
    return story.used_ms + counted_by(story.limit, last.from_ms, at_ms, calendar)


def whole(story: ClockStory, calendar: Calendar, wd_rule: WdRule) -> int | None:
    """What the clock may use, ms of counted time: its limit and what was granted on top; None without a limit."""
    if story.limit is None or story.deadline_ms is None:
        return None
    added = sum(extension.added_ms for extension in story.extensions)
    if story.limit == STATED:
        last = story.spans[-1]
        return story.used_ms - last.counted_ms + story.deadline_ms - last.from_ms
    return total_ms(calendar, story.started_ms, Limit.parse(story.limit), wd_rule) + added


def _begun(event: ClockStarted, number: int) -> ClockStory:
    assert event.at_ms is not None, "clock events always have an instant"
    return ClockStory(
        clock=event.clock,
        holder=event.holder,
        round=number,
        started_ms=event.at_ms,
        unit=event.unit,
        limit=event.limit,
        deadline_ms=event.deadline_ms,
        near_ms=event.near_ms,
        spans=(Span(event.at_ms),),
    )


def _moved(
    story: ClockStory, event: ClockStopped | ClockPaused | ClockResumed | ClockExtended, approved_by: str | None
) -> ClockStory:
    assert event.at_ms is not None, "clock events always have an instant"
    match event:
        case ClockResumed():
            deadline = replace(story, deadline_ms=event.deadline_ms, near_ms=event.near_ms, verdict=None)
            return replace(deadline, spans=(*story.spans, Span(event.at_ms)))
        case ClockExtended():
            granted = Extension(event.at_ms, event.added_ms, approved_by)
            moved = replace(story, deadline_ms=event.deadline_ms, near_ms=event.near_ms)
            return replace(moved, extensions=(*story.extensions, granted))
        case ClockPaused():
            by = approved_by if event.cause is PauseCause.SUSPENDED else None
            return replace(story, spans=_ended(story, event.at_ms, event.used_ms, event.cause, by))
        case ClockStopped():
            stood = story.spans[-1].to_ms is not None  # it was paused: its last span is over already
            spans = story.spans if stood else _ended(story, event.at_ms, event.used_ms)
            return replace(story, spans=spans, verdict=event.verdict)


def _ended(
    story: ClockStory, at_ms: int, used_ms: int, paused: PauseCause | None = None, by: str | None = None
) -> tuple[Span, ...]:
    last = story.spans[-1]
    over = Span(last.from_ms, at_ms, used_ms - story.used_ms, paused, by)
    return (*story.spans[:-1], over)
