"""`list`, `show`, `diff`, `export`: the versions there are, what is in one, what differs, and a part as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from domain.grid.tree import GridTree
from domain.instant import written
from eventlog.record import Outcome
from ops.reference.drafting import make_draft
from ops.reference.library import IN_FORCE, SHORT_CHARS, Library, cluster, open_library, read_library, zone_of
from ops.reference.options import Against, AsJson, At, Given, VersionName, moment, now_ms, with_draft
from ops.reference.pictures import PICTURES, overview
from ops.reference.tables import console, sheet, show_differences, show_findings
from projections.adoptions import in_force
from reference.contents import PARTS, Contents, encode_part
from reference.draft import differences
from runtime.faults import Fault

PartName = Annotated[str, typer.Argument(metavar="PART", help=f"One of {', '.join(PARTS)}.")]


class Adopted(msgspec.Struct, frozen=True):
    """One adoption: by whom, and since which action offset each partition that accepted it decides by its version."""

    action_id: str
    version: str
    person: str
    note: str
    first_ms: int
    last_ms: int
    since_offsets: dict[int, int]
    rejected: int
    differs_in: tuple[str, ...]


def list_versions(as_json: AsJson = False) -> None:
    """All versions: when and by whom each was adopted, since which offsets, and in which parts it differs.

    liandong reference list
    """
    library = read_library(cluster())
    adopted = list(history(library))
    standing = {state.version for state in in_force(library.rows).values()}
    if as_json:
        never = [version for version in library.versions if version not in {each.version for each in adopted}]
        told = {"in_force": sorted(str(v) for v in standing), "adopted": adopted, "never_adopted": never}
        typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
        return
    zone = zone_of(library.named(next(iter(library.versions)))[1]) if library.versions else None
    headings = ("采用 adopted", "人 by", "位置 offsets", "分区\npartitions", "不同 differs in", "说明 note")
    table = sheet("", "版本 version", *headings)
    for each in adopted:
        offsets = each.since_offsets.values()
        span = f"{min(offsets)}–{max(offsets)}" if offsets else "拒绝 refused"
        when = written(each.first_ms, zone) if zone else ""
        mark, version = "●" if each.version in standing else "", each.version[:SHORT_CHARS]
        table.add_row(mark, version, when, each.person, span, str(len(offsets)), ", ".join(each.differs_in), each.note)
    console().print(table)
    console().print("● 在用 in force")


def history(library: Library) -> Iterator[Adopted]:
    """Every adoption in order of time, compared with the version in force before it."""
    by_id: dict[str, list[Any]] = {}
    for row in library.rows:
        if row.record.outcome in (Outcome.ACCEPTED, Outcome.REJECTED):
            by_id.setdefault(row.record.attempt.id, []).append(row)
    for action_id, rows in sorted(by_id.items(), key=lambda pair: min(row.record.at_ms for row in pair[1])):
        attempt = rows[0].record.attempt
        accepted = [row for row in rows if row.record.outcome is Outcome.ACCEPTED]
        before = next((event.previous for row in accepted for event in row.record.events), None)
        times = [row.record.at_ms for row in accepted or rows]
        yield Adopted(
            action_id,
            attempt.action.version,
            attempt.actor.person,
            attempt.action.note,
            min(times),
            max(times),
            {row.partition: row.record.origin.offset for row in accepted},
            len(rows) - len(accepted),
            differing(library.versions, before, attempt.action.version),
        )


def differing(versions: Mapping[str, Mapping[str, str]], before: str | None, after: str) -> tuple[str, ...]:
    """The parts whose contents are not the same; all of them where there was nothing before."""
    old, new = versions.get(before or "", {}), versions.get(after, {})
    return tuple(part for part in PARTS if old.get(part) != new.get(part))


def show(
    version: VersionName = IN_FORCE,
    part: Annotated[str | None, typer.Option("--part", help=f"One of {', '.join(PARTS)}.")] = None,
    at_time: At = None,
    against: Against = None,
    as_json: AsJson = False,
) -> None:
    """What is in a version: an overview, or one part as a picture.

    liandong reference show --part standard
    """
    found, contents = open_library(against).named(version)
    if part is not None:
        _require_part(part)
    if as_json:
        typer.echo(msgspec.json.format(encode_part(contents if part is None else getattr(contents, part))).decode())
        return
    at_ms, out = moment(at_time, zone_of(contents)), console()
    out.print(overview(found, contents, at_ms) if part is None else PICTURES[part](contents, at_ms))


@with_draft
def diff(
    given: Given,
    old: VersionName = IN_FORCE,
    new: Annotated[str | None, typer.Argument(help="The same; without it the draft that the options make.")] = None,
    against: Against = None,
    as_json: AsJson = False,
) -> None:
    """What differs between two versions, or between a version and a draft, in sentences.

    liandong reference diff 3f2a in-force
    """
    library = open_library(against)
    _, before = library.named(old)
    if (new is None) is given.empty:
        raise Fault(
            "reference.diff_with_what",
            "请给出第二个版本,或草案选项,只给其一。",
            "Give a second version or the options of a draft, one of them.",
            hint_zh="例如 liandong reference diff in-force --standard FILE.xlsx。",
            hint_en="Such as liandong reference diff in-force --standard FILE.xlsx.",
        )
    after = _draft(library, given) if new is None else library.named(new)[1]
    found = differences(before, after, zone_of(before))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        show_differences(console(), found)


def _draft(library: Library, given: Given) -> Contents:
    draft = make_draft(library, given, now_ms())
    if draft.contents is None:
        show_findings(console(), draft.findings)
        raise typer.Exit(2)
    return draft.contents


def export(
    part: PartName,
    file: Annotated[Path, typer.Argument(help="standard: .xlsx or .json; grids: .geojson or .json; others: .json.")],
    version: Annotated[str, typer.Option("--version", help="As for show.")] = IN_FORCE,
    at_time: At = None,
    against: Against = None,
) -> None:
    """Write a part into a file, as it is imported again: the standard as the nine-column Excel form, grids as GeoJSON.

    liandong reference export standard 立结案标准.xlsx
    """
    _require_part(part)
    found, contents = open_library(against).named(version)
    kind = (part, file.suffix.lower())
    try:
        if kind == ("standard", ".xlsx"):
            from reference.standard_workbook import export_workbook

            export_workbook(contents.standard, contents.units, file)
        elif kind == ("grids", ".geojson"):
            from reference.geojson import export_tree

            tree = export_tree(GridTree(contents.grids), moment(at_time, zone_of(contents)))
            file.write_bytes(msgspec.json.encode(tree) + b"\n")
        elif kind[1] == ".json":
            file.write_bytes(msgspec.json.format(encode_part(getattr(contents, part)), indent=1) + b"\n")
        else:
            raise _wrong_kind(part, file)
    except OSError as error:
        zh, en = f"文件 {file} 无法写入({error.strerror})。", f"The file {file} cannot be written ({error.strerror})."
        raise Fault("reference.no_file", zh, en) from error
    typer.echo(f"{part} {found[:SHORT_CHARS]} → {file}")


def _require_part(part: str) -> None:
    if part not in PARTS:
        allowed = ", ".join(PARTS)
        raise Fault(
            "reference.unknown_part",
            f"没有名为“{part}”的部分;可用的有:{allowed}。",
            f"There is no part '{part}'; there are: {allowed}.",
        )


def _wrong_kind(part: str, file: Path) -> Fault:
    allowed = {"standard": ".xlsx, .json", "grids": ".geojson, .json"}.get(part, ".json")
    return Fault(
        "reference.file_kind",
        f"{part} 不能写成“{file.suffix}”文件,可写:{allowed}。",
        f"The part {part} cannot be written as '{file.suffix}'; it can as {allowed}.",
    )
