"""What one case adds to each formula on each day: the figures of whole days, summed in advance.

Owns the split of a formula into days. Every formula of the domain document §6 is additive by days: each counts a case
by instants of its own (the handling deadline, a stage's deadline, the report, the rating), never by how things stood
when the period ended, so what it counts over some days is the sum of what it counts on each of them.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.figures.facts import CaseFacts
from domain.figures.figure import Period
from domain.figures.formulas import FORMULAS, NOTHING, By, Counted, of_run

Contributions = dict[tuple[str, str, str], Counted]
"""(grid, local day YYYY-MM-DD, name of the formula) → what is added to its numerator and its denominator."""

_EVER = Period(-(2**63), 2**63)
_AT_ONE_INSTANT = {by: [formula for formula in FORMULAS.values() if formula.by is by] for by in By}
_OF_STAGES = {formula.stage: formula.name for formula in FORMULAS.values() if formula.by is By.STAGE}


def contributions(facts: CaseFacts | None, day_of: Callable[[int], str]) -> Contributions:
    """What the case adds where it lies, and on which day; what adds nothing is left out.

    `day_of` gives the local day of an instant (ms).
    """
    if facts is None:
        return {}
    found: Contributions = {}
    instants = ((By.DEADLINE, facts.deadline_ms), (By.REPORT, facts.opened_ms), (By.RATING, facts.rated_ms))
    for by, at_ms in instants:
        if at_ms is not None:
            day = day_of(at_ms)
            for formula in _AT_ONE_INSTANT[by]:
                _add(found, (facts.grid, day, formula.name), formula.counts(facts, _EVER))
    for stage in facts.stages:
        name = _OF_STAGES.get(stage.kind)
        if name is not None and stage.deadline_ms is not None:
            _add(found, (facts.grid, day_of(stage.deadline_ms), name), of_run(facts, stage))
    return found


def changed(before: CaseFacts | None, after: CaseFacts | None, day_of: Callable[[int], str]) -> Contributions:
    """What the sums change by when a case goes from these facts to those; its past moves along with it."""
    found = contributions(after, day_of)
    for key, counted in contributions(before, day_of).items():
        _add(found, key, counted, -1)
    return {key: counted for key, counted in found.items() if counted != NOTHING}


def _add(sums: Contributions, key: tuple[str, str, str], counted: Counted, sign: int = 1) -> None:
    if counted == NOTHING:
        return
    above, below = sums.get(key, NOTHING)
    sums[key] = (above + sign * counted[0], below + sign * counted[1])
