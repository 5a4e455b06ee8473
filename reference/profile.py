"""The city that a system serves, as a profile: name, zone, calendar, grid tree, outline, units, standard.

Owns reading, checking and writing profiles. A profile with a fault is refused whole, with all of its faults named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from domain.grid.check import check_tree
from domain.grid.tree import GridTree
from domain.standard.values import Standard
from domain.worktime import CalendarError, Limit, LimitError, compile_calendar
from reference.contents import PARTS, Contents, encode_part
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
    contents: Contents
    map_path: Path | None = None

    @property
    def towns(self) -> list[str]:
        """The codes of the townships, in their fixed order."""
        return self.contents.towns


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
    about = _read(folder, "about", About)
    contents = Contents(**{part: _read(folder, part, kind) for part, kind in PARTS.items()})
    map_path = folder / "map.geojson"
    profile = Profile(about, contents, map_path if map_path.exists() else None)
    require_sound(profile)
    return profile


def _read(folder: Path, part: str, kind: Any) -> Any:
    try:
        return msgspec.json.decode((folder / f"{part}.json").read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise Fault(
            "profile.unreadable",
            f"城市档案 {folder.name}/{part}.json 无法读取:{error}。",
            f"{folder.name}/{part}.json of the profile cannot be read: {error}.",
        ) from error


def save_profile(profile: Profile, folder: Path) -> None:
    """Write a profile's parts into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "about.json").write_bytes(_for_people(profile.about))
    for part in PARTS:
        (folder / f"{part}.json").write_bytes(_for_people(getattr(profile.contents, part)))


def _for_people(value: Any) -> bytes:
    return msgspec.json.format(encode_part(value), indent=1) + b"\n"


def require_sound(profile: Profile) -> None:
    """Raises Fault `profile.wrong`, naming every fault: duplicate codes, holes in the tree, limits that are none."""
    contents = profile.contents
    faults = _doubles("units", [u.code for u in contents.units])
    faults += _doubles("standard", [c.code for c in contents.standard.classes])
    faults += [f"grids: {finding.en}" for finding in check_tree(GridTree(contents.grids))]
    faults += _limits(contents.standard) + _units(contents)
    try:
        compile_calendar(profile.contents.calendar)
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


def _units(contents: Contents) -> list[str]:
    units = {unit.code for unit in contents.units}
    faults = [
        f"standard: {c.code}: no unit {c.responsible}"
        for c in contents.standard.classes
        if c.responsible != "territory" and c.responsible not in units
    ]
    codes = {grid.code for grid in contents.grids}
    faults += [
        f"units: {u.code}: scope {u.scope} is no grid" for u in contents.units if u.scope and u.scope not in codes
    ]
    return faults
