"""The routes of what has to be done: my duties, the queues of a desk level, and the cases of one queue.

Owns who may ask, and for which scope. What is owed is the domain's (`domain.case.duties`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request

from api.accounts import Person
from api.figures import scope_asked
from api.pages import LIMIT, read_mark, require_limit, write_mark
from api.parts import NO_CASE_CONTENT, Parts, now_ms
from api.problems import Problem
from domain.case.duties import Act
from domain.case.levels import DESK_ROLES, LOWEST_DESK
from domain.case.values import Actor, Role
from projections import duties
from projections.duties import DutyRow

OVERSEERS = (Role.LEADER, Role.INSPECTOR, Role.APPRAISER, Role.AUDITOR)
READERS = (*DESK_ROLES, Role.GRID_HEAD, *OVERSEERS)
"""Who may see what others owe; each in the scope of that post."""


def add_queues(app: FastAPI, parts: Parts) -> None:
    """Duties for all staff; queues for the desks and those who oversee them."""

    @app.get("/api/duties")
    async def mine(request: Request, limit: int = LIMIT, after: str = "") -> dict[str, Any]:
        person = await parts.reader(request)
        parts.spend(person.username)
        size, mark = require_limit(limit), read_mark(after, duties.BEGIN)
        posts = [post for post in person.posts if post.role not in NO_CASE_CONTENT]
        async with parts.pool.acquire() as connection:
            rows = await duties.of_posts(connection, posts, mark, size + 1)
        return _page(rows, size)

    @app.get("/api/queues")
    async def queues(request: Request, level: int | None = None, scope: str | None = None) -> dict[str, Any]:
        posts = await _posts(parts, request)
        desk, within, at_ms = _level(posts, level), _scopes(posts, scope), now_ms()
        async with parts.pool.acquire() as connection:
            found = await duties.queues(connection, desk, within, at_ms)
        held = {queue.act: queue for queue in found}
        empty = [duties.Queue(str(act), 0, 0, 0, None) for act in Act]
        shown = [held.get(queue.act, queue) for queue in empty]
        return {
            "level": desk,
            "scopes": within,
            "as_of_ms": at_ms,
            "queues": [
                {
                    "act": queue.act,
                    "waiting": queue.waiting,
                    "near": queue.near,
                    "overdue": queue.overdue,
                    "soonest_due_ms": queue.soonest_ms,
                }
                for queue in shown
            ],
        }

    @app.get("/api/queues/{act}")
    async def queue(
        request: Request,
        act: str,
        level: int | None = None,
        scope: str | None = None,
        limit: int = LIMIT,
        after: str = "",
    ) -> dict[str, Any]:
        posts = await _posts(parts, request)
        if act not in set(Act):
            raise Problem("unknown_act", found=act, allowed=[str(one) for one in Act])
        desk, within = _level(posts, level), _scopes(posts, scope)
        size, mark = require_limit(limit), read_mark(after, duties.BEGIN)
        async with parts.pool.acquire() as connection:
            rows = await duties.of_queue(connection, desk, act, within, mark, size + 1)
        return {"act": act, "level": desk, "scopes": within, **_page(rows, size)}


async def _posts(parts: Parts, request: Request) -> list[Actor]:
    person = await parts.person(request)
    parts.spend(person.username)
    return posts_of(person, READERS)


def posts_of(person: Person, roles: Sequence[Role]) -> list[Actor]:
    """The person's posts with one of these roles. Raises Problem `forbidden` where there is none."""
    posts = [post for post in person.posts if post.role in roles]
    if not posts:
        found = [str(post.role) for post in person.posts]
        raise Problem("forbidden", found=found, allowed=[str(role) for role in roles])
    return posts


def _level(posts: Sequence[Actor], level: int | None) -> int:
    """The level asked for; without one that of the first post, as far as there are desks."""
    wanted = min(posts[0].level, LOWEST_DESK) if level is None else level
    if not 0 <= wanted <= LOWEST_DESK:
        raise Problem("bad_level", field="level", found=wanted, allowed=list(range(LOWEST_DESK + 1)))
    return wanted


def _scopes(posts: Sequence[Actor], scope: str | None) -> list[str]:
    return [scope_asked(posts, scope)] if scope else sorted({post.scope for post in posts})


def _page(rows: Sequence[DutyRow], size: int) -> dict[str, Any]:
    at_ms, page = now_ms(), rows[:size]
    return {
        "as_of_ms": at_ms,
        "duties": [shown(row, at_ms) for row in page],
        "next": write_mark(duties.mark_of(page[-1])) if len(rows) > size else None,
    }


def shown(row: DutyRow, at_ms: int) -> dict[str, Any]:
    """A duty as its reader sees it at that instant; done at the deadline is on time, so overdue is strictly after."""
    overdue = row.due_ms is not None and at_ms > row.due_ms
    return {
        "case_id": row.case_id,
        "number": row.number,
        "act": row.act,
        "about": row.about,
        "status": row.status,
        "case_class": row.case_class,
        "grid": row.grid,
        "desk": row.desk,
        "roles": row.roles,
        "level": row.level,
        "unit": row.unit,
        "person": row.person,
        "not_by": row.not_by,
        "near_ms": row.near_ms,
        "due_ms": row.due_ms,
        "near": row.near_ms is not None and at_ms > row.near_ms and not overdue,
        "overdue": overdue,
    }
