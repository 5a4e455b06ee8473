"""The fold of a case against a second model that asks the whole list of events anew (tests/proof/oracle/case_facts.py).

20,000 drawn histories by the real rules, and a beginning of every fourth: each must tell the same of itself.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from domain.case.events import CASE_EVENTS, CaseEvent, Imported, NotAdmitted, Rehomed
from domain.case.evolve import fold
from domain.case.state import Case
from domain.case.values import Status
from ops.walk.histories import drawn
from tests.proof.oracle import case_facts
from tests.proof.oracle.case_facts import facts
from tests.proof.test_worktime_oracle import imported

SCALE = {"mutants": 0.02, "long": 10.0}.get(os.environ.get("LIANDONG_PROOF", ""), 1.0)
HISTORIES = int(20_000 * SCALE)
SEEDS, ATTEMPTS = range(4), 7
CUT_OFF = 4
"""Every so many-th history is asked about a beginning of it, too."""
SHORT_NAMES = {"lead": "parties", "co_handlers": "parties"}
OF_THE_REPORT = frozenset({"number", "channel", "discoverer", "discoverer_unit", "opened_ms"})
"""Fields that the report alone fixes."""
BY_THE_TREE = frozenset({"place", "placed_ms", "place_incomplete", "source", "not_admitted", "rulebook", "case_class"})
"""Fields that nothing in the drawn histories moves but filing, whose condition and limit are compared."""
BY_ANOTHER = frozenset({"merged_from"})
"""Seen in the state that an unmerged case has."""
UNASKED = {Imported, NotAdmitted, Rehomed}
"""Events that no fact asks for: what they write is in the fields above."""


def told(case: Case) -> dict[str, Any]:
    """What the fold knows, in the words of the oracle."""
    parties = ([case.lead] if case.lead else []) + list(case.co_handlers)
    appeal = case.appeal
    same = {name: getattr(case, name) for name in case_facts.FACTS if name in Case.__struct_fields__}
    return {
        **same,
        "status": str(case.status),
        "path": len(case.path),
        "parties": [(p.unit, p.signed and p.signed.person, p.stage and str(p.stage), p.done) for p in parties],
        "handlers": list(case.handlers),
        "units": list(case.units),
        "co_returned": list(case.co_returned),
        "extension": case.extension and case.extension.amount,
        "suspension": case.suspension and case.suspension.until_ms,
        "recurred_by": list(case.recurred_by),
        "merged": list(case.merged),
        "rounds": len(case.rounds),
        "rating": case.rating and case.rating.score,
        "appeal": appeal and (appeal.unit, appeal.person, appeal.reviewer, appeal.supported, appeal.upheld),
        "supervisions": [(one.number, one.replied, one.overdue, one.lapsed) for one in case.supervisions],
        "consultations": [(one.number, one.concluded) for one in case.consultations],
        "clocks": {
            (str(c.kind), c.unit): (
                c.started_ms,
                c.running,
                c.paused,
                c.verdict and str(c.verdict),
                c.used_ms,
                c.deadline_ms,
                c.near,
                c.overdue,
            )
            for c in case.clocks
        },
    }


def differing(events: tuple[CaseEvent, ...]) -> dict[str, tuple[Any, Any]]:
    """The facts of which fold and oracle say different things."""
    case = fold(None, events)
    assert case is not None
    folded, asked = told(case), facts(events)
    return {name: (folded[name], asked[name]) for name in asked if folded[name] != asked[name]}


@pytest.mark.parametrize("seed", SEEDS)
def test_fold_and_oracle_tell_the_same_of_every_history(seed: int, record_property: Any) -> None:
    chosen = random.Random(seed)
    met: Counter[object] = Counter()
    histories = 0
    while histories < HISTORIES // len(SEEDS):
        events = tuple(event for taken in drawn(chosen, ATTEMPTS) for event in taken.events)
        if not events:
            continue
        histories += 1
        assert differing(events) == {}, [type(event).__name__ for event in events]
        if histories % CUT_OFF == 0:
            cut = events[: chosen.randint(1, len(events))]
            assert differing(cut) == {}, [type(event).__name__ for event in cut]
        met.update(map(type, events))
        met[case_facts.status(events)] += 1
    record_property("histories", histories)
    if SCALE >= 1:
        assert [kind.__name__ for kind in CASE_EVENTS if kind not in met and kind not in UNASKED] == []
        assert [status for status in Status if status not in met] == []


def test_the_histories_are_as_many_as_were_promised() -> None:
    assert 20_000 // len(SEEDS) * len(SEEDS) >= 20_000


def test_every_event_and_every_field_of_a_case_is_asked_for() -> None:
    source = (Path(__file__).parent / "oracle" / "case_facts.py").read_text()
    unasked = {kind for kind in CASE_EVENTS if f"e.{kind.__name__}" not in source}
    assert unasked <= UNASKED, "say in tests/proof/oracle/case_facts.py what they mean"
    known = {*case_facts.FACTS, *SHORT_NAMES, *OF_THE_REPORT, *BY_THE_TREE, *BY_ANOTHER}
    assert [name for name in Case.__struct_fields__ if name not in known] == [], "add it to FACTS"


def test_the_oracle_knows_the_event_structs_and_nothing_else_of_ours() -> None:
    source = (Path(__file__).parent / "oracle" / "case_facts.py").read_text()
    assert imported(source) == {"__future__", "collections", "itertools", "typing", "domain"}
    ours = [line for line in source.splitlines() if "import" in line and "domain" in line]
    assert ours == ["from domain.case import events as e"]
