"""Around every request: its id, its headers, its count and its one line."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry
from structlog.testing import LogCapture

from api.measures import Measures
from api.middleware import EveryRequest


def small_app(registry: CollectorRegistry, closing: asyncio.Event) -> FastAPI:
    app = FastAPI()
    app.add_middleware(EveryRequest, measures=Measures(registry), closing=closing)

    @app.post("/api/cases/{case_id}/actions")
    async def act(case_id: str) -> dict[str, Any]:
        structlog.contextvars.bind_contextvars(case=case_id, person="li", outcome="accepted")
        return {}

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("a reason for the log, not for the client")

    @app.get("/behind")
    async def behind() -> JSONResponse:
        return JSONResponse({}, 503)

    return app


class Asked:
    """One request at a time, with the lines that it left."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.closing = asyncio.Event()
        self._app = small_app(self.registry, self.closing)

    def __call__(self, method: str, path: str, **headers: str) -> tuple[httpx.Response, list[Any]]:
        capture = LogCapture()
        structlog.configure(
            processors=[structlog.contextvars.merge_contextvars, capture], cache_logger_on_first_use=False
        )

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(ask()), capture.entries

    def count(self, **labels: str) -> float | None:
        """Requests counted under these labels."""
        return self.registry.get_sample_value("liandong_requests_total", labels)


@pytest.fixture
def asked() -> Any:
    yield Asked()
    structlog.reset_defaults()


def test_a_well_formed_id_of_the_client_is_kept_and_any_other_is_replaced(asked: Asked) -> None:
    for given in ("a", "Trace-1.2_3", "x" * 64):
        assert asked("POST", "/api/cases/c1/actions", **{"X-Request-Id": given})[0].headers["x-request-id"] == given
    for given in ("", "x" * 65, "a b", "a;b", 'a"b', "<a>"):
        made = asked("POST", "/api/cases/c1/actions", **{"X-Request-Id": given})[0].headers["x-request-id"]
        assert made != given
        assert len(made) == 16


def test_an_action_is_one_line_with_what_the_route_knows_and_without_its_path(asked: Asked) -> None:
    answer, lines = asked("POST", "/api/cases/c1/actions?token=t0p", Authorization="Bearer s3cr3t")
    assert len(lines) == 1
    line = lines[0]
    assert line.pop("ms") >= 0
    assert line.pop("request") == answer.headers["x-request-id"]
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "POST",
        "route": "/api/cases/{case_id}/actions",
        "status": 200,
        "case": "c1",
        "person": "li",
        "outcome": "accepted",
    }
    assert asked.count(method="POST", route="/api/cases/{case_id}/actions", status="200") == 1


def test_one_requests_words_do_not_stand_in_the_next_ones_line(asked: Asked) -> None:
    asked("POST", "/api/cases/c1/actions")
    _, lines = asked("GET", "/behind")
    assert "case" not in lines[0]
    assert (lines[0]["log_level"], lines[0]["status"]) == ("warning", 503)


def test_an_error_of_ours_is_a_problem_document_with_the_requests_id_and_its_reason_in_the_log_only(
    asked: Asked,
) -> None:
    answer, lines = asked("GET", "/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.json()["request"] == answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "reason" not in answer.text
    assert [line["event"] for line in lines] == ["api.failed", "request"]
    assert {line["request"] for line in lines} == {answer.headers["x-request-id"]}


def test_paths_and_methods_of_a_strangers_choice_make_no_series(asked: Asked) -> None:
    for number in range(20):
        asked("GET", f"/nowhere/{number}")
        asked(f"M{number}", "/behind")
    found = {json.dumps(s.labels) for family in asked.registry.collect() for s in family.samples if "route" in s.labels}
    assert len([one for one in found if '"method"' in one]) == 2


def test_while_the_server_ends_each_answer_closes_its_connection(asked: Asked) -> None:
    assert "connection" not in asked("GET", "/behind")[0].headers
    asked.closing.set()
    assert asked("GET", "/behind")[0].headers["connection"] == "close"
