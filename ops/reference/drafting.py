"""From what was given on the command line to a draft: contents, and everything that is wrong with them.

Owns the order: whole versions first, then parts from files, then changes of the tree, then the whole check. All files
are read before anything is said, so one bad file hides no other.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from domain.finding import Finding, faults
from domain.grid.change import Change, Redraw
from domain.grid.changes import apply_changes
from domain.grid.tree import GridTree
from ops.reference.library import IN_FORCE, PROFILE, Library
from ops.reference.options import Given
from reference.contents import Contents
from reference.draft import amended, check_draft
from runtime.faults import Fault

FILE_BYTES_MAX = 32_000_000
JSON_PARTS = ("calendar", "units", "routing", "admission", "posts", "grids")


class Draft(msgspec.Struct, frozen=True):
    """`contents` None: it could not be made, and the findings say why. `timed`: it begins when it is adopted."""

    contents: Contents | None
    findings: list[Finding]
    timed: bool = False

    @property
    def sound(self) -> bool:
        """True if it may be adopted."""
        return self.contents is not None and not faults(self.findings)


def make_draft(library: Library, given: Given, at_ms: int) -> Draft:
    """The draft, checked whole against what is in force. Raises Fault for files and versions that are not there."""
    _, base = library.named(IN_FORCE)
    contents, findings = _with_files(_start(library, base, given), given)
    timed = False
    for changes in (_grid_changes, _boundaries):
        contents, wrong, now = changes(contents, given, at_ms)
        findings += wrong
        timed = timed or now
    if contents is None or faults(findings):
        return Draft(None, findings, timed)
    return Draft(contents, [*findings, *check_draft(base, contents, at_ms)], timed)


def of_contents(library: Library, contents: Contents, at_ms: int) -> Draft:
    """The draft of contents that were made by a command itself."""
    return Draft(contents, check_draft(library.named(IN_FORCE)[1], contents, at_ms))


def _start(library: Library, base: Contents, given: Given) -> Contents:
    if given.profile is not None and given.version is not None:
        raise Fault(
            "reference.two_wholes",
            "--profile 与 --version 只能给一个。",
            "Give --profile or --version, not both.",
        )
    if given.profile is not None:
        return library.named(f"{PROFILE}{given.profile}")[1]
    return base if given.version is None else library.named(given.version)[1]


def _with_files(start: Contents, given: Given) -> tuple[Contents | None, list[Finding]]:
    parts = {part: _read(path) for part in JSON_PARTS if (path := getattr(given, part)) is not None}
    sheet = given.standard
    if sheet is not None and sheet.suffix.lower() == ".json":
        parts, sheet = {"standard": _read(sheet), **parts}, None
    contents, findings = amended(start, parts)
    if sheet is None:
        return contents, findings
    from reference.standard_workbook import import_workbook

    _read(sheet)
    standard, found = import_workbook(sheet, start.standard, (contents or start).units, given.name)
    if contents is None or standard is None:
        return None, [*findings, *found]
    return replace(contents, standard=standard), [*findings, *found]


Changed = tuple[Contents | None, list[Finding], bool]


def _grid_changes(contents: Contents | None, given: Given, at_ms: int) -> Changed:
    if given.grid_changes is None:
        return contents, [], False
    from reference.grid_changes import read_changes

    changes, findings = read_changes(given.grid_changes.name, _read(given.grid_changes))
    timed = any(change is not None and change.at is None for change in changes)
    return *_applied(contents, changes, findings, at_ms), timed


def _boundaries(contents: Contents | None, given: Given, at_ms: int) -> Changed:
    if given.boundaries is None or contents is None:
        return contents, [], False
    from reference.geojson import read_boundaries

    # A grid takes a change only after the instant of its last one: drawn with the others, boundaries come just after.
    drawn_ms = at_ms if given.grid_changes is None else at_ms + 1
    areas, findings = read_boundaries(_read(given.boundaries), GridTree(contents.grids), drawn_ms)
    changes = [Redraw(areas=areas)] if areas else []
    return *_applied(contents, changes, findings, drawn_ms), True


def _applied(
    contents: Contents | None, changes: list[Change | None] | list[Redraw], findings: list[Finding], at_ms: int
) -> tuple[Contents | None, list[Finding]]:
    if contents is None:
        return None, findings
    after = apply_changes(contents.grids, contents.posts, list(changes), at_ms)
    found = [*findings, *after.findings]
    return (None if faults(found) else replace(contents, grids=after.grids, posts=after.posts)), found


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise Fault(
                "reference.file_too_large",
                f"文件 {path} 超过 {FILE_BYTES_MAX} 字节。",
                f"The file {path} has more than {FILE_BYTES_MAX} bytes.",
            )
        return path.read_bytes()
    except OSError as error:
        raise Fault(
            "reference.no_file",
            f"文件 {path} 无法读取({error.strerror})。",
            f"The file {path} cannot be read ({error.strerror}).",
        ) from error
