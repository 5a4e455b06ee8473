"""`check`, `preview`, `adopt`: a draft looked at, shown with what it would mean, and put in force.

Owns the order that every adoption goes through, whoever made the draft: findings, differences, impact, consent. A
draft with a fault is never adopted (exit code 2).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from domain.difference import Difference
from ops.reference.adopting import Adoption, carry_out, half_done, new_adoption
from ops.reference.drafting import Draft, make_draft
from ops.reference.library import IN_FORCE, Cluster, Library, cluster, open_library, read_library, zone_of
from ops.reference.open_cases import read_open_cases
from ops.reference.options import Against, AsJson, Given, Note, Yes, now_ms, with_draft
from ops.reference.tables import console, show_differences, show_findings, show_preview
from reference.contents import Contents, pack, rules_of
from reference.draft import Preview, differences, touched
from runtime.faults import Fault

FAULTS_FOUND = 2
REFUSED = 1

Make = Callable[[int], Draft]
"""The draft as of an instant: changes without a time of their own begin then."""


@with_draft
def check(given: Given, against: Against = None, as_json: AsJson = False) -> None:
    """Is this draft whole? Every fault and warning, with row and column. Exit code 2 if there are faults.

    liandong reference check --standard 立结案标准.xlsx --grid-changes split.toml
    """
    draft = make_draft(open_library(against), given, now_ms())
    if as_json:
        _print_json({"findings": draft.findings})
    else:
        show_findings(console(), draft.findings)
    if not draft.sound:
        raise typer.Exit(FAULTS_FOUND)


@with_draft
def preview(given: Given, as_json: AsJson = False) -> None:
    """What would a draft change, and whom would it touch? Findings, differences, open cases. Nothing is adopted.

    liandong reference preview --standard 立结案标准.xlsx
    """
    at = cluster()
    library = read_library(at)
    at_ms = now_ms()
    draft = make_draft(library, given, at_ms)
    found, whom = _looked_at(at, library, draft, at_ms)
    if as_json:
        _print_json({"findings": draft.findings, "differences": found, "preview": whom})
    else:
        _show(console(), library, draft, found, whom)
    if not draft.sound:
        raise typer.Exit(FAULTS_FOUND)


@with_draft
def adopt(
    given: Given,
    note: Note = "",
    action_id: Annotated[
        str | None, typer.Option("--action-id", metavar="ID", help="Finish an adoption that was broken off.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Put a draft in force in every partition, from one place of the log on; open cases keep what they have pinned.

    liandong reference adopt --standard 立结案标准.xlsx --note "2026 年修订"
    """
    at = cluster()
    library = read_library(at)
    begun = None if action_id is None else half_done(library.rows, action_id)
    if begun is not None:
        zone = zone_of(library.named(begun.adopt.version)[1])
        _finish(at, begun, None, zone, console())
        return
    if given.empty:
        raise _nothing_given(action_id)
    confirm_and_adopt(
        at, library, lambda at_ms: make_draft(library, given, at_ms), note=note, yes=yes, action_id=action_id
    )


def confirm_and_adopt(
    at: Cluster, library: Library, make: Make, *, note: str, yes: bool, action_id: str | None = None
) -> None:
    """Show everything, ask, adopt. Exits with FAULTS_FOUND for a draft with faults, REFUSED where it was refused."""
    out, at_ms = console(), now_ms()
    draft = make(at_ms)
    found, whom = _looked_at(at, library, draft, at_ms)
    _show(out, library, draft, found, whom)
    if not draft.sound or draft.contents is None:
        raise typer.Exit(FAULTS_FOUND)
    base, _ = library.named(IN_FORCE)
    if pack(draft.contents)[0] == base:
        out.print("已在用,无需采用。It is in force already; there is nothing to adopt.")
        return
    if not yes:
        _ask()
    contents = _as_of_now(make) if draft.timed else draft.contents
    _finish(at, new_adoption(contents, base, note, action_id), contents, zone_of(contents), out)


def _looked_at(at: Cluster, library: Library, draft: Draft, at_ms: int) -> tuple[list[Difference], Preview | None]:
    if draft.contents is None:
        return [], None
    version, base = library.named(IN_FORCE)
    found = differences(base, draft.contents, zone_of(base))
    if not draft.sound:
        return found, None
    old, new = rules_of(base, version), rules_of(draft.contents, pack(draft.contents)[0])
    return found, touched(old, new, read_open_cases(at), at_ms)


def _show(out: Console, library: Library, draft: Draft, found: list[Difference], whom: Preview | None) -> None:
    show_findings(out, draft.findings)
    if draft.contents is None:
        return
    show_differences(out, found)
    if whom is not None:
        show_preview(out, whom, _names(library.named(IN_FORCE)[1], draft.contents), zone_of(draft.contents))


def _names(*versions: Contents) -> dict[str, str]:
    """What classes and units are called."""
    return {thing.code: thing.zh for contents in versions for thing in (*contents.standard.classes, *contents.units)}


def _as_of_now(make: Make) -> Contents:
    """The draft again: changes that begin at the adoption begin after the question was answered, not before."""
    again = make(now_ms())
    if not again.sound or again.contents is None:
        show_findings(console(), again.findings)
        raise typer.Exit(FAULTS_FOUND)
    return again.contents


def _finish(at: Cluster, adoption: Adoption, contents: Contents | None, zone: Any, out: Console) -> None:
    if not carry_out(at, adoption, contents, zone, out):
        raise typer.Exit(REFUSED)


def _ask() -> None:
    if not sys.stdin.isatty():
        raise Fault(
            "reference.no_terminal",
            "没有终端可以询问是否采用。",
            "There is no terminal to ask whether to adopt it.",
            hint_zh="看过 preview 之后,请加 --yes。",
            hint_en="Look at the preview, then give --yes.",
        )
    typer.confirm("采用?Adopt it?", abort=True)


def _nothing_given(action_id: str | None) -> Fault:
    if action_id is None:
        return Fault(
            "reference.no_draft",
            "没有给出草案。",
            "No draft was given.",
            hint_zh="例如 --standard FILE.xlsx;liandong reference adopt --help 列出全部选项。",
            hint_en="Such as --standard FILE.xlsx; liandong reference adopt --help shows all options.",
        )
    return Fault(
        "reference.unknown_action",
        f"没有分区裁定过采用编号 {action_id}。",
        f"No partition has decided an adoption {action_id}.",
        hint_zh="请连同原来的草案选项一起再给一次。",
        hint_en="Give it once more together with the options of its draft.",
    )


def _print_json(found: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
