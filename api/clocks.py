"""GET /api/cases/{case_id}/clocks: every clock of a case with its arithmetic (domain document §4)."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI, Request

from api.parts import Parts, now_ms
from api.problems import Problem
from domain.case.clock_story import ClockStory, counted, told, whole
from domain.case.frame import Rules
from domain.worktime import CalendarError
from projections import timeline

SECOND_MS = 1_000


def add_clocks(app: FastAPI, parts: Parts) -> None:
    """The one route."""

    @app.get("/api/cases/{case_id}/clocks")
    async def clocks(case_id: str, request: Request) -> dict[str, Any]:
        person = await parts.reader(request)
        case = await parts.case(person, case_id)
        async with parts.pool.acquire() as connection:
            records = (await timeline.of_cases(connection, [case_id])).get(case_id, [])
        at_ms = now_ms()
        stories = told(event for record in records for event in record.events)
        rules = {version: await parts.rules(version) for version in {story.rulebook for story in stories}}
        try:
            clocks = [shown(story, at_ms, rules[story.rulebook]) for story in stories]
        except CalendarError as error:
            raise Problem("outside_calendar", found=at_ms) from error
        return {
            "case_id": case_id,
            "status": str(case.status),
            "round": len(case.rounds) + 1,
            "as_of_ms": at_ms,
            "clocks": clocks,
        }


def shown(story: ClockStory, at_ms: int, rules: Rules) -> dict[str, Any]:
    """One clock at that instant: used, left, near and overdue by comparing times, and the sum spelled out.

    Spans in ms of counted time; `arithmetic` as h:mm:ss, "1:00:00 + 1:30:00 = 2:30:00 / 4:00:00". Raises CalendarError.
    """
    used = counted(story, at_ms, rules.calendar)
    limit = whole(story, rules.calendar, rules.book.standard.wd_rule)
    going = story.state == "running"
    parts = [span.counted_ms for span in story.spans if span.to_ms is not None]
    parts += [used - story.used_ms] if going else []
    written = " + ".join(map(hms, parts)) + f" = {hms(used)}" if len(parts) > 1 else hms(used)
    ended_ms = story.spans[-1].to_ms
    late = story.deadline_ms is not None and (at_ms if ended_ms is None else ended_ms) > story.deadline_ms
    return {
        **msgspec.to_builtins(story),
        "state": story.state,
        "used_ms": used,
        "whole_ms": limit,
        "left_ms": None if limit is None else max(limit - used, 0),
        "near": going and story.near_ms is not None and at_ms > story.near_ms and not late,
        "overdue": late,
        "arithmetic": written if limit is None else f"{written} / {hms(limit)}",
    }


def hms(span_ms: int) -> str:
    """A span as h:mm:ss, and the rest of a second where there is one."""
    seconds, rest = divmod(span_ms, SECOND_MS)
    text = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{rest:03}" if rest else text
