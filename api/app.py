"""The application: routes, who may use them, and the parts they stand on. Deny by default."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import structlog
from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.exceptions import HTTPException

from api.accounts import DEMO_PASSWORD, Accounts, Person, create_tables, seed_demo
from api.answers import answer, case_view, story
from api.feed import Tickets, serve_feed
from api.hub import Hub
from api.intake import case_of_report, make_attempt, read_action, read_body
from api.problems import Problem, document
from api.sealing import Keys
from domain.case.actions import Acknowledge, CaseAction, CoDone, Handle, Progress
from domain.case.intake import REPORTERS
from domain.case.values import Actor, Role
from eventlog.append import Appender, LogUnreachable
from eventlog.record import DecisionRecord, Outcome
from eventlog.topics import TopicNames, topic_ids
from projections import board, case_state, outcomes, timeline
from projections.database import migrate, open_pool
from reference.profile import Profile
from runtime.settings import Settings

OUTCOME_WAIT_S_MAX = 5.0
READY_LAG_MS_MAX = 5_000
POOL_SIZE = 10
ACTIONS_PER_S_MAX = 50.0
BURST_MAX = 200.0
STATIC = Path(__file__).with_name("static")
NO_CASE_CONTENT = frozenset({Role.ADMIN, Role.WALL, Role.PUBLIC, Role.IMPORTER, Role.SYSTEM})
BOARD_PAGE_MAX = 500

log = structlog.get_logger("api")


class Parts:
    """What the routes stand on; made when the application starts."""

    pool: Any
    accounts: Accounts
    keys: Keys
    appender: Appender
    hub: Hub
    tickets: Tickets

    def __init__(self, settings: Settings, profile: Profile) -> None:
        self.settings = settings
        self.profile = profile
        self.build = version("liandong")
        self.registry = CollectorRegistry()
        self.outcomes = Counter("liandong_actions", "Actions by outcome", ["outcome"], registry=self.registry)
        self.seconds = Histogram("liandong_action_seconds", "Append to outcome", registry=self.registry)
        self.open_cases = Gauge("liandong_open_cases", "Open cases", registry=self.registry)
        self.lag = Gauge("liandong_feed_lag_seconds", "Age of the data on the wall", registry=self.registry)
        self.allowance: dict[str, tuple[float, float]] = {}


def create_app(settings: Settings, profile: Profile, bootstrap: str, postgres: str) -> FastAPI:
    """The application of one city on that cluster."""
    parts = Parts(settings, profile)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None, None]:
        names = TopicNames(settings.topic_prefix)
        parts.pool = await open_pool(postgres, POOL_SIZE, "liandong-api")
        async with parts.pool.acquire() as connection:
            await migrate(connection)
            await create_tables(connection)
            if settings.demo:
                await seed_demo(connection, profile)
        parts.accounts = Accounts(parts.pool)
        parts.keys = Keys(settings.master_key.get_secret_value(), parts.pool)
        parts.tickets = Tickets()
        ids = await asyncio.to_thread(topic_ids, bootstrap, [names.events])
        parts.hub = Hub(bootstrap, names, ids[names.events], profile.about.zone, profile.towns)
        await parts.hub.load(parts.pool)
        async with Appender(bootstrap, names) as parts.appender:
            tasks = [asyncio.create_task(run()) for run in (parts.hub.follow, parts.hub.publish, parts.hub.mark)]
            for task in tasks:
                task.add_done_callback(_end_on_failure)
            yield
            for task in tasks:
                task.remove_done_callback(_end_on_failure)
                task.cancel()
        await parts.pool.close()

    app = FastAPI(title="Liandong 联动", version=parts.build, lifespan=lifespan, docs_url=None, redoc_url=None)
    _add_errors(app)
    _add_entry(app, parts)
    _add_cases(app, parts)
    _add_wall(app, parts)
    _add_health(app, parts)
    if (STATIC / "index.html").exists():
        app.mount("/", StaticFiles(directory=STATIC, html=True))
    return app


def _end_on_failure(task: asyncio.Task[None]) -> None:
    """A hub that stopped would serve an old board: end, and be started again."""
    if not task.cancelled():
        log.error("api.hub_stopped", reason=repr(task.exception()))
        os._exit(70)


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(_request: Request, error: Problem) -> JSONResponse:
        return document(error.code, **error.more)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return document("malformed", found=str(error.errors()[:3]))

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> JSONResponse:
        codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
        return document(codes.get(error.status_code, "malformed"))

    @app.exception_handler(LogUnreachable)
    async def unreachable(_request: Request, _error: LogUnreachable) -> JSONResponse:
        return document("log_unreachable", hint="同一 action_id 重试是安全的 / repeating the same action_id is safe")

    @app.exception_handler(asyncpg.DataError)
    async def no_such_value(_request: Request, error: asyncpg.DataError) -> JSONResponse:
        return document("malformed", found=str(error))

    async def rows_unreachable(_request: Request, error: Exception) -> JSONResponse:
        log.error("api.rows_unreachable", reason=repr(error))
        return document("rows_unreachable")

    for kind in (asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError, TimeoutError):
        app.add_exception_handler(kind, rows_unreachable)

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"
        )
        return response


def _add_entry(app: FastAPI, parts: Parts) -> None:
    @app.get("/api/site")
    async def site() -> dict[str, Any]:
        return _site(parts)

    @app.get("/api/site/map")
    async def city_map() -> Response:
        path = parts.profile.map_path
        if path is None:
            raise Problem("not_found")
        return FileResponse(path, media_type="application/geo+json", headers={"Cache-Control": "max-age=3600"})

    @app.post("/api/token")
    async def token(request: Request) -> dict[str, Any]:
        try:
            body = msgspec.json.decode(await read_body(request), type=dict[str, str])
            username, password = body["username"], body["password"]
        except (msgspec.DecodeError, KeyError, UnicodeDecodeError) as error:
            raise Problem("malformed", found=str(error), allowed=["username", "password"]) from error
        if parts.accounts.locked(username):
            raise Problem("slow_down")
        entered = await parts.accounts.log_in(username, password)
        if entered is None:
            raise Problem("wrong_password")
        secret, life, person = entered
        post = person.posts[0]
        return {
            "access_token": secret,
            "token_type": "bearer",
            "expires_in": life // 1000,
            "role": str(post.role),
            "scope": post.scope,
        }


def _add_cases(app: FastAPI, parts: Parts) -> None:
    @app.post("/api/cases")
    async def report(request: Request) -> Response:
        person = await _person(parts, request)
        envelope, action, plain = read_action(await read_body(request), report=True)
        actor = person.post(*REPORTERS)
        if actor is None:
            raise Problem("forbidden", found=[str(p.role) for p in person.posts], allowed=sorted(map(str, REPORTERS)))
        return await _act(parts, actor, case_of_report(str(envelope.action_id)), envelope, action, plain, 201)

    @app.post("/api/cases/{case_id}/actions")
    async def act(case_id: str, request: Request) -> Response:
        person = await _person(parts, request)
        envelope, action, plain = read_action(await read_body(request), report=False)
        case = await _case(parts, person, case_id)
        actor = _post_for(person, action, case.place.grid)
        return await _act(parts, actor, case_id, envelope, action, plain, 200)

    @app.get("/api/cases/{case_id}/actions/{action_id}")
    async def outcome(case_id: str, action_id: str, request: Request) -> Response:
        person = await _person(parts, request)
        async with parts.pool.acquire() as connection:
            record = await outcomes.find(connection, case_id, action_id)
        if record is None or not any(record.attempt and p.person == record.attempt.actor.person for p in person.posts):
            raise Problem("not_found", found=action_id)
        return answer(record, 200)

    @app.get("/api/cases/{case_id}")
    async def case(case_id: str, request: Request) -> dict[str, Any]:
        person = await _reader(parts, request)
        found = await _case(parts, person, case_id)
        return case_view(case_id, found)

    @app.get("/api/cases/{case_id}/timeline")
    async def case_timeline(case_id: str, request: Request, after: int = 0) -> dict[str, Any]:
        person = await _reader(parts, request)
        await _case(parts, person, case_id)
        async with parts.pool.acquire() as connection:
            records = await timeline.of_case(connection, case_id, after)
        masked = person.post(Role.AUDITOR, Role.APPRAISER) is not None
        return {"case_id": case_id, "entries": [await story(record, parts.keys, masked) for record in records]}

    @app.get("/api/board")
    async def open_cases(request: Request, town: str = "", limit: int = 200) -> dict[str, Any]:
        person = await _reader(parts, request)
        scope = person.posts[0].scope
        async with parts.pool.acquire() as connection:
            rows = await board.read_rows(
                connection,
                "grid like $1 || '%' and grid like $2 || '%' order by due desc, deadline_ms, case_id limit $3",
                scope,
                town,
                min(max(limit, 1), BOARD_PAGE_MAX),
            )
        names = BoardNames
        return {"cases": [dict(zip(names, msgspec.structs.astuple(row), strict=True)) for row in rows]}


def _add_wall(app: FastAPI, parts: Parts) -> None:
    @app.get("/api/wall/snapshot")
    async def snapshot(request: Request) -> Response:
        await _watcher(parts, request)
        return Response(msgspec.json.encode(await parts.hub.snapshot()), media_type="application/json")

    @app.post("/api/wall/ticket")
    async def ticket(request: Request) -> dict[str, Any]:
        await _watcher(parts, request)
        return {"ticket": parts.tickets.give(), "expires_in": 30}

    @app.websocket("/api/wall/feed")
    async def feed(socket: WebSocket) -> None:
        await serve_feed(socket, parts.hub, parts.tickets, parts.build)


def _add_health(app: FastAPI, parts: Parts) -> None:
    @app.get("/healthz")
    async def alive() -> PlainTextResponse:
        return PlainTextResponse("ok")

    @app.get("/readyz")
    async def ready() -> Response:
        lag = _now() - parts.hub.as_of_ms
        return document("behind", lag_ms=lag) if lag > READY_LAG_MS_MAX else PlainTextResponse("ok")

    @app.get("/metrics")
    async def metrics() -> Response:
        parts.open_cases.set(len(parts.hub.rows))
        parts.lag.set((_now() - parts.hub.as_of_ms) / 1000)
        return Response(generate_latest(parts.registry), media_type=CONTENT_TYPE_LATEST)


async def _act(
    parts: Parts, actor: Actor, case_id: str, envelope: Any, action: CaseAction, plain: Any, status: int
) -> Response:
    _spend(parts, actor.person)
    attempt = await make_attempt(parts.keys, actor, case_id, envelope, action, plain, _now())
    started = time.perf_counter()
    partition, offset = await parts.appender.append(attempt)
    record = await parts.hub.outcome(partition, offset, OUTCOME_WAIT_S_MAX)
    if record is not None and record.outcome is Outcome.REPEATED and record.first is not None:
        record = await _first(parts, record)
    if record is None:
        where = f"/api/cases/{case_id}/actions/{attempt.id}"
        return JSONResponse({"case_id": case_id, "action_id": attempt.id, "status": where}, 202, {"Location": where})
    parts.seconds.observe(time.perf_counter() - started)
    parts.outcomes.labels(str(record.outcome)).inc()
    return answer(record, status)


async def _first(parts: Parts, repeated: DecisionRecord) -> DecisionRecord | None:
    first = repeated.first
    assert first is not None, "a repeated record names its first"
    assert repeated.attempt is not None, "a repeated record has its attempt"
    near = await parts.hub.outcome(first.partition, first.offset, 0.0)
    if near is not None:
        return near
    async with parts.pool.acquire() as connection:
        return await outcomes.find(connection, repeated.case, repeated.attempt.id)


async def _person(parts: Parts, request: Request) -> Person:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    person = await parts.accounts.who(token) if scheme.lower() == "bearer" and token else None
    if person is None:
        raise Problem("unauthenticated")
    return person


async def _reader(parts: Parts, request: Request) -> Person:
    person = await _person(parts, request)
    if all(post.role in NO_CASE_CONTENT for post in person.posts):
        raise Problem("forbidden", found=[str(post.role) for post in person.posts])
    return person


async def _watcher(parts: Parts, request: Request) -> None:
    person = await _person(parts, request)
    if person.post(Role.WALL, Role.DISPATCHER, Role.SHIFT_HEAD, Role.LEADER) is None:
        raise Problem("forbidden", found=[str(post.role) for post in person.posts], allowed=["wall", "dispatcher"])


async def _case(parts: Parts, person: Person, case_id: str) -> Any:
    found = parts.hub.case(case_id)
    if found is None:
        async with parts.pool.acquire() as connection:
            found = (await case_state.load_files(connection, [case_id])).get(case_id)
    if found is None or found.case is None:
        raise Problem("not_found", found=case_id)
    if not any(found.case.place.grid.startswith(post.scope) for post in person.posts):
        raise Problem("not_found", found=case_id)
    return found.case


def _post_for(person: Person, action: CaseAction, grid: str) -> Actor:
    inside = [post for post in person.posts if grid.startswith(post.scope)] or list(person.posts)
    if isinstance(action, Acknowledge | Progress | CoDone | Handle):
        return next((post for post in inside if post.role is Role.HANDLER), inside[0])
    return next((post for post in inside if post.role is not Role.HANDLER), inside[0])


def _spend(parts: Parts, person: str) -> None:
    now = time.monotonic()
    left, at = parts.allowance.get(person, (BURST_MAX, now))
    left = min(BURST_MAX, left + (now - at) * ACTIONS_PER_S_MAX)
    if left < 1:
        raise Problem("slow_down", allowed=f"{ACTIONS_PER_S_MAX:g}/s")
    parts.allowance[person] = (left - 1, now)


def _site(parts: Parts) -> dict[str, Any]:
    about, profile = parts.profile.about, parts.profile
    named = {
        "profile": about.name,
        "title_zh": about.title_zh,
        "title_en": about.title_en,
        "name_zh": about.name_zh,
        "name_en": about.name_en,
        "zone": about.zone,
    }
    return {
        **named,
        "build": parts.build,
        "demo": {"username": "wall", "password": DEMO_PASSWORD} if parts.settings.demo else None,
        "towns": [{"code": g.code, "zh": g.zh, "en": g.en or g.zh} for g in profile.grids if g.level == 1],
        "classes": {c.code: {"zh": c.zh, "en": c.en} for c in profile.standard.classes},
        "units": {u.code: {"zh": u.zh, "en": u.en} for u in profile.units},
        "grids": {g.code: {"zh": g.zh, "en": g.en or g.zh} for g in profile.grids if g.level == 2},
        "map": "/api/site/map" if profile.map_path else None,
        "target_permille": 950,
    }


def _now() -> int:
    return time.time_ns() // 1_000_000


BoardNames = (
    *("case_id", "number", "case_class", "grid", "town", "lon", "lat", "status", "due"),
    *("deadline_ms", "near_ms", "stage", "unit", "opened_ms"),
)
