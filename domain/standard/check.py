"""The whole check of a standard before it is adopted (domain document §5): every fault, not only the first.

Owns what makes a standard usable. Must never stop at a fault: one bad row hides no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.finding import Finding, Weight
from domain.standard.text import TEXT_CHARS_MAX, narrow, unseen
from domain.standard.values import STAGES, TERRITORY, CaseClass, CodeLayout, Condition, Standard
from domain.unit import Unit
from domain.worktime import Limit, LimitError
from domain.worktime.limit import DAY_MS, MINUTE_MS

ROWS_MAX = 5_000
"""Filing conditions of a whole standard; real ones have some hundreds."""
STAGES_MAX = 20
NOMINAL_DAY_MINUTES = 480
LIMIT_DAYS_MAX = 1_000
"""Three to four years: longer than any step of the law, and short of the end of a calendar's years."""
"""Stages of one condition."""
CODE_CHARS_MAX = 64
PART = "standard"


def check_standard(standard: Standard, units: Iterable[Unit]) -> list[Finding]:
    """Everything that is wrong with it and everything worth a look, in the order in which the standard is written.

    `key` is "010101" for a class, "010101/02" for a condition. A standard with a fault must not be adopted.
    """
    known = {unit.code for unit in units}
    found = [*_whole(standard), *_majors(standard)]
    majors = {major.code for major in standard.majors}
    seen: set[str] = set()
    for case_class in standard.classes:
        if case_class.code in seen:
            found.append(_doubled("class", case_class.code, f"小类代码 {case_class.code}", f"class {case_class.code}"))
        seen.add(case_class.code)
        found += _class(case_class, standard, majors, known)
    return found


def _whole(standard: Standard) -> Iterator[Finding]:
    rows = sum(len(case_class.conditions) for case_class in standard.classes)
    if rows > ROWS_MAX:
        zh = f"标准有 {rows} 条立案条件,最多 {ROWS_MAX} 条。"
        en = f"The standard has {rows} filing conditions; at most {ROWS_MAX} are allowed."
        yield _fault("rows_max", "", zh, en, str(rows), str(ROWS_MAX))
    if not standard.version:
        yield _fault("version_empty", "", "标准没有版本名。", "The standard has no version.")
    yield from _text("", standard.version)
    for stage, limit in standard.stage_limits.items():
        if stage not in STAGES:
            allowed = ", ".join(STAGES)
            zh = f"没有名为“{stage}”的流程环节,可用的有:{allowed}。"
            yield _fault(
                "stage_unknown", stage, zh, f"There is no stage '{stage}'; there are: {allowed}.", stage, allowed
            )
        if limit is not None:
            yield from _limit(stage, limit)


def _majors(standard: Standard) -> Iterator[Finding]:
    seen: set[str] = set()
    lengths = {len(major.code) for major in standard.majors}
    used = {case_class.code[:length] for case_class in standard.classes for length in lengths}
    for major in standard.majors:
        if major.code in seen:
            yield _doubled("major", major.code, f"大类代码 {major.code}", f"major class {major.code}")
        seen.add(major.code)
        digits = standard.layout.major_digits if standard.layout else 0
        yield from _code("major", major.code, digits, standard.layout)
        if major.code not in used:
            zh, en = f"大类 {major.code} 没有小类。", f"The major class {major.code} has no class under it."
            yield _warning("major_without_class", major.code, zh, en)
        yield from _names(major.code, major.zh, major.en)


def _class(case_class: CaseClass, standard: Standard, majors: set[str], units: set[str]) -> Iterator[Finding]:
    code, layout = case_class.code, standard.layout
    yield from _code("class", code, layout.class_digits if layout else 0, layout)
    if layout is not None and code[: layout.major_digits] not in majors:
        allowed = ", ".join(sorted(majors))
        zh = f"小类 {code} 不属于任何大类,大类有:{allowed or '无'}。"
        en = f"The class {code} lies under no major class; there are: {allowed or 'none'}."
        yield _fault("class_under_no_major", code, zh, en, code[: layout.major_digits], allowed)
    yield from _names(code, case_class.zh, case_class.en)
    yield from _unit("unit", code, case_class.responsible, units, territory=True)
    codes: set[str] = set()
    texts: set[str] = set()
    for condition in case_class.conditions:
        key = f"{code}/{condition.code}"
        if condition.code in codes:
            yield _doubled("condition", key, f"立案条件代码 {key}", f"condition {key}")
        if condition.zh in texts:
            zh = f"小类 {code} 的立案条件“{condition.zh}”重复。"
            en = f"The filing condition '{condition.zh}' stands twice in the class {code}."
            yield _fault("condition_text_doubled", key, zh, en, condition.zh)
        codes.add(condition.code)
        texts.add(condition.zh)
        yield from _condition(key, condition, standard.limits_required, units)


def _condition(key: str, condition: Condition, limits_required: bool, units: set[str]) -> Iterator[Finding]:
    yield from _names(key, condition.zh, condition.en)
    for text in (condition.closing_zh, condition.closing_en, condition.legal_zh, condition.legal_en):
        yield from _text(key, text)
    if condition.responsible:
        yield from _unit("unit", key, condition.responsible, units, territory=True)
    if condition.owner:
        yield from _unit("owner", key, condition.owner, units, territory=False)
    if condition.limit is not None:
        yield from _limit(key, condition.limit)
        yield from _urgency(key, condition.limit, condition)
    elif limits_required:
        zh = f"立案条件 {key} 没有处置时限,应为整数加单位,如 4WH。"
        en = f"The filing condition {key} has no limit; it needs a number and a unit, like 4WH."
        yield _fault("limit_missing", key, zh, en)
    yield from _stages(key, condition)


def _urgency(key: str, limit: str, condition: Condition) -> Iterator[Finding]:
    """Urgent means the units UM and UH: an extension is refused by the unit, so flag and unit ought to agree."""
    runs = limit.endswith(("UM", "UH"))
    if runs and not condition.urgent:
        zh = f"{key} 的时限 {limit} 是紧急时限,但未标为紧急。"
        yield _warning(
            "urgent_unmarked", key, zh, f"The limit {limit} of {key} is urgent, the condition is not.", limit
        )
    if condition.urgent and not runs:
        zh = f"{key} 标为紧急,但时限 {limit} 不是紧急时限(UM、UH)。"
        en = f"{key} is marked urgent, but its limit {limit} is none of UM and UH."
        yield _warning("urgent_limit", key, zh, en, limit, "UM, UH")
    if runs and condition.simple:
        zh = f"{key} 在简易清单上,但时限 {limit} 是紧急时限。"
        en = f"{key} is on the simple list, but its limit {limit} is urgent."
        yield _warning("simple_urgent", key, zh, en, limit)


def _stages(key: str, condition: Condition) -> Iterator[Finding]:
    seen: set[str] = set()
    if len(condition.stages) > STAGES_MAX:
        zh = f"{key} 有 {len(condition.stages)} 个阶段,最多 {STAGES_MAX} 个。"
        en = f"{key} has {len(condition.stages)} stages; at most {STAGES_MAX} are allowed."
        yield _fault("stages_max", key, zh, en, str(len(condition.stages)), str(STAGES_MAX))
    for stage in condition.stages:
        where = f"{key}/{stage.code}"
        if stage.code in seen:
            yield _doubled("stage", where, f"阶段代码 {where}", f"stage {where}")
        seen.add(stage.code)
        yield from _names(where, stage.zh, stage.en)
        yield from _limit(where, stage.limit)


def _limit(key: str, limit: str) -> Iterator[Finding]:
    try:
        parsed = Limit.parse(limit)
    except LimitError as error:
        yield _fault("limit_unreadable", key, f"{key}:{error.zh}。", f"{key}: {error.en}.", limit)
        return
    days = parsed.span_ms(NOMINAL_DAY_MINUTES) / (NOMINAL_DAY_MINUTES * MINUTE_MS if parsed.working else DAY_MS)
    if days > LIMIT_DAYS_MAX:
        zh = f"{key} 的时限 {limit} 过长,最多 {LIMIT_DAYS_MAX} 天(工作时限按工作日计)。"
        en = f"The limit {limit} of {key} is too long; at most {LIMIT_DAYS_MAX} days, working ones for a working limit."
        yield _fault("limit_too_long", key, zh, en, limit, f"{LIMIT_DAYS_MAX}WD, {LIMIT_DAYS_MAX}CD")


def _unit(what: str, key: str, unit: str, units: set[str], *, territory: bool) -> Iterator[Finding]:
    if unit in units or (territory and unit == TERRITORY):
        return
    name_zh, name_en = ("处置单位", "responsible unit") if what == "unit" else ("主管部门", "duty owner")
    allowed_zh, allowed_en = ("单位表中的代码", "a code of the units")
    if territory:
        allowed_zh, allowed_en = f"{allowed_zh}或 {TERRITORY}(属地)", f"{allowed_en} or '{TERRITORY}'"
    zh = f"{key} 的{name_zh}“{unit}”不存在,应为{allowed_zh}。"
    en = f"The {name_en} '{unit}' of {key} does not exist; allowed is {allowed_en}."
    yield _fault(f"{what}_unknown", key, zh, en, unit, allowed_en)


def _code(what: str, code: str, digits: int, layout: CodeLayout | None) -> Iterator[Finding]:
    name_zh, name_en = ("小类", "class") if what == "class" else ("大类", "major class")
    if layout is None:
        if code != narrow(code) or unseen(code) or len(code) > CODE_CHARS_MAX:
            zh = f"{name_zh}代码“{code}”超过 {CODE_CHARS_MAX} 字,或含有全角、看不见的字符或首尾空白。"
            en = (
                f"The code '{code}' of a {name_en} has more than {CODE_CHARS_MAX} characters, "
                f"full-width or unseen ones, or blanks around it."
            )
            yield _fault(f"{what}_code_text", code, zh, en, code, narrow(code))
    elif len(code) != digits or not (code.isascii() and code.isdigit()):
        zh = f"{name_zh}代码“{code}”应为 {digits} 位数字(编码规则 {layout})。"
        en = f"The code '{code}' of a {name_en} must have {digits} digits and nothing else (layout {layout})."
        yield _fault(f"{what}_code_layout", code, zh, en, code, f"{digits} digits")


def _names(key: str, zh: str, en: str) -> Iterator[Finding]:
    for text, name_zh, name_en in ((zh, "中文", "Chinese"), (en, "英文", "English")):
        if not text:
            yield _fault("name_empty", key, f"{key} 没有{name_zh}名称。", f"{key} has no {name_en} name.")
        yield from _text(key, text)


def _text(key: str, text: str) -> Iterator[Finding]:
    name_zh, name_en = (f"{key} 的文字", f"A text of {key}") if key else ("标准的版本名", "The standard's version")
    odd = unseen(text)
    if odd is not None:
        zh = f"{name_zh}含有看不见的字符 {odd}。"
        yield _fault("text_unseen", key, zh, f"{name_en} holds the unseen character {odd}.", odd)
    if text != text.strip():
        zh = f"{name_zh}“{text}”首尾有空白。"
        yield _fault("text_blanks", key, zh, f"{name_en} has blanks around it: '{text}'.", text)
    if len(text) > TEXT_CHARS_MAX:
        zh = f"{name_zh}有 {len(text)} 字,最多 {TEXT_CHARS_MAX} 字。"
        en = f"{name_en} has {len(text)} characters; at most {TEXT_CHARS_MAX} are allowed."
        yield _fault("text_chars_max", key, zh, en, str(len(text)), str(TEXT_CHARS_MAX))


def _doubled(what: str, key: str, zh: str, en: str) -> Finding:
    return _fault(f"{what}_doubled", key, f"{zh} 重复,只能出现一次。", f"The {en} stands twice; once is allowed.", key)


def _fault(code: str, key: str, zh: str, en: str, found: str = "", allowed: str = "") -> Finding:
    return Finding(f"{PART}.{code}", PART, zh, en, found, allowed, key)


def _warning(code: str, key: str, zh: str, en: str, found: str = "", allowed: str = "") -> Finding:
    return Finding(f"{PART}.{code}", PART, zh, en, found, allowed, key, weight=Weight.WARNING)
