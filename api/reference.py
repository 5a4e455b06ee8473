"""The routes that read reference contents: what is in force since where, a part, what differs, who was responsible."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import FastAPI, Request, Response

from api.accounts import Person
from api.parts import Parts
from api.problems import Problem
from domain.case.values import Role
from domain.finding import Finding
from domain.grid.coordinates import CoordinateSystem, coordinate_system, to_wgs84
from domain.grid.duty import Responsible, during
from domain.grid.places import Places
from domain.grid.tree import GridTree
from domain.rulebook import Rulebook
from eventlog.position import PARTITIONS
from projections import adoptions
from projections.adoptions import AdoptionRow
from reference.contents import PARTS, Contents, encode_part

IN_FORCE = "in-force"
OUTSIDERS = frozenset({Role.WALL, Role.PUBLIC, Role.IMPORTER, Role.SYSTEM})
"""Posts name persons: staff read reference contents, a screen, a machine and the public door do not."""
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DAY = timedelta(days=1)


def add_reference(app: FastAPI, parts: Parts) -> None:
    """History, contents, differences, responsibility: for staff of every role."""
    places: dict[str, Places] = {}

    @app.get("/api/reference")
    async def history(request: Request) -> dict[str, Any]:
        await staff(parts, request)
        version, _ = await parts.in_force()
        async with parts.pool.acquire() as connection:
            rows = await adoptions.read_rows(connection)
        counted = {v: list(parts.hub.in_force.values()).count(v) for v in dict.fromkeys(parts.hub.in_force.values())}
        return {"in_force": version, "partitions": counted, "adoptions": told(rows)}

    @app.get("/api/reference/responsible")
    async def who(
        request: Request, at: str, grid: str = "", lon: float | None = None, lat: float | None = None, system: str = ""
    ) -> dict[str, Any]:
        await staff(parts, request)
        version, _ = await parts.in_force()
        await parts.contents(version)
        assert parts.editions is not None, "contents are there, so they were read"
        book = parts.editions.rules[version].book
        since_ms, until_ms = _span(at, parts.profile.about.zone)
        if grid:
            if not book.tree.rows(grid):
                raise Problem("not_found", found=grid)
            answers = during(book.tree, book.posts, lambda _: grid, since_ms, until_ms)
        else:
            if version not in places:
                places.clear()
                places[version] = await asyncio.to_thread(Places, book.tree)
            answers = _at_point(book, places[version], (lon, lat, system), since_ms, until_ms)
        return {"version": version, "answers": [_answer(book.tree, answer) for answer in answers]}

    @app.get("/api/reference/diff")
    async def diff(request: Request, new: str, old: str = IN_FORCE) -> dict[str, Any]:
        from reference.draft import differences  # the cover check behind it brings the geometry library

        await staff(parts, request)
        before, after = await _version(parts, old), await _version(parts, new)
        zone = ZoneInfo(parts.profile.about.zone)
        found = await asyncio.to_thread(differences, before[1], after[1], zone)
        return {"old": before[0], "new": after[0], "differences": msgspec.to_builtins(found)}

    @app.get("/api/reference/{version}")
    async def one(request: Request, version: str) -> dict[str, Any]:
        await staff(parts, request)
        name, contents = await _version(parts, version)
        sizes = {part: len(encode_part(getattr(contents, part))) for part in PARTS}
        return {"version": name, "parts": {part: {"bytes": size} for part, size in sizes.items()}}

    @app.get("/api/reference/{version}/standard.xlsx")
    async def workbook(request: Request, version: str) -> Response:
        await staff(parts, request)
        name, contents = await _version(parts, version)
        headers = {"Content-Disposition": f'attachment; filename="standard-{name[:12]}.xlsx"'}
        return Response(await asyncio.to_thread(_exported, contents), media_type=WORKBOOK, headers=headers)

    @app.get("/api/reference/{version}/{part}")
    async def part_of(request: Request, version: str, part: str) -> Response:
        await staff(parts, request)
        if part not in PARTS:
            raise Problem("not_found", found=part, allowed=list(PARTS))
        _, contents = await _version(parts, version)
        return Response(encode_part(getattr(contents, part)), media_type="application/json")


async def staff(parts: Parts, request: Request) -> Person:
    """Somebody of the city's. Raises Problem `unauthenticated`, `forbidden`."""
    person = await parts.person(request)
    if all(post.role in OUTSIDERS for post in person.posts):
        raise Problem("forbidden", found=[str(post.role) for post in person.posts])
    parts.spend(person.username)
    return person


def told(rows: list[AdoptionRow]) -> list[dict[str, Any]]:
    """One entry an action id, the newest first: who adopted what, and since which offsets each partition has it."""
    asked: dict[str, dict[str, Any]] = {}
    for row in rows:
        attempt = row.record.attempt
        entry = asked.setdefault(
            attempt.id,
            {
                "action_id": attempt.id,
                "version": attempt.action.version,
                "base": attempt.action.base,
                "note": attempt.action.note,
                "person": attempt.actor.person,
                "at_ms": row.record.at_ms,
                "partitions": {},
            },
        )
        entry["at_ms"] = max(entry["at_ms"], row.record.at_ms)
        entry["partitions"].setdefault(
            str(row.partition),
            {
                "outcome": str(row.record.outcome),
                "action_offset": row.record.origin.offset,
                "event_offset": row.event_offset,
                "at_ms": row.record.at_ms,
            },
        )
    for entry in asked.values():
        entry["complete"] = len(entry["partitions"]) == PARTITIONS
    return sorted(asked.values(), key=lambda entry: entry["at_ms"], reverse=True)


async def _version(parts: Parts, version: str) -> tuple[str, Contents]:
    """The contents of a version named whole, by at least eight of its digits, or as `in-force`.

    Only one that is on `refs` is looked for: a wrong name must not be waited for.
    """
    if version == IN_FORCE:
        return await parts.in_force()
    if parts.editions is None:
        raise Problem("starting")
    named = await parts.editions.named(version)
    if len(named) != 1:
        raise Problem("not_found", found=version, allowed=named)
    return named[0], await parts.contents(named[0])


def _span(at: str, zone: str) -> tuple[int, int]:
    """A local day (2026-11-25) as its first and last instant, or an instant with its offset from UTC."""
    try:
        if len(at) == len("2026-11-25"):
            first = datetime.combine(date.fromisoformat(at), datetime.min.time(), ZoneInfo(zone))
            following = datetime.combine(date.fromisoformat(at) + DAY, datetime.min.time(), ZoneInfo(zone))
            return round(first.timestamp() * 1000), round(following.timestamp() * 1000)
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is None:
            raise ValueError("no offset from UTC")
        at_ms = round(instant.timestamp() * 1000)
        return at_ms, at_ms + 1
    except (ValueError, OverflowError, OSError) as error:
        allowed = ["2026-11-25", "2026-11-25T09:00:00+08:00"]
        raise Problem("malformed", field="at", found=at, allowed=allowed) from error


def _at_point(
    book: Rulebook, places: Places, point: tuple[float | None, float | None, str], since_ms: int, until_ms: int
) -> list[Responsible]:
    lon, lat, label = point
    if lon is None or lat is None:
        raise Problem("malformed", field="grid", found=None, allowed=["grid", "lon, lat, system"])
    system = coordinate_system(label)
    if isinstance(system, Finding):
        allowed = list(map(str, CoordinateSystem))
        raise Problem("malformed", field="system", found=label, allowed=allowed, findings=[_shown(system)])
    east, north = to_wgs84(system, lon, lat)
    grid = places.locate(east, north, since_ms)
    if isinstance(grid, Finding):
        raise Problem("malformed", field="lon", findings=[_shown(grid)])

    def grid_at(at_ms: int) -> str | None:
        found = places.find(east, north, at_ms)
        return None if found is None else found.code

    return during(book.tree, book.posts, grid_at, since_ms, until_ms)


def _answer(tree: GridTree, answer: Responsible) -> dict[str, Any]:
    grids = [tree.find(code, answer.since_ms) for code in answer.path]
    return {
        "since_ms": answer.since_ms,
        "until_ms": answer.until_ms,
        "place": [{"code": g.code, "level": g.level, "zh": g.zh, "en": g.en or g.zh} for g in grids if g is not None],
        "responsible": msgspec.to_builtins(answer.posts),
    }


def _shown(finding: Finding) -> Any:
    return msgspec.to_builtins(finding)


def _exported(contents: Contents) -> bytes:
    from reference.standard_export import export_workbook  # only here: the API comes up sooner without it

    with TemporaryDirectory(prefix="liandong-") as folder:
        path = Path(folder) / "standard.xlsx"
        export_workbook(contents.standard, contents.units, path)
        return path.read_bytes()
