"""Reference contents: the parts that a city decides by, and how they stand on `refs`, each under its SHA-256.

Owns the manifest: it names the parts by their hashes, and its own hash is the version of the whole, so equal versions
mean equal rules. A part keeps its name and its meaning for ever; a new one needs a default for older manifests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from domain.admission.values import AdmissionList
from domain.case.frame import Rules
from domain.grid.posts import Post
from domain.grid.values import Grid
from domain.routing.values import Routing
from domain.rulebook import Rulebook
from domain.standard.values import Standard
from domain.unit import Unit
from domain.worktime import Calendar, CalendarFile, compile_calendar

CALENDARS_KEPT_MAX = 8
"""Compiled ones, 11 MB each: a city publishes one a year, and whoever decides by one holds it as long as it does."""
MANIFEST_BYTES_MAX = 4 * 1024


class Contents(msgspec.Struct, frozen=True):
    """The parts of one version: six kinds of rules, and who holds which post for which part of the tree."""

    calendar: CalendarFile
    standard: Standard
    grids: tuple[Grid, ...]
    units: tuple[Unit, ...]
    routing: Routing = Routing()
    admission: AdmissionList = AdmissionList()
    posts: tuple[Post, ...] = ()

    @property
    def towns(self) -> list[str]:
        """The codes of the townships there are or ever were, in the tree's order."""
        return list(dict.fromkeys(grid.code for grid in self.grids if grid.level == 1))


PARTS: dict[str, Any] = {field.name: field.type for field in msgspec.structs.fields(Contents)}
"""Part → its type, in the order of the manifest."""
REQUIRED = ("calendar", "standard", "grids", "units")
"""What every version has; a manifest that lacks another part has that part's default."""

_encoder = msgspec.json.Encoder(order="deterministic")


def encode_part(value: Any) -> bytes:
    """The canonical bytes of a part: compact JSON, defaults left out."""
    return _encoder.encode(value)


def decode_part(part: str, content: bytes) -> Any:
    """A part from its bytes. Raises KeyError for an unknown one, msgspec.DecodeError for bytes that are none."""
    return msgspec.json.decode(content, type=PARTS[part])


def pack(contents: Contents) -> tuple[str, dict[str, bytes]]:
    """The version of these contents, and what must stand on `refs` for it: the parts and the manifest by hash."""
    named = {part: encode_part(getattr(contents, part)) for part in PARTS}
    manifest = _encoder.encode({part: _hash(content) for part, content in named.items()})
    version = _hash(manifest)
    return version, {version: manifest, **{_hash(content): content for content in named.values()}}


def unpack(found: Mapping[str, bytes], version: str) -> Contents | None:
    """The contents of that version from what stands on `refs`; None while one of them is missing.

    Raises msgspec.DecodeError where a content is none that this release can read.
    """
    manifest = found.get(version)
    if manifest is None:
        return None
    named = msgspec.json.decode(manifest, type=dict[str, str])
    if any(digest not in found for digest in named.values()):
        return None
    return Contents(**{part: decode_part(part, found[digest]) for part, digest in named.items()})


def manifests(found: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """Version → part → hash, for every manifest among these contents, in their order."""
    named: dict[str, dict[str, str]] = {}
    for digest, content in found.items():
        if len(content) > MANIFEST_BYTES_MAX:
            continue
        try:
            manifest = msgspec.json.decode(content, type=dict[str, str])
        except msgspec.DecodeError:
            continue
        if set(REQUIRED) <= manifest.keys() <= PARTS.keys():
            named[digest] = manifest
    return named


def rules_from(found: Mapping[str, bytes], version: str) -> Rules | None:
    """The rules of that version from what stands on `refs`; None while a content is missing.

    Raises msgspec.DecodeError, CalendarError for contents that this release cannot decide by.
    """
    contents = unpack(found, version)
    return None if contents is None else rules_of(contents, version)


def rules_of(contents: Contents, version: str) -> Rules:
    """What a decision is given: the rulebook under that version and the compiled calendar. Raises CalendarError."""
    book = Rulebook(
        version,
        contents.standard,
        contents.grids,
        contents.units,
        contents.routing,
        contents.admission,
        contents.posts,
    )
    return Rules(book, compiled(contents.calendar))


def compiled(calendar: CalendarFile) -> Calendar:
    """The table of a calendar, made once for all versions that share it. Raises CalendarError."""
    return _compiled(encode_part(calendar))


@lru_cache(maxsize=CALENDARS_KEPT_MAX)
def _compiled(calendar: bytes) -> Calendar:
    """Most versions differ in another part, and a compiled calendar is the largest thing of all."""
    return compile_calendar(decode_part("calendar", calendar))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
