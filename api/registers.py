"""The route of the registers: extensions, suspensions, returns, voids and appeals of a period and a scope."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request

from api.days import days_asked
from api.figures import scope_asked
from api.pages import LIMIT, cut, read_mark, require_limit
from api.parts import Parts
from api.problems import Problem
from api.queues import READERS, posts_of
from projections import registers
from projections.registers import Entry, Register


def add_registers(app: FastAPI, parts: Parts) -> None:
    """One route for all registers."""

    @app.get("/api/registers/{name}")
    async def register(
        request: Request, name: str, scope: str | None = None, limit: int = LIMIT, after: str = ""
    ) -> dict[str, Any]:
        person = await parts.person(request)
        parts.spend(person.username)
        posts = posts_of(person, READERS)
        if name not in set(Register):
            raise Problem("unknown_register", found=name, allowed=[str(one) for one in Register])
        asked, within = Register(name), scope_asked(posts, scope)
        days = days_asked(request, parts.profile.about.zone)
        size, mark = require_limit(limit), read_mark(after, registers.BEGIN)
        async with parts.one_moment() as connection:
            counts = await registers.count(connection, asked, days.from_ms, days.to_ms, within)
            rows = await registers.of_period(connection, asked, days.from_ms, days.to_ms, within, mark, size + 1)
        page, following = cut(rows, size, lambda row: (row.at_ms or 0, row.case_id, row.version))
        return {
            "register": name,
            "period": days.shown(),
            "scope": within,
            "counts": counts,
            "entries": [shown(row) for row in page],
            "next": following,
        }


def shown(row: Entry) -> dict[str, Any]:
    """A row as its reader sees it: who, when and for what reason; texts stay in the case's story."""
    return {
        "case_id": row.case_id,
        "number": row.number,
        "case_class": row.case_class,
        "status": row.status,
        "at_ms": row.at_ms,
        "person": row.person,
        "unit": row.unit,
        "reason": row.reason,
        "amount": row.amount,
        "until_ms": row.until_ms,
        "outcome": row.outcome,
        "decided_ms": row.decided_ms,
        "decided_by": row.decided_by,
        "cause": row.cause,
        "reviewer": row.reviewer,
        "supported": row.supported,
    }
