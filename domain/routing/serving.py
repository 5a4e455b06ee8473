"""Who serves a place: the owner 主管部门 of a class there, and the territory 属地, the team of the place.

Owns what the words "owner" and "territory" mean at a place. A unit serves the places whose code begins with its scope.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.routing.values import OWNER, TERRITORY
from domain.unit import Unit

TEAM_KIND = "team"
NOBODY: tuple[str, ...] = ()


class Serving:
    """The units, looked up by code and, the teams, by the place that they serve."""

    __slots__ = ("_scopes", "_team_lengths", "_teams")

    def __init__(self, units: Iterable[Unit]) -> None:
        self._scopes: dict[str, str] = {}
        teams: dict[str, list[str]] = {}
        for unit in units:
            self._scopes[unit.code] = unit.scope
            if unit.kind == TEAM_KIND:
                teams.setdefault(unit.scope, []).append(unit.code)
        self._teams = {scope: tuple(sorted(codes)) for scope, codes in teams.items()}
        self._team_lengths = tuple(sorted({len(scope) for scope in teams}, reverse=True))

    def owner(self, responsible: str, grid: str) -> tuple[str, ...]:
        """The department that the standard makes responsible, where its scope covers the place."""
        scope = self._scopes.get(responsible)
        return (responsible,) if scope is not None and grid.startswith(scope) else NOBODY

    def territory(self, grid: str) -> tuple[str, ...]:
        """The team with the longest scope that covers the place; several where teams share that scope."""
        for length in self._team_lengths:
            teams = self._teams.get(grid[:length])
            if teams is not None:
                return teams
        return NOBODY

    def meant(self, unit: str, responsible: str, grid: str) -> tuple[str, ...]:
        """Whom a rule's `unit` means there, given whom the standard names; nobody for a code that no unit has."""
        if unit == OWNER:
            return self.owner(responsible, grid)
        if unit == TERRITORY:
            return self.territory(grid)
        return (unit,) if unit in self._scopes else NOBODY

    def knows(self, unit: str) -> bool:
        """Whether a rule may name this: a unit's code, "owner" or "territory"."""
        return unit in (OWNER, TERRITORY) or self.has(unit)

    def has(self, unit: str) -> bool:
        """Whether that is the code of a unit."""
        return unit in self._scopes

    def reaches(self, unit: str, place: str) -> bool:
        """Whether that unit serves any part of a place, or the place lies in what it serves."""
        scope = self._scopes[unit]
        return place.startswith(scope) or scope.startswith(place)
