"""How an instant (UTC milliseconds) is written where people read it in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


def written(at_ms: int, zone: tzinfo = UTC) -> str:
    """Date, time and offset in that zone, such as 2026-03-01 08:00:00+08:00; what no calendar holds stays a number."""
    try:
        return datetime.fromtimestamp(at_ms / 1000, zone).isoformat(" ", "seconds")
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms"
