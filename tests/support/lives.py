"""Whole lives of cases, step by step, whose records are stored examples (`tests/unit/test_golden.py`)."""

from __future__ import annotations

from domain.case import actions as a
from domain.case.values import (
    Actor,
    Channel,
    EscalationReason,
    Finding,
    HandDownReason,
    Photo,
    Place,
    ReturnReason,
    Role,
)
from eventlog.record import encode
from tests.support.city import GRID, TEAM, TOWN, URBAN, actor, ms
from tests.support.desk import Desk

AT = ms("2018-10-15T09:00")
PHOTO = Photo("0" * 64)
Life = tuple[tuple[Actor, a.CaseAction], ...]

COLLECTOR = actor(Role.COLLECTOR, "chen", scope=GRID[:12], level=3)
HEAD = actor(Role.GRID_HEAD, "zhang", scope=GRID[:12], level=2)
TOWNSHIP = actor(Role.ACCEPTOR, "lu", scope=TOWN, level=1)
DISPATCHER = actor(Role.DISPATCHER)
HANDLER = actor(Role.HANDLER, "li", TEAM)
CO_HANDLER = actor(Role.HANDLER, "he", URBAN)


def records(*lives: tuple[Desk, Life], step_ms: int = 1_000) -> list[bytes]:
    """The stored records of these lives, a step after every `step_ms`; each step has to be accepted by the rules."""
    for desk, life in lives:
        for number, (who, action) in enumerate(life):
            record = desk.act(who, action, AT + number * step_ms, f"action-{number}")
            assert record.rejection is None, (action, record.rejection)
    return [encode(record) for desk, _ in lives for record in desk.records]


def a_case_that_is_verified_and_finds_its_level() -> list[bytes]:
    """Reported without a class, completed, verified, lifted, handed down, taken; then its parties change."""
    life: Life = (
        (COLLECTOR, a.Report(Place(GRID[:12]), Channel.PATROL)),
        (COLLECTOR, a.CompleteReport(Place(GRID, 113.3, 34.5), "010101", (PHOTO,), "by the school gate")),
        (HEAD, a.RequestVerification("chen", "is it the whole cover?")),
        (COLLECTOR, a.GiveVerification(Finding.TRUE, (PHOTO,), "it is gone")),
        (HEAD, a.Escalate(EscalationReason.NEEDS_DEPARTMENTS, "two owners")),
        (TOWNSHIP, a.Escalate(EscalationReason.MAJOR_MATTER)),
        (DISPATCHER, a.HandDown(HandDownReason.LOCAL_MATTER, "one owner")),
        (TOWNSHIP, a.Take()),
        (TOWNSHIP, a.Escalate(EscalationReason.BEYOND_OUR_POWERS)),
        (actor(Role.ACCEPTOR), a.Accept()),
        (actor(Role.SHIFT_HEAD), a.File("010101", "02")),
        (DISPATCHER, a.Dispatch(URBAN, (TEAM, "410183-police"))),
        (DISPATCHER, a.Reassign(TEAM, (URBAN,), "the road is ours")),
        (HANDLER, a.Acknowledge()),
        (CO_HANDLER, a.CoReturn(ReturnReason.NOT_OURS, "not our cover")),
    )
    return records((Desk("case-verified"), life))
