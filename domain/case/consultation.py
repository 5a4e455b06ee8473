"""Rules of asking several: consult, conclude 会商研判, adjudicate 裁决 (domain document §3)."""

from __future__ import annotations

from domain.case.actions import Adjudicate, Conclude, Consult
from domain.case.decision import AlreadySo, ReasonCode, Refused
from domain.case.disposal import require_units
from domain.case.events import Adjudicated, CaseEvent, Concluded, Consulted
from domain.case.frame import Frame, require_scope
from domain.case.intake import require_known_place
from domain.case.levels import DESK_ROLES
from domain.case.values import CONSULTATIONS_MAX, OPEN_STATUSES, Role


def consult(frame: Frame, action: Consult) -> list[CaseEvent]:
    """The desk or a leader calls units together; nothing of the case stands still meanwhile."""
    frame.require(*sorted(OPEN_STATUSES))
    frame.require_desk_or_leader(*DESK_ROLES)
    require_units(frame, action.units)
    called = len(frame.case.consultations)
    if called >= CONSULTATIONS_MAX:
        raise Refused(ReasonCode.TOO_MANY_CONSULTATIONS, found=called, limit=CONSULTATIONS_MAX)
    return [
        Consulted(
            at_ms=frame.at_ms,
            number=called + 1,
            person=frame.actor.person,
            measure=action.measure,
            units=action.units,
            text=action.text,
        )
    ]


def conclude(frame: Frame, action: Conclude) -> list[CaseEvent]:
    """What came of it, with the position of each unit that took part."""
    frame.require(*sorted(OPEN_STATUSES))
    frame.require_desk_or_leader(*DESK_ROLES)
    held = next((one for one in frame.case.consultations if one.number == action.number), None)
    if held is None:
        known = [str(one.number) for one in frame.case.consultations]
        raise Refused(ReasonCode.NO_SUCH_CONSULTATION, found=action.number, allowed=known)
    if held.concluded:
        raise AlreadySo(number=action.number)
    spoke = [position.unit for position in action.positions]
    if strangers := [unit for unit in spoke if unit not in held.units]:
        raise Refused(ReasonCode.NOT_A_PARTY, found=strangers, allowed=list(held.units))
    if len(set(spoke)) != len(spoke):
        raise Refused(ReasonCode.UNIT_NAMED_TWICE, found=next(u for u in spoke if spoke.count(u) > 1))
    return [
        Concluded(
            at_ms=frame.at_ms,
            number=action.number,
            person=frame.actor.person,
            positions=action.positions,
            text=action.text,
        )
    ]


def adjudicate(frame: Frame, action: Adjudicate) -> list[CaseEvent]:
    """A leader says who owns such a matter: the case leaves the docket of unclear ownership with a proposal.

    The rule of the routing that it makes, where the case has a class, follows through the reactor.
    """
    frame.require(*sorted(OPEN_STATUSES))
    frame.require_role(Role.LEADER)
    require_units(frame, (action.unit,))
    place = action.place or frame.case.place.grid
    if not frame.case.place.grid.startswith(place):
        raise Refused(ReasonCode.NOT_THE_PLACE, found=place, allowed=[frame.case.place.grid])
    require_scope(frame.actor, place)
    require_known_place(place, frame.rules.book, frame.at_ms)
    return [
        Adjudicated(
            at_ms=frame.at_ms,
            person=frame.actor.person,
            unit=action.unit,
            reason=action.reason,
            text=action.text,
            place=place,
            number=frame.case.number,
            case_class=frame.case.case_class,
        )
    ]
