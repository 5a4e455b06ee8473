"""The breaches that are projected are those that the spans of the clocks alone say (`oracle/breach_spans.py`).

The projection is told by the history what is overdue; the oracle never reads that: so a deadline that passed and was
not told, or was told and did not pass, is a difference.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest

from domain.case.actions import ImportCase
from domain.case.events import CaseEvent
from domain.case.evolve import moves, states
from ops.walk.histories import Taken, drawn
from projections.breaches import Breach, passed
from tests.proof.oracle.breach_spans import Late, late

SCALE = {"mutants": 0.02, "long": 10.0}.get(os.environ.get("LIANDONG_PROOF", ""), 1.0)
HISTORIES = int(6_000 * SCALE)
SEEDS, ATTEMPTS = range(2), 9


def projected(taken: list[Taken]) -> Counter[Late]:
    """The projection's rows, in the oracle's words."""
    rows: list[Breach] = []
    for one in taken:
        rows = passed(rows, "case-1", 0, moves(one.case, one.events, states(one.case, one.events)))
    return Counter((row.clock, row.unit, row.deadline_ms, row.ended_ms) for row in rows)


def seen_ms(taken: list[Taken]) -> int:
    """Up to when the history looked for what fell due: an import as of the instant that it names."""
    last = [one for one in taken if one.events or one.case is not None][-1]
    action = last.attempt.action
    as_of = action.as_of_ms if isinstance(action, ImportCase) and last.case is None else None
    return last.at_ms if as_of is None else as_of


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_late_is_what_the_spans_of_the_clocks_say(seed: int, record_property: Any) -> None:
    chosen = random.Random(f"breaches {seed}")
    histories, lates, ended = 0, 0, 0
    while histories < HISTORIES // len(SEEDS):
        taken = drawn(chosen, ATTEMPTS)
        events: tuple[CaseEvent, ...] = tuple(event for one in taken for event in one.events)
        if not events:
            continue
        histories += 1
        expected = Counter(late(events, seen_ms(taken)))
        assert projected(taken) == expected, [(type(event).__name__, event.at_ms) for event in events]
        lates += expected.total()
        ended += sum(1 for row in expected.elements() if row[3] is not None)
    record_property("histories", histories)
    record_property("deadlines that passed", lates)
    assert 0 < ended < lates, "some are done late, some are not done"
