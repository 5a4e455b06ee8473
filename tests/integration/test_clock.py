"""The clock holds an instant of every open case and few of their files: it must miss none, nor go by an old one."""

from __future__ import annotations

import time
import uuid

from domain.case.actions import Accept, Attempt, ImportCase, Note, Report, Tick
from domain.case.events import ClockNear
from domain.case.values import Actor, Channel, ClockKind, Place, Role, Source
from eventlog.record import DecisionRecord
from tests.support.beside import REPORTER, Beside
from tests.support.city import GRID
from tests.support.live import eventually

PARTS = ("dispatch", "project", "clock")
CASES = 96
NEAR_AFTER_MS = 12 * 60_000
"""Of 15 minutes to accept."""
AHEAD_MS = 15_000
TOLD_S_MAX = 60.0
IMPORTER = Actor("importer", Role.IMPORTER, "410183")


def nearly_near(count: int) -> list[Attempt]:
    """Cases that nobody accepted, whose time to do so is nearly near its end."""
    opened_ms = time.time_ns() // 1_000_000 - NEAR_AFTER_MS + AHEAD_MS
    report = Report(Place(GRID), Channel.HOTLINE, "010101")
    pasts = [ImportCase(Source("test", str(number)), report, opened_ms) for number in range(count)]
    return [Attempt(str(uuid.uuid4()), str(uuid.uuid4()), IMPORTER, past, 0, past.source.number) for past in pasts]


def near_by(beside: Beside, kind: type) -> set[str]:
    """The cases of which an action of that kind told that their acceptance is near."""
    decided = [record for _, record in beside.entries() if isinstance(record, DecisionRecord)]
    return {
        record.case
        for record in decided
        if record.attempt is not None
        and isinstance(record.attempt.action, kind)
        and any(isinstance(event, ClockNear) and event.clock is ClockKind.ACCEPT for event in record.events)
    }


def test_with_room_for_one_file_a_partition_every_case_is_ticked_that_falls_due_and_no_other(beside: Beside) -> None:
    for part in PARTS:
        beside.start(part, LIANDONG_FILES_A_PARTITION_MAX="1")
    cases = nearly_near(CASES)
    accepted, left = cases[::2], cases[1::2]
    beside.append(cases)
    beside.append(Attempt(str(uuid.uuid4()), case.case, REPORTER, Accept(), 0, "d") for case in accepted)
    beside.append(Attempt(str(uuid.uuid4()), case.case, REPORTER, Note("seen"), 0, "d") for case in cases)
    wanted = {case.case for case in left}
    told = eventually(
        lambda: found if (found := near_by(beside, Tick) | near_by(beside, Note)) >= wanted else None,
        TOLD_S_MAX,
        "a tick of every case that nobody accepted",
    )
    assert told == wanted
    assert not near_by(beside, Tick) & {case.case for case in accepted}
