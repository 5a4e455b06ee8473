"""Asks an admission list: is a class admitted now, what is to be flagged, which terms end soon.

Owns the lookup, made ready once. A class that no list speaks of is flagged where a list is kept, and never refused.
"""

from __future__ import annotations

import msgspec

from domain.admission.standing import Term, terms
from domain.admission.values import AdmissionList

DAY_MS = 86_400_000
EXPIRING_SHOWN_MAX = 500


class Expiring(msgspec.Struct, frozen=True, gc=False):
    """A term that ends without another one of the item that begins there."""

    item: str
    zh: str
    en: str
    until_ms: int


class Admissions:
    """A list made ready for asking. Immutable; an answer costs about a µs."""

    __slots__ = ("_by_class", "_lengths", "_terms", "kept")

    def __init__(self, listed: AdmissionList) -> None:
        self.kept = listed.kept
        self._terms = [terms(item) for item in listed.items]
        self._by_class: dict[str, list[Term]] = {}
        for term in sorted((t for found in self._terms for t in found), key=lambda t: (t.item, t.since_ms)):
            for start in dict.fromkeys(term.matter.classes):
                self._by_class.setdefault(start, []).append(term)
        self._lengths = tuple(sorted({len(start) for start in self._by_class}, reverse=True))

    def admitted(self, class_code: str, at_ms: int) -> Term | None:
        """The term under which a class is admitted at that instant: of several the longest beginning, then by code."""
        for length in self._lengths:
            for term in self._by_class.get(class_code[:length], ()):
                if term.covers(at_ms) and len(class_code) >= length:
                    return term
        return None

    def flagged(self, class_code: str, at_ms: int) -> bool:
        """Whether intake flags a report of that class: the city keeps a list, and the class is not admitted."""
        return self.kept and self.admitted(class_code, at_ms) is None

    def expiring(self, at_ms: int, days: int) -> list[Expiring]:
        """Items whose admission ends within so many days of 24 hours, soonest first, at most EXPIRING_SHOWN_MAX."""
        found: list[Expiring] = []
        for of_item in self._terms:
            begins = {term.since_ms for term in of_item}
            for term in of_item:
                until_ms = term.until_ms
                if until_ms is None or not term.covers(at_ms) or until_ms in begins:
                    continue
                if until_ms <= at_ms + days * DAY_MS:
                    found.append(Expiring(term.item, term.matter.zh, term.matter.en, until_ms))
        return sorted(found, key=lambda e: (e.until_ms, e.item))[:EXPIRING_SHOWN_MAX]


def admitted(listed: AdmissionList, class_code: str, at_ms: int) -> Term | None:
    """One question of a list that is asked only once; an `Admissions` for more than one."""
    return Admissions(listed).admitted(class_code, at_ms)
