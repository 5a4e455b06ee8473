"""A case's responsibility ledger as plain text: a line an interval, for a terminal or a letter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.case.ledger import Interval, Ledger, elapsed_ms, sum_ms, tiles

HEAD = ("轮 round", "起 from", "止 to", "时长 span", "责任方 holder", "层级 level", "状态 status", "时钟 clock")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
WIDE_FROM = "\u2e80"
"""From here on a character is two columns wide: enough for the Chinese of the head."""


def table(ledger: Ledger, as_of_ms: int, zone: ZoneInfo) -> str:
    """The intervals, then the co-handlers' lanes, then the sum beside what elapsed; local times of `zone`.

    What goes on counts up to `as_of_ms`, and has a dash for its end.
    """
    held, beside = _rows(ledger.intervals, as_of_ms, zone), _rows(ledger.lanes, as_of_ms, zone)
    widths = [max(map(_width, column)) for column in zip(HEAD, *held, *beside, strict=True)]
    lines = [_line(row, widths) for row in (HEAD, *held)]
    if beside:
        lines += ["协办 co-handlers, beside the sum", *(_line(row, widths) for row in beside)]
    total, elapsed = sum_ms(ledger.intervals, as_of_ms), elapsed_ms(ledger.rounds, as_of_ms)
    ok = total == elapsed and tiles(ledger.intervals, ledger.rounds)
    said = "相等 equal" if ok else "不符 DIFFERENT"
    return "\n".join([*lines, f"合计 sum {span(total)} · 历时 elapsed {span(elapsed)} · {said}", ""])


def span(ms: int) -> str:
    """So many days, hours, minutes, seconds and milliseconds: `1d 02:03:04.005`."""
    days, rest = divmod(ms, DAY_MS)
    hours, rest = divmod(rest, HOUR_MS)
    minutes, rest = divmod(rest, MINUTE_MS)
    seconds, rest = divmod(rest, SECOND_MS)
    return f"{f'{days}d ' if days else ''}{hours:02}:{minutes:02}:{seconds:02}.{rest:03}"


def _rows(intervals: Sequence[Interval], as_of_ms: int, zone: ZoneInfo) -> list[tuple[str, ...]]:
    return [
        (
            str(interval.round),
            _local(interval.from_ms, zone),
            "—" if interval.to_ms is None else _local(interval.to_ms, zone),
            span(sum_ms([interval], as_of_ms)),
            interval.standing.holder or f"({interval.standing.pause})",
            str(interval.standing.level),
            str(interval.standing.status),
            str(interval.clock or "—"),
        )
        for interval in intervals
    ]


def _local(at_ms: int, zone: ZoneInfo) -> str:
    moment = (EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone)
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1_000:03}"


def _width(text: str) -> int:
    return sum(2 if character >= WIDE_FROM else 1 for character in text)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)).rstrip()
