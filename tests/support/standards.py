"""Small standards for tests: one by hand, and any sound one by hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from domain.standard.text import unseen
from domain.standard.values import (
    TERRITORY,
    CaseClass,
    ClassKind,
    CodeLayout,
    Condition,
    MajorClass,
    Stage,
    Standard,
)
from domain.unit import Unit

UNITS = (
    Unit("urban", "城市管理局", "Urban management"),
    Unit("police", "公安局(东)", "Police"),
    Unit("north", "执法队", "Team north", kind="team"),
    Unit("south", "执法队", "Team south", kind="team"),
)
SMALL = Standard(
    "small-1",
    (
        CaseClass(
            "010101",
            "井盖",
            "Manhole cover",
            (
                Condition(
                    "01", "缺失", "Missing", "2UH", urgent=True, closing_zh="补齐", closing_en="Replaced", owner="urban"
                ),
                Condition("02", "破损", "Broken", "4WH", simple=True, stages=(Stage("s", "停", "Stop", "1WH"),)),
            ),
            "urban",
            ClassKind.COMPONENT,
        ),
        CaseClass(
            "020101", "噪声", "Noise", (Condition("01", "夜间", "At night", "4WH", legal_zh="法", legal_en="L"),)
        ),
    ),
    (MajorClass("01", "设施", "Facilities"), MajorClass("02", "秩序", "Order")),
)

_LETTERS = st.sampled_from("井盖路灯=+@ab01_<&\"'(。\u3000 \n")
texts = st.text(_LETTERS, max_size=6).map(str.strip)
names = texts.map(lambda text: text or "路")
any_names = st.text(max_size=8).map(lambda text: "".join(c for c in text if not unseen(c)).strip() or "灯")
limits = st.builds(lambda n, u: f"{n}{u}", st.integers(1, 99), st.sampled_from(["UM", "UH", "WM", "WH", "WD", "CD"]))
unit_codes = st.sampled_from([unit.code for unit in UNITS])
units_or_territory = st.sampled_from([*(unit.code for unit in UNITS), TERRITORY])
codes = st.one_of(st.integers(1, 40).map(lambda n: f"{n:02d}"), st.sampled_from(["a", "b7"]))

stages = st.lists(st.builds(Stage, codes, names, names, limits), max_size=2, unique_by=lambda stage: stage.code)


@st.composite
def conditions(draw: st.DrawFn, limits_required: bool) -> Condition:
    return Condition(
        draw(codes),
        draw(st.one_of(names, any_names)),
        draw(names),
        draw(limits if limits_required else st.none() | limits),
        urgent=draw(st.booleans()),
        simple=draw(st.booleans()),
        closing_zh=draw(texts),
        closing_en=draw(texts),
        responsible=draw(st.just("") | units_or_territory),
        owner=draw(st.just("") | unit_codes),
        legal_zh=draw(texts),
        legal_en=draw(texts),
        stages=tuple(draw(stages)),
    )


@st.composite
def standards(draw: st.DrawFn) -> Standard:
    """Sound ones: every layout, limits required or not, classes in any order, majors without a class."""
    layout = draw(st.sampled_from([CodeLayout(), CodeLayout(6, 2, 2, 6), CodeLayout(0, 1, 2, 0), None]))
    required = draw(st.booleans())
    heads = draw(st.lists(st.sampled_from(["1", "2", "3"]), min_size=1, max_size=3, unique=True))
    width, rest = (layout.major_digits, layout.class_digits - layout.major_digits) if layout else (1, 3)
    tails = draw(st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True))
    classes = tuple(
        CaseClass(
            draw(st.sampled_from(heads)).zfill(width) + str(tail).zfill(rest),
            draw(names),
            draw(names),
            tuple(
                draw(
                    st.lists(conditions(required), min_size=1, max_size=3, unique_by=(lambda c: c.code, lambda c: c.zh))
                )
            ),
            draw(units_or_territory),
            draw(st.sampled_from(ClassKind)),
        )
        for tail in tails
    )
    majors = tuple(MajorClass(head.zfill(width), draw(names), draw(names)) for head in heads)
    return Standard(draw(names), classes, majors, layout=layout, limits_required=required)
