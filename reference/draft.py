"""A draft: the contents in force with some parts replaced, and everything to be known of it before it is adopted.

Owns the whole check of a draft against what it follows: sound in itself, and answering about the past as ever. Must
never let a fault pass; what differs and whom it touches is told by `draft_differences` and `draft_impact`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from domain.admission.diff import rewritten
from domain.finding import Finding, Weight, faults
from domain.grid.past import keeps_the_past
from domain.grid.posts import Posts, check_posts, check_vacant
from domain.grid.tree import GridTree
from domain.routing.values import Adjudication, Routing
from domain.worktime import CalendarError, CalendarFile
from eventlog.refs import CONTENT_BYTES_MAX
from reference.contents import PARTS, Contents, compiled, decode_part, encode_part
from reference.cover import check_cover
from reference.draft_differences import differences
from reference.draft_impact import Preview, open_case, touched
from reference.soundness import check_ahead, check_contents

__all__ = ["Preview", "amended", "check_draft", "differences", "open_case", "touched"]

MOMENTS_MAX = 50
"""Instants ahead at which a tree may change: its cover is looked at in each of them."""
DAYS_SHOWN_MAX = 10


def amended(contents: Contents, parts: Mapping[str, bytes]) -> tuple[Contents | None, list[Finding]]:
    """The contents with these parts (JSON by the part's name) in place of their own; None with at least one fault."""
    findings: list[Finding] = []
    decoded: dict[str, object] = {}
    for part, content in parts.items():
        if part not in PARTS:
            findings.append(_unknown_part(part))
        elif len(content) > CONTENT_BYTES_MAX:
            findings.append(_too_large(part, len(content)))
        else:
            try:
                decoded[part] = decode_part(part, content)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                findings.append(_undecodable(part, error))
    return (None if findings else replace(contents, **decoded)), findings


def check_draft(old: Contents | None, new: Contents, at_ms: int) -> list[Finding]:
    """Everything that is wrong with `new` where it would follow `old` (None: nothing is in force) at `at_ms`.

    `at_ms` (UTC milliseconds) is the earliest instant at which anything in it takes effect. Faults forbid it.
    """
    findings = [
        *(_too_large(part, size) for part in PARTS if (size := _size(new, part)) > CONTENT_BYTES_MAX),
        *check_contents(new),
        *check_ahead(new, at_ms),
    ]
    tree, posts = GridTree(new.grids), Posts(new.posts)
    findings += [*check_posts(tree, posts), *_units_of_posts(new)]
    moved = old is None or old.grids != new.grids
    if moved and not faults(findings):
        findings += _cover(tree, at_ms)
    if new.posts and (moved or old is None or old.posts != new.posts):
        findings += check_vacant(tree, posts, at_ms)
    return findings if old is None else [*findings, *_past(old, new, at_ms)]


def _past(old: Contents, new: Contents, at_ms: int) -> list[Finding]:
    lost = [_history_rewritten(code) for code in rewritten(old.admission, new.admission)]
    return [
        *keeps_the_past(old.grids, new.grids, at_ms, old.posts, new.posts),
        *_adjudications(old.routing, new.routing, at_ms),
        *lost,
        *_calendar_past(old.calendar, new.calendar, at_ms),
    ]


def _cover(tree: GridTree, at_ms: int) -> list[Finding]:
    """The geometry from that instant on, each fault once however long it lasts."""
    moments = [at_ms, *(ms for ms in tree.moments if ms > at_ms)]
    found: dict[tuple[str, str, str], Finding] = {}
    for moment in moments[:MOMENTS_MAX]:
        for finding in check_cover(tree, moment):
            found.setdefault((finding.code, finding.key, finding.found), finding)
    over = [_too_many_moments(len(moments))] if len(moments) > MOMENTS_MAX else []
    return [*found.values(), *over]


def _adjudications(old: Routing, new: Routing, at_ms: int) -> Iterator[Finding]:
    """A decision on who owns a matter is ended by a later one or by a time ahead, never taken out."""
    kept = {adjudication.code: adjudication for adjudication in new.adjudications}
    for before in old.adjudications:
        after = kept.get(before.code)
        ended = after is not None and after.until_ms != before.until_ms
        if after is None or replace(after, until_ms=before.until_ms) != before or (ended and _early(after, at_ms)):
            yield Finding(
                "routing.adjudication_lost",
                "routing",
                f"裁决 {before.code} 不见了或被改动;裁决只能写明今后的终止时间。",
                f"The adjudication {before.code} is gone or changed; it can only be given an end that lies ahead.",
                found=before.code,
                key=before.code,
            )


def _early(adjudication: Adjudication, at_ms: int) -> bool:
    return adjudication.until_ms is not None and adjudication.until_ms < at_ms


def _calendar_past(old: CalendarFile, new: CalendarFile, at_ms: int) -> list[Finding]:
    """Days gone by that the new calendar counts otherwise: allowed, for filed cases keep theirs, but said."""
    if old == new:
        return []
    try:
        before, after = compiled(old), compiled(new)
    except CalendarError:
        return []
    changed = _sessions(before.starts, before.ends, at_ms) ^ _sessions(after.starts, after.ends, at_ms)
    zone = ZoneInfo(new.zone)
    days = sorted(
        {datetime.fromtimestamp(start / 1000, UTC).astimezone(zone).date().isoformat() for start, _ in changed}
    )
    if not days:
        return []
    shown = ", ".join(days[:DAYS_SHOWN_MAX]) + (" …" if len(days) > DAYS_SHOWN_MAX else "")
    return [
        Finding(
            "calendar.past_changed",
            "calendar",
            f"新日历改变了已经过去的 {len(days)} 天({shown});已立案的案件仍按原日历计时。",
            f"The new calendar counts {len(days)} days gone by otherwise ({shown}); cases filed keep their calendar.",
            found=str(len(days)),
            weight=Weight.WARNING,
        )
    ]


def _sessions(starts: Sequence[int], ends: Sequence[int], before_ms: int) -> set[tuple[int, int]]:
    return {(start, end) for start, end in zip(starts, ends, strict=True) if start < before_ms}


def _units_of_posts(contents: Contents) -> Iterable[Finding]:
    units = {unit.code for unit in contents.units}
    for post in contents.posts:
        if post.unit is not None and post.unit not in units and post.until_ms is None:
            yield Finding(
                "posts.unit_unknown",
                "posts",
                f"{post.person} 的岗位 {post.role} 所在单位 {post.unit} 不存在。",
                f"{post.person} is {post.role} of the unit {post.unit}, which does not exist.",
                found=post.unit,
                key=post.person,
            )


def _size(contents: Contents, part: str) -> int:
    return len(encode_part(getattr(contents, part)))


def _unknown_part(part: str) -> Finding:
    allowed = ", ".join(PARTS)
    return Finding(
        "draft.unknown_part",
        part,
        f"没有名为“{part}”的部分;可用的有:{allowed}。",
        f"There is no part '{part}'; there are: {allowed}.",
        found=part,
        allowed=allowed,
    )


def _undecodable(part: str, error: Exception) -> Finding:
    return Finding(
        "draft.undecodable",
        part,
        f"{part} 的内容无法读取:{error}。",
        f"The content given for {part} cannot be read: {error}.",
        found=str(error),
    )


def _too_large(part: str, found: int) -> Finding:
    return Finding(
        "draft.too_large",
        part,
        f"{part} 有 {found} 字节,最多 {CONTENT_BYTES_MAX} 字节。",
        f"The part {part} has {found} bytes; at most {CONTENT_BYTES_MAX} are allowed.",
        found=str(found),
        allowed=str(CONTENT_BYTES_MAX),
        key=part,
    )


def _history_rewritten(code: str) -> Finding:
    return Finding(
        "admission.rewritten",
        "admission",
        f"准入事项 {code} 已有的步骤不见了或被改动;只能在其后增加步骤。",
        f"Steps that the item {code} had are gone or changed; steps can only be added after them.",
        found=code,
        key=code,
    )


def _too_many_moments(found: int) -> Finding:
    return Finding(
        "grids.too_many_moments",
        "grids",
        f"网格在今后 {found} 个时刻有变化,最多 {MOMENTS_MAX} 个;请分批采用。",
        f"The tree changes at {found} instants ahead; at most {MOMENTS_MAX} are allowed, so adopt it in several steps.",
        found=str(found),
        allowed=str(MOMENTS_MAX),
    )
