"""The reactor: what a decision asks of another case stands there soon, also when the reactor was killed meanwhile."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from structlog.testing import capture_logs

from domain.routing.values import Adjudication
from projections import rulings
from projections.database import open_pool
from streams.react import React
from tests.support.beside import LOOK_S, Beside
from tests.support.city import GRID, TEAM
from tests.support.live import Live, eventually

FOLLOWS_S_MAX = 30.0
TRIED_S_MAX = 30.0
NOBODY = "127.0.0.1:1"
WAITING = Adjudication("A-1", "case-1", "010101", GRID, TEAM, 0, "leader", "reasons", "1")


def closed(live: Live) -> str:
    """A case that has ended."""
    case_id = live.dispatched(GRID, TEAM)
    for who, action, more in (
        ("handler-410183001", "acknowledge", {}),
        ("handler-410183001", "handle", {}),
        ("acceptor", "send_check", {"collector": "collector-410183001"}),
        ("collector-410183001", "pass_check", {}),
        ("shift_head", "close", {}),
    ):
        assert live.act(who, case_id, action, **more).status_code == 200
    return case_id


def case(live: Live, case_id: str) -> dict[str, Any]:
    """The case as a leader reads it."""
    return dict(live.call("leader", "GET", f"/api/cases/{case_id}").json())


def repeats(live: Live, of: str) -> str:
    """A new case, linked to that one."""
    case_id = live.report(GRID)
    assert live.act("acceptor", case_id, "recur", of=of).json()["outcome"] == "accepted"
    return case_id


def test_a_link_is_noted_on_the_closed_case_and_refused_by_an_open_one(live: Live) -> None:
    old, still_open = closed(live), live.report(GRID)
    new = repeats(live, old)
    eventually(lambda: case(live, old).get("recurred_by") == [new], FOLLOWS_S_MAX, "the note on the closed case")
    assert case(live, new)["recurs"] == old
    refused = repeats(live, still_open)
    eventually(lambda: "recurs" not in case(live, refused), FOLLOWS_S_MAX, "the link is taken away again")
    told = live.call("leader", "GET", f"/api/cases/{refused}/timeline")
    dropped = [e for link in told.json()["entries"] for e in link["events"] if e["type"] == "recurrence_dropped.v1"]
    assert [(e["of"], e["reason"]) for e in dropped] == [(still_open, "wrong_state")]


def test_what_was_asked_while_the_reactor_was_dead_follows_once_it_lives(live: Live) -> None:
    old = closed(live)
    reactor = live.part("react")
    reactor.send_signal(signal.SIGSTOP)
    new = [repeats(live, old) for _ in range(3)]
    assert "recurred_by" not in case(live, old)
    reactor.kill()
    eventually(lambda: set(case(live, old).get("recurred_by", [])) == set(new), FOLLOWS_S_MAX, "all three notes")
    story = live.call("leader", "GET", f"/api/cases/{old}/timeline").json()["entries"]
    assert sum(link["action"] == "note_recurrence" for link in story) == 3, "each once"


def test_nobody_learns_of_a_case_they_may_not_see_by_linking_to_it(live: Live) -> None:
    elsewhere = live.report("410183002")
    head = "grid_head-410183001"
    body = {"place": {"grid": GRID}, "channel": "patrol", "case_class": "010101"}
    mine = str(live.call(head, "POST", "/api/cases", {**body, "action_id": elsewhere}).json()["case_id"])
    assert live.act(head, mine, "recur", of=elsewhere).status_code == 404
    assert live.act(head, mine, "note_recurrence", by=elsewhere).status_code == 422


def test_an_adjudication_becomes_a_rule_of_the_routing_also_when_the_reactor_was_killed(live: Live) -> None:
    place = "41018300200101"
    quarrel = live.report(place, case_class="020104")
    reactor = live.part("react")
    reactor.send_signal(signal.SIGSTOP)
    ruling = {"unit": "410183-police", "reason": "duties", "text": "第九条", "place": place[:12]}
    assert live.act("leader", quarrel, "adjudicate", **ruling).json()["outcome"] == "accepted"
    reactor.kill()

    def ruled() -> list[dict[str, Any]]:
        routing = live.call("leader", "GET", "/api/reference/in-force/routing").json()
        held = routing.get("contents", routing).get("adjudications", [])
        return [one for one in held if one["case_id"] == quarrel]

    (rule,) = eventually(ruled, FOLLOWS_S_MAX, "the rule stands in the routing in force")
    assert (rule["unit"], rule["place"], rule["decided_by"]) == ("410183-police", place[:12], "leader")
    next_one = live.report(place, case_class="020104")
    assert live.act("acceptor", next_one, "accept").status_code == 200
    filed = live.act("shift_head", next_one, "file").json()
    proposed = [event for event in filed["events"] if event["type"] == "proposed.v1"]
    assert [(event["unit"], event["by"]) for event in proposed] == [("410183-police", "adjudication")]


def test_while_the_log_is_away_an_adjudication_waits_and_the_reactor_goes_on(beside: Beside) -> None:
    beside.start("dispatch")
    beside.start("project")
    beside.report(1)
    beside.all_decided()
    eventually(beside.rows_hold_everything, FOLLOWS_S_MAX, "the adopted version in the rows", LOOK_S)
    reactor = React(NOBODY, beside.postgres, beside.names, "")

    async def tried() -> None:
        reactor.pool = await open_pool(beside.postgres, 1, "test")
        async with reactor.pool.acquire() as connection:
            await rulings.note(connection, [WAITING])
        with capture_logs() as said:
            task = asyncio.create_task(reactor.alongside())
            try:
                await asyncio.to_thread(eventually, lambda: said or task.done(), TRIED_S_MAX, "it tried")
                assert not task.done()
                assert said[0]["event"] == "react.rules_wait"
                assert "KafkaConnectionError" in said[0]["reason"]
            finally:
                task.cancel()
                await asyncio.wait([task])
                await reactor.pool.close()

    asyncio.run(tried())
    assert [row["version"] for row in beside.query("select version from rulings")] == [None]
