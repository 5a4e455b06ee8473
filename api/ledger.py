"""The routes of the responsibility ledger: one case's, as document or text, and the holders' totals of a period."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Query, Request
from fastapi.responses import PlainTextResponse

from api.accounts import Person
from api.ledger_text import table
from api.parts import Parts, now_ms
from api.problems import REPEAT, Problem
from domain.case.ledger import Interval, Ledger, elapsed_ms, sum_ms, tiles
from domain.case.values import Actor, Role
from projections import ledger
from projections.ledger import Total

INTERVALS_SHOWN_MAX = 1_000
INSTANT_MS_MAX = 10**14
PERIOD_MS_MAX = 366 * 86_400_000
ACCOUNTANTS = (Role.LEADER, Role.INSPECTOR, Role.APPRAISER, Role.AUDITOR, Role.DISPATCHER, Role.SHIFT_HEAD)
"""Who may see how long others had what; each in the scope of that post."""


def add_ledger(app: FastAPI, parts: Parts) -> None:
    """One case's ledger for whoever may see the case; the totals for those who account for others."""

    async def found(case_id: str, request: Request) -> tuple[Ledger, int]:
        person = await parts.reader(request)
        await parts.case(person, case_id)
        async with parts.pool.acquire() as connection:
            held = await ledger.of_case(connection, case_id)
        if held is None:
            raise Problem("behind", found=case_id, hint=REPEAT)
        return held, max(now_ms(), held.last_ms)

    @app.get("/api/cases/{case_id}/ledger")
    async def case_ledger(case_id: str, request: Request) -> dict[str, Any]:
        held, as_of_ms = await found(case_id, request)
        return {"case_id": case_id, **view(held, as_of_ms)}

    @app.get("/api/cases/{case_id}/ledger.txt")
    async def case_ledger_text(case_id: str, request: Request) -> PlainTextResponse:
        held, as_of_ms = await found(case_id, request)
        return PlainTextResponse(table(held, as_of_ms, ZoneInfo(parts.profile.about.zone)))

    @app.get("/api/ledger")
    async def period(
        request: Request, begin: Annotated[int, Query(alias="from")], to: int, scope: str | None = None
    ) -> dict[str, Any]:
        post = accountant(await parts.person(request), scope)
        if not (0 < to - begin <= PERIOD_MS_MAX and 0 <= begin < INSTANT_MS_MAX) or "\x00" in (scope or ""):
            raise Problem("malformed", found=[begin, to], allowed=f"from < to <= from + {PERIOD_MS_MAX}")
        within = post.scope if scope is None else scope
        as_of_ms = now_ms()
        async with parts.pool.acquire() as connection:
            rows = await ledger.totals(connection, begin, to, as_of_ms, within)
        shown = rows[: ledger.TOTALS_MAX]
        return {
            "from": begin,
            "to": to,
            "as_of_ms": as_of_ms,
            "scope": within,
            "totals": [_total(row) for row in shown if not row.lane],
            "lanes": [_total(row) for row in shown if row.lane],
            "more": len(rows) > len(shown),
        }


def view(held: Ledger, as_of_ms: int) -> dict[str, Any]:
    """A case's ledger: intervals (an open one counts up to `as_of_ms`), lanes, rounds, and whether the law holds."""
    total, elapsed = sum_ms(held.intervals, as_of_ms), elapsed_ms(held.rounds, as_of_ms)
    return {
        "as_of_ms": as_of_ms,
        "intervals": [_shown(interval, as_of_ms) for interval in held.intervals[-INTERVALS_SHOWN_MAX:]],
        "lanes": [_shown(lane, as_of_ms) for lane in held.lanes[-INTERVALS_SHOWN_MAX:]],
        "left_off": sum(max(len(some) - INTERVALS_SHOWN_MAX, 0) for some in (held.intervals, held.lanes)),
        "rounds": [{"round": r.number, "opened_ms": r.opened_ms, "ended_ms": r.ended_ms} for r in held.rounds],
        "sum_ms": total,
        "elapsed_ms": elapsed,
        "ok": total == elapsed and tiles(held.intervals, held.rounds),
    }


def _shown(interval: Interval, as_of_ms: int) -> dict[str, Any]:
    held = interval.standing
    return {
        "round": interval.round,
        "from_ms": interval.from_ms,
        "to_ms": interval.to_ms,
        "ms": sum_ms([interval], as_of_ms),
        "holder": held.holder,
        "pause": held.pause,
        "level": held.level,
        "status": held.status,
        "clock": interval.clock,
    }


def _total(row: Total) -> dict[str, Any]:
    return {
        "holder": row.holder,
        "pause": row.pause,
        "status": row.status,
        "ms": row.ms,
        "intervals": row.intervals,
        "cases": row.cases,
    }


def accountant(person: Person, scope: str | None) -> Actor:
    """The post by which the person may see the totals of that scope (None: all of the post's). Raises Problem."""
    posts = [post for post in person.posts if post.role in ACCOUNTANTS]
    if not posts:
        raise Problem(
            "forbidden", found=[str(post.role) for post in person.posts], allowed=sorted(map(str, ACCOUNTANTS))
        )
    covering = next((post for post in posts if scope is None or scope.startswith(post.scope)), None)
    if covering is None:
        raise Problem("forbidden", found=scope, allowed=sorted({post.scope for post in posts}))
    return covering
