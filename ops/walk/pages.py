"""The two pages of docs/ that are written from a walk: the table action × state × role, and the diagram of the states.

Owns their words and layout. What they say of the rules is what the walk found, nothing is written by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from domain.case.actions import CASE_ACTIONS
from domain.case.decision import ReasonCode
from domain.case.values import OPEN_STATUSES, Role, Status
from ops.walk.courses import AT_A_VILLAGE, SETS_OUT
from ops.walk.walk import DEPTH, Found, Tried, walked

ACTIONS = tuple(str(kind.__struct_config__.tag) for kind in CASE_ACTIONS)
STATES = ("", *map(str, Status))
OPEN = frozenset(map(str, OPEN_STATUSES))
NOBODY_YET = "(none)"
STAYS = "stays"
WHERE_IT_STOOD = 4
"""An action that leads from one state to so many open ones leads back to where the case stood."""
OF_THE_POST = frozenset({ReasonCode.WRONG_ROLE, ReasonCode.WRONG_LEVEL, ReasonCode.WRONG_STATE})
"""Reasons that the other columns tell already."""


WRITTEN = """\
Written by `liandong docs` from the code; a test holds it current. The rules were asked {attempts:,} times in
{positions:,} positions of a case: every action by every role in every relation to the case, after up to {depth}
actions off these courses at the city's desk: {courses}; and up to {less}
off these: {others}; and off all of them at a village's desk."""
TABLE_HEAD = """\
# Who may do what, in which state

{written}

Read: *its level* is a post at the case's level; at level 2 the grid head sits at every desk, so an acceptor, a shift
head or a dispatcher is one of level 0 or 1. *of the lead* and *of a co-handler* are members of that unit, *named* is
who the case names to check, *discoverer* and *reporter* who reported it. A role without such a word may act whatever
it is to the case. Everybody else is refused in that state. What the states are called on screens stands in the
[glossary](glossary.md), how they follow each other in the [diagram](case-states.md).

## Where an action leads

`·` it is taken and the state stays; a name: it leads there; empty: everybody is refused. {nobody} is a case that is
not there yet.
"""
STATES_HEAD = """\
# The states of a case

{written}

`open` is every state inside it; an arrow back to it leads to where the case stood. An action that leads nowhere else
is not drawn; `tick` is what happens by itself when its time has come. Who may take which of these steps:
[the table](case-table.md).

```mermaid
stateDiagram-v2"""


def pages() -> Mapping[str, Callable[[], str]]:
    """File name under docs/ → what makes its text."""
    return {"case-table.md": lambda: table_page(walked()), "case-states.md": lambda: states_page(walked())}


def table_page(found: Found) -> str:
    """Which action whoever may take in which state, where it leads, and what may still be said against it."""
    moves = _moves(found)
    heads = [state or NOBODY_YET for state in STATES]
    lines = [TABLE_HEAD.format(written=_written_by(found), nobody=NOBODY_YET)]
    lines += [_row(["", *heads]), _row(["---"] * (len(heads) + 1))]
    for action in ACTIONS:
        cells = [_cell(moves.get((action, state), set()), state) for state in STATES]
        lines.append(_row([f"`{action}`", *cells]))
    lines += ["", "## Who may", ""]
    lines += [_row(["action", "in state", "who", "leads to", "refused all the same, when the rule is"])]
    lines += [_row(["---"] * 5)]
    for action in ACTIONS:
        lines += _rows_of(action, found)
    return "\n".join([*lines, ""])


def states_page(found: Found) -> str:
    """The states and what leads from one to another, as a Mermaid diagram."""
    moves = _moves(found)
    everywhere = {action: end for action in ACTIONS if (end := _from_everywhere(action, moves)) is not None}
    edges: dict[tuple[str, str], list[str]] = {}
    for action in ACTIONS:
        for state in STATES:
            ends = moves.get((action, state), set()) - {state}
            back = len(ends) >= WHERE_IT_STOOD and ends <= OPEN
            for end in sorted(["open"] if back else ends):
                if everywhere.get(action) != end:
                    edges.setdefault((state, end), []).append(action)
    order = (*STATES, "open")
    drawn = sorted(edges, key=lambda edge: (order.index(edge[0]), order.index(edge[1])))
    lines = [STATES_HEAD.format(written=_written_by(found))]
    lines += [f"    [*] --> {end}: {_label(edges[(state, end)])}" for state, end in drawn if not state]
    lines += ["    state open {"]
    lines += [f"        {a} --> {b}: {_label(edges[(a, b)])}" for a, b in drawn if {a, b} <= OPEN]
    lines += ["    }"]
    lines += [f"    open --> {end}: {action}" for action, end in everywhere.items()]
    lines += [f"    {a} --> {b}: {_label(edges[(a, b)])}" for a, b in drawn if a and not {a, b} <= OPEN]
    return "\n".join([*lines, "```", ""])


def _written_by(found: Found) -> str:
    city = {name: off for name, off in SETS_OUT.items() if not name.endswith(AT_A_VILLAGE)}
    return WRITTEN.format(
        attempts=found.attempts,
        positions=found.positions,
        depth=DEPTH,
        less=DEPTH - 1,
        courses=", ".join(name for name, off in city.items() if not off),
        others=", ".join(name for name, off in city.items() if off),
    )


def _moves(found: Found) -> dict[tuple[str, str], set[str]]:
    """Action and state → where it led, whoever took it."""
    moves: dict[tuple[str, str], set[str]] = {}
    for tried, led_to in found.led_to.items():
        moves.setdefault((tried.action, tried.state), set()).update(led_to)
    return moves


def _cell(led_to: set[str], state: str) -> str:
    return ", ".join("·" if end == state else end for end in sorted(led_to, key=STATES.index))


def _rows_of(action: str, found: Found) -> Iterable[str]:
    """One row for all states in which the same people may, with the same outcome."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for state in STATES:
        let_through = {t: e for t, e in found.led_to.items() if (t.action, t.state) == (action, state) and e}
        if not let_through:
            continue
        led_to = {STAYS if end == state else end for ends in let_through.values() for end in ends}
        reasons = {code for tried in let_through for code in found.refused[tried]} - set(map(str, OF_THE_POST))
        row = (
            _who(action, state, found),
            ", ".join(sorted(led_to)),
            ", ".join(f"`{code}`" for code in sorted(reasons)),
        )
        alike.setdefault(row, []).append(state or NOBODY_YET)
    for (who, led_to, reasons), states in alike.items():
        yield _row([f"`{action}`", _told_together(states), who, led_to, reasons])


def _told_together(states: list[str]) -> str:
    if set(states) == set(STATES[1:]):
        return "any"
    return "any open" if set(states) == set(OPEN) else ", ".join(states)


def _who(action: str, state: str, found: Found) -> str:
    """The roles that were let through, with what they are to the case where not everybody of the role was."""
    told: list[str] = []
    for role in Role:
        tried = [t for t in found.led_to if (t.action, t.state, t.role) == (action, state, str(role))]
        let_through = [one for one in tried if found.led_to[one]]
        if let_through:
            told.append(str(role) if len(let_through) == len(tried) else f"{role} ({_relations(let_through)})")
    return ", ".join(told)


def _relations(tried: Iterable[Tried]) -> str:
    return " or ".join(dict.fromkeys(one.relation for one in tried))


def _from_everywhere(action: str, moves: Mapping[tuple[str, str], set[str]]) -> str | None:
    """The one end to which the action leads from every open state, if there is one."""
    ends = [moves.get((action, state), set()) for state in STATES if state in OPEN]
    first = next(iter(ends[0]), None)
    return first if first not in OPEN and all(end == {first} for end in ends) else None


def _label(actions: list[str]) -> str:
    return ", ".join(actions)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
