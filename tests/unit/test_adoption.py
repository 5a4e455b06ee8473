"""Adoption: what a partition decides by, one decision an attempt, and cases that keep what they have pinned."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from domain.adoption.actions import Adopt, AdoptionAttempt
from domain.adoption.decide import decide
from domain.adoption.events import Adopted
from domain.adoption.evolve import evolve
from domain.adoption.state import InForce, Met
from domain.case import actions as a
from domain.case.decision import AlreadySo, ReasonCode, Refused
from domain.case.frame import Rules
from domain.case.values import Actor, Channel, ClockKind, Place, Role
from eventlog.casefile import CaseFile, absorb
from eventlog.numbering import Series
from eventlog.record import AdoptionRecord, DecisionRecord, Origin, Outcome, encode
from eventlog.stored import Entry, Stored
from eventlog.verdict import Arrived, read_attempt
from projections.steps import Adoption, Folder
from reference.contents import Contents, manifests, pack, rules_of, unpack
from reference.profile import load_profile
from streams.docket import Docket
from tests.support.city import GRID, TEAM, actor, ms

AT = ms("2018-10-15T09:00")
OLD = load_profile("xinmi").contents
ADMIN = actor(Role.ADMIN)


def with_limit(contents: Contents, limit: str) -> Contents:
    """The same contents, but the first condition of the first class has that limit."""
    first, *rest = contents.standard.classes
    condition = replace(first.conditions[0], limit=limit, urgent=False)
    changed = replace(first, conditions=(condition, *first.conditions[1:]))
    return replace(contents, standard=replace(contents.standard, classes=(changed, *rest)))


NEW = with_limit(OLD, "3WH")
EDITIONS: dict[str, Rules] = {pack(c)[0]: rules_of(c, pack(c)[0]) for c in (OLD, NEW)}
ONE, TWO = EDITIONS


class Partition:
    """A decider's docket of one partition, fed one action after another."""

    def __init__(self) -> None:
        self.docket = Docket(3, -1, Series(), "Asia/Shanghai", InForce())
        self.records: list[DecisionRecord | AdoptionRecord] = []

    def feed(self, key: str, body: object) -> DecisionRecord | AdoptionRecord:
        offset = len(self.records)
        arrived = Arrived(Origin("t", 3, offset), AT + offset, key.encode(), msgspec.json.encode(body))
        attempt = read_attempt(arrived)
        self.docket.shelf.put({key}, {})
        decided = self.docket.decide(arrived, attempt, EDITIONS, "test")
        assert decided is not None
        self.records.append(decided[0])
        return decided[0]

    def adopt(self, version: str, action_id: str, who: Actor = ADMIN, base: str | None = None) -> AdoptionRecord:
        record = self.feed("adoption", AdoptionAttempt(action_id, 3, who, Adopt(version, base), AT))
        assert isinstance(record, AdoptionRecord)
        return record

    def act(self, case: str, who: Actor, action: a.CaseAction) -> DecisionRecord:
        record = self.feed(case, a.Attempt(f"{case}-{len(self.records)}", case, who, action, AT, "d"))
        assert isinstance(record, DecisionRecord)
        return record

    def file(self, case: str) -> DecisionRecord:
        self.act(case, actor(Role.ACCEPTOR), a.Report(Place(GRID), Channel.HOTLINE, "010101"))
        self.act(case, actor(Role.ACCEPTOR), a.Accept())
        return self.act(case, actor(Role.SHIFT_HEAD), a.File("010101", "01"))

    def due_ms(self, case: str) -> int | None:
        record = self.act(case, actor(Role.DISPATCHER), a.Dispatch(TEAM))
        started = [e for e in record.events if getattr(e, "clock", None) is ClockKind.HANDLE]
        return started[0].deadline_ms  # type: ignore[union-attr]


def test_nothing_is_decided_before_something_is_adopted() -> None:
    record = Partition().act("x", actor(Role.ACCEPTOR), a.Report(Place(GRID), Channel.HOTLINE, "010101"))
    assert record.rejection is not None
    assert (record.outcome, record.rejection.code, record.rulebook) == (Outcome.REJECTED, "no_rules", "")


def test_from_its_offset_on_an_adoption_is_what_the_partition_decides_by() -> None:
    partition = Partition()
    partition.adopt(ONE, "first")
    before = partition.file("a")
    partition.adopt(TWO, "second")
    after = partition.file("j")
    assert (before.rulebook, after.rulebook) == (ONE, TWO)
    assert [getattr(e, "limit", None) for e in (before.events[0], after.events[0])] == ["2UH", "3WH"]


def test_a_case_keeps_the_limit_and_the_calendar_that_it_has_pinned() -> None:
    partition = Partition()
    partition.adopt(ONE, "first")
    partition.file("a")
    partition.adopt(TWO, "second")
    partition.file("j")
    offset = len(partition.records)
    assert partition.due_ms("a") == AT + offset + 2 * 3_600_000
    assert partition.due_ms("j") == ms("2018-10-15T14:00") + offset + 1
    assert partition.docket.versions({"a", "j"}) == {ONE, TWO}


@pytest.mark.parametrize(
    ("who", "version", "base", "outcome", "code"),
    [
        (actor(Role.DISPATCHER), TWO, None, Outcome.REJECTED, "wrong_role"),
        (ADMIN, TWO, TWO, Outcome.REJECTED, "base_moved"),
        (ADMIN, ONE, None, Outcome.UNCHANGED, None),
        (ADMIN, TWO, ONE, Outcome.ACCEPTED, None),
    ],
)
def test_an_adoption_is_the_administrators_and_compared_with_what_is_in_force(
    who: Actor, version: str, base: str | None, outcome: Outcome, code: str | None
) -> None:
    partition = Partition()
    partition.adopt(ONE, "first")
    record = partition.adopt(version, "second", who, base)
    assert (record.outcome, record.rejection and record.rejection.code) == (outcome, code)
    assert partition.docket.in_force.version == (version if outcome is Outcome.ACCEPTED else ONE)


def test_a_repeated_adoption_changes_nothing_and_points_to_the_first() -> None:
    partition = Partition()
    partition.adopt(ONE, "first")
    partition.adopt(TWO, "second")
    record = partition.adopt(ONE, "first")
    assert (record.outcome, record.first) == (Outcome.REPEATED, Origin("t", 3, 0))
    other = partition.adopt(TWO, "first")
    assert other.rejection is not None
    assert other.rejection.code == "action_id_reused"
    assert partition.docket.in_force.version == TWO


def test_an_adoption_in_another_partition_than_it_was_meant_for_is_no_action() -> None:
    attempt = AdoptionAttempt("x", 4, ADMIN, Adopt(ONE), AT)
    assert read_attempt(Arrived(Origin("t", 3, 0), AT, b"adoption", msgspec.json.encode(attempt))) is None


def test_a_successor_that_folds_the_log_decides_by_the_same_version() -> None:
    partition = Partition()
    partition.adopt(ONE, "first")
    partition.file("a")
    partition.adopt(TWO, "second")
    successor = Docket(3, -1, Series(), "Asia/Shanghai", InForce())
    for offset, record in enumerate(partition.records):
        value = encode(record)
        entry = Entry(Stored(3, offset, AT, b"", value), record)
        successor.shelf.put({"a"}, {})
        successor.fold(entry)
    assert successor.in_force == partition.docket.in_force
    assert successor.last_origin == partition.docket.last_origin


def test_a_reader_folds_an_adoption_as_what_it_is_and_keeps_its_place() -> None:
    partition = Partition()
    partition.adopt(ONE, "first")
    partition.act("a", actor(Role.ACCEPTOR), a.Report(Place(GRID), Channel.HOTLINE, "010101"))
    folder = Folder(3)
    folded = [
        folder.fold(Entry(Stored(3, offset, AT, b"", encode(record)), record))
        for offset, record in enumerate(partition.records)
    ]
    assert [isinstance(one, Adoption) for one in folded] == [True, False]
    assert (folder.next_offset, folder.last_origin) == (2, 1)


def test_a_version_is_the_hash_of_what_it_names_and_is_read_back_whole() -> None:
    version, found = pack(OLD)
    assert unpack(found, version) == OLD
    assert list(manifests(found)) == [version]
    for missing in found:
        assert unpack({key: value for key, value in found.items() if key != missing}, version) is None
    assert pack(NEW)[0] != version


def test_the_state_of_a_case_does_not_hang_on_adoptions() -> None:
    partition = Partition()
    partition.adopt(ONE, "first")
    partition.file("a")
    file = CaseFile("a")
    for record in partition.records:
        if isinstance(record, DecisionRecord):
            file = absorb(file, record, encode(record))
    assert file.case is not None
    assert file.case.rulebook == ONE
    assert evolve(InForce(), AdoptionAttempt("x", 3, ADMIN, Adopt(ONE), AT), 0, ()).version is None


FORCE = InForce(ONE, 5, ("t",))


def attempt(action: Adopt, who: Actor = ADMIN, action_id: str = "x") -> AdoptionAttempt:
    return AdoptionAttempt(action_id, 3, who, action, AT)


def test_what_is_adopted_names_the_instant_the_person_the_towns_and_what_it_follows() -> None:
    assert decide(FORCE, attempt(Adopt(TWO, ONE, "new limit")), 9, ["a", "b"]) == Adopted(
        9, TWO, "admin", ("a", "b"), ONE, "new limit"
    )
    assert decide(InForce(), attempt(Adopt(TWO)), 9, ()) == Adopted(9, TWO, "admin", ())


@pytest.mark.parametrize(
    ("who", "action", "code", "detail"),
    [
        (
            actor(Role.DISPATCHER),
            Adopt(TWO),
            ReasonCode.WRONG_ROLE,
            {"found": "dispatcher", "allowed": ["admin", "importer", "system"]},
        ),
        (ADMIN, Adopt(TWO, TWO), ReasonCode.BASE_MOVED, {"found": ONE, "expected": TWO}),
    ],
)
def test_a_refused_adoption_says_what_was_found_and_what_is_allowed(
    who: Actor, action: Adopt, code: ReasonCode, detail: dict[str, object]
) -> None:
    with pytest.raises(Refused) as refused:
        decide(FORCE, attempt(action, who), 9, ())
    assert (refused.value.code, refused.value.detail) == (code, detail)


def test_an_adoption_of_what_is_in_force_says_since_when_it_is() -> None:
    with pytest.raises(AlreadySo) as same:
        decide(FORCE, attempt(Adopt(ONE, ONE)), 9, ())
    assert same.value.detail == {"version": ONE, "since_ms": 5}
    with pytest.raises(AlreadySo):
        decide(FORCE, attempt(Adopt(ONE, TWO), actor(Role.IMPORTER)), 9, ())


def test_an_id_is_met_once_and_what_was_adopted_is_in_force_from_its_instant() -> None:
    action = Adopt(TWO)
    one = evolve(FORCE, attempt(action), 7, [Adopted(9, TWO, "admin", ("a",))])
    assert one == InForce(TWO, 9, ("a",), {"x": Met(7, action)})
    assert evolve(one, attempt(Adopt(ONE)), 8, ()) == one
    assert evolve(one, attempt(action, action_id="y"), 8, ()).seen == {"x": Met(7, action), "y": Met(8, action)}


def test_a_tick_that_met_nothing_in_force_looks_again_once_something_is() -> None:
    partition = Partition()
    early = a.Attempt("tick", "a", actor(Role.SYSTEM, scope=""), a.Tick(), AT, "tick")
    refused = partition.feed("a", early)
    assert isinstance(refused, DecisionRecord)
    assert (refused.outcome, refused.chained) == (Outcome.REJECTED, False)
    partition.adopt(ONE, "first")
    partition.file("a")
    assert partition.feed("a", early).outcome is not Outcome.REPEATED
    assert partition.feed("a", early).outcome is not Outcome.REPEATED


def test_a_log_from_before_adoptions_is_decided_by_what_its_last_record_names() -> None:
    partition = Partition()
    partition.adopt(ONE, "first")
    partition.file("a")
    old = Docket(3, 0, Series(), "Asia/Shanghai", InForce())
    old.shelf.put({"a"}, {})
    for offset, record in enumerate(partition.records[1:], start=1):
        old.fold(Entry(Stored(3, offset, AT, b"", encode(record)), record))
    assert old.versions({"a"}) == {ONE}
    attempt = a.Attempt("d", "a", actor(Role.DISPATCHER), a.Dispatch(TEAM), AT, "d")
    place = Origin("t", 3, old.last_origin + 1)
    decided = old.decide(Arrived(place, AT + 9, b"a", msgspec.json.encode(attempt)), attempt, EDITIONS, "test")
    assert decided is not None
    assert decided[0].outcome is Outcome.ACCEPTED
    assert decided[0].rulebook == ONE


def test_a_standard_that_names_no_stage_limits_has_the_usual_ones() -> None:
    bare = replace(OLD, standard=replace(OLD.standard, stage_limits={}))
    partition = Partition()
    version, _ = pack(bare)
    EDITIONS[version] = rules_of(bare, version)
    partition.adopt(version, "first")
    assert partition.file("a").outcome is Outcome.ACCEPTED
    assert partition.due_ms("a") is not None
