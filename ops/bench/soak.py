"""`liandong bench soak`: people at work for half an hour, case after case from report to closing; what grows is seen.

Open-loop: an act is due at its instant whatever became of the others, and its time counts from there. So many cases are
in hand at once, by turns: 2,000 of them at 200 acts a second have one every 10 s each. Whoever gets no answer sends the
same action again when the case's turn comes.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
import uuid
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from ops.bars import bars
from ops.bench.alone import alone, paced
from ops.bench.people import People, cells, people
from ops.bench.soak_plot import draw, require_drawing
from ops.footprint import memory
from ops.system import System
from reference.profile import Profile
from runtime.logs import configure_logging

HANDS = 64
WAITING_MAX = 2_000
"""Acts that are due and have no answer; beyond it the next ones are left out, and counted."""
WINDOW_S = 10.0
MINUTE_S = 60.0
PARTS_SHOWN = 3
MB = 1_000_000


class Step(msgspec.Struct, frozen=True):
    """One act of the course: whose of the township (`handler-2`: the second one), which act, what it says."""

    who: str
    action: str
    says: dict[str, Any] = {}


COURSE = (
    Step("grid_head", "escalate", {"reason": "needs_departments"}),
    Step("acceptor", "accept"),
    Step("shift_head", "file", {"condition": "01"}),
    Step("dispatcher", "dispatch", {"lead": "{town}-team"}),
    Step("handler", "acknowledge"),
    Step("handler", "progress", {"stage": "on_scene"}),
    Step("handler-2", "handle", {"result": "已更换井盖"}),
    Step("acceptor", "send_check", {"collector": "collector-{town}"}),
    Step("collector", "pass_check"),
    Step("shift_head", "close"),
)
"""After the report; all of it is the township's."""
REPORTER = "grid_head"
REPORT = {"channel": "patrol", "case_class": "010101", "text": "路边井盖丢失"}


class Window(msgspec.Struct, frozen=True):
    """What came in WINDOW_S, in the last one in what was left: when it ended (s from the start), the answers' times in
    milliseconds (0 without one), what was not told or left out, how many cases were closed so far, and every process's
    memory (PSS, bytes)."""

    at_s: float
    answers: int
    p50: float
    p99: float
    most: float
    untold: int
    left_out: int
    closed: int
    memory: dict[str, int]


def soak(
    minutes: Annotated[float, typer.Option(help="For how long.")] = 30,
    rate: Annotated[int, typer.Option(help="Actions a second, evenly paced.")] = 200,
    in_hand: Annotated[int, typer.Option(help="Cases under way at once.")] = 2_000,
    plot: Annotated[Path | None, typer.Option(help="Draw memory and times into this file (.svg, .png).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every window as JSON.")] = False,
) -> None:
    """Let people work cases from report to closing at an even rate: latency and memory over the time, with a plot."""
    configure_logging("error", "bench")
    if plot is not None:
        require_drawing(plot)
    windows = asyncio.run(_measured(minutes * MINUTE_S, rate, in_hand))
    if as_json:
        typer.echo(msgspec.json.encode(windows).decode())
    else:
        Console(width=160).print(*tables(windows), sep="\n")
    if plot is not None:
        draw(plot, [msgspec.to_builtins(one) for one in windows if one.answers], rate)


def tables(windows: Sequence[Window]) -> tuple[Table, Table]:
    """Times, and memory at the end, of each third of the run."""
    cuts = [round(number * len(windows) / PARTS_SHOWN) for number in range(PARTS_SHOWN + 1)]
    thirds = [windows[first:last] for first, last in itertools.pairwise(cuts) if first < last]
    times = Table(
        "up to, min",
        "answers",
        "a second",
        "silent windows",
        "p50 ms",
        "p99 ms",
        "worst window p99",
        "most ms",
        "not told",
    )
    began_s = 0.0
    for third in thirds:
        answers, seconds, began_s = sum(one.answers for one in third), third[-1].at_s - began_s, third[-1].at_s
        heard = [one for one in third if one.answers] or third[:1]
        middle = [statistics.median(getattr(one, name) for one in heard) for name in ("p50", "p99")]
        times.add_row(
            f"{third[-1].at_s / MINUTE_S:.1f}",
            f"{answers:,}",
            f"{answers / seconds:.1f}",
            str(sum(not one.answers for one in third)),
            *(f"{value:.1f}" for value in middle),
            f"{max(one.p99 for one in third):.1f}",
            f"{max(one.most for one in third):.0f}",
            str(sum(one.untold + one.left_out for one in third)),
        )
    names = sorted(set().union(*(one.memory for one in windows)))
    sizes = Table("MB, up to, min", *names, "all", "cases closed")
    for third in thirds:
        last = third[-1]
        found = [last.memory.get(name, 0) / MB for name in names]
        cells = (f"{value:,.0f}" for value in (*found, sum(found)))
        sizes.add_row(f"{last.at_s / MINUTE_S:.1f}", *cells, f"{last.closed:,}")
    return times, sizes


async def _measured(seconds: float, rate: int, in_hand: int) -> list[Window]:
    async with alone() as (settings, profile, system), people(settings, HANDS) as asking:
        work = _Work(asking, profile, in_hand)
        await work.enter()
        try:
            return await _worked(work, system, seconds, rate)
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None


async def _worked(work: _Work, system: System, seconds: float, rate: int) -> list[Window]:
    began = time.perf_counter()
    windows: list[Window] = []

    async def look() -> None:
        for number in itertools.count(1):
            await asyncio.sleep(began + number * WINDOW_S - time.perf_counter())
            taken = await asyncio.to_thread(memory, system, "load")
            windows.append(work.window(time.perf_counter() - began, taken))

    with bars() as progress:
        task = progress.add_task("actions", total=round(rate * seconds))
        async with asyncio.TaskGroup() as acting:
            looking = acting.create_task(look())
            async for number in paced(rate, round(rate * seconds)):
                if work.waiting < WAITING_MAX:
                    acting.create_task(work.act(began + number / rate))
                else:
                    work.left_out += 1
                progress.update(task, completed=number + 1)
            looking.cancel()
        windows.append(work.window(time.perf_counter() - began, memory(system, "load")))
    return windows


class _Case(msgspec.Struct):
    """A case under way: its id, its township, how many steps of the course are done, and the next action's id."""

    id: str
    town: str
    done: int
    action_id: str


class _Work:
    """The cases under way, and what was told since the last window."""

    def __init__(self, asking: People, profile: Profile, in_hand: int) -> None:
        self.waiting = 0
        self.left_out = 0
        self._asking = asking
        self._in_hand = in_hand
        self._cells = cells(profile)
        self._next_town = itertools.cycle(profile.towns)
        self._cases: deque[_Case] = deque()
        self._took: list[float] = []
        self._untold = 0
        self._closed = 0

    async def enter(self) -> None:
        """Everybody logs in."""
        roles = sorted({REPORTER, *(step.who for step in COURSE)})
        await self._asking.enter(_account(who, town) for town in self._cells for who in roles)

    async def act(self, due: float) -> None:
        """The next act of the case whose turn it is, or a new report while fewer are in hand."""
        case = self._cases.popleft() if self._cases and len(self._cases) + self.waiting >= self._in_hand else None
        case = case or _Case("", next(self._next_town), 0, str(uuid.uuid4()))
        self.waiting += 1
        try:
            told = await self._told(case)
        finally:
            self.waiting -= 1
        if told is None:
            self._untold += 1
            self._cases.append(case)
            return
        self._took.append((time.perf_counter() - due) * 1000)
        if not case.id:
            case.id = told["case_id"]
        else:
            case.done += 1
        case.action_id = str(uuid.uuid4())
        if case.done < len(COURSE):
            self._cases.append(case)
        else:
            self._closed += 1

    async def _told(self, case: _Case) -> dict[str, Any] | None:
        if not case.id:
            body = {**REPORT, "place": {"grid": self._cells[case.town]}, "action_id": case.action_id}
            return await self._asking.ask(_account(REPORTER, case.town), "/api/cases", body)
        step = COURSE[case.done]
        says = {key: value.format(town=case.town) for key, value in step.says.items()}
        body = {**says, "action": step.action, "action_id": case.action_id}
        return await self._asking.ask(_account(step.who, case.town), f"/api/cases/{case.id}/actions", body)

    def window(self, at_s: float, taken: dict[str, int]) -> Window:
        """What was told since the last one."""
        took = sorted(self._took) or [0.0]
        p50, p99, most = (took[min(int(len(took) * share), len(took) - 1)] for share in (0.5, 0.99, 1.0))
        numbers = (len(self._took), p50, p99, most, self._untold, self.left_out, self._closed)
        found = Window(at_s, *numbers, taken)
        self._took, self._untold, self.left_out = [], 0, 0
        return found


def _account(who: str, town: str) -> str:
    role, _, number = who.partition("-")
    return f"{role}-{town}{number and f'-{number}'}"
