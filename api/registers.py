"""The route of the registers: extensions, suspensions, returns, voids and appeals of a period and a scope."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request

from api.figures import PERIOD_DAYS_MAX, begins_ms, day_asked, scope_asked
from api.pages import LIMIT, read_mark, require_limit, write_mark
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
        first, last = days_asked(request)
        zone = ZoneInfo(parts.profile.about.zone)
        period = (begins_ms(first, zone), begins_ms(last + timedelta(days=1), zone))
        size, mark = require_limit(limit), read_mark(after, registers.BEGIN)
        async with (
            parts.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            counts = await registers.count(connection, asked, *period, within)
            rows = await registers.of_period(connection, asked, *period, within, mark, size + 1)
        page = rows[:size]
        last_row = page[-1] if len(rows) > size else None
        return {
            "register": name,
            "period": {"from": first.isoformat(), "to": last.isoformat(), "zone": parts.profile.about.zone},
            "scope": within,
            "counts": counts,
            "entries": [shown(row) for row in page],
            "next": last_row and write_mark((last_row.at_ms or 0, last_row.case_id, last_row.version)),
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


def days_asked(request: Request) -> tuple[date, date]:
    """The period that `from` and `to` name, both days in it. Raises Problem `bad_date`, `period_reversed`,
    `period_too_long`, `outside_calendar`."""
    first, last = day_asked(request, "from"), day_asked(request, "to")
    if last < first:
        raise Problem("period_reversed", field="to", found=str(last), allowed=f"≥ {first}")
    if (last - first).days >= PERIOD_DAYS_MAX:
        raise Problem("period_too_long", field="to", found=(last - first).days + 1, allowed=PERIOD_DAYS_MAX)
    if last == date.max or first == date.min:
        raise Problem("outside_calendar", field="from", found=str(first))
    return first, last
