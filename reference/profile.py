"""The city that a system serves, as a profile: name, zone, calendar, grid tree, outline, units, standard.

Owns reading, checking and writing profiles, and their contents as they stand on `refs`. A profile with a fault is
refused whole, with all of its faults named.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from domain.case.frame import Rules
from domain.grid.values import Grid
from domain.rulebook import Rulebook
from domain.standard.values import Standard
from domain.unit import Unit
from domain.worktime import CalendarError, CalendarFile, Limit, LimitError, compile_calendar
from runtime.faults import Fault

SHIPPED = Path(__file__).parent / "profiles"
FAULTS_SHOWN_MAX = 20


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a profile says of its city; `root` is the code prefix of everything in it."""

    name: str
    title_zh: str
    title_en: str
    name_zh: str
    name_en: str
    zone: str
    root: str = ""


class Profile(msgspec.Struct, frozen=True):
    """A checked profile; `map_path` is its GeoJSON, None for a city without a map."""

    about: About
    calendar: CalendarFile
    standard: Standard
    grids: tuple[Grid, ...]
    units: tuple[Unit, ...]
    map_path: Path | None = None

    @property
    def towns(self) -> list[str]:
        """The codes of the townships, in their fixed order."""
        return [grid.code for grid in self.grids if grid.level == 1]


_PARTS: dict[str, Any] = {
    "about": About,
    "calendar": CalendarFile,
    "standard": Standard,
    "grids": tuple[Grid, ...],
    "units": tuple[Unit, ...],
}
_encoder = msgspec.json.Encoder(order="deterministic")


def load_profile(name_or_path: str) -> Profile:
    """A shipped profile by name, or one by its folder. Raises Fault profile.missing, .unreadable, .wrong."""
    shipped = SHIPPED / name_or_path
    folder = shipped if (shipped / "about.json").exists() else Path(name_or_path)
    if not (folder / "about.json").exists():
        there = ", ".join(sorted(path.parent.name for path in SHIPPED.glob("*/about.json")))
        raise Fault(
            "profile.missing",
            f"没有城市档案“{name_or_path}”,自带的有:{there}。",
            f"There is no profile '{name_or_path}'; shipped are: {there}.",
            hint_zh="也可以给出档案目录的路径。",
            hint_en="The path of a profile's folder can be given, too.",
        )
    parts: dict[str, Any] = {}
    for part, kind in _PARTS.items():
        try:
            parts[part] = msgspec.json.decode((folder / f"{part}.json").read_bytes(), type=kind)
        except (OSError, msgspec.DecodeError) as error:
            raise Fault(
                "profile.unreadable",
                f"城市档案 {folder.name}/{part}.json 无法读取:{error}。",
                f"{folder.name}/{part}.json of the profile cannot be read: {error}.",
            ) from error
    map_path = folder / "map.geojson"
    profile = Profile(**parts, map_path=map_path if map_path.exists() else None)
    require_sound(profile)
    return profile


def save_profile(profile: Profile, folder: Path) -> None:
    """Write a profile's parts into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in _PARTS:
        encoded = msgspec.json.format(_encoder.encode(getattr(profile, part)), indent=1)
        (folder / f"{part}.json").write_bytes(encoded + b"\n")


def contents(profile: Profile) -> tuple[str, dict[str, bytes]]:
    """The version of the profile's rulebook, and its contents under their SHA-256: four parts and the manifest."""
    named = {part: _encoder.encode(getattr(profile, part)) for part in ("calendar", "standard", "grids", "units")}
    manifest = _encoder.encode({part: _hash(content) for part, content in named.items()})
    version = _hash(manifest)
    return version, {version: manifest, **{_hash(content): content for content in named.values()}}


def rules_from(found: Mapping[str, bytes], version: str) -> Rules | None:
    """The rules of that version from contents as they stand on `refs`; None while a content is missing."""
    manifest = found.get(version)
    if manifest is None:
        return None
    named: dict[str, str] = msgspec.json.decode(manifest, type=dict[str, str])
    if any(digest not in found for digest in named.values()):
        return None
    parts = {part: msgspec.json.decode(found[digest], type=_PARTS[part]) for part, digest in named.items()}
    book = Rulebook(version, parts["standard"], parts["grids"], parts["units"])
    return Rules(book, compile_calendar(parts["calendar"]))


def require_sound(profile: Profile) -> None:
    """Raises Fault `profile.wrong`, naming every fault: duplicate codes, holes in the tree, limits that are none."""
    faults = [*_doubles("grids", [g.code for g in profile.grids]), *_doubles("units", [u.code for u in profile.units])]
    faults += _doubles("standard", [c.code for c in profile.standard.classes])
    faults += _tree(profile.grids) + _limits(profile.standard) + _units(profile)
    try:
        compile_calendar(profile.calendar)
    except CalendarError as error:
        faults.append(f"calendar: {error.en}")
    if faults:
        shown = "; ".join(faults[:FAULTS_SHOWN_MAX])
        raise Fault(
            "profile.wrong",
            f"城市档案 {profile.about.name} 有 {len(faults)} 处错误:{shown}。",
            f"The profile {profile.about.name} has {len(faults)} faults: {shown}.",
            hint_zh="请全部改正后再用。",
            hint_en="Correct them all before it is used.",
        )


def _doubles(part: str, codes: Sequence[str]) -> list[str]:
    return [f"{part}: code {code} stands twice" for code in sorted(c for c, n in Counter(codes).items() if n > 1)]


def _tree(grids: Sequence[Grid]) -> list[str]:
    by_level = {level: [g.code for g in grids if g.level == level] for level in range(4)}
    faults: list[str] = []
    for grid in grids:
        parents = by_level.get(grid.level - 1, [])
        if grid.level > 1 and not any(grid.code.startswith(parent) for parent in _candidates(grid, parents)):
            faults.append(f"grids: {grid.code} (level {grid.level}) lies under no grid of level {grid.level - 1}")
    return faults


def _candidates(grid: Grid, parents: Sequence[str]) -> Sequence[str]:
    lengths = {len(parent) for parent in parents}
    known = set(parents)
    return [grid.code[:length] for length in lengths if grid.code[:length] in known]


def _limits(standard: Standard) -> list[str]:
    written = [(f"stage {name}", limit) for name, limit in standard.stage_limits.items()]
    written += [(f"{c.code}/{k.code}", k.limit) for c in standard.classes for k in c.conditions]
    faults: list[str] = []
    for where, limit in written:
        try:
            if limit is not None:
                Limit.parse(limit)
        except LimitError as error:
            faults.append(f"standard: {where}: {error.en}")
    return faults


def _units(profile: Profile) -> list[str]:
    units = {unit.code for unit in profile.units}
    faults = [
        f"standard: {c.code}: no unit {c.responsible}"
        for c in profile.standard.classes
        if c.responsible != "territory" and c.responsible not in units
    ]
    codes = {grid.code for grid in profile.grids}
    faults += [
        f"units: {u.code}: scope {u.scope} is no grid" for u in profile.units if u.scope and u.scope not in codes
    ]
    return faults


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
