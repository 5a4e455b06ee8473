"""Laws of routing, over generated routings, against an answer found by trying every rule there is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.routing.check import check_routing
from domain.routing.route import Answer, By, Reason, Routed, Router, Unclear
from domain.routing.shadow import PastCase, shadow_run
from domain.routing.values import Adjudication, Routing, Rule
from domain.standard.values import CaseClass
from tests.support.routing import CLASSES, GRIDS, UNITS

class_starts = st.sampled_from(["0", "01", "02", "0201", "03", "0301", "0302"])
place_starts = st.sampled_from([grid.code for grid in GRIDS])
named = st.sampled_from(["urban", "market", "labour", "east-team", "west-team", "owner", "territory", "gone"])
instants = st.integers(0, 12)
ends = st.none() | instants
rules = st.builds(
    Rule,
    code=st.uuids().map(str),
    unit=named,
    classes=st.lists(class_starts, max_size=2).map(tuple),
    places=st.lists(place_starts, max_size=2).map(tuple),
    levels=st.lists(st.integers(0, 2), max_size=2).map(tuple),
    since_ms=ends,
    until_ms=ends,
)
adjudications = st.builds(
    Adjudication,
    code=st.uuids().map(str),
    case_id=st.just("case"),
    case_class=class_starts,
    place=place_starts,
    unit=named,
    since_ms=instants,
    decided_by=st.just("leader"),
    reasons=st.just("权责清单"),
)
routings = st.builds(
    Routing, rules=st.lists(rules, max_size=8).map(tuple), adjudications=st.lists(adjudications, max_size=4).map(tuple)
)
classes = st.sampled_from(CLASSES)
questions = st.tuples(classes, place_starts, st.integers(0, 2), instants)
Question = tuple[CaseClass, str, int, int]


def asked(routing: Routing, question: Question) -> Answer:
    return Router(routing, UNITS).route(*question)


def tried(routing: Routing, question: Question) -> Answer:
    """The answer by trying everything: the narrowest of all that match and mean somebody."""
    case_class, grid, level, at_ms = question
    scopes = {unit.code: unit.scope for unit in UNITS}
    owner = [u for u in [case_class.responsible] if u in scopes and grid.startswith(scopes[u])]
    teams = [unit for unit in UNITS if unit.kind == "team" and grid.startswith(unit.scope)]
    territory = [max(teams, key=lambda unit: len(unit.scope)).code] if teams else []
    means = {"owner": owner, "territory": territory, **{code: [code] for code in scopes}}
    steps: list[tuple[tuple[int, ...], By, str, str]] = []
    for a in routing.adjudications:
        if a.since_ms <= at_ms and case_class.code.startswith(a.case_class) and grid.startswith(a.place):
            narrower = [b.since_ms for b in routing.adjudications if (b.case_class, b.place) == (a.case_class, a.place)]
            if a.since_ms == max(since for since in narrower if since <= at_ms):
                steps.append(((2, len(a.case_class), len(a.place), 0), By.ADJUDICATION, a.code, a.unit))
    for r in routing.rules:
        starts = [s for s in r.classes or ("",) if case_class.code.startswith(s)]
        spots = [s for s in r.places or ("",) if grid.startswith(s)]
        begun = r.since_ms is None or r.since_ms <= at_ms
        over = r.until_ms is not None and at_ms >= r.until_ms
        if starts and spots and begun and not over and (not r.levels or level in r.levels):
            width = (1, len(max(starts, key=len)), len(max(spots, key=len)), int(bool(r.levels)))
            steps.append((width, By.RULE, r.code, r.unit))
    steps += [((0, 0, 0, int(case_class.kind != "event")), By.OWNER, "", "owner")]
    steps += [((0, 0, 0, int(case_class.kind == "event")), By.TERRITORY, "", "territory")]
    for width in sorted({step[0] for step in steps}, reverse=True):
        speaking = [(by, code, u) for w, by, code, unit in steps if w == width for u in means.get(unit, [])]
        units = sorted({unit for _, _, unit in speaking})
        if len(units) > 1:
            first = {unit: min(code for _, code, u in speaking if u == unit) for unit in units}
            return Unclear(Reason.SEVERAL, tuple(units), tuple(sorted(first.values())))
        if units:
            return Routed(units[0], speaking[0][0], min(code for _, code, _ in speaking) or None)
    return Unclear(Reason.NONE)


@settings(max_examples=800)
@given(routings, questions)
def test_an_answer_is_the_one_that_trying_every_rule_gives(routing: Routing, question: Question) -> None:
    assert asked(routing, question) == tried(routing, question)


@settings(max_examples=200)
@given(routings, questions)
def test_the_order_of_rules_and_units_means_nothing(routing: Routing, question: Question) -> None:
    turned = Routing("", routing.rules[::-1], routing.adjudications[::-1])
    assert Router(turned, UNITS[::-1]).route(*question) == asked(routing, question)


@settings(max_examples=250)
@given(routings, adjudications, questions)
def test_an_adjudication_changes_no_answer_before_its_date(
    routing: Routing, decided: Adjudication, question: Question
) -> None:
    after = replace(routing, adjudications=(*routing.adjudications, decided))
    if question[3] < decided.since_ms:
        assert asked(after, question) == asked(routing, question)


@settings(max_examples=250)
@given(routings, adjudications, questions)
def test_the_newest_adjudication_of_exactly_the_case_decides_it(
    routing: Routing, decided: Adjudication, question: Question
) -> None:
    case_class, grid, _, at_ms = question
    exact = replace(decided, case_class=case_class.code, place=grid, unit="urban", since_ms=at_ms)
    others = tuple(a for a in routing.adjudications if a.since_ms != at_ms)
    answer = asked(Routing("", routing.rules, (*others, exact)), question)
    assert answer == Routed("urban", By.ADJUDICATION, exact.code)


@settings(max_examples=250)
@given(st.lists(rules, max_size=8), questions)
def test_a_rule_narrower_than_all_others_wins(others: list[Rule], question: Question) -> None:
    case_class, grid, level, _ = question
    exact = Rule("exact", "market", (case_class.code,), (grid,), (level,))
    broader = [r for r in others if case_class.code not in r.classes or grid not in r.places or not r.levels]
    assert asked(Routing("", (*broader, exact)), question) == Routed("market", By.RULE, "exact")


@settings(max_examples=200)
@given(routings, questions)
def test_what_is_unclear_between_rules_was_a_warning_of_the_check(routing: Routing, question: Question) -> None:
    answer = asked(Routing("", routing.rules), question)
    if isinstance(answer, Unclear) and answer.reason is Reason.SEVERAL:
        found = [
            f for f in check_routing(Routing("", routing.rules), CLASSES, UNITS, GRIDS) if f.code == "routing.conflict"
        ]
        assert any(all(code in f.en for code in answer.rules[:2]) for f in found)


@settings(max_examples=200)
@given(routings, questions)
def test_a_rule_that_is_said_to_be_never_met_gives_no_answer(routing: Routing, question: Question) -> None:
    ruled = Routing("", routing.rules)
    never = {f.key for f in check_routing(ruled, CLASSES, UNITS, GRIDS) if f.code == "routing.never_met"}
    without = Routing("", tuple(rule for rule in routing.rules if rule.code not in never))
    assert asked(ruled, question) == asked(without, question)


cases = st.lists(
    st.builds(
        PastCase,
        id=st.uuids().map(str),
        number=st.just("X"),
        case_class=st.sampled_from([*(c.code for c in CLASSES), "9999"]),
        grid=place_starts,
        level=st.integers(0, 2),
        filed_ms=instants,
        lead=st.none() | named,
    ),
    max_size=20,
)


@settings(max_examples=200)
@given(routings, routings, cases, st.none() | instants)
def test_a_shadow_run_of_the_same_routing_moves_nothing_and_one_back_moves_as_many(
    one: Routing, other: Routing, past: list[PastCase], as_of_ms: int | None
) -> None:
    by_code = {c.code: c for c in CLASSES}
    first, second = Router(one, UNITS), Router(other, UNITS)
    still = shadow_run(first, first, by_code, past, as_of_ms)
    assert still.moved == still.became_clear == still.became_unclear == 0
    assert still.examples == ()
    there, back = shadow_run(first, second, by_code, past, as_of_ms), shadow_run(second, first, by_code, past, as_of_ms)
    assert there.cases == back.cases == still.cases == len(past)
    assert there.moved == back.moved == sum(there.moves.values()) == sum(there.moved_by_class.values())
    assert (there.became_clear, there.as_before) == (back.became_unclear, back.as_after)
    assert {(to, was): n for (was, to), n in there.moves.items()} == back.moves
