"""How a form names units: by Chinese name where that is unambiguous, by code else, 属地 for the township's own team."""

from __future__ import annotations

from collections.abc import Iterable

from domain.standard.text import narrow, unseen
from domain.standard.values import TERRITORY
from domain.unit import Unit

TERRITORY_ZH = "属地"


class UnitNames:
    """Names and codes of the units of one city. Full-width and narrow brackets in a name are the same to it."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._codes: set[str] = set()
        self._by_name: dict[str, list[str]] = {}
        for unit in units:
            self._codes.add(unit.code)
            self._by_name.setdefault(narrow(unit.zh), []).append(unit.code)

    def meant(self, written: str) -> list[str]:
        """The codes that could be meant: exactly one if it is clear. TERRITORY for 属地."""
        if written in (TERRITORY, TERRITORY_ZH):
            return [TERRITORY]
        if written in self._codes:
            return [written]
        return self._by_name.get(narrow(written), [])

    def written(self, code: str, name: str | None) -> str:
        """How to write the unit so that it is read as the same again."""
        if code == TERRITORY:
            return TERRITORY_ZH
        if name is None or name != name.strip() or unseen(name):
            return code
        return name if self.meant(name) == [code] else code
