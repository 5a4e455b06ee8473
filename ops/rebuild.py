"""`liandong rebuild`: projections again from the log, while the system runs; said with their digests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from eventlog.broker import KNOWN_S_MAX
from eventlog.tail import ends
from eventlog.topics import TopicNames
from ops.bars import bars
from ops.serve import require_cluster
from ops.shares import PROCESSES_MAX, processes_for, shares
from ops.system import join
from projections.database import open_pool
from projections.rebuild import CONNECTIONS, RebuildReport
from projections.rebuild import rebuild as rebuild_projection
from projections.runner import NAMES
from runtime import failpoints
from runtime.faults import Fault

EVERY = "all"


def rebuild(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}; or {EVERY} of them.")],
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=PROCESSES_MAX, help="How many fold; one a core if it is not said and the log is long."),
    ] = None,
) -> None:
    """Fold a projection again from the first record, compare it with the live one, and swap it in.

    The live system goes on meanwhile; several processes that fold stand back behind whoever else wants a core.
    """
    if name not in (*NAMES, EVERY):
        allowed = ", ".join((*NAMES, EVERY))
        raise Fault(
            "rebuild.unknown", f"没有投影“{name}”,应为 {allowed}。", f"There is no projection '{name}', only {allowed}."
        )
    reports = asyncio.run(fold_again(NAMES if name == EVERY else [name], processes=processes))
    for report in reports:
        equal = "一致 equal" if report.equal else "不一致 DIFFERENT"
        typer.echo(f"{report.name}: {report.records} 条记录 records, {report.rows} 行 rows")
        typer.echo(f"live    {report.live}\nrebuilt {report.rebuilt}  {equal}")
    typer.echo(f"{max(report.seconds for report in reports):.1f} s")
    if not all(report.equal for report in reports):
        raise typer.Exit(2)


async def fold_again(names: Sequence[str], *, swap: bool = True, processes: int | None = None) -> list[RebuildReport]:
    """Fold projections of the running system again, beside the live ones, with a bar; swapped in unless told not to."""
    settings = join()
    bootstrap, postgres = require_cluster(settings)
    upto = await ends(bootstrap, TopicNames(settings.topic_prefix).events, KNOWN_S_MAX)
    with bars() as progress:
        task = progress.add_task(names[0] if len(names) == 1 else "rows", total=sum(upto.values()))

        def folded(records: int) -> None:
            failpoints.hit("rebuild.mid_fold")
            progress.advance(task, records)

        async with shares(settings, names, upto, processes or processes_for(upto), folded) as workers:

            async def fold(places: Mapping[int, int]) -> None:
                try:
                    async with asyncio.TaskGroup() as folding:
                        for worker in workers:
                            folding.create_task(worker.fold(places))
                except ExceptionGroup as failed:
                    raise failed.exceptions[0] from None

            # Not durable: what a crash of the database takes back, the swap included, leaves the tables as they were.
            pool = await open_pool(postgres, CONNECTIONS, "liandong-rebuild", durable=False)
            try:
                return await rebuild_projection(pool, names, fold, upto, swap=swap)
            finally:
                await pool.close()
