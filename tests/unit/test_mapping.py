"""Rows of a dirty file: the good ones become past cases, the bad ones are listed with row, column and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.case.actions import ImportCase
from ops.importing import read_rows
from reference.mapping import BadRow, load_mapping, profile_of, read_row
from runtime.faults import Fault

BAD = Path(__file__).parent.parent / "support" / "bad_rows.csv"


def test_bad_rows_are_listed_and_good_ones_go_in() -> None:
    city = load_mapping("boston")
    found = [read_row(city, line, row, None) for line, row in enumerate(read_rows(BAD, city), start=2)]
    listed = [(bad.row, bad.column, bad.code) for bad in found if isinstance(bad, BadRow)]
    assert listed == [
        (3, "CASE_ENQUIRY_ID", "row.no_number"),
        (4, "OPEN_DT", "row.bad_time"),
        (5, "CLOSED_DT", "row.ends_before_start"),
        (6, "LONGITUDE", "row.bad_point"),
        (7, "OPEN_DT", "row.no_time"),
        (8, "TYPE", "row.no_class"),
    ]
    good = [case for case in found if isinstance(case, ImportCase)]
    assert [case.source.number for case in good] == ["1", "8", "9"]
    assert {case.report.place.grid for case in good} == {"US-MA-BOS-09"}
    assert good[0].report.place.lon is None, "the placeholder point stands for no place"


def test_the_profile_of_a_file_has_each_ward_once() -> None:
    city = load_mapping("boston")
    profile = profile_of(city, read_rows(BAD, city))
    assert profile.towns == ["US-MA-BOS-09"]


def test_a_mapping_that_names_a_missing_column_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(Fault) as refused:
        read_rows(file, load_mapping("boston"))
    assert refused.value.code == "mapping.no_column"
    assert "OPEN_DT" in refused.value.zh
