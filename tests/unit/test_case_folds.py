"""What each event changes in a case, and that it changes nothing else."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from domain.case import events as e
from domain.case.evolve import evolve
from domain.case.state import (
    Appeal,
    Case,
    Clock,
    Consultation,
    ExtensionRequest,
    Party,
    Rating,
    Round,
    Signature,
    Supervision,
    SuspensionRequest,
)
from domain.case.values import (
    AdjudicationReason,
    AppealReason,
    Channel,
    ClockKind,
    ClockVerdict,
    CloseKind,
    DeclineReason,
    DropCause,
    EscalationReason,
    ExtensionReason,
    FailReason,
    FilingRefusal,
    Finding,
    ForceReason,
    HandDownReason,
    Measure,
    PauseCause,
    Photo,
    Place,
    ReopenReason,
    ReturnReason,
    ShelveReason,
    Source,
    Stage,
    Status,
    SupervisionKind,
    SuspensionReason,
    VoidReason,
)
from domain.routing.route import By, Reason
from tests.support.city import GRID, SUCCESSORS, TEAM, URBAN

POLICE = "410183-police"
AT = 100
LEAD = Party(TEAM, Signature("li", 3), Stage.EN_ROUTE)
DONE, UNSIGNED = Party(URBAN, Signature("he", 4), Stage.ON_SCENE, done=True), Party(POLICE)
OVERDUE = Clock(
    kind=ClockKind.HANDLE,
    holder=f"unit:{TEAM}",
    started_ms=1,
    since_ms=2,
    stopped_ms=3,
    unit=TEAM,
    limit="4WH",
    deadline_ms=50,
    near_ms=40,
    used_ms=5,
    extended_ms=6,
    running=True,
    paused=True,
    cause=PauseCause.RETURNED,
    near=True,
    overdue=True,
    verdict=ClockVerdict.MISSED,
)
OTHERS = (
    Clock(ClockKind.CO_HANDLE, f"unit:{TEAM}", 1, 2, unit=TEAM),
    Clock(ClockKind.HANDLE, f"unit:{URBAN}", 1, 2, unit=URBAN),
)
FULL = Case(
    status=Status.DISPATCHED,
    version=40,
    number="20181015-00-0001",
    level=1,
    channel=Channel.PATROL,
    place=Place(GRID, 113.3, 34.5),
    discoverer="zhou",
    opened_ms=1,
    path=(2,),
    taken=True,
    placed_ms=2,
    place_incomplete=True,
    discoverer_unit="grid-station",
    case_class="010101",
    verifier="chen",
    finding=Finding.FALSE,
    verifications=1,
    condition="02",
    limit="4WH",
    urgent=True,
    rulebook="before",
    proposed=POLICE,
    unclear=True,
    not_admitted=True,
    lead=LEAD,
    co_handlers=(DONE, UNSIGNED),
    handlers=("li",),
    units=(TEAM, URBAN, POLICE),
    returned_from=URBAN,
    extension=ExtensionRequest("li", "2WH"),
    extensions=1,
    extension_requests=2,
    suspension=SuspensionRequest("li", 9_000),
    suspensions=3,
    suspension_requests=4,
    suspended_until_ms=8_000,
    returns=5,
    co_returned=("410183-railway",),
    collector="wu",
    rework=6,
    notes=7,
    recurs="case-2",
    recurred_by=("case-3",),
    source=Source("old", "7"),
    ended_ms=90,
    kind=CloseKind.OVERDUE,
    merged_into="case-4",
    merged_from=Status.FILED,
    merged=("case-5", "case-6"),
    rounds=(Round(1, 60),),
    round_ms=70,
    self_handled=True,
    drawn=True,
    rating=Rating("zhou", 2),
    appeal=Appeal(TEAM, "li", "wang", supported=True),
    exempt=True,
    supervisions=(
        Supervision(1, "leader", SupervisionKind.URGE, AT - 1),
        Supervision(2, "leader", SupervisionKind.ORDER, AT),
        Supervision(3, "leader", SupervisionKind.LISTED, 10, replied=True),
    ),
    consultations=(Consultation(1, (TEAM,)), Consultation(2, (URBAN,))),
    first_contact="sun",
    offered_to="qi",
    hand_overs=8,
    alarm_confirmed=True,
    shelved_until_ms=AT,
    shelvings=9,
    unhandled=True,
    clocks=(OVERDUE, *OTHERS),
)
"""No real case: every field says something, so that what an event leaves alone and what it clears are both seen."""
OWN = replace(FULL, lead=None, co_handlers=())
"""The same one without parties, as grid staff's own work is."""
FIRST, SECOND, THIRD = FULL.supervisions
CO_SIGNED = replace(UNSIGNED, signed=Signature("guo", AT))
UNFILED = {"condition": None, "limit": None, "urgent": False, "rulebook": None, "proposed": None, "unclear": False}
ANEW = {
    "status": Status.FILED,
    "condition": "03",
    "case_class": "020101",
    "limit": "1WD",
    "urgent": False,
    "rulebook": "now",
    "offered_to": None,
    "shelved_until_ms": None,
    "suspended_until_ms": None,
    "rounds": (Round(1, 60), Round(70, 90)),
    "round_ms": AT,
    "ended_ms": None,
    "kind": None,
    "lead": None,
    "co_handlers": (),
    "returned_from": None,
    "co_returned": (),
    "collector": None,
    "extensions": 0,
    "extension_requests": 0,
    "unhandled": False,
    "self_handled": False,
    "drawn": False,
    "rating": None,
    "appeal": None,
    "exempt": False,
    "alarm_confirmed": False,
    "clocks": (),
    "supervisions": (replace(FIRST, lapsed=True), replace(SECOND, lapsed=True), THIRD),
}
"""What a new round makes of all that: what people owe, ask for and say belongs to the round that is over."""
PHOTOS = (Photo("0" * 64),)
Changes = dict[str, object]


def changes(case: Case, event: e.CaseEvent) -> Changes:
    """The fields that are other ones after the event; the version is one more each time."""
    after = evolve(case, event)
    assert after.version == case.version + 1
    return {
        name: getattr(after, name)
        for name in Case.__struct_fields__
        if name != "version" and getattr(after, name) != getattr(case, name)
    }


def test_every_field_of_the_full_case_says_something() -> None:
    silent = [field.name for field in msgspec.structs.fields(Case) if getattr(FULL, field.name) == field.default]
    assert silent == []


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (e.Accepted(AT), {"status": Status.ACCEPTED}),
        (e.Imported(AT, Source("new", "8"), AT), {"source": Source("new", "8")}),
        (e.Declined(AT, DeclineReason.DUPLICATE), {"status": Status.DECLINED, "ended_ms": AT}),
        (e.FilingRefused(AT, "wang", FilingRefusal.DUPLICATE), {"status": Status.NOT_FILED, "ended_ms": AT}),
        (
            e.VerificationRequested(AT, "lu", "sun"),
            {"status": Status.VERIFYING, "verifier": "sun", "verifications": 2},
        ),
        (
            e.VerificationGiven(AT, "sun", Finding.TRUE),
            {"status": Status.REPORTED, "verifier": None, "finding": Finding.TRUE},
        ),
        (e.Completed(AT, "zhou", photos=PHOTOS), {"notes": 8}),
        (e.Completed(AT, "zhou", case_class="020101"), {"notes": 8, "case_class": "020101"}),
        (
            e.Completed(AT, "zhou", Place(GRID)),
            {"notes": 8, "place": Place(GRID), "placed_ms": AT, "place_incomplete": False},
        ),
        (
            e.Escalated(AT, 0, "lu", EscalationReason.MAJOR_MATTER),
            {**UNFILED, "status": Status.REPORTED, "level": 0, "path": (2, 1), "taken": False},
        ),
        (
            e.HandedDown(AT, 2, "lu", HandDownReason.BY_ORDER),
            {**UNFILED, "status": Status.REPORTED, "level": 2, "path": (2, 1), "taken": False},
        ),
        (
            e.Filed(AT, "020101", "03", "now", "1WD"),
            {
                "status": Status.FILED,
                "case_class": "020101",
                "condition": "03",
                "limit": "1WD",
                "urgent": False,
                "rulebook": "now",
                "not_admitted": False,
            },
        ),
        (e.Proposed(AT, URBAN, By.OWNER), {"proposed": URBAN, "unclear": False}),
        (
            e.Rehomed(AT, GRID, SUCCESSORS[0]),
            {"place": Place(SUCCESSORS[0], 113.3, 34.5), "placed_ms": AT, "place_incomplete": False},
        ),
        (
            e.Dispatched(AT, URBAN, ("410183-fire",)),
            {
                "lead": Party(URBAN),
                "co_handlers": (Party("410183-fire"),),
                "returned_from": None,
                "units": (TEAM, URBAN, POLICE, "410183-fire"),
                "co_returned": (),
                "unclear": False,
            },
        ),
        (
            e.Acknowledged(AT, TEAM, "wu"),
            {
                "status": Status.HANDLING,
                "lead": replace(LEAD, signed=Signature("wu", AT)),
                "handlers": ("li", "wu"),
            },
        ),
        (e.Acknowledged(AT, POLICE, "guo"), {"co_handlers": (DONE, CO_SIGNED), "handlers": ("li", "guo")}),
        (e.Progressed(AT, TEAM, "li", Stage.HANDLING), {"lead": replace(LEAD, stage=Stage.HANDLING)}),
        (
            e.Progressed(AT, URBAN, "guo", Stage.HANDLING),
            {"co_handlers": (replace(DONE, stage=Stage.HANDLING), UNSIGNED), "handlers": ("li", "guo")},
        ),
        (e.CoDone(AT, POLICE, "li"), {"co_handlers": (DONE, replace(UNSIGNED, done=True))}),
        (e.Handled(AT, TEAM, "wu"), {"status": Status.HANDLED, "handlers": ("li", "wu")}),
        (
            e.Returned(AT, TEAM, "wu", ReturnReason.NOT_OURS),
            {
                "status": Status.FILED,
                "lead": None,
                "co_handlers": (),
                "returned_from": TEAM,
                "returns": 6,
                "handlers": ("li", "wu"),
            },
        ),
        (
            e.Reassigned(AT, "wang", TEAM, (POLICE, "410183-fire")),
            {
                "co_handlers": (UNSIGNED, Party("410183-fire")),
                "co_returned": (),
                "units": (TEAM, URBAN, POLICE, "410183-fire"),
            },
        ),
        (
            e.Reassigned(AT, "wang", URBAN, (TEAM,)),
            {
                "status": Status.HANDLING,
                "lead": replace(DONE, done=False),
                "co_handlers": (LEAD,),
                "co_returned": (),
            },
        ),
        (
            e.Reassigned(AT, "wang", POLICE),
            {"lead": UNSIGNED, "co_handlers": (), "co_returned": ()},
        ),
        (
            e.CoReturned(AT, URBAN, "he", ReturnReason.NOT_OURS),
            {"co_handlers": (UNSIGNED,), "co_returned": ("410183-railway", URBAN), "handlers": ("li", "he")},
        ),
        (
            e.ExtensionRequested(AT, TEAM, "wu", ExtensionReason.WEATHER, "1WH"),
            {"extension": ExtensionRequest("wu", "1WH"), "extension_requests": 3, "handlers": ("li", "wu")},
        ),
        (e.ExtensionDecided(AT, "wang", granted=True), {"extension": None, "extensions": 2}),
        (e.ExtensionDecided(AT, "wang", granted=False), {"extension": None}),
        (e.ExtensionDropped(AT, DropCause.OVERDUE), {"extension": None}),
        (
            e.SuspensionRequested(AT, TEAM, "wu", SuspensionReason.FUNDS, 7_000),
            {"suspension": SuspensionRequest("wu", 7_000), "suspension_requests": 5, "handlers": ("li", "wu")},
        ),
        (e.SuspensionDecided(AT, "wang", granted=True), {"suspension": None, "suspensions": 4}),
        (e.SuspensionDecided(AT, "wang", granted=False), {"suspension": None}),
        (e.SuspensionDropped(AT, DropCause.EXPIRED), {"suspension": None}),
        (e.Suspended(AT, 9_500), {"status": Status.SUSPENDED, "suspended_until_ms": 9_500}),
        (e.Resumed(AT), {"status": Status.HANDLING, "suspended_until_ms": None}),
        (e.CheckSent(AT, "sun"), {"status": Status.CHECKING, "collector": "sun"}),
        (e.CheckPassed(AT), {"status": Status.CHECKED}),
        (
            e.CheckFailed(AT, FailReason.NOT_DONE, (URBAN,)),
            {"status": Status.HANDLING, "rework": 7, "co_handlers": (replace(DONE, done=False), UNSIGNED)},
        ),
        (e.CheckFailed(AT, FailReason.NOT_DONE, (POLICE,)), {"status": Status.HANDLING, "rework": 7}),
        (e.Closed(AT, CloseKind.NORMAL), {"status": Status.CLOSED, "ended_ms": AT, "kind": CloseKind.NORMAL}),
        (
            e.ForceClosed(AT, "wang", ForceReason.IN_COURT, "7"),
            {"status": Status.CLOSED, "ended_ms": AT, "kind": CloseKind.FORCED},
        ),
        (e.Voided(AT, "wang", VoidReason.TRIAL), {"status": Status.VOID, "ended_ms": AT}),
        (e.Reopened(AT, "wang", ReopenReason.AUDIT, "020101", "03", "now", "1WD"), ANEW),
        (e.Rated(AT, "lu", 5), {"rating": Rating("lu", 5)}),
        (e.AppealRequested(AT, URBAN, "he", AppealReason.WRONG_LIMIT), {"appeal": Appeal(URBAN, "he")}),
        (
            e.AppealReviewed(AT, "zhao", supported=False, text="no"),
            {"appeal": Appeal(TEAM, "li", "zhao", supported=False)},
        ),
        (
            e.AppealDecided(AT, "zhao", upheld=False, text="no"),
            {"appeal": Appeal(TEAM, "li", "wang", supported=True, upheld=False), "exempt": False},
        ),
        (e.AppealDropped(AT, DropCause.STATE_LEFT), {"appeal": None}),
        (
            e.Merged(AT, "case-7", "lu"),
            {"status": Status.MERGED, "merged_into": "case-7", "merged_from": Status.DISPATCHED, "ended_ms": AT},
        ),
        (
            e.Unmerged(AT, "case-4", "lu"),
            {
                "status": Status.FILED,
                "merged_into": None,
                "merged_from": None,
                "ended_ms": None,
                "supervisions": (replace(FIRST, lapsed=True), SECOND, THIRD),
            },
        ),
        (
            e.Unmerged(AT + 1, "case-4", "lu"),
            {
                "status": Status.FILED,
                "merged_into": None,
                "merged_from": None,
                "ended_ms": None,
                "supervisions": (replace(FIRST, lapsed=True), replace(SECOND, lapsed=True), THIRD),
                "shelved_until_ms": None,
            },
        ),
        (e.MergeNoted(AT, "case-7"), {"merged": ("case-5", "case-6", "case-7")}),
        (e.UnmergeNoted(AT, "case-5"), {"merged": ("case-6",)}),
        (e.Recurs(AT, "case-7", "lu"), {"recurs": "case-7"}),
        (e.RecurrenceDropped(AT, "case-2", "wrong_state"), {"recurs": None}),
        (e.RecurrenceNoted(AT, "case-7"), {"recurred_by": ("case-3", "case-7")}),
        (e.Noted(AT, "li", "seen"), {"notes": 8}),
        (e.Attached(AT, "li", PHOTOS), {"notes": 8}),
        (
            e.Supervised(AT, 4, "wang", SupervisionKind.ORDER, 500),
            {"supervisions": (FIRST, SECOND, THIRD, Supervision(4, "wang", SupervisionKind.ORDER, 500))},
        ),
        (e.SupervisionReplied(AT, 1, "li", "done"), {"supervisions": (replace(FIRST, replied=True), SECOND, THIRD)}),
        (e.SupervisionOverdue(AT, 2), {"supervisions": (FIRST, replace(SECOND, overdue=True), THIRD)}),
        (
            e.Consulted(AT, 3, "wang", Measure.SITE_VISIT, (TEAM, URBAN), "?"),
            {"consultations": (*FULL.consultations, Consultation(3, (TEAM, URBAN)))},
        ),
        (
            e.Concluded(AT, 2, "wang", (), "!"),
            {"consultations": (FULL.consultations[0], Consultation(2, (URBAN,), concluded=True))},
        ),
        (
            e.Adjudicated(AT, "wang", URBAN, AdjudicationReason.LAW, "!", GRID, "n"),
            {"proposed": URBAN, "unclear": False},
        ),
        (e.HandOverOffered(AT, "sun", "ma"), {"offered_to": "ma", "hand_overs": 9}),
        (e.TakenOver(AT, "qi"), {"first_contact": "qi", "offered_to": None}),
        (e.AlarmShelved(AT, "wang", ShelveReason.KNOWN_FAULT, 700), {"shelved_until_ms": 700, "shelvings": 10}),
        (e.AlarmUnshelved(AT), {"shelved_until_ms": None}),
    ],
)
def test_an_event_changes_this_and_nothing_else(event: e.CaseEvent, expected: Changes) -> None:
    assert changes(FULL, event) == expected


@pytest.mark.parametrize(
    ("case", "event", "expected"),
    [
        (replace(FULL, taken=False), e.Taken(AT, 1, "lu"), {"taken": True}),
        (replace(FULL, unclear=False), e.OwnershipUnclear(AT, Reason.SEVERAL), {"proposed": None, "unclear": True}),
        (replace(FULL, not_admitted=False), e.NotAdmitted(AT, "010101"), {"not_admitted": True}),
        (replace(FULL, alarm_confirmed=False), e.AlarmConfirmed(AT, "wang"), {"alarm_confirmed": True}),
        (
            replace(FULL, status=Status.HANDLED),
            e.ForceClosed(AT, "wang", ForceReason.IN_COURT, "7"),
            {"status": Status.CLOSED, "ended_ms": AT, "kind": CloseKind.FORCED, "unhandled": False},
        ),
        (
            replace(FULL, status=Status.HANDLING),
            e.Reassigned(AT, "wang", POLICE),
            {"status": Status.DISPATCHED, "lead": UNSIGNED, "co_handlers": (), "co_returned": ()},
        ),
        (
            OWN,
            e.CheckFailed(AT, FailReason.NOT_DONE),
            {"status": Status.FILED, "rework": 7, "self_handled": False, "drawn": False},
        ),
        (
            replace(OWN, self_handled=False, urgent=False),
            e.SelfHandled(AT, "chen", "020101", "03", "now", PHOTOS, PHOTOS, "1WD", urgent=True),
            {
                "status": Status.HANDLED,
                "case_class": "020101",
                "condition": "03",
                "limit": "1WD",
                "urgent": True,
                "rulebook": "now",
                "not_admitted": False,
                "self_handled": True,
                "drawn": False,
                "handlers": ("li", "chen"),
            },
        ),
        (
            replace(FULL, round_ms=None, rounds=()),
            e.Reopened(AT, "wang", ReopenReason.AUDIT, "020101", "03", "now", "1WD", urgent=True),
            {**{name: value for name, value in ANEW.items() if name != "urgent"}, "rounds": (Round(1, 90),)},
        ),
    ],
)
def test_it_depends_on_where_the_case_stood(case: Case, event: e.CaseEvent, expected: Changes) -> None:
    assert changes(case, event) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            e.ClockStopped(AT, ClockKind.HANDLE, ClockVerdict.MET, 30, TEAM),
            {
                "running": False,
                "paused": False,
                "cause": None,
                "stopped_ms": AT,
                "used_ms": 30,
                "verdict": ClockVerdict.MET,
            },
        ),
        (
            e.ClockPaused(AT, ClockKind.HANDLE, PauseCause.MERGED, 30, TEAM),
            {"running": False, "cause": PauseCause.MERGED, "stopped_ms": AT, "used_ms": 30},
        ),
        (
            e.ClockResumed(AT, ClockKind.HANDLE, TEAM, 150, 140),
            {
                "paused": False,
                "cause": None,
                "stopped_ms": None,
                "verdict": None,
                "since_ms": AT,
                "deadline_ms": 150,
                "near_ms": 140,
            },
        ),
        (
            e.ClockExtended(AT, ClockKind.HANDLE, 10, 150, AT, TEAM),
            {"deadline_ms": 150, "near_ms": AT, "extended_ms": 16},
        ),
        (
            e.ClockExtended(AT, ClockKind.HANDLE, 10, 150, AT + 1, TEAM),
            {"deadline_ms": 150, "near_ms": AT + 1, "extended_ms": 16, "near": False},
        ),
    ],
)
def test_a_clocks_event_changes_that_clock_and_nothing_else(event: e.CaseEvent, expected: Changes) -> None:
    moved = changes(FULL, event)
    assert set(moved) == {"clocks"}
    assert moved["clocks"] == (replace(OVERDUE, **expected), *OTHERS)


@pytest.mark.parametrize("event", [e.ClockNear(AT, ClockKind.HANDLE, TEAM), e.ClockOverdue(AT, ClockKind.HANDLE, TEAM)])
def test_an_alarm_that_grows_has_to_be_seen_anew(event: e.CaseEvent) -> None:
    clock = replace(OVERDUE, near=False, overdue=False)
    told = replace(clock, near=True, overdue=isinstance(event, e.ClockOverdue))
    case = replace(FULL, clocks=(clock, *OTHERS))
    assert changes(case, event) == {"clocks": (told, *OTHERS), "alarm_confirmed": False}


def test_a_clock_that_starts_takes_the_place_of_the_one_before_at_the_end() -> None:
    event = e.ClockStarted(AT, ClockKind.HANDLE, f"unit:{TEAM}", TEAM, "1WD", 200, 180)
    started = Clock(ClockKind.HANDLE, f"unit:{TEAM}", AT, AT, None, TEAM, "1WD", 200, 180)
    assert changes(FULL, event) == {"clocks": (*OTHERS, started)}


def test_a_report_begins_a_case_with_what_it_states() -> None:
    place = Place(GRID, 113.3, 34.5)
    event = e.Reported(AT, "n", 2, Channel.PATROL, place, "chen", "grid-station", "010101", "gone", photos=PHOTOS)
    assert evolve(None, event) == Case(
        status=Status.REPORTED,
        version=1,
        number="n",
        level=2,
        channel=Channel.PATROL,
        place=place,
        discoverer="chen",
        discoverer_unit="grid-station",
        case_class="010101",
        opened_ms=AT,
    )


def test_what_follows_no_report_or_a_second_one_is_named() -> None:
    with pytest.raises(AssertionError, match=r"^Accepted before reported$"):
        evolve(None, e.Accepted(AT))
    with pytest.raises(AssertionError, match=r"^reported twice$"):
        evolve(FULL, e.Reported(AT, "n", 2, Channel.PATROL, Place(GRID), "chen"))
