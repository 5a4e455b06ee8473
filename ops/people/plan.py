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
from domain.case.actions import Report
from domain.case.values import Channel, Place
from domain.grid.values import Grid
from domain.standard.values import CaseClass, Condition
from domain.worktime import Calendar
from ops.people.course import GRID_LEVEL, Act, Course
from ops.people.pace import Pace
from reference.profile import Profile

NAMESPACE = uuid.UUID("8a2f1d7e-0c55-5d0e-8d6d-1f0f5a3b9c01")
STORM_SHARE = 0.1
STORM_FACTOR = 2.2
STORM_WEIGHT = 8.0
STORM_CLASSES = frozenset({"010102", "020101", "060103", "060104"})
URGENT_SHARE = 0.15
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
    def level(self) -> int:
        """Whose desk has it first: what a patrol reports is the township's grid head's."""
        return GRID_LEVEL if self.report.channel is Channel.PATROL else 0

    @property
    def case_id(self) -> str:
        """The case's id."""
        return case_of_report(str(self.action_id))


class City:
    """The made-up people of one profile. `rate` is the mean number of reports a day."""

    def __init__(self, profile: Profile, calendar: Calendar, pace: Pace, seed: int, rate: float) -> None:
        self.profile = profile
        self._pace = pace
        self._seed = seed
        self._rate = rate
        self._zone = ZoneInfo(profile.about.zone)
        self._cells = [grid for grid in profile.contents.grids if grid.level == 3]
        self._classes = list(profile.contents.standard.classes)
        self._weights = [pace.weight(c.code) for c in self._classes]
        self._storm_weights = [
            weight * (STORM_WEIGHT if c.code in STORM_CLASSES else 1)
            for c, weight in zip(self._classes, self._weights, strict=True)
        ]
        departments = sorted(unit.code for unit in profile.contents.units if unit.kind == "department")
        self._course = Course(calendar, pace, departments)

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
        acts = self._course.acts(chosen, opened, cell.code[:9], case_class, condition)
        return Life(key, opened, reporter, report, tuple(acts))

    def _instant(self, day: date, hour: int, chosen: random.Random) -> int:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone).astimezone(UTC)
        at = midnight + timedelta(hours=hour, seconds=chosen.uniform(0, 3_600))
        return int(at.timestamp() * 1000)


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
