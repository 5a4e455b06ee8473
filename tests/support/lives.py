"""Whole lives of cases, step by step, whose records are stored examples (`tests/unit/test_golden.py`)."""

from __future__ import annotations

from domain.case import actions as a
from domain.case.values import (
    Actor,
    AdjudicationReason,
    AppealReason,
    Channel,
    CloseKind,
    EscalationReason,
    Finding,
    ForceReason,
    HandDownReason,
    Measure,
    Photo,
    Place,
    Position,
    ReopenReason,
    ReturnReason,
    Role,
    ShelveReason,
    Stance,
    Status,
    SupervisionKind,
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


def cases_that_are_merged_self_handled_and_opened_again() -> list[bytes]:
    """One merged and by itself again, one done by grid staff, one that is late, appealed and opened again."""
    merged, target = Desk("case-merged"), Desk("case-target")
    own, late = Desk("case-own"), Desk("case-late")
    reactor, leader, inspector = actor(Role.SYSTEM, scope=""), actor(Role.LEADER), actor(Role.INSPECTOR)
    acceptor, shift_head = actor(Role.ACCEPTOR), actor(Role.SHIFT_HEAD)
    report = (acceptor, a.Report(Place(GRID), Channel.HOTLINE, "010101"))
    begun: Life = (report, (acceptor, a.Accept()), (shift_head, a.File("010101", "01")))
    merging: Life = (
        *begun,
        (acceptor, a.Merge("case-target", Status.REPORTED)),
        (reactor, a.DropMerge("case-target", "wrong_state")),
        (acceptor, a.Merge("case-target")),
        (DISPATCHER, a.Unmerge("another cover")),
    )
    noting: Life = (report, (reactor, a.NoteMerge("case-merged")), (reactor, a.NoteUnmerge("case-merged")))
    doing: Life = (
        (COLLECTOR, a.Report(Place(GRID), Channel.PATROL, "030101")),
        (COLLECTOR, a.SelfHandle((PHOTO,), (PHOTO,), result="picked up")),
    )
    handled: Life = (
        *begun,
        (DISPATCHER, a.Dispatch(TEAM)),
        (HANDLER, a.Acknowledge()),
        (actor(Role.SYSTEM, scope=""), a.Tick()),
        (HANDLER, a.Handle()),
        (acceptor, a.SendCheck("chen")),
        (COLLECTOR, a.PassCheck()),
        (shift_head, a.Close(CloseKind.SPECIAL, "the cover was replaced by its owner")),
        (acceptor, a.Rate(2, "too late")),
        (HANDLER, a.RequestAppeal(AppealReason.SYSTEM_FAULT, "the network was down")),
        (inspector, a.ReviewAppeal(supported=True, text="so it was")),
        (leader, a.DecideAppeal(upheld=True, text="exempt")),
        (shift_head, a.Reopen(ReopenReason.COMPLAINT, text="it is gone again")),
        (leader, a.ForceClose(ForceReason.DONE_OTHERWISE, "the owner")),
        (leader, a.Reopen(ReopenReason.AUDIT, "02")),
        (DISPATCHER, a.Dispatch(TEAM)),
    )
    kept = records((merged, merging), (target, noting), (own, doing), (late, handled), step_ms=45 * 60_000)
    again = Desk("case-again")
    for number, (who, action) in enumerate(
        (*handled[:10], (HANDLER, a.RequestAppeal(AppealReason.WRONG_LIMIT)), (leader, a.Reopen(ReopenReason.AUDIT)))
    ):
        assert again.act(who, action, AT + number * 45 * 60_000, f"action-{number}").rejection is None
    return [*kept, *map(encode, again.records)]


def a_case_with_others_at_the_table() -> list[bytes]:
    """Supervised and late with the reply, consulted on, adjudicated, handed over, its alarm confirmed and put aside."""
    leader, tick = actor(Role.LEADER), (actor(Role.SYSTEM, scope=""), a.Tick())
    life: Life = (
        (actor(Role.ACCEPTOR), a.Report(Place(GRID), Channel.HOTLINE, "010101")),
        (actor(Role.ACCEPTOR), a.HandOver("wu")),
        (actor(Role.ACCEPTOR, "wu"), a.TakeOver()),
        (actor(Role.ACCEPTOR), a.Accept()),
        (actor(Role.SHIFT_HEAD), a.File("010101", "01")),
        (leader, a.Supervise(SupervisionKind.LISTED, AT + 6 * 600_000, "the mayor asks")),
        (DISPATCHER, a.Consult(Measure.JOINT_ENFORCEMENT, (TEAM, URBAN), "whose cover is it?")),
        (leader, a.Conclude(1, (Position(TEAM, Stance.AGREES_IN_PART),), "the department's")),
        (leader, a.Adjudicate(URBAN, AdjudicationReason.DUTIES, "article 9")),
        (DISPATCHER, a.ReplySupervision(1, "dispatched now")),
        (DISPATCHER, a.Dispatch(URBAN)),
        (CO_HANDLER, a.Acknowledge()),
        (DISPATCHER, a.ShelveAlarm(ShelveReason.WAITING_FOR_OTHERS, AT + 24 * 600_000)),
        (DISPATCHER, a.ConfirmAlarm()),
        tick,
    )
    desk = Desk("case-table")
    for number, (who, action) in enumerate(life):
        later = (0, 0, 11 * 600_000)[0 if number < 12 else 2]
        record = desk.act(who, action, AT + number * 600_000 + later, f"action-{number}")
        assert record.rejection is None, (action, record.rejection)
    return list(map(encode, desk.records))
