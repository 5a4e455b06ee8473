"""The rows of the responsibility ledger in a real PostgreSQL: what the fold says, however they are written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from domain.case import actions as a
from domain.case.events import CaseEvent
from domain.case.ledger import Ledger, Pause, ledger_of, tiles
from domain.case.values import (
    Channel,
    FailReason,
    ForceReason,
    Place,
    ReopenReason,
    ReturnReason,
    Role,
    SuspensionReason,
)
from eventlog.record import Origin, encode
from eventlog.stored import Entry, Stored
from ops.embedded.postgres import PostgresNode
from projections import ledger
from projections.database import migrate, open_pool
from projections.ledger import Total
from projections.runner import Runner
from reference.profile import load_profile
from tests.support.city import GRID, TEAM, URBAN, actor, split_city
from tests.support.desk import Desk
from tests.unit.test_ledger import (
    ACCEPTOR,
    AT,
    CHECKED,
    CO_HANDLER,
    COLLECTOR,
    DISPATCHER,
    HANDLER,
    LEADER,
    MINUTE,
    TO_WORK,
    Course,
    imported,
    step,
)

END = 10_000
COURSES: dict[str, Course] = {
    "closed": (*TO_WORK, *CHECKED),
    "at-once": tuple((0, who, action) for _, who, action in (*TO_WORK, *CHECKED)),
    "returned": (
        *TO_WORK,
        (20, CO_HANDLER, a.Acknowledge()),
        (25, CO_HANDLER, a.CoDone()),
        (30, HANDLER, a.Return(ReturnReason.NOT_OURS)),
        (38, DISPATCHER, a.Dispatch(URBAN, (TEAM,))),
    ),
    "suspended": (
        *TO_WORK,
        (20, HANDLER, a.RequestSuspension(SuspensionReason.SEASON, AT + 100 * MINUTE)),
        (25, LEADER, a.DecideSuspension(granted=True)),
        (500, HANDLER, a.Note("noticed late")),
    ),
    "reworked": (
        *TO_WORK,
        *CHECKED[:2],
        (55, COLLECTOR, a.FailCheck(FailReason.NOT_DONE, (URBAN,))),
        (70, LEADER, a.ForceClose(ForceReason.IN_COURT, "x")),
    ),
    "merged": (*TO_WORK, (20, DISPATCHER, a.Merge("case-2")), (50, DISPATCHER, a.Unmerge())),
    "reopened": (
        *TO_WORK,
        *CHECKED,
        (80, LEADER, a.Reopen(ReopenReason.AUDIT)),
        (85, DISPATCHER, a.Dispatch(URBAN)),
    ),
}


def lives() -> list[Desk]:
    """A case of each course, a past one, and one whose grid ends."""
    desks = [Desk(case_id) for case_id in COURSES]
    for desk, course in zip(desks, COURSES.values(), strict=True):
        for minute, who, action in course:
            assert desk.act(who, action, AT + minute * MINUTE).rejection is None, (desk.file.id, action)
    past = imported(step(a.Accept(), None), step(a.File("010101", "02"), 20), step(a.Dispatch(TEAM, (URBAN,)), None))
    past.file = replace(past.file, id="past")
    moved = Desk("moved")
    for minute, who, action in TO_WORK:
        moved.act(who, action, AT + minute * MINUTE)
    moved.rules = split_city(AT + 30 * MINUTE)
    moved.act(actor(Role.SYSTEM, scope=""), a.Tick(), AT + 50 * MINUTE)
    return [*desks, past, moved]


def one_log(desks: Sequence[Desk]) -> list[Entry]:
    """The records of all these cases, taking turns in one partition."""
    entries: list[Entry] = []
    for turn in zip_longest(*(desk.records for desk in desks)):
        for desk, record in zip(desks, turn, strict=True):
            if record is not None:
                number = len(entries)
                placed = replace(record, origin=Origin("t", 0, number), case=desk.file.id)
                stored = Stored(0, number, record.at_ms, desk.file.id.encode(), encode(placed))
                entries.append(Entry(stored, placed))
    return entries


def events_of(desk: Desk) -> list[CaseEvent]:
    return [event for record in desk.records for event in record.events]


@asynccontextmanager
async def rows_of(
    folder: Path,
    chunks: Iterable[Sequence[Entry]],
    database: str,
    later: Iterable[Sequence[Entry]] = (),
    forget: Sequence[str] = (),
) -> AsyncGenerator[Any, None]:
    """A connection to a database of its own, into which these portions were folded, and others after a new start;
    before that, `forget` makes it one that never held these tables."""
    node = PostgresNode(folder)
    await node.start()
    try:
        pool = await open_pool(node.dsn, 1)
        async with pool.acquire() as connection:
            await connection.execute(f"create database {database}")
        await pool.close()
        pool = await open_pool(node.dsn.replace("/postgres", f"/{database}"), 1)
        async with pool.acquire() as connection:
            await migrate(connection)
        await fold(pool, chunks)
        if forget:
            async with pool.acquire() as connection:
                await connection.execute(f"truncate {', '.join(forget)}")
                await connection.execute("delete from checkpoint where projection = any($1::text[])", list(forget))
        await fold(pool, later)
        async with pool.acquire() as connection:
            yield connection
        await pool.close()
    finally:
        await node.stop()


async def fold(pool: Any, chunks: Iterable[Sequence[Entry]]) -> None:
    profile = load_profile("xinmi")
    runner = Runner(pool, "log", profile.about.zone, profile.towns, 2_000)
    await runner.start(0, END)
    for chunk in chunks:
        await runner.apply(chunk)


def portions(entries: Sequence[Entry], size: int) -> list[Sequence[Entry]]:
    return [entries[start : start + size] for start in range(0, len(entries), size)]


def shown(held: Ledger | None) -> Any:
    return None if held is None else (held.intervals, held.lanes, held.rounds)


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_the_rows_say_what_the_fold_says_in_whatever_portions_they_are_written(tmp_path: Path, size: int) -> None:
    desks = lives()

    async def read() -> tuple[dict[str, Ledger], list[str]]:
        async with rows_of(tmp_path, portions(one_log(desks), size), "rows") as connection:
            held = await ledger.of_cases(connection, [desk.file.id for desk in desks])
            assert shown(await ledger.of_case(connection, "returned")) == shown(held["returned"])
            assert await ledger.of_case(connection, "nobody") is None
            grids = await connection.fetch("select distinct case_id, grid from ledger where case_id = 'moved'")
            return held, [row["grid"] for row in grids]

    held, grids = asyncio.run(read())
    for desk in desks:
        found = held[desk.file.id]
        assert shown(found) == shown(ledger_of(events_of(desk))), desk.file.id
        assert tiles(found.intervals, found.rounds)
    assert held["at-once"].intervals == ()
    assert grids == [grid_of(desks[-1])], "all of a case lies where it lies now"


def test_what_an_earlier_release_folded_gets_its_ledger_when_this_one_goes_on(tmp_path: Path) -> None:
    entries = one_log(lives())
    half = len(entries) // 2
    ordered = "select t::text from ledger t order by case_id, version", "select t::text from ledger_round t order by 1"

    async def read() -> tuple[list[Any], list[Any]]:
        async with rows_of(tmp_path, [entries[:half]], "whole", [entries[half:]]) as connection:
            whole = [tuple(row) for query in ordered for row in await connection.fetch(query)]
        async with rows_of(
            tmp_path, [entries[:half]], "filled", [entries[half:]], ("ledger", "ledger_round")
        ) as connection:
            return whole, [tuple(row) for query in ordered for row in await connection.fetch(query)]

    whole, filled = asyncio.run(read())
    assert len(whole) > 40
    assert filled == whole


@pytest.mark.parametrize(
    ("begin", "end", "as_of"),
    [(0, 600, 550), (0, 12, 550), (10, 11, 550), (30, 2_000, 45), (26, 99, 550), (550, 600, 550), (-60, 0, 550)],
)
def test_totals_of_a_period_cut_intervals_at_its_ends(tmp_path: Path, begin: int, end: int, as_of: int) -> None:
    desks = lives()
    from_ms, to_ms, as_of_ms = (AT + minute * MINUTE for minute in (begin, end, as_of))

    async def read() -> tuple[list[Total], list[Total], list[Total]]:
        async with rows_of(tmp_path, [one_log(desks)], "totals") as connection:
            everywhere = await ledger.totals(connection, from_ms, to_ms, as_of_ms, "410183")
            cell = await ledger.totals(connection, from_ms, to_ms, as_of_ms, GRID)
            return everywhere, cell, await ledger.totals(connection, from_ms, to_ms, as_of_ms, "410184")

    everywhere, cell, elsewhere = asyncio.run(read())
    assert elsewhere == []
    assert figures(everywhere) == by_hand(desks, from_ms, to_ms, as_of_ms)
    assert figures(cell) == by_hand(desks[:-1], from_ms, to_ms, as_of_ms), "the case that moved lies outside it now"
    if (begin, end) == (26, 99):
        pauses = [(t.ms, t.pause) for t in everywhere if t.holder is None]
        assert pauses == [(73 * MINUTE, Pause.SUSPENDED), (24 * MINUTE, Pause.MERGED)]


def figures(totals: Sequence[Total]) -> dict[Any, tuple[int, int, int]]:
    return {(t.lane, t.holder, t.pause, t.status): (t.ms, t.intervals, t.cases) for t in totals}


def grid_of(desk: Desk) -> str:
    assert desk.file.case is not None
    assert desk.file.case.place.grid != GRID
    return desk.file.case.place.grid


def by_hand(desks: Sequence[Desk], from_ms: int, to_ms: int, as_of_ms: int) -> dict[Any, tuple[int, int, int]]:
    """The totals, counted from the fold."""
    met: dict[Any, list[tuple[str, int]]] = {}
    for desk in desks:
        held = ledger_of(events_of(desk))
        assert held is not None
        for lane, some in ((False, held.intervals), (True, held.lanes)):
            for one in some:
                end = min(as_of_ms if one.to_ms is None else one.to_ms, to_ms)
                if end > max(one.from_ms, from_ms):
                    key = (lane, one.standing.holder, one.standing.pause, one.standing.status)
                    met.setdefault(key, []).append((desk.file.id, end - max(one.from_ms, from_ms)))
    return {
        key: (sum(ms for _, ms in some), len(some), len({case_id for case_id, _ in some})) for key, some in met.items()
    }


def test_a_case_outside_any_place_is_nobodys(tmp_path: Path) -> None:
    """A refused report has no case, so it has no rows."""
    desk = Desk("refused")
    assert desk.act(ACCEPTOR, a.Report(Place("9"), Channel.HOTLINE, "010101"), AT).rejection is not None

    async def read() -> Any:
        async with rows_of(tmp_path, [one_log([desk])], "refused") as connection:
            return await connection.fetchval("select count(*) from ledger_round")

    assert asyncio.run(read()) == 0
