"""`who`: who was responsible for a grid or a spot on that day."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from domain.finding import Finding
from domain.grid.coordinates import CoordinateSystem, coordinate_system, to_wgs84
from domain.grid.places import Places
from domain.grid.posts import Post, Posts, responsible
from domain.grid.tree import GridTree
from domain.grid.values import Grid
from domain.instant import written
from ops.reference.library import IN_FORCE, open_library, zone_of
from ops.reference.options import Against, AsJson, At, moment
from ops.reference.tables import console, sheet
from reference.contents import Contents
from runtime.faults import Fault

NEAREST_SHOWN_MAX = 3


def who(
    place: Annotated[str, typer.Argument(metavar="CODE|LON,LAT", help="A grid's code of that time, or a spot.")],
    system: Annotated[
        str | None, typer.Option("--system", help=f"Of a spot: {', '.join(CoordinateSystem)}. Never guessed.")
    ] = None,
    at_time: At = None,
    against: Against = None,
    as_json: AsJson = False,
) -> None:
    """Who is, or was, responsible for a grid or a spot: by role, the nearest first.

    liandong reference who 113.39,34.54 --system GCJ-02 --at 2026-10-01
    """
    _, contents = open_library(against).named(IN_FORCE)
    at_ms = moment(at_time, zone_of(contents))
    tree = GridTree(contents.grids)
    grid = _spot(tree, place, system, at_ms) if "," in place else _grid(tree, place, at_ms, contents)
    path = tree.ancestors(grid.code, at_ms)
    found = responsible(tree, Posts(contents.posts), grid.code, at_ms)
    when = written(at_ms, zone_of(contents))
    if as_json:
        told = {"at": when, "grid": grid.code, "ancestors": [each.code for each in path], "responsible": found}
        typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
        return
    title = f"{when}\n" + " < ".join(f"{each.zh} {each.code}" for each in path)
    table = sheet("岗位 role", "人 person", "范围 scope", "单位 unit", title=title)
    for role, posts in found.items():
        for number, post in enumerate(posts[:NEAREST_SHOWN_MAX]):
            table.add_row(str(role) if number == 0 else "", _called(post), post.scope, post.unit or "")
    console().print(table)


def _called(post: Post) -> str:
    return f"{post.person} {post.title_zh}".strip()


def _grid(tree: GridTree, code: str, at_ms: int, contents: Contents) -> Grid:
    found = tree.find(code, at_ms)
    if found is not None:
        return found
    known = "; ".join(_term(grid, contents) for grid in tree.rows(code))
    when = written(at_ms, zone_of(contents))
    raise Fault(
        "reference.no_grid",
        f"{when} 没有编码为 {code} 的网格{f';该编码的时间:{known}' if known else ''}。",
        f"{code} is no grid at {when}{f'; it was: {known}' if known else ''}.",
        hint_zh="liandong reference show --part grids 列出乡镇。",
        hint_en="liandong reference show --part grids shows the townships.",
    )


def _term(grid: Grid, contents: Contents) -> str:
    zone = zone_of(contents)
    since, until = ("–" if ms is None else written(ms, zone) for ms in (grid.since_ms, grid.until_ms))
    return f"{since} → {until} ({', '.join(grid.became)})" if grid.became else f"{since} → {until}"


def _spot(tree: GridTree, place: str, label: str | None, at_ms: int) -> Grid:
    try:
        lon, lat = (float(number) for number in place.split(","))
    except ValueError:
        raise Fault(
            "reference.place",
            f"“{place}”不是网格编码,也不是“经度,纬度”。",
            f"'{place}' is neither a grid's code nor LON,LAT.",
        ) from None
    stated = coordinate_system(label, "place")
    if isinstance(stated, Finding):
        raise _as_fault(stated, "--system", "--system")
    found = Places(tree).locate(*to_wgs84(stated, lon, lat), at_ms)
    if isinstance(found, Finding):
        raise _as_fault(found)
    return found


def _as_fault(finding: Finding, hint_zh: str = "", hint_en: str = "") -> Fault:
    hint_zh, hint_en = (f"请给出 {hint_zh}。", f"Give it by {hint_en}.") if hint_zh else ("", "")
    return Fault(finding.code, finding.zh, finding.en, hint_zh=hint_zh, hint_en=hint_en)
