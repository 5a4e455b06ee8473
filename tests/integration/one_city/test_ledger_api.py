"""The responsibility ledger over HTTP: of one case, of a period, and for nobody who has no business with it."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.integration.test_react import closed
from tests.support.city import GRID, TEAM
from tests.support.live import Live, eventually

FOLDED_S_MAX = 20.0
DAY_MS = 86_400_000


def ended(live: Live, case_id: str) -> dict[str, Any]:
    """The case's ledger once the rows have its end."""

    def found() -> dict[str, Any] | None:
        answer = live.call("leader", "GET", f"/api/cases/{case_id}/ledger")
        body = dict(answer.json())
        return body if answer.status_code == 200 and body["rounds"][-1]["ended_ms"] is not None else None

    return dict(eventually(found, FOLDED_S_MAX, "the ledger of an ended case"))


def period(live: Live, who: str, query: str) -> httpx.Response:
    return live.call(who, "GET", f"/api/ledger?{query}")


def test_a_closed_cases_ledger_adds_up_to_what_elapsed_and_reads_as_text(live: Live) -> None:
    case_id = closed(live)
    found = ended(live, case_id)
    case = live.call("leader", "GET", f"/api/cases/{case_id}").json()
    assert (found["ok"], found["left_off"]) == (True, 0)
    assert found["sum_ms"] == found["elapsed_ms"] == case["ended_ms"] - case["opened_ms"]
    assert [(i["holder"], i["status"], i["clock"]) for i in found["intervals"]] == [
        ("desk:0", "reported", "accept"),
        ("desk:0", "accepted", "file"),
        ("desk:0", "filed", "dispatch"),
        (f"unit:{TEAM}", "dispatched", "handle"),
        (f"unit:{TEAM}", "handling", "handle"),
        ("desk:0", "handled", "send_check"),
        ("person:collector-410183001", "checking", "check"),
        ("desk:0", "checked", "close"),
    ]
    text = live.call("auditor", "GET", f"/api/cases/{case_id}/ledger.txt")
    assert text.headers["content-type"].startswith("text/plain")
    assert (text.text.count("\n"), "相等 equal" in text.text) == (10, True)


def test_a_periods_totals_hold_what_its_cases_ledgers_hold(live: Live) -> None:
    found = ended(live, closed(live))
    begin, end = found["rounds"][0]["opened_ms"], found["rounds"][0]["ended_ms"]
    answer = period(live, "leader", f"from={begin}&to={end}&scope={GRID}")
    assert answer.status_code == 200, answer.text
    totals = {(t["holder"], t["status"]): t for t in answer.json()["totals"]}
    for interval in found["intervals"]:
        assert totals[(interval["holder"], interval["status"])]["ms"] >= interval["ms"]
    wider = period(live, "appraiser", f"from={begin - DAY_MS}&to={begin + DAY_MS}").json()
    assert sum(t["ms"] for t in wider["totals"]) >= sum(t["ms"] for t in answer.json()["totals"])
    assert wider["as_of_ms"] <= time.time_ns() // 1_000_000


@pytest.mark.parametrize(
    ("who", "query", "status", "code"),
    [
        ("handler-410183001", "from=0&to=1", 403, "forbidden"),
        ("acceptor", "from=0&to=1", 403, "forbidden"),
        ("admin", "from=0&to=1", 403, "forbidden"),
        ("wall", "from=0&to=1", 403, "forbidden"),
        ("leader", "from=0&to=1&scope=41", 403, "forbidden"),
        ("leader", "from=1&to=1", 422, "malformed"),
        ("leader", "from=0&to=31622400001", 422, "malformed"),
        ("leader", "from=0", 422, "malformed"),
        ("leader", "from=x&to=1", 422, "malformed"),
        ("leader", "from=99999999999999999998&to=99999999999999999999", 422, "malformed"),
        ("leader", "from=0&to=1&scope=410183%00", 422, "malformed"),
    ],
)
def test_totals_are_refused_to_others_and_outside_the_scope_and_for_no_period(
    live: Live, who: str, query: str, status: int, code: str
) -> None:
    answer = period(live, who, query)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert {"title", "title_en"} <= answer.json().keys()


def test_a_ledger_is_seen_by_whoever_may_see_the_case_and_by_nobody_else(live: Live) -> None:
    case_id = live.dispatched(GRID, TEAM)
    for path in (f"/api/cases/{case_id}/ledger", f"/api/cases/{case_id}/ledger.txt", "/api/ledger?from=0&to=1"):
        assert httpx.get(live.address + path).status_code == 401
    for suffix in ("", ".txt"):
        assert live.call("admin", "GET", f"/api/cases/{case_id}/ledger{suffix}").status_code == 403
        assert live.call("handler-410183002", "GET", f"/api/cases/{case_id}/ledger{suffix}").status_code == 404
        assert live.call("leader", "GET", f"/api/cases/nobody/ledger{suffix}").status_code == 404
