"""Every refusal of an act says which rule it is, the state that was found, what was found and what would be allowed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from domain.case import actions as a
from domain.case.decision import Detail, ReasonCode, Refused, Rejection
from domain.case.frame import Rules
from domain.case.state import Supervision
from domain.case.values import (
    CONSULTATIONS_MAX,
    HAND_OVERS_MAX,
    LEVEL_MOVES_MAX,
    MERGED_MAX,
    NOTES_PER_CASE_MAX,
    OPEN_STATUSES,
    ROUNDS_MAX,
    SHELVINGS_MAX,
    SUPERVISIONS_MAX,
    VERIFICATIONS_MAX,
    Actor,
    AdjudicationReason,
    Channel,
    CloseKind,
    DeclineReason,
    FailReason,
    Photo,
    Place,
    Position,
    ReopenReason,
    ReturnReason,
    Role,
    ShelveReason,
    Stage,
    Stance,
    Status,
    SupervisionKind,
    Waiver,
)
from domain.standard.values import Condition
from eventlog.record import Outcome
from reference.contents import pack, rules_of
from tests.support.city import GRID, TEAM, TOWN, URBAN, actor, contents, ms, rules
from tests.support.desk import Desk
from tests.unit.test_case import (
    ACCEPTOR,
    CO_HANDLER,
    COLLECTOR,
    DISPATCHER,
    HANDLER,
    SECOND,
    SHIFT_HEAD,
    START,
    dispatched,
)
from tests.unit.test_case_alongside import CALL, OWNER, REPLY, alarming
from tests.unit.test_case_ending import came_to
from tests.unit.test_case_levels import DOWN, HEAD, TOWNSHIP, UP, called, patrolled
from tests.unit.test_case_merging import INTO, REACTOR
from tests.unit.test_case_recurrence import closed
from tests.unit.test_case_reopening import AGAIN, ASK, REVIEW, UPHOLD, closed_late
from tests.unit.test_case_self_handling import DONE, DRAWN, STAFF
from tests.unit.test_case_self_handling import reported as patrolled_litter
from tests.unit.test_case_verification import LOOK, reported, verifying

LEADER, INSPECTOR = actor(Role.LEADER), actor(Role.INSPECTOR)
AUDITOR, OFFICER = actor(Role.AUDITOR), actor(Role.HANDLER, "guo", "410183-police")
STRANGER = actor(Role.HANDLER, "x", "410183002-team")
CITY, TOWNSHIP_2 = "410183", "410183002"
PHOTOS = (Photo("0" * 64),)
OPEN = sorted(map(str, OPEN_STATUSES))
AT_WORK = ["dispatched", "handling"]
DESK = ["acceptor", "shift_head", "dispatcher"]
GRID_STAFF = ["collector", "grid_head"]
CLASSES = [one.code for one in contents().standard.classes]
SIMPLE = [f"{one.code}/{c.code}" for one in contents().standard.classes for c in one.conditions if c.simple]
REPORT = a.Report(Place(GRID), Channel.HOTLINE, "010101")
PASS, FAIL = a.PassCheck(), a.FailCheck(FailReason.NOT_DONE)
RETURN = a.Return(ReturnReason.NOT_OURS)
BACK = a.CoReturn(ReturnReason.NOT_OURS)
CONFIRM = a.ConfirmAlarm()
ORDERED = Supervision(1, "leader", SupervisionKind.URGE, START + 99)
Made = Callable[[], Desk]


def limits(condition: Condition) -> Rules:
    """The shipped city, in which that is the only condition of a manhole cover."""
    made = contents()
    classes = tuple(
        replace(one, conditions=(condition,)) if one.code == "010101" else one for one in made.standard.classes
    )
    changed = replace(made, standard=replace(made.standard, classes=classes))
    return replace(rules_of(changed, pack(changed)[0]), pinned={rules().book.version: rules()})


NO_LIMIT = limits(Condition("01", "丢失", "Missing", simple=True))
BAD_LIMIT = limits(Condition("01", "丢失", "Missing", "soon"))


def by(found: Rules, desk: Desk) -> Desk:
    """The same case once those rules were adopted."""
    desk.rules = found
    return desk


def at_work(co: tuple[str, ...] = (URBAN,)) -> Desk:
    """The lead is handling the case, a co-handler has not signed."""
    return dispatched(co=co).after((HANDLER, a.Acknowledge()))


def both_at_work() -> Desk:
    """The lead and the co-handler have signed."""
    return at_work().after((CO_HANDLER, a.Acknowledge()))


def answer(desk: Desk, who: Actor, action: a.CaseAction) -> Rejection:
    at_ms = desk.records[-1].at_ms + 1 if desk.records else START
    rejection = desk.act(who, action, at_ms).rejection
    assert rejection is not None, "it was not refused"
    return rejection


Row = tuple[Made, Actor, a.CaseAction, ReasonCode, str | None, Detail]

BEFORE_DISPATCH: list[Row] = [
    # a report
    (Desk, HANDLER, REPORT, ReasonCode.WRONG_ROLE, None, {
        "found": "handler", "allowed": ["acceptor", "collector", "grid_head", "inspector", "leader", "public"]}),
    (Desk, COLLECTOR, REPORT, ReasonCode.WRONG_ROLE, None, {"found": "hotline", "allowed": ["patrol"]}),
    (Desk, ACCEPTOR, a.Report(Place("4101839"), Channel.HOTLINE), ReasonCode.UNKNOWN_GRID, None, {"found": "4101839"}),
    (Desk, actor(Role.ACCEPTOR, scope=TOWNSHIP_2), REPORT, ReasonCode.OUT_OF_SCOPE, None, {
        "found": GRID, "allowed": [TOWNSHIP_2]}),
    (Desk, ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "9"), ReasonCode.UNKNOWN_CLASS, None, {
        "found": "9", "allowed": CLASSES}),
    (lambda: came_to(1), ACCEPTOR, REPORT, ReasonCode.ALREADY_REPORTED, "reported", {"found": "20261124-00-0001"}),
    (Desk, ACCEPTOR, a.Accept(), ReasonCode.UNKNOWN_CASE, None, {"found": "case-1"}),
    # whose desk
    (lambda: came_to(2), ACCEPTOR, a.Accept(), ReasonCode.WRONG_STATE, "accepted", {"allowed": ["reported"]}),
    (lambda: came_to(1), SHIFT_HEAD, a.Accept(), ReasonCode.WRONG_ROLE, "reported", {
        "found": "shift_head", "allowed": ["acceptor"], "level": 0}),
    (lambda: came_to(1), SHIFT_HEAD, a.Decline(DeclineReason.DUPLICATE), ReasonCode.WRONG_ROLE, "reported", {
        "found": "shift_head", "allowed": ["acceptor"], "level": 0}),
    (patrolled, ACCEPTOR, a.Accept(), ReasonCode.WRONG_ROLE, "reported", {
        "found": "acceptor", "allowed": ["grid_head"], "level": 2}),
    (lambda: came_to(1), TOWNSHIP, a.Accept(), ReasonCode.WRONG_LEVEL, "reported", {"found": 1, "level": 0}),
    (lambda: came_to(1), actor(Role.ACCEPTOR, scope=TOWNSHIP_2), a.Accept(), ReasonCode.OUT_OF_SCOPE, "reported", {
        "found": GRID, "allowed": [TOWNSHIP_2]}),
    # verification and what is filled in
    (lambda: reported().holding(verifications=VERIFICATIONS_MAX), ACCEPTOR, a.RequestVerification("chen"),
        ReasonCode.TOO_MANY_VERIFICATIONS, "reported", {"found": 5, "limit": 5}),
    (lambda: came_to(2), ACCEPTOR, a.RequestVerification("chen"), ReasonCode.WRONG_STATE, "accepted", {
        "allowed": ["reported", "verifying"]}),
    (verifying, actor(Role.ACCEPTOR, "chen"), LOOK, ReasonCode.WRONG_ROLE, "verifying", {
        "found": "acceptor", "allowed": GRID_STAFF}),
    (verifying, actor(Role.COLLECTOR, "wu"), LOOK, ReasonCode.NOT_THE_VERIFIER, "verifying", {"found": "wu"}),
    (lambda: came_to(3), ACCEPTOR, a.CompleteReport(photos=PHOTOS), ReasonCode.WRONG_STATE, "filed", {
        "allowed": ["reported", "verifying", "accepted"]}),
    (reported, SHIFT_HEAD, a.CompleteReport(photos=PHOTOS), ReasonCode.WRONG_ROLE, "reported", {
        "found": "shift_head", "allowed": ["acceptor"], "level": 0}),
    (reported, ACCEPTOR, a.CompleteReport(), ReasonCode.NOTHING_TO_COMPLETE, "reported", {
        "allowed": ["place", "case_class", "photos"]}),
    (lambda: reported().holding(notes=NOTES_PER_CASE_MAX), ACCEPTOR, a.CompleteReport(photos=PHOTOS),
        ReasonCode.TOO_MANY_NOTES, "reported", {"found": 500, "limit": 500}),
    (reported, ACCEPTOR, a.CompleteReport(case_class="010102"), ReasonCode.STATED_ALREADY, "reported", {
        "found": "010102", "allowed": ["010101"]}),
    (reported, ACCEPTOR, a.CompleteReport(Place(GRID[:12])), ReasonCode.STATED_ALREADY, "reported", {
        "found": GRID[:12], "allowed": [f"{GRID}…"]}),
    (reported, ACCEPTOR, a.CompleteReport(Place("4101839")), ReasonCode.UNKNOWN_GRID, "reported", {
        "found": "4101839"}),
    # levels
    (called, ACCEPTOR, UP, ReasonCode.NO_SUCH_LEVEL, "reported", {"found": -1, "allowed": ["0", "1", "2"]}),
    (patrolled, HEAD, DOWN, ReasonCode.NO_SUCH_LEVEL, "reported", {"found": 3, "allowed": ["0", "1", "2"]}),
    (lambda: called(TOWN).after((ACCEPTOR, DOWN)), TOWNSHIP, DOWN, ReasonCode.PLACE_TOO_COARSE, "reported", {
        "found": TOWN, "level": 2}),
    (called, ACCEPTOR, a.Take(), ReasonCode.NOT_SENT_HERE, "reported", {"found": 0}),
    (lambda: called().holding(path=(1,) * LEVEL_MOVES_MAX), ACCEPTOR, DOWN, ReasonCode.TOO_MANY_LEVEL_MOVES,
        "reported", {"found": 20, "limit": 20}),
    (lambda: dispatched().after((HANDLER, RETURN)), DISPATCHER, DOWN, ReasonCode.DISPATCHED_ALREADY, "filed", {}),
    (dispatched, DISPATCHER, UP, ReasonCode.WRONG_STATE, "dispatched", {"allowed": ["reported", "accepted", "filed"]}),
    (called, HANDLER, UP, ReasonCode.WRONG_ROLE, "reported", {"found": "handler", "allowed": DESK, "level": 0}),
    # filing
    (lambda: came_to(2), SHIFT_HEAD, a.File(condition="77"), ReasonCode.UNKNOWN_CONDITION, "accepted", {
        "found": "77", "allowed": ["01", "02", "03"]}),
    (lambda: reported(case_class=None).after((ACCEPTOR, a.Accept())), SHIFT_HEAD, a.File(),
        ReasonCode.UNKNOWN_CLASS, "accepted", {"found": None, "allowed": CLASSES}),
    (lambda: by(NO_LIMIT, came_to(2)), SHIFT_HEAD, a.File(), ReasonCode.NO_LIMIT, "accepted", {"found": "010101/01"}),
    (lambda: by(BAD_LIMIT, came_to(2)), SHIFT_HEAD, a.File(), ReasonCode.BAD_LIMIT, "accepted", {"found": "soon"}),
    # what grid staff do themselves
    (lambda: by(NO_LIMIT, patrolled()), STAFF, DONE, ReasonCode.NO_LIMIT, "reported", {"found": "010101/01"}),
    (patrolled, STAFF, DONE, ReasonCode.NOT_SIMPLE, "reported", {"found": "010101/01", "allowed": SIMPLE}),
    (patrolled_litter, actor(Role.ACCEPTOR), DONE, ReasonCode.WRONG_ROLE, "reported", {
        "found": "acceptor", "allowed": GRID_STAFF}),
    (patrolled_litter, STAFF, a.SelfHandle(PHOTOS, PHOTOS, condition="77"), ReasonCode.UNKNOWN_CONDITION, "reported", {
        "found": "77", "allowed": ["01"]}),
    (lambda: came_to(3), STAFF, DONE, ReasonCode.WRONG_STATE, "filed", {"allowed": ["reported", "accepted"]}),
]  # fmt: skip

AT_WORK_AND_AFTER: list[Row] = [
    # the parties
    (lambda: came_to(3), DISPATCHER, a.Dispatch("none"), ReasonCode.UNKNOWN_UNIT, "filed", {"found": "none"}),
    (lambda: came_to(3), DISPATCHER, a.Dispatch(f"{TOWNSHIP_2}-team"), ReasonCode.UNIT_OUT_OF_SCOPE, "filed", {
        "found": f"{TOWNSHIP_2}-team", "allowed": [TOWNSHIP_2]}),
    (lambda: came_to(3), DISPATCHER, a.Dispatch(TEAM, (URBAN, URBAN)), ReasonCode.UNIT_NAMED_TWICE, "filed", {
        "found": URBAN}),
    (dispatched, ACCEPTOR, a.Acknowledge(), ReasonCode.WRONG_ROLE, "dispatched", {
        "found": "acceptor", "allowed": ["handler"]}),
    (at_work, STRANGER, a.Acknowledge(), ReasonCode.NOT_A_PARTY, "handling", {
        "found": STRANGER.unit, "allowed": [TEAM, URBAN]}),
    (dispatched, actor(Role.HANDLER, "acceptor", TEAM), a.Acknowledge(), ReasonCode.DISCOVERER_MAY_NOT_HANDLE,
        "dispatched", {"found": "acceptor"}),
    (at_work, CO_HANDLER, a.Handle(), ReasonCode.NOT_A_PARTY, "handling", {"found": URBAN, "allowed": [TEAM]}),
    (at_work, DISPATCHER, a.Reassign(TEAM, ("none",)), ReasonCode.UNKNOWN_UNIT, "handling", {"found": "none"}),
    (closed, DISPATCHER, a.Reassign(URBAN), ReasonCode.WRONG_STATE, "closed", {"allowed": AT_WORK}),
    # how far they are
    (at_work, CO_HANDLER, a.Progress(Stage.EN_ROUTE), ReasonCode.NOT_ACKNOWLEDGED, "handling", {"found": URBAN}),
    (at_work, CO_HANDLER, a.CoDone(), ReasonCode.NOT_ACKNOWLEDGED, "handling", {"found": URBAN}),
    (lambda: at_work().after((HANDLER, a.Progress(Stage.ON_SCENE))), HANDLER, a.Progress(Stage.EN_ROUTE),
        ReasonCode.PROGRESS_ORDER, "handling", {"found": "en_route", "allowed": ["handling"]}),
    (lambda: both_at_work().after((CO_HANDLER, a.CoDone())), CO_HANDLER, a.Progress(Stage.HANDLING),
        ReasonCode.PROGRESS_ORDER, "handling", {"found": "handling", "allowed": []}),
    (closed, HANDLER, a.Progress(Stage.HANDLING), ReasonCode.WRONG_STATE, "closed", {"allowed": AT_WORK}),
    (closed, HANDLER, RETURN, ReasonCode.WRONG_STATE, "closed", {"allowed": AT_WORK}),
    (closed, HANDLER, a.Acknowledge(), ReasonCode.WRONG_STATE, "closed", {"allowed": AT_WORK}),
    (lambda: came_to(6), CO_HANDLER, BACK, ReasonCode.WRONG_STATE, "handled", {"allowed": AT_WORK}),
    (lambda: came_to(6), CO_HANDLER, a.CoDone(), ReasonCode.WRONG_STATE, "handled", {"allowed": AT_WORK}),
    (at_work, HANDLER, a.CoDone(), ReasonCode.NOT_A_PARTY, "handling", {"found": TEAM, "allowed": [URBAN]}),
    (at_work, HANDLER, BACK, ReasonCode.NOT_A_PARTY, "handling", {"found": TEAM, "allowed": [URBAN]}),
    (at_work, HANDLER, a.Handle(), ReasonCode.CO_HANDLER_OPEN, "handling", {"found": [URBAN]}),
    (at_work, HANDLER, a.Handle(without=(Waiver(URBAN, "away"), Waiver("b", "?"), Waiver("a", "?"))),
        ReasonCode.NOT_A_PARTY, "handling", {"found": ["a", "b"], "allowed": [URBAN]}),
    (dispatched, HANDLER, a.Handle(), ReasonCode.WRONG_STATE, "dispatched", {"allowed": ["handling"]}),
    # the check, and the usual end
    (lambda: came_to(6), ACCEPTOR, a.SendCheck("li"), ReasonCode.HANDLER_MAY_NOT_CHECK, "handled", {"found": "li"}),
    (lambda: came_to(7), actor(Role.ACCEPTOR, "chen"), PASS, ReasonCode.WRONG_ROLE, "checking", {
        "found": "acceptor", "allowed": GRID_STAFF}),
    (lambda: came_to(7), actor(Role.COLLECTOR, "wu"), PASS, ReasonCode.NOT_THE_CHECKER, "checking", {"found": "wu"}),
    (lambda: came_to(7), actor(Role.COLLECTOR, "chen", scope=TOWNSHIP_2), PASS, ReasonCode.OUT_OF_SCOPE, "checking", {
        "found": GRID, "allowed": [TOWNSHIP_2]}),
    (lambda: came_to(7), actor(Role.COLLECTOR, "chen", URBAN), PASS, ReasonCode.HANDLER_MAY_NOT_CHECK, "checking", {
        "found": URBAN}),
    (lambda: came_to(7).holding(handlers=("chen",)), COLLECTOR, PASS, ReasonCode.HANDLER_MAY_NOT_CHECK, "checking", {
        "found": "chen"}),
    (lambda: came_to(7), COLLECTOR, a.FailCheck(FailReason.NOT_DONE, ("a", URBAN, "b")), ReasonCode.NOT_A_PARTY,
        "checking", {"found": ["a", "b"], "allowed": [URBAN]}),
    (lambda: came_to(6), COLLECTOR, PASS, ReasonCode.WRONG_STATE, "handled", {"allowed": ["checking"]}),
    (lambda: came_to(7), SHIFT_HEAD, a.Close(), ReasonCode.WRONG_STATE, "checking", {"allowed": ["checked"]}),
    (lambda: patrolled_litter(DRAWN).after((STAFF, DONE)), HEAD, a.Close(), ReasonCode.DRAWN_FOR_CHECK, "handled", {}),
    (lambda: came_to(8), SHIFT_HEAD, a.Close(CloseKind.SPECIAL), ReasonCode.SPECIAL_WITHOUT_GROUNDS, "checked", {
        "allowed": ["text"]}),
    (lambda: came_to(8), SHIFT_HEAD, a.Close(CloseKind.OVERDUE), ReasonCode.WRONG_CLOSE_KIND, "checked", {
        "found": "overdue", "allowed": ["normal", "special"]}),
    # after closing
    (dispatched, LEADER, AGAIN, ReasonCode.WRONG_STATE, "dispatched", {"allowed": ["closed"]}),
    (lambda: closed().holding(rounds=(None,) * (ROUNDS_MAX - 1)), LEADER, AGAIN, ReasonCode.TOO_MANY_ROUNDS,
        "closed", {"found": 20, "limit": 20}),
    (lambda: by(NO_LIMIT, closed()), LEADER, a.Reopen(ReopenReason.AUDIT, "01"), ReasonCode.NO_LIMIT, "closed", {
        "found": "010101/01"}),
    (closed, SHIFT_HEAD, a.Rate(5), ReasonCode.WRONG_ROLE, "closed", {
        "found": "shift_head", "allowed": ["acceptor"], "level": 0}),
    (lambda: closed().after((ACCEPTOR, a.Rate(4))), ACCEPTOR, a.Rate(5), ReasonCode.RATED_ALREADY, "closed", {
        "found": 4}),
    (closed, HANDLER, ASK, ReasonCode.NOTHING_TO_APPEAL, "closed", {"found": "met"}),
    (lambda: closed_late().after((HANDLER, ASK)), SECOND, ASK, ReasonCode.APPEALED_ALREADY, "closed", {"found": "li"}),
    (closed_late, INSPECTOR, REVIEW, ReasonCode.NO_OPEN_APPEAL, "closed", {}),
    (lambda: closed_late().after((HANDLER, ASK)), LEADER, UPHOLD, ReasonCode.APPEAL_NOT_REVIEWED, "closed", {}),
    (lambda: closed_late().after((HANDLER, ASK)), LEADER, REVIEW, ReasonCode.WRONG_ROLE, "closed", {
        "found": "leader", "allowed": ["inspector"]}),
    (lambda: closed_late().after((HANDLER, ASK)), actor(Role.INSPECTOR, "li"), REVIEW, ReasonCode.DECIDES_OWN_REQUEST,
        "closed", {"found": "li"}),
]  # fmt: skip

ALONGSIDE: list[Row] = [
    # remarks
    (dispatched, AUDITOR, a.Note("x"), ReasonCode.WRONG_ROLE, "dispatched", {
        "found": "auditor",
        "allowed": ["acceptor", "collector", "dispatcher", "grid_head", "handler", "inspector", "leader", "public",
                    "shift_head"]}),
    (lambda: dispatched().holding(notes=NOTES_PER_CASE_MAX), HANDLER, a.Note("x"), ReasonCode.TOO_MANY_NOTES,
        "dispatched", {"found": 500, "limit": 500}),
    (closed, HANDLER, a.Attach(PHOTOS), ReasonCode.WRONG_STATE, "closed", {"allowed": OPEN}),
    # merging
    (dispatched, DISPATCHER, a.Merge("case-1"), ReasonCode.MERGES_INTO_ITSELF, "dispatched", {"found": "case-1"}),
    (lambda: dispatched().holding(merged=("case-2",)), DISPATCHER, INTO, ReasonCode.MERGE_CIRCLE, "dispatched", {
        "found": "case-2"}),
    (dispatched, DISPATCHER, a.Merge("case-2", Status.VOID), ReasonCode.MERGE_TARGET_ENDED, "dispatched", {
        "found": "void", "allowed": OPEN}),
    (lambda: came_to(6), DISPATCHER, INTO, ReasonCode.WRONG_STATE, "handled", {
        "allowed": ["reported", "verifying", "accepted", "filed", "dispatched", "handling", "suspended"]}),
    (dispatched, HANDLER, INTO, ReasonCode.WRONG_ROLE, "dispatched", {
        "found": "handler", "allowed": ["acceptor", "dispatcher"], "level": 0}),
    (lambda: dispatched().holding(merged=("m",) * MERGED_MAX), REACTOR, a.NoteMerge("x"), ReasonCode.TOO_MANY_MERGED,
        "dispatched", {"found": 100, "limit": 100}),
    (dispatched, DISPATCHER, a.NoteMerge("x"), ReasonCode.WRONG_ROLE, "dispatched", {
        "found": "dispatcher", "allowed": ["system"]}),
    (dispatched, LEADER, a.Tick(), ReasonCode.WRONG_ROLE, "dispatched", {"found": "leader", "allowed": ["system"]}),
    # supervision and consultation
    (lambda: dispatched().holding(supervisions=(ORDERED,) * SUPERVISIONS_MAX), LEADER,
        a.Supervise(SupervisionKind.URGE, START + 9), ReasonCode.TOO_MANY_SUPERVISIONS, "dispatched", {
        "found": 50, "limit": 50}),
    (dispatched, DISPATCHER, a.Supervise(SupervisionKind.URGE, START + 9), ReasonCode.WRONG_ROLE, "dispatched", {
        "found": "dispatcher", "allowed": ["leader", "inspector"]}),
    (lambda: dispatched().after((LEADER, a.Supervise(SupervisionKind.URGE, START + 9))), HANDLER,
        a.ReplySupervision(2, "?"), ReasonCode.NO_SUCH_SUPERVISION, "dispatched", {"found": 2, "allowed": ["1"]}),
    (lambda: dispatched().holding(consultations=(None,) * CONSULTATIONS_MAX), LEADER, CALL,
        ReasonCode.TOO_MANY_CONSULTATIONS, "dispatched", {"found": 20, "limit": 20}),
    (dispatched, HANDLER, CALL, ReasonCode.WRONG_ROLE, "dispatched", {"found": "handler", "allowed": DESK, "level": 0}),
    (lambda: dispatched().after((LEADER, CALL)), LEADER, a.Conclude(2, (), "no"), ReasonCode.NO_SUCH_CONSULTATION,
        "dispatched", {"found": 2, "allowed": ["1"]}),
    (lambda: dispatched().after((LEADER, CALL)), LEADER, a.Conclude(1, (Position("x", Stance.AGREES),), "no"),
        ReasonCode.NOT_A_PARTY, "dispatched", {"found": ["x"], "allowed": [TEAM, URBAN]}),
    (lambda: dispatched().after((LEADER, CALL)), LEADER,
        a.Conclude(1, tuple(Position(unit, Stance.AGREES) for unit in (TEAM, URBAN, URBAN)), "no"),
        ReasonCode.UNIT_NAMED_TWICE, "dispatched", {"found": URBAN}),
    (dispatched, LEADER, a.Adjudicate(URBAN, AdjudicationReason.LAW, "?", TOWNSHIP_2), ReasonCode.NOT_THE_PLACE,
        "dispatched", {"found": TOWNSHIP_2, "allowed": [GRID]}),
    (dispatched, actor(Role.LEADER, scope=TOWN), a.Adjudicate(URBAN, AdjudicationReason.LAW, "?", CITY),
        ReasonCode.OUT_OF_SCOPE, "dispatched", {"found": CITY, "allowed": [TOWN]}),
    (dispatched, DISPATCHER, OWNER, ReasonCode.WRONG_ROLE, "dispatched", {
        "found": "dispatcher", "allowed": ["leader"]}),
    # first contact
    (dispatched, SHIFT_HEAD, a.HandOver("wu"), ReasonCode.WRONG_ROLE, "dispatched", {
        "found": "shift_head", "allowed": ["acceptor"], "level": 0}),
    (lambda: dispatched().holding(first_contact="wu"), ACCEPTOR, a.HandOver("qi"), ReasonCode.NOT_FIRST_CONTACT,
        "dispatched", {"found": "acceptor"}),
    (lambda: dispatched().holding(hand_overs=HAND_OVERS_MAX), ACCEPTOR, a.HandOver("qi"),
        ReasonCode.TOO_MANY_HAND_OVERS, "dispatched", {"found": 20, "limit": 20}),
    (dispatched, ACCEPTOR, a.TakeOver(), ReasonCode.NOTHING_OFFERED, "dispatched", {"found": "acceptor"}),
    (lambda: dispatched().holding(offered_to="wu"), ACCEPTOR, a.TakeOver(), ReasonCode.NOT_OFFERED_TO, "dispatched", {
        "found": "acceptor"}),
    # alarms
    (dispatched, DISPATCHER, CONFIRM, ReasonCode.NO_ALARM, "dispatched", {}),
    (lambda: alarming().holding(shelvings=SHELVINGS_MAX), DISPATCHER,
        a.ShelveAlarm(ShelveReason.KNOWN_FAULT, START + 100 * 60_000 + 9), ReasonCode.TOO_MANY_SHELVINGS, "handling", {
        "found": 50, "limit": 50}),
    (alarming, HANDLER, CONFIRM, ReasonCode.WRONG_ROLE, "handling", {
        "found": "handler", "allowed": ["dispatcher"], "level": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("made", "who", "action", "code", "state", "detail"), BEFORE_DISPATCH)
def test_before_dispatch(
    made: Made, who: Actor, action: a.CaseAction, code: ReasonCode, state: str | None, detail: Detail
) -> None:
    assert answer(made(), who, action) == Rejection(code, state, detail)


@pytest.mark.parametrize(("made", "who", "action", "code", "state", "detail"), AT_WORK_AND_AFTER)
def test_at_work_and_after(
    made: Made, who: Actor, action: a.CaseAction, code: ReasonCode, state: str | None, detail: Detail
) -> None:
    assert answer(made(), who, action) == Rejection(code, state, detail)


@pytest.mark.parametrize(("made", "who", "action", "code", "state", "detail"), ALONGSIDE)
def test_alongside(
    made: Made, who: Actor, action: a.CaseAction, code: ReasonCode, state: str | None, detail: Detail
) -> None:
    assert answer(made(), who, action) == Rejection(code, state, detail)


@pytest.mark.parametrize(
    ("made", "who", "action", "detail"),
    [
        (at_work, SECOND, a.Acknowledge(), {"unit": TEAM, "first_by": "li", "first_at_ms": START + 1}),
        (
            lambda: at_work().after((HANDLER, a.Progress(Stage.ON_SCENE))),
            HANDLER,
            a.Progress(Stage.ON_SCENE),
            {"unit": TEAM, "stage": "on_scene"},
        ),
        (lambda: both_at_work().after((CO_HANDLER, a.CoDone())), CO_HANDLER, a.CoDone(), {"unit": URBAN}),
        (lambda: both_at_work().after((CO_HANDLER, a.CoDone())), CO_HANDLER, BACK, {"unit": URBAN}),
        (at_work, DISPATCHER, a.Reassign(TEAM, (URBAN,)), {"lead": TEAM, "co_handlers": [URBAN]}),
        (lambda: called().after((ACCEPTOR, DOWN), (TOWNSHIP, a.Take())), TOWNSHIP, a.Take(), {"level": 1}),
        (lambda: dispatched().after((DISPATCHER, INTO)), DISPATCHER, INTO, {"into": "case-2"}),
        (lambda: dispatched().holding(merged=("case-2",)), REACTOR, a.NoteMerge("case-2"), {"by": "case-2"}),
        (dispatched, REACTOR, a.NoteUnmerge("case-2"), {"by": "case-2"}),
        (dispatched, REACTOR, a.DropMerge("case-2", "wrong_state"), {"into": "case-2"}),
        (
            lambda: closed_late().after((HANDLER, ASK), (INSPECTOR, REVIEW)),
            actor(Role.INSPECTOR, "zhao"),
            REVIEW,
            {"reviewer": "inspector"},
        ),
        (
            lambda: dispatched().after((LEADER, a.Supervise(SupervisionKind.URGE, START + 99)), (HANDLER, REPLY)),
            HANDLER,
            REPLY,
            {"number": 1},
        ),
        (
            lambda: dispatched().after((LEADER, CALL), (LEADER, a.Conclude(1, (), "so"))),
            LEADER,
            a.Conclude(1, (), "so"),
            {"number": 1},
        ),
        (dispatched, ACCEPTOR, a.HandOver("acceptor"), {"first_contact": "acceptor"}),
        (
            lambda: dispatched().holding(first_contact="acceptor"),
            ACCEPTOR,
            a.HandOver("acceptor"),
            {"first_contact": "acceptor"},
        ),
        (lambda: dispatched().holding(offered_to="wu"), ACCEPTOR, a.HandOver("wu"), {"offered_to": "wu"}),
        (
            lambda: alarming().holding(shelved_until_ms=START + 9_000_000),
            DISPATCHER,
            a.ShelveAlarm(ShelveReason.KNOWN_FAULT, START + 9_000_001),
            {"until_ms": START + 9_000_000},
        ),
        (lambda: alarming().after((DISPATCHER, CONFIRM)), DISPATCHER, CONFIRM, {}),
    ],
)
def test_what_is_so_already_says_what_and_since_whom(
    made: Made, who: Actor, action: a.CaseAction, detail: Detail
) -> None:
    desk = made()
    record = desk.act(who, action, desk.records[-1].at_ms + 1)
    assert (record.outcome, record.detail, record.events) == (Outcome.UNCHANGED, detail, ())


def test_what_fell_due_is_told_also_with_what_is_so_already_or_cannot_be_counted() -> None:
    desk = at_work()
    late = desk.act(SECOND, a.Acknowledge(), START + 86_400_000)
    assert late.outcome is Outcome.UNCHANGED
    assert len(late.events) == 6, "near and over: of the co-handler's signature, of the lead's clock and of its own"
    filed = came_to(3)
    beyond = filed.act(DISPATCHER, a.Dispatch(TEAM), ms("2079-12-31T17:59"))
    assert [type(event).__name__ for event in beyond.events] == ["ClockNear", "ClockOverdue"]
    assert beyond.rejection is not None
    assert (beyond.rejection.code, beyond.rejection.state) == (ReasonCode.OUTSIDE_CALENDAR, "filed")
    assert "1990–2079" in str(beyond.rejection.detail["found"])


@pytest.mark.parametrize(("made", "version"), [(Desk, 0), (lambda: came_to(1), 2)])
def test_whoever_expects_another_version_of_the_case_than_there_is_learns_which_there_is(
    made: Made, version: int
) -> None:
    desk = made()
    action = a.Accept() if desk.records else REPORT
    for other in (version - 1, version + 1):
        refused = desk.act(ACCEPTOR, action, START, expected_version=other).rejection
        state = "reported" if desk.file.case else None
        assert refused == Rejection(ReasonCode.VERSION_CONFLICT, state, {"found": version, "expected": other})
    assert desk.act(ACCEPTOR, action, START, expected_version=version).outcome is Outcome.ACCEPTED


def test_a_refusal_that_nobody_catches_says_its_code() -> None:
    assert str(Refused(ReasonCode.NO_ALARM)) == "no_alarm"
