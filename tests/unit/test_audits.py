"""When the auditor counts as silent."""

from __future__ import annotations

import pytest

from projections.audited import MISSED_CYCLES_MAX, SLACK_S, Cycle


@pytest.mark.parametrize(("every_s", "seconds"), [(10.0, 0.2), (10.0, 40.0), (0.5, 0.1)])
def test_an_auditor_is_silent_after_some_cycles_however_long_they_take(every_s: float, seconds: float) -> None:
    cycle = Cycle(1_000_000, seconds, every_s, cases=3, clocks=4, divergent=0)
    last_ms = 1_000_000 + (MISSED_CYCLES_MAX * max(every_s, seconds) + SLACK_S) * 1000
    assert not cycle.silent(round(last_ms))
    assert cycle.silent(round(last_ms) + 1)
