"""What may be asked of a case: for each kind of action some examples that a person would send, made from its fields.

Owns what stands in each field. An action that is added later needs nothing here as long as its fields have known
names; one that does not is named with the field by LookupError.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from itertools import product
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from domain.case import actions as a
from domain.case.state import Case
from domain.case.values import Channel, Photo, Place, Position, Source, Stage, Stance, Waiver
from domain.worktime.limit import DAY_MS
from ops.walk.city import CELL, CLASSES, LEAD, OTHER

CHECKER, HAND, FINDER = "checker", "hand", "finder"
"""Who is asked to check, who works for the lead, and who reports."""
ANOTHER_CASE = "case-2"
PHOTOS = (Photo("0" * 64),)
Values = Callable[[Case | None, int], tuple[Any, ...]]


def _unfinished(case: Case | None, _at_ms: int) -> tuple[tuple[Waiver, ...], ...]:
    open_parts = () if case is None else tuple(party.unit for party in case.co_handlers if not party.done)
    return tuple(dict.fromkeys(((), tuple(Waiver(unit, "on leave") for unit in open_parts))))


def _co_handlers(case: Case | None, _at_ms: int) -> tuple[tuple[str, ...], ...]:
    known = () if case is None else tuple(party.unit for party in case.co_handlers)
    return tuple(dict.fromkeys(((), known)))


FIELDS: Mapping[str, Values] = {
    "place": lambda _case, _at: (Place(CELL),),
    "channel": lambda _case, _at: (Channel.HOTLINE, Channel.PATROL),
    "lead": lambda _case, _at: (LEAD, OTHER),
    "collector": lambda _case, _at: (CHECKER, HAND),
    "until_ms": lambda _case, at: (at + DAY_MS,),
    "opened_ms": lambda _case, at: (at,),
    "due_ms": lambda _case, at: (at + DAY_MS,),
    "amount": lambda _case, _at: ("1WH",),
    "of": lambda _case, _at: (ANOTHER_CASE,),
    "by": lambda _case, _at: (ANOTHER_CASE,),
    "into": lambda _case, _at: (ANOTHER_CASE,),
    "unit": lambda _case, _at: (OTHER,),
    "units": lambda _case, _at: ((LEAD, OTHER),),
    "to": lambda _case, _at: (CHECKER,),
    "number": lambda _case, _at: (1,),
    "score": lambda _case, _at: (5,),
    "positions": lambda _case, _at: ((Position(LEAD, Stance.AGREES), Position(OTHER, Stance.ABSENT)),),
    "photos": lambda _case, _at: (PHOTOS,),
    "before": lambda _case, _at: (PHOTOS,),
    "after": lambda _case, _at: (PHOTOS,),
    "text": lambda _case, _at: ("字",),
    "source": lambda _case, _at: (Source("old", "1"),),
    "report": lambda _case, _at: (a.Report(Place(CELL), Channel.HOTLINE, CLASSES[0]),),
    "without": _unfinished,
}
"""Field → the values that it is tried with, whichever action has it."""
OF_ONE: Mapping[tuple[type, str], Values] = {
    (a.Report, "case_class"): lambda _case, _at: (*CLASSES, None),
    (a.CompleteReport, "place"): lambda _case, _at: (Place(CELL, 113.3, 34.5),),
    (a.CompleteReport, "case_class"): lambda _case, _at: (None, CLASSES[0]),
    (a.Dispatch, "co_handlers"): lambda _case, _at: ((), (OTHER,)),
    (a.FailCheck, "co_handlers"): _co_handlers,
    (a.Progress, "stage"): lambda _case, _at: tuple(Stage),
    (a.SelfHandle, "case_class"): lambda _case, _at: CLASSES,
    (a.DropRecurrence, "reason"): lambda _case, _at: ("wrong_state",),
    (a.DropMerge, "reason"): lambda _case, _at: ("wrong_state",),
}
"""The same for a field that means something else in one action, or is worth more than one value there."""
OPTIONAL = frozenset({"without"})
"""Fields that are tried although they need not be given."""


def examples(kind: type[a.CaseAction], case: Case | None, at_ms: int) -> tuple[a.CaseAction, ...]:
    """That action with every combination of its fields' values, as it might be asked of the case at `at_ms`.

    An optional field is left out unless it stands in OF_ONE or OPTIONAL. Raises LookupError for a field that nobody
    has told of here.
    """
    names = _fields(kind)
    values = [_values(kind, name, case, at_ms) for name in names]
    if case is not None and kind is a.Report:
        values = [tried[:1] for tried in values]  # whatever it holds, the case is reported already
    return tuple(cast("Any", kind)(**dict(zip(names, chosen, strict=True))) for chosen in product(*values))


@cache
def _fields(kind: type[a.CaseAction]) -> tuple[str, ...]:
    fields = msgspec.structs.fields(kind)
    return tuple(f.name for f in fields if f.required or (kind, f.name) in OF_ONE or f.name in OPTIONAL)


def _values(kind: type[a.CaseAction], name: str, case: Case | None, at_ms: int) -> tuple[Any, ...]:
    known = OF_ONE.get((kind, name)) or FIELDS.get(name)
    return _by_type(kind, name) if known is None else known(case, at_ms)


@cache
def _by_type(kind: type[a.CaseAction], name: str) -> tuple[Any, ...]:
    """Both answers to a yes or no; of a closed list its first member."""
    hint = get_type_hints(kind)[name]
    for one in get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,):
        if one is bool:
            return (True, False)
        if isinstance(one, type) and issubclass(one, Enum):
            return (next(iter(one)),)
    raise LookupError(f"say in ops/walk/asked.py what `{name}` of {kind.__name__} may hold: a {hint}")
