"""The commands of `liandong bench`. Says after each what the machine was doing meanwhile."""

from __future__ import annotations

import os
from typing import Any

import psutil
import typer

from ops.bench.append import append
from ops.bench.clock import clock
from ops.bench.crash import crash
from ops.bench.domain import domain
from ops.bench.every import every
from ops.bench.grid import grid
from ops.bench.memory import memory
from ops.bench.scale import scale
from ops.bench.screens import screens
from ops.bench.soak import soak
from ops.bench.wall import wall
from ops.bench.worktime import worktime
from ops.bench.year import year

bench_app = typer.Typer(
    help="Measure how fast the parts are, each beside a floor of the same run.", no_args_is_help=True
)


@bench_app.callback()
def bench(context: typer.Context) -> None:
    """Each command measures one thing, on a system of its own where it needs one."""
    before = psutil.cpu_times()
    context.call_on_close(lambda: _tell_machine(before))


for measure in (wall, screens, append, clock, crash, scale, soak, worktime, grid, domain, memory, year):
    bench_app.command()(measure)
bench_app.command("all")(every)


def _tell_machine(before: Any) -> None:
    """How many cores there are, and how much of their time since `before` was not ours."""
    spent = sum(after - then for after, then in zip(psutil.cpu_times(), before, strict=True)) or 1.0
    stolen = getattr(psutil.cpu_times(), "steal", 0.0) - getattr(before, "steal", 0.0)
    busy = 100 - 100 * (psutil.cpu_times().idle - before.idle) / spent
    typer.echo(
        f"{os.cpu_count()} cores, {100 * stolen / spent:.1f} % of their time taken by other machines, "
        f"{busy:.0f} % busy",
        err=True,
    )
