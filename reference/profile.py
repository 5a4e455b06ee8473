"""The city that a system serves, as a profile: name, zone, calendar, grid tree, outline, units, standard.

Owns reading, checking and writing profiles. A profile with a fault is refused whole, with all of its faults named.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from domain.finding import faults as faults_of
from reference.contents import PARTS, REQUIRED, Contents, encode_part
from reference.soundness import check_contents
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


_BY_LINE = ("grids", "posts")


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
    contents = Contents(
        **{
            part: _read(folder, part, kind)
            for part, kind in PARTS.items()
            if part in REQUIRED or (folder / f"{part}.json").exists()
        }
    )
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
        value = getattr(profile.contents, part)
        (folder / f"{part}.json").write_bytes(_lines(value) if part in _BY_LINE else _for_people(value))


def _for_people(value: Any) -> bytes:
    return msgspec.json.format(encode_part(value), indent=1) + b"\n"


def _lines(rows: Sequence[Any]) -> bytes:
    """A JSON list with a row a line: a change of one grid is a change of one line."""
    return b"[\n" + b",\n".join(encode_part(row) for row in rows) + b"\n]\n"


def require_sound(profile: Profile) -> None:
    """Raises Fault `profile.wrong`, naming every fault of its contents."""
    faults = [f"{finding.part}: {finding.en}" for finding in faults_of(check_contents(profile.contents))]
    if faults:
        shown = "; ".join(faults[:FAULTS_SHOWN_MAX])
        raise Fault(
            "profile.wrong",
            f"城市档案 {profile.about.name} 有 {len(faults)} 处错误:{shown}。",
            f"The profile {profile.about.name} has {len(faults)} faults: {shown}.",
            hint_zh="请全部改正后再用。",
            hint_en="Correct them all before it is used.",
        )
