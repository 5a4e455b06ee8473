"""Workload, stage clocks and daily sums in a real PostgreSQL: what the folds say, however they are written."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.figures.facts import CaseFacts, Fold, fold_facts
from domain.figures.figure import Period
from domain.figures.formulas import FORMULAS, STAGES
from projections import daily, facts, stage_clocks, timeline, workload
from projections.stage_clocks import Run
from projections.workload import Asked, Load, loads
from reference.profile import load_profile
from tests.integration.test_ledger_rows import events_of, lives, one_log, portions, rows_of
from tests.support.city import GRID, TEAM, TOWN
from tests.support.desk import Desk
from tests.unit.test_ledger import ACCEPTOR, AT, REPORT

ZONE = ZoneInfo(load_profile("xinmi").about.zone)
TABLES = {"workload": "grid, unit", "stage_clocks": "case_id, version", "daily": "grid, day"}
SCOPES = ("410183", TOWN, GRID, "410184")
FIRST, DAYS = date(2018, 10, 14), 40


def cases() -> list[Desk]:
    """Those of the ledger's rows, and one that nobody has accepted yet."""
    fresh = Desk("fresh")
    assert fresh.act(ACCEPTOR, REPORT, AT).rejection is None
    return [*lives(), fresh]


def facts_of(desk: Desk) -> CaseFacts:
    found = fold_facts(Fold(), desk.file.id, events_of(desk)).facts
    assert found is not None
    return found


def period(first: date, days: int) -> Period:
    """So many whole local days."""
    begin, end = (datetime.combine(day, time(), ZONE) for day in (first, first + timedelta(days=days)))
    return Period(round(begin.timestamp() * 1000), round(end.timestamp() * 1000))


async def lies(connection: Any, desks: Sequence[Desk]) -> None:
    """The workload is that of the cases as they stand, in every scope and for every unit."""
    held = [(key, load) for desk in desks for key, load in loads(desk.file.case).items()]
    assert {unit for (_, unit), _ in held} > {"", TEAM}
    for scope in SCOPES:
        for unit in (None, "", TEAM, "nobody"):
            mine = [(key, load) for key, load in held if key[0].startswith(scope) and unit in (None, key[1])]
            whole, units, grids = Load(), dict[str, Load](), dict[str, Load]()
            for (grid, of_unit), load in mine:
                whole = whole.plus(load)
                units[of_unit] = units.get(of_unit, Load()).plus(load)
                grids[grid] = grids.get(grid, Load()).plus(load)
            asked = Asked(scope, unit)
            assert await workload.total(connection, asked) == whole
            assert dict(await workload.by_unit(connection, asked, 100)) == units
            found = await workload.by_grid(connection, asked, 100)
            assert dict(found) == grids
            assert [load.led for _, load in found] == sorted((load.led for _, load in found), reverse=True)
    assert await connection.fetchval("select count(*) from workload where led = 0 and beside = 0") == 0


async def ran(connection: Any, desks: Sequence[Desk]) -> None:
    """The runs are those of the whole stories, and they count as the stage rates do."""
    whole = [run for d in desks for run in stage_clocks.runs([], d.file.id, 0, timeline.moves(d.records))]
    found = await connection.fetch(f"select {', '.join(Run.__struct_fields__)} from stage_clocks")
    assert sorted((Run(*row) for row in found), key=key) == sorted(whole, key=key)
    some = [facts_of(desk) for desk in desks]
    for scope in SCOPES:
        cases = [one for one in some if one.grid.startswith(scope)]
        for first, days in ((FIRST, DAYS), (FIRST + timedelta(days=1), 1)):
            within = period(first, days)
            asked = stage_clocks.Asked(within.from_ms, within.to_ms, scope)
            tallies = {one.clock: (one.met, one.due) for one in await stage_clocks.count(connection, asked)}
            for kind in STAGES:
                figure = FORMULAS[f"{kind}_in_time_rate"].figure(cases, within, scope, "0")
                assert tallies.get(kind, (0, 0)) == (figure.numerator, figure.denominator)
            pages = await stage_clocks.of_period(connection, asked, stage_clocks.BEGIN, 1_000)
            met = Counter(run.clock for run in pages if run.answer != "left_out")
            assert met == {clock: due for clock, (_, due) in tallies.items()}
            marks = [(run.deadline_ms or 0, run.case_id, run.version) for run in pages]
            assert marks == sorted(marks, reverse=True)
            if len(pages) > 2:
                assert await stage_clocks.of_period(connection, asked, marks[1], 1) == pages[2:3]


def key(run: Run) -> tuple[str, int]:
    return run.case_id, run.version


async def counted(connection: Any, desks: Sequence[Desk]) -> None:
    """The daily sums are what the formulas count from the facts, day by day and over all of them."""
    some = [facts_of(desk) for desk in desks]
    last = FIRST + timedelta(days=DAYS - 1)
    for scope in SCOPES:
        cases = [one for one in some if one.grid.startswith(scope)]
        async with facts.at_one_place(connection):
            days = await daily.of_days(connection, scope, FIRST.isoformat(), last.isoformat(), list(FORMULAS))
        held = {(one.day, one.formula): (one.numerator, one.denominator) for one in days}
        assert bool(held) == bool(cases)
        for name, formula in FORMULAS.items():
            sums = [0, 0]
            for number in range(DAYS):
                day = FIRST + timedelta(days=number)
                figure = formula.figure(cases, period(day, 1), scope, "0")
                found = held.get((day.isoformat(), name), (0, 0))
                assert found == (figure.numerator, figure.denominator), (scope, name, day)
                sums = [sums[0] + found[0], sums[1] + found[1]]
            figure = formula.figure(cases, period(FIRST, DAYS), scope, "0")
            assert sums == [figure.numerator, figure.denominator], (scope, name)
    counters = " + ".join(daily.SUMS.counters)
    assert await connection.fetchval(f"select count(*) from daily where {counters} = 0") == 0


@pytest.mark.parametrize("size", [1, 1_000])
def test_the_rows_say_what_the_folds_say_in_whatever_portions_they_are_written(tmp_path: Path, size: int) -> None:
    desks = cases()

    async def read() -> None:
        async with rows_of(tmp_path, portions(one_log(desks), size), "rows") as connection:
            await lies(connection, desks)
            await ran(connection, desks)
            await counted(connection, desks)

    asyncio.run(read())


def test_what_an_earlier_release_folded_gets_its_rows_when_this_one_goes_on(tmp_path: Path) -> None:
    entries = one_log(cases())
    half = len(entries) // 2

    async def all_rows(connection: Any) -> list[Any]:
        ordered = [f"select t::text from {table} t order by {columns}" for table, columns in TABLES.items()]
        return [tuple(row) for query in ordered for row in await connection.fetch(query)]

    async def read() -> tuple[list[Any], list[Any]]:
        async with rows_of(tmp_path, [entries[:half]], "whole", [entries[half:]]) as connection:
            whole = await all_rows(connection)
        async with rows_of(tmp_path, [entries[:half]], "filled", [entries[half:]], tuple(TABLES)) as connection:
            return whole, await all_rows(connection)

    whole, filled = asyncio.run(read())
    assert len(whole) > 60
    assert filled == whole
