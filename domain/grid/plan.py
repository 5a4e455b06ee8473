"""What a change of the tree comes to: which grids end, which begin, and which codes go on under another one.

Owns the plans of split, merge, rename, renumber and redraw, and what is wrong with them in themselves. A plan names
grids as they stand at its instant and changes nothing; `changes` checks it against the tree and carries it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from domain.finding import Finding
from domain.grid.area import MICRO, Area, joined, oriented, size, square_metres
from domain.grid.change import Appointment, Change, Merge, Part, Redraw, Rename, Renumber, Split, refusal
from domain.grid.tree import GridTree
from domain.grid.values import Cause, Grid

SLIVER_M2 = 25.0
"""What the areas of a split may differ from the whole's: the raster's rounding along a boundary, not a place."""


class Plan:
    """A change under way: `ended` by code what each becomes and why, `born` the new rows, `moved` old to new code."""

    def __init__(self, tree: GridTree, at_ms: int, renumber: Mapping[str, str]) -> None:
        self.tree = tree
        self.at_ms = at_ms
        self.ended: dict[str, tuple[tuple[str, ...], Cause]] = {}
        self.born: list[Grid] = []
        self.moved: dict[str, str] = {}
        self.appointed: list[tuple[Grid, Appointment]] = []
        self.findings: list[Finding] = []
        self._wanted = dict(renumber)
        self._taken = set(tree.codes) | set(renumber.values())

    def begin(self, part: Part, whole: Grid, area: Area) -> None:
        """A grid in a whole's place, of its level and kind; one that keeps the code keeps seat and second code, too."""
        same = part.code == whole.code
        lon, lat = (whole.lon, whole.lat) if same and part.lon is None else (part.lon, part.lat)
        grid = Grid(
            part.code,
            whole.level,
            part.zh,
            part.en,
            lon,
            lat,
            synthetic=whole.synthetic,
            kind=part.kind or whole.kind,
            mca_code=part.mca_code or (whole.mca_code if same else ""),
            mca_zh=part.mca_zh or (whole.mca_zh if same else ""),
            since_ms=self.at_ms,
            area=oriented(area),
        )
        self.born.append(grid)
        self.appointed += [(grid, each) for each in part.posts]

    def renumber(self, grid: Grid, new_code: str) -> None:
        """A grid and everything under it go on under other codes."""
        self.ended[grid.code] = (new_code,), Cause.RENUMBER
        self.moved[grid.code] = new_code
        self._taken.add(new_code)
        self.born.append(
            replace(
                grid, code=new_code, former_code=grid.code, since_ms=self.at_ms, until_ms=None, became=(), cause=None
            )
        )
        self.renumber_under(grid.code, new_code, self.tree.children(grid.code, self.at_ms))

    def renumber_under(self, old: str, new: str, children: Iterable[Grid]) -> None:
        """Children of a grid get the codes that are wanted, else what they had after the new beginning, if free."""
        for child in children:
            code = self._wanted.pop(child.code, None) or self._free(new, child.code[len(old) :])
            if code is not None and not code.startswith(new):
                self.refuse(
                    "not_under_parent",
                    f"{child.code} 的新编码 {code} 须以 {new} 开头。",
                    f"The new code {code} of {child.code} must begin with {new}.",
                    child.code,
                    code,
                    f"{new}…",
                )
            elif code is None:
                self.refuse(
                    "no_free_code",
                    f"{new} 下没有可用的编码给 {child.code},请在 renumber 中指定。",
                    f"There is no free code under {new} for {child.code}; state one in 'renumber'.",
                    child.code,
                )
            else:
                self.renumber(child, code)

    def refuse_unwanted(self) -> None:
        """Every code wanted must have been that of a grid that is renumbered."""
        for code in self._wanted:
            self.refuse(
                "not_renumbered",
                f"renumber 中的 {code} 不在本次重新编码之列。",
                f"'renumber' names {code}, which this change does not renumber.",
                code,
            )

    def refuse(self, code: str, zh: str, en: str, key: str, found: str = "", allowed: str = "") -> None:
        """Note a fault."""
        self.findings.append(refusal(code, zh, en, key, found, allowed))

    def _free(self, beginning: str, ending: str) -> str | None:
        if beginning + ending not in self._taken:
            return beginning + ending
        width = len(ending)
        if not ending.isdecimal():
            return None
        numbers = (f"{beginning}{number:0{width}d}" for number in range(1, 10**width))
        return next((code for code in numbers if code not in self._taken), None)


def planned(tree: GridTree, change: Change, wholes: list[Grid], at_ms: int) -> Plan:
    """The plan of a change of these grids, which are valid at that instant."""
    plan = Plan(tree, at_ms, {} if isinstance(change, Rename | Redraw) else change.renumber)
    match change:
        case Split():
            _split(plan, change, wholes[0])
        case Merge():
            _merge(plan, change, wholes)
        case Rename():
            _rename(plan, change, wholes[0])
        case Renumber():
            plan.renumber(wholes[0], change.new_code)
        case Redraw():
            _redraw(plan, change, wholes)
    plan.refuse_unwanted()
    return plan


def _split(plan: Plan, change: Split, whole: Grid) -> None:
    if len(change.parts) < 2:
        plan.refuse(
            "too_few_parts",
            f"{whole.code} 拆分至少要有两个部分,现有 {len(change.parts)} 个。",
            f"A split of {whole.code} needs two parts or more; found {len(change.parts)}.",
            whole.code,
            str(len(change.parts)),
            "2",
        )
    plan.ended[whole.code] = tuple(part.code for part in change.parts), Cause.SPLIT
    children = {child.code: child for child in plan.tree.children(whole.code, plan.at_ms)}
    _refuse_uncovered(plan, change, whole, children)
    areas = [part.area for part in change.parts]
    if any(areas) or (whole.area and not children):
        _refuse_other_area(plan, whole.code, [whole.area], areas)
    for part in change.parts:
        plan.begin(part, whole, part.area)
        if part.code != whole.code:
            taken = [children[code] for code in part.children if code in children]
            plan.renumber_under(whole.code, part.code, taken)


def _refuse_uncovered(plan: Plan, change: Split, whole: Grid, children: Mapping[str, Grid]) -> None:
    given = [code for part in change.parts for code in part.children]
    for code in sorted(children.keys() - set(given)):
        plan.refuse(
            "not_covered",
            f"拆分 {whole.code} 时遗漏了下级网格 {code}。",
            f"The split of {whole.code} leaves out {code}, which lies in it.",
            whole.code,
            code,
        )
    for code in sorted({code for code in given if given.count(code) > 1}):
        plan.refuse(
            "given_twice",
            f"拆分 {whole.code} 时下级网格 {code} 被分配了不止一次。",
            f"The split of {whole.code} gives {code} to more than one part.",
            whole.code,
            code,
        )
    for code in sorted(set(given) - children.keys()):
        plan.refuse(
            "not_a_child",
            f"{code} 不是 {whole.code} 的直接下级网格。",
            f"{code} is no grid of the level below in {whole.code}.",
            whole.code,
            code,
        )
    for part in change.parts:
        if children and not part.children:
            plan.refuse(
                "empty_part",
                f"{whole.code} 拆出的 {part.code} 没有下级网格。",
                f"{part.code}, a part of {whole.code}, gets no grid of the level below.",
                whole.code,
                part.code,
            )


def _refuse_other_area(plan: Plan, code: str, before: list[Area], after: list[Area]) -> None:
    """What follows covers as much as what was there; a place with an area is followed by places that have one."""
    lat = next((y / MICRO for area in (*after, *before) for ring in area for _, y in ring), 0.0)
    found, allowed = square_metres(size(after), lat), square_metres(size(before), lat)
    if not all(after) or abs(found - allowed) > SLIVER_M2:
        plan.refuse(
            "area_not_covered",
            f"{code} 变更后的面积合计 {found:.0f} 平方米,变更前 {allowed:.0f} 平方米;每个部分都应有面积。",
            f"What follows {code} covers {found:.0f} m² in sum, before it was {allowed:.0f} m²; "
            f"each part needs an area.",
            code,
            f"{found:.0f}",
            f"{allowed:.0f}",
        )


def _merge(plan: Plan, change: Merge, wholes: list[Grid]) -> None:
    if len(set(change.codes)) < 2 or len({whole.level for whole in wholes}) > 1:
        plan.refuse(
            "not_mergeable",
            "合并需要同一级的两个或更多不同的网格。",
            "A merger needs two or more different grids of one level.",
            ", ".join(change.codes),
            ", ".join(f"{whole.code}: {whole.level}" for whole in wholes),
        )
        return
    areas = [whole.area for whole in wholes]
    area = change.into.area or (joined(areas) if all(areas) else ())
    if area and any(areas):
        _refuse_other_area(plan, change.into.code, areas, [area])
    plan.begin(change.into, next((w for w in wholes if w.code == change.into.code), wholes[0]), area)
    for whole in wholes:
        plan.ended[whole.code] = (change.into.code,), Cause.MERGE
        if whole.code != change.into.code:
            plan.renumber_under(whole.code, change.into.code, plan.tree.children(whole.code, plan.at_ms))


def _rename(plan: Plan, change: Rename, grid: Grid) -> None:
    names = {
        "zh": change.zh,
        "en": change.en,
        "kind": change.kind,
        "mca_code": change.mca_code,
        "mca_zh": change.mca_zh,
    }
    stated = {field: value for field, value in names.items() if value is not None}
    renamed = replace(grid, **stated, since_ms=plan.at_ms, until_ms=None, became=(), cause=None)
    if replace(renamed, since_ms=grid.since_ms) == grid:
        plan.refuse(
            "nothing_changes",
            f"{grid.code} 的更名没有改变任何内容。",
            f"The rename of {grid.code} changes nothing.",
            grid.code,
        )
    plan.ended[grid.code] = (grid.code,), Cause.RENAME
    plan.born.append(renamed)


def _redraw(plan: Plan, change: Redraw, grids: list[Grid]) -> None:
    areas = list(change.areas.values())
    outline_moves = any(grid.level == 0 for grid in grids)
    if not all(areas) or (any(grid.area for grid in grids) and not outline_moves):
        _refuse_other_area(plan, ", ".join(change.areas), [grid.area for grid in grids], areas)
    for grid in grids:
        plan.ended[grid.code] = (grid.code,), Cause.REDRAW
        area = oriented(change.areas[grid.code])
        plan.born.append(replace(grid, area=area, since_ms=plan.at_ms, until_ms=None, became=(), cause=None))
