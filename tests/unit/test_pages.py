"""Marks of pages: what we made is read back, anything else is refused by name and reaches no database."""

from __future__ import annotations

import pytest

from api.pages import Mark, read_mark, write_mark
from api.problems import Problem

BEGIN: Mark = (-1, "", 0)


def test_a_mark_is_read_as_it_was_written() -> None:
    mark = (1_539_572_400_000, "case-1", 3)
    assert read_mark(write_mark(mark), BEGIN) == mark
    assert read_mark("", BEGIN) == BEGIN


@pytest.mark.parametrize("text", ["x", "1.2", "9999999999999999999.0.x", "1.9999999999.x", "1.1.\x00", "١.1.x", "1.1."])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Problem) as refused:
        read_mark(text, BEGIN)
    assert refused.value.code == "bad_mark"
