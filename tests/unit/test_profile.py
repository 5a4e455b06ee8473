"""Xinmi's profile: the real divisions, and a map that tiles the real outline."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache

import pytest
import shapely
from msgspec.structs import replace

from domain.grid.area import joined, size
from domain.grid.posts import Posts, check_posts, check_vacant
from domain.grid.tree import GridTree
from domain.grid.values import Kind
from ops.bench.grid import measure_places
from reference.areas import shape_of
from reference.contents import pack, rules_from
from reference.posts import made_up_posts
from reference.profile import Profile, load_profile, require_sound
from runtime.faults import Fault


@cache
def xinmi() -> Profile:
    """The shipped profile, read once."""
    return load_profile("xinmi")


def test_the_real_divisions_are_there_and_every_village_has_two_to_six_cells() -> None:
    profile = xinmi()
    levels = Counter(grid.level for grid in profile.contents.grids)
    assert (levels[1], levels[2]) == (19, 356)
    cells = Counter(grid.code[:12] for grid in profile.contents.grids if grid.level == 3)
    assert len(cells) == 356
    assert set(cells.values()) <= {2, 3, 4, 5, 6}


@pytest.mark.parametrize("level", [1, 2])
def test_the_cells_of_a_level_tile_the_outline(level: int) -> None:
    profile = xinmi()
    assert profile.map_path is not None
    features = json.loads(profile.map_path.read_text())["features"]
    shapes = [shapely.geometry.shape(f["geometry"]) for f in features if f["properties"]["level"] == level]
    outline = next(shapely.geometry.shape(f["geometry"]) for f in features if f["properties"]["level"] == 0)
    assert sum(shape.area for shape in shapes) == pytest.approx(outline.area, rel=1e-3)
    assert shapely.union_all(shapes).symmetric_difference(outline).area < outline.area * 1e-3


def test_a_decider_reads_the_same_rules_from_the_contents() -> None:
    version, found = pack(xinmi().contents)
    rules = rules_from(found, version)
    assert rules is not None
    assert rules.book.version == version
    found.pop(next(iter(found.keys() - {version})))
    assert rules_from(found, version) is None


def test_a_profile_with_faults_names_all_of_them() -> None:

    profile = xinmi()
    classes = profile.contents.standard.classes
    standard = replace(profile.contents.standard, classes=(replace(classes[0], responsible="nobody"), *classes[1:]))
    units = (*profile.contents.units, profile.contents.units[0])
    broken = replace(profile, contents=replace(profile.contents, units=units, standard=standard))
    with pytest.raises(Fault) as refused:
        require_sound(broken)
    assert refused.value.code == "profile.wrong"
    assert "stands 2 times" in refused.value.en
    assert "'nobody' of 010101 does not exist" in refused.value.en


def test_an_unknown_profile_names_the_shipped_ones() -> None:
    with pytest.raises(Fault, match="xinmi"):
        load_profile("nowhere")


def test_the_cells_of_the_shipped_tree_cover_the_outline_exactly_once() -> None:
    grids = xinmi().contents.grids
    cells = [grid.area for grid in grids if grid.level == 3]
    assert all(cells)
    assert size(cells) == size([grids[0].area])
    assert shapely.coverage_is_valid([shape_of(area) for area in cells])
    assert {frozenset(ring) for ring in joined(cells)} == {frozenset(ring) for ring in grids[0].area}


def test_both_official_codes_of_a_township_stand_side_by_side() -> None:
    grids = {grid.code: grid for grid in xinmi().contents.grids}
    assert (grids["410183113"].mca_code, grids["410183200"].mca_zh) == ("410183111000", "袁庄镇")
    assert grids["410183400"].mca_code == ""
    assert (grids["410183001"].kind, grids["410183100"].kind) == (Kind.URBAN, Kind.RURAL)


def test_shipped_posts_leave_no_cell_and_no_township_without_somebody() -> None:
    contents = xinmi().contents
    assert contents.posts == made_up_posts(xinmi().about.root, contents.grids, contents.units)
    assert all(post.synthetic for post in contents.posts)
    tree, posts = GridTree(contents.grids), Posts(contents.posts)
    assert check_posts(tree, posts) + check_vacant(tree, posts, 0) == []


def test_the_way_from_a_point_to_its_grid_is_measured_beside_its_floor() -> None:
    speed = measure_places(xinmi(), queries=200)
    assert (speed.cells, speed.queries) == (1437, 200)
    assert 0.4 < speed.inside < 0.8
    assert min(speed.floor_us, speed.place_us) > 0
