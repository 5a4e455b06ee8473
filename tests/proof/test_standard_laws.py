"""Laws of the standard: the form loses nothing that its base has, and the diff is empty only where nothing changed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.finding import faults
from domain.standard.check import check_standard
from domain.standard.diff import diff
from domain.standard.impact import OpenCase, impact
from domain.standard.values import Standard
from reference.standard_workbook import export_workbook, import_workbook
from tests.support.standards import UNITS, standards

FORMS = 60
"""Workbooks written and read again by each law of the form."""


def through_the_form(standard: Standard, base: Standard) -> Standard:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standard.xlsx"
        export_workbook(standard, UNITS, path)
        found, findings = import_workbook(path, base, UNITS)
        assert found is not None, findings
        return found


@settings(deadline=None)
@given(standards())
def test_generated_standards_are_sound(standard: Standard) -> None:
    assert faults(check_standard(standard, UNITS)) == []


@settings(deadline=None, max_examples=FORMS)
@given(standards())
def test_exported_and_imported_again_it_is_the_same(standard: Standard) -> None:
    assert through_the_form(standard, standard) == standard


@settings(deadline=None, max_examples=FORMS)
@given(standards(), st.data())
def test_a_limit_changed_in_the_form_is_the_only_change(standard: Standard, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(standard.classes) - 1))
    case_class = standard.classes[place]
    condition = case_class.conditions[0]
    edited = replace(condition, limit="77WD", urgent=condition.urgent if condition.limit == "77WD" else False)
    classes = list(standard.classes)
    classes[place] = replace(case_class, conditions=(edited, *case_class.conditions[1:]))
    wanted = replace(standard, classes=tuple(classes))
    assert through_the_form(wanted, standard) == wanted


@settings(deadline=None)
@given(standards(), standards())
def test_the_diff_the_other_way_round_is_the_same_with_old_and_new_exchanged(a: Standard, b: Standard) -> None:
    there = [(c.key, c.field, c.old, c.new) for c in diff(a, b)]
    back = [(c.key, c.field, c.new, c.old) for c in diff(b, a)]
    assert there == back
    assert diff(a, a) == []


@settings(deadline=None)
@given(standards(), standards())
def test_the_impact_counts_exactly_the_cases_that_it_names(old: Standard, new: Standard) -> None:
    cases = [
        OpenCase(f"{c.code}/{k.code}", "", c.code, k.code, k.limit, "g") for c in old.classes for k in c.conditions
    ]
    found = impact(old, new, cases)
    effects = sum(len(touched.effects) for touched in found.touched)
    assert effects == sum(sum(counts.values()) for counts in found.by_class.values())
    assert effects == sum(sum(counts.values()) for counts in found.by_unit.values())
    changed = {change.key for change in diff(old, new)}
    for touched in found.touched:
        assert {touched.case.id, touched.case.case_class} & changed
