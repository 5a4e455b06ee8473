"""The route of the deadlines that passed: whose they were, and how late it was in the end."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI, Request

from api.days import days_asked
from api.figures import scope_asked
from api.pages import LIMIT, cut, read_mark, require_limit
from api.parts import Parts
from api.problems import Problem
from api.queues import READERS, posts_of
from domain.case.values import ClockKind
from projections import breaches
from projections.breaches import Asked, Breach


def add_breaches(app: FastAPI, parts: Parts) -> None:
    """One route; a reader sees the cases of their scope."""

    @app.get("/api/breaches")
    async def passed_deadlines(
        request: Request,
        scope: str | None = None,
        clock: str | None = None,
        open_only: bool = False,
        limit: int = LIMIT,
        after: str = "",
    ) -> dict[str, Any]:
        person = await parts.person(request)
        parts.spend(person.username)
        posts = posts_of(person, READERS)
        if clock is not None and clock not in set(ClockKind):
            raise Problem("unknown_clock", field="clock", found=clock, allowed=[str(one) for one in ClockKind])
        days = days_asked(request, parts.profile.about.zone)
        asked = Asked(
            days.from_ms,
            days.to_ms,
            scope_asked(posts, scope),
            None if clock is None else ClockKind(clock),
            open_only,
        )
        size, mark = require_limit(limit), read_mark(after, breaches.BEGIN)
        async with parts.one_moment() as connection:
            tallies = await breaches.count(connection, asked)
            rows = await breaches.of_period(connection, asked, mark, size + 1)
        page, following = cut(rows, size, lambda row: (row.deadline_ms, row.case_id, row.version))
        return {
            "period": days.shown(),
            "scope": asked.scope,
            "counts": {one.clock: {"passed": one.passed, "open": one.open, "exempt": one.exempt} for one in tallies},
            "breaches": [shown(row) for row in page],
            "next": following,
        }


def shown(row: Breach) -> dict[str, Any]:
    """A row as its reader sees it; `late_ms` is running time, None while the clock runs."""
    told: dict[str, Any] = msgspec.to_builtins(row)
    del told["version"], told["partition"]
    return {**told, "late_ms": None if row.ended_ms is None else row.ended_ms - row.deadline_ms}
