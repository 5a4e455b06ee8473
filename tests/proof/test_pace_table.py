"""The shipped table of a real quarter's pace, held against the quarter itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ops.people.measure import measure
from ops.people.pace import load_pace

BOSTON = Path(__file__).parents[3] / "shared" / "data" / "boston311" / "2015-q1.csv.gz"


def test_the_shipped_table_is_what_the_real_quarter_gives() -> None:
    if not BOSTON.exists():
        assert "CI" not in os.environ, f"CI has {BOSTON.name}"
        pytest.skip(f"THE PACE TABLE WAS NOT CHECKED: there is no {BOSTON}")
    assert measure(BOSTON) == load_pace()
