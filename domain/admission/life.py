"""The life of an item: apply → review → admit, with a term → change → exit (domain document §5, "Admission").

Owns who may take which step when. A change goes the way of an application, while what was admitted goes on. Four eyes:
nobody takes two of the steps of one proposal, so each admission has passed through three persons' hands. A step is
added to the list or refused with a finding; no step is ever taken out.
"""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from domain.admission import values
from domain.admission.standing import Stage, Standing, standing
from domain.admission.values import (
    PART,
    AdmissionList,
    Admitted,
    Applied,
    ChangeProposed,
    Exited,
    Item,
    Reviewed,
    Step,
)
from domain.case.values import Role
from domain.finding import Finding
from domain.instant import written

MAY_PROPOSE = frozenset({Role.HANDLER, Role.GRID_HEAD, Role.ACCEPTOR, Role.INSPECTOR, Role.LEADER, Role.ADMIN})
MAY_REVIEW = frozenset({Role.ADMIN, Role.INSPECTOR})
MAY_ADMIT = frozenset({Role.LEADER})

Allowed = tuple[frozenset[Role], frozenset[Stage]]


def take_step(listed: AdmissionList, code: str, step: Step, role: Role) -> AdmissionList | Finding:
    """The list with one more step of the item of that code, taken by a post of that role, or why it is refused.

    `Applied` begins an item that is not there yet. Whether the list is kept is not touched: a first application must
    not make every report a flagged one.
    """
    item = next((item for item in listed.items if item.code == code), None)
    if item is None and not isinstance(step, Applied):
        return _refused(
            "admission.item_unknown",
            code,
            f"没有准入事项{code},须先申请。",
            f"There is no item {code}; it has to be applied for first.",
        )
    steps = item.steps if item is not None else ()
    roles, _ = allowed(step)
    if role not in roles:
        return _wrong_role(code, role, roles)
    refusal = _full(listed, code, steps) or refuse(code, standing(steps), step)
    if refusal is not None:
        return refusal
    grown = Item(code, (*steps, step))
    if item is None:
        return replace(listed, items=(*listed.items, grown))
    return replace(listed, items=tuple(grown if one is item else one for one in listed.items))


def allowed(step: Step) -> Allowed:
    """The roles that may take such a step, and the stages that it may be taken at."""
    match step:
        case Applied():
            return MAY_PROPOSE, frozenset({Stage.NEW, Stage.REFUSED, Stage.EXITED})
        case ChangeProposed():
            return MAY_PROPOSE, frozenset({Stage.ADMITTED})
        case Reviewed():
            return MAY_REVIEW, frozenset({Stage.APPLIED, Stage.CHANGE_PROPOSED})
        case Admitted():
            return MAY_ADMIT, frozenset({Stage.REVIEWED, Stage.CHANGE_REVIEWED})
        case Exited():
            return MAY_ADMIT, frozenset({Stage.ADMITTED, Stage.CHANGE_PROPOSED, Stage.CHANGE_REVIEWED})
    assert_never(step)


def refuse(code: str, now: Standing, step: Step) -> Finding | None:
    """Why this step may not follow, whoever's role it is: out of its turn, by the same hand, against time."""
    _, stages = allowed(step)
    if now.stage not in stages:
        return _out_of_turn(code, now.stage, step, stages)
    if now.last_ms is not None and step.at_ms < now.last_ms:
        return _refused(
            "admission.step_before_the_last",
            code,
            f"事项{code}的步骤时间{written(step.at_ms)}早于上一步{written(now.last_ms)}。",
            f"The step of {code} at {written(step.at_ms)} is earlier than the one before, at {written(now.last_ms)}.",
            found=written(step.at_ms),
            allowed=f"≥ {written(now.last_ms)}",
        )
    if isinstance(step, Reviewed | Admitted) and step.by in now.hands:
        return _refused(
            "admission.same_hand",
            code,
            f"{step.by}已经办理过事项{code}的上一环节,审核、准入须由不同的人办理。",
            f"{step.by} has taken a step of this proposal of {code} before; each has to be taken by somebody else.",
            found=step.by,
        )
    return _wrong_term(code, step) if isinstance(step, Admitted) else None


def _wrong_term(code: str, step: Admitted) -> Finding | None:
    if step.since_ms < step.at_ms:
        return _refused(
            "admission.term_in_the_past",
            code,
            f"事项{code}的准入期限从{written(step.since_ms)}开始,早于准入时间{written(step.at_ms)}。",
            f"The term of {code} begins at {written(step.since_ms)}, before it is admitted at {written(step.at_ms)}.",
            found=written(step.since_ms),
            allowed=f"≥ {written(step.at_ms)}",
        )
    if step.until_ms is not None and step.until_ms <= step.since_ms:
        return _refused(
            "admission.ends_before_it_begins",
            code,
            f"事项{code}的准入期限在{written(step.until_ms)}结束,却从{written(step.since_ms)}开始。",
            f"The term of {code} ends at {written(step.until_ms)} but begins at {written(step.since_ms)}.",
            found=written(step.until_ms),
            allowed=f"> {written(step.since_ms)}",
        )
    return None


def _full(listed: AdmissionList, code: str, steps: tuple[Step, ...]) -> Finding | None:
    for what, count, most in (
        ("items", len(listed.items) + (not steps), values.ITEMS_MAX),
        ("steps", len(steps) + 1, values.STEPS_PER_ITEM_MAX),
    ):
        if count > most:
            return _refused(
                "admission.too_many",
                code,
                f"“{what}”将达到{count}项,最多{most}项。",
                f"There would be {count} {what}; at most {most} are allowed.",
                found=str(count),
                allowed=str(most),
            )
    return None


def _wrong_role(code: str, role: Role, roles: frozenset[Role]) -> Finding:
    names = ", ".join(sorted(roles))
    return _refused(
        "admission.wrong_role",
        code,
        f"岗位{role}不能办理事项{code}的这一步,可以办理的岗位:{names}。",
        f"A {role} may not take this step of {code}; these may: {names}.",
        found=str(role),
        allowed=names,
    )


def _out_of_turn(code: str, stage: Stage, step: Step, stages: frozenset[Stage]) -> Finding:
    kind, names = step.__struct_config__.tag, ", ".join(sorted(stages))
    return _refused(
        "admission.out_of_turn",
        code,
        f"事项{code}处于{stage},不能办理{kind};可以办理的环节:{names}。",
        f"{code} stands at {stage}, where {kind} cannot follow; it can at: {names}.",
        found=str(stage),
        allowed=names,
    )


def _refused(code: str, key: str, zh: str, en: str, found: str = "", allowed: str = "") -> Finding:
    return Finding(code, PART, zh, en, found=found, allowed=allowed, key=key)
