"""Made-up posts for a city that has none yet: every one of them is marked so.

A made-up post is held by the demo's account of that name where there is one (the demo makes them by the same rule),
else by a name that no account has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.case.values import Role
from domain.grid.posts import DESK_ROLES, Post
from domain.grid.values import CELL_LEVEL, Grid
from domain.unit import Unit

_CITY_ROLES = {
    Role.LEADER: ("值班领导", "Leader on duty"),
    Role.ACCEPTOR: ("市级受理员", "City acceptor"),
    Role.SHIFT_HEAD: ("市级值班长", "City shift head"),
    Role.DISPATCHER: ("市级派遣员", "City dispatcher"),
    Role.INSPECTOR: ("督查员", "Inspector"),
    Role.APPRAISER: ("考核员", "Appraiser"),
    Role.AUDITOR: ("审计员", "Auditor"),
    Role.ADMIN: ("管理员", "Administrator"),
}
_DESK_TITLES = {
    Role.ACCEPTOR: ("受理员", "acceptor"),
    Role.SHIFT_HEAD: ("值班长", "shift head"),
    Role.DISPATCHER: ("派遣员", "dispatcher"),
}


def made_up_posts(root: str, grids: Sequence[Grid], units: Sequence[Unit]) -> tuple[Post, ...]:
    """A collector for each cell, a head for each village, a desk and handlers for each township, the city's posts."""
    towns = [grid for grid in grids if grid.level == 1]
    return (*_city(root, towns, units), *_towns(towns), *_villages_and_cells(grids))


def _city(root: str, towns: Sequence[Grid], units: Sequence[Unit]) -> Iterator[Post]:
    for role, (zh, en) in _CITY_ROLES.items():
        yield Post(str(role), role, root, 0, title_zh=zh, title_en=en, synthetic=True)
    yield Post("collector", Role.COLLECTOR, root, 3, title_zh="机动网格员", title_en="Mobile collector", synthetic=True)
    yield Post("grid_head", Role.GRID_HEAD, root, 2, title_zh="网格总长", title_en="Chief grid head", synthetic=True)
    for town in towns[:1]:
        yield Post("handler", Role.HANDLER, root, 0, f"{town.code}-team", synthetic=True)
    for unit in units:
        if unit.kind == "department":
            yield Post(f"handler-{unit.code}", Role.HANDLER, root, 0, unit.code, title_zh=unit.zh, synthetic=True)


def _towns(towns: Sequence[Grid]) -> Iterator[Post]:
    for grid in towns:
        town = grid.code
        for role in DESK_ROLES:
            zh, en = _DESK_TITLES[role]
            titles = f"{grid.zh}{zh}", f"{grid.en} {en}"
            yield Post(f"{role}-{town}", role, town, 1, f"{town}-centre", None, None, *titles, synthetic=True)
        yield Post(f"handler-{town}", Role.HANDLER, town, 1, f"{town}-team", synthetic=True)
        yield Post(f"handler-{town}-2", Role.HANDLER, town, 1, f"{town}-team", synthetic=True)
        yield Post(f"collector-{town}", Role.COLLECTOR, town, 3, synthetic=True)
        yield Post(f"grid_head-{town}", Role.GRID_HEAD, town, 2, synthetic=True)


def _villages_and_cells(grids: Sequence[Grid]) -> Iterator[Post]:
    for grid in grids:
        if grid.level == 2:
            yield Post(f"grid_head-{grid.code}", Role.GRID_HEAD, grid.code, 2, synthetic=True)
        elif grid.level == CELL_LEVEL:
            yield Post(f"collector-{grid.code}", Role.COLLECTOR, grid.code, 3, synthetic=True)
