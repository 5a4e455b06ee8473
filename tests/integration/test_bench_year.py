"""`liandong bench year` on a small year: it measures a whole log, folded by the real processor and rebuilt equal."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec

from ops.bench.year import YearFound

EVENTS = 2_000


def test_a_small_year_is_made_folded_read_verified_and_rebuilt() -> None:
    command = [sys.executable, "-m", "ops.cli", "bench", "year", "--events", str(EVENTS), "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    found = msgspec.convert(json.loads(done.stdout), YearFound)
    assert EVENTS <= found.events < EVENTS + 100
    assert 0 < found.cases < found.records < found.events
    assert [one.name for one in found.took] == [
        "plan, decide and encode",
        "append, 2,000 under way",
        "read from Kafka (floor)",
        "COPY into PostgreSQL (floor)",
        "read, decode and fold in memory",
        "read and verify every chain",
        "Kafka → Faust → PostgreSQL",
        "rebuild every projection, compare, swap",
    ]
    assert all(one.seconds > 0 for one in found.took)
    peaks = {one.name: one.peak for one in found.took if one.peak}
    assert peaks.keys() == {"Kafka → Faust → PostgreSQL", "rebuild every projection, compare, swap"}
