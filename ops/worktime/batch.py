"""Questions as JSON lines, answers as JSON lines: each line for itself, in its order (design §7).

A line that cannot be answered gets `{"error":…}` and stops nothing.
"""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from domain.worktime import Limit, WdRule
from ops.worktime.instants import TimeUnread, read_instant
from ops.worktime.questions import REFUSALS, Refusal, due, seconds, shown, worked_ms
from ops.worktime.tables import Table, Tables

LINE_BYTES_MAX = 1_000_000
_NOTHING = msgspec.Raw(b"null")


class DeadlineQuestion(msgspec.Struct, tag_field="op", tag="deadline", forbid_unknown_fields=True, gc=False):
    """When is a limit used up that starts at `start`?"""

    start: str
    limit: str
    wd_rule: WdRule = WdRule.HOURS
    calendar: msgspec.Raw = _NOTHING


class ElapsedQuestion(msgspec.Struct, tag_field="op", tag="elapsed", forbid_unknown_fields=True, gc=False):
    """How much working time lies between `start` and `end`? The rule for working days has no say in it."""

    start: str
    end: str
    wd_rule: WdRule = WdRule.HOURS
    calendar: msgspec.Raw = _NOTHING


_decoder = msgspec.json.Decoder(DeadlineQuestion | ElapsedQuestion)


def answer_lines(source: BinaryIO, sink: BinaryIO, tables: Tables) -> None:
    """Answer every line of `source` until its end."""
    while line := source.readline(LINE_BYTES_MAX + 1):
        if len(line) > LINE_BYTES_MAX:
            while line and not line.endswith(b"\n"):
                line = source.readline(LINE_BYTES_MAX)
            sink.write(_refused(_too_long()))
        else:
            sink.write(answer_line(tables, line))
        sink.flush()


def answer_line(tables: Tables, line: bytes) -> bytes:
    """The answer to one line, with its line end."""
    try:
        question = _decoder.decode(line)
        start_ms = read_instant(question.start)
        table = _table(tables, question.calendar, start_ms)
        if isinstance(question, ElapsedQuestion):
            worked = worked_ms(table, start_ms, read_instant(question.end))
            return f'{{"working_seconds":{seconds(worked)}}}\n'.encode()
        answer = due(table, start_ms, Limit.parse(question.limit), question.wd_rule)
        deadline, near = shown(table, answer.deadline_ms), shown(table, answer.near_ms)
        return f'{{"deadline":"{deadline}","near":"{near}"}}\n'.encode()
    except REFUSALS as refusal:
        return _refused(refusal)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _refused(_unreadable(error))


def _table(tables: Tables, calendar: msgspec.Raw, start_ms: int) -> Table:
    if calendar is _NOTHING:
        return tables.own
    written = bytes(calendar)
    if written.startswith(b"{"):
        return tables.inline(written, start_ms)
    return tables.named(msgspec.json.decode(written, type=str | None))


def _unreadable(error: Exception) -> TimeUnread:
    return TimeUnread(
        "question.unreadable",
        f"这一行不是可回答的问题:{error}。",
        f"This line is no question that can be answered: {error}.",
    )


def _too_long() -> TimeUnread:
    return TimeUnread(
        "question.too_long",
        f"这一行超过 {LINE_BYTES_MAX} 字节。",
        f"This line has more than {LINE_BYTES_MAX} bytes.",
    )


def _refused(refusal: Refusal) -> bytes:
    return msgspec.json.encode({"error": {"code": refusal.code, "zh": refusal.zh, "en": refusal.en}}) + b"\n"
