"""`liandong rebuild`: projections again from the log, while the system runs; said with their digests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from eventlog.stored import Stored
from eventlog.tail import ends, read_to
from eventlog.topics import TopicNames
from ops.serve import require_cluster
from ops.system import join
from projections.database import open_pool
from projections.rebuild import RebuildReport
from projections.rebuild import rebuild as rebuild_projection
from projections.runner import NAMES
from reference.profile import load_profile
from runtime.faults import Fault

EVERY = "all"


def rebuild(name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}; or {EVERY} of them.")]) -> None:
    """Fold a projection again from the first record, compare it with the live one, and swap it in."""
    if name not in (*NAMES, EVERY):
        allowed = ", ".join((*NAMES, EVERY))
        raise Fault(
            "rebuild.unknown", f"没有投影“{name}”,应为 {allowed}。", f"There is no projection '{name}', only {allowed}."
        )
    reports = asyncio.run(fold_again(NAMES if name == EVERY else [name]))
    for report in reports:
        equal = "一致 equal" if report.equal else "不一致 DIFFERENT"
        typer.echo(f"{report.name}: {report.records} 条记录 records, {report.rows} 行 rows")
        typer.echo(f"live    {report.live}\nrebuilt {report.rebuilt}  {equal}")
    typer.echo(f"{max(report.seconds for report in reports):.1f} s")
    if not all(report.equal for report in reports):
        raise typer.Exit(2)


async def fold_again(names: Sequence[str], *, swap: bool = True) -> list[RebuildReport]:
    """Fold projections of the running system again, beside the live ones, with a bar; swapped in unless told not to."""
    settings = join()
    bootstrap, postgres = require_cluster(settings)
    profile = load_profile(settings.profile)
    topics = TopicNames(settings.topic_prefix)
    upto = await ends(bootstrap, topics.events)

    def read(start: dict[int, int], end: dict[int, int]) -> AsyncIterator[list[Stored]]:
        return read_to(bootstrap, topics.events, start, end)

    # Not durable: what a crash of the database takes back, the swap included, leaves the tables as they were before.
    pool = await open_pool(postgres, 1, "liandong-rebuild", durable=False)
    try:
        bars = Console(stderr=True)
        title = names[0] if len(names) == 1 else "rows"
        with Progress(TextColumn(title), BarColumn(), MofNCompleteColumn(), console=bars) as progress:
            task = progress.add_task(title, total=sum(upto.values()))
            return await rebuild_projection(
                pool,
                names,
                read,
                upto,
                profile.about.zone,
                profile.towns,
                lambda n: progress.advance(task, n),
                swap=swap,
            )
    finally:
        await pool.close()
