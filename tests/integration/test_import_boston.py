"""A real city's quarter through the log: the verdicts are the city's own, and every second of a case is somebody's."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from domain.case.actions import ImportCase
from domain.case.ledger import elapsed_ms, sum_ms, tiles
from domain.case.values import ClockKind
from domain.figures.figure import Period
from domain.figures.formulas import FORMULAS
from ops.importing import Report, bring_in, read_rows
from ops.system import PROCESSORS, running
from projections import breaches, daily, facts, ledger
from projections.breaches import Asked
from projections.database import open_pool
from reference.mapping import CityMapping, load_mapping, profile_of, read_row
from reference.profile import save_profile
from runtime.settings import Settings

FILE = Path(__file__).parents[3] / "shared" / "data" / "boston311" / "2015-q1.csv.gz"
READ_CASES_MAX = 2_000
AS_OF_MS = 2_000_000_000_000
"""Up to here the cases that the quarter leaves open count."""
EVER = Period(0, 10**14)
Verdicts = dict[str, tuple[str, str]]


@pytest.mark.skipif(not FILE.exists() and "CI" not in os.environ, reason=f"THE REAL QUARTER IS NOT HERE: {FILE}")
def test_the_verdicts_of_the_real_quarter_are_the_citys_own(tmp_path: Path) -> None:
    city = load_mapping("boston")
    rows = read_rows(FILE, city)
    profile = profile_of(city, rows)
    save_profile(profile, tmp_path / "boston")
    settings = Settings(data_dir=tmp_path / "data", profile=str(tmp_path / "boston"))
    flipped = next(row for row in rows if row["OnTime_Status"] == "ONTIME" and row["TARGET_DT"] and row["CLOSED_DT"])

    async def work() -> tuple[Report, Verdicts, Report, Report, Counter[str]]:
        async with running(settings, profile, PROCESSORS) as system:
            watch = asyncio.create_task(system.watch())
            first, verdicts = await bring_in(system.env, settings, city, rows, None)
            accounts = await _accounts(system.env["LIANDONG_POSTGRES"], city, rows, verdicts)
            judged = Counter(verdict for _, verdict in verdicts.values())
            found = await _closed(system.env["LIANDONG_POSTGRES"])
            assert found == (judged["on_time"] + judged["late"], judged["on_time"]), "the figures count the same"
            missed = await _missed(system.env["LIANDONG_POSTGRES"])
            assert missed == (judged["late"], judged["open_late"]), "a row each, open where the case is"
            second, _ = await bring_in(system.env, settings, city, rows[:3_000], None)
            late = {**flipped, "CLOSED_DT": "2015-12-31T00:00:00"}
            changed, _ = await bring_in(system.env, settings, city, [late], None)
            _, other = await bring_in(system.env, settings, city, [{**late, "CASE_ENQUIRY_ID": "made-1"}], None)
            watch.cancel()
            assert other["made-1"][1] == "late", "a later close flips the verdict"
            return first, verdicts, second, changed, accounts

    first, verdicts, second, changed, accounts = asyncio.run(work())
    assert (first.rows, first.added, first.bad, first.refused) == (26_788, 26_788, [], [])
    flagged = [r for r in rows if r["TARGET_DT"] and r["CLOSED_DT"] and r["OnTime_Status"]]
    expected = {r["CASE_ENQUIRY_ID"]: {"ONTIME": "on_time", "OVERDUE": "late"}[r["OnTime_Status"]] for r in flagged}
    assert {number: verdicts[number][1] for number in expected} == expected
    assert sorted((list(expected.values()).count("on_time"), list(expected.values()).count("late"))) == [4_594, 10_273]
    assert accounts == {"cases": 26_788, "equal": 26_788}, "the sum of each ledger is what elapsed by the city's times"
    assert (second.added, second.known) == (0, 3_000)
    assert (changed.added, changed.changed) == (0, [flipped["CASE_ENQUIRY_ID"]])


async def _accounts(dsn: str, city: CityMapping, rows: list[dict[str, str]], verdicts: Verdicts) -> Counter[str]:
    """How many cases there are, and for how many the ledger's rows tile the time between the file's own instants."""
    counted: Counter[str] = Counter()
    pool = await open_pool(dsn, 1)
    async with pool.acquire() as connection:
        for start in range(0, len(rows), READ_CASES_MAX):
            chunk = [(row["CASE_ENQUIRY_ID"], row) for row in rows[start : start + READ_CASES_MAX]]
            held = await ledger.of_cases(connection, [verdicts[number][0] for number, _ in chunk])
            for number, row in chunk:
                past = read_row(city, 0, row, None)
                assert isinstance(past, ImportCase)
                ended_ms = next((step.at_ms for step in reversed(past.steps) if step.at_ms is not None), None)
                found = held[verdicts[number][0]]
                elapsed = (AS_OF_MS if ended_ms is None else ended_ms) - past.opened_ms
                equal = sum_ms(found.intervals, AS_OF_MS) == elapsed_ms(found.rounds, AS_OF_MS) == elapsed
                counted.update(["cases", *(["equal"] if equal and tiles(found.intervals, found.rounds) else [])])
    await pool.close()
    return counted


async def _missed(postgres: str) -> tuple[int, int]:
    """How many handling deadlines passed whose clock stopped since, and whose clock still runs."""
    connection = await asyncpg.connect(postgres)
    try:
        asked = Asked(EVER.from_ms, EVER.to_ms, "", ClockKind.HANDLE)
        (handle,) = await breaches.count(connection, asked)
        return handle.passed - handle.open, handle.open
    finally:
        await connection.close()


async def _closed(postgres: str) -> tuple[int, int]:
    """How many cases the figures find closed of those ever due, and closed on time; the days add up to the same."""
    connection = await asyncpg.connect(postgres)
    rates = ("closing_rate", "on_time_closing_rate")
    try:
        found = [0, 0]
        async with facts.at_one_place(connection) as position:
            async for cases in facts.of_period(connection, "", EVER):
                for at, name in enumerate(rates):
                    found[at] += FORMULAS[name].figure(cases, EVER, "", position).numerator
            days = await daily.of_days(connection, "", "2000-01-01", "2099-12-31", rates)
        assert found == [sum(day.numerator for day in days if day.formula == name) for name in rates]
        return found[0], found[1]
    finally:
        await connection.close()
