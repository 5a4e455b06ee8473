"""Whole lives of cases, as a city lives them, through the API and the log; each ends with its ledger, printed.

Limits are minutes here and the spring festival is one minute long (`tests/support/story.py`); all happen at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from ops.embedded.kafka import free_ports
from tests.support.live import Live
from tests.support.story import (
    COLLECTOR,
    DISPATCH,
    HEAD,
    HOTLINE,
    INSPECTOR,
    LEADER,
    MINUTE_MS,
    ORDINARY,
    SECOND_MS,
    SHIFT,
    TEAM,
    TEAM_UNIT,
    TOWN_DESK,
    TOWN_DISPATCH,
    TOWN_SHIFT,
    URBAN,
    URBAN_UNIT,
    Case,
    City,
    Story,
    small_city,
)

STORIES: dict[str, Story] = {}


def story(told: Story) -> Story:
    """Put it on the list."""
    STORIES[getattr(told, "__name__", "")] = told
    return told


@story
async def a_case_is_given_back_and_goes_to_another_unit(city: City) -> Case:
    case = await city.hears_of("a cover is broken before the school")
    await case.is_filed(ORDINARY)
    await case.is_dispatched_to(TEAM_UNIT)
    await case(TEAM, "acknowledge")
    await case(TEAM, "return", reason="not_ours")

    # The team's clock stands still while the dispatcher looks for another unit; that one starts in full.
    assert (await case.clock("handle"))["state"] == "paused"
    due_ms = await case.is_dispatched_to(URBAN_UNIT)
    assert (await case.clock("handle", TEAM_UNIT))["state"] == "reassigned"
    started = await case.clock("handle", URBAN_UNIT)
    assert (started["deadline_ms"], started["spans"][0]["from_ms"]) == (due_ms, started["started_ms"])

    assert (await case.tries(TEAM, "handle"))["code"] == "not_a_party"
    await case(URBAN, "acknowledge")
    await case(URBAN, "handle", result="mended")
    await case.is_checked_and_closed()
    assert (await case.now())["kind"] == "normal"
    return case


@story
async def the_work_is_sent_back_twice_and_stands_the_third_time(city: City) -> Case:
    case = await city.hears_of("a cover is gone")
    await case.is_filed(ORDINARY)
    await case.is_dispatched_to(TEAM_UNIT)
    await case(TEAM, "acknowledge")
    for reason in ("not_done", "badly_done"):
        await case(TEAM, "handle")
        await case(HOTLINE, "send_check", collector=COLLECTOR)
        await case(COLLECTOR, "fail_check", reason=reason)

    # Each time the clock goes on where it stopped: what it has used is the sum of its three spans.
    await case(TEAM, "handle", result="replaced at last")
    clock = await case.clock("handle")
    assert len(clock["spans"]) == 3
    assert clock["used_ms"] == sum(span["counted_ms"] for span in clock["spans"])
    await case.is_checked_and_closed()
    assert (await case.now())["rework"] == 2
    return case


@story
async def a_case_is_suspended_over_the_spring_festival(city: City) -> Case:
    case = await city.hears_of("the road has to be opened for it, and nobody works over the festival")
    await case.is_filed(ORDINARY)
    await case.is_dispatched_to(TEAM_UNIT)
    await case(TEAM, "acknowledge")
    back_ms = city.festival_ms + 30 * SECOND_MS
    await case(TEAM, "request_suspension", reason="season", until_ms=back_ms)
    assert (await case.tries(TEAM, "request_suspension", reason="season", until_ms=back_ms))[
        "code"
    ] == "suspension_open"
    await case(LEADER, "decide_suspension", granted=True)
    used_ms = (await case.clock("handle"))["used_ms"]

    # It goes on by itself in the middle of the festival, and its working time only when work begins again.
    await case.until(back_ms)
    await case.comes_to("handling")
    resumed = [event for event in await case.told() if event["type"] == "resumed.v1"]
    assert [event["at_ms"] for event in resumed] == [back_ms]
    clock = await case.clock("handle")
    assert clock["spans"][0]["by"] == "leader"
    assert clock["spans"][0]["counted_ms"] == clock["used_ms"] == used_ms
    work_ms = city.festival_ms + MINUTE_MS
    assert clock["deadline_ms"] == work_ms + 2 * MINUTE_MS - used_ms
    await case.until(work_ms + 5 * SECOND_MS)
    await case(TEAM, "handle", result="done after the festival")
    spent_ms = (await case.clock("handle"))["used_ms"] - used_ms
    assert 5 * SECOND_MS <= spent_ms < 30 * SECOND_MS
    await case.is_checked_and_closed()
    return case


@story
async def a_case_goes_up_to_the_city_and_down_to_the_township(city: City) -> Case:
    case = await city.sees_on_patrol("two owners and a township border")
    await case(HEAD, "request_verification", collector=COLLECTOR)
    await case(COLLECTOR, "give_verification", finding="true")
    await case(HEAD, "escalate", reason="needs_departments")
    await case(TOWN_DESK, "escalate", reason="several_places")
    assert (await case.tries(HOTLINE, "escalate", reason="major_matter"))["code"] == "no_such_level"
    await case(HOTLINE, "hand_down", reason="duty_of_the_place")
    assert (await case.tries(HOTLINE, "accept"))["code"] == "wrong_level"

    # The township says that it is its own, and does the whole work of a desk.
    await case(TOWN_DESK, "take")
    await case(TOWN_DESK, "accept")
    await case(TOWN_SHIFT, "file", condition=ORDINARY)
    await case(TOWN_DISPATCH, "dispatch", lead=TEAM_UNIT)
    await case(TEAM, "acknowledge")
    await case(TEAM, "handle")
    await case(TOWN_DESK, "send_check", collector=COLLECTOR)
    await case(COLLECTOR, "pass_check")
    await case(TOWN_SHIFT, "close")
    now = await case.now()
    assert (now["level"], now["path"]) == (1, [2, 1, 0])
    return case


@story
async def a_breach_is_appealed_and_overturned(city: City) -> Case:
    case = await city.hears_of("the unit had no network")
    await case.is_filed()
    due_ms = await case.is_dispatched_to(TEAM_UNIT)
    await case(TEAM, "acknowledge")
    await case.until(due_ms + 1_000)
    await case(TEAM, "handle")
    await case.is_checked_and_closed()
    assert (await case.now())["kind"] == "overdue"

    await case(TEAM, "request_appeal", reason="system_fault", text="the base station was down")
    assert (await case.tries(LEADER, "decide_appeal", upheld=True, text="?"))["code"] == "appeal_not_reviewed"
    await case(INSPECTOR, "review_appeal", supported=True, text="the operator confirms it")
    await case(LEADER, "decide_appeal", upheld=True, text="exempt")

    # It counts in no statistics, and that it was late stays visible.
    now = await case.now()
    assert (now["exempt"], now["kind"], (await case.clock("handle"))["state"]) == (True, "overdue", "missed")
    assert (await case.tries(TEAM, "request_appeal", reason="system_fault"))["code"] == "appealed_already"
    return case


@story
async def a_case_is_merged_and_goes_on_by_itself_while_the_other_one_closes(city: City) -> Case:
    case, other = await city.hears_of("the same cover?"), await city.hears_of("a cover")
    await case.is_filed(ORDINARY)
    await case.is_dispatched_to(TEAM_UNIT)
    await case(DISPATCH, "merge", into=other.id)
    assert (await case.clock("handle"))["spans"][-1]["paused"] == "merged"
    await case(DISPATCH, "unmerge", text="no, another one")
    assert (await case.now())["status"] == "dispatched"

    # Merged again while the reactor stands still; before it can tell the other case, that one ends, and so refuses.
    reactor = city.live.part("react")
    reactor.suspend()
    try:
        await case(DISPATCH, "merge", into=other.id)
        await other(LEADER, "force_close", reason="done_otherwise", text="its owner replaced it")
    finally:
        reactor.resume()
    await case.comes_to("dispatched")
    unmerged = [event for event in await case.told() if event["type"] == "unmerged.v1"]
    assert [event.get("reason") for event in unmerged] == [None, "wrong_state"]
    assert (await case.tries(DISPATCH, "merge", into=other.id))["code"] == "merge_target_ended"
    await case(TEAM, "acknowledge")
    await case(TEAM, "handle")
    await case.is_checked_and_closed()
    return case


@story
async def the_co_handler_is_late_and_the_lead_is_not(city: City) -> Case:
    case = await city.hears_of("a cover, and the road around it")
    await case.is_filed(ORDINARY)
    due_ms = await case.is_dispatched_to(TEAM_UNIT, URBAN_UNIT)
    await case(TEAM, "acknowledge")
    await case(URBAN, "acknowledge")
    await case(TEAM, "request_extension", reason="others_needed", amount="2WM")
    await case(SHIFT, "decide_extension", granted=True)
    assert (await case.tries(TEAM, "handle"))["code"] == "co_handler_open"
    late_ms = (await case.clock("co_handle", URBAN_UNIT))["deadline_ms"]
    assert late_ms == due_ms
    await case.until(late_ms + 1_000)
    await case(URBAN, "co_done")
    await case(TEAM, "handle")
    assert (await case.clock("co_handle", URBAN_UNIT))["state"] == "missed"
    assert (await case.clock("handle", TEAM_UNIT))["state"] == "met"
    await case.is_checked_and_closed()
    assert (await case.now())["kind"] == "normal"
    return case


@story
async def the_lead_is_in_time_by_a_second(city: City) -> Case:
    case = await city.hears_of("a cover is gone")
    await case.is_filed()
    due_ms = await case.is_dispatched_to(TEAM_UNIT)
    await case(TEAM, "acknowledge")
    await case.until(due_ms - SECOND_MS)
    handled = await case(TEAM, "handle")
    assert due_ms - SECOND_MS <= handled["at_ms"] <= due_ms
    await case.is_checked_and_closed()
    assert (await case.now())["kind"] == "normal"
    return case


@story
async def the_lead_is_late_by_a_second(city: City) -> Case:
    case = await city.hears_of("a cover is gone")
    await case.is_filed()
    due_ms = await case.is_dispatched_to(TEAM_UNIT)
    await case(TEAM, "acknowledge")
    await case.until(due_ms + SECOND_MS)
    handled = await case(TEAM, "handle")
    assert handled["at_ms"] >= due_ms + SECOND_MS
    await case.is_checked_and_closed()
    assert (await case.now())["kind"] == "overdue"
    return case


@story
async def an_action_races_the_deadline_while_the_clock_worker_stands_still(city: City) -> Case:
    case = await city.hears_of("a cover is gone, and nobody watches the clock")
    await case.is_filed()
    due_ms = await case.is_dispatched_to(TEAM_UNIT)
    await case(TEAM, "acknowledge")
    await case(TEAM, "progress", stage="on_scene")
    worker = city.live.part("clock")
    await case.until(due_ms - SECOND_MS)
    worker.suspend()
    try:
        await case.until(due_ms + 100)
        handled = await case(TEAM, "handle")
    finally:
        worker.resume()

    # Nobody slips in between a deadline and its notice: the decision itself tells of the breach, at its instant.
    types = [(event["type"], event.get("at_ms")) for event in handled["events"]]
    assert types.index(("clock_overdue.v1", due_ms)) < types.index(("handled.v1", handled["at_ms"]))
    await case.is_checked_and_closed()
    assert (await case.now())["kind"] == "overdue"
    overdue = [one for one in await case.told() if one["type"] == "clock_overdue.v1" and one["clock"] == "handle"]
    assert len(overdue) == 1, "the clock worker, late, has nothing to add"
    return case


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Every story, in a city of its own: the case it ended with and that case's ledger, or what stopped it."""
    folder = tmp_path_factory.mktemp("stories")
    festival_ms = small_city(folder / "city")
    live = Live(folder / "data", free_ports(1)[0], LIANDONG_PROFILE=str(folder / "city"))

    async def all_at_once() -> list[Any]:
        city = City(live, festival_ms)
        try:
            return await asyncio.gather(*(with_ledger(city, one) for one in STORIES.values()), return_exceptions=True)
        finally:
            await city.leaves()

    async def with_ledger(city: City, one: Story) -> tuple[dict[str, Any], str]:
        return await (await city.tells(one)).ledger()

    try:
        yield dict(zip(STORIES, asyncio.run(all_at_once()), strict=True))
    finally:
        assert live.stop() == 0


@pytest.mark.parametrize("name", STORIES)
def test_the_story_holds_and_every_second_of_it_has_its_holder(told: dict[str, Any], name: str) -> None:
    if isinstance(told[name], BaseException):
        raise told[name]
    ledger, table = told[name]
    print(f"\n{name.replace('_', ' ')}\n{table}")
    assert ledger["ok"]
    assert (
        ledger["sum_ms"] == ledger["elapsed_ms"] == ledger["intervals"][-1]["to_ms"] - ledger["intervals"][0]["from_ms"]
    )
    for before, after in pairwise(ledger["intervals"]):
        assert before["to_ms"] == after["from_ms"], "no hole and no overlap"
    assert "equal" in table
