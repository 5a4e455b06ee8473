"""How a real city's people were: when they report, and what share of its limit the handling of a case takes.

The table `pace.json` beside this file is made by `ops.people.measure` from one quarter of Boston's 311 requests and
holds counts and quantiles only. The city of the demo keeps its own classes: each is paced by the measured class that
it is most like, or by all of them together.
"""

from __future__ import annotations

import random
from bisect import bisect
from itertools import accumulate
from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("pace.json")
QUANTILES = 20
USED_MAX = 2.0
"""No case of the demo takes longer than twice its limit: the real tail reaches 50 and would fill the city with red."""
NIGHT_FLOOR = 0.6
"""No hour falls under 60 % of the mean: who starts the demo at night still sees a city at work. Not the real share."""
ALL = "all"

LIKE = {
    "010101": "Unsafe Dangerous Conditions",
    "010103": "Street Light Outages",
    "020102": "Sign Repair",
    "020103": "Traffic Signal Repair",
    "020104": "Space Savers",
    "030101": "Empty Litter Basket",
    "030104": "Graffiti Removal",
    "040102": "Contractor Complaints",
    "040104": "Building Inspection Request",
    "050104": "Abandoned Vehicles",
    "060103": "Tree Maintenance Requests",
    "060105": "Unsatisfactory Living Conditions",
}
"""The demo's class → the measured class that paces it; a class that stands in neither is paced by all."""


class ClassPace(msgspec.Struct, frozen=True):
    """One class: its rows, the share of those that were late, and quantiles 0 … 1 of (time used ÷ time allowed)."""

    rows: int
    late: float
    used: tuple[float, ...]


class Pace(msgspec.Struct, frozen=True):
    """The whole table; `hours` and `weekdays` (Monday first) are shares that sum to 1."""

    source: str
    rows: int
    hours: tuple[float, ...]
    weekdays: tuple[float, ...]
    classes: dict[str, ClassPace]

    def day_curve(self) -> list[float]:
        """The share of a day's reports in each hour, with the night raised to NIGHT_FLOOR of the mean."""
        raised = [max(share, NIGHT_FLOOR / 24) for share in self.hours]
        return [share / sum(raised) for share in raised]

    def hour(self, chosen: random.Random) -> int:
        """An hour of the day, drawn from the day curve."""
        return bisect(list(accumulate(self.day_curve()))[:-1], chosen.random())

    def used(self, case_class: str, chosen: random.Random) -> float:
        """A share of the limit that handling takes (1 is the deadline), drawn between the class's quantiles."""
        pace = self.classes.get(LIKE.get(case_class, ALL), self.classes[ALL])
        at = chosen.random() * QUANTILES
        low = int(at)
        between = pace.used[low] + (pace.used[low + 1] - pace.used[low]) * (at - low)
        return min(between, USED_MAX)

    def weight(self, case_class: str) -> float:
        """How often a class is reported, relative to the others."""
        like = LIKE.get(case_class)
        typical = self.classes[ALL].rows / 60
        return typical if like is None or like not in self.classes else float(self.classes[like].rows)


def load_pace() -> Pace:
    """The shipped table."""
    return msgspec.json.decode(FILE.read_bytes(), type=Pace)
