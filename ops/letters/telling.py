"""Dead letters as people read them. Owns what of a letter is shown: never its bytes, unless they are asked for.

A value may hold a name, a number, an address in clear. Shown is its form: names of fields, and of the values only those
that an action has in a fixed form (ids, codes, roles, times); every other is told by its kind and length.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Any

import msgspec
from rich.table import Table
from rich.text import Text

from domain.adoption.values import KEY
from domain.instant import written
from eventlog.letters import Done, Kept, Letter
from eventlog.verdict import UnreadReason
from ops.reference.tables import sheet

ROWS_SHOWN_MAX = 40
FIELDS_SHOWN_MAX = 40
ITEMS_SHOWN_MAX = 5
DEPTH_MAX = 6

REASONS: dict[UnreadReason, tuple[str, str]] = {
    UnreadReason.NO_VALUE: ("没有内容", "no value"),
    UnreadReason.TOO_LARGE: ("超过 64 KB", "more than 64 KB"),
    UnreadReason.NOT_JSON: ("不是 JSON", "no JSON"),
    UnreadReason.NOT_AN_ACTION: ("不是操作", "no action"),
    UnreadReason.WRONG_KEY: ("键与案件不符", "the key is not its case"),
    UnreadReason.WRONG_PARTITION: ("分区不符", "another partition"),
    UnreadReason.NOT_KEPT: ("未记录原因", "reason not kept"),
}
STATES: dict[Done | None, tuple[str, str]] = {
    None: ("待处理", "open"),
    Done.RESUBMITTED: ("已重新提交", "resubmitted"),
    Done.DISCARDED: ("已弃置", "discarded"),
}

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORD = re.compile(r"[a-z_]{1,40}")
_PLACE = re.compile(r"[0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{14}")
_TIME = re.compile(r"[0-9]{13}")
_SHOWN: dict[str, re.Pattern[str]] = {
    "id": _UUID,
    "case": _UUID,
    "action": _WORD,
    "role": _WORD,
    "channel": _WORD,
    "reason": _WORD,
    "grid": _PLACE,
    "scope": _PLACE,
    "received_at_ms": _TIME,
    "occurred_at_ms": _TIME,
}
"""Fields of an action whose values can be nobody's personal data, each with the form it must have to be shown."""


def short(origin: str) -> str:
    """The origin without the topic's id: partition/offset, as it may be written on the command line."""
    return origin.partition("/")[2]


def counted(letters: Sequence[Kept], zone: tzinfo) -> str:
    """How many, by reason, from when to when."""
    reasons = Counter(kept.letter.reason for kept in letters)
    told = ", ".join(f"{_both(REASONS[reason])} {count}" for reason, count in reasons.most_common())
    times = [kept.letter.at_ms for kept in letters]
    span = f"{written(min(times), zone)} – {written(max(times), zone)}" if times else "-"
    return f"{len(letters)} 条 letters: {told or '-'}\n{span}"


def listed(letters: Sequence[Kept], zone: tzinfo) -> Table:
    """The newest of them, one a row."""
    table = sheet("原位 origin", "时间 time", "原因 reason", "字节 bytes", "状态 state")
    for kept in letters[-ROWS_SHOWN_MAX:]:
        letter = kept.letter
        at, state = written(letter.at_ms, zone), _both(STATES[kept.mark.done if kept.mark else None])
        table.add_row(short(letter.origin), at, _both(REASONS[letter.reason]), str(letter.size_bytes), state)
    return table


def shown(kept: Kept, value: bytes, zone: tzinfo) -> Table:
    """Everything about one letter except its bytes."""
    letter, mark = kept.letter, kept.mark
    table = Table(show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    rows = [
        ("原位 origin", letter.origin),
        ("副本 copy", f"dead-letters/0/{letter.offset}" + (" (截短 cut)" if letter.cut else "")),
        ("时间 time", written(letter.at_ms, zone)),
        ("原因 reason", f"{_both(REASONS[letter.reason])} [{letter.reason}] {letter.detail}".rstrip()),
        ("键 key", _key(letter)),
        ("字节 bytes", str(letter.size_bytes)),
        ("SHA-256", letter.sha256),
        ("状态 state", _both(STATES[mark.done if mark else None])),
    ]
    if mark is not None:
        rows.append(("处理 by", f"{mark.by}, {written(mark.at_ms, zone)}" + (f": {mark.note}" if mark.note else "")))
    if mark is not None and mark.place is not None:
        rows.append(("新操作 action", f"{mark.action}, actions/{mark.place.partition}/{mark.place.offset}"))
    rows.append(("内容 form", form_of(value)))
    for name, told in rows:
        table.add_row(name, Text(told))
    return table


def as_plain(kept: Kept) -> dict[str, Any]:
    """A letter for machines; its key only where it can be shown."""
    plain: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(kept.letter, key=None))
    state = str(kept.mark.done) if kept.mark else "open"
    return plain | {"key": _key(kept.letter), "state": state, "mark": msgspec.to_builtins(kept.mark)}


def form_of(value: bytes) -> str:
    """What a value is made of, without what anybody wrote in it."""
    try:
        parsed = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "不是 JSON / no JSON"
    return msgspec.json.format(msgspec.json.encode(_form(parsed, "", 0)), indent=2).decode()


def _form(value: Any, name: str, depth: int) -> Any:
    if isinstance(value, dict):
        if depth >= DEPTH_MAX:
            return f"object({len(value)})"
        fields = list(value.items())
        told = {_field(key): _form(inner, key, depth + 1) for key, inner in fields[:FIELDS_SHOWN_MAX]}
        return told | ({"…": len(fields) - FIELDS_SHOWN_MAX} if len(fields) > FIELDS_SHOWN_MAX else {})
    if isinstance(value, list):
        if depth >= DEPTH_MAX or not value:
            return f"list({len(value)})"
        shown_items = [_form(item, "", depth + 1) for item in value[:ITEMS_SHOWN_MAX]]
        return [*shown_items, *([f"+{len(value) - ITEMS_SHOWN_MAX}"] if len(value) > ITEMS_SHOWN_MAX else [])]
    if value is None or isinstance(value, bool):
        return value
    pattern = _SHOWN.get(name)
    if pattern is not None and pattern.fullmatch(str(value)):
        return value
    return f"text({len(value)})" if isinstance(value, str) else "number"


def _field(name: str) -> str:
    return name if _WORD.fullmatch(name) else f"text({len(name)})"


def _key(letter: Letter) -> str:
    if letter.key is None:
        return "-"
    text = letter.key.decode(errors="replace")
    return text if _UUID.fullmatch(text) or text == KEY else f"{len(letter.key)} 字节 bytes"


def _both(words: Iterable[str]) -> str:
    return " ".join(words)
