"""`liandong reference admission …`: the steps of the admission list 准入清单, each adopted like any other change.

Owns only the words; who may take which step when is `domain.admission.life`'s rule. Four eyes: `--by` names the person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from msgspec.structs import replace

from domain.admission.life import take_step
from domain.admission.standing import standing
from domain.admission.values import AdmissionList, Admitted, Applied, ChangeProposed, Exited, Matter, Reviewed, Step
from domain.case.values import Role
from domain.finding import Finding
from ops.reference.changing import FAULTS_FOUND, confirm_and_adopt
from ops.reference.drafting import of_contents
from ops.reference.library import IN_FORCE, cluster, open_library, read_library, zone_of
from ops.reference.options import Against, At, Note, Yes, moment, now_ms
from ops.reference.pictures import PICTURES
from ops.reference.tables import console, show_findings
from reference.contents import Contents

Code = Annotated[str, typer.Argument(help="The item's code.")]
By = Annotated[str, typer.Option("--by", metavar="PERSON", help="Who takes this step; each by somebody else.")]
As = Annotated[Role, typer.Option("--role", help="The post that the person takes it in.")]
Classes = Annotated[
    list[str], typer.Option("--class", metavar="CODE", help="The beginning of class codes; repeatable.")
]
Zh = Annotated[str, typer.Option("--zh", help="What it is called.")]
En = Annotated[str, typer.Option("--en", help="The same in English.")]
DutiesZh = Annotated[str, typer.Option("--duties-zh", help="Who does which part of it 条块职责.")]
DutiesEn = Annotated[str, typer.Option("--duties-en", help="The same in English.")]
Because = Annotated[str, typer.Option("--reason", help="Why; stands in the item's history.")]

StepAt = Callable[[int, Contents], Step]
"""The step as taken at an instant, on the contents in force."""

admission_app = typer.Typer(
    help="The admission list: apply → review → admit (term) → change → exit, by three different persons.",
    no_args_is_help=True,
)


@admission_app.command("list")
def list_items(at_time: At = None, against: Against = None) -> None:
    """The items, how far each has come, and its term.

    liandong reference admission list
    """
    _, contents = open_library(against).named(IN_FORCE)
    console().print(PICTURES["admission"](contents, moment(at_time, zone_of(contents))))


@admission_app.command()
def apply(
    code: Code,
    by: By,
    role: As,
    classes: Classes,
    zh: Zh,
    en: En = "",
    duties_zh: DutiesZh = "",
    duties_en: DutiesEn = "",
    reason: Because = "",
    note: Note = "",
    yes: Yes = False,
) -> None:
    """Apply for a matter to be admitted.

    liandong reference admission apply A12 --by li --role handler --class 0901 --zh 犬只管理
    """
    matter = Matter(tuple(classes), zh, en, duties_zh, duties_en)
    _take(code, role, lambda at_ms, _: Applied(at_ms, by, matter, reason), note, yes=yes)


@admission_app.command()
def review(
    code: Code,
    by: By,
    role: As,
    supports: Annotated[bool, typer.Option("--supports/--refuses", help="What the review says.")],
    reason: Because = "",
    note: Note = "",
    yes: Yes = False,
) -> None:
    """Review what is asked for.

    liandong reference admission review A12 --by wang --role admin --supports
    """
    _take(code, role, lambda at_ms, _: Reviewed(at_ms, by, supports, reason), note, yes=yes)


@admission_app.command()
def admit(
    code: Code,
    by: By,
    role: As,
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Without it: from now on.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Without it: no end.")] = None,
    reason: Because = "",
    note: Note = "",
    yes: Yes = False,
) -> None:
    """Admit what was reviewed, for a term.

    liandong reference admission admit A12 --by zhao --role leader --since 2027-01-01 --until 2028-01-01
    """

    def step(at_ms: int, contents: Contents) -> Step:
        zone = zone_of(contents)
        begins = at_ms if since is None else moment(since, zone)
        return Admitted(at_ms, by, begins, None if until is None else moment(until, zone), reason)

    _take(code, role, step, note, yes=yes)


@admission_app.command()
def change(
    code: Code,
    by: By,
    role: As,
    classes: Annotated[
        list[str] | None, typer.Option("--class", metavar="CODE", help="Without it: as admitted.")
    ] = None,
    zh: Annotated[str | None, typer.Option("--zh", help="Without it: as admitted.")] = None,
    en: En = "",
    reason: Because = "",
    note: Note = "",
    yes: Yes = False,
) -> None:
    """Ask for an admitted item to be changed, or for another term of the same one.

    liandong reference admission change A12 --by li --role handler --class 0901 --class 0902
    """

    def step(at_ms: int, contents: Contents) -> Step:
        item = next((item for item in contents.admission.items if item.code == code), None)
        now = standing(item.steps).matter if item is not None else None
        matter = now or Matter(("-",), "-")
        kept_en = en or (matter.en if zh is None else "")
        matter = replace(matter, classes=tuple(classes or matter.classes), zh=zh or matter.zh, en=kept_en)
        return ChangeProposed(at_ms, by, matter, reason)

    _take(code, role, step, note, yes=yes)


@admission_app.command("exit")
def leave(code: Code, by: By, role: As, reason: Because = "", note: Note = "", yes: Yes = False) -> None:
    """Take an item out of the list from now on; its history stays.

    liandong reference admission exit A12 --by zhao --role leader --reason 改由部门在线监测
    """
    _take(code, role, lambda at_ms, _: Exited(at_ms, by, reason), note, yes=yes)


def _take(code: str, role: Role, step: StepAt, note: str, *, yes: bool) -> None:
    """Take the step on the list in force and adopt it. Exits with FAULTS_FOUND where the rules refuse it."""
    at = cluster()
    library = read_library(at)
    _, base = library.named(IN_FORCE)
    grown = grow(base, code, role, step, now_ms())
    if isinstance(grown, Finding):
        show_findings(console(), [grown])
        raise typer.Exit(FAULTS_FOUND)
    contents = replace(base, admission=grown)
    told = note or f"admission {code}"
    confirm_and_adopt(at, library, lambda at_ms: of_contents(library, contents, at_ms), note=told, yes=yes)


def grow(base: Contents, code: str, role: Role, step: StepAt, at_ms: int) -> AdmissionList | Finding:
    """The list in force with one more step of that item, or why it is refused."""
    return take_step(base.admission, code, step(at_ms, base), role)
