"""Rules of the case's alarm on the desk: shelve_alarm, confirm_alarm (domain document §3).

A case alarms while a clock that runs is near its deadline or past it. Putting the alarm aside stops no clock; it comes
back by itself.
"""

from __future__ import annotations

from domain.case.actions import ConfirmAlarm, ShelveAlarm
from domain.case.decision import AlreadySo, ReasonCode, Refused
from domain.case.events import AlarmConfirmed, AlarmShelved, AlarmUnshelved, CaseEvent
from domain.case.frame import Frame
from domain.case.state import Case
from domain.case.values import OPEN_STATUSES, SHELVED_MS_MAX, SHELVINGS_MAX, Role


def shelve_alarm(frame: Frame, action: ShelveAlarm) -> list[CaseEvent]:
    """The dispatcher puts the alarm aside for at most a week; one that is put aside already is not again."""
    _require_alarm(frame)
    if frame.case.shelved_until_ms is not None:
        raise AlreadySo(until_ms=frame.case.shelved_until_ms)
    if not frame.at_ms < action.until_ms <= frame.at_ms + SHELVED_MS_MAX:
        allowed = [str(frame.at_ms + 1), str(frame.at_ms + SHELVED_MS_MAX)]
        raise Refused(ReasonCode.DUE_OUT_OF_RANGE, found=action.until_ms, allowed=allowed)
    if frame.case.shelvings >= SHELVINGS_MAX:
        raise Refused(ReasonCode.TOO_MANY_SHELVINGS, found=frame.case.shelvings, limit=SHELVINGS_MAX)
    person = frame.actor.person
    return [AlarmShelved(at_ms=frame.at_ms, person=person, reason=action.reason, until_ms=action.until_ms)]


def confirm_alarm(frame: Frame, _action: ConfirmAlarm) -> list[CaseEvent]:
    """The dispatcher has seen it; the next one has to be seen anew."""
    _require_alarm(frame)
    if frame.case.alarm_confirmed:
        raise AlreadySo()
    return [AlarmConfirmed(at_ms=frame.at_ms, person=frame.actor.person)]


def shelving_over(case: Case, at_ms: int) -> list[CaseEvent]:
    """What follows by itself when the time for which the alarm was put aside ended strictly before `at_ms`."""
    until_ms = case.shelved_until_ms
    return [] if until_ms is None or until_ms >= at_ms else [AlarmUnshelved(at_ms=until_ms)]


def _require_alarm(frame: Frame) -> None:
    frame.require(*sorted(OPEN_STATUSES))
    frame.require_desk(Role.DISPATCHER)
    if not frame.case.alarm:
        raise Refused(ReasonCode.NO_ALARM)
