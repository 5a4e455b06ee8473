"""The city's past: each day's lives up to now as `import_case` with full steps, newest day first.

A case that is known already is left as it is, whoever brought it in; so a second start adds only what would have
happened while the city was switched off. Every life that goes on after now is handed over to be acted out.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
import structlog

from api.intake import Envelope, make_attempt
from api.sealing import Keys
from domain.case.actions import (
    Accept,
    Acknowledge,
    Close,
    CoDone,
    DecideExtension,
    Decline,
    Dispatch,
    FailCheck,
    File,
    Handle,
    ImportCase,
    PassCheck,
    Progress,
    RequestExtension,
    Return,
    SendCheck,
    Step,
)
from domain.case.events import CaseEvent, ClockStopped
from domain.case.state import Case
from domain.case.values import STAGE_ORDER, Actor, Role, Source, Status
from eventlog.append import Appender
from ops.importing import folded
from ops.people.course import Act
from ops.people.plan import City, Life
from projections import case_state, timeline

SOURCE = "demo"
_ORDER: dict[type, int] = {
    Accept: 0, Decline: 0, File: 1, Dispatch: 2, Acknowledge: 3, Progress: 3, CoDone: 3, Handle: 3, Return: 3,
    RequestExtension: 3, DecideExtension: 3, SendCheck: 4, PassCheck: 5, FailCheck: 5, Close: 6,
}  # fmt: skip
REACHED = {
    Status.REPORTED: 0, Status.VERIFYING: 0, Status.ACCEPTED: 1, Status.FILED: 2, Status.DISPATCHED: 3,
    Status.HANDLING: 3, Status.SUSPENDED: 3, Status.HANDLED: 4, Status.CHECKING: 5, Status.CHECKED: 6,
}  # fmt: skip
"""Where an act stands in a round of the case's life, and how far a case in a state has come: acts below are done."""

CHUNK_CASES_MAX = 100
"""Cases appended before the rows must hold them: what a person does meanwhile waits behind no more than these."""

log = structlog.get_logger("people")


class Going(msgspec.Struct):
    """A life that is not over: the case's level and the acts still to come."""

    life: Life
    level: int
    acts: list[Act]
    refused: int = 0


async def bring_in(
    city: City, appender: Appender, keys: Keys, pool: Any, day: date, now_ms: int, every: int
) -> AsyncIterator[tuple[int, int, list[Going]]]:
    """Import every so manyth of one local day's lives up to `now_ms`, a chunk at a time.

    Gives how many cases are new, how many were known, and the lives that go on; what is known goes on in any case.
    A history that the rules refuse is a mistake of the plan's: it is said in the log and left out.
    """
    lives = await asyncio.to_thread(city.day, day)
    past = [life for life in lives if life.opened_ms <= now_ms]
    importer = Actor("importer", Role.IMPORTER, city.profile.about.root)
    size = CHUNK_CASES_MAX * every
    for start in range(0, len(past), size):
        chunk = past[start : start + size]
        async with pool.acquire() as connection:
            known = await case_state.load_files(connection, [life.case_id for life in chunk])
        new = [life for life in chunk[::every] if life.case_id not in known]
        origins = await asyncio.gather(*(_append(life, appender, keys, importer, now_ms) for life in new))
        await folded(pool, origins)
        async with pool.acquire() as connection:
            there = await case_state.load_files(connection, [life.case_id for life in new])
        taken = [life for life in new if (file := there.get(life.case_id)) is not None and file.case is not None]
        if len(taken) < len(new):
            log.warning("demo.refused", histories=[life.key for life in new if life not in taken])
        going = [Going(life, 0, [act for act in life.acts if act.at_ms > now_ms]) for life in taken]
        going += [_left(life, file.case) for life in chunk if (file := known.get(life.case_id)) and file.case]
        yield len(taken), len(known), [one for one in going if one.acts]


async def ended_digest(city: City, pool: Any, days: Sequence[date], before_ms: int) -> str:
    """One hash over the stored histories of these days' cases that had ended by `before_ms`, ids and times aside."""
    told = hashlib.sha256()
    for day in days:
        lives = [life for life in await asyncio.to_thread(city.day, day) if life.acts[-1].at_ms < before_ms]
        for start in range(0, len(lives), CHUNK_CASES_MAX):
            chunk = lives[start : start + CHUNK_CASES_MAX]
            async with pool.acquire() as connection:
                stories = await timeline.of_cases(connection, [life.case_id for life in chunk])
            for life in chunk:
                for record in stories.get(life.case_id, []):
                    told.update(msgspec.json.encode([_bare(event) for event in record.events]))
    return told.hexdigest()[:16]


def _bare(event: CaseEvent) -> list[Any]:
    verdict = event.verdict if isinstance(event, ClockStopped) else None
    return [event.__struct_config__.tag, getattr(event, "clock", None), getattr(event, "unit", None), verdict]


def days_back(today: date, days: int) -> list[date]:
    """Today and the days before it, newest first."""
    return [today - timedelta(days=back) for back in range(days + 1)]


def imported(life: Life, now_ms: int) -> ImportCase:
    """The life up to `now_ms` as one action."""
    steps = tuple(Step(act.do, act.at_ms, act.unit) for act in life.acts if act.at_ms <= now_ms)
    return ImportCase(Source(SOURCE, life.key), life.report, life.opened_ms, steps)


async def _append(life: Life, appender: Appender, keys: Keys, importer: Actor, now_ms: int) -> tuple[int, int]:
    past = imported(life, now_ms)
    envelope = Envelope(life.action_id)
    received = time.time_ns() // 1_000_000
    attempt = await make_attempt(keys, importer, life.case_id, envelope, past, msgspec.to_builtins(past), received)
    return await appender.append(attempt)


def _left(life: Life, case: Case) -> Going:
    return Going(life, case.level, remaining(life, case) if case.open else [])


def remaining(life: Life, case: Case) -> list[Act]:
    """The acts of a life that an open case in this state has not seen yet, in their order."""
    reached = (case.rework + case.returns, REACHED[case.status])
    left: list[Act] = []
    rounds = requests = 0
    for act in life.acts:
        place = (rounds, _ORDER[type(act.do)])
        if place > reached or (place == reached and not _did(act, case, requests)):
            left.append(act)
        rounds += isinstance(act.do, FailCheck | Return)
        requests += isinstance(act.do, RequestExtension)
    return left


def _did(act: Act, case: Case, requests: int) -> bool:
    party = case.party(act.unit)
    match act.do:
        case RequestExtension():
            return case.extension_requests > requests
        case DecideExtension():
            answered = case.extension_requests - (case.extension is not None)
            return answered >= requests
        case Acknowledge():
            return party is not None and party.signed is not None
        case Progress():
            return party is not None and STAGE_ORDER[act.do.stage] <= STAGE_ORDER[party.stage]
        case CoDone():
            return party is not None and party.done
        case _:
            return False
