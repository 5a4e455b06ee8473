"""Stored bytes are for ever: what was written once is read and written again byte for byte."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from domain.adoption.actions import Adopt, AdoptionAttempt
from domain.adoption.evolve import evolve
from domain.adoption.state import InForce
from domain.case import actions as a
from domain.case.events import CASE_EVENTS
from domain.case.values import (
    Channel,
    DeclineReason,
    ExtensionReason,
    FailReason,
    FilingRefusal,
    ForceReason,
    Photo,
    Place,
    ReturnReason,
    Role,
    Source,
    Stage,
    SuspensionReason,
    VoidReason,
    Waiver,
)
from eventlog.record import AdoptionRecord, DecisionRecord, Origin, TakeoverRecord, decode, encode
from eventlog.verdict import Arrived, judge_adoption, read_attempt
from tests.support.city import GRID, TEAM, URBAN, actor, ms, split_city, torn_city
from tests.support.desk import Desk
from tests.support.lives import (
    a_case_that_is_verified_and_finds_its_level,
    a_case_with_others_at_the_table,
    cases_that_are_merged_self_handled_and_opened_again,
)

SUPPORT = Path(__file__).parent.parent / "support"
HOUR = 3_600_000


def a_short_case() -> list[bytes]:
    """Records of a short case, as this release writes them; the rulebook's version is left out of the comparison."""
    desk = Desk()
    at = ms("2018-10-15T11:00")
    steps = (
        (actor(Role.ACCEPTOR), a.Report(Place(GRID, 113.3, 34.5), Channel.HOTLINE, "010101")),
        (actor(Role.ACCEPTOR), a.Accept()),
        (actor(Role.SHIFT_HEAD), a.File("010101", "01")),
        (actor(Role.DISPATCHER), a.Dispatch(TEAM)),
        (actor(Role.SHIFT_HEAD), a.Close()),
        (actor(Role.HANDLER, "li", TEAM), a.Acknowledge()),
    )
    for number, (who, action) in enumerate(steps):
        desk.act(who, action, at + number, f"action-{number}")
    takeover = TakeoverRecord(partition=3, topic="t", next_offset=9, worker="w", release="test")
    return [*map(encode, desk.records), encode(takeover)]


def a_case_with_moved_deadlines() -> list[bytes]:
    """Records of a case that is returned, dispatched anew, extended, refused, handled with a request open, and late."""
    desk = Desk()
    at = ms("2018-10-15T09:00")
    acceptor, shift_head = actor(Role.ACCEPTOR), actor(Role.SHIFT_HEAD)
    dispatcher, handler = actor(Role.DISPATCHER), actor(Role.HANDLER, "li", TEAM)
    ask = a.RequestExtension(ExtensionReason.WEATHER, "2WH")
    steps = (
        (0, acceptor, a.Report(Place(GRID), Channel.HOTLINE, "010101")),
        (1, acceptor, a.Accept()),
        (2, shift_head, a.File("010101", "02")),
        (3, dispatcher, a.Dispatch(TEAM, (URBAN,))),
        (4, handler, a.Acknowledge()),
        (HOUR, handler, a.Return(ReturnReason.WRONG_CLASS)),
        (2 * HOUR, dispatcher, a.Dispatch(TEAM)),
        (2 * HOUR + 1, handler, a.Acknowledge()),
        (2 * HOUR + 2, handler, ask),
        (2 * HOUR + 3, shift_head, a.DecideExtension(granted=True)),
        (2 * HOUR + 4, handler, ask),
        (2 * HOUR + 5, actor(Role.LEADER), a.DecideExtension(granted=False)),
        (2 * HOUR + 6, handler, ask),
        (30 * HOUR, handler, a.Handle()),
    )
    for number, (later, who, action) in enumerate(steps):
        desk.act(who, action, at + later, f"action-{number}")
    return list(map(encode, desk.records))


def two_cases_that_are_linked() -> list[bytes]:
    """Records of a closed case and of one that says it repeats it, and of what the reactor carries between them."""
    old, new = Desk("case-old"), Desk("case-new")
    at = ms("2018-10-15T09:00")
    acceptor, shift_head, reactor = actor(Role.ACCEPTOR), actor(Role.SHIFT_HEAD), actor(Role.SYSTEM, scope="")
    handler, collector = actor(Role.HANDLER, "li", TEAM), actor(Role.COLLECTOR, "chen")
    life = (
        (acceptor, a.Report(Place(GRID), Channel.HOTLINE, "010101")),
        (acceptor, a.Accept()),
        (shift_head, a.File("010101", "02")),
        (actor(Role.DISPATCHER), a.Dispatch(TEAM)),
        (handler, a.Acknowledge()),
        (handler, a.Handle()),
        (acceptor, a.SendCheck("chen")),
        (collector, a.PassCheck()),
        (shift_head, a.Close()),
    )
    for number, (who, action) in enumerate(life):
        old.act(who, action, at + number, f"action-{number}")
    new.act(acceptor, life[0][1], at + 100, "again")
    new.act(acceptor, a.Recur("case-old"), at + 101, "link")
    old.act(reactor, a.NoteRecurrence("case-new"), at + 102, "noted")
    new.act(reactor, a.DropRecurrence("case-old", "wrong_state"), at + 103, "dropped")
    return list(map(encode, [old.records[-1], *new.records]))


def a_case_with_everything_alongside() -> list[bytes]:
    """Records of a declined report, an imported case, and a case with co-handlers, remarks, evidence and rework."""
    declined, imported, desk = Desk("case-declined"), Desk("case-imported"), Desk("case-alongside")
    at = ms("2018-10-15T09:00")
    acceptor, shift_head = actor(Role.ACCEPTOR), actor(Role.SHIFT_HEAD)
    handler, helper = actor(Role.HANDLER, "li", TEAM), actor(Role.HANDLER, "he", URBAN)
    collector, photo = actor(Role.COLLECTOR, "chen"), Photo("0" * 64)
    report = a.Report(Place(GRID), Channel.HOTLINE, "010101")
    declined.act(acceptor, report, at, "report")
    declined.act(acceptor, a.Decline(DeclineReason.DUPLICATE), at + 1, "decline")
    past = a.ImportCase(Source("old system", "7"), report, at - HOUR, (a.Step(a.Accept(), at - HOUR + 1),))
    imported.act(actor(Role.IMPORTER), past, at, "import")
    steps = (
        (acceptor, report),
        (acceptor, a.Accept()),
        (shift_head, a.File("010101", "02")),
        (actor(Role.DISPATCHER), a.Dispatch(TEAM, (URBAN,))),
        (handler, a.Acknowledge()),
        (handler, a.Progress(Stage.ON_SCENE)),
        (helper, a.Acknowledge()),
        (helper, a.CoDone()),
        (handler, a.Note("seen")),
        (handler, a.Attach((photo,))),
        (handler, a.Handle(photos=(photo,))),
        (acceptor, a.SendCheck("chen")),
        (collector, a.FailCheck(FailReason.NOT_DONE, (URBAN,))),
        (handler, a.Handle(without=(Waiver(URBAN, "on leave"),))),
        (acceptor, a.SendCheck("chen")),
        (collector, a.PassCheck((photo,))),
        (shift_head, a.Close()),
    )
    for number, (who, action) in enumerate(steps):
        assert desk.act(who, action, at + number, f"action-{number}").rejection is None
    return [encode(record) for one in (declined, imported, desk) for record in one.records]


def adoptions_of_a_partition() -> list[bytes]:
    """Records of two adoptions, one repeated, one known already, one whose base moved, one by somebody who may not."""
    state, at = InForce(), ms("2018-10-15T09:00")
    admin, one, two = actor(Role.ADMIN), "1" * 64, "2" * 64
    asked = (
        ("first", admin, Adopt(one)),
        ("first", admin, Adopt(one)),
        ("again", admin, Adopt(one)),
        ("moved", admin, Adopt(two, base="3" * 64)),
        ("nobody", actor(Role.DISPATCHER), Adopt(two)),
        ("second", admin, Adopt(two, base=one, note="new limits")),
    )
    records: list[AdoptionRecord] = []
    for number, (action_id, who, adopt) in enumerate(asked):
        attempt = AdoptionAttempt(action_id, 3, who, adopt, at)
        arrived = Arrived(Origin("t", 3, number), at + number, b"adoption", msgspec.json.encode(attempt))
        assert read_attempt(arrived) == attempt
        records.append(judge_adoption(state, attempt, arrived, "test", ("410183001",)))
        state = evolve(state, attempt, number, records[-1].events)
    return list(map(encode, records))


def cases_of_unclear_ownership_and_a_grid_that_ends() -> list[bytes]:
    """Records of a case that nobody is named for and no list admits, and of one whose grid is split under it."""
    unclear, moved = Desk("case-unclear", torn_city()), Desk("case-moved")
    at = ms("2018-10-15T09:00")
    acceptor, shift_head = actor(Role.ACCEPTOR), actor(Role.SHIFT_HEAD)
    for desk in (unclear, moved):
        desk.act(acceptor, a.Report(Place(GRID), Channel.HOTLINE, "010101"), at, "report")
        desk.act(acceptor, a.Accept(), at + 1, "accept")
        desk.act(shift_head, a.File("010101", "02"), at + 2, "file")
    moved.rules = split_city(at + HOUR)
    moved.act(actor(Role.SYSTEM, scope=""), a.Tick(), at + HOUR, "tick")
    return [encode(record) for desk in (unclear, moved) for record in desk.records]


def cases_that_end_otherwise() -> list[bytes]:
    """Records of a case that is not filed, of one that is void while it waits for another unit, and of a forced end."""
    refused, void, forced = Desk("case-refused"), Desk("case-void"), Desk("case-forced")
    at = ms("2018-10-15T09:00")
    shift_head, handler = actor(Role.SHIFT_HEAD), actor(Role.HANDLER, "li", TEAM)
    begun = (
        (actor(Role.ACCEPTOR), a.Report(Place(GRID), Channel.HOTLINE, "010101")),
        (actor(Role.ACCEPTOR), a.Accept()),
    )
    under_way = (
        (shift_head, a.File("010101", "02")),
        (actor(Role.DISPATCHER), a.Dispatch(TEAM, (URBAN,))),
        (handler, a.Acknowledge()),
    )
    lives = (
        (refused, (*begun, (shift_head, a.RefuseFiling(FilingRefusal.OUTSIDE_DUTIES, "the railway's")))),
        (
            void,
            (*begun, *under_way, (handler, a.Return(ReturnReason.CANNOT_FIND)), (shift_head, a.Void(VoidReason.TRIAL))),
        ),
        (
            forced,
            (
                *begun,
                *under_way,
                (handler, a.RequestExtension(ExtensionReason.WEATHER, "2WH")),
                (actor(Role.LEADER), a.ForceClose(ForceReason.IN_COURT, "case 7 of the county court")),
            ),
        ),
    )
    for desk, life in lives:
        for number, (who, action) in enumerate(life):
            assert desk.act(who, action, at + number * 60_000, f"action-{number}").rejection is None
    return [encode(record) for desk, _ in lives for record in desk.records]


def a_case_that_is_suspended() -> list[bytes]:
    """Records of a request for a pause refused, one granted, a pause that ends by itself, and one that dies."""
    desk, left = Desk("case-suspended"), Desk("case-left")
    at = ms("2018-10-15T09:00")
    handler, leader = actor(Role.HANDLER, "li", TEAM), actor(Role.LEADER)
    ask = a.RequestSuspension(SuspensionReason.SEASON, at + 72 * HOUR, "frost")
    begun = (
        (actor(Role.ACCEPTOR), a.Report(Place(GRID), Channel.HOTLINE, "010101")),
        (actor(Role.ACCEPTOR), a.Accept()),
        (actor(Role.SHIFT_HEAD), a.File("010101", "02")),
        (actor(Role.DISPATCHER), a.Dispatch(TEAM, (URBAN,))),
        (handler, a.Acknowledge()),
        (handler, ask),
    )
    decided = (
        (leader, a.DecideSuspension(granted=False, text="it thaws")),
        (handler, ask),
        (leader, a.DecideSuspension(granted=True)),
    )
    for number, (who, action) in enumerate((*begun, *decided)):
        assert desk.act(who, action, at + number, f"action-{number}").rejection is None
    desk.act(actor(Role.SYSTEM, scope=""), a.Tick(), at + 72 * HOUR + 1, "tick")
    for number, (who, action) in enumerate((*begun, (handler, a.Return(ReturnReason.NOT_OURS)))):
        assert left.act(who, action, at + number, f"action-{number}").rejection is None
    return [encode(record) for one in (desk, left) for record in one.records]


WRITTEN = {
    "golden_v1_2.jsonl": a_short_case,
    "golden_v1_2_time.jsonl": a_case_with_moved_deadlines,
    "golden_v1_link.jsonl": two_cases_that_are_linked,
    "golden_v1_adoption.jsonl": adoptions_of_a_partition,
    "golden_v1_2_alongside.jsonl": a_case_with_everything_alongside,
    "golden_v1_ended.jsonl": cases_that_end_otherwise,
    "golden_v1_suspended.jsonl": a_case_that_is_suspended,
    "golden_v1_levels.jsonl": a_case_that_is_verified_and_finds_its_level,
    "golden_v1_rounds.jsonl": cases_that_are_merged_self_handled_and_opened_again,
    "golden_v1_table.jsonl": a_case_with_others_at_the_table,
    "golden_v1_ownership.jsonl": cases_of_unclear_ownership_and_a_grid_that_ends,
}
"""What this release writes."""
EARLIER = ("golden_v1.jsonl", "golden_v1_time.jsonl", "golden_v1_alongside.jsonl")
"""What earlier releases wrote, before filing proposed a lead: it is read for ever."""


@pytest.mark.parametrize("name", [*EARLIER, *WRITTEN])
def test_the_first_version_is_read_and_written_byte_for_byte(name: str) -> None:
    lines = (SUPPORT / name).read_bytes().splitlines()
    assert [encode(decode(line)) for line in lines] == lines


@pytest.mark.parametrize("name", WRITTEN)
def test_this_release_writes_what_is_stored_as_its_example(name: str) -> None:
    fields = [_shape(decode(line)) for line in (SUPPORT / name).read_bytes().splitlines()]
    assert [_shape(decode(line)) for line in WRITTEN[name]()] == fields


def test_every_event_there_is_has_a_stored_example() -> None:
    records = [decode(line) for name in WRITTEN for line in (SUPPORT / name).read_bytes().splitlines()]
    stored = {type(event) for record in records if isinstance(record, DecisionRecord) for event in record.events}
    assert [kind.__name__ for kind in CASE_EVENTS if kind not in stored] == []


def _shape(record: object) -> list[object]:
    found = msgspec.to_builtins(record)
    return [sorted(found), [[*sorted(event), event["type"]] for event in found.get("events", [])]]
