"""Packed case files: what is put in comes out, but for what only a decider asks for where that is not wanted."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from eventlog.casefile import CaseFile, absorb
from eventlog.packed import PackedFiles
from eventlog.record import DecisionRecord, decode
from ops.bench.domain import stories


def test_a_file_of_every_course_comes_out_as_it_was_put_in_at_each_of_its_records() -> None:
    packed, whole, seen = PackedFiles(), PackedFiles(with_seen=True), 0
    for story in stories():
        file: CaseFile | None = None
        for value in story.values:
            record = decode(value)
            assert isinstance(record, DecisionRecord)
            file = absorb(file or CaseFile(record.case), record, value)
            packed[record.case] = whole[record.case] = file
            assert whole[record.case] == file
            assert packed[record.case] == replace(file, seen={})
            seen += len(file.seen)
    assert seen, "what is left out was there"


def test_it_is_a_mapping_that_says_what_it_does_not_hold() -> None:
    packed = PackedFiles()
    packed["a"], packed["b"] = CaseFile("a"), CaseFile("b")
    assert ("a" in packed, "c" in packed, list(packed), len(packed)) == (True, False, ["a", "b"], 2)
    del packed["a"]
    assert dict(packed) == {"b": CaseFile("b")}
    with pytest.raises(KeyError):
        packed["a"]
