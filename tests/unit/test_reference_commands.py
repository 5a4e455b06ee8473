"""`liandong reference` where no system is needed: drafts against a profile, pictures, who was responsible."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from msgspec.structs import replace
from rich.console import Console
from typer.testing import CliRunner

from domain.admission.values import Applied, Matter
from domain.case.values import Role
from domain.finding import Finding
from domain.routing.values import Routing, Rule
from ops.reference.admission import admission_app, grow
from ops.reference.app import reference_app
from ops.reference.library import IN_FORCE, Library
from ops.reference.pictures import PICTURES, overview
from ops.reference.versions import differing
from reference.contents import PARTS, Contents, encode_part, manifests, pack
from reference.profile import About, Profile, save_profile
from runtime.faults import Fault
from tests.support.small_tree import middle
from tests.unit.test_draft import CITY, NOW

SPLIT = """
[[changes]]
change = "split"
at = "2099-01-01T00:00:00+08:00"
code = "91"
parts = [
  { code = "91", zh = "镇1", children = ["9101"] },
  { code = "93", zh = "镇3", children = ["9102"], posts = [{ person = "chen", role = "acceptor" }] },
]
"""


@pytest.fixture
def city(tmp_path: Path) -> str:
    """The folder of a small city's profile."""
    folder = tmp_path / "small"
    save_profile(Profile(About("small", "小城", "Small", "小城", "Small", "Asia/Shanghai", "9"), CITY), folder)
    return str(folder)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(reference_app, arguments, catch_exceptions=True)


def drawn(picture: object) -> str:
    out = Console(file=StringIO(), width=160)
    out.print(picture)
    return out.file.getvalue() if isinstance(out.file, StringIO) else ""


def code_of(result: Any) -> str:
    assert isinstance(result.exception, Fault), result.output
    return result.exception.code


def test_a_standard_goes_out_into_a_workbook_and_comes_back_as_a_checked_draft(city: str, tmp_path: Path) -> None:
    form = tmp_path / "standard.xlsx"
    assert run("export", "standard", str(form), "--against", city).exit_code == 0
    book = openpyxl.load_workbook(form)
    book.worksheets[0]["I3"] = "9WH"
    book.save(form)
    draft = ("--standard", str(form), "--name", "small-2", "--against", city)
    checked = run("check", *draft)
    assert checked.exit_code == 0, checked.output
    found = json.loads(run("diff", *draft, "--json").stdout)
    assert [each["en"] for each in found] == ["010101/02 limit: “4WH” → “9WH”."]


def test_faults_are_shown_with_row_and_column_and_end_with_2(city: str, tmp_path: Path) -> None:
    form = tmp_path / "standard.xlsx"
    run("export", "standard", str(form), "--against", city)
    book = openpyxl.load_workbook(form)
    book.worksheets[0]["I2"], book.worksheets[0]["I3"] = "3XX", None
    book.save(form)
    routing = tmp_path / "routing.json"
    routing.write_text('{"rules":[{"code":1}]}')
    result = run("check", "--standard", str(form), "--routing", str(routing), "--against", city, "--json")
    assert result.exit_code == 2
    found = [(f["code"], f.get("row"), f.get("column")) for f in json.loads(result.stdout)["findings"]]
    assert found == [
        ("draft.undecodable", None, None),
        ("standard.limit_unreadable", 2, "I"),
        ("standard.limit_missing", 3, "I"),
    ]
    shown = run("check", "--standard", str(form), "--against", city)
    assert shown.exit_code == 2
    assert "3XX" in shown.stdout
    assert "2 处错误 faults" in shown.stdout


def test_changes_of_the_tree_are_a_draft_and_their_differences_are_told(city: str, tmp_path: Path) -> None:
    changes = tmp_path / "changes.toml"
    changes.write_text(SPLIT)
    found = json.loads(run("diff", "--grid-changes", str(changes), "--against", city, "--json").stdout)
    assert "The grid 91 (镇1) is split into 91, 93 at 2099-01-01 00:00:00+08:00." in [each["en"] for each in found]
    checked = run("check", "--grid-changes", str(changes), "--against", city)
    assert checked.exit_code == 0, checked.output


def test_boundaries_without_a_coordinate_system_are_refused(city: str, tmp_path: Path) -> None:
    boundaries = tmp_path / "boundaries.geojson"
    assert run("export", "grids", str(boundaries), "--against", city).exit_code == 0
    bare = json.loads(boundaries.read_text())
    del bare["coordinate_system"]
    bare["features"] = [feature for feature in bare["features"] if feature["properties"]["level"] == 3][:1]
    boundaries.write_text(json.dumps(bare))
    result = run("check", "--boundaries", str(boundaries), "--against", city, "--json")
    assert result.exit_code == 2
    assert {f["code"] for f in json.loads(result.stdout)["findings"]} == {"coordinates.unlabelled"}


def test_every_part_has_a_picture(city: str) -> None:
    for part, shown in (
        ("calendar", "Asia/Shanghai"),
        ("standard", "井盖 Manhole cover"),
        ("grids", "91 镇1 Town 1: 2 村居 villages"),
        ("units", "公安局"),
        ("routing", "规则 rule"),
        ("admission", "未启用 not kept"),
        ("posts", "grid_head"),
    ):
        assert shown in drawn(PICTURES[part](CITY, NOW))
    assert pack(CITY)[0] in drawn(overview(pack(CITY)[0], CITY, NOW))
    assert "units" in run("show", "--against", city).stdout
    assert json.loads(run("show", "--part", "units", "--against", city, "--json").stdout)[0]["code"] == "urban"


def test_who_was_responsible_is_answered_for_a_code_and_for_a_spot_with_its_system(city: str) -> None:
    lon, lat = middle(0, 0)
    for place in (("910101",), (f"{lon},{lat}", "--system", "WGS84")):
        told = json.loads(run("who", *place, "--against", city, "--json").stdout)
        assert told["ancestors"] == ["910101", "9101", "91", "9"]
        assert [post["person"] for post in told["responsible"]["grid_head"]] == ["head-9101"]
    assert code_of(run("who", f"{lon},{lat}", "--against", city)) == "coordinates.unlabelled"
    assert code_of(run("who", "1,2", "--system", "WGS84", "--against", city)) == "place.outside"
    assert code_of(run("who", "999", "--against", city)) == "reference.no_grid"
    assert code_of(run("who", "91", "--at", "yesterday", "--against", city)) == "reference.time"


def test_ownership_names_what_two_own(city: str) -> None:
    torn = Routing("torn", (Rule("one", "police", ("0101",)), Rule("two", "urban", ("0101",))))
    folder = Path(city)
    (folder / "routing.json").write_bytes(encode_part(torn))
    told = json.loads(run("ownership", "--against", city, "--json").stdout)
    assert (told["owned"], told["none"], told["several"]) == (2, 0, 2)
    assert {row["case_class"] for row in told["unclear"]} == {"010101"}


def test_what_cannot_be_done_says_so_by_code(city: str, tmp_path: Path) -> None:
    against = ("--against", city)
    nowhere = str(tmp_path / "none.json")
    assert code_of(run("check", "--units", nowhere, *against)) == "reference.no_file"
    assert code_of(run("export", "cases", nowhere, *against)) == "reference.unknown_part"
    assert code_of(run("export", "units", str(tmp_path / "u.xlsx"), *against)) == "reference.file_kind"
    assert code_of(run("export", "units", str(tmp_path / "no" / "u.json"), *against)) == "reference.no_file"
    assert code_of(run("diff", *against)) == "reference.diff_with_what"
    assert code_of(run("show", "ffff", *against)) == "reference.unknown_version"
    assert code_of(run("check", "--profile", city, "--version", IN_FORCE, *against)) == "reference.two_wholes"


def library_of(*versions: Contents) -> Library:
    found: dict[str, bytes] = {}
    for contents in versions:
        found |= pack(contents)[1]
    return Library(found, only=pack(versions[0])[0])


def test_versions_are_called_by_their_beginning_by_in_force_and_by_profile(city: str) -> None:
    other = replace(CITY, units=CITY.units[:-1])
    library = library_of(CITY, other)
    version = pack(other)[0]
    assert library.named(version[:8]) == (version, other)
    assert library.named(IN_FORCE) == (pack(CITY)[0], CITY)
    assert library.named(f"profile:{city}") == (pack(CITY)[0], CITY)
    with pytest.raises(Fault, match=r"reference\.unknown_version"):
        library.named(version[:3])


def test_the_parts_in_which_versions_differ_are_told_by_their_hashes() -> None:
    other = replace(CITY, units=CITY.units[:-1])
    found = manifests(pack(CITY)[1] | pack(other)[1])
    assert differing(found, pack(CITY)[0], pack(other)[0]) == ("units",)
    assert differing(found, None, pack(CITY)[0]) == tuple(PARTS)


def test_a_step_of_the_admission_list_is_added_or_refused_by_its_rules() -> None:
    matter = Matter(("01",), "设施")
    grown = grow(CITY, "A1", Role.HANDLER, lambda at_ms, _: Applied(at_ms, "li", matter), 5)
    assert not isinstance(grown, Finding)
    assert grown.items[0].steps == (Applied(5, "li", matter),)
    refused = grow(CITY, "A1", Role.COLLECTOR, lambda at_ms, _: Applied(at_ms, "li", matter), 5)
    assert isinstance(refused, Finding)
    assert refused.code == "admission.wrong_role"


def test_every_command_says_what_it_is_for_with_an_example() -> None:
    for group, named in ((reference_app, "liandong reference "), (admission_app, "liandong reference admission ")):
        for command in group.registered_commands:
            assert command.callback is not None
            assert named in (command.callback.__doc__ or ""), command.name
    shown = run("adopt", "--help").stdout
    assert "--grid-changes" in shown
    assert "--action-id" in shown
