"""What differs between two routings, in sentences for the people who adopt the newer one. Owns no judgement of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, tzinfo
from typing import cast

from msgspec.structs import asdict

from domain.difference import Difference, DifferenceKind
from domain.instant import written
from domain.routing.values import Adjudication, Routing, Rule

Entry = Rule | Adjudication
_KIND_ZH = {DifferenceKind.ADDED: "新增", DifferenceKind.REMOVED: "删除"}


def diff_routings(before: Routing, after: Routing, zone: tzinfo = UTC) -> list[Difference]:
    """Rules first, then adjudications, each by code; instants are written in `zone`. Order makes none."""
    rules = ({r.code: r for r in before.rules}, {r.code: r for r in after.rules})
    adjudications = ({a.code: a for a in before.adjudications}, {a.code: a for a in after.adjudications})
    return [*_entries("rule", "规则", *rules, zone), *_entries("adjudication", "裁决", *adjudications, zone)]


def _entries(
    part: str, part_zh: str, before: Mapping[str, Entry], after: Mapping[str, Entry], zone: tzinfo
) -> Iterator[Difference]:
    for code in sorted(before.keys() | after.keys()):
        old, new = before.get(code), after.get(code)
        if old is None or new is None:
            kind = DifferenceKind.ADDED if old is None else DifferenceKind.REMOVED
            entry = new or old
            assert entry is not None, "the code stands in one of the two"
            said = _said(asdict(entry), zone)
            zh, en = f"{_KIND_ZH[kind]}{part_zh}{code}:{said}。", f"The {part} {code} was {kind}: {said}."
            yield Difference(kind, part, code, zh, en)
        elif old != new:
            changes = "; ".join(_changes(old, new, zone))
            yield Difference(
                DifferenceKind.CHANGED,
                part,
                code,
                f"{part_zh}{code}有变化:{changes}。",
                f"The {part} {code} changed: {changes}.",
            )


def _said(fields: Mapping[str, object], zone: tzinfo) -> str:
    stated = {name: value for name, value in fields.items() if name != "code" and value not in (None, (), "")}
    return "; ".join(f"{name} {_shown(name, value, zone)}" for name, value in stated.items())


def _changes(old: Entry, new: Entry, zone: tzinfo) -> Iterator[str]:
    after = asdict(new)
    for name, value in asdict(old).items():
        if after[name] != value:
            yield f"{name} {_shown(name, value, zone)} → {_shown(name, after[name], zone)}"


def _shown(name: str, value: object, zone: tzinfo) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in cast("tuple[object, ...]", value)) or "*"
    if isinstance(value, int) and name.endswith("_ms"):
        return written(value, zone)
    return "–" if value is None or value == "" else str(value)
