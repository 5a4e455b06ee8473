"""Makes `pace.json` from a real quarter: `python -m ops.people.measure FILE.csv.gz`.

Only counts and quantiles leave the file, never a row: when people report, and what share of its time each class with
enough rows took. The source's own on-time flag is not read.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from domain.case.actions import Close, ImportCase
from ops.importing import read_rows
from ops.people.pace import ALL, FILE, QUANTILES, ClassPace, Pace
from reference.mapping import load_mapping, read_row

CLASS_ROWS_MIN = 100
DIGITS = 4


def measure(path: Path) -> Pace:
    """The table of one quarter of Boston's requests. Raises Fault where the file cannot be read."""
    city = load_mapping("boston")
    zone = ZoneInfo(city.city.zone)
    used: dict[str, list[float]] = defaultdict(list)
    hours: Counter[int] = Counter()
    weekdays: Counter[int] = Counter()
    for line, row in enumerate(read_rows(path, city), start=2):
        past = read_row(city, line, row, None)
        if not isinstance(past, ImportCase):
            continue
        opened = datetime.fromtimestamp(past.opened_ms / 1000, UTC).astimezone(zone)
        hours[opened.hour] += 1
        weekdays[opened.weekday()] += 1
        closed = next((step.at_ms for step in past.steps if isinstance(step.do, Close)), None)
        if closed is not None and past.deadline_ms is not None and past.deadline_ms > past.opened_ms:
            share = (closed - past.opened_ms) / (past.deadline_ms - past.opened_ms)
            for name in (row[city.columns.case_class].strip(), ALL):
                used[name].append(share)
    rows = hours.total()
    return Pace(
        source=f"Boston 311, {path.name}: {rows} requests, {len(used[ALL])} of them with a target and a close",
        rows=rows,
        hours=tuple(round(hours[hour] / rows, DIGITS) for hour in range(24)),
        weekdays=tuple(round(weekdays[day] / rows, DIGITS) for day in range(7)),
        classes={name: _class_pace(shares) for name, shares in sorted(used.items()) if len(shares) >= CLASS_ROWS_MIN},
    )


def _class_pace(shares: list[float]) -> ClassPace:
    ordered = sorted(shares)
    last = len(ordered) - 1
    used = tuple(round(ordered[round(last * step / QUANTILES)], DIGITS) for step in range(QUANTILES + 1))
    return ClassPace(len(shares), round(sum(share > 1 for share in shares) / len(shares), DIGITS), used)


def main() -> None:
    """Write the table beside the code that reads it."""
    encoded = msgspec.json.encode(measure(Path(sys.argv[1])))
    FILE.write_bytes(msgspec.json.format(encoded, indent=1) + b"\n")


if __name__ == "__main__":
    main()
