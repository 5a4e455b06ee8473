"""Courses of a case under any sound contents, by hypothesis: somebody, some action, some time later, some adoption.

Half of the attempts come from whoever may make them in the state that the case is in, or most would be refused early.
"""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import strategies as st
from msgspec.structs import replace

from domain.admission.values import AdmissionList, Admitted, Applied, Item, Matter, Reviewed
from domain.case import actions as a
from domain.case.frame import Rules
from domain.case.state import Case
from domain.case.values import (
    Actor,
    AdjudicationReason,
    AppealReason,
    Channel,
    CloseKind,
    DeclineReason,
    EscalationReason,
    ExtensionReason,
    FailReason,
    FilingRefusal,
    Finding,
    ForceReason,
    HandDownReason,
    Measure,
    Photo,
    Place,
    Position,
    ReopenReason,
    ReturnReason,
    Role,
    ShelveReason,
    Source,
    Stage,
    Stance,
    Status,
    SupervisionKind,
    SuspensionReason,
    VoidReason,
    Waiver,
)
from domain.grid.change import Merge, Part, Rename, Renumber, Split
from domain.grid.changes import apply_change
from domain.routing.values import Routing, Rule
from domain.standard.values import ClassKind, Standard
from domain.worktime import CalendarFile
from domain.worktime.limit import DAY_MS, HOUR_MS
from reference.contents import Contents, rules_of
from tests.support.city import ms
from tests.support.small_tree import middle, small_city, small_posts
from tests.support.standards import SMALL, UNITS, standards, units_or_territory

BEGIN = ms("2018-10-08T09:00")
OFFICE = (("08:00", "12:00"), ("14:00", "18:00"))
CALENDARS = (
    CalendarFile("Asia/Shanghai", dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), OFFICE)),
    CalendarFile("Europe/Berlin", {"sun": (("01:00", "04:00"),)}, "rare", workday_minutes=180),
    CalendarFile("Asia/Shanghai", {}, "short", special={"2018-10-08": OFFICE, "2018-10-09": (("08:00", "08:30"),)}),
)
"""The usual one, one that is worked a few hours a week, and one that ends tomorrow."""
CODES = tuple(grid.code for grid in small_city())
PERSONS = ("chen", "li", "wang")
PHOTO = Photo("0" * 64)

units = st.sampled_from([unit.code for unit in UNITS])
persons = st.sampled_from(PERSONS)
grids = st.sampled_from([*CODES, "9103", "910109", "88", ""])
limits = st.sampled_from(["1WH", "30WM", "1WD", "2CD", "1UH", "99999WD", "x", "0WH"])
photos = st.sampled_from([(), (PHOTO,)])
texts = st.sampled_from([None, "字"])
points = st.sampled_from([(None, None), middle(0, 0), middle(5, 1), (0.0, 0.0), (1e300, -1e300), (113.0, None)])
places = st.builds(lambda grid, point: Place(grid, *point), grids, points)
pairs = st.lists(units, max_size=2).map(tuple)
times = st.sampled_from([-(10**20), 0, BEGIN - 400 * DAY_MS, BEGIN - DAY_MS, BEGIN - HOUR_MS, BEGIN, 10**14, 10**20])
pauses = st.sampled_from([-(10**20), 0, BEGIN + 6 * HOUR_MS, BEGIN + 9 * DAY_MS, BEGIN + 300 * DAY_MS, 10**20])
some_units = st.lists(units, min_size=1, max_size=2).map(tuple)
others = st.sampled_from(["case-1", "case-2", "case-2", "case-3"])
positions = st.lists(st.builds(Position, units, st.sampled_from(Stance)), max_size=2).map(tuple)
ACTIONS: dict[type[a.CaseAction], st.SearchStrategy[a.CaseAction]] = {
    a.Accept: st.just(a.Accept()),
    a.Decline: st.builds(a.Decline, st.sampled_from(DeclineReason)),
    a.RequestVerification: st.builds(a.RequestVerification, persons, texts),
    a.GiveVerification: st.builds(a.GiveVerification, st.sampled_from(Finding), photos, texts),
    a.Escalate: st.builds(a.Escalate, st.sampled_from(EscalationReason), texts),
    a.HandDown: st.builds(a.HandDown, st.sampled_from(HandDownReason), texts),
    a.Take: st.just(a.Take()),
    a.Dispatch: st.builds(a.Dispatch, units, pairs, texts),
    a.Reassign: st.builds(a.Reassign, units, pairs, texts),
    a.CoReturn: st.builds(a.CoReturn, st.sampled_from(ReturnReason), texts),
    a.Acknowledge: st.just(a.Acknowledge()),
    a.Progress: st.builds(a.Progress, st.sampled_from(Stage)),
    a.Return: st.builds(a.Return, st.sampled_from(ReturnReason), texts),
    a.RequestExtension: st.builds(a.RequestExtension, st.sampled_from(ExtensionReason), limits, texts),
    a.DecideExtension: st.builds(a.DecideExtension, st.booleans(), texts),
    a.RequestSuspension: st.builds(a.RequestSuspension, st.sampled_from(SuspensionReason), pauses, texts),
    a.DecideSuspension: st.builds(a.DecideSuspension, st.booleans(), texts),
    a.Resume: st.just(a.Resume()),
    a.CoDone: st.builds(a.CoDone, texts),
    a.Handle: st.builds(
        a.Handle, texts, photos, st.lists(st.builds(Waiver, units, st.just("无")), max_size=2).map(tuple)
    ),
    a.SendCheck: st.builds(a.SendCheck, persons),
    a.PassCheck: st.builds(a.PassCheck, photos),
    a.FailCheck: st.builds(a.FailCheck, st.sampled_from(FailReason), pairs),
    a.Close: st.builds(a.Close, st.none() | st.sampled_from(CloseKind)),
    a.RefuseFiling: st.builds(a.RefuseFiling, st.sampled_from(FilingRefusal), texts),
    a.ForceClose: st.builds(a.ForceClose, st.sampled_from(ForceReason), st.just("字")),
    a.Void: st.builds(a.Void, st.sampled_from(VoidReason), texts),
    a.SelfHandle: st.builds(a.SelfHandle, st.just((PHOTO,)), st.just((PHOTO,)), result=texts),
    a.Merge: st.builds(a.Merge, others, st.none() | st.sampled_from(Status)),
    a.Unmerge: st.builds(a.Unmerge, texts),
    a.NoteMerge: st.builds(a.NoteMerge, others),
    a.DropMerge: st.builds(a.DropMerge, others, st.just("wrong_state")),
    a.NoteUnmerge: st.builds(a.NoteUnmerge, others),
    a.Reopen: st.builds(a.Reopen, st.sampled_from(ReopenReason), st.none() | st.just("01"), texts),
    a.Rate: st.builds(a.Rate, st.integers(1, 5), texts),
    a.RequestAppeal: st.builds(a.RequestAppeal, st.sampled_from(AppealReason), texts),
    a.ReviewAppeal: st.builds(a.ReviewAppeal, st.booleans(), st.just("字")),
    a.DecideAppeal: st.builds(a.DecideAppeal, st.booleans(), st.just("字")),
    a.Supervise: st.builds(a.Supervise, st.sampled_from(SupervisionKind), pauses, texts),
    a.ReplySupervision: st.builds(a.ReplySupervision, st.integers(0, 3), st.just("字")),
    a.Consult: st.builds(a.Consult, st.sampled_from(Measure), some_units, st.just("字")),
    a.Conclude: st.builds(a.Conclude, st.integers(0, 3), positions, st.just("字")),
    a.Adjudicate: st.builds(a.Adjudicate, units, st.sampled_from(AdjudicationReason), st.just("字")),
    a.HandOver: st.builds(a.HandOver, persons),
    a.TakeOver: st.just(a.TakeOver()),
    a.ShelveAlarm: st.builds(a.ShelveAlarm, st.sampled_from(ShelveReason), pauses),
    a.ConfirmAlarm: st.just(a.ConfirmAlarm()),
    a.Recur: st.builds(a.Recur, st.sampled_from(["case-1", "case-2", "case-2"])),
    a.NoteRecurrence: st.builds(a.NoteRecurrence, st.sampled_from(["case-2", "case-3"])),
    a.DropRecurrence: st.builds(
        a.DropRecurrence, st.sampled_from(["case-2", "case-2", "case-3"]), st.just("wrong_state")
    ),
    a.Note: st.builds(a.Note, st.just("字")),
    a.Attach: st.just(a.Attach((PHOTO,))),
    a.Tick: st.just(a.Tick()),
}
"""Of the actions that need no class of the standard; those that need one are drawn in `an_action`."""
DESK: dict[type[a.CaseAction], Role] = {
    a.Accept: Role.ACCEPTOR,
    a.RequestVerification: Role.ACCEPTOR,
    a.CompleteReport: Role.ACCEPTOR,
    a.Escalate: Role.ACCEPTOR,
    a.HandDown: Role.SHIFT_HEAD,
    a.Take: Role.DISPATCHER,
    a.Reassign: Role.DISPATCHER,
    a.Decline: Role.ACCEPTOR,
    a.SendCheck: Role.ACCEPTOR,
    a.Recur: Role.ACCEPTOR,
    a.Dispatch: Role.DISPATCHER,
    a.File: Role.SHIFT_HEAD,
    a.Close: Role.SHIFT_HEAD,
    a.DecideExtension: Role.SHIFT_HEAD,
    a.RefuseFiling: Role.SHIFT_HEAD,
    a.Resume: Role.DISPATCHER,
    a.Void: Role.SHIFT_HEAD,
    a.Merge: Role.ACCEPTOR,
    a.Unmerge: Role.DISPATCHER,
    a.Reopen: Role.SHIFT_HEAD,
    a.Rate: Role.ACCEPTOR,
    a.ReplySupervision: Role.DISPATCHER,
    a.Consult: Role.DISPATCHER,
    a.Conclude: Role.DISPATCHER,
    a.HandOver: Role.ACCEPTOR,
    a.ShelveAlarm: Role.DISPATCHER,
    a.ConfirmAlarm: Role.DISPATCHER,
}
WORK: tuple[type[a.CaseAction], ...] = (
    a.Report,
    a.Accept,
    a.File,
    a.Dispatch,
    a.Acknowledge,
    a.Handle,
    a.SendCheck,
    a.PassCheck,
    a.Close,
)
"""The order of the work, from nothing to the end."""
FITS: dict[type[a.CaseAction], tuple[int, ...]] = {
    **{kind: (step,) for step, kind in enumerate(WORK)},
    **dict.fromkeys(
        (
            a.Progress,
            a.Return,
            a.CoDone,
            a.CoReturn,
            a.RequestExtension,
            a.DecideExtension,
            a.RequestSuspension,
            a.DecideSuspension,
            a.Resume,
        ),
        (5,),
    ),
    a.ImportCase: (0,),
    a.Decline: (1,),
    a.RequestVerification: (1,),
    a.GiveVerification: (1,),
    a.CompleteReport: (1, 2),
    a.Reassign: (4, 5),
    **dict.fromkeys((a.Escalate, a.HandDown, a.Take), (1, 2, 3)),
    a.RefuseFiling: (2,),
    a.FailCheck: (7,),
    **dict.fromkeys((a.NoteRecurrence, a.Reopen, a.Rate), (9,)),
    **dict.fromkeys((a.RequestAppeal, a.ReviewAppeal, a.DecideAppeal), (9,)),
    a.SelfHandle: (1, 2),
    **dict.fromkeys((a.Merge, a.Unmerge, a.DropMerge), tuple(range(1, 6))),
    **dict.fromkeys((a.ShelveAlarm, a.ConfirmAlarm), tuple(range(1, 9))),
    **dict.fromkeys((a.NoteMerge, a.NoteUnmerge, a.Supervise, a.ReplySupervision, a.Consult), tuple(range(1, 9))),
    **dict.fromkeys((a.Conclude, a.Adjudicate, a.HandOver, a.TakeOver), tuple(range(1, 9))),
    **dict.fromkeys((a.Recur, a.DropRecurrence, a.Note, a.Attach, a.Tick, a.Void, a.ForceClose), tuple(range(1, 9))),
}
"""After how many steps of the work an action may hold."""
FIRST: dict[type[a.CaseAction], tuple[type[a.CaseAction], ...]] = {
    a.DecideExtension: (a.RequestExtension,),
    a.DecideSuspension: (a.RequestSuspension,),
    a.Resume: (a.RequestSuspension, a.DecideSuspension),
    a.DropRecurrence: (a.Recur,),
    a.GiveVerification: (a.RequestVerification,),
    a.Take: (a.HandDown,),
    a.Unmerge: (a.Merge,),
    a.DropMerge: (a.Merge,),
    a.NoteUnmerge: (a.NoteMerge,),
    a.ReviewAppeal: (a.RequestAppeal,),
    a.DecideAppeal: (a.RequestAppeal, a.ReviewAppeal),
    a.ReplySupervision: (a.Supervise,),
    a.Conclude: (a.Consult,),
    a.TakeOver: (a.HandOver,),
    a.Escalate: (a.HandDown,),
    a.CoDone: (a.Acknowledge,),
    a.CoReturn: (a.Acknowledge,),
    a.Progress: (a.Acknowledge,),
}
"""What an action needs besides: others before it."""
actors = st.builds(
    Actor,
    persons,
    st.sampled_from(Role),
    st.sampled_from(["", "9", "91", "9201", "8"]),
    st.integers(0, 3),
    st.none() | units,
)


@st.composite
def right_actor(draw: st.DrawFn, case: Case | None, action: a.CaseAction) -> Actor:
    """Somebody whose post lets them take that action on the case as it is."""
    level = 0 if case is None else case.level
    parties = [] if case is None else [p.unit for p in (case.lead, *case.co_handlers) if p is not None]
    match action:
        case a.Report():
            return Actor("chen", Role.PUBLIC)
        case a.ImportCase():
            return Actor("import", Role.IMPORTER)
        case a.Tick() | a.NoteRecurrence() | a.DropRecurrence() | a.NoteMerge() | a.DropMerge() | a.NoteUnmerge():
            return Actor("clock", Role.SYSTEM)
        case a.Return() | a.RequestExtension() | a.RequestSuspension() | a.Handle():
            return Actor("li", Role.HANDLER, unit=parties[0] if parties else None)
        case a.SelfHandle():
            return Actor("chen", Role.COLLECTOR, level=3)
        case a.RequestAppeal():
            return Actor("li", Role.HANDLER, unit=parties[0] if parties else None)
        case a.ReviewAppeal() | a.Supervise():
            return Actor("sun", Role.INSPECTOR)
        case a.TakeOver():
            return Actor((case and case.offered_to) or "wang", Role.ACCEPTOR, level=level)
        case a.GiveVerification():
            return Actor((case and case.verifier) or "chen", Role.COLLECTOR)
        case a.CoDone() | a.CoReturn() if len(parties) > 1:
            return Actor("li", Role.HANDLER, unit=draw(st.sampled_from(parties[1:])))
        case a.Acknowledge() | a.Progress():
            return Actor("li", Role.HANDLER, unit=draw(st.sampled_from(parties)) if parties else None)
        case a.PassCheck() | a.FailCheck():
            return Actor((case and case.collector) or "chen", Role.COLLECTOR)
        case a.DecideExtension() if case is not None and case.extensions:
            return Actor("zhao", Role.LEADER)
        case _ if level >= 2:
            return Actor("wang", Role.GRID_HEAD, level=level)
        case _:
            return Actor("wang", DESK.get(type(action), Role.LEADER), level=level)


@st.composite
def trees(draw: st.DrawFn, contents: Contents) -> Contents:
    """The contents with up to three changes of the tree at instants about those of the course."""
    for _ in range(draw(st.integers(0, 3))):
        at_ms = BEGIN + draw(st.integers(0, 6)) * HOUR_MS
        change = draw(
            st.sampled_from(
                [
                    Rename(code="9101", zh="新村"),
                    Renumber(code="9101", new_code="9203"),
                    Merge(codes=("910101", "910102"), into=Part("910109", "并")),
                    Split(
                        code="91", parts=(Part("91", "甲", children=("9101",)), Part("93", "乙", children=("9102",)))
                    ),
                ]
            )
        )
        changed = apply_change(contents.grids, contents.posts, change, at_ms)
        if not changed.findings:
            contents = replace(contents, grids=changed.grids, posts=changed.posts)
    return contents


@st.composite
def small_standards(draw: st.DrawFn) -> Standard:
    """SMALL with other limits, kinds and responsible units: as much as a decision sees of a standard, quickly drawn."""
    classes = tuple(
        replace(
            case_class,
            responsible=draw(units_or_territory),
            kind=draw(st.sampled_from(ClassKind)),
            conditions=tuple(
                replace(condition, limit=draw(st.sampled_from(["2UH", "4WH", "90WM", "3WD", "2CD", "1000WD", None])))
                for condition in case_class.conditions
            ),
        )
        for case_class in SMALL.classes
    )
    return replace(SMALL, classes=classes, limits_required=False)


@st.composite
def any_contents(draw: st.DrawFn, drawn_tree: Contents | None = None) -> Contents:
    """Sound contents: a drawn standard, calendar, tree, routing and admission list."""
    standard = draw(small_standards() | small_standards() | small_standards() | standards())
    stages = draw(
        st.dictionaries(st.sampled_from(sorted(standard.stage_limits)), st.sampled_from([None, "1WD", "5CD"]))
    )
    end_of_day = draw(st.sampled_from(type(standard.wd_rule)))
    standard = replace(standard, stage_limits=stages, wd_rule=end_of_day)
    codes = [case_class.code for case_class in standard.classes]
    rules = tuple(
        Rule(f"r{number}", draw(units), (draw(st.sampled_from(codes)),), (draw(st.sampled_from(CODES)),))
        for number in range(draw(st.integers(0, 2)))
    )
    matter = Matter((codes[0],), "事项")
    steps = (Applied(1, "a", matter), Reviewed(2, "b", True), Admitted(3, "c", 3, draw(st.none() | st.just(BEGIN))))
    listed = AdmissionList("list", draw(st.booleans()), (Item("A1", steps),))
    tree = drawn_tree or Contents(CALENDARS[0], standard, small_city(), UNITS, posts=small_posts())
    made = replace(tree, standard=standard, calendar=draw(st.sampled_from(CALENDARS)), admission=listed)
    return draw(trees(replace(made, routing=Routing("routing", rules))))


waits = st.sampled_from([0, 1, 60_000, 30 * 60_000, HOUR_MS] * 4 + [5 * HOUR_MS, DAY_MS] * 2 + [62 * 366 * DAY_MS])
"""From none at all to a lifetime, which no calendar holds."""


@st.composite
def good_action(draw: st.DrawFn, kind: type[a.CaseAction], contents: Contents, case: Case | None) -> a.CaseAction:
    """One of that kind as it is usually asked for, whatever the contents are."""
    case_class = draw(st.sampled_from(contents.standard.classes))
    if kind is a.Report:
        place = Place(draw(st.sampled_from(CODES)), *draw(points))
        return a.Report(place, Channel.HOTLINE, case_class.code)
    if kind is a.File:
        return a.File(case_class.code, draw(st.sampled_from(case_class.conditions)).code)
    if kind is a.Dispatch:
        wanted = draw(st.permutations([unit.code for unit in UNITS]))[: draw(st.integers(1, 3))]
        return a.Dispatch(wanted[0], tuple(wanted[1:]))
    if kind is a.Reassign and case is not None and case.lead is not None:
        units = [unit.code for unit in UNITS]
        return a.Reassign(draw(st.sampled_from([case.lead.unit, *units])), ())
    if kind is a.CompleteReport:
        return a.CompleteReport(draw(st.none() | st.sampled_from(CODES).map(Place)), photos=(PHOTO,))
    if kind is a.SelfHandle:
        return a.SelfHandle((PHOTO,), (PHOTO,), case_class.code, case_class.conditions[0].code)
    if kind is a.Merge:
        return a.Merge("case-2")
    if kind is a.NoteMerge:
        return a.NoteMerge("case-2")
    if kind is a.NoteUnmerge:
        return a.NoteUnmerge("case-2")
    if kind is a.DropMerge:
        return a.DropMerge("case-2", "wrong_state")
    if kind is a.Reopen:
        return a.Reopen(ReopenReason.AUDIT)
    if kind is a.Supervise:
        return a.Supervise(SupervisionKind.URGE, BEGIN + draw(st.sampled_from([9, 300])) * DAY_MS)
    if kind is a.ReplySupervision:
        return a.ReplySupervision(1, "字")
    if kind is a.Consult:
        return a.Consult(Measure.SITE_VISIT, (UNITS[0].code,), "字")
    if kind is a.Conclude:
        return a.Conclude(1, (Position(UNITS[0].code, Stance.AGREES),), "字")
    if kind is a.Handle and case is not None:
        return a.Handle(without=tuple(Waiver(party.unit, "无") for party in case.co_handlers if not party.done))
    if kind is a.SendCheck:
        return a.SendCheck("checker")
    if kind is a.Close:
        return a.Close()
    if kind is a.RequestSuspension:
        return a.RequestSuspension(SuspensionReason.SEASON, BEGIN + draw(st.sampled_from([9, 300])) * DAY_MS)
    if kind is a.DecideSuspension:
        return a.DecideSuspension(granted=True)
    if kind is a.RequestExtension:
        return a.RequestExtension(ExtensionReason.WEATHER, draw(st.sampled_from(["1WH", "1CD"])))
    return draw(an_action(kind, contents))


@st.composite
def an_action(draw: st.DrawFn, kind: type[a.CaseAction], contents: Contents) -> a.CaseAction:
    """An action of that kind."""
    codes = [case_class.code for case_class in contents.standard.classes]
    classes = st.none() | st.sampled_from([*codes, "none"])
    if kind is a.Report:
        return a.Report(draw(places), draw(st.sampled_from(Channel)), draw(classes), draw(texts))
    if kind is a.File:
        return a.File(draw(classes), draw(st.none() | st.just("01")))
    if kind is a.CompleteReport:
        return a.CompleteReport(draw(st.none() | places), draw(classes), draw(photos), draw(texts))
    if kind is a.ImportCase:
        return draw(imports(contents))
    return draw(ACTIONS[kind])


@st.composite
def imports(draw: st.DrawFn, contents: Contents) -> a.ImportCase:
    """A past case, most in the order of the work, with and without times."""
    codes = [case_class.code for case_class in contents.standard.classes]
    report = a.Report(Place(draw(st.sampled_from(CODES))), Channel.HOTLINE, draw(st.sampled_from(codes)))
    kinds: list[Any] = list(WORK[1 : draw(st.integers(1, len(WORK)))])
    in_order = draw(st.booleans())
    if not in_order and draw(st.booleans()):
        kinds += draw(st.lists(st.sampled_from(get_args(a.StepAction)), max_size=3))
    opened = BEGIN - 400 * DAY_MS if in_order else draw(times)
    steps: list[a.Step] = []
    for number, kind in enumerate(kinds):
        stated = st.none() | st.just(opened + number * HOUR_MS)
        at_ms = draw(stated if in_order else stated | times)
        unit = None if in_order else draw(st.none() | units)
        do: Any = draw(good_action(kind, contents, None) if in_order else an_action(kind, contents))
        if in_order and kind is a.Dispatch:
            do = a.Dispatch(UNITS[0].code)
        steps.append(a.Step(do, at_ms, unit))
    deadline, as_of = draw(st.none() | times), draw(st.none() | st.just(BEGIN))
    return a.ImportCase(Source("old", "1"), report, opened, tuple(steps), deadline, as_of)


def compiled_rules(contents: Contents, number: int, since_ms: int, pinned: dict[str, Rules]) -> Rules:
    """What a decider is given when these contents are in force since then."""
    version = f"{number:064d}"
    pinned[version] = rules_of(contents, version)
    return replace(pinned[version], since_ms=since_ms, pinned=pinned)
