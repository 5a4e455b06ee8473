"""The route of the stage clocks of a period: who answered in time on the way, and who did not."""

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
from domain.case.values import HANDLING_CLOCKS, ClockKind
from domain.figures.facts import Answer
from projections import stage_clocks
from projections.stage_clocks import Asked, Run

STAGES = [kind for kind in ClockKind if kind not in HANDLING_CLOCKS]


def add_stage_clocks(app: FastAPI, parts: Parts) -> None:
    """One route; a reader sees the cases of their scope."""

    @app.get("/api/stage_clocks")
    async def runs(
        request: Request,
        scope: str | None = None,
        clock: str | None = None,
        answer: str | None = None,
        limit: int = LIMIT,
        after: str = "",
    ) -> dict[str, Any]:
        person = await parts.person(request)
        parts.spend(person.username)
        posts = posts_of(person, READERS)
        if clock is not None and clock not in STAGES:
            raise Problem("unknown_clock", field="clock", found=clock, allowed=[str(one) for one in STAGES])
        if answer is not None and answer not in set(Answer):
            raise Problem("malformed", field="answer", found=answer, allowed=[str(one) for one in Answer])
        days = days_asked(request, parts.profile.about.zone)
        asked = Asked(
            days.from_ms,
            days.to_ms,
            scope_asked(posts, scope),
            None if clock is None else ClockKind(clock),
            None if answer is None else Answer(answer),
        )
        size, mark = require_limit(limit), read_mark(after, stage_clocks.BEGIN)
        async with parts.one_moment() as connection:
            tallies = await stage_clocks.count(connection, asked)
            rows = await stage_clocks.of_period(connection, asked, mark, size + 1)
        page, following = cut(rows, size, lambda row: (row.deadline_ms or 0, row.case_id, row.version))
        return {
            "period": days.shown(),
            "scope": asked.scope,
            "counts": {
                one.clock: {"due": one.due, "met": one.met, "missed": one.missed, "running": one.running}
                for one in tallies
            },
            "stage_clocks": [shown(row) for row in page],
            "next": following,
        }


def shown(row: Run) -> dict[str, Any]:
    """A row as its reader sees it."""
    told: dict[str, Any] = msgspec.to_builtins(row)
    del told["version"], told["partition"]
    return told
