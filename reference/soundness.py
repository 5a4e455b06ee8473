"""The whole check of reference contents before they are used: every part, and what parts say of each other.

Owns the list of checks. All findings come back at once; whoever adopts forbids faults and shows warnings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from domain.admission.check import check_admission
from domain.finding import Finding
from domain.grid.check import check_tree
from domain.grid.tree import GridTree
from domain.routing.check import check_routing
from domain.standard.check import check_standard
from domain.unit import Unit
from domain.worktime import check_calendar
from reference.contents import Contents


def check_contents(contents: Contents) -> list[Finding]:
    """Everything that is wrong in these contents, or that a person should know of them, part after part."""
    tree = GridTree(contents.grids)
    return [
        *check_calendar(contents.calendar),
        *check_standard(contents.standard, contents.units),
        *check_tree(tree),
        *_units(contents.units, set(tree.codes)),
        *check_routing(contents.routing, contents.standard.classes, contents.units, contents.grids),
        *check_admission(contents.admission, contents.standard.classes),
    ]


def _units(units: Iterable[Unit], grids: set[str]) -> list[Finding]:
    counted = Counter(unit.code for unit in units)
    findings = [
        Finding(
            "units.code_twice",
            "units",
            f"单位编码 {code} 出现 {times} 次,应只出现一次",
            f"unit code {code} stands {times} times, once is allowed",
            str(times),
            "1",
            code,
        )
        for code, times in counted.items()
        if times > 1
    ]
    for unit in units:
        if unit.scope and unit.scope not in grids:
            findings.append(
                Finding(
                    "units.unknown_scope",
                    "units",
                    f"单位 {unit.code} 的管辖范围“{unit.scope}”不是网格编码",
                    f"unit {unit.code}: scope '{unit.scope}' is no grid's code",
                    unit.scope,
                    "",
                    unit.code,
                )
            )
    return findings
