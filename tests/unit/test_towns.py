"""Counts by township are a fold of each partition alone: in whatever order and pieces the partitions are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.adoption.actions import Adopt, AdoptionAttempt
from domain.adoption.events import Adopted
from domain.case import actions as a
from domain.case.events import Rehomed
from domain.case.values import Actor, Channel, Place, Role
from eventlog.record import AdoptionRecord, DecisionRecord, Origin, Outcome, encode
from eventlog.stored import Entry, Stored
from projections.board import BoardRow, CountKey, Counts, counted, row_of
from projections.runner import fold
from projections.steps import Folder
from projections.towns import Towns
from tests.support.city import GRID, TEAM, TOWN, ms, split_city
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, DISPATCHER, HANDLER, SHIFT_HEAD

ZONE = ZoneInfo("Asia/Shanghai")
START = ms("2018-10-15T09:00")
DAY = "2018-10-15"
LATER = GRID[:13]
"""A township of a later version whose code begins with an old village's; the old cell GRID begins with it."""
LATER_GRID = f"{LATER}9901"
HOUR = 3_600_000

Board = tuple[dict[CountKey, Counts], dict[str, BoardRow]]


def adoption(partition: int, offset: int, at_ms: int, *towns: str) -> AdoptionRecord:
    version = f"{len(towns)}" * 64
    attempt = AdoptionAttempt(version, partition, Actor("admin", Role.ADMIN), Adopt(version), at_ms)
    events = (Adopted(at_ms, version, "admin", towns),)
    return AdoptionRecord(
        Origin("t", partition, offset), Outcome.ACCEPTED, at_ms, at_ms, "test", "", attempt, events=events
    )


def filed(desk: Desk) -> None:
    """Reported, accepted, filed and dispatched: from then on it is to be handled that day."""
    desk.act(ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), START)
    desk.act(ACCEPTOR, a.Accept(), START + 1)
    desk.act(SHIFT_HEAD, a.File(condition="01"), START + 2)
    desk.act(DISPATCHER, a.Dispatch(TEAM), START + 3)
    desk.act(HANDLER, a.Acknowledge(), START + 4)


def entries(partition: int, *records: DecisionRecord | AdoptionRecord, first: int = 0) -> list[Entry]:
    """These records as they stand in that partition, one after the other."""
    found: list[Entry] = []
    for offset, record in enumerate(records, start=first):
        placed = replace(record, origin=Origin("t", partition, offset))
        found.append(Entry(Stored(partition, offset, record.at_ms, b"", encode(placed)), placed))
    return found


def partition_with_a_new_township(partition: int) -> list[Entry]:
    """A case is filed, the township LATER is adopted, the case is handled there where it always was."""
    desk = Desk(f"case-{partition}")
    filed(desk)
    before, desk.records = desk.records, []
    desk.act(HANDLER, a.Handle(), START + HOUR)
    first, second = adoption(partition, 0, 0, TOWN), adoption(partition, 0, START + 10, TOWN, LATER)
    return entries(partition, first, *before, second, *desk.records)


def folded(read: Iterable[Sequence[Entry]]) -> Board:
    """The board after those fetches, each written as one."""
    readers, towns = {p: Folder(p) for p in range(6)}, {p: Towns() for p in range(6)}
    counts: dict[CountKey, Counts] = {}
    rows: dict[str, BoardRow] = {}
    for chunk in read:
        for step in fold(readers, chunk, towns).steps:
            if (row := row_of(step)) is not None:
                rows[step.after.id] = row
            for key, change in counted(step, ZONE).items():
                counts[key] = counts.get(key, Counts()).plus(change)
    return {key: value for key, value in counts.items() if value != Counts()}, rows


ONE, OTHER = partition_with_a_new_township(3), partition_with_a_new_township(4)
WANTED = {(TOWN, DAY): Counts(accepted=2, should=2, handled=2)}


def test_two_orders_of_the_partitions_give_the_same_counts() -> None:
    assert folded([ONE, OTHER])[0] == folded([OTHER, ONE])[0] == WANTED


@given(st.data())
def test_any_order_and_any_pieces_give_the_same_board(data: st.DataObject) -> None:
    left = {3: list(ONE), 4: list(OTHER)}
    chunks: list[list[Entry]] = [[]]
    while any(left.values()):
        chosen = data.draw(st.sampled_from([p for p, rest in left.items() if rest]))
        chunks[-1].append(left[chosen].pop(0))
        if data.draw(st.booleans()):
            chunks.append([])
    counts, rows = folded(chunks)
    assert counts == WANTED
    assert {row.town for row in rows.values()} == {TOWN}


def test_a_case_that_is_placed_after_it_lies_in_the_new_township() -> None:
    towns = Towns()
    towns.adopt([TOWN])
    assert towns.of(LATER_GRID) == TOWN
    towns.adopt([TOWN, LATER])
    assert towns.of(LATER_GRID) == LATER


def test_what_is_to_be_done_goes_with_the_case_and_what_was_done_stays() -> None:
    desk = Desk("case-1")
    filed(desk)
    desk.rules = split_city(START + HOUR)
    desk.act(HANDLER, a.Handle(), START + HOUR + 1)
    assert any(isinstance(event, Rehomed) for event in desk.records[-1].events)
    new = GRID[:12]
    log = entries(5, adoption(5, 0, 0, TOWN), *desk.records[:-1], adoption(5, 0, START + HOUR, TOWN, new))
    assert folded([log])[0] == {(TOWN, DAY): Counts(accepted=1, should=1)}
    log += entries(5, desk.records[-1], first=len(log))
    moved, rows = folded([log])
    assert rows["case-1"].town == new
    assert moved == {(TOWN, DAY): Counts(accepted=1), (new, DAY): Counts(should=1, handled=1)}
