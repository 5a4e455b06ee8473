"""The course of a case after its report: intake, dispatch, work, check and close, with what goes wrong on the way.

Pure: everything is drawn from the given random numbers. Owns the shares of what happens how often; which are measured
and which are our own is said in docs/demo.md. Must never plan an act that the rules refuse at its instant.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

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
    PassCheck,
    Progress,
    RequestExtension,
    Return,
    SendCheck,
    StepAction,
)
from domain.case.values import EXTENSIONS_MAX, DeclineReason, ExtensionReason, FailReason, ReturnReason, Stage
from domain.standard.values import CaseClass, Condition
from domain.worktime import Calendar, Limit, LimitUnit, deadline_after_ms, total_ms
from ops.people.pace import Pace

MINUTE_MS = 60_000
DECLINED_SHARE = 0.04
CO_HANDLED_SHARE = 0.25
REWORK_SHARE = 0.06
RETURNED_SHARE = 0.05
RETURNED_TO_SAME_SHARE = 0.3
EXTENDED_SHARE = 0.07
GRANTED_SHARE = 0.8
ASKED_AT = (0.5, 0.75)
ANSWERED_BEFORE = 0.95
"""More time is asked for in this part of the time allowed, and answered before so much of it is used."""
URGENT = frozenset({LimitUnit.UM, LimitUnit.UH})
DESKS = frozenset({"acceptor", "shift_head", "dispatcher"})
GRID_LEVEL = 2
TOWN_DIGITS = 9


class Act(msgspec.Struct, frozen=True):
    """One step: the account that takes it (a desk's role is read by the case's level), when, and what."""

    who: str
    at_ms: int
    do: StepAction
    unit: str | None = None

    def account(self, level: int, grid: str) -> str:
        """Who takes it where the case is at that level: at level 2 the township's grid head is acceptor, shift head and
        dispatcher in one (domain document §3)."""
        return f"grid_head-{grid[:TOWN_DIGITS]}" if self.who in DESKS and level == GRID_LEVEL else self.who


class Course:
    """Draws the acts of cases under one calendar, pace and set of departments."""

    def __init__(self, calendar: Calendar, pace: Pace, departments: Sequence[str]) -> None:
        self._calendar = calendar
        self._pace = pace
        self._departments = departments

    def acts(
        self, chosen: random.Random, opened: int, town: str, case_class: CaseClass, condition: Condition
    ) -> list[Act]:
        """All acts of one case after its report at `opened` (ms), in the order of their instants."""
        at = opened + _minutes(chosen, 4)
        if chosen.random() < DECLINED_SHARE:
            return [Act("acceptor", at, Decline(chosen.choice(list(DeclineReason))))]
        acts = [Act("acceptor", at, Accept())]
        at += _minutes(chosen, 4)
        acts.append(Act("shift_head", at, File(case_class.code, condition.code)))
        at += _minutes(chosen, 4)
        lead, others = self._parties(chosen, town, case_class)
        if chosen.random() < RETURNED_SHARE:
            sent, at = self._sent_back(chosen, at, town, lead, others)
            acts += sent
        acts.append(Act("dispatcher", at, Dispatch(lead, others)))
        # Whoever had the case before has less than the whole limit left, and asks for nothing more.
        fresh = all(act.unit != lead for act in acts)
        handled, end = self._handling(chosen, at, lead, others, case_class, condition, fresh)
        acts += handled
        while chosen.random() < REWORK_SHARE and condition.limit is not None:
            sent, end = self._check(chosen, end, town, FailCheck(chosen.choice(list(FailReason))))
            acts += sent
            again = self._after(end, condition.limit, chosen.uniform(0.05, 0.3))
            end = max(again, end + _minutes(chosen, 20))
            acts.append(Act(_handler(lead), end, Handle(), lead))
        sent, end = self._check(chosen, end, town, PassCheck())
        return [*acts, *sent, Act("shift_head", end + _minutes(chosen, 4), Close())]

    def _parties(self, chosen: random.Random, town: str, case_class: CaseClass) -> tuple[str, tuple[str, ...]]:
        team = f"{town}-team"
        lead = team if case_class.responsible == "territory" else case_class.responsible
        if chosen.random() >= CO_HANDLED_SHARE:
            return lead, ()
        choices = [unit for unit in (team, *self._departments) if unit != lead]
        return lead, tuple(chosen.sample(choices, 1 if chosen.random() < 0.8 else 2))

    def _sent_back(
        self, chosen: random.Random, at: int, town: str, lead: str, others: tuple[str, ...]
    ) -> tuple[list[Act], int]:
        """A dispatch that its lead gives back; then the instant at which the dispatcher sends it again."""
        units = [unit for unit in (f"{town}-team", *self._departments) if unit != lead and unit not in others]
        same = chosen.random() < RETURNED_TO_SAME_SHARE
        first = lead if same else chosen.choice(units)
        reasons = [ReturnReason.CANNOT_FIND, ReturnReason.WRONG_CLASS] if same else list(ReturnReason)
        acts = [Act("dispatcher", at, Dispatch(first, others))]
        at += _minutes(chosen, 6)
        if chosen.random() < 0.5:
            acts.append(Act(_handler(first), at, Acknowledge(), first))
            at += _minutes(chosen, 10)
        acts.append(Act(_handler(first), at, Return(chosen.choice(reasons)), first))
        return acts, at + _minutes(chosen, 5)

    def _handling(
        self,
        chosen: random.Random,
        dispatched: int,
        lead: str,
        others: tuple[str, ...],
        case_class: CaseClass,
        condition: Condition,
        fresh: bool,
    ) -> tuple[list[Act], int]:
        signed = dispatched + _minutes(chosen, 3 if condition.urgent else 9)
        used = self._pace.used(case_class.code, chosen)
        asked, due = self._more_time(chosen, dispatched, signed, lead, condition, used, EXTENDED_SHARE * fresh)
        busy_until = asked[-1].at_ms if asked else signed
        parts = [self._party(chosen, lead, signed, max(due, busy_until + 5 * MINUTE_MS))]
        end = parts[0][-1].at_ms
        for unit in others:
            done = signed + int((end - signed) * chosen.uniform(0.4, 0.9))
            parts.append(self._party(chosen, unit, signed + _minutes(chosen, 2), done))
            end = max(end, parts[-1][-1].at_ms + MINUTE_MS)
        steps = sorted((act for part in (asked, *parts) for act in part), key=lambda act: act.at_ms)
        done_by_others = [
            msgspec.structs.replace(act, do=CoDone()) if act.unit != lead and isinstance(act.do, Handle) else act
            for act in steps
        ]
        lead_last = [act for act in done_by_others if not isinstance(act.do, Handle)]
        return [*lead_last, Act(_handler(lead), end, Handle(), lead)], end

    def _more_time(
        self,
        chosen: random.Random,
        dispatched: int,
        signed: int,
        lead: str,
        condition: Condition,
        used: float,
        asks_share: float,
    ) -> tuple[list[Act], int]:
        """Requests for more time with their answers, and when the share `used` of all the time granted is over."""
        if condition.limit is None:
            return [], dispatched
        limit = Limit.parse(condition.limit)
        original = whole = total_ms(self._calendar, dispatched, limit)
        acts: list[Act] = []
        free = signed + MINUTE_MS
        for granted_before in range(EXTENSIONS_MAX):
            if limit.unit in URGENT or chosen.random() >= asks_share:
                break
            asks = max(self._counted(dispatched, whole * chosen.uniform(*ASKED_AT), limit), free)
            answered = asks + _minutes(chosen, 20)
            if answered >= self._counted(dispatched, whole * ANSWERED_BEFORE, limit):
                break
            amount = Limit(chosen.randint(-(-limit.amount // 2), limit.amount), limit.unit)
            request = RequestExtension(chosen.choice(list(ExtensionReason)), str(amount))
            granted = chosen.random() < GRANTED_SHARE
            decides = "leader" if granted_before else "shift_head"
            acts.append(Act(_handler(lead), asks, request, lead))
            acts.append(Act(decides, answered, DecideExtension(granted)))
            if not granted:
                break
            whole += original * amount.amount // limit.amount
            free = answered + MINUTE_MS
        return acts, self._counted(dispatched, whole * used, limit)

    def _party(self, chosen: random.Random, unit: str, signed: int, done: int) -> list[Act]:
        who = _handler(unit)
        done = max(done, signed + 3 * MINUTE_MS)
        on_road = signed + int((done - signed) * chosen.uniform(0.05, 0.3))
        there = on_road + int((done - on_road) * chosen.uniform(0.1, 0.5))
        return [
            Act(who, signed, Acknowledge(), unit),
            Act(who, on_road, Progress(Stage.EN_ROUTE), unit),
            Act(who, there, Progress(Stage.ON_SCENE), unit),
            Act(who, done, Handle(), unit),
        ]

    def _check(
        self, chosen: random.Random, at_ms: int, town: str, finding: PassCheck | FailCheck
    ) -> tuple[list[Act], int]:
        collector = f"collector-{town}"
        sent = at_ms + _minutes(chosen, 8)
        found = sent + _minutes(chosen, 12)
        return [Act("acceptor", sent, SendCheck(collector)), Act(collector, found, finding)], found

    def _after(self, at_ms: int, limit: str, share: float) -> int:
        parsed = Limit.parse(limit)
        return self._counted(at_ms, total_ms(self._calendar, at_ms, parsed) * share, parsed)

    def _counted(self, at_ms: int, counted: float, limit: Limit) -> int:
        return deadline_after_ms(self._calendar, at_ms, int(counted), limit)


def _handler(unit: str) -> str:
    return f"handler-{unit.removesuffix('-team')}"


def _minutes(chosen: random.Random, median: float) -> int:
    """A wait with that median and a tail: one in twelve takes more than three times as long. Milliseconds."""
    return int(min(chosen.lognormvariate(0, 0.8), 12) * median * MINUTE_MS)
