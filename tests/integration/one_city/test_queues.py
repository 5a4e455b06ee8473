"""A case walks through the queues people work from: whose duty it is, which register it is in, what it may repeat."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.city import GRID, TEAM, TOWN
from tests.support.live import Live, eventually

FOLDED_S_MAX = 10.0
MEMBER = f"handler-{TOWN}"


def owed(live: Live, who: str, case_id: str) -> list[dict[str, Any]]:
    """What that person owes on the case, over all pages."""
    found: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        answer = live.call(who, "GET", f"/api/duties?limit=200&after={after}")
        assert answer.status_code == 200, answer.text
        found += answer.json()["duties"]
        after = answer.json()["next"]
    return [one for one in found if one["case_id"] == case_id]


def owes(live: Live, who: str, case_id: str, act: str) -> dict[str, Any]:
    """Wait until that person owes that act on the case."""

    def found() -> dict[str, Any] | None:
        return next((one for one in owed(live, who, case_id) if one["act"] == act), None)

    return dict(eventually(found, FOLDED_S_MAX, f"{who} owes {act}"))


def queue(live: Live, act: str) -> int:
    """How many wait in the city's desk's queue of that act, in the grid of the test."""
    queues = live.call("leader", "GET", f"/api/queues?level=0&scope={GRID}").json()["queues"]
    return next(one["waiting"] for one in queues if one["act"] == act)


def lies(live: Live, unit: str) -> dict[str, Any]:
    """What lies on that unit in the grid of the test, in sums."""
    answer = live.call("leader", "GET", f"/api/workload?scope={GRID}&unit={unit}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["total"])


def test_a_case_is_owed_by_whoever_has_it_and_a_return_is_in_the_register(live: Live) -> None:
    led, unled = lies(live, TEAM)["led"], lies(live, "")["led"]
    case_id = live.report(GRID)
    assert owes(live, "acceptor", case_id, "accept")["due_ms"] is not None
    assert owed(live, "handler-410183002", case_id) == []
    for who, action, more in (
        ("acceptor", "accept", {}),
        ("shift_head", "file", {"condition": "01"}),
        ("dispatcher", "dispatch", {"lead": TEAM}),
    ):
        assert live.act(who, case_id, action, **more).status_code == 200
    assert owes(live, MEMBER, case_id, "acknowledge")["unit"] == TEAM
    assert owed(live, "dispatcher", case_id) == [], "it is with the unit now"
    assert (lies(live, TEAM)["led"], lies(live, "")["led"]) == (led + 1, unled)
    waiting = queue(live, "dispatch")
    assert live.act(MEMBER, case_id, "acknowledge").status_code == 200
    owes(live, MEMBER, case_id, "handle")
    assert live.act(MEMBER, case_id, "return", reason="not_ours", text="不归我们").status_code == 200
    owes(live, "dispatcher", case_id, "dispatch")
    assert queue(live, "dispatch") == waiting + 1
    assert (lies(live, TEAM)["led"], lies(live, "")["led"]) == (led, unled + 1), "nobody has it now"
    listed = live.call("leader", "GET", f"/api/queues/dispatch?level=0&scope={GRID}&limit=200").json()["duties"]
    assert case_id in [one["case_id"] for one in listed]

    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    answer = live.call("auditor", "GET", f"/api/registers/returns?from={today}&to={today}&limit=200")
    entry = next(one for one in answer.json()["entries"] if one["case_id"] == case_id)
    assert (entry["person"], entry["unit"], entry["reason"], entry["outcome"]) == (MEMBER, TEAM, "not_ours", "done")
    assert "不归我们" not in answer.text
    assert answer.json()["counts"]["done"] >= 1
    answer = live.call("auditor", "GET", f"/api/stage_clocks?from={today}&to={today}&answer=met&limit=200")
    met = [(run["clock"], run["holder"]) for run in answer.json()["stage_clocks"] if run["case_id"] == case_id]
    assert {("accept", "desk:0"), ("file", "desk:0"), ("dispatch", "desk:0")} <= set(met)
    counts = answer.json()["counts"]["dispatch"]
    assert counts["due"] == counts["met"] + counts["missed"] + counts["running"] >= 1


def test_the_same_matter_reported_twice_is_suggested_with_its_parts(live: Live) -> None:
    place = {"grid": GRID, "lon": 113.3731, "lat": 34.5371}
    first = live.report(GRID, place=place, text="路边井盖丢失")
    second = live.report(GRID, place=place, text="路边的井盖丢失了")

    def found() -> dict[str, Any] | None:
        answer = live.call("acceptor", "GET", f"/api/cases/{second}/duplicates")
        if answer.status_code == 503 and answer.json()["code"] == "behind":
            return None
        assert answer.status_code == 200, answer.text
        return next((one for one in answer.json()["candidates"] if one["case_id"] == first), None)

    alike = eventually(found, FOLDED_S_MAX, "the first is suggested")
    assert alike["score"] > 0.9
    assert alike["parts"] | {"time": None, "text": None} == {"class": 1.0, "place": 1.0, "time": None, "text": None}
    assert alike["parts"]["text"] > 0.7
    masked = live.call("auditor", "GET", f"/api/cases/{second}/duplicates").json()["candidates"]
    assert all(one["parts"]["text"] is None for one in masked)


@pytest.mark.parametrize(
    ("who", "path", "status", "code"),
    [
        ("admin", "/api/duties", 403, "forbidden"),
        ("wall", "/api/duties", 403, "forbidden"),
        ("public", "/api/queues", 403, "forbidden"),
        (MEMBER, "/api/queues", 403, "forbidden"),
        (MEMBER, "/api/registers/voids?from=2026-11-01&to=2026-11-02", 403, "forbidden"),
        ("leader", "/api/queues?level=3", 422, "bad_level"),
        ("leader", "/api/queues?level=x", 422, "malformed"),
        ("leader", "/api/queues?scope=41", 403, "outside_post"),
        ("leader", "/api/queues?scope=410183%00", 422, "malformed"),
        ("leader", "/api/queues/sing", 404, "unknown_act"),
        ("leader", "/api/queues/accept?limit=0", 422, "limit_out_of_range"),
        ("leader", "/api/duties?limit=201", 422, "limit_out_of_range"),
        ("leader", "/api/duties?after=x", 422, "bad_mark"),
        ("leader", "/api/duties?after=9999999999999999999.0.x", 422, "bad_mark"),
        ("leader", "/api/registers/songs?from=2026-11-01&to=2026-11-02", 404, "unknown_register"),
        ("leader", "/api/registers/voids?from=2026-11-02&to=2026-11-01", 422, "period_reversed"),
        ("leader", "/api/registers/voids?from=2026-11-02", 422, "bad_date"),
        ("leader", "/api/registers/voids?from=2024-11-02&to=2026-11-01", 422, "period_too_long"),
        (MEMBER, "/api/breaches?from=2026-11-01&to=2026-11-02", 403, "forbidden"),
        ("leader", "/api/breaches?from=2026-11-01&to=2026-11-02&clock=lunch", 422, "unknown_clock"),
        ("leader", "/api/breaches?from=2026-11-02&to=2026-11-01", 422, "period_reversed"),
        ("leader", "/api/breaches?from=2026-11-01&to=2026-11-02&scope=41", 403, "outside_post"),
        (MEMBER, "/api/stage_clocks?from=2026-11-01&to=2026-11-02", 403, "forbidden"),
        ("leader", "/api/stage_clocks?from=2026-11-01&to=2026-11-02&clock=handle", 422, "unknown_clock"),
        ("leader", "/api/stage_clocks?from=2026-11-01&to=2026-11-02&answer=late", 422, "malformed"),
        ("leader", "/api/stage_clocks?from=2026-11-02&to=2026-11-01", 422, "period_reversed"),
        (MEMBER, "/api/workload", 403, "forbidden"),
        ("leader", "/api/workload?scope=41", 403, "outside_post"),
        ("leader", "/api/workload?scope=410183%00", 422, "malformed"),
        ("leader", "/api/workload?limit=0", 422, "limit_out_of_range"),
        ("leader", "/api/workload?unit=%00", 422, "malformed"),
        ("leader", "/api/cases/nobody/duplicates", 404, "not_found"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_code(
    live: Live, who: str, path: str, status: int, code: str
) -> None:
    answer = live.call(who, "GET", path)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert {"title", "title_en"} <= answer.json().keys()


@pytest.mark.parametrize("name", ["duties", "registers", "breaches", "workload", "stage_clocks", "daily"])
def test_rebuilt_from_the_log_the_rows_are_the_same(live: Live, name: str) -> None:
    done = live.command("rebuild", name)
    assert done.returncode == 0, done.stdout + done.stderr
