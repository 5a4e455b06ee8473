"""Checks an admission list before it is adopted: every step in its turn, classes that exist, texts within limits.

Owns the findings on a whole list; a list that went through `take_step` from the beginning has no fault but in its
classes. Roles cannot be checked here: a step holds the person, not the post.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from domain.admission import values
from domain.admission.life import refuse
from domain.admission.standing import Standing, after, terms
from domain.admission.values import PART, AdmissionList, Applied, ChangeProposed, Item, Step
from domain.finding import Finding, Weight
from domain.standard.values import CaseClass


def check_admission(listed: AdmissionList, classes: Iterable[CaseClass]) -> list[Finding]:
    """All findings; rows count the items from 1, columns name the step as the item's number and the step's."""
    if len(listed.items) > values.ITEMS_MAX:
        return [_too_many("items", "", len(listed.items), values.ITEMS_MAX)]
    starts = {case_class.code[:n] for case_class in classes for n in range(1, len(case_class.code) + 1)}
    found = [*_kept(listed), *_doubled(listed)]
    for row, item in enumerate(listed.items, start=1):
        if len(item.steps) > values.STEPS_PER_ITEM_MAX:
            found.append(replace(_too_many("steps", item.code, len(item.steps), values.STEPS_PER_ITEM_MAX), row=row))
            continue
        found += [replace(finding, row=row) for finding in _item(item, starts)]
    return found


def _item(item: Item, starts: set[str]) -> Iterator[Finding]:
    if not item.steps:
        yield Finding(
            "admission.no_steps",
            PART,
            f"事项{item.code}没有任何环节,至少要有申请。",
            f"The item {item.code} has no step; it begins with an application.",
            key=item.code,
            column="steps",
        )
    now = Standing()
    for number, step in enumerate(item.steps, start=1):
        column = f"steps/{number}"
        refusal = refuse(item.code, now, step)
        if refusal is not None:
            yield replace(refusal, column=column)
        now = after(now, step)
        for finding in _step(item.code, step, starts):
            yield replace(finding, column=column)


def _step(code: str, step: Step, starts: set[str]) -> Iterator[Finding]:
    texts = {"note": step.note}
    if isinstance(step, Applied | ChangeProposed):
        matter = step.matter
        texts |= {"zh": matter.zh, "en": matter.en, "duties_zh": matter.duties_zh, "duties_en": matter.duties_en}
        if len(matter.classes) > values.CLASSES_PER_ITEM_MAX:
            yield _too_many("classes", code, len(matter.classes), values.CLASSES_PER_ITEM_MAX)
        else:
            yield from (_class_unknown(code, start) for start in matter.classes if start not in starts)
        if not matter.zh.strip():
            yield Finding(
                "admission.name_missing",
                PART,
                f"事项{code}没有名称,必须有中文名称。",
                f"The item {code} has no name; a Chinese one is needed.",
                key=code,
            )
    for name, text in texts.items():
        if len(text) > values.TEXT_CHARS_MAX:
            yield Finding(
                "admission.text_too_long",
                PART,
                f"事项{code}的“{name}”有{len(text)}个字,最多{values.TEXT_CHARS_MAX}个字。",
                f"The {name} of {code} has {len(text)} characters; at most {values.TEXT_CHARS_MAX} are allowed.",
                found=str(len(text)),
                allowed=str(values.TEXT_CHARS_MAX),
                key=code,
            )


def _kept(listed: AdmissionList) -> Iterator[Finding]:
    if listed.items and not listed.kept:
        yield Finding(
            "admission.not_kept",
            PART,
            "清单有事项,但写明不启用(kept为false):任何上报都不会被标记。",
            "The list has items but says that it is not kept: no report will be flagged.",
            weight=Weight.WARNING,
        )
    if listed.kept and not any(terms(item) for item in listed.items):
        yield Finding(
            "admission.nothing_admitted",
            PART,
            "清单已启用,但没有任何已准入的事项:所有上报都会被标记。",
            "The list is kept but nothing on it is admitted: every report will be flagged.",
            weight=Weight.WARNING,
        )


def _doubled(listed: AdmissionList) -> Iterator[Finding]:
    for code, count in Counter(item.code for item in listed.items).items():
        if count > 1:
            yield Finding(
                "admission.code_doubled",
                PART,
                f"事项编码{code}出现了{count}次,只能出现一次。",
                f"The item code {code} stands {count} times; an item has a code of its own.",
                found=str(count),
                allowed="1",
                key=code,
                column="code",
            )


def _class_unknown(code: str, start: str) -> Finding:
    return Finding(
        "admission.class_unknown",
        PART,
        f"事项{code}写的案件类别{start}不存在。",
        f"The item {code} names the class {start}, which does not exist.",
        found=start,
        key=code,
    )


def _too_many(what: str, key: str, count: int, most: int) -> Finding:
    return Finding(
        "admission.too_many",
        PART,
        f"“{what}”有{count}项,最多{most}项。",
        f"There are {count} {what}; at most {most} are allowed.",
        found=str(count),
        allowed=str(most),
        key=key,
        column=what,
    )
