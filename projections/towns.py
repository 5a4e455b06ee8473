"""The townships of one partition of the log by code: in which one lies a grid, and in which one was a case placed?

Owns the answer as a fold of that partition alone: which townships there are comes with its adoptions (`adopted.v1`),
and a case keeps the township that its grid meant when it was placed there, whatever is adopted later. Must never know
what another partition has met: how they follow each other is chance.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from projections.steps import ELSEWHERE, Step


class Towns:
    """Township codes in the order in which the partition met them, and the townships of its open cases.

    They only grow: a township that was merged or split away keeps what was counted in its time. `before` are those of
    a log that has met no adoption yet.
    """

    def __init__(self, before: Iterable[str] = ()) -> None:
        self._codes: dict[str, None] = {}
        self._adopted = False
        self._homes: dict[str, str] = {}
        self._know(before)

    def adopt(self, codes: Iterable[str]) -> None:
        """An adoption was met: from here on these are known, too."""
        if not self._adopted:
            self._codes, self._adopted = {}, True
        self._know(codes)

    def put(self, case_id: str, town: str) -> None:
        """An open case was placed in that township, as the rows say."""
        self._homes[case_id] = town

    def of(self, grid: str) -> str:
        """The township whose code the grid's begins with, the longest if several do; ELSEWHERE if none does."""
        return next((grid[:length] for length in self._lengths if grid[:length] in self._codes), ELSEWHERE)

    def place(self, step: Step) -> Step:
        """The next step of the partition with the townships of its case, before it and after it."""
        case, before = step.after.case, step.before.case
        if case is None or not step.changed:
            return step
        left = self._homes.get(step.after.id) or (self.of(before.place.grid) if before else ELSEWHERE)
        stays = before is not None and before.place.grid == case.place.grid
        town = left if stays else self.of(case.place.grid)
        if case.open:
            self._homes[step.after.id] = town
        else:
            self._homes.pop(step.after.id, None)
        return replace(step, town_before=left, town=town)

    def _know(self, codes: Iterable[str]) -> None:
        self._codes |= dict.fromkeys(codes)
        self._lengths = tuple(sorted({len(code) for code in self._codes}, reverse=True))
