"""The route of duplicate suggestions: which open cases may be the same matter? Nothing is merged: a person decides.

Owns which cases are looked at, and that none outside the reader's scope is. The score is the domain's.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI, Request
from msgspec.structs import replace

from api.parts import NO_CASE_CONTENT, Parts
from api.problems import REPEAT, Problem
from domain.case.events import Reported
from domain.case.likeness import SCORE_MIN, Likeness, Report, likeness
from domain.case.state import Case
from domain.case.values import Place, Role
from domain.standard.values import Standard
from projections import board, timeline
from projections.board import BoardRow

SUGGESTED_MAX = 10
TEXTS_OPENED_MAX = 20
NEIGHBOURS_MAX = 500
NEIGHBOUR_DEGREES = 0.006
"""Somewhat more than the distance within which a place counts as alike."""
TOWN_DIGITS = 9


def add_duplicates(app: FastAPI, parts: Parts) -> None:
    """For whoever may see the case; `behind` while the rows do not have it, except for who sees no texts."""

    @app.get("/api/cases/{case_id}/duplicates")
    async def duplicates(case_id: str, request: Request) -> dict[str, Any]:
        person = await parts.reader(request)
        parts.spend(person.username)
        case = await parts.case(person, case_id)
        _, contents = await parts.in_force()
        posts = [post for post in person.posts if post.role not in NO_CASE_CONTENT]
        async with parts.pool.acquire() as connection:
            found = await board.read_rows(
                connection,
                "case_id <> $1 and exists (select from unnest($2::text[]) as s where starts_with(grid, s)) "
                "and (grid = $3 or starts_with($3, grid) or abs(lon - $4) < $6 and abs(lat - $5) < $6 "
                "or starts_with(grid, left($3, $7))) order by (grid = $3) desc, (case_class = $8) desc nulls last, "
                "opened_ms desc, case_id limit $9",
                case_id,
                [post.scope for post in posts],
                case.place.grid,
                case.place.lon,
                case.place.lat,
                NEIGHBOUR_DEGREES,
                TOWN_DIGITS,
                case.case_class,
                NEIGHBOURS_MAX,
            )
        of_case = _report(contents.standard, case)
        reports = {row.case_id: _of_row(contents.standard, row) for row in found}
        likely = sorted(reports, key=lambda one: (-likeness(of_case, reports[one]).score, one))[:TEXTS_OPENED_MAX]
        if person.post(Role.AUDITOR, Role.APPRAISER) is None:
            known, texts = await _texts(parts, [case_id, *likely])
            if case_id not in known:
                raise Problem("behind", found=case_id, hint=REPEAT)
            of_case = replace(of_case, text=texts.get(case_id))
            reports = {one: replace(reports[one], text=texts.get(one)) for one in likely}
        scored = await asyncio.to_thread(lambda: {one: likeness(of_case, reports[one]) for one in likely})
        alike = sorted((one for one in likely if scored[one].score >= SCORE_MIN), key=lambda i: (-scored[i].score, i))
        rows = {row.case_id: row for row in found}
        return {
            "case_id": case_id,
            "looked_at": len(found),
            "left_off": len(found) == NEIGHBOURS_MAX,
            "candidates": [_shown(rows[one], scored[one]) for one in alike[:SUGGESTED_MAX]],
        }


async def _texts(parts: Parts, ids: list[str]) -> tuple[set[str], dict[str, str | None]]:
    """Which of these cases the rows have, and their reports' texts, opened."""
    async with parts.pool.acquire() as connection:
        first = await timeline.first_of(connection, ids)
    told = {r.case: e for r in first for e in r.events if isinstance(e, Reported)}
    return {r.case for r in first}, {case_id: await parts.keys.open(event.text) for case_id, event in told.items()}


def _report(standard: Standard, case: Case) -> Report:
    return Report(case.case_class, _major(standard, case.case_class), case.place, case.opened_ms)


def _of_row(standard: Standard, row: BoardRow) -> Report:
    place = Place(row.grid, row.lon, row.lat)
    return Report(row.case_class, _major(standard, row.case_class), place, row.opened_ms)


def _major(standard: Standard, code: str | None) -> str | None:
    return next((major.code for major in standard.majors if code is not None and code.startswith(major.code)), None)


def _shown(row: BoardRow, found: Likeness) -> dict[str, Any]:
    return {
        "case_id": row.case_id,
        "number": row.number,
        "status": row.status,
        "case_class": row.case_class,
        "grid": row.grid,
        "opened_ms": row.opened_ms,
        "score": found.score,
        "parts": found.parts,
        "metres": found.metres,
        "hours": found.hours,
    }
