"""The life of an admission item, what is admitted when, and what a check, a diff and the report of ends say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from domain.admission import values
from domain.admission.admissions import EXPIRING_SHOWN_MAX, Admissions, admitted
from domain.admission.check import check_admission
from domain.admission.diff import diff_admission, rewritten
from domain.admission.life import take_step
from domain.admission.standing import Stage, Standing, standing, terms
from domain.admission.values import (
    AdmissionList,
    Admitted,
    Applied,
    ChangeProposed,
    Exited,
    Item,
    Matter,
    Reviewed,
    Step,
)
from domain.case.values import Role
from domain.finding import Finding, Weight
from reference import xinmi_admission
from tests.support.city import contents, rules
from tests.support.routing import CLASSES

GOLDEN = Path(__file__).parents[1] / "support" / "admission_findings.json"
STALLS = Matter(("02",), "街面秩序", "Street order")
WAGES = Matter(("0301",), "欠薪", "Unpaid wages")
APPLIED, REVIEWED, ADMITTED = Applied(10, "li", STALLS), Reviewed(20, "wang", True), Admitted(30, "zhao", 40, 100)
CHANGE = (ChangeProposed(50, "li", WAGES), Reviewed(60, "wang", True), Admitted(70, "zhao", 80, None))
EXIT = Exited(90, "zhao")
ROLES: dict[type[Step], Role] = {
    Applied: Role.HANDLER,
    ChangeProposed: Role.HANDLER,
    Reviewed: Role.ADMIN,
    Admitted: Role.LEADER,
    Exited: Role.LEADER,
}


def taken(*steps: Step, listed: AdmissionList | None = None) -> AdmissionList | Finding:
    """The list after these steps of the item A1, each by a post that may, or the first refusal."""
    found = listed or AdmissionList("1", True)
    for step in steps:
        grown = take_step(found, "A1", step, ROLES[type(step)])
        if isinstance(grown, Finding):
            return grown
        found = grown
    return found


def listed(*steps: Step) -> AdmissionList:
    found = taken(*steps)
    assert isinstance(found, AdmissionList)
    return found


def refusal(*steps: Step) -> Finding:
    found = taken(*steps)
    assert isinstance(found, Finding)
    assert (found.part, found.key) == ("admission", "A1")
    return found


def test_an_item_goes_from_its_application_to_its_end_and_keeps_every_step() -> None:
    steps = (APPLIED, REVIEWED, ADMITTED, *CHANGE, EXIT, replace(APPLIED, at_ms=95))
    stages = [standing(listed(*steps[:n]).items[0].steps).stage for n in range(1, len(steps) + 1)]
    assert stages == [
        Stage.APPLIED,
        Stage.REVIEWED,
        Stage.ADMITTED,
        Stage.CHANGE_PROPOSED,
        Stage.CHANGE_REVIEWED,
        Stage.ADMITTED,
        Stage.EXITED,
        Stage.APPLIED,
    ]
    assert listed(*steps).items == (Item("A1", steps),)


def test_a_list_keeps_its_other_items_and_whether_it_is_kept() -> None:
    other = Item("A0", (APPLIED,))
    found = taken(APPLIED, REVIEWED, listed=AdmissionList("1", False, (other,)))
    assert found == AdmissionList("1", False, (other, Item("A1", (APPLIED, REVIEWED))))


def test_a_refused_proposal_leaves_what_was_there() -> None:
    against = Reviewed(20, "wang", False)
    assert standing((APPLIED, against)) == Standing(Stage.REFUSED, last_ms=20)
    assert listed(APPLIED, against, replace(APPLIED, at_ms=25)).items[0].steps[-1].at_ms == 25
    change_refused = (APPLIED, REVIEWED, ADMITTED, CHANGE[0], replace(against, at_ms=60))
    assert standing(change_refused) == Standing(Stage.ADMITTED, STALLS, last_ms=60)
    assert [t.matter for t in terms(listed(*change_refused).items[0])] == [STALLS]


@pytest.mark.parametrize(
    ("before", "step", "stage"),
    [
        ((APPLIED,), ADMITTED, "applied"),
        ((APPLIED,), replace(APPLIED, at_ms=15), "applied"),
        ((APPLIED,), CHANGE[0], "applied"),
        ((APPLIED,), EXIT, "applied"),
        ((APPLIED, REVIEWED), replace(REVIEWED, by="zhou"), "reviewed"),
        ((APPLIED, REVIEWED), EXIT, "reviewed"),
        ((APPLIED, replace(REVIEWED, supports=False)), ADMITTED, "refused"),
        ((APPLIED, REVIEWED, ADMITTED), replace(APPLIED, at_ms=50), "admitted"),
        ((APPLIED, REVIEWED, ADMITTED), ADMITTED, "admitted"),
        ((APPLIED, REVIEWED, ADMITTED, CHANGE[0]), CHANGE[2], "change_proposed"),
        ((APPLIED, REVIEWED, ADMITTED, EXIT), EXIT, "exited"),
    ],
)
def test_no_step_is_skipped_or_taken_twice(before: tuple[Step, ...], step: Step, stage: str) -> None:
    found = refusal(*before, step)
    assert (found.code, found.found) == ("admission.out_of_turn", stage)
    tag = str(step.__struct_config__.tag)
    assert all(stage in text and tag in text and found.allowed in text for text in (found.zh, found.en))


def test_the_words_of_a_life_are_stable() -> None:
    assert refusal(APPLIED, replace(APPLIED, at_ms=15)).allowed == "exited, new, refused"
    assert refusal(APPLIED, EXIT).allowed == "admitted, change_proposed, change_reviewed"
    assert refusal(APPLIED, ADMITTED).allowed == "change_reviewed, reviewed"
    assert refusal(APPLIED, REVIEWED, REVIEWED).allowed == "applied, change_proposed"
    assert msgspec.json.encode(Item("A1", (APPLIED, REVIEWED, ADMITTED, EXIT))) == (
        b'{"code":"A1","steps":['
        b'{"type":"applied","at_ms":10,"by":"li","matter":'
        b'{"classes":["02"],"zh":"\xe8\xa1\x97\xe9\x9d\xa2\xe7\xa7\xa9\xe5\xba\x8f","en":"Street order"}},'
        b'{"type":"reviewed","at_ms":20,"by":"wang","supports":true},'
        b'{"type":"admitted","at_ms":30,"by":"zhao","since_ms":40,"until_ms":100},'
        b'{"type":"exited","at_ms":90,"by":"zhao"}]}'
    )


def test_an_item_that_nobody_applied_for_cannot_be_reviewed() -> None:
    found = refusal(REVIEWED)
    assert found.code == "admission.item_unknown"
    assert all("A1" in text for text in (found.zh, found.en))


def test_an_exit_also_ends_a_change_under_way() -> None:
    for steps in (CHANGE[:1], CHANGE[:2]):
        assert standing(listed(APPLIED, REVIEWED, ADMITTED, *steps, EXIT).items[0].steps) == Standing(
            Stage.EXITED, last_ms=90
        )


@pytest.mark.parametrize(
    "steps",
    [
        (APPLIED, replace(REVIEWED, by="li")),
        (APPLIED, REVIEWED, replace(ADMITTED, by="li")),
        (APPLIED, REVIEWED, replace(ADMITTED, by="wang")),
        (APPLIED, REVIEWED, ADMITTED, CHANGE[0], replace(CHANGE[1], by="li")),
        (APPLIED, REVIEWED, ADMITTED, *CHANGE[:2], replace(CHANGE[2], by="wang")),
    ],
)
def test_nobody_takes_two_steps_of_one_proposal(steps: tuple[Step, ...]) -> None:
    found = refusal(*steps)
    assert (found.code, found.found) == ("admission.same_hand", steps[-1].by)
    assert all(steps[-1].by in text for text in (found.zh, found.en))


def test_the_hands_of_an_earlier_proposal_are_free_again() -> None:
    swapped = (replace(CHANGE[0], by="zhao"), replace(CHANGE[1], by="li"), replace(CHANGE[2], by="wang"))
    assert standing(listed(APPLIED, REVIEWED, ADMITTED, *swapped).items[0].steps).matter == WAGES


@pytest.mark.parametrize(
    ("step", "role", "may"),
    [
        (APPLIED, Role.COLLECTOR, "acceptor, admin, grid_head, handler, inspector, leader"),
        (REVIEWED, Role.LEADER, "admin, inspector"),
        (ADMITTED, Role.ADMIN, "leader"),
        (EXIT, Role.INSPECTOR, "leader"),
        (CHANGE[0], Role.AUDITOR, "acceptor, admin, grid_head, handler, inspector, leader"),
    ],
)
def test_a_step_is_taken_by_those_whose_role_it_is(step: Step, role: Role, may: str) -> None:
    found = take_step(AdmissionList("1", True, (Item("A1", (APPLIED, REVIEWED)),)), "A1", step, role)
    assert isinstance(found, Finding)
    assert (found.code, found.found, found.allowed) == ("admission.wrong_role", str(role), may)
    assert all(role in text and may in text for text in (found.zh, found.en))


def test_time_runs_forward_and_a_term_begins_no_earlier_than_it_is_decided() -> None:
    assert refusal(APPLIED, replace(REVIEWED, at_ms=9)).code == "admission.step_before_the_last"
    assert listed(APPLIED, replace(REVIEWED, at_ms=10))
    life = (APPLIED, REVIEWED, ADMITTED)
    for steps in ((*life, CHANGE[0], replace(CHANGE[1], at_ms=49)), (*life, replace(EXIT, at_ms=29))):
        assert refusal(*steps).code == "admission.step_before_the_last"
    assert standing((*life, *CHANGE[:2])).matter == STALLS
    found = refusal(APPLIED, REVIEWED, Admitted(30_000, "zhao", 29_000))
    assert (found.code, found.found, found.allowed) == (
        "admission.term_in_the_past",
        "1970-01-01 00:00:29+00:00",
        "≥ 1970-01-01 00:00:30+00:00",
    )
    assert refusal(APPLIED, REVIEWED, Admitted(30, "zhao", 40, 40)).code == "admission.ends_before_it_begins"
    assert listed(APPLIED, REVIEWED, Admitted(30, "zhao", 30, 31))


def test_a_list_and_a_history_have_an_end() -> None:
    full = AdmissionList("1", True, tuple(Item(f"B{n}", (APPLIED,)) for n in range(values.ITEMS_MAX)))
    found = taken(APPLIED, listed=full)
    assert isinstance(found, Finding)
    assert (found.code, found.found, found.allowed) == (
        "admission.too_many",
        str(values.ITEMS_MAX + 1),
        str(values.ITEMS_MAX),
    )
    assert isinstance(taken(APPLIED, listed=replace(full, items=full.items[1:])), AdmissionList)
    assert isinstance(take_step(full, "B1", REVIEWED, Role.ADMIN), AdmissionList)
    against = Reviewed(10, "wang", False)
    steps = (APPLIED, against) * (values.STEPS_PER_ITEM_MAX // 2)
    assert len(listed(*steps).items[0].steps) == values.STEPS_PER_ITEM_MAX
    assert refusal(*steps, APPLIED).code == "admission.too_many"


def admitted_at(steps: tuple[Step, ...], instants: tuple[int, ...], code: str = "0201") -> list[bool]:
    admissions = Admissions(AdmissionList("1", True, (Item("A1", steps),)))
    return [admissions.admitted(code, at_ms) is not None for at_ms in instants]


def test_an_item_is_admitted_during_its_term() -> None:
    life = (APPLIED, REVIEWED, ADMITTED)
    assert admitted_at(life, (30, 39, 40, 99, 100)) == [False, False, True, True, False]
    assert admitted_at((*life, EXIT), (89, 90)) == [True, False]
    assert admitted_at((*life, Exited(35, "zhao")), (40,)) == [False]
    assert admitted_at((*life, *CHANGE), (79, 80)) == [True, False]
    assert admitted_at((*life, *CHANGE), (79, 80, 10**15), "0301") == [False, True, True]
    assert admitted_at((*life, *CHANGE, EXIT), (89, 90), "0301") == [True, False]


def test_the_admission_decided_later_holds_from_its_beginning_on_also_where_it_ends_earlier() -> None:
    life = (APPLIED, REVIEWED, ADMITTED, *CHANGE[:2], Admitted(70, "zhao", 80, 90))
    assert [(t.matter, t.since_ms, t.until_ms) for t in terms(Item("A1", life))] == [(STALLS, 40, 80), (WAGES, 80, 90)]
    later, sooner = (
        (ChangeProposed(at_ms, "li", WAGES), Reviewed(at_ms, "wang", True), Admitted(at_ms, "zhao", since_ms))
        for at_ms, since_ms in ((31, 80), (32, 60))
    )
    found = terms(Item("A1", (APPLIED, REVIEWED, ADMITTED, *later, *sooner)))
    assert [(t.matter, t.since_ms, t.until_ms) for t in found] == [(STALLS, 40, 60), (WAGES, 60, None)]
    early = (APPLIED, REVIEWED, replace(ADMITTED, since_ms=85), *CHANGE)
    assert [(t.matter, t.since_ms) for t in terms(Item("A1", early))] == [(WAGES, 80)]


def test_an_exit_ends_only_what_was_decided_before_it() -> None:
    again = (replace(APPLIED, at_ms=91), replace(REVIEWED, at_ms=92), Admitted(93, "zhao", 94, 200))
    found = terms(listed(APPLIED, REVIEWED, ADMITTED, EXIT, *again).items[0])
    assert [(t.since_ms, t.until_ms) for t in found] == [(40, 90), (94, 200)]
    assert terms(Item("A1", (APPLIED, REVIEWED, ADMITTED, Exited(40, "zhao")))) == []
    assert terms(Item("A1", (REVIEWED,))) == []


def test_of_two_items_the_one_with_the_longer_class_answers_and_then_the_lower_code() -> None:
    exact = replace(APPLIED, matter=Matter(("0201", "0201"), "x"))
    steps = (REVIEWED, ADMITTED)
    two = AdmissionList("1", True, (Item("B", (APPLIED, *steps)), Item("A", (APPLIED, *steps))))
    found = admitted(two, "0201", 50)
    assert found is not None
    assert (found.item, found.matter.zh) == ("A", "街面秩序")
    found = admitted(replace(two, items=(*two.items, Item("Z", (exact, *steps)))), "0201", 50)
    assert found is not None
    assert found.item == "Z"
    assert admitted(two, "0", 50) is None
    assert admitted(two, "03", 50) is None


def test_intake_flags_only_where_a_list_is_kept() -> None:
    assert not Admissions(AdmissionList()).flagged("0201", 0)
    assert Admissions(AdmissionList("1", True)).flagged("0201", 0)
    held = listed(APPLIED, REVIEWED, ADMITTED)
    assert [Admissions(held).flagged("0201", at_ms) for at_ms in (39, 40)] == [True, False]
    assert not Admissions(replace(held, kept=False)).flagged("0201", 39)


def ends(*items: tuple[Step, ...], at_ms: int = 50, days: int = 30) -> list[tuple[str, int]]:
    named = tuple(Item(f"A{number}", steps) for number, steps in enumerate(items, start=1))
    found = Admissions(AdmissionList("1", True, named)).expiring(at_ms, days)
    return [(e.item, e.until_ms) for e in found]


def test_the_report_of_ends_names_what_runs_out_soonest_first() -> None:
    start, end = (APPLIED, REVIEWED), 50 + 30 * 86_400_000
    late, soon = (*start, replace(ADMITTED, until_ms=end)), (*start, ADMITTED)
    assert ends(late, soon) == [("A2", 100), ("A1", end)]
    assert ends(late, soon, days=29) == [("A2", 100)]
    assert ends((*start, replace(ADMITTED, until_ms=end + 1))) == []
    assert ends((*start, replace(ADMITTED, until_ms=None)), start, ()) == []
    assert ends(soon, at_ms=39) == ends(soon, at_ms=100) == []
    assert ends((*start, replace(ADMITTED, until_ms=200), *CHANGE), at_ms=75) == []
    ended = (*start, ADMITTED, *CHANGE[:2], Admitted(70, "zhao", 80, 90))
    assert ends(ended, at_ms=85) == [("A1", 90)]
    gap = (*start, replace(ADMITTED, until_ms=79), *CHANGE)
    assert ends(gap, at_ms=75) == [("A1", 79)]
    assert len(ends(*([soon] * (EXPIRING_SHOWN_MAX + 1)))) == EXPIRING_SHOWN_MAX
    named = Admissions(listed(APPLIED, REVIEWED, ADMITTED)).expiring(50, 1)[0]
    assert (named.zh, named.en) == ("街面秩序", "Street order")


def check(*items: Item, kept: bool = True) -> list[Finding]:
    return check_admission(AdmissionList("1", kept, items), CLASSES)


GOOD = Item("A0", (APPLIED, REVIEWED, ADMITTED))


def test_a_list_that_grew_step_by_step_is_sound() -> None:
    assert check(GOOD, Item("A1", (APPLIED, REVIEWED, ADMITTED, *CHANGE, EXIT))) == []
    assert check(kept=False) == []
    anything = replace(APPLIED, matter=Matter(("0",), "x"))
    assert check(Item("A1", (anything, REVIEWED, ADMITTED))) == []


def test_a_kept_list_without_admissions_and_items_in_a_list_that_is_not_kept_are_warnings() -> None:
    found = [*check(Item("A1", (APPLIED,))), *check(GOOD, kept=False), *check()]
    assert [(f.code, f.weight) for f in found] == [
        ("admission.nothing_admitted", Weight.WARNING),
        ("admission.not_kept", Weight.WARNING),
        ("admission.nothing_admitted", Weight.WARNING),
    ]
    assert {f.part for f in found} == {"admission"}
    assert (found[0].zh, found[0].en) == (
        "清单已启用,但没有任何已准入的事项:所有上报都会被标记。",
        "The list is kept but nothing on it is admitted: every report will be flagged.",
    )
    assert (found[1].zh, found[1].en) == (
        "清单有事项,但写明不启用(kept为false):任何上报都不会被标记。",
        "The list has items but says that it is not kept: no report will be flagged.",
    )


def test_every_step_out_of_turn_is_found_with_its_row_and_number() -> None:
    found = check(GOOD, Item("A1", (REVIEWED, replace(ADMITTED, at_ms=5))), Item("A2"))
    assert [(f.code, f.key, f.row, f.column) for f in found] == [
        ("admission.out_of_turn", "A1", 2, "steps/1"),
        ("admission.step_before_the_last", "A1", 2, "steps/2"),
        ("admission.no_steps", "A2", 3, "steps"),
    ]
    assert all("A2" in text for text in (found[2].zh, found[2].en))


def test_unknown_classes_missing_names_and_long_texts_are_found() -> None:
    long = "x" * (values.TEXT_CHARS_MAX + 1)
    wrong = Applied(10, "li", Matter(("02", "99"), " ", duties_zh=long), note=long)
    found = check(GOOD, Item("A1", (wrong, replace(REVIEWED, note=long))))
    assert [(f.code, f.key, f.row, f.column, f.found) for f in found] == [
        ("admission.class_unknown", "A1", 2, "steps/1", "99"),
        ("admission.name_missing", "A1", 2, "steps/1", ""),
        ("admission.text_too_long", "A1", 2, "steps/1", str(len(long))),
        ("admission.text_too_long", "A1", 2, "steps/1", str(len(long))),
        ("admission.text_too_long", "A1", 2, "steps/2", str(len(long))),
    ]
    assert ["note" in f.en for f in found] == [False, False, True, False, True]
    assert all("duties_zh" in text and str(values.TEXT_CHARS_MAX) in text for text in (found[3].zh, found[3].en))
    assert all("99" in text and "A1" in text for text in (found[0].zh, found[0].en))
    assert found[2].allowed == str(values.TEXT_CHARS_MAX)
    fits = replace(APPLIED, note=long[1:])
    assert check(Item("A1", (fits, REVIEWED, ADMITTED))) == []


def test_what_is_too_large_is_refused_with_its_measure() -> None:
    most = values.ITEMS_MAX
    found = check(*[Item("A1", ())] * (most + 1))
    assert [(f.code, f.column, f.found, f.allowed) for f in found] == [
        ("admission.too_many", "items", str(most + 1), str(most))
    ]
    long = Item("A1", (APPLIED,) * (values.STEPS_PER_ITEM_MAX + 1))
    found = check(GOOD, long)
    assert [(f.code, f.key, f.row, f.column) for f in found] == [("admission.too_many", "A1", 2, "steps")]
    wide = replace(APPLIED, matter=Matter(("99",) * (values.CLASSES_PER_ITEM_MAX + 1), "x"))
    found = check(GOOD, Item("A1", (wide,)))
    assert [(f.code, f.row, f.column, f.found) for f in found] == [
        ("admission.too_many", 2, "steps/1", str(values.CLASSES_PER_ITEM_MAX + 1))
    ]
    assert str(values.CLASSES_PER_ITEM_MAX) in found[0].en
    assert str(values.CLASSES_PER_ITEM_MAX) in found[0].zh


def test_an_item_code_stands_once() -> None:
    found = check(GOOD, GOOD)
    assert [(f.code, f.key, f.found, f.allowed, f.column) for f in found] == [
        ("admission.code_doubled", "A0", "2", "1", "code")
    ]
    assert "A0" in found[0].zh
    assert "A0" in found[0].en


LONG = "x" * (values.TEXT_CHARS_MAX + 1)
MANY = tuple(Item(f"B{n}", (APPLIED,)) for n in range(values.ITEMS_MAX))
WRONG = Applied(10, "li", Matter(("02", "99"), " ", LONG, LONG, LONG), LONG)
BARE = AdmissionList("1", True)
TOLD: dict[str, Callable[[], list[Finding | AdmissionList]]] = {
    "unknown item": lambda: [taken(REVIEWED)],
    "wrong role": lambda: [take_step(BARE, "A1", APPLIED, Role.COLLECTOR)],
    "out of turn": lambda: [taken(APPLIED, ADMITTED), taken(APPLIED, EXIT)],
    "against time": lambda: [taken(replace(APPLIED, at_ms=20_000), replace(REVIEWED, at_ms=19_999))],
    "same hand": lambda: [taken(APPLIED, replace(REVIEWED, by="li"))],
    "term in the past": lambda: [taken(APPLIED, REVIEWED, Admitted(30_000, "zhao", 29_999))],
    "ends before it begins": lambda: [taken(APPLIED, REVIEWED, Admitted(30_000, "zhao", 40_000, 39_000))],
    "too many": lambda: [
        taken(APPLIED, listed=AdmissionList("1", True, MANY)),
        taken(*(APPLIED, Reviewed(10, "wang", False)) * (values.STEPS_PER_ITEM_MAX // 2), APPLIED),
    ],
    "no step, and one out of turn": lambda: [*check(GOOD, Item("A1"), Item("A2", (ADMITTED, WRONG)))],
    "a code twice": lambda: [*check(GOOD, GOOD)],
    "not kept": lambda: [*check(GOOD, kept=False)],
    "nothing admitted": lambda: [*check()],
    "too large": lambda: [
        *check(*MANY, GOOD),
        *check(GOOD, Item("A1", (APPLIED,) * (values.STEPS_PER_ITEM_MAX + 1)), Item("A2")),
        *check(GOOD, Item("A1", (replace(APPLIED, matter=Matter(("99",) * (values.CLASSES_PER_ITEM_MAX + 1), "x")),))),
    ],
}


@pytest.mark.parametrize("name", TOLD)
def test_each_finding_is_told_as_it_is_written_down(name: str) -> None:
    golden = msgspec.json.decode(GOLDEN.read_bytes(), type=dict[str, list[Finding]])
    assert TOLD[name]() == golden[name]


def test_what_lies_on_a_limit_is_within_it() -> None:
    steps = (APPLIED, Reviewed(10, "wang", False)) * (values.STEPS_PER_ITEM_MAX // 2)
    wide = replace(APPLIED, matter=Matter(("02",) * values.CLASSES_PER_ITEM_MAX, LONG[1:]))
    assert check(*MANY[2:], GOOD, Item("A1", (*steps[:-2], wide, steps[-1]))) == []


def test_a_name_that_is_too_long_and_a_class_without_a_code_are_found() -> None:
    found = check(GOOD, Item("A1", (replace(APPLIED, matter=Matter(("",), LONG)),)))
    assert [f.code for f in found] == ["admission.class_unknown", "admission.text_too_long"]
    assert "The zh of A1" in found[1].en


def test_a_difference_tells_the_steps_that_were_added() -> None:
    zone = timezone(timedelta(hours=8))
    before = AdmissionList("1", False, (Item("A1", (APPLIED,)), Item("A3", (APPLIED,)), Item("A4", (APPLIED,))))
    after = AdmissionList(
        "2",
        True,
        (
            Item("A1", (APPLIED, REVIEWED, ADMITTED, *CHANGE, EXIT)),
            Item("A2", (replace(APPLIED, matter=Matter(("02",), "街面")), replace(REVIEWED, supports=False))),
            Item("A3", (replace(APPLIED, by="zhou"),)),
        ),
    )
    found = diff_admission(before, after, zone)
    assert [(d.kind, d.part, d.key) for d in found] == [
        ("changed", "admission", "kept"),
        ("changed", "admission_item", "A1"),
        ("added", "admission_item", "A2"),
        ("changed", "admission_item", "A3"),
        ("removed", "admission_item", "A4"),
    ]
    at = "1970-01-01 08:00:00+08:00"
    assert found[0].en == "The admission list is kept from now on."
    assert found[0].zh == "准入清单启用。"
    assert found[1].en == (
        f"The item A1: supported by wang at {at}; admitted from {at} until {at} by zhao at {at}; "
        f"change to Unpaid wages proposed by li at {at}; supported by wang at {at}; "
        f"admitted from {at} with no end by zhao at {at}; exited by zhao at {at}."
    )
    assert found[1].zh.startswith(f"事项A1:{at} wang 审核通过;{at} zhao 准入,期限{at}至{at};{at} li 申请变更为“欠薪”;")
    assert found[1].zh.endswith(f"自{at}起长期准入;{at} zhao 退出。")
    assert found[2].en == f"The item A2: applied for as 街面 by li at {at}; not supported by wang at {at}."
    assert found[2].zh == f"事项A2:{at} li 申请“街面”;{at} wang 审核不通过。"
    assert found[3].en == "The history that the item A3 had was rewritten."
    assert "A3" in found[3].zh
    assert found[4].en == "The item A4 was removed with its history."
    assert "A4" in found[4].zh
    ended = diff_admission(after, replace(after, kept=False))
    assert [(d.key, d.zh, d.en) for d in ended] == [("kept", "准入清单停用。", "The admission list is no longer kept.")]
    assert diff_admission(after, after) == []


def test_a_history_that_lost_or_changed_a_step_was_rewritten() -> None:
    before = AdmissionList("1", True, (Item("A2", (APPLIED, REVIEWED)), Item("A1", (APPLIED,))))
    grown = AdmissionList("2", True, (Item("A1", (APPLIED, REVIEWED)), Item("A2", (APPLIED, REVIEWED)), Item("A3")))
    assert rewritten(before, grown) == []
    assert rewritten(before, AdmissionList("2", True, (Item("A2", (APPLIED,)),))) == ["A1", "A2"]


def test_the_shipped_list_is_sound_and_leaves_three_classes_out() -> None:
    standard = rules().book.standard
    shipped = contents().admission
    assert shipped == xinmi_admission.admission(standard)
    assert check_admission(shipped, standard.classes) == []
    admissions = Admissions(shipped)
    now = 1_790_000_000_000
    out = {c.code for c in standard.classes if admissions.flagged(c.code, now)}
    assert out == {xinmi_admission.REFUSED, xinmi_admission.EXITED, xinmi_admission.NEVER_LISTED}
