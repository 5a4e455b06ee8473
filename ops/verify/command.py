"""`liandong verify`: the checks from the command line; they change nothing and end with 2 where something is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from eventlog.broker import KNOWN_S_MAX
from eventlog.history import records
from eventlog.position import PARTITIONS
from eventlog.stored import read_entry
from eventlog.tail import ends
from eventlog.topics import TopicNames, topic_ids
from ops.bars import bars
from ops.rebuild import fold_again
from ops.serve import require_cluster
from ops.system import join
from ops.verify.again import Again, adopted_versions
from ops.verify.calls import Call, read_calls
from ops.verify.history import Tally, check
from ops.verify.log import Finding, LogCheck, Wrong
from projections.runner import NAMES
from reference.editions import Editions
from reference.profile import load_profile
from runtime.faults import Fault
from runtime.settings import Settings

SHOWN_MAX = 20
EXIT_WRONG = 2

verify_app = typer.Typer(
    help="Check the record, what was told of it, and the rows. Changes nothing.", no_args_is_help=True
)


class Verified(msgspec.Struct, gc=False):
    """All that was looked at, and what is wrong with it."""

    records: int = 0
    decisions: int = 0
    takeovers: int = 0
    copies: int = 0
    decided_again: int = 0
    of_other_releases: int = 0
    not_from_the_beginning: list[int] = []
    calls: Tally | None = None
    rows: dict[str, str] = {}
    findings: list[Finding] = []


@verify_app.callback()
def about() -> None:
    """A group, so that each check has a name of its own."""


@verify_app.command()
def history(
    calls: Annotated[
        Path | None,
        typer.Argument(help="What clients were told, a JSON object a line; without it only log and rows are checked."),
    ] = None,
    rows: Annotated[bool, typer.Option(help="Fold every projection again and compare it with the live rows.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check that nothing was lost, doubled, forked or told otherwise than it is written.

    Every action offset has one decision and every case one chain; every action is decided again by the rules of this
    release and compared byte for byte; every outcome in CALLS stands in the log once, at its place, and in the order
    in which people met it; every projection equals a replay from zero. The system may be at work meanwhile.
    """
    settings = join()
    told = _told(calls)
    found = _log(settings, told)
    if rows:
        found.findings += _rows(found)
    typer.echo(msgspec.json.encode(found).decode() if as_json else "\n".join(_lines(found)))
    if found.findings:
        raise typer.Exit(EXIT_WRONG)


def _told(file: Path | None) -> list[Call] | None:
    if file is None:
        return None
    if not file.is_file():
        raise Fault("verify.no_file", f"没有文件 {file}。", f"There is no file {file}.")
    with file.open("rb") as lines:
        return list(read_calls(lines))


def _log(settings: Settings, calls: list[Call] | None) -> Verified:
    bootstrap, _ = require_cluster(settings)
    names = TopicNames(settings.topic_prefix)
    topic = topic_ids(bootstrap, [names.actions])[names.actions]
    zone, release = load_profile(settings.profile).about.zone, version("liandong")
    acted = asyncio.run(ends(bootstrap, names.actions, KNOWN_S_MAX))
    written = asyncio.run(ends(bootstrap, names.events, KNOWN_S_MAX))
    log, found = LogCheck(), Verified()
    editions = Editions(bootstrap, names)
    with (
        asyncio.Runner() as runner,
        bars() as progress,
    ):
        reading = progress.add_task("events", total=sum(written.values()))
        again = progress.add_task("actions", total=sum(acted.values()))
        for partition in range(PARTITIONS):
            entries = [read_entry(stored) for stored in records(bootstrap, names.events, [partition])]
            log.read(entries)
            progress.advance(reading, len(entries))
            # An action that came meanwhile has no decision among these entries yet, and is not asked for one.
            decided_to = min(log.last_origin.get(partition, -1) + 1, acted[partition])
            asked = [s for s in records(bootstrap, names.actions, [partition]) if s.offset < decided_to]
            progress.advance(again, acted[partition])
            if asked and asked[0].offset > 0:
                found.not_from_the_beginning.append(partition)
                continue
            runner.run(editions.require(adopted_versions(asked, topic)))
            one = Again(partition, topic, editions.rules, zone, release)
            found.findings += one.check(asked, log, {entry.stored.offset: entry for entry in entries})
            found.decided_again += one.decided
            found.of_other_releases += one.skipped
    found.findings[:0] = log.findings
    found.records, found.takeovers, found.copies = log.records, log.takeovers, log.copies
    found.decisions = len(log.effective)
    if calls is not None:
        found.calls, wrong = check(calls, log)
        found.findings += wrong
    return found


def _rows(found: Verified) -> Iterator[Finding]:
    for report in asyncio.run(fold_again(NAMES, swap=False)):
        found.rows[report.name] = report.live
        if not report.equal:
            text = f"{report.name}: live {report.live[:16]}, folded again {report.rebuilt[:16]}"
            yield Finding(Wrong.ROWS_DIFFER, text)


def _lines(found: Verified) -> Iterator[str]:
    yield f"记录 records {found.records}, 决定 decisions {found.decisions}"
    yield f"接管 takeovers {found.takeovers}, 副本 copies {found.copies}"
    yield f"重新裁决 decided again {found.decided_again}, 其他版本 of other releases {found.of_other_releases}"
    if found.not_from_the_beginning:
        partitions = ", ".join(map(str, found.not_from_the_beginning))
        yield f"操作已过保留期,未重新裁决 not decided again, their first actions are no longer kept: {partitions}"
    if (tally := found.calls) is not None:
        yield (
            f"调用 calls {tally.calls}, 操作 actions {tally.actions}: 已确认 acknowledged {tally.acknowledged}, "
            f"被拒 rejected {tally.rejected}, 不明 unknown {tally.unknown}"
        )
    for name, digest in found.rows.items():
        yield f"{name:12} {digest}"
    counts: dict[str, int] = {}
    for finding in found.findings:
        counts[finding.wrong] = counts.get(finding.wrong, 0) + 1
    yield "有误 wrong: " + (", ".join(f"{wrong} {count}" for wrong, count in counts.items()) or "无 nothing")
    yield from (f"  [{finding.wrong}] {finding.text}" for finding in found.findings[:SHOWN_MAX])
