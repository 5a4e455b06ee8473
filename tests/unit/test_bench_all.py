"""`liandong bench all`: what each bench answered becomes figures, and every goal has its figure."""

from __future__ import annotations

from ops.bench import crash, every, screens, wall, year
from ops.bench.append import Summary
from ops.bench.clock import Late
from ops.bench.every import GOALS, Figure, figures_of, lines_of

TIMES = wall.Times(1.0, 2.0, 10)
APPEND = [
    Summary("append, acknowledged (floor), 200/s", 10, 200.0, 1.0, 2.0, 0),
    Summary("request → outcome, 200/s", 10, 200.0, 15.0, 40.0, 0),
    Summary("request → outcome, 64 at once", 10, 500.0, 100.0, 200.0, 0),
]
LATE = Late(1_000_000, list(range(1, 101)), list(range(2, 102)), 180.0, 1.5, 0.01, 0.1)
BACK = [crash.Back(killed, 1.0, 2.0) for killed in (*crash.PARTS, *crash.NODES)]
YEAR = year.YearFound(
    1_000,
    500,
    10,
    1,
    [
        year.Took("read, decode and fold in memory", 0.5),
        year.Took("read and verify every chain", 0.5),
        year.Took("Kafka → Faust → PostgreSQL", 2.0),
        year.Took("rebuild every projection, compare, swap", 4.0),
        year.Took("replay: eventsourcing, a query a case", 1.0, 0, 100, 100),
    ],
)
SPREAD = screens.Spread(10, 1.0, 2.0, 3.0)
LOOKED = screens.Looked(5_000, SPREAD, SPREAD, 10.0, 0.5, 1, 1.0, 2.0, SPREAD, 10, 0, 0, 0)
ANSWERS = {
    "wall": wall.Shown(TIMES, TIMES),
    "screens": LOOKED,
    "append": APPEND,
    "clock": LATE,
    "crash": BACK,
    "year": YEAR,
}


def test_every_goal_has_a_figure_of_its_name_and_unit() -> None:
    found = {(one.name, one.unit) for bench, answer in ANSWERS.items() for one in figures_of(bench, answer)}
    assert GOALS.keys() <= found


def test_every_bench_that_is_asked_is_read() -> None:
    assert {bench.command for bench in every.benches(1_000, None)} == ANSWERS.keys()


def test_a_figure_of_a_log_counts_the_events_of_the_part_that_was_done() -> None:
    rates = {one.name: one.value for one in figures_of("year", YEAR)}
    assert rates["Kafka → Faust → PostgreSQL"] == 500
    assert rates["replay: eventsourcing, a query a case"] == 100


def test_a_line_tells_the_median_of_all_rounds_with_the_least_and_the_most() -> None:
    rounds = [Figure("request → outcome, 64 at once", "/s", value) for value in (510.0, 2_400.4, 90.25)]
    assert list(lines_of(rounds)) == [("request → outcome, 64 at once", "/s", "510", "90.2 … 2,400", "≥ 2,000")]
    assert next(iter(lines_of([Figure("no goal", "s", 0.0123)]))) == ("no goal", "s", "0.012", "0.012 … 0.012", "")
