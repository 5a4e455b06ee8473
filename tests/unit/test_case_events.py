"""The events of each act that the rules accept, whole: what it says, and what it does to which clock."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from domain.case import actions as a
from domain.case import events as e
from domain.case.decision import ReasonCode, Rejection
from domain.case.frame import Rules
from domain.case.state import Case
from domain.case.values import (
    SHELVED_MS_MAX,
    SUSPENSION_MS_MAX,
    Actor,
    AdjudicationReason,
    AppealReason,
    Channel,
    ClockKind,
    ClockVerdict,
    CloseKind,
    Contact,
    DeclineReason,
    DropCause,
    EscalationReason,
    FailReason,
    Finding,
    HandDownReason,
    Measure,
    PauseCause,
    Photo,
    Place,
    Position,
    ReopenReason,
    ReturnReason,
    Role,
    ShelveReason,
    Source,
    Stage,
    Stance,
    SupervisionKind,
    Waiver,
)
from domain.routing.route import By
from domain.standard.values import STAGES, Condition
from domain.worktime import WdRule
from eventlog.record import Outcome
from reference.contents import pack, rules_of
from tests.support.city import GRID, SUCCESSORS, TEAM, URBAN, actor, contents, ms, rules, split_city, torn_city
from tests.support.desk import Desk
from tests.unit.test_case import (
    ACCEPTOR,
    CO_HANDLER,
    COLLECTOR,
    DISPATCHER,
    HANDLER,
    SHIFT_HEAD,
    START,
    dispatched,
)
from tests.unit.test_case_ending import came_to
from tests.unit.test_case_levels import HEAD, TOWNSHIP
from tests.unit.test_case_merging import REACTOR
from tests.unit.test_case_recurrence import closed
from tests.unit.test_case_reopening import AGAIN, LEADER, closed_late
from tests.unit.test_case_self_handling import DRAWN
from tests.unit.test_case_suspension import FESTIVAL, suspended

MINUTE, HOUR = 60_000, 3_600_000
AT = START + 10 * MINUTE
"""Eleven o'clock and ten minutes, on a Monday: every act below is one of this instant."""
LATE = START + 3 * HOUR
RULEBOOK = rules().book.version
POLICE = "410183-police"
STAFF = actor(Role.COLLECTOR, "chen", "grid-station", scope=GRID, level=3)
CITIZEN = actor(Role.PUBLIC, "zhou", scope="")
INSPECTOR = actor(Role.INSPECTOR)
PHOTOS, AFTER = (Photo("0" * 64),), (Photo("1" * 64),)
HERE = Place(GRID, 113.3, 34.5)
FAIL = a.FailCheck(FailReason.NOT_DONE)
C, V = ClockKind, ClockVerdict
Made = Callable[[], Desk]


def starts(kind: ClockKind, holder: str, minutes: int, unit: str | None = None) -> e.ClockStarted:
    """A stage of so many running minutes begins."""
    return e.ClockStarted(AT, kind, holder, unit, f"{minutes}UM", AT + minutes * MINUTE, AT + minutes * MINUTE * 4 // 5)


def stops(kind: ClockKind, minutes: int, verdict: ClockVerdict = V.MET, unit: str | None = None) -> e.ClockStopped:
    return e.ClockStopped(AT, kind, verdict, minutes * MINUTE, unit)


def handling(kind: ClockKind, unit: str) -> e.ClockStarted:
    """Four working hours from 11:10 on: 50 minutes before noon, the rest from 14:00 on."""
    return e.ClockStarted(AT, kind, f"unit:{unit}", unit, "4WH", ms("2018-10-15T17:10"), ms("2018-10-15T16:22"))


def signing(unit: str) -> e.ClockStarted:
    """Sixty working minutes from 11:10 on."""
    return e.ClockStarted(
        AT, C.ACKNOWLEDGE, f"unit:{unit}", unit, "60WM", ms("2018-10-15T14:10"), ms("2018-10-15T11:58")
    )


def told(desk: Desk, who: Actor, action: a.CaseAction, at_ms: int = AT) -> list[e.CaseEvent]:
    record = desk.act(who, action, at_ms)
    assert record.outcome is Outcome.ACCEPTED, record.rejection
    return list(record.events)


def after(desk: Desk, *steps: tuple[Actor, a.CaseAction]) -> Desk:
    """The same case after these steps, a minute after one another."""
    return desk.after(*steps, step_ms=MINUTE)


def case_of(desk: Desk) -> Case:
    assert desk.file.case is not None
    return desk.file.case


def reported(who: Actor = CITIZEN, case_class: str | None = "010101", grid: str = GRID) -> Desk:
    desk = Desk()
    channel = Channel.PATROL if who is STAFF else Channel.WECHAT
    told(desk, who, a.Report(Place(grid), channel, case_class), START)
    return desk


@pytest.mark.parametrize(
    ("who", "channel", "level"),
    [(CITIZEN, Channel.WECHAT, 0), (STAFF, Channel.PATROL, 2), (HEAD, Channel.PATROL, 2), (LEADER, Channel.LEADER, 0)],
)
def test_a_report_says_all_that_was_stated_and_the_desk_of_its_level_is_asked(
    who: Actor, channel: Channel, level: int
) -> None:
    contact = Contact("Zhou", "138")
    report = a.Report(HERE, channel, "010101", "it is gone", contact, PHOTOS)
    assert told(Desk(), who, report) == [
        e.Reported(
            AT, "20261124-00-0001", level, channel, HERE, who.person, who.unit, "010101", "it is gone", contact, PHOTOS
        ),
        starts(C.ACCEPT, f"desk:{level}", 15),
    ]


def test_a_report_that_no_list_admits_is_flagged_and_so_is_what_is_filled_in() -> None:
    desk = Desk(by=torn_city())
    whole = told(desk, ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"))
    assert e.NotAdmitted(AT, "010101") in whole
    bare = Desk(by=torn_city())
    assert len(told(bare, ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE))) == 2, "without a class nothing is flagged"
    assert told(bare, ACCEPTOR, a.CompleteReport(case_class="010101", text="by the gate")) == [
        e.Completed(AT, "acceptor", None, "010101", (), "by the gate"),
        e.NotAdmitted(AT, "010101"),
    ]


@pytest.mark.parametrize(
    ("made", "who", "action", "expected"),
    [
        (reported, ACCEPTOR, a.Accept(), [e.Accepted(AT), stops(C.ACCEPT, 10), starts(C.FILE, "desk:0", 15)]),
        (
            lambda: reported(STAFF),
            HEAD,
            a.Accept(),
            [e.Accepted(AT), stops(C.ACCEPT, 10), starts(C.FILE, "desk:2", 15)],
        ),
        (
            reported,
            ACCEPTOR,
            a.Decline(DeclineReason.NOT_A_MATTER),
            [e.Declined(AT, DeclineReason.NOT_A_MATTER), stops(C.ACCEPT, 10)],
        ),
        (
            reported,
            ACCEPTOR,
            a.RequestVerification("chen", "is it the whole cover?"),
            [
                e.VerificationRequested(AT, "acceptor", "chen", "is it the whole cover?"),
                e.ClockPaused(AT, C.ACCEPT, PauseCause.VERIFYING, 10 * MINUTE),
                starts(C.VERIFY, "person:chen", 30),
            ],
        ),
        (
            lambda: after(reported(), (ACCEPTOR, a.RequestVerification("chen"))),
            ACCEPTOR,
            a.RequestVerification("wu"),
            [
                e.VerificationRequested(AT, "acceptor", "wu"),
                stops(C.VERIFY, 9, V.WAIVED),
                starts(C.VERIFY, "person:wu", 30),
            ],
        ),
        (
            lambda: after(reported(), (ACCEPTOR, a.RequestVerification("chen"))),
            COLLECTOR,
            a.GiveVerification(Finding.CANNOT_FIND, PHOTOS, "nothing there"),
            [
                e.VerificationGiven(AT, "chen", Finding.CANNOT_FIND, PHOTOS, "nothing there"),
                stops(C.VERIFY, 9),
                e.ClockResumed(AT, C.ACCEPT, None, AT + 14 * MINUTE, AT + 11 * MINUTE),
            ],
        ),
        (
            lambda: reported(case_class=None, grid=GRID[:12]),
            CITIZEN,
            a.CompleteReport(HERE, "010101", PHOTOS, "by the gate"),
            [e.Completed(AT, "zhou", HERE, "010101", PHOTOS, "by the gate")],
        ),
        (
            lambda: after(reported(), (ACCEPTOR, a.Accept())),
            ACCEPTOR,
            a.CompleteReport(photos=PHOTOS),
            [e.Completed(AT, "acceptor", photos=PHOTOS)],
        ),
        (
            lambda: after(reported(), (ACCEPTOR, a.RequestVerification("chen"))),
            ACCEPTOR,
            a.CompleteReport(HERE),
            [e.Completed(AT, "acceptor", HERE)],
        ),
        (
            lambda: reported(STAFF),
            HEAD,
            a.Escalate(EscalationReason.MAJOR_MATTER, "two owners"),
            [
                e.Escalated(AT, 1, "zhang", EscalationReason.MAJOR_MATTER, "two owners"),
                stops(C.ACCEPT, 10, V.WAIVED),
                starts(C.ACCEPT, "desk:1", 15),
            ],
        ),
        (
            lambda: came_to(3),
            DISPATCHER,
            a.HandDown(HandDownReason.BY_ORDER, "one owner"),
            [
                e.HandedDown(AT, 1, "dispatcher", HandDownReason.BY_ORDER, "one owner"),
                stops(C.DISPATCH, 8, V.WAIVED),
                starts(C.ACCEPT, "desk:1", 15),
            ],
        ),
        (
            lambda: after(reported(), (ACCEPTOR, a.HandDown(HandDownReason.BY_ORDER))),
            TOWNSHIP,
            a.Take(),
            [e.Taken(AT, 1, "lu")],
        ),
        (
            lambda: came_to(2),
            SHIFT_HEAD,
            a.File("010101", "02"),
            [
                e.Filed(AT, "010101", "02", RULEBOOK, "4WH"),
                e.Proposed(AT, URBAN, By.OWNER),
                stops(C.FILE, 9),
                starts(C.DISPATCH, "desk:0", 15),
            ],
        ),
        (
            lambda: came_to(2),
            SHIFT_HEAD,
            a.File(),
            [
                e.Filed(AT, "010101", "01", RULEBOOK, "2UH", urgent=True),
                e.Proposed(AT, URBAN, By.OWNER),
                stops(C.FILE, 9),
                starts(C.DISPATCH, "desk:0", 15),
            ],
        ),
    ],
)
def test_before_dispatch(made: Made, who: Actor, action: a.CaseAction, expected: list[e.CaseEvent]) -> None:
    assert told(made(), who, action) == expected


def test_self_handling_is_filed_and_done_at_once_and_the_clocks_of_both_desks_stop() -> None:
    done = a.SelfHandle(PHOTOS, AFTER, result="picked up")
    said = e.SelfHandled(AT, "chen", "030101", "01", RULEBOOK, PHOTOS, AFTER, "1WD", result="picked up")
    desk = reported(STAFF, "030101")
    assert told(desk, STAFF, done) == [said, stops(C.ACCEPT, 10), starts(C.CLOSE, "desk:2", 15)]
    accepted = after(reported(STAFF, "030101"), (HEAD, a.Accept()))
    assert stops(C.FILE, 9) in told(accepted, STAFF, done)
    other = told(reported(STAFF, "030101"), STAFF, a.SelfHandle(PHOTOS, AFTER, "090104", "02"))[0]
    assert isinstance(other, e.SelfHandled)
    assert (other.case_class, other.condition) == ("090104", "02")


def at_work(co: tuple[str, ...] = (URBAN,)) -> Desk:
    """Dispatched at eleven and signed by the lead a minute later; nobody of the co-handler has signed."""
    return after(dispatched(co=co), (HANDLER, a.Acknowledge()))


def both_at_work() -> Desk:
    return after(at_work(), (CO_HANDLER, a.Acknowledge()))


def done(case_id: str) -> Desk:
    """Grid staff did it themselves a minute after the report."""
    desk = Desk(case_id)
    told(desk, STAFF, a.Report(Place(GRID), Channel.PATROL, "030101"), START)
    return after(desk, (STAFF, a.SelfHandle(PHOTOS, AFTER)))


def drawn_and_done() -> Desk:
    return done(DRAWN)


def used(kind: ClockKind, unit: str, verdict: ClockVerdict = V.MET, minutes: int = 10) -> e.ClockStopped:
    return stops(kind, minutes, verdict, unit)


@pytest.mark.parametrize(
    ("made", "who", "action", "expected"),
    [
        (
            lambda: came_to(3),
            DISPATCHER,
            a.Dispatch(TEAM, (URBAN,), "close the lane first"),
            [
                e.Dispatched(AT, TEAM, (URBAN,), "close the lane first"),
                stops(C.DISPATCH, 8),
                handling(C.HANDLE, TEAM),
                signing(TEAM),
                handling(C.CO_HANDLE, URBAN),
                signing(URBAN),
            ],
        ),
        (
            dispatched,
            HANDLER,
            a.Acknowledge(),
            [e.Acknowledged(AT, TEAM, "li"), used(C.ACKNOWLEDGE, TEAM)],
        ),
        (
            at_work,
            CO_HANDLER,
            a.Acknowledge(),
            [e.Acknowledged(AT, URBAN, "he"), used(C.ACKNOWLEDGE, URBAN)],
        ),
        (at_work, HANDLER, a.Progress(Stage.EN_ROUTE), [e.Progressed(AT, TEAM, "li", Stage.EN_ROUTE)]),
        (at_work, HANDLER, a.Progress(Stage.HANDLING), [e.Progressed(AT, TEAM, "li", Stage.HANDLING)]),
        (
            lambda: after(dispatched(co=(URBAN,)), (CO_HANDLER, a.Acknowledge())),
            CO_HANDLER,
            a.Progress(Stage.ON_SCENE),
            [e.Progressed(AT, URBAN, "he", Stage.ON_SCENE)],
        ),
        (
            at_work,
            HANDLER,
            a.Return(ReturnReason.WRONG_CLASS, "it is a lamp"),
            [
                e.Returned(AT, TEAM, "li", ReturnReason.WRONG_CLASS, "it is a lamp"),
                e.ClockPaused(AT, C.HANDLE, PauseCause.RETURNED, 10 * MINUTE, TEAM),
                e.ClockPaused(AT, C.CO_HANDLE, PauseCause.RETURNED, 10 * MINUTE, URBAN),
                used(C.ACKNOWLEDGE, URBAN, V.WAIVED),
                starts(C.DISPATCH, "desk:0", 15),
            ],
        ),
        (
            both_at_work,
            CO_HANDLER,
            a.CoDone("sealed"),
            [e.CoDone(AT, URBAN, "he", "sealed"), used(C.CO_HANDLE, URBAN)],
        ),
        (
            at_work,
            HANDLER,
            a.Handle("replaced", PHOTOS, (Waiver(URBAN, "away"),)),
            [
                e.Handled(AT, TEAM, "li", "replaced", PHOTOS, (Waiver(URBAN, "away"),)),
                used(C.HANDLE, TEAM),
                used(C.CO_HANDLE, URBAN, V.WAIVED),
                used(C.ACKNOWLEDGE, URBAN, V.WAIVED),
                starts(C.SEND_CHECK, "desk:0", 30),
            ],
        ),
        (
            both_at_work,
            DISPATCHER,
            a.Reassign(POLICE, (TEAM,), "the road is theirs"),
            [
                e.Reassigned(AT, "dispatcher", POLICE, (TEAM,), "the road is theirs"),
                used(C.HANDLE, TEAM, V.REASSIGNED),
                used(C.CO_HANDLE, URBAN, V.REASSIGNED),
                handling(C.HANDLE, POLICE),
                signing(POLICE),
                handling(C.CO_HANDLE, TEAM),
            ],
        ),
        (
            at_work,
            DISPATCHER,
            a.Reassign(POLICE, (URBAN,)),
            [
                e.Reassigned(AT, "dispatcher", POLICE, (URBAN,)),
                used(C.HANDLE, TEAM, V.REASSIGNED),
                handling(C.HANDLE, POLICE),
                signing(POLICE),
            ],
        ),
        (
            lambda: after(came_to(7), (COLLECTOR, FAIL)),
            CO_HANDLER,
            a.CoReturn(ReturnReason.NOT_OURS),
            [e.CoReturned(AT, URBAN, "he", ReturnReason.NOT_OURS)],
        ),
        (
            at_work,
            CO_HANDLER,
            a.CoReturn(ReturnReason.OUTSIDE_OUR_AREA, "beyond the bridge"),
            [
                e.CoReturned(AT, URBAN, "he", ReturnReason.OUTSIDE_OUR_AREA, "beyond the bridge"),
                used(C.CO_HANDLE, URBAN, V.REASSIGNED),
                used(C.ACKNOWLEDGE, URBAN, V.WAIVED),
            ],
        ),
        (
            lambda: dispatched(co=(URBAN,)),
            CO_HANDLER,
            a.CoReturn(ReturnReason.NOT_OURS),
            [
                e.CoReturned(AT, URBAN, "he", ReturnReason.NOT_OURS),
                used(C.CO_HANDLE, URBAN, V.REASSIGNED),
                used(C.ACKNOWLEDGE, URBAN, V.WAIVED),
            ],
        ),
        (
            lambda: came_to(6),
            ACCEPTOR,
            a.SendCheck("chen"),
            [e.CheckSent(AT, "chen"), stops(C.SEND_CHECK, 5), starts(C.CHECK, "person:chen", 30)],
        ),
        (
            lambda: came_to(7),
            COLLECTOR,
            a.PassCheck(PHOTOS),
            [e.CheckPassed(AT, PHOTOS), stops(C.CHECK, 4), starts(C.CLOSE, "desk:0", 15)],
        ),
        (
            lambda: came_to(7),
            actor(Role.COLLECTOR, "chen", "grid-station"),
            a.PassCheck(),
            [e.CheckPassed(AT), stops(C.CHECK, 4), starts(C.CLOSE, "desk:0", 15)],
        ),
        (
            lambda: came_to(7),
            COLLECTOR,
            a.FailCheck(FailReason.BADLY_DONE, (URBAN,)),
            [
                e.CheckFailed(AT, FailReason.BADLY_DONE, (URBAN,)),
                stops(C.CHECK, 4),
                # two of the 240 minutes are used: 238 are left, and 190 until it is near
                e.ClockResumed(AT, C.HANDLE, TEAM, ms("2018-10-15T17:08"), ms("2018-10-15T16:20")),
                e.ClockResumed(AT, C.CO_HANDLE, URBAN, ms("2018-10-15T17:08"), ms("2018-10-15T16:20")),
            ],
        ),
        (
            lambda: after(drawn_and_done(), (HEAD, a.SendCheck("wu"))),
            actor(Role.COLLECTOR, "wu"),
            FAIL,
            [e.CheckFailed(AT, FailReason.NOT_DONE), stops(C.CHECK, 8), starts(C.DISPATCH, "desk:2", 15)],
        ),
        (
            lambda: done("case-1"),
            HEAD,
            a.SendCheck("wu"),
            [
                e.CheckSent(AT, "wu"),
                stops(C.CLOSE, 9, V.WAIVED),
                starts(C.CHECK, "person:wu", 30),
            ],
        ),
        (
            lambda: after(dispatched("01"), (HANDLER, a.Acknowledge())),
            HANDLER,
            a.Handle(),
            [e.Handled(AT, TEAM, "li"), used(C.HANDLE, TEAM), starts(C.SEND_CHECK, "desk:0", 30)],
        ),
        (
            lambda: came_to(8),
            SHIFT_HEAD,
            a.Close(text="well done"),
            [e.Closed(AT, CloseKind.NORMAL, "well done"), stops(C.CLOSE, 3)],
        ),
    ],
)
def test_at_work_and_until_it_is_closed(
    made: Made, who: Actor, action: a.CaseAction, expected: list[e.CaseEvent]
) -> None:
    assert told(made(), who, action) == expected


def test_an_urgent_party_signs_within_fifteen_minutes_day_and_night() -> None:
    desk = dispatched("01", at_ms=AT)
    assert starts(C.ACKNOWLEDGE, f"unit:{TEAM}", 15, TEAM) in desk.records[-1].events


def test_of_a_returned_case_the_same_unit_goes_on_and_every_other_clock_that_stood_ends() -> None:
    desk = after(at_work(), (HANDLER, a.Return(ReturnReason.NOT_OURS)))
    assert told(desk, DISPATCHER, a.Dispatch(TEAM, (POLICE,))) == [
        e.Dispatched(AT, TEAM, (POLICE,)),
        stops(C.DISPATCH, 8),
        used(C.CO_HANDLE, URBAN, V.REASSIGNED, 2),
        e.ClockResumed(AT, C.HANDLE, TEAM, ms("2018-10-15T17:08"), ms("2018-10-15T16:20")),
        signing(TEAM),
        handling(C.CO_HANDLE, POLICE),
        signing(POLICE),
    ]


@pytest.mark.parametrize(
    ("made", "who", "action", "expected"),
    [
        (
            lambda: came_to(3),
            DISPATCHER,
            a.Merge("case-2"),
            [
                e.Merged(AT, "case-2", "dispatcher"),
                e.ClockPaused(AT, C.DISPATCH, PauseCause.MERGED, 8 * MINUTE),
            ],
        ),
        (
            lambda: after(came_to(3), (DISPATCHER, a.Merge("case-2"))),
            ACCEPTOR,
            a.Unmerge("another cover"),
            [
                e.Unmerged(AT, "case-2", "acceptor", text="another cover"),
                e.ClockResumed(AT, C.DISPATCH, None, AT + 14 * MINUTE, AT + 11 * MINUTE),
            ],
        ),
        (
            lambda: after(came_to(3), (DISPATCHER, a.Merge("case-2"))),
            REACTOR,
            a.DropMerge("case-2", "wrong_state"),
            [
                e.Unmerged(AT, "case-2", reason="wrong_state"),
                e.ClockResumed(AT, C.DISPATCH, None, AT + 14 * MINUTE, AT + 11 * MINUTE),
            ],
        ),
        (dispatched, REACTOR, a.NoteMerge("case-2"), [e.MergeNoted(AT, "case-2")]),
        (
            lambda: after(dispatched(), (REACTOR, a.NoteMerge("case-2"))),
            REACTOR,
            a.NoteUnmerge("case-2"),
            [e.UnmergeNoted(AT, "case-2")],
        ),
        (
            closed,
            LEADER,
            a.Reopen(ReopenReason.COMPLAINT, "01", "it is gone again"),
            [
                e.Reopened(
                    AT, "leader", ReopenReason.COMPLAINT, "010101", "01", RULEBOOK, "2UH", True, "it is gone again"
                ),
                e.Proposed(AT, URBAN, By.OWNER),
                starts(C.DISPATCH, "desk:0", 15),
            ],
        ),
        (
            closed,
            actor(Role.ACCEPTOR, "wu"),
            a.Rate(2, "too late"),
            [e.Rated(AT, "wu", 2, called_back=True, text="too late")],
        ),
        (closed, ACCEPTOR, a.Rate(5), [e.Rated(AT, "acceptor", 5)]),
        (dispatched, HANDLER, a.Note("seen"), [e.Noted(AT, "li", "seen")]),
        (dispatched, HANDLER, a.Attach(PHOTOS), [e.Attached(AT, "li", PHOTOS)]),
        (
            dispatched,
            INSPECTOR,
            a.Supervise(SupervisionKind.LISTED, AT + SUSPENSION_MS_MAX, "the mayor asks"),
            [e.Supervised(AT, 1, "inspector", SupervisionKind.LISTED, AT + SUSPENSION_MS_MAX, "the mayor asks")],
        ),
        (
            lambda: after(dispatched(), (LEADER, a.Supervise(SupervisionKind.URGE, AT + 1))),
            LEADER,
            a.Supervise(SupervisionKind.URGE, AT + 1),
            [e.Supervised(AT, 2, "leader", SupervisionKind.URGE, AT + 1)],
        ),
        (
            lambda: after(dispatched(), (LEADER, a.Supervise(SupervisionKind.URGE, AT))),
            HANDLER,
            a.ReplySupervision(1, "on our way"),
            [e.SupervisionReplied(AT, 1, "li", "on our way")],
        ),
        (
            dispatched,
            DISPATCHER,
            a.Consult(Measure.JOINT_MEETING, (TEAM, URBAN), "whose cover is it?"),
            [e.Consulted(AT, 1, "dispatcher", Measure.JOINT_MEETING, (TEAM, URBAN), "whose cover is it?")],
        ),
        (
            lambda: after(dispatched(), (LEADER, a.Consult(Measure.SITE_VISIT, (TEAM, URBAN), "?"))),
            LEADER,
            a.Conclude(1, (Position(URBAN, Stance.DISAGREES),), "the team mends it"),
            [e.Concluded(AT, 1, "leader", (Position(URBAN, Stance.DISAGREES),), "the team mends it")],
        ),
        (
            dispatched,
            LEADER,
            a.Adjudicate(URBAN, AdjudicationReason.ASSET, "article 9"),
            [
                e.Adjudicated(
                    AT, "leader", URBAN, AdjudicationReason.ASSET, "article 9", GRID, "20261124-00-0001", "010101"
                )
            ],
        ),
        (
            lambda: reported().holding(first_contact="chen"),
            STAFF,
            a.HandOver("wu"),
            [e.HandOverOffered(AT, "chen", "wu")],
        ),
        (reported, CITIZEN, a.HandOver("wu"), [e.HandOverOffered(AT, "zhou", "wu")]),
        (reported, ACCEPTOR, a.HandOver("wu"), [e.HandOverOffered(AT, "acceptor", "wu")]),
        (
            lambda: after(reported(), (ACCEPTOR, a.HandOver("wu"))),
            actor(Role.ACCEPTOR, "wu"),
            a.TakeOver(),
            [e.TakenOver(AT, "wu")],
        ),
    ],
)
def test_alongside_and_after(made: Made, who: Actor, action: a.CaseAction, expected: list[e.CaseEvent]) -> None:
    assert told(made(), who, action) == expected


def test_an_appeal_is_asked_for_reviewed_and_decided_and_dies_open_with_the_round() -> None:
    desk = closed_late()
    ask = a.RequestAppeal(AppealReason.FORCE_MAJEURE, "the road was flooded")
    asked = e.AppealRequested(LATE, TEAM, "li", AppealReason.FORCE_MAJEURE, "the road was flooded")
    assert told(desk, HANDLER, ask, LATE) == [asked]
    again = closed_late()
    told(again, HANDLER, ask, LATE)
    assert told(again, LEADER, AGAIN, LATE)[0] == e.AppealDropped(LATE, DropCause.STATE_LEFT)
    review, uphold = a.ReviewAppeal(supported=True, text="so it is"), a.DecideAppeal(upheld=True, text="exempt")
    assert told(desk, INSPECTOR, review, LATE) == [e.AppealReviewed(LATE, "inspector", supported=True, text="so it is")]
    assert told(desk, LEADER, uphold, LATE) == [e.AppealDecided(LATE, "leader", upheld=True, text="exempt")]


def test_the_dispatcher_sees_an_alarm_and_puts_it_aside_for_a_week_at_most() -> None:
    desk = after(dispatched("01"), (HANDLER, a.Acknowledge()))
    at = START + 100 * MINUTE
    assert told(desk, DISPATCHER, a.ConfirmAlarm(), at)[-1] == e.AlarmConfirmed(at, "dispatcher")
    aside = a.ShelveAlarm(ShelveReason.KNOWN_FAULT, at + SHELVED_MS_MAX)
    assert told(desk, DISPATCHER, aside, at) == [
        e.AlarmShelved(at, "dispatcher", ShelveReason.KNOWN_FAULT, at + SHELVED_MS_MAX)
    ]
    tick = desk.act(REACTOR, a.Tick(), at + SHELVED_MS_MAX)
    assert not [one for one in tick.events if isinstance(one, e.AlarmUnshelved)], "the week is not over"


def other_standard(**changed: object) -> Rules:
    """The shipped city with these fields of its standard otherwise; what cases have pinned so far stays known."""
    made = contents()
    other = replace(made, standard=replace(made.standard, **changed))
    return replace(rules_of(other, pack(other)[0]), pinned={RULEBOOK: rules()})


def test_whether_who_found_it_may_check_it_is_a_setting_of_the_standard() -> None:
    no = Rejection(ReasonCode.DISCOVERER_MAY_NOT_CHECK, "handled", {"found": "chen"})
    for by, expected in ((rules(), None), (other_standard(discoverer_may_check=False), no)):
        desk = Desk(by=by)
        told(desk, STAFF, a.Report(Place(GRID), Channel.PATROL, "010101"), START)
        after(desk, (HEAD, a.Accept()), (HEAD, a.File(condition="02")), (HEAD, a.Dispatch(TEAM)))
        after(desk, (HANDLER, a.Acknowledge()), (HANDLER, a.Handle()))
        assert desk.act(HEAD, a.SendCheck("chen"), AT).rejection == expected
    assert told(desk, HEAD, a.SendCheck("wu"))[0] == e.CheckSent(AT, "wu"), "anybody else may"


def test_every_clock_counts_by_the_limits_and_the_working_days_of_the_standard() -> None:
    days = other_standard(stage_limits=dict.fromkeys(STAGES, "1WD"), wd_rule=WdRule.END_OF_DAY)
    desk = Desk(by=days)
    tomorrow = ms("2018-10-16T18:00")
    life = (
        (CITIZEN, a.Report(Place(GRID), Channel.WECHAT, "010101")),
        (ACCEPTOR, a.HandDown(HandDownReason.BY_ORDER)),
        (TOWNSHIP, a.Escalate(EscalationReason.MAJOR_MATTER)),
        (ACCEPTOR, a.RequestVerification("chen")),
        (COLLECTOR, a.GiveVerification(Finding.TRUE)),
        (ACCEPTOR, a.Accept()),
        (DISPATCHER, a.Merge("case-2")),
        (DISPATCHER, a.Unmerge()),
        (SHIFT_HEAD, a.File(condition="03")),
        (DISPATCHER, a.Dispatch(TEAM, (URBAN,))),
        (HANDLER, a.Return(ReturnReason.NOT_OURS)),
        (DISPATCHER, a.Dispatch(TEAM, (URBAN,))),
        (HANDLER, a.Acknowledge()),
        (HANDLER, a.Handle(without=(Waiver(URBAN, "away"),))),
        (ACCEPTOR, a.SendCheck("chen")),
        (COLLECTOR, FAIL),
        (HANDLER, a.Handle(without=(Waiver(URBAN, "away"),))),
        (ACCEPTOR, a.SendCheck("chen")),
        (COLLECTOR, a.PassCheck()),
        (SHIFT_HEAD, a.Close()),
        (LEADER, AGAIN),
    )
    for who, action in life:
        for event in told(desk, who, action):  # all at one instant: what goes on has lost nothing
            if isinstance(event, e.ClockStarted | e.ClockResumed):
                due = ms("2018-10-17T18:00") if event.clock in (C.HANDLE, C.CO_HANDLE) else tomorrow
                assert event.deadline_ms == due, (action, event)
    started = {one.clock for record in desk.records for one in record.events if isinstance(one, e.ClockStarted)}
    assert started == set(C), "each of them ran"


def test_a_stage_of_which_the_standard_says_nothing_has_the_usual_limit() -> None:
    desk = Desk(by=other_standard(stage_limits={}))
    assert told(desk, ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE))[-1] == starts(C.ACCEPT, "desk:0", 15)
    assert told(desk, ACCEPTOR, a.Accept())[-1] == starts(C.FILE, "desk:0", 15)


def test_a_limit_of_working_time_stands_still_outside_it_also_for_the_desk_that_sends_a_case_on() -> None:
    desk = Desk(by=other_standard(stage_limits=dict.fromkeys(STAGES, "8WH")))
    told(desk, ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"), ms("2018-10-15T11:30"))
    sent = told(desk, ACCEPTOR, a.HandDown(HandDownReason.BY_ORDER), ms("2018-10-15T14:10"))
    assert [one.used_ms for one in sent if isinstance(one, e.ClockStopped)] == [40 * MINUTE]
    asked = told(desk, TOWNSHIP, a.RequestVerification("chen"), ms("2018-10-16T08:10"))
    assert [one.used_ms for one in asked if isinstance(one, e.ClockPaused)] == [240 * MINUTE]


@pytest.mark.parametrize(
    ("made", "who", "action", "clock"),
    [
        (lambda: came_to(3), DISPATCHER, a.HandDown(HandDownReason.BY_ORDER), C.ACCEPT),
        (closed, LEADER, AGAIN, C.DISPATCH),
    ],
)
def test_what_begins_anew_is_held_to_the_standard_adopted_by_then(
    made: Made, who: Actor, action: a.CaseAction, clock: ClockKind
) -> None:
    desk = made()
    desk.rules = other_standard(stage_limits=dict.fromkeys(STAGES, "45UM"))
    assert starts(clock, f"desk:{case_of(desk).level + (clock is C.ACCEPT)}", 45) in told(desk, who, action)


def test_grid_staff_may_also_do_what_is_urgent() -> None:
    urgent = Condition("01", "缺失", "Missing", "1UH", urgent=True, simple=True)
    made = contents().standard.classes
    classes = tuple(replace(one, conditions=(urgent,)) if one.code == "030101" else one for one in made)
    desk = Desk(by=other_standard(classes=classes))
    told(desk, STAFF, a.Report(Place(GRID), Channel.PATROL, "030101"), START)
    said = told(desk, STAFF, a.SelfHandle(PHOTOS, AFTER))[0]
    assert isinstance(said, e.SelfHandled)
    assert (said.limit, said.urgent) == ("1UH", True)


@pytest.mark.parametrize(
    ("made", "more", "known"),
    [
        (lambda: reported(grid=GRID[:12]), Place(GRID), True),
        (lambda: reported(grid=GRID[:12]), Place(GRID[:12], 113.3, 34.5), True),
        (lambda: after(reported(), (CITIZEN, a.CompleteReport(HERE))), HERE, False),
        (lambda: after(reported(), (CITIZEN, a.CompleteReport(HERE))), Place(GRID), False),
        (lambda: reported(grid=GRID[:12]), Place(f"{GRID[:9]}002"), False),
    ],
)
def test_a_place_becomes_a_more_exact_one_under_the_one_that_is_known(made: Made, more: Place, known: bool) -> None:
    desk = made()
    assert (desk.act(CITIZEN, a.CompleteReport(more), AT).rejection is None) is known


def test_a_grid_that_has_ended_is_named_no_more() -> None:
    desk = reported(grid=GRID[:12])
    desk.rules = split_city(START + MINUTE)
    refused = desk.act(CITIZEN, a.CompleteReport(Place(GRID)), AT).rejection
    assert refused is not None
    assert (refused.code, refused.detail) == ("unknown_grid", {"found": GRID, "allowed": list(SUCCESSORS)})


def test_of_a_grid_that_ended_and_that_nothing_follows_the_level_is_still_known() -> None:
    made = contents()
    grids = tuple(replace(one, until_ms=START + MINUTE) if one.code == GRID else one for one in made.grids)
    gone = replace(made, grids=grids)
    desk = reported()
    desk.rules = replace(rules_of(gone, pack(gone)[0]), pinned={RULEBOOK: rules()})
    refused = desk.act(LEADER, a.Adjudicate(URBAN, AdjudicationReason.TERRITORY, "…"), AT).rejection
    assert refused is not None
    assert (refused.code, refused.detail) == ("unknown_grid", {"found": GRID})
    down = told(desk, ACCEPTOR, a.HandDown(HandDownReason.LOCAL_MATTER))
    assert down[0] == e.HandedDown(AT, 1, "acceptor", HandDownReason.LOCAL_MATTER)


@pytest.mark.parametrize(("later", "goes_on"), [(0, False), (1, True)])
def test_a_pause_that_ended_while_it_was_merged_ends_strictly_after_its_instant(later: int, goes_on: bool) -> None:
    desk = suspended()
    told(desk, DISPATCHER, a.Merge("case-2"), FESTIVAL - HOUR)
    at = FESTIVAL + later
    used = next(one.used_ms for one in case_of(desk).clocks if one.kind is C.HANDLE)
    ended = [e.Resumed(at), e.ClockResumed(at, C.HANDLE, TEAM, at + 5 * HOUR, at + 4 * HOUR * 4 // 5 - used)]
    expected = [e.Unmerged(at, "case-2", "dispatcher"), *(ended if goes_on else [])]
    assert told(desk, DISPATCHER, a.Unmerge(), at) == expected


@pytest.mark.parametrize(
    ("ask", "longest"),
    [
        (lambda due_ms: (LEADER, a.Supervise(SupervisionKind.URGE, due_ms)), SUSPENSION_MS_MAX),
        (lambda due_ms: (DISPATCHER, a.ShelveAlarm(ShelveReason.KNOWN_FAULT, due_ms)), SHELVED_MS_MAX),
    ],
)
def test_what_is_due_is_due_later_than_now_and_not_later_than_that(
    ask: Callable[[int], tuple[Actor, a.CaseAction]], longest: int
) -> None:
    at = START + 100 * MINUTE
    for due_ms in (at, at + longest + 1):
        refused = dispatched("01").act(*ask(due_ms), at).rejection
        assert refused is not None
        assert refused.detail == {"found": due_ms, "allowed": [str(at + 1), str(at + longest)]}
    for due_ms in (at + 1, at + longest):
        assert dispatched("01").act(*ask(due_ms), at).outcome is Outcome.ACCEPTED


def test_what_fell_due_is_told_in_the_order_of_its_instants() -> None:
    desk = dispatched("01")
    told(desk, LEADER, a.Supervise(SupervisionKind.URGE, START + 95 * MINUTE), START + 1)
    tick = desk.act(REACTOR, a.Tick(), START + 3 * HOUR)
    assert [event.at_ms for event in tick.events] == [START + minutes * MINUTE for minutes in (12, 15, 95, 96, 120)], (
        "the signature near and over, the reply, the handling near and over"
    )


def test_an_imported_case_has_its_number_too() -> None:
    report = a.Report(Place(GRID), Channel.HOTLINE, "010101")
    past = a.ImportCase(Source("old", "7"), report, START)
    told(desk := Desk(), actor(Role.IMPORTER), past)
    assert case_of(desk).number == "20261124-00-0001"
