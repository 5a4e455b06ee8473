"""The rulebook: what a decision must know of the city besides the case: classes and limits, grids, units, routing.

Owns the lookups by code. A rulebook is immutable; its `version` is the SHA-256 of the manifest that names its
contents, so equal versions mean equal rules.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.admission.admissions import Admissions
from domain.admission.values import AdmissionList
from domain.grid.posts import Post, Posts
from domain.grid.tree import GridTree
from domain.grid.values import Grid
from domain.routing.route import Router
from domain.routing.values import Routing
from domain.standard.values import CaseClass, Standard
from domain.unit import Unit


class Rulebook:
    """All that was adopted together under one version, made ready for asking."""

    __slots__ = ("_classes", "_towns", "_units", "admissions", "posts", "router", "standard", "tree", "version")

    def __init__(
        self,
        version: str,
        standard: Standard,
        grids: Iterable[Grid],
        units: Iterable[Unit],
        routing: Routing,
        admission: AdmissionList,
        posts: Iterable[Post],
    ) -> None:
        self.version = version
        self.standard = standard
        self._classes = {case_class.code: case_class for case_class in standard.classes}
        self.tree = GridTree(grids)
        self._units = {unit.code: unit for unit in units}
        self.router = Router(routing, self._units.values())
        self.admissions = Admissions(admission)
        self.posts = Posts(posts)
        self._towns = tuple(dict.fromkeys(grid.code for grid in self.tree.grids if grid.level == 1))

    def find_class(self, code: str) -> CaseClass | None:
        """The class with that code, or None."""
        return self._classes.get(code)

    def grid(self, code: str) -> Grid | None:
        """The newest grid with that code, at whichever level, ended or not, or None; `tree` answers about a time."""
        return self.tree.find(code)

    def unit(self, code: str) -> Unit | None:
        """The unit with that code, or None."""
        return self._units.get(code)

    @property
    def towns(self) -> tuple[str, ...]:
        """The codes of the townships there are or ever were, in the tree's order."""
        return self._towns

    @property
    def grids(self) -> Iterable[Grid]:
        """All grids through all of time, in the order of the tree's file."""
        return self.tree.grids

    @property
    def units(self) -> Iterable[Unit]:
        """All units, in the order of their file."""
        return self._units.values()
