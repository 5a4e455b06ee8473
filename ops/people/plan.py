"""A case's whole life, decided before it begins: who does what at which instant.

Pure and seeded: the same seed, day and number give the same life, whenever and however often it is asked for. So the
past can be brought in as history, the present be acted out through the API, and a city that was switched off be
taken up where it stood.
"""

from __future__ import annotations

import random
import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from api.intake import case_of_report
from domain.case.actions import (
    Accept,
    Acknowledge,
    Close,
    CoDone,
    Decline,
    Dispatch,
    FailCheck,
    File,
    Handle,
    PassCheck,
    Progress,
    Report,
    SendCheck,
    StepAction,
)
from domain.case.values import Channel, DeclineReason, FailReason, Place, Stage
from domain.rulebook import CaseClass, Condition, Grid
from domain.worktime import Calendar, Limit, deadline_after_ms, total_ms
from ops.people.pace import Pace
from reference.profile import Profile

MINUTE_MS = 60_000
NAMESPACE = uuid.UUID("8a2f1d7e-0c55-5d0e-8d6d-1f0f5a3b9c01")
STORM_SHARE = 0.1
STORM_FACTOR = 2.2
STORM_WEIGHT = 8.0
STORM_CLASSES = frozenset({"010102", "020101", "060103", "060104"})
URGENT_SHARE = 0.15
DECLINED_SHARE = 0.04
CO_HANDLED_SHARE = 0.25
REWORK_SHARE = 0.06
PLACE_SPREAD_DEG = 0.002
CHANNELS = {
    Channel.PATROL: 45,
    Channel.HOTLINE: 33,
    Channel.WECHAT: 10,
    Channel.WALK_IN: 5,
    Channel.UPPER_LEVEL: 4,
    Channel.LEADER: 3,
}
"""Where reports come from, in percent: our own guess, no source gives it."""
REPORTERS = {Channel.PATROL: "collector-{town}", Channel.WECHAT: "public", Channel.LEADER: "leader"}


class Act(msgspec.Struct, frozen=True):
    """One step: the account that takes it (a desk's role is read by the case's level), when, and what."""

    who: str
    at_ms: int
    do: StepAction
    unit: str | None = None


class Life(msgspec.Struct, frozen=True):
    """One case from its report to its end; `key` names it within the seed."""

    key: str
    opened_ms: int
    reporter: str
    report: Report
    acts: tuple[Act, ...]

    @property
    def action_id(self) -> uuid.UUID:
        """The report's action id; the case's own id follows from it, however it comes in."""
        return uuid.uuid5(NAMESPACE, self.key)

    @property
    def case_id(self) -> str:
        """The case's id."""
        return case_of_report(str(self.action_id))


class City:
    """The made-up people of one profile. `rate` is the mean number of reports a day."""

    def __init__(self, profile: Profile, calendar: Calendar, pace: Pace, seed: int, rate: float) -> None:
        self.profile = profile
        self._calendar = calendar
        self._pace = pace
        self._seed = seed
        self._rate = rate
        self._zone = ZoneInfo(profile.about.zone)
        self._cells = [grid for grid in profile.grids if grid.level == 3]
        self._classes = list(profile.standard.classes)
        self._weights = [pace.weight(c.code) for c in self._classes]
        self._storm_weights = [
            weight * (STORM_WEIGHT if c.code in STORM_CLASSES else 1)
            for c, weight in zip(self._classes, self._weights, strict=True)
        ]
        self._departments = sorted(unit.code for unit in profile.units if unit.kind == "department")

    def storm(self, day: date) -> bool:
        """Whether bad weather comes over the city on that day."""
        return random.Random(f"{self._seed}/{day}/weather").random() < STORM_SHARE

    def day(self, day: date) -> list[Life]:
        """The lives of all cases reported on that local day, in order of their reports."""
        chosen = random.Random(f"{self._seed}/{day}")
        mean = self._rate * self._pace.weekdays[day.weekday()] * 7 * (STORM_FACTOR if self.storm(day) else 1)
        count = max(round(chosen.gauss(mean, mean**0.5)), 0)
        lives = [self.life(day, number) for number in range(count)]
        return sorted(lives, key=lambda life: life.opened_ms)

    def life(self, day: date, number: int) -> Life:
        """The life of that day's case of that number."""
        key = f"{self._seed}/{self._rate:g}/{day}/{number}"
        chosen = random.Random(key)
        opened = self._instant(day, self._pace.hour(chosen), chosen)
        cell = chosen.choice(self._cells)
        weights = self._storm_weights if self.storm(day) else self._weights
        case_class = chosen.choices(self._classes, weights)[0]
        condition = _condition(case_class, chosen)
        channel = chosen.choices(list(CHANNELS), list(CHANNELS.values()))[0]
        reporter = REPORTERS.get(channel, "acceptor").format(town=cell.code[:9])
        report = Report(_place(cell, chosen), channel, case_class.code)
        acts = self._acts(chosen, opened, cell.code[:9], case_class, condition)
        return Life(key, opened, reporter, report, tuple(acts))

    def _instant(self, day: date, hour: int, chosen: random.Random) -> int:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone).astimezone(UTC)
        at = midnight + timedelta(hours=hour, seconds=chosen.uniform(0, 3_600))
        return int(at.timestamp() * 1000)

    def _acts(
        self, chosen: random.Random, opened: int, town: str, case_class: CaseClass, condition: Condition
    ) -> list[Act]:
        at = opened + _minutes(chosen, 4)
        if chosen.random() < DECLINED_SHARE:
            return [Act("acceptor", at, Decline(chosen.choice(list(DeclineReason))))]
        acts = [Act("acceptor", at, Accept())]
        at += _minutes(chosen, 4)
        acts.append(Act("shift_head", at, File(case_class.code, condition.code)))
        at += _minutes(chosen, 4)
        lead, others = self._parties(chosen, town, case_class)
        acts.append(Act("dispatcher", at, Dispatch(lead, others)))
        handled, end = self._handling(chosen, at, lead, others, case_class, condition)
        acts += handled
        while chosen.random() < REWORK_SHARE and condition.limit is not None:
            sent, end = self._check(chosen, end, town, FailCheck(chosen.choice(list(FailReason))))
            acts += sent
            again = self._share(end, condition.limit, chosen.uniform(0.05, 0.3))
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

    def _handling(
        self,
        chosen: random.Random,
        dispatched: int,
        lead: str,
        others: tuple[str, ...],
        case_class: CaseClass,
        condition: Condition,
    ) -> tuple[list[Act], int]:
        signed = dispatched + _minutes(chosen, 3 if condition.urgent else 9)
        used = self._pace.used(case_class.code, chosen)
        due = dispatched if condition.limit is None else self._share(dispatched, condition.limit, used)
        parts = [self._party(chosen, lead, signed, max(due, signed + 5 * MINUTE_MS))]
        end = parts[0][-1].at_ms
        for unit in others:
            done = signed + int((end - signed) * chosen.uniform(0.4, 0.9))
            parts.append(self._party(chosen, unit, signed + _minutes(chosen, 2), done))
            end = max(end, parts[-1][-1].at_ms + MINUTE_MS)
        steps = sorted((act for part in parts for act in part), key=lambda act: act.at_ms)
        done_by_others = [
            msgspec.structs.replace(act, do=CoDone()) if act.unit != lead and isinstance(act.do, Handle) else act
            for act in steps
        ]
        lead_last = [act for act in done_by_others if not isinstance(act.do, Handle)]
        return [*lead_last, Act(_handler(lead), end, Handle(), lead)], end

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

    def _share(self, at_ms: int, limit: str, share: float) -> int:
        parsed = Limit.parse(limit)
        whole = total_ms(self._calendar, at_ms, parsed)
        return deadline_after_ms(self._calendar, at_ms, int(whole * share), parsed)


def _handler(unit: str) -> str:
    return f"handler-{unit.removesuffix('-team')}"


def _minutes(chosen: random.Random, median: float) -> int:
    """A wait with that median and a tail: one in twelve takes more than three times as long. Milliseconds."""
    return int(min(chosen.lognormvariate(0, 0.8), 12) * median * MINUTE_MS)


def _condition(case_class: CaseClass, chosen: random.Random) -> Condition:
    urgent = [c for c in case_class.conditions if c.urgent]
    calm = [c for c in case_class.conditions if not c.urgent]
    if urgent and (not calm or chosen.random() < URGENT_SHARE):
        return chosen.choice(urgent)
    return chosen.choice(calm)


def _place(cell: Grid, chosen: random.Random) -> Place:
    if cell.lon is None or cell.lat is None:
        return Place(cell.code)
    spread = PLACE_SPREAD_DEG
    return Place(
        cell.code,
        round(cell.lon + chosen.uniform(-spread, spread), 5),
        round(cell.lat + chosen.uniform(-spread, spread), 5),
    )
