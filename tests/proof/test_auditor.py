"""The auditor, which folds the log by code of its own, sees of every case what the board shows of it.

Two folds that were written apart agree over generated histories, step by step; where one row is changed it is found.
"""

from __future__ import annotations

import os
import random
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from domain.case.actions import ImportCase
from domain.case.evolve import states
from eventlog.casefile import CaseFile
from ops.audit.compare import differences
from ops.audit.spans import HANDLE, Partition
from ops.walk.histories import Taken, drawn
from projections.board import BoardRow, row_of

SCALE = {"mutants": 0.02, "long": 10.0}.get(os.environ.get("LIANDONG_PROOF", ""), 1.0)
HISTORIES = int(3_000 * SCALE)
SEEDS, ATTEMPTS = range(2), 9
CASE = "case-1"
OTHER = {"number": "x", "unit": "x", "opened_ms": 1, "deadline_ms": 1, "near_ms": 1, "due": 9, "stage": 9}
"""What no case of the histories has."""


def seen_ms(one: Taken) -> int:
    """Up to when it was looked for what fell due: an import as of the instant that it names."""
    action = one.attempt.action
    as_of = action.as_of_ms if isinstance(action, ImportCase) and one.case is None else None
    return one.at_ms if as_of is None else as_of


# A clock that goes on with 80 % behind it is near from that very instant; by its instant alone it is a moment later.
# So both moments are asked for, as the auditor does with its grace.


def recorded(one: Taken, offset: int) -> bytes:
    """The step as the auditor reads it."""
    record = {"record": "decision.v1", "origin": {"offset": offset}, "case": CASE, "events": one.events}
    return msgspec.json.encode(record)


def shown(one: Taken) -> BoardRow | None:
    """The board's row after the step."""
    after = states(one.case, one.events)[-1] if one.events else one.case
    step: Any = SimpleNamespace(after=CaseFile(CASE, after), town="410183001")
    return row_of(step)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_auditor_sees_what_the_board_shows_at_every_step(seed: int, record_property: Any) -> None:
    chosen = random.Random(f"auditor {seed}")
    histories, compared, ended = 0, 0, 0
    while histories < HISTORIES // len(SEEDS):
        partition = Partition()
        for offset, one in enumerate(drawn(chosen, ATTEMPTS)):
            partition.fold(offset, one.at_ms, recorded(one, offset))
            row, now_ms = shown(one), seen_ms(one)
            seen = partition.seen(CASE, now_ms + 1, now_ms)
            assert (seen is None) is (row is None), one
            if row is None or seen is None:
                ended += 1
                continue
            assert not (found := differences(CASE, seen, msgspec.structs.asdict(row))), (found, one)
            compared += 1
        histories += 1
    record_property("rows compared", compared)
    assert compared > ended > 0


def test_whatever_is_changed_in_a_row_is_found() -> None:
    chosen, found = random.Random("changed"), 0
    while found < len(OTHER) * 50:
        partition = Partition()
        for offset, one in enumerate(drawn(chosen, ATTEMPTS)):
            partition.fold(offset, one.at_ms, recorded(one, offset))
            row, now_ms = shown(one), seen_ms(one)
            seen = partition.seen(CASE, now_ms + 1, now_ms)
            if row is None or seen is None or seen.opened_ms is None:
                continue
            for field, value in OTHER.items():
                told = differences(CASE, seen, {**msgspec.structs.asdict(row), field: value})
                assert [one.field for one in told] == [field]
                found += 1


def test_what_fell_due_and_nobody_told_is_let_pass_for_a_while_and_then_is_a_divergence() -> None:
    chosen, found = random.Random("deadline"), 0
    while found < 50:
        partition, taken = Partition(), drawn(chosen, ATTEMPTS)
        for offset, one in enumerate(taken):
            partition.fold(offset, one.at_ms, recorded(one, offset))
        row, at_ms = shown(taken[-1]), seen_ms(taken[-1])
        if row is None or row.stage or row.due:
            continue
        spans = [span for span in partition.cases[CASE].spans if span.runs]
        instants = [span.deadline_ms for span in spans] + [span.near_ms for span in spans if span.clock == HANDLE]
        ahead = min((instant for instant in instants if instant is not None and instant > at_ms), default=None)
        if ahead is None:
            continue
        shows = msgspec.structs.asdict(row)
        soon, later = partition.seen(CASE, ahead + 1, ahead), partition.seen(CASE, ahead + 2, ahead + 1)
        assert soon is not None
        assert later is not None
        assert differences(CASE, soon, shows) == []
        assert [one.field for one in differences(CASE, later, shows)] in (["due"], ["stage"])
        found += 1


def test_a_hole_in_the_log_stops_the_auditor() -> None:
    partition = Partition()
    with pytest.raises(ValueError, match="offset 1 after -1"):
        partition.fold(1, 0, b"{}")


def test_a_second_record_of_one_origin_counts_for_nobody() -> None:
    chosen = random.Random("twice")
    taken = next(found for found in iter(lambda: drawn(chosen, ATTEMPTS), None) if found[0].events)
    once, twice = Partition(), Partition()
    for offset, one in enumerate(taken):
        once.fold(offset, 0, recorded(one, offset))
        twice.fold(2 * offset, 0, recorded(one, offset))
        twice.fold(2 * offset + 1, 0, recorded(one, offset))
    assert once.cases == twice.cases
