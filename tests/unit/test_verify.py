"""The checker finds what is wrong with a log or with what was told of it: each kind is broken on purpose here."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from msgspec.structs import replace

from domain.adoption.actions import Adopt, AdoptionAttempt
from domain.adoption.state import InForce
from domain.case import actions as a
from domain.case.values import Channel, Place, Role
from eventlog.numbering import Series
from eventlog.record import DecisionRecord, Origin, TakeoverRecord, decode, encode
from eventlog.stored import Entry, Stored, read_entry
from eventlog.verdict import Arrived, read_attempt
from ops.verify.again import Again, adopted_versions
from ops.verify.calls import Call, Told, UnreadableCall, read_calls
from ops.verify.calls import Place as Origins
from ops.verify.history import Tally, check
from ops.verify.log import Finding, LogCheck, Wrong
from streams.docket import Docket
from tests.support.city import GRID, TEAM, actor, ms, rules

AT = ms("2018-10-15T09:00")
PARTITION, TOPIC, RELEASE = 3, "t", "test"
VERSION = "1" * 64
RULES = {VERSION: rules()}
ACCEPTOR, SHIFT_HEAD, DISPATCHER = actor(Role.ACCEPTOR), actor(Role.SHIFT_HEAD), actor(Role.DISPATCHER)
HANDLER = actor(Role.HANDLER, "li", TEAM)
HOUR = 3_600_000


class World:
    """A partition of a city: its actions and events as they are stored, and what the clients were told."""

    def __init__(self) -> None:
        self.actions: list[Stored] = []
        self.events: list[Stored] = []
        self.calls: list[Call] = []
        self._docket = Docket(PARTITION, -1, Series(), "Asia/Shanghai", InForce())
        self._put(TakeoverRecord(PARTITION, TOPIC, 0, "w", RELEASE), b"takeover")
        self.act("adoption", AdoptionAttempt("adopt", PARTITION, actor(Role.ADMIN), Adopt(VERSION), AT))
        for case in ("a", "j"):
            self.ask(case, ACCEPTOR, a.Report(Place(GRID), Channel.HOTLINE, "010101"))
            self.ask(case, ACCEPTOR, a.Accept())
        self.ask("a", SHIFT_HEAD, a.File("010101", "02"))
        self.ask("a", DISPATCHER, a.Dispatch(TEAM))
        self.ask("j", SHIFT_HEAD, a.Close())
        self.ask("a", HANDLER, a.Acknowledge(), "twice")
        self.ask("a", HANDLER, a.Acknowledge(), "twice")
        self.ask("a", HANDLER, a.Handle(), later_ms=48 * HOUR)

    def ask(self, case: str, who: a.Actor, action: a.CaseAction, action_id: str = "", later_ms: int = 0) -> None:
        """One client asks, and is told the outcome of the action id's first meeting."""
        action_id = action_id or f"{case}-{len(self.actions)}"
        began = len(self.actions) * 1_000
        record = self.act(case, a.Attempt(action_id, case, who, action, AT, "d"), later_ms)
        assert isinstance(record, DecisionRecord)
        origin, told = record.origin, str(record.outcome)
        if record.first is not None:
            origin = record.first
            told = next(str(call.told) for call in self.calls if call.action_id == action_id)
        place = Origins(origin.partition, origin.offset)
        self.calls.append(Call("c", action_id, case, began, began + 500, Told(told), place))

    def act(self, key: str, body: object, later_ms: int = 0) -> object:
        """Append an action, and the decision on it."""
        offset = len(self.actions)
        stored = Stored(PARTITION, offset, AT + offset + later_ms, key.encode(), msgspec.json.encode(body))
        self.actions.append(stored)
        arrived = Arrived(Origin(TOPIC, PARTITION, offset), stored.time_ms, stored.key, stored.value)
        self._docket.shelf.put({key} - self._docket.shelf.files.keys(), {})
        decided = self._docket.decide(arrived, read_attempt(arrived), RULES, RELEASE)
        assert decided is not None
        self._put(decided[0], key.encode())
        return decided[0]

    def _put(self, record: object, key: bytes) -> None:
        value = msgspec.json.encode(record, order="deterministic")
        self.events.append(Stored(PARTITION, len(self.events), AT, key, value))

    def rewritten(self, place: int, change: Callable[[DecisionRecord], DecisionRecord]) -> None:
        """Change what one record of `events` says, and nothing else."""
        record = decode(self.events[place].value or b"")
        assert isinstance(record, DecisionRecord)
        self.events[place] = replace(self.events[place], value=encode(change(record)))

    def moved(self, events: list[Stored]) -> None:
        """Let the log be these records, at offsets without a gap."""
        self.events = [replace(stored, offset=offset) for offset, stored in enumerate(events)]

    def findings(self) -> tuple[Tally, list[Finding]]:
        """What all checks say of it."""
        entries = [read_entry(stored) for stored in self.events]
        log = LogCheck().read(entries)
        by_offset: dict[int, Entry] = {entry.stored.offset: entry for entry in entries}
        assert adopted_versions(self.actions, TOPIC) == {VERSION}
        again = Again(PARTITION, TOPIC, RULES, "Asia/Shanghai", RELEASE)
        tally, told = check(self.calls, log)
        return tally, [*log.findings, *again.check(self.actions, log, by_offset), *told]

    def wrong(self) -> set[Wrong]:
        """The kinds of what is wrong."""
        return {finding.wrong for finding in self.findings()[1]}


def test_of_a_log_that_is_right_nothing_is_wrong() -> None:
    tally, findings = World().findings()
    assert findings == []
    assert tally == Tally(calls=10, actions=9, acknowledged=8, rejected=1)


def test_a_copy_that_a_former_holder_wrote_late_is_no_fault() -> None:
    world = World()
    takeover, late = world.events[0], world.events[4]
    world.moved([*world.events[:6], takeover, late, *world.events[6:]])
    assert world.wrong() == set()


def test_a_call_of_which_nobody_knows_may_be_in_the_log_or_not() -> None:
    world = World()
    world.calls[2] = replace(world.calls[2], told=Told.UNKNOWN, origin=None)
    world.calls.append(Call("c", "never seen", "a", 1, 2, Told.UNKNOWN))
    tally, findings = world.findings()
    assert (findings, tally.unknown) == ([], 2)


def lose_a_decision(world: World) -> None:
    world.moved([*world.events[:5], *world.events[6:]])


def lose_the_last_decision(world: World) -> None:
    world.moved(world.events[:-1])


def forget_the_dedupe_of_an_action_id(world: World) -> None:
    first = world.events[9]
    world.rewritten(10, lambda record: replace(record, outcome=decode(first.value or b"").outcome, first=None))  # type: ignore[union-attr]


def decide_an_offset_again_and_otherwise(world: World) -> None:
    world.moved([*world.events, world.events[0], world.events[6]])
    world.rewritten(len(world.events) - 1, lambda record: replace(record, at_ms=record.at_ms + 1))


def send_a_record_twice(world: World) -> None:
    world.moved([*world.events[:6], world.events[4], *world.events[6:]])


def skip_an_action_and_its_decision(world: World) -> None:
    world.actions = [stored for stored in world.actions if stored.offset != 8]
    world.calls = world.calls[:7]
    world.moved([*world.events[:9], *world.events[10:]])


def go_back_to_an_older_state_of_a_case(world: World) -> None:
    world.rewritten(7, lambda record: replace(record, seq=record.seq - 1))


def leave_out_what_fell_due(world: World) -> None:
    world.rewritten(len(world.events) - 1, lambda record: replace(record, events=record.events[-2:]))


def change_something_by_a_refusal(world: World) -> None:
    refused, filed = decode(world.events[8].value or b""), decode(world.events[6].value or b"")
    assert isinstance(refused, DecisionRecord)
    assert refused.rejection is not None
    world.rewritten(8, lambda record: replace(record, events=filed.events, version=9))  # type: ignore[union-attr]


def tell_another_outcome(world: World) -> None:
    world.calls[6] = replace(world.calls[6], told=Told.ACCEPTED)


def tell_another_place(world: World) -> None:
    world.calls[0] = replace(world.calls[0], origin=Origins(PARTITION, 0))


def acknowledge_what_is_nowhere(world: World) -> None:
    world.calls.append(Call("c", "nowhere", "a", 1, 2, Told.ACCEPTED, Origins(PARTITION, 4)))


def answer_before_what_stands_before_it_was_asked_for(world: World) -> None:
    filed, dispatched = (next(i for i, c in enumerate(world.calls) if c.action_id == name) for name in ("a-5", "a-6"))
    world.calls[dispatched] = replace(world.calls[dispatched], began_ns=0, ended_ns=1)
    world.calls[filed] = replace(world.calls[filed], began_ns=2, ended_ns=3)


@pytest.mark.parametrize(
    ("breaking", "found"),
    [
        (lose_a_decision, {Wrong.HOLE, Wrong.BROKEN_CHAIN, Wrong.LOST, Wrong.UNDECIDED}),
        (lose_the_last_decision, {Wrong.LOST, Wrong.UNDECIDED}),
        (forget_the_dedupe_of_an_action_id, {Wrong.DOUBLED, Wrong.DECIDED_OTHERWISE}),
        (decide_an_offset_again_and_otherwise, {Wrong.FORK}),
        (send_a_record_twice, {Wrong.SENT_TWICE}),
        (skip_an_action_and_its_decision, {Wrong.HOLE, Wrong.BROKEN_CHAIN}),
        (go_back_to_an_older_state_of_a_case, {Wrong.BROKEN_CHAIN, Wrong.DECIDED_OTHERWISE}),
        (leave_out_what_fell_due, {Wrong.DECIDED_OTHERWISE}),
        (change_something_by_a_refusal, {Wrong.DECIDED_OTHERWISE}),
        (tell_another_outcome, {Wrong.TOLD_OTHERWISE}),
        (tell_another_place, {Wrong.TOLD_OTHERWISE}),
        (acknowledge_what_is_nowhere, {Wrong.LOST}),
        (answer_before_what_stands_before_it_was_asked_for, {Wrong.OUT_OF_ORDER}),
    ],
)
def test_what_is_broken_on_purpose_is_found(breaking: Callable[[World], None], found: set[Wrong]) -> None:
    world = World()
    breaking(world)
    assert world.wrong() == found


def test_a_line_that_is_no_call_is_named() -> None:
    good = msgspec.json.encode(World().calls[0])
    assert len(list(read_calls([good, b"\n", good]))) == 2
    for bad, said in (
        (b"{", "truncated"),
        (good.replace(b'"accepted"', b'"maybe"'), "maybe"),
        (good.replace(b'"began_ns":1000', b'"began_ns":9999'), "ended before it began"),
        (good.replace(b',"origin":{"partition":3,"offset":1}', b""), "without its origin"),
        (b"[" + b" " * 70_000 + b"]", "at most 65536"),
    ):
        with pytest.raises(UnreadableCall, match=said) as found:
            list(read_calls([good, bad]))
        assert "Line 2" in found.value.en
