"""The figures by the API: counted from the log's facts, each with the cases behind it, and for whom."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.figures import READERS
from domain.case.values import Role
from domain.figures.formulas import FORMULAS
from projections import facts
from tests.support.beside import Beside
from tests.support.city import GRID, TEAM, TOWN
from tests.support.live import Live, eventually

FOLDED_S_MAX = 10.0
FILLED_S_MAX = 20.0
MEMBER = f"handler-{TOWN}"


def days() -> str:
    """This day, as a query."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    return f"from={today}&to={today}"


def asked(live: Live, who: str, query: str = "", path: str = "") -> dict[str, Any]:
    answer = live.call(who, "GET", f"/api/figures{path}?{days()}{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def of(answer: dict[str, Any], name: str) -> dict[str, Any]:
    return next(figure for figure in answer["figures"] if figure["name"] == name)


def ids(live: Live, name: str, part: str) -> list[str]:
    """All cases behind a number, two a page."""
    found: list[str] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        query = f"&scope={TOWN}&part={part}&limit=2&after={page['next']}"
        page = asked(live, "leader", query, f"/{name}/cases")
        found += [one["case_id"] for one in page["cases"]]
    assert len(found) == page["cases_in_all"]
    return found


def test_every_figure_says_what_it_stands_on_and_names_its_cases(live: Live) -> None:
    done, open_case = live.dispatched(GRID, TEAM), live.dispatched(GRID, TEAM)
    for action in ("acknowledge", "handle"):
        assert live.act(MEMBER, done, action).status_code == 200

    signed = "acknowledge_in_time_rate"
    eventually(lambda: done in ids(live, signed, "numerator"), FOLDED_S_MAX, "the facts are folded")
    answer = asked(live, "leader", f"&scope={TOWN}")
    assert [figure["name"] for figure in answer["figures"]] == list(FORMULAS)
    for figure in answer["figures"]:
        assert figure["version"] >= 1
        assert {"numerator", "denominator", "period", "position", "rule", "value"} <= figure.keys()
        assert (figure["scope"], figure["position"]) == (TOWN, answer["position"])
        assert (figure["value"] is None) == (figure["denominator"] == 0)
    assert answer["volumes"]["reported"] >= 2
    below = ids(live, "dispatch_in_time_rate", "denominator")
    assert {done, open_case} <= set(below)
    assert below == sorted(set(below))
    page = asked(live, "leader", f"&scope={TOWN}&part=denominator", "/handling_rate/cases")
    assert page["cases_in_all"] == page["denominator"]
    assert open_case not in ids(live, signed, "numerator")
    assert set(ids(live, signed, "numerator")) <= set(ids(live, signed, "denominator"))


def test_variant_a_of_the_day_is_what_the_wall_shows(live: Live) -> None:
    live.dispatched(GRID, TEAM)

    def same() -> bool:
        agg = live.call("leader", "GET", "/api/wall/snapshot").json()["agg"]
        figure = of(asked(live, "leader"), "handling_rate")
        *_, should, handled = agg["kpi"]
        return (figure["denominator"], figure["numerator"]) == (should, handled)

    assert eventually(same, FOLDED_S_MAX, "the wall and the figures agree")


def test_the_days_add_up_to_the_figure_of_the_period(live: Live) -> None:
    live.dispatched(GRID, TEAM)
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    week = f"from={today - timedelta(days=3)}&to={today + timedelta(days=3)}&scope={TOWN}"

    def same() -> bool:
        whole = live.call("leader", "GET", f"/api/figures?{week}").json()
        daily = live.call("leader", "GET", f"/api/figures/daily?{week}").json()
        if whole["position"] != daily["position"]:
            return False
        assert [one["name"] for one in daily["figures"]] == list(FORMULAS)
        for figure, one in zip(whole["figures"], daily["figures"], strict=True):
            sums = tuple(sum(count[at] for count in one["days"].values()) for at in (0, 1))
            assert sums == (figure["numerator"], figure["denominator"]), figure["name"]
        return True

    assert eventually(same, FOLDED_S_MAX, "both are asked at one place")
    one = live.call("leader", "GET", f"/api/figures/daily?{week}&name=dispatch_in_time_rate").json()["figures"]
    assert [figure["name"] for figure in one] == ["dispatch_in_time_rate"]
    assert one[0]["days"]


def test_who_may_ask_and_for_what(live: Live) -> None:
    readers = {str(role) for role in READERS}
    for role in set(Role) - {Role.SYSTEM}:
        answer = live.call(str(role), "GET", f"/api/figures?{days()}")
        assert answer.status_code == (200 if role in readers else 403), role
        for path in ("closing_rate/cases", "daily"):
            answer = live.call(str(role), "GET", f"/api/figures/{path}?{days()}")
            assert answer.status_code == (200 if role in readers else 403), role


def test_a_townships_desk_sees_its_township_and_what_lies_in_it(live: Live) -> None:
    who = f"shift_head-{TOWN}"
    assert asked(live, who)["scope"] == TOWN
    assert asked(live, who, f"&scope={GRID}")["scope"] == GRID
    for outside in ("410183", TOWN[:-1], "410183002"):
        answer = live.call(who, "GET", f"/api/figures?{days()}&scope={outside}")
        assert (answer.status_code, answer.json()["allowed"]) == (403, [TOWN])


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("?from=2018-10-15&to=2018-10-14", 422, "period_reversed"),
        ("?from=2018-10-15", 422, "bad_date"),
        ("?from=20181015&to=2018-10-15", 422, "bad_date"),
        ("?from=2018-02-30&to=2018-10-15", 422, "bad_date"),
        ("?from=%00&to=٢٠١٨-١٠-١٥", 422, "bad_date"),
        ("?from=2018-01-01&to=2019-01-02", 422, "period_too_long"),
        ("?from=1066-10-14&to=1066-10-14", 422, "outside_calendar"),
        ("?from=0001-01-01&to=0001-01-01", 422, "outside_calendar"),
        ("?from=9999-12-31&to=9999-12-31", 422, "outside_calendar"),
        ("?from=2018-10-15&to=2018-10-15&scope=42", 403, "outside_post"),
        ("?from=2018-10-15&to=2018-10-15&scope=4101839", 404, "unknown_scope"),
        ("?from=2018-10-15&to=2018-10-15&scope=410183%00", 404, "unknown_scope"),
        ("/no_rate/cases?from=2018-10-15&to=2018-10-15", 404, "unknown_figure"),
        ("/daily?from=2018-10-15&to=2018-10-15&name=no_rate", 404, "unknown_figure"),
        ("/%00/cases?from=2018-10-15&to=2018-10-15", 404, "unknown_figure"),
        ("/closing_rate/cases?from=2018-10-15&to=2018-10-15&part=middle", 422, "malformed"),
        ("/closing_rate/cases?from=2018-10-15&to=2018-10-15&limit=many", 422, "malformed"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_what_is_wrong(
    live: Live, path: str, status: int, code: str
) -> None:
    answer = live.call("leader", "GET", f"/api/figures{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert {"title", "title_en", "type"} <= answer.json().keys()


def test_rows_of_a_release_that_knew_no_facts_are_filled_from_the_story(beside: Beside) -> None:
    beside.start("dispatch")
    project = beside.start("project")
    beside.report(40)
    beside.all_decided()
    rows = "select t::text from facts t order by case_id"
    eventually(lambda: len(beside.query(rows)) == 40, FILLED_S_MAX, "the facts are folded")
    project.terminate()
    project.wait(FILLED_S_MAX)
    before = beside.query(rows)
    beside.query("drop table facts")
    beside.query("delete from checkpoint where projection = $1", facts.NAME)
    beside.start("project")
    beside.report(1)
    eventually(lambda: _has(beside, 41), FILLED_S_MAX, "the table is there again, and goes on")
    after = beside.query(rows)
    assert set(before) < set(after)
    places = "select partition, next_offset from checkpoint where projection = $1 order by 1"
    assert beside.query(places, facts.NAME) == beside.query(places, "timeline")


def _has(beside: Beside, count: int) -> bool:
    found = beside.query("select to_regclass('facts')::text")[0][0]
    return found is not None and beside.query("select count(*) from facts")[0][0] == count
