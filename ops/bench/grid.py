"""Point → grid, beside the floor of one query of shapely's STRtree over the same cells (which only knows boxes)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import msgspec
import shapely
import typer

from domain.grid.places import Places
from domain.grid.tree import GridTree
from reference.areas import shape_of, to_degrees
from reference.profile import Profile, load_profile
from runtime.settings import load_settings

AT_MS = 0
SEED = 410183
ROUNDS = 5


class GridSpeed(msgspec.Struct, frozen=True):
    """Microseconds a query, the best of some rounds; `inside` is the share of points that lay in the city."""

    cells: int
    queries: int
    floor_us: float
    place_us: float
    inside: float


def measure_places(profile: Profile, queries: int = 20_000) -> GridSpeed:
    """Ask for random points of the city's box. The floor makes no point either: it is handed one that exists."""
    places = Places(GridTree(profile.contents.grids))
    box = places.covered(AT_MS) or (0.0, 0.0, 1.0, 1.0)
    draw = random.Random(SEED)
    points = [(draw.uniform(box[0], box[2]), draw.uniform(box[1], box[3])) for _ in range(queries)]
    cells = [grid for grid in profile.contents.grids if grid.area and grid.level]
    boxes = shapely.STRtree([to_degrees(shape_of(grid.area)) for grid in cells])
    shapes = [shapely.Point(point) for point in points]
    found = sum(places.find(lon, lat, AT_MS) is not None for lon, lat in points)

    def floor() -> None:
        for shape in shapes:
            boxes.query(shape)

    def ours() -> None:
        for lon, lat in points:
            places.find(lon, lat, AT_MS)

    return GridSpeed(len(cells), queries, _best_us(floor, queries), _best_us(ours, queries), found / queries)


def _best_us(run: Callable[[], None], queries: int) -> float:
    spent: list[float] = []
    for _ in range(ROUNDS):
        before = time.perf_counter()
        run()
        spent.append(time.perf_counter() - before)
    return min(spent) / queries * 1e6


def grid(queries: int = typer.Option(20_000, help="Random points of the city's box.")) -> None:
    """Measure point → level-3 grid on the configured profile, beside one query of an R-tree over the same cells."""
    speed = measure_places(load_profile(load_settings().profile), queries)
    typer.echo(
        f"{speed.cells} cells, {speed.queries} points, {speed.inside:.0%} inside the city; best of {ROUNDS} rounds"
    )
    typer.echo(f"{'R-tree query (floor)':24} {speed.floor_us:6.2f} µs")
    typer.echo(f"{'point → grid':24} {speed.place_us:6.2f} µs  ratio {speed.place_us / speed.floor_us:.2f}")
