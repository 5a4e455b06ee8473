"""A changes file, as people write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.case.values import Role
from domain.grid.change import Appointment, Merge, Part, Redraw, Rename, Renumber, Split, effective_ms
from domain.grid.changes import apply_changes
from reference import grid_changes
from reference.grid_changes import read_changes
from tests.support.small_tree import small_city, square

TOML = """
[[changes]]
change = "split"
at = "2027-01-01T00:00:00+08:00"
code = "91"

[[changes.parts]]
code = "93"
zh = "甲镇"
children = ["9101"]
posts = [{person = "chen", role = "acceptor"}]

[[changes.parts]]
code = "94"
zh = "乙镇"
children = ["9102"]

[[changes]]
change = "rename"
code = "92"
zh = "新名"
"""


def test_a_file_reads_the_same_in_both_forms() -> None:
    changes, findings = read_changes("township.toml", TOML.encode())
    assert findings == []
    parts = (
        Part("93", "甲镇", children=("9101",), posts=(Appointment("chen", Role.ACCEPTOR),)),
        Part("94", "乙镇", children=("9102",)),
    )
    split = Split(at="2027-01-01T00:00:00+08:00", code="91", parts=parts)
    assert changes == [split, Rename(code="92", zh="新名")]
    assert effective_ms(split, 5) == 1_798_732_800_000
    assert effective_ms(Rename(code="92"), 5) == 5
    written = (
        b'{"changes":[{"change":"merge","codes":["91","92"],"into":{"code":"93","zh":"x"}},'
        b'{"change":"renumber","code":"91","new_code":"93","renumber":{"9101":"9309"}},'
        b'{"change":"redraw","areas":{"910101":[[[0,0],[1,0],[1,1]]]}}]}'
    )
    assert read_changes("x.json", written) == (
        [
            Merge(codes=("91", "92"), into=Part("93", "x")),
            Renumber(code="91", new_code="93", renumber={"9101": "9309"}),
            Redraw(areas={"910101": (((0, 0), (1, 0), (1, 1)),)}),
        ],
        [],
    )


def test_what_cannot_be_read_keeps_its_number_and_hides_no_fault_of_another() -> None:
    content = (
        b'{"changes":[{"change":"rename","code":"91","zh":"a"},{"change":"swap"},{"change":"rename","code":5},'
        b'{"change":"rename","code":"77","zh":"b"}]}'
    )
    changes, findings = read_changes("x.json", content)
    judged = apply_changes(small_city(), (), changes, 1_000)
    assert [(f.code, f.row) for f in [*findings, *judged.findings]] == [
        ("grid_change.no_change", 2),
        ("grid_change.no_change", 3),
        ("grid_change.unknown", 4),
    ]


@pytest.mark.parametrize(
    ("code", "name", "content"),
    [
        ("unreadable", "x.json", b"{"),
        ("unreadable", "x.toml", b"= 5"),
        ("unreadable", "x.json", b"\xff"),
        ("unreadable", "x.json", b"[" * 100_000),
        ("unreadable", "x.toml", b"a = " + b"[" * 100_000),
        ("no_list", "x.json", b"[]"),
        ("no_list", "x.json", b'{"changes":[]}'),
        ("no_list", "x.json", b'{"changes":{}}'),
    ],
)
def test_a_file_without_changes_is_refused(code: str, name: str, content: bytes) -> None:
    changes, findings = read_changes(name, content)
    assert (changes, [finding.code for finding in findings]) == ([], [f"grid_change.{code}"])


def test_files_and_changes_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_changes, "CHANGES_MAX", 1)
    assert [f.code for f in read_changes("x.toml", TOML.encode())[1]] == ["grid_change.no_list"]
    monkeypatch.setattr(grid_changes, "FILE_BYTES_MAX", 10)
    assert [f.code for f in read_changes("x.toml", TOML.encode())[1]] == ["grid_change.too_large"]


def test_first_areas_may_be_given_to_grids_that_had_none() -> None:
    bare = tuple(grid for grid in small_city() if grid.level < 3)
    changed = apply_changes(bare, (), [Redraw(areas={"9101": square(0, 0), "9102": square(5, 5)})], 1_000)
    assert changed.findings == ()
    none = apply_changes(bare, (), [Redraw(areas={"9101": ()})], 1_000)
    assert [finding.code for finding in none.findings] == ["grid_change.area_not_covered"]


def test_the_sample_in_the_documents_reads() -> None:
    text = (Path(__file__).parents[2] / "docs" / "grid.md").read_text(encoding="utf-8")
    sample = text.partition("```toml\n")[2].partition("```")[0]
    changes, findings = read_changes("sample.toml", sample.encode())
    assert findings == []
    assert [type(change) for change in changes] == [Split, Rename]


def test_a_time_may_be_written_as_toml_has_it_but_not_without_an_offset() -> None:
    form = '[[changes]]\nchange = "rename"\ncode = "91"\nzh = "x"\nat = {}\n'
    changes, findings = read_changes("x.toml", form.format("2027-01-01T00:00:00+08:00").encode())
    assert findings == []
    assert changes == [Rename(at="2027-01-01T00:00:00+08:00", code="91", zh="x")]
    local, _ = read_changes("x.toml", form.format("2027-01-01T00:00:00").encode())
    assert [f.code for f in apply_changes(small_city(), (), local, 1_000).findings] == ["grid_change.time_without_zone"]
