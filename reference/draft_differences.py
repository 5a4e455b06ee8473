"""What differs between two versions of the contents, over all of their parts, in sentences for whoever agrees to it.

Owns the list in the order of the parts, and the sentences for calendar, units, grids and posts; the others are told by
their own packages. A name of a version is no difference by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo

import msgspec

from domain.admission.diff import diff_admission
from domain.difference import Difference, DifferenceKind
from domain.grid.posts import Post
from domain.instant import written
from domain.routing.diff import diff_routings
from domain.standard.diff import diff
from domain.standard.values import Standard
from domain.unit import Unit
from domain.worktime import CalendarFile
from reference.contents import Contents
from reference.grid_differences import grid_differences

ADDED, REMOVED, CHANGED = DifferenceKind.ADDED, DifferenceKind.REMOVED, DifferenceKind.CHANGED


def differences(old: Contents, new: Contents, zone: tzinfo = UTC) -> list[Difference]:
    """Every difference, part after part in the order of the manifest; instants are written in `zone`."""
    return [
        *_calendar(old.calendar, new.calendar),
        *_standard(old.standard, new.standard),
        *grid_differences(old.grids, new.grids, zone),
        *_units(old.units, new.units),
        *diff_routings(old.routing, new.routing, zone),
        *diff_admission(old.admission, new.admission, zone),
        *_posts(old.posts, new.posts, zone),
    ]


def _standard(old: Standard, new: Standard) -> Iterator[Difference]:
    for change in diff(old, new):
        kind = CHANGED
        if change.field in ("major", "class", "condition", "stage"):
            kind = ADDED if change.old is None else REMOVED
        yield Difference(kind, "standard", change.key, f"{change.zh}。", f"{change.en}.")


def _calendar(old: CalendarFile, new: CalendarFile) -> Iterator[Difference]:
    for field in ("zone", "workday_minutes", "week", "seasons", "published"):
        before, after = (_plain(getattr(file, field)) for file in (old, new))
        if before != after:
            zh, en = f"日历的 {field}:{before} → {after}。", f"The calendar's {field}: {before} → {after}."
            yield Difference(CHANGED, "calendar", field, zh, en)
    days_before, days_after = _days(old), _days(new)
    for day in sorted(days_before.keys() | days_after.keys()):
        before, after = days_before.get(day, "–"), days_after.get(day, "–")
        if before != after:
            kind = ADDED if before == "–" else REMOVED if after == "–" else CHANGED
            zh, en = f"{day}:{before} → {after}。", f"{day}: {before} → {after}."
            yield Difference(kind, "calendar_day", day, zh, en)


def _days(file: CalendarFile) -> dict[str, str]:
    """What the calendar says of single days."""
    special = {day: "special " + ", ".join("-".join(pair) for pair in spans) for day, spans in file.special.items()}
    return dict.fromkeys(file.workdays, "workday") | dict.fromkeys(file.holidays, "holiday") | special


def _plain(value: object) -> str:
    return "–" if value is None else msgspec.json.encode(value, order="sorted").decode()


def _units(old: Iterable[Unit], new: Iterable[Unit]) -> Iterator[Difference]:
    before, after = ({unit.code: unit for unit in units} for units in (old, new))
    for code in sorted(before.keys() | after.keys()):
        was, becomes = before.get(code), after.get(code)
        if was is None and becomes is not None:
            yield Difference(ADDED, "unit", code, f"新增单位 {code} {becomes.zh}。", f"The unit {code} is new.")
        elif becomes is None and was is not None:
            yield Difference(REMOVED, "unit", code, f"撤销单位 {code} {was.zh}。", f"The unit {code} is gone.")
        elif was is not None and becomes is not None and was != becomes:
            told = "; ".join(_fields(was, becomes))
            yield Difference(CHANGED, "unit", code, f"单位 {code} 有变化:{told}。", f"The unit {code} changed: {told}.")


def _fields(old: msgspec.Struct, new: msgspec.Struct) -> Iterator[str]:
    for name in old.__struct_fields__:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name} {_shown(before)} → {_shown(after)}"


def _shown(value: object) -> str:
    return "–" if value is None or value == "" else str(value)


def _posts(old: Iterable[Post], new: Iterable[Post], zone: tzinfo) -> Iterator[Difference]:
    before, after = ({_post_key(post): post for post in posts} for posts in (old, new))
    for key in sorted(before.keys() | after.keys(), key=str):
        was, becomes = before.get(key), after.get(key)
        if was == becomes:
            continue
        post = becomes or was
        assert post is not None, "the key stands in one of the two"
        name_zh, name_en = (
            f"{post.person} 在 {post.scope} 的岗位 {post.role}",
            f"{post.person} as {post.role} of {post.scope}",
        )
        if was is None:
            since = "" if post.since_ms is None else written(post.since_ms, zone)
            yield Difference(
                ADDED,
                "post",
                post.person,
                f"{name_zh}新设{f',自 {since} 起' if since else ''}。",
                f"{name_en} is new{f', from {since}' if since else ''}.",
            )
        elif becomes is None:
            yield Difference(REMOVED, "post", post.person, f"{name_zh}被删除。", f"{name_en} is gone.")
        elif was.until_ms != becomes.until_ms and becomes.until_ms is not None:
            until = written(becomes.until_ms, zone)
            yield Difference(CHANGED, "post", post.person, f"{name_zh}于 {until} 终止。", f"{name_en} ends at {until}.")
        else:
            told = "; ".join(_fields(was, becomes))
            yield Difference(CHANGED, "post", post.person, f"{name_zh}有变化:{told}。", f"{name_en} changed: {told}.")


def _post_key(post: Post) -> tuple[str, str, str, str, int]:
    return post.person, str(post.role), post.unit or "", post.scope, post.since_ms or 0
