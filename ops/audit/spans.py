"""The clocks of open cases, computed a second time: from the log's bytes alone, by code the live path does not run.

Owns the auditor's own reading of records and its own fold. It imports nothing of `domain`, `projections` or the
record's structs: a fault there does not repeat itself here (domain document §4, "What each event does to the clocks").
It never asks what the log says of near or overdue: a clock is late where it runs beyond its deadline.
"""

from __future__ import annotations

from sys import intern

import msgspec

HANDLE, CO_HANDLE = "handle", "co_handle"
ENDS = frozenset({"declined.v1", "filing_refused.v1", "closed.v1", "force_closed.v1", "voided.v1"})
NORMAL, NEAR, OVERDUE = 0, 1, 2


class Told(msgspec.Struct, frozen=True, gc=False):
    """What an event says that bears on clocks; whatever else it says is passed over."""

    type: str
    at_ms: int | None = None
    clock: str = ""
    unit: str | None = None
    lead: str | None = None
    number: str | int = ""
    deadline_ms: int | None = None
    near_ms: int | None = None


class Where(msgspec.Struct, frozen=True, gc=False):
    """The action offset that a record decides."""

    offset: int


class Record(msgspec.Struct, frozen=True, gc=False):
    """A record of `events` of whatever kind; a takeover has no origin."""

    record: str
    origin: Where | None = None
    case: str = ""
    events: tuple[Told, ...] = ()


class Span(msgspec.Struct, gc=False):
    """A clock from its start on: whether it runs, and whether it has run beyond its deadline."""

    clock: str
    unit: str | None
    deadline_ms: int | None
    near_ms: int | None
    runs: bool = True
    late: bool = False

    def look(self, at_ms: int) -> None:
        """Note at that instant whether it is late: done at the deadline is in time."""
        if self.runs and self.deadline_ms is not None and self.deadline_ms < at_ms:
            self.late = True


class Held(msgspec.Struct, gc=False):
    """An open case, or one that went on as part of another (`merged`) and may come back. One that was opened again has
    no number and no time here: what had ended was let go."""

    number: str
    opened_ms: int | None
    unit: str | None = None
    back_from: str | None = None
    merged: bool = False
    spans: list[Span] = []


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What a board has to show of a case: `due` and `stage` both as of now and as of a while ago, since an instant
    becomes an event only when somebody notices it."""

    number: str
    unit: str | None
    opened_ms: int | None
    deadline_ms: int | None
    near_ms: int | None
    due: tuple[int, int]
    stage: tuple[int, int]


_decoder = msgspec.json.Decoder(Record)


class Partition:
    """One partition of `events`: the next offset to read and its cases. `fold` takes record after record."""

    def __init__(self) -> None:
        self.next_offset = 0
        self.last_ms = 0
        self.cases: dict[str, Held] = {}
        self._last_origin = -1

    @property
    def clocks(self) -> int:
        """How many clocks run."""
        return sum(span.runs for held in self.cases.values() if not held.merged for span in held.spans)

    def fold(self, offset: int, time_ms: int, value: bytes) -> None:
        """One more record. Raises ValueError where it is not the next one, msgspec.MsgspecError where it is none."""
        if offset != self.next_offset:
            raise ValueError(f"offset {offset} after {self.next_offset - 1}")
        self.next_offset, self.last_ms = offset + 1, time_ms
        record = _decoder.decode(value)
        if record.origin is None or record.origin.offset <= self._last_origin:
            return
        self._last_origin = record.origin.offset
        for told in record.events:
            self._tell(record.case, told)

    @property
    def open(self) -> int:
        """How many cases are open."""
        return sum(not held.merged for held in self.cases.values())

    def ids(self) -> list[str]:
        """The open cases."""
        return [case_id for case_id, held in self.cases.items() if not held.merged]

    def seen(self, case_id: str, now_ms: int, before_ms: int) -> Seen | None:
        """What the board has to show of a case, None where it is not open."""
        held = self.cases.get(case_id)
        return None if held is None or held.merged else _seen(held, now_ms, before_ms)

    def _tell(self, case_id: str, told: Told) -> None:
        if told.type == "reported.v1":
            self.cases[case_id] = Held(str(told.number), told.at_ms)
        elif told.type in ENDS:
            self.cases.pop(case_id, None)
        elif told.type == "reopened.v1":
            self.cases[case_id] = Held("", None)
        elif (held := self.cases.get(case_id)) is not None:
            _moved(held, told)


def _moved(held: Held, told: Told) -> None:
    match told.type:
        case "dispatched.v1" | "reassigned.v1":
            held.unit, held.back_from = told.lead, None
        case "returned.v1":
            held.unit, held.back_from = None, told.unit
        case "merged.v1" | "unmerged.v1":
            held.merged = told.type == "merged.v1"
        case "clock_started.v1":
            held.spans = [span for span in held.spans if (span.clock, span.unit) != (told.clock, told.unit)]
            held.spans.append(Span(intern(told.clock), told.unit, told.deadline_ms, told.near_ms))
        case "clock_stopped.v1" | "clock_paused.v1" | "clock_resumed.v1" | "clock_extended.v1":
            _clock_moved(held, told)
        case _:
            pass


def _clock_moved(held: Held, told: Told) -> None:
    span = next((one for one in held.spans if (one.clock, one.unit) == (told.clock, told.unit)), None)
    if span is None:
        raise ValueError(f"{told.type} of a clock that never started: {told.clock} {told.unit}")
    if told.at_ms is not None:
        span.look(told.at_ms)
    if told.type in ("clock_resumed.v1", "clock_extended.v1"):
        span.deadline_ms, span.near_ms = told.deadline_ms, told.near_ms
        span.runs = span.runs or told.type == "clock_resumed.v1"
        return
    span.runs = False
    if told.type == "clock_stopped.v1" and told.clock not in (HANDLE, CO_HANDLE):
        held.spans.remove(span)  # only handling clocks go on after a stop


def _seen(held: Held, now_ms: int, before_ms: int) -> Seen:
    unit = held.unit or held.back_from
    handling = next((span for span in held.spans if span.clock == HANDLE and span.unit == unit), None)
    shown = handling if handling is not None and handling.runs else _first_stage(held)
    return Seen(
        held.number,
        held.unit,
        held.opened_ms,
        shown.deadline_ms if shown else None,
        shown.near_ms if shown else None,
        (_due(handling, before_ms), _due(handling, now_ms)),
        (_stage(held, before_ms), _stage(held, now_ms)),
    )


def _stage(held: Held, at_ms: int) -> int:
    return int(any(span.runs and span.clock != HANDLE and _late(span, at_ms) for span in held.spans))


def _first_stage(held: Held) -> Span | None:
    stages = [s for s in held.spans if s.runs and s.clock not in (HANDLE, CO_HANDLE) and s.deadline_ms is not None]
    return min(stages, key=lambda span: span.deadline_ms or 0, default=None)


def _due(handling: Span | None, at_ms: int) -> int:
    if handling is None:
        return NORMAL
    if _late(handling, at_ms):
        return OVERDUE
    return NEAR if handling.runs and handling.near_ms is not None and handling.near_ms < at_ms else NORMAL


def _late(span: Span, at_ms: int) -> bool:
    return span.late or (span.runs and span.deadline_ms is not None and span.deadline_ms < at_ms)
