"""The formulas of the domain document §6, each with its name and version, as pure counting over the facts of cases.

Owns who is due in a period, and what counts as done. A changed meaning is a new version of the formula: the number it
gave before stays what it was. What the text leaves open is decided in docs/figures.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import partial

import msgspec

from domain.case.values import OPEN_STATUSES, Status
from domain.figures.facts import Answer, CaseFacts, StageClock
from domain.figures.figure import Figure, Period

Counted = tuple[int, int]
"""What one case adds to the numerator and to the denominator."""
NOTHING: Counted = (0, 0)
TURNED_AWAY: frozenset[Status] = frozenset({Status.VOID, Status.DECLINED, Status.NOT_FILED})
UNCOUNTED: frozenset[Status] = TURNED_AWAY | {Status.MERGED}
"""Ended without being owed: due in no period, whatever their clock says. A merged case is owed as part of the other."""

Holds = Callable[[CaseFacts], bool]


class By(StrEnum):
    """The instant that says in which period a formula counts a case: the lead's handling deadline, each deadline of a
    stage clock, the report, or the answer of who rated."""

    DEADLINE = "deadline"
    STAGE = "stage"
    REPORT = "report"
    RATING = "rating"


class Formula(msgspec.Struct, frozen=True):
    """A named number. `counts` says what a case adds in a period; `mean` that it is shown as a mean, not in per cent.

    `by` says which instants have to lie in the period, `stage` of which kind of clock. The rule is stated in words as
    "numerator ÷ denominator".
    """

    name: str
    version: int
    zh: str
    en: str
    rule: str
    counts: Callable[[CaseFacts, Period], Counted]
    by: By = By.DEADLINE
    stage: str | None = None
    mean: bool = False

    def figure(
        self, facts: Iterable[CaseFacts], period: Period, scope: str, position: str, *, named: bool = False
    ) -> Figure:
        """The figure over these cases, which are those of the scope at that position; `named` with their ids."""
        numerator = denominator = 0
        above: list[str] = []
        below: list[str] = []
        for one in facts:
            done, due = self.counts(one, period)
            numerator, denominator = numerator + done, denominator + due
            if named and due:
                below.append(one.case_id)
                if done:
                    above.append(one.case_id)
        return Figure(
            self.name, self.version, scope, period, position, numerator, denominator, tuple(above), tuple(below)
        )


def _owed(facts: CaseFacts) -> bool:
    return facts.status not in UNCOUNTED


def _dispatched(facts: CaseFacts) -> bool:
    return facts.lead is not None and _owed(facts)


def _closed(facts: CaseFacts) -> bool:
    return facts.status is Status.CLOSED


def _of_due(done: Holds, owed: Holds, facts: CaseFacts, period: Period) -> Counted:
    """Cases by the lead's handling deadline as moved by approval (domain document §4, "Which clock is late")."""
    if not period.holds(facts.deadline_ms) or not owed(facts):
        return NOTHING
    return int(done(facts)), 1


def _of_stage(kind: str, facts: CaseFacts, period: Period) -> Counted:
    """Runs of a stage clock by their own deadline."""
    met = due = 0
    for stage in facts.stages:
        if stage.kind == kind and period.holds(stage.deadline_ms):
            above, below = of_run(facts, stage)
            met, due = met + above, due + below
    return met, due


def of_run(facts: CaseFacts, stage: StageClock) -> Counted:
    """What one run of a stage clock adds where its deadline lies in the period."""
    if facts.status is Status.VOID or stage.answer is Answer.LEFT_OUT:
        return NOTHING
    return int(stage.answer is Answer.MET), 1


def _valid(facts: CaseFacts, period: Period) -> Counted:
    """Reports of collectors by the instant of the report; valid: filed or handled at once, not turned away since."""
    if facts.reporter is None or not period.holds(facts.opened_ms):
        return NOTHING
    ended_well = facts.status is Status.CLOSED and not facts.unhandled
    return int(facts.status not in TURNED_AWAY and (facts.filed_ms is not None or ended_well)), 1


def _rated(facts: CaseFacts, period: Period) -> Counted:
    """Ratings by the instant of the answer."""
    return (facts.rating, 1) if facts.rating is not None and period.holds(facts.rated_ms) else NOTHING


STAGES: dict[str, tuple[str, str]] = {
    "accept": ("按时受理率", "accepted in time"),
    "verify": ("按时核实率", "verified in time"),
    "file": ("按时立案率", "filed in time"),
    "dispatch": ("按时派遣率", "dispatched in time"),
    "acknowledge": ("按时签收率", "acknowledged in time"),
    "send_check": ("按时派核查率", "check sent out in time"),
    "check": ("按时核查率", "checked in time"),
    "close": ("按时结案率(流程)", "closed in time by the shift head"),
}
"""The stage clocks by their kind (`ClockKind`), as they are called."""

_DUE = "due to close"
_SHOULD = "dispatched, due, less void, merged and suspended"

_ALL = (
    Formula("closing_rate", 1, "结案率", "closing rate", f"closed ÷ {_DUE}", partial(_of_due, _closed, _owed)),
    Formula(
        "on_time_closing_rate",
        1,
        "按期结案率",
        "on-time closing rate",
        f"closed, handled on time ÷ {_DUE}",
        partial(_of_due, lambda f: _closed(f) and f.on_time, _owed),
    ),
    Formula(
        "closing_rate_jinhua",
        1,
        "结案率(金华)",
        "closing rate, Jinhua",
        f"closed ÷ ({_DUE} - suspended)",
        partial(_of_due, _closed, lambda f: _owed(f) and not f.paused),
    ),
    Formula(
        "on_time_closing_rate_jinhua",
        1,
        "按期结案率(金华)",
        "on-time closing rate, Jinhua",
        f"closed, handled on time ÷ ({_DUE} - suspended)",
        partial(_of_due, lambda f: _closed(f) and f.on_time, lambda f: _owed(f) and not f.paused),
    ),
    Formula(
        "handling_rate",
        1,
        "处置率(a)",
        "handling rate (a)",
        f"handled ÷ {_SHOULD}",
        partial(_of_due, lambda f: f.handled, lambda f: _dispatched(f) and not f.paused),
    ),
    Formula(
        "handling_rate_b",
        1,
        "处置率(b)",
        "handling rate (b)",
        f"handled on time ÷ {_SHOULD}",
        partial(_of_due, lambda f: f.on_time, lambda f: _dispatched(f) and not f.paused),
    ),
    Formula(
        "handling_rate_c",
        1,
        "处置率(c)",
        "handling rate (c)",
        "closed, handled on time ÷ (closed + open overdue), due",
        partial(
            _of_due,
            lambda f: _closed(f) and f.on_time,
            lambda f: _owed(f) and (_closed(f) or (f.status in OPEN_STATUSES and f.late)),
        ),
    ),
    Formula(
        "rework_rate",
        1,
        "返工率",
        "rework rate",
        "with a failed check ÷ checked, due",
        partial(_of_due, lambda f: f.rework > 0, lambda f: _owed(f) and f.checks > 0),
    ),
    Formula(
        "extension_rate",
        1,
        "延期率",
        "extension rate",
        "with an extension granted ÷ dispatched, due",
        partial(_of_due, lambda f: f.extensions > 0, _dispatched),
    ),
    Formula(
        "suspension_rate",
        1,
        "挂账率",
        "suspension rate",
        "with a suspension granted ÷ dispatched, due",
        partial(_of_due, lambda f: f.suspensions > 0, _dispatched),
    ),
    Formula(
        "return_rate",
        1,
        "回退率",
        "return rate",
        "given back by a lead ÷ dispatched, due",
        partial(_of_due, lambda f: f.returns > 0, _dispatched),
    ),
    Formula(
        "void_rate",
        1,
        "作废率",
        "void rate",
        "void ÷ dispatched, void ones too, due",
        partial(
            _of_due,
            lambda f: f.status is Status.VOID,
            lambda f: f.lead is not None and (f.status is Status.VOID or _owed(f)),
        ),
    ),
    Formula(
        "exact_dispatch_rate",
        1,
        "准确派遣率",
        "exact dispatch rate",
        "never re-sent to another unit ÷ dispatched, due",
        partial(_of_due, lambda f: not f.resent, _dispatched),
    ),
    *(
        Formula(
            f"{kind}_in_time_rate",
            1,
            zh,
            en,
            f"{kind} clocks met ÷ {kind} clocks due, less void",
            partial(_of_stage, kind),
            By.STAGE,
            kind,
        )
        for kind, (zh, en) in STAGES.items()
    ),
    Formula(
        "valid_report_rate",
        1,
        "有效上报率",
        "valid report rate",
        "filed or handled at once, and neither void nor turned away since ÷ reports of collectors on patrol",
        _valid,
        By.REPORT,
    ),
    Formula(
        "satisfaction",
        1,
        "满意度",
        "satisfaction",
        "sum of ratings ÷ number of answers",
        _rated,
        By.RATING,
        mean=True,
    ),
)

FORMULAS: dict[str, Formula] = {formula.name: formula for formula in _ALL}
