"""The whole check of reference contents before they are used: every part, and what parts say of each other.

Owns the list of checks. All findings come back at once; whoever adopts forbids faults and shows warnings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from domain.admission.check import check_admission
from domain.finding import Finding
from domain.grid.check import check_tree
from domain.grid.tree import GridTree
from domain.instant import written
from domain.routing.check import check_routing
from domain.standard.check import check_standard
from domain.standard.values import DEFAULT_STAGE_LIMITS, Standard
from domain.unit import Unit
from domain.worktime import Calendar, CalendarError, Limit, LimitError, check_calendar, deadline_ms
from reference.contents import Contents, compiled

AHEAD_DAYS = 366
"""As long as a version is meant to be filed by at least: the lists of holidays come out once a year."""
DAY_MS = 24 * 3_600_000


def check_contents(contents: Contents) -> list[Finding]:
    """Everything that is wrong in these contents, or that a person should know of them, part after part."""
    tree = GridTree(contents.grids)
    return [
        *check_calendar(contents.calendar),
        *check_standard(contents.standard, contents.units),
        *check_tree(tree),
        *_units(contents.units, set(tree.codes)),
        *check_routing(contents.routing, contents.standard.classes, contents.units, contents.grids),
        *check_admission(contents.admission, contents.standard.classes),
    ]


def check_ahead(contents: Contents, at_ms: int) -> list[Finding]:
    """Faults of a calendar by which a case of this standard gets no deadline, filed up to AHEAD_DAYS after `at_ms`.

    A calendar with faults of its own is none to ask; they are told by `check_contents`.
    """
    try:
        calendar = compiled(contents.calendar)
    except CalendarError:
        return []
    last_ms = at_ms + AHEAD_DAYS * DAY_MS
    working = [(key, limit) for key, limit in _limits(contents.standard) if limit.working]
    short = [pair for pair in working if not _used_up(calendar, last_ms, pair[1], contents.standard)]
    if not short:
        return []
    key, limit = max(short, key=lambda pair: pair[1].span_ms(calendar.workday_minutes))
    worked = (date(1970, 1, 1) + timedelta(days=calendar.days[-1])).isoformat() if calendar.days else ""
    until = written(last_ms, ZoneInfo(calendar.zone))
    return [
        Finding(
            "calendar.no_working_time_ahead",
            "calendar",
            f"week:最后一个工作日是{worked or '(无)'},{until} 立案的案件有 {len(short)} 个时限无法到期,"
            f"最长的是 {key} 的 {limit}。",
            f"week: the last day that is worked is {worked or 'none'}; for a case filed at {until} {len(short)} limits "
            f"are never used up, the longest is {limit} of {key}.",
            found=worked,
            allowed=f"{limit} after {until}",
            key="week",
        )
    ]


def _limits(standard: Standard) -> Iterator[tuple[str, Limit]]:
    """Every limit that can be read, with its place in the standard."""
    stages = {**DEFAULT_STAGE_LIMITS, **standard.stage_limits}
    told = list(stages.items())
    for case_class in standard.classes:
        for condition in case_class.conditions:
            key = f"{case_class.code}/{condition.code}"
            told += [(key, condition.limit), *((f"{key}/{stage.code}", stage.limit) for stage in condition.stages)]
    for key, limit in told:
        with suppress(LimitError):
            if limit is not None:
                yield key, Limit.parse(limit)


def _used_up(calendar: Calendar, start_ms: int, limit: Limit, standard: Standard) -> bool:
    try:
        deadline_ms(calendar, start_ms, limit, standard.wd_rule)
    except CalendarError:
        return False
    return True


def _units(units: Iterable[Unit], grids: set[str]) -> list[Finding]:
    counted = Counter(unit.code for unit in units)
    findings = [
        Finding(
            "units.code_twice",
            "units",
            f"单位编码 {code} 出现 {times} 次,应只出现一次",
            f"unit code {code} stands {times} times, once is allowed",
            str(times),
            "1",
            code,
        )
        for code, times in counted.items()
        if times > 1
    ]
    for unit in units:
        if unit.scope and unit.scope not in grids:
            findings.append(
                Finding(
                    "units.unknown_scope",
                    "units",
                    f"单位 {unit.code} 的管辖范围“{unit.scope}”不是网格编码",
                    f"unit {unit.code}: scope '{unit.scope}' is no grid's code",
                    unit.scope,
                    "",
                    unit.code,
                )
            )
    return findings
