"""The options of a draft, the same for every command that takes one, and the reading of times that people write.

Owns the words on the command line; `drafting` makes the contents.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from runtime.faults import Fault

DRAFT = "A draft: what replaces parts of the version in force"
VersionName = Annotated[str, typer.Argument(help="`in-force`, the beginning of a version, or `profile:NAME`.")]
Against = Annotated[
    str | None, typer.Option("--against", metavar="PROFILE", help="No system: this profile counts as what is in force.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, everything, nothing shortened.")]
At = Annotated[str | None, typer.Option("--at", metavar="TIME", help="A date or time; the city's zone unless stated.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Adopt without asking.")]
Note = Annotated[str, typer.Option("--note", help="Why; stands in the log.")]


def _file(name: str, what: str) -> Any:
    return Annotated[Path | None, typer.Option(f"--{name}", metavar="FILE", help=what, rich_help_panel=DRAFT)]


def _named(name: str, metavar: str, what: str) -> Any:
    return Annotated[str | None, typer.Option(f"--{name}", metavar=metavar, help=what, rich_help_panel=DRAFT)]


OPTIONS: dict[str, Any] = {
    "standard": _file("standard", "The standard: the nine-column .xlsx on top of the one in force, or .json."),
    "name": _named("name", "NAME", "What the standard of the .xlsx is called."),
    "calendar": _file("calendar", "The calendar, .json."),
    "units": _file("units", "The units, .json."),
    "routing": _file("routing", "The routing rules and adjudications, .json."),
    "admission": _file("admission", "The admission list, .json."),
    "posts": _file("posts", "The posts, .json."),
    "grids": _file("grids", "The whole grid tree with its past, .json."),
    "grid_changes": _file("grid-changes", "Splits, merges, renames …, .toml or .json (docs/grid.md)."),
    "boundaries": _file("boundaries", "New areas of grids, .geojson with its coordinate system stated."),
    "profile": _named("profile", "PROFILE", "All parts of a profile."),
    "version": _named("version", "VERSION", "All parts of an older version."),
}


class Given(msgspec.Struct, frozen=True):
    """What was given of a draft; the names are those of OPTIONS."""

    standard: Path | None = None
    name: str | None = None
    calendar: Path | None = None
    units: Path | None = None
    routing: Path | None = None
    admission: Path | None = None
    posts: Path | None = None
    grids: Path | None = None
    grid_changes: Path | None = None
    boundaries: Path | None = None
    profile: str | None = None
    version: str | None = None

    @property
    def empty(self) -> bool:
        """True if no draft was given."""
        return self == Given(name=self.name)


def with_draft(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command, whose argument `given` is a draft, the options of one."""

    @wraps(command)
    def run(**arguments: Any) -> None:
        given = Given(**{name: arguments.pop(name) for name in OPTIONS})
        command(given=given, **arguments)

    kind = inspect.Parameter.KEYWORD_ONLY
    own = [p.replace(kind=kind) for p in inspect.signature(command, eval_str=True).parameters.values()]
    options = [inspect.Parameter(name, kind, default=None, annotation=form) for name, form in OPTIONS.items()]
    parameters = [*(p for p in own if p.name != "given"), *options]
    del run.__wrapped__  # the command line is read from the signature made here, not from the command's own
    run.__dict__["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def now_ms() -> int:
    """This instant, UTC milliseconds."""
    return time.time_ns() // 1_000_000


def moment(text: str | None, zone: tzinfo) -> int:
    """A time as a person writes it, UTC milliseconds; none is now. Raises Fault `reference.time`."""
    if text is None:
        return now_ms()
    try:
        stated = datetime.fromisoformat(text)
    except ValueError:
        raise Fault(
            "reference.time",
            f"时间“{text}”无法读取。",
            f"The time '{text}' cannot be read.",
            hint_zh="应写成 2026-10-01、2026-10-01T08:00 或 2026-10-01T08:00:00+08:00。",
            hint_en="Write 2026-10-01, 2026-10-01T08:00 or 2026-10-01T08:00:00+08:00.",
        ) from None
    return round((stated if stated.tzinfo else stated.replace(tzinfo=zone)).timestamp() * 1000)
