"""Refusals of what moves or tells time, each whole: its rule, the state found, what was found, what is allowed.

More time, a pause, a past that is imported, a link to a closed case.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.case import actions as a
from domain.case.decision import Detail, Rejection
from domain.case.decision import ReasonCode as Code
from domain.case.values import (
    EXTENSION_REQUESTS_MAX,
    RECURRENCES_MAX,
    SUSPENSION_MS_MAX,
    SUSPENSION_REQUESTS_MAX,
    Actor,
    Channel,
    ExtensionReason,
    Place,
    Role,
    Source,
)
from eventlog.record import DecisionRecord, Outcome
from tests.support.city import GRID, SUCCESSORS, actor, split_city
from tests.support.desk import Desk
from tests.unit.test_case import ACCEPTOR, DISPATCHER, HANDLER, SHIFT_HEAD, START, dispatched
from tests.unit.test_case_recurrence import REACTOR, closed, reported
from tests.unit.test_case_suspension import DUE, FESTIVAL, LEADER, NOON, ask, handling, suspended
from tests.unit.test_case_suspension import GRANT as PAUSE
from tests.unit.test_case_time import GRANT, stated

MINUTE = 60_000
HOUR = 60 * MINUTE
Act = tuple[Actor, a.CaseAction]
Refusal = tuple[Callable[[], DecisionRecord], str | None, Code, Detail]


def more(amount: str) -> Act:
    return (HANDLER, a.RequestExtension(ExtensionReason.WEATHER, amount))


def after(desk: Desk, *acts: Act, at_ms: int = START + MINUTE) -> DecisionRecord:
    """The record of the last one of these acts; all before it have to hold."""
    *before, (who, action) = acts
    for by, done in before:
        assert desk.act(by, done, at_ms).rejection is None
    return desk.act(who, action, at_ms)


def at_work(condition: str) -> Desk:
    """A case at work since Monday 11:00 under that condition of a manhole cover."""
    desk = dispatched(condition)
    desk.act(HANDLER, a.Acknowledge(), START + 1)
    return desk


ASK, NO = more("2WH"), (SHIFT_HEAD, a.DecideExtension(granted=False))
YES, LEADERS_YES = (SHIFT_HEAD, GRANT), (LEADER, GRANT)
EXTENSIONS: dict[str, Refusal] = {
    "one is open": (lambda: after(handling(), more("1WH"), ASK), "handling", Code.EXTENSION_OPEN, {"found": "1WH"}),
    "asked for too often": (
        lambda: after(handling(), *([ASK, NO] * EXTENSION_REQUESTS_MAX), ASK),
        "handling",
        Code.TOO_MANY_EXTENSIONS,
        {"found": 8, "limit": 8},
    ),
    "two are granted": (
        lambda: after(handling(), ASK, YES, ASK, LEADERS_YES, ASK),
        "handling",
        Code.TOO_MANY_EXTENSIONS,
        {"found": 2, "limit": 2},
    ),
    "none is open": (lambda: after(handling(), YES), "handling", Code.NO_OPEN_EXTENSION, {}),
    "after the breach": (
        lambda: after(handling(), ASK, at_ms=DUE + 1),
        "handling",
        Code.ALREADY_OVERDUE,
        {"found": DUE},
    ),
    "an urgent limit": (
        lambda: after(at_work("01"), more("1UH")),
        "handling",
        Code.URGENT_NOT_EXTENDED,
        {"found": "2UH"},
    ),
    "an urgent limit beside a stated deadline": (
        lambda: after(stated("01", 48), more("1CD"), at_ms=START + 2 * HOUR),
        "handling",
        Code.URGENT_NOT_EXTENDED,
        {"found": "2UH"},
    ),
    "no amount": (
        lambda: after(handling(), more("soon")),
        "handling",
        Code.BAD_LIMIT,
        {"found": "soon", "allowed": ["WD", "WH", "WM"]},
    ),
    "days to working hours": (
        lambda: after(handling(), more("1CD")),
        "handling",
        Code.BAD_LIMIT,
        {"found": "1CD", "allowed": ["WD", "WH", "WM"]},
    ),
    "working hours to a stated deadline": (
        lambda: after(stated("02", 26), more("1WH"), at_ms=START + 2 * HOUR),
        "handling",
        Code.BAD_LIMIT,
        {"found": "1WH", "allowed": ["CD"]},
    ),
    "more than the limit": (
        lambda: after(handling(), more("241WM")),
        "handling",
        Code.EXTENSION_TOO_LONG,
        {"found": "241WM", "allowed": ["4WH"]},
    ),
    "more than so many working days": (
        lambda: after(at_work("03"), more("17WH")),
        "handling",
        Code.EXTENSION_TOO_LONG,
        {"found": "17WH", "allowed": ["2WD"]},
    ),
    "more than the source stated, also after an extension": (
        lambda: after(stated("02", 26), more("1CD"), YES, more("2CD"), at_ms=START + 2 * HOUR),
        "handling",
        Code.EXTENSION_TOO_LONG,
        {"found": "2CD", "allowed": ["stated"]},
    ),
}

DENIED = (LEADER, a.DecideSuspension(granted=False))
PAUSES: dict[str, Refusal] = {
    "one is open": (
        lambda: after(handling(), (HANDLER, ask()), (HANDLER, ask(FESTIVAL + 1))),
        "handling",
        Code.SUSPENSION_OPEN,
        {"found": FESTIVAL},
    ),
    "asked for too often": (
        lambda: after(handling(), *([(HANDLER, ask()), DENIED] * SUSPENSION_REQUESTS_MAX), (HANDLER, ask())),
        "handling",
        Code.TOO_MANY_SUSPENSIONS,
        {"found": 8, "limit": 8},
    ),
    "one was granted": (
        lambda: after(suspended(), (DISPATCHER, a.Resume()), (HANDLER, ask()), at_ms=NOON + 1),
        "handling",
        Code.TOO_MANY_SUSPENSIONS,
        {"found": 1, "limit": 1},
    ),
    "none is open": (lambda: after(handling(), (LEADER, PAUSE)), "handling", Code.NO_OPEN_SUSPENSION, {}),
    "after the breach": (
        lambda: after(handling(), (HANDLER, ask()), at_ms=DUE + 1),
        "handling",
        Code.ALREADY_OVERDUE,
        {"found": DUE},
    ),
    "until now": (
        lambda: after(handling(), (HANDLER, ask(NOON)), at_ms=NOON),
        "handling",
        Code.SUSPENSION_OVER,
        {"found": NOON, "now": NOON},
    ),
    "for more than a year": (
        lambda: after(handling(), (HANDLER, ask(NOON + SUSPENSION_MS_MAX + 1)), at_ms=NOON),
        "handling",
        Code.SUSPENSION_TOO_LONG,
        {"found": NOON + SUSPENSION_MS_MAX + 1, "limit": NOON + SUSPENSION_MS_MAX},
    ),
}


def past(
    *steps: a.Step,
    deadline_ms: int | None = None,
    as_of_ms: int | None = None,
    case_class: str | None = "010101",
    who: Role = Role.IMPORTER,
    desk: Desk | None = None,
) -> DecisionRecord:
    """What becomes of a past that was opened at START, at noon of that day."""
    report = a.Report(Place(GRID), Channel.HOTLINE, case_class)
    action = a.ImportCase(Source("old", "1"), report, START, steps, deadline_ms, as_of_ms)
    return (desk or Desk()).act(actor(who), action, NOON)


def accepted(at_ms: int) -> a.Step:
    return a.Step(a.Accept(), at_ms)


def filed(at_ms: int) -> a.Step:
    return a.Step(a.File("010101", "02"), at_ms)


IMPORTS: dict[str, Refusal] = {
    "by anybody else": (
        lambda: past(who=Role.ACCEPTOR),
        None,
        Code.WRONG_ROLE,
        {"found": "acceptor", "allowed": ["importer"]},
    ),
    "a step ahead of now": (
        lambda: past(accepted(NOON + 1)),
        None,
        Code.IMPORT_TIME_IN_FUTURE,
        {"found": NOON + 1, "limit": NOON},
    ),
    "judged ahead of now": (
        lambda: past(as_of_ms=NOON + 2),
        None,
        Code.IMPORT_TIME_IN_FUTURE,
        {"found": NOON + 2, "limit": NOON},
    ),
    "a step before the report": (
        lambda: past(accepted(START - 1)),
        None,
        Code.IMPORT_ENDS_BEFORE_START,
        {"found": START - 1, "opened_ms": START},
    ),
    "due before the report": (
        lambda: past(deadline_ms=START - 1),
        None,
        Code.IMPORT_ENDS_BEFORE_START,
        {"found": START - 1, "opened_ms": START},
    ),
    "a step before the one before": (
        lambda: past(accepted(START + 2), filed(START + 1)),
        None,
        Code.IMPORT_OUT_OF_ORDER,
        {"found": START + 1, "previous_ms": START + 2},
    ),
    "on a grid that has ended": (
        lambda: past(desk=Desk(by=split_city(NOON))),
        None,
        Code.UNKNOWN_GRID,
        {"found": GRID, "allowed": list(SUCCESSORS)},
    ),
}
LINKS: dict[str, Refusal] = {
    "to itself": (
        lambda: after(reported(), (ACCEPTOR, a.Recur("case-2")), at_ms=START + HOUR),
        "reported",
        Code.LINKS_ITSELF,
        {"found": "case-2"},
    ),
    "to a second one": (
        lambda: after(
            reported(), (ACCEPTOR, a.Recur("case-1")), (ACCEPTOR, a.Recur("case-3")), at_ms=START + 10 * MINUTE
        ),
        "reported",
        Code.LINKED_ALREADY,
        {"found": "case-1"},
    ),
    "noted by an open case": (
        lambda: after(handling(), (REACTOR, a.NoteRecurrence("case-2"))),
        "handling",
        Code.WRONG_STATE,
        {"allowed": ["closed"]},
    ),
    "noted by one that has too many": (
        lambda: after(
            closed(),
            *((REACTOR, a.NoteRecurrence(f"case-{number}")) for number in range(2, RECURRENCES_MAX + 3)),
            at_ms=START + HOUR,
        ),
        "closed",
        Code.TOO_MANY_RECURRENCES,
        {"found": 100, "limit": 100},
    ),
}
ROWS = {
    f"{of}: {name}": refusal
    for of, rows in (("extension", EXTENSIONS), ("pause", PAUSES), ("import", IMPORTS), ("link", LINKS))
    for name, refusal in rows.items()
}


@pytest.mark.parametrize(("tried", "state", "code", "detail"), ROWS.values(), ids=ROWS)
def test_a_refusal_names_its_rule_the_state_found_and_what_would_be_allowed(
    tried: Callable[[], DecisionRecord], state: str | None, code: Code, detail: Detail
) -> None:
    assert tried().rejection == Rejection(code, state, detail)


BOUNDARIES: dict[str, Callable[[], DecisionRecord]] = {
    "as much as the limit": lambda: after(handling(), more("240WM")),
    "as many hours as so many working days have": lambda: after(at_work("03"), more("16WH")),
    "as many working days": lambda: after(at_work("03"), more("2WD")),
    "as much as the source stated": lambda: after(stated("02", 24), more("1CD"), at_ms=START + 2 * HOUR),
    "asked for at the deadline": lambda: after(handling(), ASK, at_ms=DUE),
    "a pause of a year": lambda: after(handling(), (HANDLER, ask(NOON + SUSPENSION_MS_MAX)), at_ms=NOON),
    "a past of one instant": lambda: past(accepted(START), filed(START), deadline_ms=START, as_of_ms=START),
    "a past up to now": lambda: past(accepted(NOON), filed(NOON), as_of_ms=NOON),
    "a past without a class": lambda: past(case_class=None),
    "a past on a grid that is about to end": lambda: past(desk=Desk(by=split_city(NOON + 1))),
}


@pytest.mark.parametrize("tried", BOUNDARIES.values(), ids=BOUNDARIES)
def test_what_lies_on_the_boundary_is_allowed(tried: Callable[[], DecisionRecord]) -> None:
    assert tried().outcome is Outcome.ACCEPTED


def test_a_class_that_the_standard_does_not_know_is_refused_also_in_a_past() -> None:
    rejection = past(case_class="999999").rejection
    assert rejection is not None
    assert (rejection.code, rejection.detail["found"]) == (Code.UNKNOWN_CLASS, "999999")


def test_what_is_so_already_says_what_is() -> None:
    linked = after(reported(), *[(ACCEPTOR, a.Recur("case-1"))] * 2, at_ms=START + 10 * MINUTE)
    noted = after(closed(), *[(REACTOR, a.NoteRecurrence("case-2"))] * 2, at_ms=START + HOUR)
    gone = after(reported(), (REACTOR, a.DropRecurrence("case-9", "x")), at_ms=START + 10 * MINUTE)
    assert [(one.outcome, one.detail) for one in (linked, noted, gone)] == [
        (Outcome.UNCHANGED, {"of": "case-1"}),
        (Outcome.UNCHANGED, {"by": "case-2"}),
        (Outcome.UNCHANGED, {"of": "case-9"}),
    ]
