"""A made-up city of two towns for tests of routing: three classes, one of each kind, departments and teams."""

from __future__ import annotations

from domain.grid.values import Grid
from domain.routing.route import Answer, Router
from domain.routing.values import Adjudication, Routing, Rule
from domain.standard.values import CaseClass, ClassKind, Condition
from domain.unit import Unit

CONDITION = (Condition("01", "一般", "Ordinary"),)
COVER = CaseClass("0101", "井盖", "Manhole cover", CONDITION, "urban", ClassKind.COMPONENT)
STALL = CaseClass("0201", "无照经营", "Unlicensed stall", CONDITION, "market", ClassKind.EVENT)
WAGES = CaseClass("0301", "拖欠工资", "Unpaid wages", CONDITION, "labour", ClassKind.SOCIAL)
QUARREL = CaseClass("0302", "邻里纠纷", "Neighbour dispute", CONDITION, "territory", ClassKind.SOCIAL)
CLASSES = (COVER, STALL, WAGES, QUARREL)

UNITS = (
    Unit("urban", "城市管理局", "Urban management", "1"),
    Unit("market", "市场监督管理局", "Market supervision", "1"),
    Unit("labour", "人力资源和社会保障局", "Labour", "11"),
    Unit("east-team", "东镇执法队", "East team", "11", "team"),
    Unit("west-team", "西镇执法队", "West team", "12", "team"),
    Unit("east-centre", "东镇指挥中心", "East centre", "11", "centre"),
)
GRIDS = (
    Grid("1", 0, "市"),
    Grid("11", 1, "东镇"),
    Grid("12", 1, "西镇"),
    Grid("111", 2, "东一村"),
    Grid("1111", 3, "东一村第1网格"),
    Grid("121", 2, "西一村"),
)


def answer(
    *rules: Rule,
    of: CaseClass = STALL,
    at: str = "1111",
    level: int = 0,
    at_ms: int = 1_000,
    adjudications: tuple[Adjudication, ...] = (),
) -> Answer:
    """What a routing of these rules answers."""
    return Router(Routing("1", rules, adjudications), UNITS).route(of, at, level, at_ms)


def adjudication(code: str, unit: str, since_ms: int, of: str = "0201", place: str = "11") -> Adjudication:
    """A decision on who owns a class at a place from an instant on."""
    return Adjudication(code, f"case-{code}", of, place, unit, since_ms, "leader", "权责清单第3条", number="X-1")
