"""The routes of a case: report, act, look up an outcome, read the case, its story, and the board."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from msgspec.structs import replace

from api.answers import answer, case_view, story
from api.intake import case_of_report, make_attempt, read_action, read_body
from api.parts import NO_CASE_CONTENT, Parts, now_ms
from api.posts import acting_post
from api.problems import Problem
from domain.case.actions import (
    CaseAction,
    Merge,
    Recur,
)
from domain.case.intake import REPORTERS
from domain.case.values import Actor, Role
from eventlog.record import DecisionRecord, Outcome
from projections import board, outcomes, timeline
from runtime import failpoints

OUTCOME_WAIT_S_MAX = 5.0
BOARD_PAGE_MAX = 500


def add_cases(app: FastAPI, parts: Parts) -> None:
    """Report, act, and read: one route each."""

    @app.post("/api/cases")
    async def report(request: Request) -> Response:
        person = await parts.person(request)
        parts.spend(person.username)
        envelope, action, plain = read_action(await read_body(request), report=True)
        actor = person.post(*REPORTERS)
        if actor is None:
            raise Problem("forbidden", found=[str(p.role) for p in person.posts], allowed=sorted(map(str, REPORTERS)))
        return await _act(parts, actor, case_of_report(str(envelope.action_id)), envelope, action, plain, 201)

    @app.post("/api/cases/{case_id}/actions")
    async def act(case_id: str, request: Request) -> Response:
        person = await parts.person(request)
        parts.spend(person.username)
        envelope, action, plain = read_action(await read_body(request), report=False)
        case = await parts.case(person, case_id)
        if isinstance(action, Recur):
            await parts.case(person, action.of)  # who may not see a case learns nothing of it by linking to it
        if isinstance(action, Merge):
            action = replace(action, into_status=(await parts.case(person, action.into)).status)
        actor = acting_post(person.posts, action, case)
        return await _act(parts, actor, case_id, envelope, action, plain, 200)

    @app.get("/api/cases/{case_id}/actions/{action_id}")
    async def outcome(case_id: str, action_id: str, request: Request) -> Response:
        person = await parts.person(request)
        async with parts.pool.acquire() as connection:
            record = await outcomes.find(connection, case_id, action_id)
        if record is None or not any(record.attempt and p.person == record.attempt.actor.person for p in person.posts):
            raise Problem("not_found", found=action_id)
        return answer(record, 200)

    @app.get("/api/cases/{case_id}")
    async def case(case_id: str, request: Request) -> dict[str, Any]:
        person = await parts.reader(request)
        found = await parts.case(person, case_id)
        return case_view(case_id, found)

    @app.get("/api/cases/{case_id}/timeline")
    async def case_timeline(case_id: str, request: Request, after: int = 0) -> dict[str, Any]:
        person = await parts.reader(request)
        await parts.case(person, case_id)
        async with parts.pool.acquire() as connection:
            records = await timeline.of_case(connection, case_id, after)
        masked = person.post(Role.AUDITOR, Role.APPRAISER) is not None
        return {"case_id": case_id, "entries": [await story(record, parts.keys, masked) for record in records]}

    @app.get("/api/board")
    async def open_cases(request: Request, town: str = "", limit: int = 200) -> dict[str, Any]:
        person = await parts.reader(request)
        scope = next(post.scope for post in person.posts if post.role not in NO_CASE_CONTENT)
        async with parts.pool.acquire() as connection:
            rows = await board.read_rows(
                connection,
                "starts_with(grid, $1) and starts_with(grid, $2) order by due desc, deadline_ms, case_id limit $3",
                scope,
                town,
                min(max(limit, 1), BOARD_PAGE_MAX),
            )
        return {"cases": [msgspec.structs.asdict(row) for row in rows]}


async def _act(
    parts: Parts, actor: Actor, case_id: str, envelope: Any, action: CaseAction, plain: Any, status: int
) -> Response:
    structlog.contextvars.bind_contextvars(case=case_id, action=str(envelope.action_id))
    appender = parts.appender
    failpoints.hit("api.action_read")
    attempt = await make_attempt(parts.keys, actor, case_id, envelope, action, plain, now_ms())
    failpoints.hit("api.action_made")
    started = time.perf_counter()
    partition, offset = await appender.append(attempt)
    failpoints.hit("api.action_appended")
    record = await parts.hub.decisions.outcome(partition, offset, OUTCOME_WAIT_S_MAX)
    failpoints.hit("api.outcome_found")
    if not isinstance(record, DecisionRecord) or record.attempt is None or record.attempt.id != attempt.id:
        record = None  # a broker that knew the append already may name another place: better no answer than a wrong one
    if record is not None and record.outcome is Outcome.REPEATED and record.first is not None:
        record = await _first(parts, record)
    outcome = "undecided" if record is None else str(record.outcome)
    structlog.contextvars.bind_contextvars(outcome=outcome)
    parts.measures.action(outcome, time.perf_counter() - started)
    failpoints.hit("api.before_answer")
    if record is None:
        where = f"/api/cases/{case_id}/actions/{attempt.id}"
        return JSONResponse({"case_id": case_id, "action_id": attempt.id, "status": where}, 202, {"Location": where})
    return answer(record, status)


async def _first(parts: Parts, repeated: DecisionRecord) -> DecisionRecord | None:
    first = repeated.first
    assert first is not None, "a repeated record names its first"
    assert repeated.attempt is not None, "a repeated record has its attempt"
    near = await parts.hub.decisions.outcome(first.partition, first.offset, 0.0)
    if isinstance(near, DecisionRecord):
        return near
    async with parts.pool.acquire() as connection:
        return await outcomes.find(connection, repeated.case, repeated.attempt.id)
