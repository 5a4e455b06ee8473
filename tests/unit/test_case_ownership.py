"""Whom a case is proposed to, what intake flags, and where a case goes when its grid ends."""

from __future__ import annotations

from msgspec.structs import replace

from domain.case import actions as a
from domain.case.events import NotAdmitted, OwnershipUnclear, Proposed, Rehomed
from domain.case.frame import Rules
from domain.case.rehoming import rehoming_due_ms
from domain.case.values import Channel, ClockKind, Place, Role
from domain.routing.route import By, Reason
from domain.routing.values import Rule
from eventlog.record import Outcome
from tests.support.city import (
    GRID,
    SUCCESSORS,
    TEAM,
    URBAN,
    actor,
    city_of,
    contents,
    ms,
    ruled_city,
    rules,
    split_city,
    torn_city,
)
from tests.support.desk import Desk

AT = ms("2018-10-15T09:00")
ACCEPTOR, SHIFT_HEAD = actor(Role.ACCEPTOR), actor(Role.SHIFT_HEAD)
CLOCK = actor(Role.SYSTEM, scope="")
HOUR = 3_600_000


def filed(by: Rules | None = None, place: Place | None = None) -> Desk:
    """A filed case about a manhole cover."""
    desk = Desk(by=by)
    desk.act(ACCEPTOR, a.Report(place or Place(GRID), Channel.HOTLINE, "010101"), AT)
    desk.act(ACCEPTOR, a.Accept(), AT + 1)
    assert desk.act(SHIFT_HEAD, a.File("010101", "02"), AT + 2).outcome is Outcome.ACCEPTED
    return desk


def events(desk: Desk, kind: type) -> list[object]:
    return [event for record in desk.records for event in record.events if isinstance(event, kind)]


def test_filing_proposes_the_lead_that_the_routing_names() -> None:
    desk = filed()
    assert desk.file.case is not None
    assert events(desk, Proposed) == [Proposed(AT + 2, unit=URBAN, by=By.OWNER)]
    assert (desk.file.case.proposed, desk.file.case.unclear) == ("410183-urban", False)


def test_filing_asks_the_rules_of_the_desks_level_that_hold_at_that_instant() -> None:
    police = "410183-police"
    at_night = Rule("night", police, ("010101",), levels=(0,), since_ms=AT + 2)
    elsewhere = Rule("village", URBAN, ("010101",), levels=(2,))
    over = Rule("over", URBAN, ("010101",), levels=(0,), until_ms=AT + 2)
    desk = filed(ruled_city(at_night, elsewhere, over))
    assert events(desk, Proposed) == [Proposed(AT + 2, unit=police, by=By.RULE, rule="night")]


def test_filing_proposes_the_unit_of_the_condition_where_it_has_its_own() -> None:
    standard = contents().standard
    cover = next(one for one in standard.classes if one.code == "010101")
    assert cover.responsible == URBAN
    own = tuple(replace(c, responsible="410183-police") if c.code == "02" else c for c in cover.conditions)
    classes = tuple(replace(one, conditions=own) if one is cover else one for one in standard.classes)
    desk = filed(city_of(replace(standard, classes=classes)))
    assert events(desk, Proposed) == [Proposed(AT + 2, unit="410183-police", by=By.OWNER)]


def test_two_owners_put_the_case_on_the_docket_until_somebody_dispatches_it() -> None:
    desk = filed(torn_city())
    assert desk.file.case is not None
    [unclear] = events(desk, OwnershipUnclear)
    assert unclear == OwnershipUnclear(AT + 2, Reason.SEVERAL, ("410183-police", "410183-urban"), ("one", "two"))
    assert desk.file.case.unclear
    desk.act(actor(Role.DISPATCHER), a.Dispatch(TEAM), AT + 3)
    assert not desk.file.case.unclear


def test_what_the_list_does_not_admit_is_flagged_at_intake_and_at_filing_and_never_refused() -> None:
    desk = filed(torn_city())
    assert [(e.at_ms, e.case_class) for e in events(desk, NotAdmitted) if isinstance(e, NotAdmitted)] == [
        (AT, "010101"),
        (AT + 2, "010101"),
    ]
    assert desk.file.case is not None
    assert desk.file.case.not_admitted
    assert events(filed(), NotAdmitted) == []


def test_filing_under_an_admitted_class_takes_the_flag_away() -> None:
    desk = Desk()
    desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "090103"), AT)
    assert desk.file.case is not None
    assert desk.file.case.not_admitted
    desk.act(ACCEPTOR, a.Accept(), AT + 1)
    desk.act(SHIFT_HEAD, a.File("010101", "02"), AT + 2)
    assert not desk.file.case.not_admitted


def test_a_case_follows_its_grid_before_anything_else_is_decided() -> None:
    split = AT + HOUR
    new = split_city(split)
    cell = new.book.tree.find(SUCCESSORS[0], split)
    assert cell is not None
    desk = filed(place=Place(GRID, cell.lon, cell.lat))
    desk.rules = new
    record = desk.act(actor(Role.DISPATCHER), a.Dispatch(TEAM), split)
    assert not isinstance(record.events[0], Rehomed), "near and overdue stand before it"
    [moved] = events(desk, Rehomed)
    assert isinstance(moved, Rehomed)
    assert (moved.at_ms, moved.before, moved.incomplete) == (split, GRID, False)
    assert moved.grid in SUCCESSORS
    assert desk.file.case is not None
    assert desk.file.case.place.grid == moved.grid
    assert desk.file.case.clock(ClockKind.HANDLE, TEAM) is not None
    assert len(events(desk, Rehomed)) == 1, "once"
    assert rehoming_due_ms(desk.file.case, new) is None


def test_without_a_point_it_goes_to_what_holds_all_that_follows_and_says_so() -> None:
    desk = filed()
    desk.rules = split_city(AT + HOUR)
    before = desk.act(CLOCK, a.Tick(), AT + HOUR - 1)
    assert events(desk, Rehomed) == []
    assert before.outcome in (Outcome.UNCHANGED, Outcome.ACCEPTED)
    desk.act(CLOCK, a.Tick(), AT + HOUR)
    assert events(desk, Rehomed) == [Rehomed(at_ms=AT + HOUR, before=GRID, grid=GRID[:12], incomplete=True)]
    assert desk.file.case is not None
    assert desk.file.case.place_incomplete


def test_a_grid_that_ended_before_its_successors_were_adopted_moves_the_case_at_the_adoption() -> None:
    desk = filed()
    desk.rules = replace(split_city(AT - HOUR), since_ms=AT + HOUR)
    desk.act(CLOCK, a.Tick(), AT + 2 * HOUR)
    [moved] = events(desk, Rehomed)
    assert isinstance(moved, Rehomed)
    assert moved.at_ms == AT + HOUR


def test_a_report_on_a_grid_that_has_ended_is_refused_and_told_what_follows() -> None:
    desk = Desk(by=split_city(AT))
    record = desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), AT + 1)
    assert record.rejection is not None
    assert record.rejection.code == "unknown_grid"
    assert record.rejection.detail == {"found": GRID, "allowed": list(SUCCESSORS)}


def test_an_ended_case_stays_where_it_was() -> None:
    desk = Desk()
    desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), AT)
    desk.act(ACCEPTOR, a.Decline(a.DeclineReason.DUPLICATE), AT + 1)
    desk.rules = split_city(AT + HOUR)
    desk.act(CLOCK, a.Tick(), AT + 2 * HOUR)
    assert events(desk, Rehomed) == []
    assert rules().book.tree.find(GRID) is not None


def test_a_clock_that_would_leave_the_calendars_years_is_refused_and_stops_nobody() -> None:
    desk = filed()
    record = desk.act(actor(Role.DISPATCHER), a.Dispatch(TEAM), ms("2079-12-31T17:59"))
    assert record.rejection is not None
    assert record.rejection.code == "outside_calendar"


def test_a_point_that_is_nowhere_on_earth_moves_the_case_as_one_without_a_point() -> None:
    desk = filed(place=Place(GRID, 1e308, float("nan")))
    desk.rules = split_city(AT + HOUR)
    desk.act(CLOCK, a.Tick(), AT + HOUR)
    [moved] = events(desk, Rehomed)
    assert isinstance(moved, Rehomed)
    assert (moved.grid, moved.incomplete) == (GRID[:12], True)
