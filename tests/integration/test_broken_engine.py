"""A guard of the engine is taken away in a copy of it, and the fault that it is there for is caused: the whole checker
finds what comes of it, by its kind. A checker that finds nothing proves nothing.

The same faults with every guard in its place find nothing: `LIANDONG_PROOF=long` (`make proof`) runs those as well.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient
from kafka.structs import OffsetAndMetadata, TopicPartition

from domain.case.actions import Accept, Attempt, Dispatch, File, ImportCase, Note, Report, Step
from domain.case.values import Actor, Channel, Place, Role, Source
from eventlog.record import DecisionRecord
from eventlog.tail import ends
from ops.failpoints import POINTS, PROCESSES
from ops.verify.log import Wrong
from projections import case_state
from projections.runner import NAMES
from runtime.failpoints import SETTING, Folder
from runtime.faults import EXIT_NEEDS_HAND
from tests.support.beside import LOOK_S, Beside, a_report, on_each
from tests.support.city import GRID, TEAM
from tests.support.cutting import Cutting
from tests.support.live import eventually
from tests.support.patched import ANOTHER_RELEASE, Change, engine

ENDS_S_MAX = 60.0
SESSION_S, LONG_SESSION_S = "2", "30"
"""How long a group waits for who is stopped: a zombie is to be replaced at once, a successor is to be waited for."""
CASES = 60
DEADLINE_IN_MS = 3_000
LONG = os.environ.get("LIANDONG_PROOF") == "long"
GUARDS = ["taken away", *(["in its place"] if LONG else [])]

DEDUPE = (
    Change(
        "eventlog/position.py",
        "    if found <= last:\n        return False\n",
        "    if found <= last:\n        return True\n",
    ),
    Change("eventlog/casefile.py", "not record.chained or record.seq <= file.seq", "not record.chained"),
)
"""A known origin is passed over, and so is a link that the case has already: a second line behind the first."""
CONTIGUITY = Change(
    "eventlog/position.py",
    "    if found > last + 1:\n        raise Hole(partition, last + 1, found)\n",
    "",
)
A_WRONG_SEEK = Change(
    "streams/chunks.py",
    "            places = {tp: self._places[tp] for tp in self._held()}\n",
    "            places = {tp: self._places[tp] + 1 for tp in self._held()}\n",
)
POSITION_IN_TRANSACTION = Change(
    "projections/runner.py",
    "            async with connection.transaction():\n                await checkpoint.require_place(",
    "            if True:\n                await checkpoint.require_place(",
)
VERSION_GUARD = Change(
    "projections/runner.py",
    "                await checkpoint.require_place(connection, case_state.NAME, stood)\n",
    "",
)
TAKEOVER = Change(
    "streams/dispatch.py",
    "        await self._fold_tail(taken, {p: upto[p] for p in partitions}, stands)\n",
    "",
)
IDEMPOTENCE = Change("streams/chunks.py", '"enable_idempotence": True', '"enable_idempotence": False')
PLACE_FROM_LOG = Change(
    "streams/dispatch.py",
    "        return {partition: docket.last_origin + 1 for partition, docket in taken.items()}\n",
    """        from kafka.admin import KafkaAdminClient
        admin = KafkaAdminClient(bootstrap_servers=self._bootstrap)
        committed = admin.list_group_offsets([f"{self._names.prefix}dispatch"])[f"{self._names.prefix}dispatch"]
        admin.close()
        for place, commit in committed.items():
            taken[place.partition].last_origin = commit.offset - 1
        return {partition: docket.last_origin + 1 for partition, docket in taken.items()}
""",
)
CLOCK_BEFORE_ACTION = Change(
    "domain/case/decide.py",
    "    due = () if case is None else fallen_due(case, at_ms, rules)\n",
    "    due = ()\n",
)


class Breaking:
    """A system in which a guard may be missing."""

    def __init__(self, beside: Beside, folder: Path, guard: str) -> None:
        self.beside = beside
        self._folder = folder
        self.missing = guard == "taken away"
        (folder / "failpoints").mkdir()
        self._points = Folder(folder / "failpoints", POINTS, PROCESSES)

    def engine(self, *guards: Change, always: tuple[Change, ...] = ()) -> Path:
        """The copy to run."""
        return engine(self._folder / f"engine-{uuid.uuid4().hex[:6]}", *always, *(guards if self.missing else ()))

    def start(self, part: str, tree: Path | None = None, **settings: str) -> subprocess.Popen[bytes]:
        """Run a part of that tree; failpoints are on and its group is quick to miss it."""
        more = {SETTING: str(self._points.path), "LIANDONG_SESSION_S": SESSION_S, **settings}
        return self.beside.start(part, tree, **more)

    def stops_at(self, name: str, order: str = "stop") -> Callable[[], int]:
        """Arm the step; call what is given to wait until a process stopped there, and for its id."""
        self._points.arm(name, order)

        def stopped() -> int:
            shot = eventually(lambda: self._points.shot(name), ENDS_S_MAX, f"a process comes to {name}")
            return shot.pid

        return stopped

    def require(self, *wrong: Wrong, rows: bool = True) -> None:
        """The checker says that this is wrong, and of what else follows from it whatever it likes; nothing at all is
        wrong with every guard in its place."""
        said = self.beside.command("verify", "history", "--json", *([] if rows else ["--no-rows"]))
        assert said.returncode in (0, 2), said.stderr
        found = {finding["wrong"] for finding in json.loads(said.stdout)["findings"]}
        assert (set(wrong) <= found) if self.missing else not found, said.stdout


@pytest.fixture(params=GUARDS)
def breaking(beside: Beside, tmp_path: Path, request: pytest.FixtureRequest) -> Breaking:
    return Breaking(beside, tmp_path, request.param)


def test_without_dedupe_by_origin_a_late_copy_is_counted_twice(breaking: Breaking) -> None:
    beside = breaking.beside
    cases = [a_report() for _ in range(CASES)]
    beside.append(cases)
    breaking.start("dispatch")
    beside.all_decided()
    stopped = breaking.stops_at("dispatch.before_decisions")
    beside.append(on_each(cases, Accept()))
    zombie = stopped()
    breaking.start("dispatch")
    beside.all_decided()
    os.kill(zombie, signal.SIGCONT)
    eventually(lambda: _copies(beside), ENDS_S_MAX, "the zombie writes what it had in hand")
    breaking.start("project", breaking.engine(*DEDUPE))
    eventually(beside.rows_hold_everything, ENDS_S_MAX, "the rows hold everything", LOOK_S)
    breaking.require(Wrong.ROWS_DIFFER)


def test_without_contiguity_an_action_that_was_jumped_over_is_missed_by_nobody(breaking: Breaking) -> None:
    """A seek to the wrong place, as Faust's own once overwrote ours (design document §1.5)."""
    beside = breaking.beside
    _decided_and_more(breaking)
    decider = breaking.start("dispatch", breaking.engine(CONTIGUITY, always=(A_WRONG_SEEK,)))
    if breaking.missing:
        beside.all_decided()
    else:
        assert decider.wait(ENDS_S_MAX) == EXIT_NEEDS_HAND
    breaking.require(Wrong.HOLE, rows=False)


def test_with_rows_and_place_in_no_transaction_a_killed_projector_leaves_half_of_them(breaking: Breaking) -> None:
    beside = breaking.beside
    breaking.start("dispatch")
    _accepted_cases(beside)
    beside.all_decided()
    tree = breaking.engine(POSITION_IN_TRANSACTION)
    breaking.stops_at("project.rows_of_one", f"kill {NAMES.index(case_state.NAME) + 1}")
    assert breaking.start("project", tree).wait(ENDS_S_MAX) == -signal.SIGKILL
    breaking.start("project", tree)
    eventually(beside.rows_hold_everything, ENDS_S_MAX, "the rows hold everything", LOOK_S)
    breaking.require(Wrong.ROWS_DIFFER)


def test_without_the_guard_of_the_place_a_zombie_writes_over_newer_rows(breaking: Breaking) -> None:
    beside = breaking.beside
    breaking.start("dispatch")
    _accepted_cases(beside)
    beside.all_decided()
    tree = breaking.engine(VERSION_GUARD)
    stopped = breaking.stops_at("project.before_transaction")
    zombie = breaking.start("project", tree)
    assert stopped() == zombie.pid
    second = breaking.start("project", tree)
    eventually(beside.rows_hold_everything, ENDS_S_MAX, "the rows hold everything", LOOK_S)
    os.kill(zombie.pid, signal.SIGCONT)
    went_on = lambda: zombie.poll() is not None or not beside.rows_hold_everything()  # noqa: E731
    eventually(went_on, ENDS_S_MAX, "it is refused, or writes")
    for projector in (zombie, second):
        projector.kill()
        projector.wait(ENDS_S_MAX)
    breaking.start("project", tree)
    eventually(beside.rows_hold_everything, ENDS_S_MAX, "the rows hold everything", LOOK_S)
    breaking.require(Wrong.ROWS_DIFFER)


def test_without_the_fold_up_to_the_takeover_a_release_decides_on_what_it_did_not_read(breaking: Breaking) -> None:
    beside = breaking.beside
    cases = [a_report() for _ in range(CASES)]
    beside.append(cases)
    first_stopped = breaking.stops_at("dispatch.before_decisions")
    zombie = breaking.start("dispatch")
    assert first_stopped() == zombie.pid
    second_stopped = breaking.stops_at("dispatch.before_takeover")
    tree = breaking.engine(TAKEOVER, always=(ANOTHER_RELEASE,))
    breaking.start("dispatch", tree, LIANDONG_SESSION_S=LONG_SESSION_S)
    successor = second_stopped()
    os.kill(zombie.pid, signal.SIGCONT)
    eventually(lambda: _cases_decided(beside), ENDS_S_MAX, "the zombie writes what it had in hand")
    # While it lives it may decide what comes next as well, before its successor is the holder.
    zombie.kill()
    zombie.wait(ENDS_S_MAX)
    os.kill(successor, signal.SIGCONT)
    beside.append(on_each(cases, Accept()))
    beside.all_decided()
    breaking.require(Wrong.BROKEN_CHAIN, rows=False)


def test_without_idempotence_a_cut_socket_doubles_a_decision(breaking: Breaking) -> None:
    beside = breaking.beside
    tree = breaking.engine(IDEMPOTENCE)

    async def cut() -> None:
        async with Cutting(beside.kafka) as socket:
            decider = breaking.start("dispatch", tree, LIANDONG_KAFKA=socket.address)
            await asyncio.to_thread(beside.report, 1)
            await asyncio.to_thread(beside.all_decided)
            socket.cut_answers = 1
            await asyncio.to_thread(beside.report, CASES)
            await asyncio.to_thread(beside.all_decided)
            assert socket.cuts == 1
            decider.terminate()
            await asyncio.to_thread(decider.wait, ENDS_S_MAX)

    asyncio.run(cut())
    breaking.require(Wrong.SENT_TWICE, rows=False)


def test_with_the_place_from_the_groups_commit_actions_are_skipped(breaking: Breaking) -> None:
    beside = breaking.beside
    tree = breaking.engine(PLACE_FROM_LOG)
    _decided_and_more(breaking)
    upto = asyncio.run(ends(beside.kafka, beside.names.actions))
    admin: Any = KafkaAdminClient(bootstrap_servers=beside.kafka)
    ahead = {
        TopicPartition(beside.names.actions, partition): OffsetAndMetadata(end - 1, "", -1)
        for partition, end in upto.items()
    }
    admin.alter_group_offsets(f"{beside.names.prefix}dispatch", ahead)
    admin.close()
    breaking.start("dispatch", tree)
    beside.all_decided()
    breaking.require(Wrong.HOLE, rows=False)


def test_without_clocks_before_an_action_a_deadline_that_passed_is_not_told(breaking: Breaking) -> None:
    """No clock process runs: only the decision on the next action can tell it."""
    beside = breaking.beside
    breaking.start("dispatch", breaking.engine(CLOCK_BEFORE_ACTION))
    case, now_ms = str(uuid.uuid4()), time.time_ns() // 1_000_000
    deadline_ms = now_ms + DEADLINE_IN_MS
    report = Report(Place(GRID), Channel.HOTLINE, "010101")
    steps = (Step(Accept(), now_ms), Step(File("010101", "02"), now_ms), Step(Dispatch(TEAM), now_ms))
    past = ImportCase(Source("old", "1"), report, now_ms, steps, deadline_ms)
    importer = Actor("importer", Role.IMPORTER, "410183")
    open_case = Attempt(str(uuid.uuid4()), case, importer, past, now_ms, "d")
    beside.append([open_case])
    beside.all_decided()
    eventually(lambda: time.time_ns() // 1_000_000 > deadline_ms, ENDS_S_MAX, "the deadline has passed")
    beside.append(on_each([open_case], Note("still waiting")))
    beside.all_decided()
    breaking.require(Wrong.DECIDED_OTHERWISE, rows=False)


def _accepted_cases(beside: Beside) -> None:
    """Append reports and their acceptances: those are counted, so that whoever folds one twice counts it twice."""
    cases = [a_report() for _ in range(CASES)]
    beside.append(cases)
    beside.append(on_each(cases, Accept()))


def _decided_and_more(breaking: Breaking) -> None:
    """Some reports are decided by a decider that has ended, and many more wait."""
    breaking.beside.report(CASES)
    first = breaking.start("dispatch")
    breaking.beside.all_decided()
    first.terminate()
    assert first.wait(ENDS_S_MAX) == 0
    breaking.beside.report(4 * CASES)


def _cases_decided(beside: Beside) -> int:
    """How many decisions on a case stand in the log."""
    return sum(isinstance(record, DecisionRecord) for _, record in beside.entries())


def _copies(beside: Beside) -> int:
    """How many decisions stand in the log a second time."""
    return sum(len(origins) - len(set(origins)) for origins in beside.decisions().values())
