"""The route of the stage clocks of a period: who answered in time on the way, and who did not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import FastAPI, Request

from api.figures import begins_ms, scope_asked
from api.pages import LIMIT, read_mark, require_limit, write_mark
from api.parts import Parts
from api.problems import Problem
from api.queues import READERS, posts_of
from api.registers import days_asked
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
        first, last = days_asked(request)
        zone = ZoneInfo(parts.profile.about.zone)
        asked = Asked(
            begins_ms(first, zone),
            begins_ms(last + timedelta(days=1), zone),
            scope_asked(posts, scope),
            None if clock is None else ClockKind(clock),
            None if answer is None else Answer(answer),
        )
        size, mark = require_limit(limit), read_mark(after, stage_clocks.BEGIN)
        async with (
            parts.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            tallies = await stage_clocks.count(connection, asked)
            rows = await stage_clocks.of_period(connection, asked, mark, size + 1)
        page = rows[:size]
        last_row = page[-1] if len(rows) > size else None
        return {
            "period": {"from": first.isoformat(), "to": last.isoformat(), "zone": parts.profile.about.zone},
            "scope": asked.scope,
            "counts": {
                one.clock: {"due": one.due, "met": one.met, "missed": one.missed, "running": one.running}
                for one in tallies
            },
            "stage_clocks": [shown(row) for row in page],
            "next": last_row and write_mark((last_row.deadline_ms or 0, last_row.case_id, last_row.version)),
        }


def shown(row: Run) -> dict[str, Any]:
    """A row as its reader sees it."""
    told: dict[str, Any] = msgspec.to_builtins(row)
    del told["version"], told["partition"]
    return told
