"""When a start adopts the profile: where nothing is in force, and else only when somebody says so."""

from __future__ import annotations

import pytest

from domain.adoption.actions import Adopt, AdoptionAttempt
from domain.adoption.events import Adopted
from domain.case.values import Actor, Role
from eventlog.record import AdoptionRecord, Origin, Outcome
from ops.prepare import Adopting, wanted
from projections.adoptions import AdoptionRow

ONE, TWO, THREE = ("1" * 64, "2" * 64, "3" * 64)
ADMIN = Actor("admin", Role.ADMIN)


def adopted(*versions: str, partitions: int = 24) -> list[AdoptionRow]:
    """The rows of these adoptions, one after the other in that many partitions."""
    return [
        AdoptionRow(
            number,
            AdoptionRecord(
                Origin("t", partition, number),
                Outcome.ACCEPTED,
                number,
                number,
                "test",
                "",
                AdoptionAttempt(version, partition, ADMIN, Adopt(version), number),
                (Adopted(number, version, "admin", ()),),
            ),
        )
        for partition in range(partitions)
        for number, version in enumerate(versions)
    ]


@pytest.mark.parametrize("adopting", list(Adopting))
def test_a_new_log_begins_with_one_adoption_under_one_id_whatever_the_contents(adopting: Adopting) -> None:
    assert wanted(ONE, [], adopting, "log")[1] == list(range(24))
    assert wanted(ONE, [], Adopting.FIRST, "log")[0] == wanted(TWO, [], Adopting.FIRST, "log")[0]
    assert wanted(ONE, [], Adopting.FIRST, "log")[0] != wanted(ONE, [], Adopting.FIRST, "other")[0]


def test_what_was_begun_is_finished_in_the_partitions_that_lack_it() -> None:
    assert wanted(ONE, adopted(ONE, partitions=20), Adopting.FIRST, "log")[1] == [20, 21, 22, 23]


@pytest.mark.parametrize(
    ("rows", "adopting", "count"),
    [
        (adopted(ONE), Adopting.FIRST, 0),
        (adopted(ONE, TWO), Adopting.FIRST, 0),
        (adopted(TWO), Adopting.NEW, 24),
        (adopted(ONE, TWO), Adopting.NEW, 0),
        (adopted(ONE, TWO), Adopting.ALWAYS, 24),
        (adopted(TWO, ONE), Adopting.ALWAYS, 0),
    ],
)
def test_the_law_changes_at_a_start_only_for_a_demo_of_new_contents_and_for_an_import(
    rows: list[AdoptionRow], adopting: Adopting, count: int
) -> None:
    assert len(wanted(ONE, rows, adopting, "log")[1]) == count
