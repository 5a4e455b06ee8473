"""The routes of the figures: every formula over a period and a scope, and the cases behind each number.

Owns who may ask, and for which scope: a post's own and what lies in it. Nothing is counted here: the formulas are the
domain's, the facts the projection's.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import FastAPI, Request

from api.days import Days, days_asked
from api.parts import Parts
from api.problems import Problem
from domain.case.values import Actor, Role
from domain.figures.facts import CaseFacts
from domain.figures.figure import Figure, Period, mean, percent, total
from domain.figures.formulas import FORMULAS, Formula
from domain.figures.volumes import Volumes, volumes
from projections import daily, facts

READERS = (Role.LEADER, Role.INSPECTOR, Role.APPRAISER, Role.AUDITOR, Role.SHIFT_HEAD, Role.DISPATCHER)
COLLECTORS_SHOWN_MAX = 500
CASES_PAGE_MAX = 500
COUNTED_AT_ONCE_MAX = 2
"""A year of a city is some seconds of counting: so many requests at a time, and the others wait."""
PARTS = ("numerator", "denominator")
REPORTS = FORMULAS["valid_report_rate"]


class Asked(msgspec.Struct, frozen=True):
    """What a request speaks of: local days, the same as instants, and a scope."""

    days: Days
    period: Period
    scope: str


class Counted(msgspec.Struct):
    """What some cases come to; `collectors` are the reports of each."""

    figures: list[Figure]
    volumes: Volumes
    collectors: dict[str, Figure]


def add_figures(app: FastAPI, parts: Parts) -> None:
    """All figures at once, one figure's cases, and figures day by day."""
    _add_daily(app, parts)
    turn = asyncio.Semaphore(COUNTED_AT_ONCE_MAX)

    @app.get("/api/figures")
    async def figures(request: Request) -> dict[str, Any]:
        asked = await _asked(parts, request)
        async with turn, parts.pool.acquire() as connection, facts.at_one_place(connection) as position:
            batches = [_count([], asked, position)]
            async for cases in facts.of_period(connection, asked.scope, asked.period):
                batches.append(await asyncio.to_thread(_count, cases, asked, position))
        counted = _together(batches, asked.scope)
        named = sorted(counted.collectors.items(), key=lambda one: (-one[1].denominator, one[0]))
        return {
            **_frame(asked, position),
            "volumes": msgspec.to_builtins(counted.volumes),
            "figures": [_shown(figure, asked) for figure in counted.figures],
            "collectors": [{"collector": n, **_shown(figure, asked)} for n, figure in named[:COLLECTORS_SHOWN_MAX]],
            "collectors_left_out": max(len(named) - COLLECTORS_SHOWN_MAX, 0),
        }

    @app.get("/api/figures/{name}/cases")
    async def cases(
        request: Request, name: str, part: str = "numerator", collector: str = "", after: str = "", limit: int = 100
    ) -> dict[str, Any]:
        asked = await _asked(parts, request)
        formula = FORMULAS.get(name)
        if formula is None:
            raise Problem("unknown_figure", found=name, allowed=list(FORMULAS))
        if part not in PARTS:
            raise Problem("malformed", field="part", found=part, allowed=list(PARTS))
        async with turn, parts.pool.acquire() as connection, facts.at_one_place(connection) as position:
            figures = [formula.figure([], asked.period, asked.scope, position)]
            async for some in facts.of_period(connection, asked.scope, asked.period):
                chosen = [one for one in some if not collector or one.reporter == collector]
                figures.append(await asyncio.to_thread(_named, formula, chosen, figures[0]))
            figure = total(figures, asked.scope)
            ids = sorted(figure.numerator_cases if part == "numerator" else figure.denominator_cases)
            start, size = bisect_right(ids, after), min(max(limit, 1), CASES_PAGE_MAX)
            page = ids[start : start + size]
            found = await facts.load(connection, page)
        return {
            **_shown(figure, asked),
            "part": part,
            "cases_in_all": len(ids),
            "cases": [_case(found[case_id]) for case_id in page],
            "next": page[-1] if start + size < len(ids) else None,
        }


def _add_daily(app: FastAPI, parts: Parts) -> None:
    """The course of figures, day by day."""

    @app.get("/api/figures/daily")
    async def by_day(request: Request) -> dict[str, Any]:
        asked = await _asked(parts, request)
        names = list(dict.fromkeys(request.query_params.getlist("name"))) or list(FORMULAS)
        for name in names:
            if name not in FORMULAS:
                raise Problem("unknown_figure", field="name", found=name, allowed=list(FORMULAS))
        async with parts.pool.acquire() as connection, facts.at_one_place(connection) as position:
            found = await daily.of_days(
                connection, asked.scope, asked.days.first.isoformat(), asked.days.last.isoformat(), names
            )
        days: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in names}
        for one in found:
            days[one.formula][one.day] = (one.numerator, one.denominator)
        return {
            **_frame(asked, position),
            "figures": [{"name": n, "version": FORMULAS[n].version, "days": of_it} for n, of_it in days.items()],
        }


async def _asked(parts: Parts, request: Request) -> Asked:
    """Who asks, and for what. Raises Problem before anything is counted."""
    person = await parts.person(request)
    posts = [post for post in person.posts if post.role in READERS]
    if not posts:
        allowed = [str(role) for role in READERS]
        raise Problem("forbidden", found=[str(post.role) for post in person.posts], allowed=allowed)
    parts.spend(person.username)
    version, contents = await parts.in_force()
    await parts.contents(version)
    assert parts.editions is not None, "contents are there, so they were read"
    calendar = parts.editions.rules[version].calendar
    scope = scope_asked(posts, request.query_params.get("scope"))
    if not any(grid.code.startswith(scope) for grid in contents.grids):
        raise Problem("unknown_scope", field="scope", found=scope)
    days = days_asked(request, parts.profile.about.zone)
    period = Period(days.from_ms, days.to_ms)
    if period.from_ms < calendar.from_ms or period.to_ms > calendar.to_ms:
        ends = (calendar.from_ms, calendar.to_ms - 1)
        zone = ZoneInfo(days.zone)
        allowed = [datetime.fromtimestamp(end / 1000, UTC).astimezone(zone).date().isoformat() for end in ends]
        raise Problem("outside_calendar", field="from", found=[str(days.first), str(days.last)], allowed=allowed)
    return Asked(days, period, scope)


def scope_asked(posts: Sequence[Actor], wanted: str | None) -> str:
    """The scope asked for, inside one of the posts'; without one the widest that a post has.

    Raises Problem `outside_post`.
    """
    if not wanted:
        return min((post.scope for post in posts), key=lambda scope: (len(scope), scope))
    if not any(wanted.startswith(post.scope) for post in posts):
        raise Problem("outside_post", field="scope", found=wanted, allowed=sorted({post.scope for post in posts}))
    return wanted


def _count(cases: Sequence[CaseFacts], asked: Asked, position: str) -> Counted:
    found = [formula.figure(cases, asked.period, asked.scope, position) for formula in FORMULAS.values()]
    reported: defaultdict[str, list[CaseFacts]] = defaultdict(list)
    for one in cases:
        if one.reporter is not None and asked.period.holds(one.opened_ms):
            reported[one.reporter].append(one)
    collectors = {n: REPORTS.figure(own, asked.period, asked.scope, position) for n, own in reported.items()}
    return Counted(found, volumes(cases, asked.period), collectors)


def _together(batches: Sequence[Counted], scope: str) -> Counted:
    figures = [total(same, scope) for same in zip(*(batch.figures for batch in batches), strict=True)]
    sums = zip(*(msgspec.structs.astuple(batch.volumes) for batch in batches), strict=True)
    reports: defaultdict[str, list[Figure]] = defaultdict(list)
    for batch in batches:
        for name, figure in batch.collectors.items():
            reports[name].append(figure)
    collectors = {name: total(own, scope) for name, own in reports.items()}
    return Counted(figures, Volumes(*map(sum, sums)), collectors)


def _named(formula: Formula, cases: Sequence[CaseFacts], like: Figure) -> Figure:
    return formula.figure(cases, like.period, like.scope, like.position, named=True)


def _frame(asked: Asked, position: str) -> dict[str, Any]:
    return {"period": asked.days.shown(), "scope": asked.scope, "position": position}


def _shown(figure: Figure, asked: Asked) -> dict[str, Any]:
    """A published number with all that it stands on; `value` is None where there is no figure."""
    formula = FORMULAS[figure.name]
    values = {"value": mean(figure)} if formula.mean else {"value": percent(figure), "value_2": percent(figure, 2)}
    return {
        "name": figure.name,
        "version": figure.version,
        "zh": formula.zh,
        "en": formula.en,
        "rule": formula.rule,
        "unit": "mean" if formula.mean else "percent",
        **values,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "period": {"from": asked.days.first.isoformat(), "to": asked.days.last.isoformat()},
        "scope": figure.scope,
        "position": figure.position,
    }


def _case(one: CaseFacts) -> dict[str, Any]:
    return {
        "case_id": one.case_id,
        "number": one.number,
        "grid": one.grid,
        "status": str(one.status),
        "deadline_ms": one.deadline_ms,
        "handled_ms": one.handled_ms,
        "closed_ms": one.closed_ms,
        "late": one.late,
        "exempt": one.exempt,
    }
