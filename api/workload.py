"""The route of what lies on grids and units now, in sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Request

from api.figures import scope_asked
from api.pages import LIMIT, require_limit
from api.parts import Parts
from api.queues import READERS, posts_of
from projections import workload
from projections.workload import Asked, Load


def add_workload(app: FastAPI, parts: Parts) -> None:
    """One route; a reader sees the cases of their scope."""

    @app.get("/api/workload")
    async def lies(
        request: Request, scope: str | None = None, unit: str | None = None, limit: int = LIMIT
    ) -> dict[str, Any]:
        person = await parts.person(request)
        parts.spend(person.username)
        asked = Asked(scope_asked(posts_of(person, READERS), scope), unit)
        size = require_limit(limit)
        async with parts.one_moment() as connection:
            whole = await workload.total(connection, asked)
            units = await workload.by_unit(connection, asked, size + 1)
            grids = await workload.by_grid(connection, asked, size + 1)
        return {
            "scope": asked.scope,
            "unit": asked.unit,
            "total": msgspec.to_builtins(whole),
            "units": _shown("unit", units[:size]),
            "grids": _shown("grid", grids[:size]),
            "more": {"units": len(units) > size, "grids": len(grids) > size},
        }


def _shown(name: str, rows: Sequence[tuple[str, Load]]) -> list[dict[str, Any]]:
    return [{name: code, **msgspec.to_builtins(load)} for code, load in rows]
