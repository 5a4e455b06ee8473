"""Checks a routing before it is adopted: every fault and every warning, none hiding another.

Owns what a routing may say about the classes, units and grids beside it. Conflicts are warnings: a city may leave a
question open, and its cases then go to the docket of unclear ownership.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from domain.finding import Finding
from domain.grid.values import Grid
from domain.instant import written
from domain.routing import values
from domain.routing.conflict import conflicts, disagreements
from domain.routing.coverage import never_met
from domain.routing.serving import Serving
from domain.routing.values import LEVELS, PART, Adjudication, Routing, Rule
from domain.standard.values import CaseClass
from domain.unit import Unit


def check_routing(
    routing: Routing, classes: Sequence[CaseClass], units: Iterable[Unit], grids: Iterable[Grid]
) -> list[Finding]:
    """All findings, none for a routing without fault. Rows count the rules from 1, and the adjudications from 1.

    `grids` are all that the routing may name: the tree's whole past, where places have been renumbered.
    """
    units, places = list(units), [grid.code for grid in grids]
    over = list(_over_limit(routing))
    if over:
        return over
    serving, known = Serving(units), _Known(classes, places)
    found = list(_doubled(routing))
    for row, rule in enumerate(routing.rules, start=1):
        found += _rule(rule, row, known, serving)
    for row, adjudication in enumerate(routing.adjudications, start=1):
        found += _adjudication(adjudication, row, known, serving)
    found += never_met(routing, classes, serving)
    return [*found, *disagreements(routing), *conflicts(routing, classes, serving, places)]


class _Known:
    """What the standard and the tree have: beginnings of class codes, and places."""

    def __init__(self, classes: Iterable[CaseClass], places: Iterable[str]) -> None:
        self._starts = {case_class.code[:n] for case_class in classes for n in range(1, len(case_class.code) + 1)}
        self._places = set(places)

    def unknown(self, classes: Iterable[str], places: Iterable[str]) -> Iterator[tuple[str, str]]:
        """(column, code) of each that is not there."""
        yield from (("classes", code) for code in classes if code not in self._starts)
        yield from (("places", code) for code in places if code not in self._places)


def _over_limit(routing: Routing) -> Iterator[Finding]:
    """What is too large to be looked at any closer."""
    for column, count, most in (
        ("rules", len(routing.rules), values.RULES_MAX),
        ("adjudications", len(routing.adjudications), values.ADJUDICATIONS_MAX),
    ):
        if count > most:
            yield Finding(
                "routing.too_many",
                PART,
                f"“{column}”有{count}条,最多{most}条。",
                f"There are {count} {column}; at most {most} are allowed.",
                found=str(count),
                allowed=str(most),
                column=column,
            )
    for row, rule in enumerate(routing.rules, start=1):
        for column, count in (("classes", len(rule.classes)), ("places", len(rule.places))):
            if count > values.PREFIXES_PER_RULE_MAX:
                most = values.PREFIXES_PER_RULE_MAX
                yield Finding(
                    "routing.too_many",
                    PART,
                    f"规则{rule.code}的“{column}”有{count}项,最多{most}项。",
                    f"Rule {rule.code} names {count} {column}; at most {most} are allowed.",
                    found=str(count),
                    allowed=str(most),
                    key=rule.code,
                    row=row,
                    column=column,
                )
        yield from _long_texts(rule.code, row, basis_zh=rule.basis_zh, basis_en=rule.basis_en)
    for row, adjudication in enumerate(routing.adjudications, start=1):
        yield from _long_texts(adjudication.code, row, reasons=adjudication.reasons)


def _long_texts(key: str, row: int, **texts: str) -> Iterator[Finding]:
    most = values.TEXT_CHARS_MAX
    for column, text in texts.items():
        if len(text) > most:
            yield Finding(
                "routing.text_too_long",
                PART,
                f"{key}的“{column}”有{len(text)}个字,最多{most}个字。",
                f"The {column} of {key} has {len(text)} characters; at most {most} are allowed.",
                found=str(len(text)),
                allowed=str(most),
                key=key,
                row=row,
                column=column,
            )


def _doubled(routing: Routing) -> Iterator[Finding]:
    codes = Counter([r.code for r in routing.rules] + [a.code for a in routing.adjudications])
    for code, count in codes.items():
        if count > 1:
            yield Finding(
                "routing.code_doubled",
                PART,
                f"编码{code}出现了{count}次,规则和裁决的编码只能出现一次。",
                f"The code {code} stands {count} times; a rule or adjudication has a code of its own.",
                found=str(count),
                allowed="1",
                key=code,
                column="code",
            )


def _rule(rule: Rule, row: int, known: _Known, serving: Serving) -> list[Finding]:
    found = _unknown(rule.code, row, known.unknown(rule.classes, rule.places), rule.unit, serving)
    for level in rule.levels:
        if level not in LEVELS:
            found.append(
                Finding(
                    "routing.level_unknown",
                    PART,
                    f"规则{rule.code}写了第{level}级,只有0(市)到3(三级网格)。",
                    f"Rule {rule.code} names level {level}; there are 0 (city) to 3 (level-3 grid).",
                    found=str(level),
                    allowed="0, 1, 2, 3",
                    key=rule.code,
                    row=row,
                    column="levels",
                )
            )
    return [*found, *_ends_early(rule.code, row, rule.since_ms, rule.until_ms)]


def _adjudication(adjudication: Adjudication, row: int, known: _Known, serving: Serving) -> list[Finding]:
    code = adjudication.code
    unknown = known.unknown([adjudication.case_class], [adjudication.place])
    found = _unknown(code, row, unknown, adjudication.unit, serving)
    found += _ends_early(code, row, adjudication.since_ms, adjudication.until_ms)
    for column, text, zh, en in (
        ("reasons", adjudication.reasons, "理由", "reasons"),
        ("decided_by", adjudication.decided_by, "裁决人", "person who decided"),
        ("case_id", adjudication.case_id, "来源案件", "case that it came from"),
    ):
        if not text.strip():
            found.append(
                Finding(
                    f"routing.{column}_missing",
                    PART,
                    f"裁决{code}没有写明{zh},裁决必须写明。",
                    f"Adjudication {code} does not state the {en}; an adjudication has to.",
                    key=code,
                    row=row,
                    column=column,
                )
            )
    return found


def _unknown(key: str, row: int, missing: Iterable[tuple[str, str]], unit: str, serving: Serving) -> list[Finding]:
    found: list[Finding] = []
    for column, code in missing:
        one, zh, en = ("class", "案件类别", "class") if column == "classes" else ("place", "网格", "grid")
        found.append(
            Finding(
                f"routing.{one}_unknown",
                PART,
                f"{key}写的{zh}{code}不存在。",
                f"{key} names the {en} {code}, which does not exist.",
                found=code,
                key=key,
                row=row,
                column=column,
            )
        )
    if not serving.knows(unit):
        found.append(
            Finding(
                "routing.unit_unknown",
                PART,
                f"{key}写的单位{unit}不存在;可写单位编码、“owner”(主管部门)或“territory”(属地)。",
                f"{key} names the unit {unit}, which does not exist; a unit's code, owner or territory is allowed.",
                found=unit,
                allowed="unit, owner, territory",
                key=key,
                row=row,
                column="unit",
            )
        )
    return found


def _ends_early(key: str, row: int, since_ms: int | None, until_ms: int | None) -> list[Finding]:
    if since_ms is None or until_ms is None or since_ms < until_ms:
        return []
    return [
        Finding(
            "routing.ends_before_it_begins",
            PART,
            f"{key}在{written(until_ms)}结束,却从{written(since_ms)}开始;结束要晚于开始。",
            f"{key} ends at {written(until_ms)} but begins at {written(since_ms)}; the end has to be later.",
            found=written(until_ms),
            allowed=f"> {written(since_ms)}",
            key=key,
            row=row,
            column="until_ms",
        )
    ]
