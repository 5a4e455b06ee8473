"""A published number: what was counted, over which cases, of which period and scope, at which place of the log.

Owns how a number is shown. A rate of nothing is no figure, neither 0 nor 100 %, and what is shown is cut off, never
rounded across a target: 94.96 % is shown as 94.9 (domain document §6).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec
from msgspec.structs import replace


class Period(msgspec.Struct, frozen=True, gc=False):
    """Half open: [from_ms, to_ms), ms."""

    from_ms: int
    to_ms: int

    def holds(self, at_ms: int | None) -> bool:
        """True if the instant lies in the period; None lies in none."""
        return at_ms is not None and self.from_ms <= at_ms < self.to_ms


class Figure(msgspec.Struct, frozen=True, gc=False):
    """One number with all that it stands on. `scope` is a prefix of grid codes, `position` a place of the log.

    `numerator_cases` and `denominator_cases` are the cases behind the two counts, each once, in the order in which they
    were met. Of stage clocks and of ratings the counts are larger than the number of their cases.
    """

    name: str
    version: int
    scope: str
    period: Period
    position: str
    numerator: int = 0
    denominator: int = 0
    numerator_cases: tuple[str, ...] = ()
    denominator_cases: tuple[str, ...] = ()

    @property
    def value(self) -> Fraction | None:
        """Numerator over denominator; None where there is nothing to count: no figure."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None


def total(figures: Sequence[Figure], scope: str) -> Figure:
    """The figure of all their cases: of which no two have one in common, and which together are those of the scope.

    Raises ValueError for none at all, and for figures that differ in formula, version, period or position.
    """
    kinds = {(one.name, one.version, one.period, one.position) for one in figures}
    if len(kinds) != 1:
        raise ValueError(f"these do not add up: {sorted(kinds, key=repr)}")
    return replace(
        figures[0],
        scope=scope,
        numerator=sum(one.numerator for one in figures),
        denominator=sum(one.denominator for one in figures),
        numerator_cases=tuple(case_id for one in figures for case_id in one.numerator_cases),
        denominator_cases=tuple(case_id for one in figures for case_id in one.denominator_cases),
    )


def percent(figure: Figure, decimals: int = 1) -> str | None:
    """The value in per cent with so many decimals, cut off: "94.9" for 0.9496; None where there is no figure."""
    return mean(figure, decimals, 100)


def mean(figure: Figure, decimals: int = 2, times: int = 1) -> str | None:
    """The value itself, cut off after so many decimals: "4.66"; None where there is no figure."""
    if figure.denominator == 0:
        return None
    units = figure.numerator * times * 10**decimals // figure.denominator
    whole, rest = divmod(units, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}" if decimals else str(whole)
