"""What clients were told, held against the log.

Every outcome that somebody was told stands in the log exactly once, at the place that was named and with that
outcome; an action whose fate was unknown stands there at most once. And each case is linearizable (Herlihy and Wing,
1990): its log is one order, and an action that was answered before another one was asked for stands before it.
Whether that order is legal is asked by deciding it again (`ops.verify.again`).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ops.verify.calls import Call, Told
from ops.verify.log import Effective, Finding, LogCheck, Wrong


class Tally(msgspec.Struct, gc=False):
    """How many calls and actions there were, and what became of the actions."""

    calls: int = 0
    actions: int = 0
    acknowledged: int = 0
    rejected: int = 0
    unknown: int = 0


class Fate(msgspec.Struct, gc=False):
    """An action over all its calls: since when it may have happened, and when its outcome was first told."""

    action_id: str
    case: str
    began_ns: int
    ended_ns: int | None = None
    told: list[Call] = []


def check(calls: Iterable[Call], log: LogCheck) -> tuple[Tally, list[Finding]]:
    """Hold all calls against the log as it was read after the last of them ended."""
    tally, findings = Tally(), list[Finding]()
    fates: dict[str, Fate] = {}
    for call in calls:
        tally.calls += 1
        fate = fates.setdefault(call.action_id, Fate(call.action_id, call.case, call.began_ns))
        fate.began_ns = min(fate.began_ns, call.began_ns)
        if call.told is not Told.UNKNOWN:
            fate.ended_ns = call.ended_ns if fate.ended_ns is None else min(fate.ended_ns, call.ended_ns)
            fate.told.append(call)
    decided = log.by_action()
    ordered: dict[str, list[tuple[int, Fate]]] = {}
    for fate in fates.values():
        found = decided.get(fate.action_id, [])
        findings += _fate(fate, found)
        _count(tally, fate)
        if len(found) == 1:
            ordered.setdefault(fate.case, []).append((found[0].offset, fate))
    for case, placed in ordered.items():
        findings += _order(case, placed)
    return tally, findings


def _count(tally: Tally, fate: Fate) -> None:
    tally.actions += 1
    if not fate.told:
        tally.unknown += 1
    elif fate.told[0].told is Told.REJECTED:
        tally.rejected += 1
    else:
        tally.acknowledged += 1


def _fate(fate: Fate, found: list[Effective]) -> list[Finding]:
    name = f"action {fate.action_id} on case {fate.case}"
    if len(found) > 1:
        places = ", ".join(f"{one.partition}/{one.offset}" for one in found)
        return [Finding(Wrong.DOUBLED, f"{name} is decided at {places}")]
    if not found:
        return [Finding(Wrong.LOST, f"{name}: told {fate.told[0].told}, not in the log")] if fate.told else []
    (stands,) = found
    wrong: list[Finding] = []
    for call in fate.told:
        place = (call.origin.partition, call.origin.offset) if call.origin else None
        if (str(call.told), place) != (str(stands.outcome), (stands.partition, stands.offset)):
            says = f"{stands.outcome} at {stands.partition}/{stands.offset}"
            wrong.append(Finding(Wrong.TOLD_OTHERWISE, f"{name}: told {call.told} at {place}, the log says {says}"))
    return wrong


def _order(case: str, placed: list[tuple[int, Fate]]) -> list[Finding]:
    """In the order of the log nothing may stand behind what was asked for only after its answer."""
    wrong: list[Finding] = []
    latest: Fate | None = None
    for _, fate in sorted(placed, key=lambda each: each[0]):
        if latest is not None and fate.ended_ns is not None and fate.ended_ns < latest.began_ns:
            wrong.append(
                Finding(
                    Wrong.OUT_OF_ORDER,
                    f"case {case}: action {fate.action_id} was answered before {latest.action_id} was asked for, and "
                    "stands behind it",
                )
            )
        if latest is None or fate.began_ns > latest.began_ns:
            latest = fate
    return wrong
