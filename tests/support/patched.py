"""A copy of the engine in which one guard is taken away: what must then go wrong, and be found."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "domain", "eventlog", "ops", "projections", "reference", "runtime", "streams")


@dataclass(frozen=True)
class Change:
    """In that file of the tree `before` stands once, and `after` instead of it in the copy."""

    file: str
    before: str
    after: str


ANOTHER_RELEASE = Change(
    "ops/serve.py", 'Editions(bootstrap, names), version("liandong")', 'Editions(bootstrap, names), "another"'
)
"""What this change makes decides as a release of another name."""


def engine(folder: Path, *changes: Change) -> Path:
    """Copy the engine's packages and change them; a process that is run there runs the copy (`python -m`)."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("static"))
    for change in changes:
        file = folder / change.file
        text = file.read_text()
        assert text.count(change.before) == 1, (
            f"{change.file} holds {change.before!r} {text.count(change.before)} times"
        )
        file.write_text(text.replace(change.before, change.after))
    return folder
