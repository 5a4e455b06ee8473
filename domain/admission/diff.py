"""What differs between two admission lists, in sentences. Owns telling a grown history from a rewritten one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo

from domain.admission.values import AdmissionList, Admitted, Applied, ChangeProposed, Exited, Item, Reviewed, Step
from domain.difference import Difference, DifferenceKind
from domain.instant import written

PART = "admission_item"


def diff_admission(before: AdmissionList, after: AdmissionList, zone: tzinfo = UTC) -> list[Difference]:
    """Whether the list is kept, then the items by code; a new item is told with all of its steps."""
    return [*_kept(before.kept, after.kept), *_items(before, after, zone)]


def rewritten(before: AdmissionList, after: AdmissionList) -> list[str]:
    """Codes of the items whose steps are not those of before and, at most, more: a history that somebody changed."""
    items = {item.code: item for item in after.items}
    return sorted(
        item.code
        for item in before.items
        if item.code not in items or items[item.code].steps[: len(item.steps)] != item.steps
    )


def _kept(before: bool, after: bool) -> Iterator[Difference]:
    if before != after:
        zh, en = ("启用", "is kept from now on") if after else ("停用", "is no longer kept")
        yield Difference(DifferenceKind.CHANGED, "admission", "kept", f"准入清单{zh}。", f"The admission list {en}.")


def _items(before: AdmissionList, after: AdmissionList, zone: tzinfo) -> Iterator[Difference]:
    old_items, new_items = ({item.code: item for item in listed.items} for listed in (before, after))
    changed = set(rewritten(before, after))
    for code in sorted(old_items.keys() | new_items.keys()):
        old, new = old_items.get(code, Item(code)), new_items.get(code)
        if new is None:
            yield Difference(
                DifferenceKind.REMOVED,
                PART,
                code,
                f"事项{code}连同其历史被删除。",
                f"The item {code} was removed with its history.",
            )
        elif code in changed:
            yield Difference(
                DifferenceKind.CHANGED,
                PART,
                code,
                f"事项{code}已有的历史被改写。",
                f"The history that the item {code} had was rewritten.",
            )
        elif grown := new.steps[len(old.steps) :]:
            kind = DifferenceKind.CHANGED if code in old_items else DifferenceKind.ADDED
            told = [_told(step, zone) for step in grown]
            zh, en = ";".join(zh for zh, _ in told), "; ".join(en for _, en in told)
            yield Difference(kind, PART, code, f"事项{code}:{zh}。", f"The item {code}: {en}.")


def _told(step: Step, zone: tzinfo) -> tuple[str, str]:
    at = written(step.at_ms, zone)
    match step:
        case Applied():
            zh, en = f"申请“{step.matter.zh}”", f"applied for as {step.matter.en or step.matter.zh}"
        case ChangeProposed():
            zh, en = f"申请变更为“{step.matter.zh}”", f"change to {step.matter.en or step.matter.zh} proposed"
        case Reviewed():
            zh, en = ("审核通过", "supported") if step.supports else ("审核不通过", "not supported")
        case Admitted():
            since = written(step.since_ms, zone)
            zh, en = f"自{since}起长期准入", f"admitted from {since} with no end"
            if step.until_ms is not None:
                until = written(step.until_ms, zone)
                zh, en = f"准入,期限{since}至{until}", f"admitted from {since} until {until}"
        case Exited():
            zh, en = "退出", "exited"
    return f"{at} {step.by} {zh}", f"{en} by {step.by} at {at}"
