"""The application: its life, its errors, its health; the routes stand beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import structlog
from aiokafka.errors import KafkaError
from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from api.adopting import add_adopting
from api.breaches import add_breaches
from api.cases import add_cases
from api.clocks import add_clocks
from api.duplicates import add_duplicates
from api.entry import add_entry
from api.feed import serve_feed
from api.figures import add_figures
from api.ledger import add_ledger
from api.middleware import EveryRequest
from api.opening import opened
from api.parts import Parts, now_ms
from api.problems import REPEAT, Problem, document
from api.queues import add_queues
from api.reference import add_reference
from api.registers import add_registers
from api.stage_clocks import add_stage_clocks
from api.workload import add_workload
from eventlog.append import LogUnreachable
from projections import board
from projections.database import AWAY
from reference.editions import ContentMissing

READY_LAG_MS_MAX = 5_000
STATIC = Path(__file__).with_name("static")

log = structlog.get_logger("api")


def create_app(parts: Parts, bootstrap: str, postgres: str) -> FastAPI:
    """The application of one city on that cluster."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None, None]:
        async with opened(parts, bootstrap, postgres):
            yield

    app = FastAPI(title="Liandong 联动", version=parts.build, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(EveryRequest, measures=parts.measures, closing=parts.closing)
    _add_errors(app)
    add_entry(app, parts)
    add_cases(app, parts)
    add_clocks(app, parts)
    add_ledger(app, parts)
    add_reference(app, parts)
    add_adopting(app, parts)
    add_figures(app, parts)
    add_queues(app, parts)
    add_registers(app, parts)
    add_breaches(app, parts)
    add_stage_clocks(app, parts)
    add_workload(app, parts)
    add_duplicates(app, parts)
    _add_wall(app, parts)
    _add_health(app, parts)
    if (STATIC / "index.html").exists():
        app.mount("/", StaticFiles(directory=STATIC, html=True))
    return app


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
        return document("log_unreachable", hint=REPEAT)

    @app.exception_handler(KafkaError)
    async def away(_request: Request, error: KafkaError) -> JSONResponse:
        log.error("api.log_unreachable", reason=repr(error))
        return document("log_unreachable", hint=REPEAT)

    @app.exception_handler(ContentMissing)
    async def not_there_yet(_request: Request, error: ContentMissing) -> JSONResponse:
        return document("behind", found=str(error))

    @app.exception_handler(asyncpg.DataError)
    async def no_such_value(_request: Request, error: asyncpg.DataError) -> JSONResponse:
        return document("malformed", found=str(error))

    async def rows_unreachable(_request: Request, error: Exception) -> JSONResponse:
        log.error("api.rows_unreachable", reason=repr(error))
        return document("rows_unreachable", hint=REPEAT)

    for kind in AWAY:
        app.add_exception_handler(kind, rows_unreachable)


def _add_wall(app: FastAPI, parts: Parts) -> None:
    @app.get("/api/wall/snapshot")
    async def snapshot(request: Request) -> Response:
        await parts.watcher(request)
        return Response(msgspec.json.encode(parts.hub.snapshot()), media_type="application/json")

    @app.get("/api/wall/digest")
    async def digest(request: Request) -> dict[str, str]:
        await parts.overseer(request)
        pos, rows, counts = parts.hub.state()
        return {"pos": pos, "digest": await asyncio.to_thread(board.digest, rows, counts)}

    @app.post("/api/wall/ticket")
    async def ticket(request: Request) -> dict[str, Any]:
        await parts.watcher(request)
        return {"ticket": parts.tickets.give(), "expires_in": 30}

    @app.websocket("/api/wall/feed")
    async def feed(socket: WebSocket) -> None:
        if parts.open:
            with parts.measures.clients.track_inprogress():
                await serve_feed(socket, parts.hub, parts.fan, parts.tickets, parts.build, parts.closing)
        else:
            await socket.close(1013)


def _add_health(app: FastAPI, parts: Parts) -> None:
    @app.get("/healthz")
    async def alive() -> PlainTextResponse:
        return PlainTextResponse("ok")

    @app.get("/readyz")
    async def ready() -> Response:
        lag, letters = now_ms() - parts.hub.marks.as_of_ms, parts.hub.letters
        if lag <= READY_LAG_MS_MAX:
            return PlainTextResponse("ok")
        if letters.exceeded:
            hint = "liandong dead-letters"
            return document("line_stands", lag_ms=lag, found=letters.open, allowed=letters.limit, hint=hint)
        return document("behind", lag_ms=lag)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(parts.registry), media_type=CONTENT_TYPE_LATEST)
