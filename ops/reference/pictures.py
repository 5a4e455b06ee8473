"""Pictures of a version: each part as a person would draw it on a page.

Owns what is left out of a picture (areas, cells by name, villages' posts one by one); `show --json` leaves nothing out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from domain.admission.standing import standing, terms
from domain.grid.tree import GridTree
from domain.grid.values import CELL_LEVEL, Kind
from domain.instant import written
from domain.routing.values import in_force
from domain.standard.values import TERRITORY, CaseClass, Condition
from ops.reference.library import zone_of
from ops.reference.tables import sheet
from reference.contents import PARTS, Contents

SIMPLE, URGENT = "简 simple", "急 urgent"


def overview(version: str, contents: Contents, at_ms: int) -> Any:
    """The parts with their sizes."""
    tree = GridTree(contents.grids)
    standard, routing, calendar = contents.standard, contents.routing, contents.calendar
    rulings = len(routing.adjudications)
    conditions = sum(len(case_class.conditions) for case_class in standard.classes)
    levels = Counter(grid.level for grid in tree.valid(at_ms))
    places = " · ".join(str(levels[level]) for level in sorted(levels))
    rows = {
        "calendar": f"{calendar.version}, {calendar.zone}, {len(calendar.holidays)} 假日 holidays",
        "standard": f"{standard.version}, {len(standard.classes)} 小类 classes, {conditions} 条件 conditions",
        "grids": f"{places} 网格 grids by level, {len(contents.grids)} 行 rows",
        "units": f"{len(contents.units)} 单位 units",
        "routing": f"{routing.version}, {len(routing.rules)} 规则 rules, {rulings} 裁决 adjudications",
        "admission": f"{contents.admission.version}, {len(contents.admission.items)} 事项 items",
        "posts": f"{len(contents.posts)} 岗位 posts",
    }
    table = sheet("部分 part", "内容 contents")
    for part in PARTS:
        table.add_row(part, rows[part])
    return Group(Text(f"版本 version {version}"), table)


def _calendar(contents: Contents, at_ms: int) -> Any:
    del at_ms
    file = contents.calendar
    table = sheet("日 day", "时段 sessions", title=f"{file.version}, {file.zone}, {file.workday_minutes} 分 min a day")
    for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"):
        table.add_row(day, _sessions(file.week.get(day, ())))
    for season in file.seasons:
        table.add_row(f"{season.from_day} – {season.to_day}", _sessions(season.week.get("mon", ())) + " (mon)")
    years = Counter(day[:4] for day in file.holidays)
    for year in sorted({*years, *map(str, file.published or ())}):
        made_up = sum(day.startswith(year) for day in file.workdays)
        table.add_row(year, f"{years[year]} 假日 holidays, {made_up} 调休 make-up days")
    return table


def _sessions(sessions: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{start}–{end}" for start, end in sessions) or "–"


def _standard(contents: Contents, at_ms: int) -> Any:
    del at_ms
    standard = contents.standard
    units = {unit.code: unit.zh for unit in contents.units} | {TERRITORY: "属地 territory"}
    left = list(standard.classes)
    tables: list[Any] = [Text(f"{standard.version}: {len(left)} 小类 classes")]
    for major in standard.majors:
        classes = [case_class for case_class in left if case_class.code.startswith(major.code)]
        left = [case_class for case_class in left if case_class not in classes]
        tables.append(_classes(f"{major.code} {major.zh} {major.en}", classes, units))
    return Group(*tables, *([_classes("", left, units)] if left else []))


def _classes(title: str, classes: Iterable[CaseClass], units: dict[str, str]) -> Table:
    headings = ("小类 class", "", "条件 condition", "时限 limit", "处置单位 unit", "")
    table = sheet("编码 code", *headings, title=title)
    for case_class in classes:
        name = f"{case_class.zh} {case_class.en}"
        for number, condition in enumerate(case_class.conditions):
            first = (case_class.code, name) if number == 0 else ("", "")
            responsible = case_class.responsible_for(condition)
            unit = units.get(responsible, responsible)
            what = f"{condition.zh} {condition.en}"
            table.add_row(*first, condition.code, what, condition.limit or "–", unit, _marks(condition))
    return table


def _marks(condition: Condition) -> str:
    marks = [URGENT] * condition.urgent + [SIMPLE] * condition.simple
    return " ".join([*marks, *(f"{stage.zh} {stage.limit}" for stage in condition.stages)])


def _grids(contents: Contents, at_ms: int) -> Any:
    tree = GridTree(contents.grids)
    city = next(iter(tree.valid(at_ms, 0)), None)
    picture = Tree(f"{city.code} {city.zh} {city.en}" if city else "–")
    for town in tree.valid(at_ms, 1):
        villages = tree.children(town.code, at_ms)
        below = tree.under(town.code, at_ms)
        cells = sum(grid.level == CELL_LEVEL for grid in below)
        urban = sum(village.kind is Kind.URBAN for village in villages)
        picture.add(
            f"{town.code} {town.zh} {town.en}: {len(villages)} 村居 villages ({urban} 城区 urban), {cells} 网格 cells"
        )
    ended = sum(grid.until_ms is not None and grid.until_ms <= at_ms for grid in contents.grids)
    ahead = sum(grid.since_ms is not None and grid.since_ms > at_ms for grid in contents.grids)
    return Group(picture, Text(f"{written(at_ms, zone_of(contents))}: {ended} 已终止 ended, {ahead} 将设立 to begin"))


def _units(contents: Contents, at_ms: int) -> Any:
    del at_ms
    table = sheet("编码 code", "名称 name", "", "范围 scope", "类别 kind")
    for unit in contents.units:
        table.add_row(unit.code, unit.zh, unit.en, unit.scope, unit.kind)
    return table


def _routing(contents: Contents, at_ms: int) -> Any:
    routing, zone = contents.routing, zone_of(contents)
    rules = sheet("规则 rule", "类 classes", "地 places", "级 levels", "归 unit", "依据 basis", title=routing.version)
    for rule in routing.rules:
        ended = "" if in_force(rule.since_ms, rule.until_ms, at_ms) else " (不在期 not in force)"
        levels = ", ".join(map(str, rule.levels)) or "*"
        named = ", ".join(rule.classes) or "*", ", ".join(rule.places) or "*"
        rules.add_row(rule.code + ended, *named, levels, rule.unit, f"{rule.basis_zh}\n{rule.basis_en}".strip())
    rulings = sheet("裁决 adjudication", "类 class", "地 place", "归 unit", "自 since", "人 by", "理由 reasons")
    for each in routing.adjudications:
        since = written(each.since_ms, zone)
        rulings.add_row(each.code, each.case_class, each.place, each.unit, since, each.decided_by, each.reasons)
    return Group(rules, rulings) if routing.adjudications else rules


def _admission(contents: Contents, at_ms: int) -> Any:
    listed, zone = contents.admission, zone_of(contents)
    kept = "启用 kept" if listed.kept else "未启用 not kept: nothing is flagged"
    table = sheet(
        "事项 item", "名称 name", "类 classes", "环节 stage", "准入期限 term", title=f"{listed.version} {kept}"
    )
    for item in listed.items:
        now = standing(item.steps)
        matter = now.matter or now.proposed
        last = next((term for term in reversed(terms(item))), None)
        term = ""
        if last is not None:
            until = "–" if last.until_ms is None else written(last.until_ms, zone)
            term = f"{'● ' if last.covers(at_ms) else ''}{written(last.since_ms, zone)} → {until}"
        name, classes = (matter.zh, ", ".join(matter.classes)) if matter else ("–", "–")
        table.add_row(item.code, name, classes, str(now.stage), term)
    return table


def _posts(contents: Contents, at_ms: int) -> Any:
    held = Counter((post.role, post.level) for post in contents.posts if post.held(at_ms))
    table = sheet("岗位 role", "级 level", "人 held by", title=f"{len(contents.posts)} 岗位 posts through all of time")
    for (role, level), count in sorted(held.items()):
        table.add_row(role, str(level), str(count))
    return table


PICTURES: dict[str, Callable[[Contents, int], Any]] = {
    "calendar": _calendar,
    "standard": _standard,
    "grids": _grids,
    "units": _units,
    "routing": _routing,
    "admission": _admission,
    "posts": _posts,
}
