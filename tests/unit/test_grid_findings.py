"""What is said of a fault of the tree, of posts and of points: whole sentences in both languages, with the finding."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from domain.case.values import Role
from domain.finding import Finding
from domain.grid.change import Change, Merge, Part, Redraw, Rename, Renumber, Split
from domain.grid.changes import apply_changes
from domain.grid.check import check_tree
from domain.grid.coordinates import coordinate_system
from domain.grid.past import keeps_the_past
from domain.grid.places import Places
from domain.grid.posts import Post, Posts, check_posts, check_vacant
from domain.grid.tree import GridTree
from domain.grid.values import GRIDS_MAX, POSTS_MAX, Grid
from tests.support.small_tree import small_city, small_posts, square

T = 1_000_000
LATE = "1970-01-01T01:00:00+00:00"
CITY = Grid("9", 0, "市")
SPLIT = Split(code="91", parts=(Part("93", "甲", children=("9101",)), Part("94", "乙", children=("9102",))))

Said = tuple[str, str, str, str, str, str]
"""Code, key, found, allowed, and the sentences."""


TOWNS = tuple(Grid(f"{number:05d}", 1, "镇") for number in range(GRIDS_MAX + 1))
POSTS = tuple(Post(f"p{number}", Role.COLLECTOR, "9", 3) for number in range(POSTS_MAX + 1))


def test_what_is_too_large_is_said_and_not_looked_at_any_closer() -> None:
    assert check_tree(GridTree(TOWNS[1:])) == []
    assert said(check_tree(GridTree((*TOWNS, *TOWNS[:1])))) == [
        (
            *("too_many", "", "50002", "50000"),
            "网格连同历史有 50002 行,最多 50000 行。",
            "There are 50002 rows of grids with their past; at most 50000 are allowed.",
        )
    ]
    tree = GridTree([CITY])
    assert check_posts(tree, Posts(POSTS[1:])) == []
    assert said(check_posts(tree, Posts((*POSTS, POSTS[0])))) == [
        (
            *("too_many", "", "50002", "50000"),
            "岗位连同历史有 50002 行,最多 50000 行。",
            "There are 50002 rows of posts with their past; at most 50000 are allowed.",
        )
    ]
    assert [f.code for f in (*check_tree(GridTree(TOWNS)), *check_posts(tree, Posts(POSTS)))] == [
        "grids.too_many",
        "posts.too_many",
    ]


def said(findings: list[Finding]) -> list[Said]:
    return [(f.code.partition(".")[2], f.key, f.found, f.allowed, f.zh, f.en) for f in findings]


REFUSED: list[tuple[list[Change], list[Said]]] = [
    (
        [Rename(code="91", zh="新", at="next year")],
        [
            (
                *("time_unreadable", "91", "next year", ""),
                "生效时间“next year”无法读取,应写成 2027-01-01T00:00:00+08:00 的形式。",
                "The effective time 'next year' cannot be read; write it as 2027-01-01T00:00:00+08:00.",
            )
        ],
    ),
    (
        [Merge(codes=("91", "92"), into=Part("91", "x"), at="never")],
        [
            (
                *("time_unreadable", "91, 92", "never", ""),
                "生效时间“never”无法读取,应写成 2027-01-01T00:00:00+08:00 的形式。",
                "The effective time 'never' cannot be read; write it as 2027-01-01T00:00:00+08:00.",
            )
        ],
    ),
    (
        [Redraw(areas={"91": (), "92": ()}, at="2027-01-01T00:00:00")],
        [
            (
                *("time_without_zone", "91, 92", "2027-01-01T00:00:00", ""),
                "生效时间“2027-01-01T00:00:00”没有写明时区,例如应加上 +08:00。",
                "The effective time '2027-01-01T00:00:00' states no offset from UTC, such as +08:00.",
            )
        ],
    ),
    (
        [Rename(code="77", zh="无")],
        [("unknown", "77", "77", "", "没有编码为 77 的网格。", "There is no grid with the code 77.")],
    ),
    (
        [Renumber(code="9", new_code="8")],
        [
            (
                *("wrong_level", "9", "0", "1, 2, 3"),
                "9 是全市(0 级),只能更名或重划边界;可拆分、合并或重新编码的是 1 至 3 级网格。",
                "9 is the city (level 0), which can only be renamed or redrawn; others are of level 1 to 3.",
            )
        ],
    ),
    (
        [SPLIT, Rename(code="91", zh="旧", at=LATE)],
        [
            (
                *("ended", "91", "1000000", ""),
                "网格 91 已有终止时间(1000000 毫秒,UTC),之后为 93, 94。",
                "The grid 91 has its end already (at 1000000 ms UTC) and became 93, 94.",
            )
        ],
    ),
    (
        [Rename(code="91", zh="新", at=LATE), Rename(code="91", zh="旧")],
        [
            (
                *("before_another", "91", "1000000", "> 3600000"),
                "网格 91 自 3600000 毫秒(UTC)起才是现状,变更须在此之后生效。",
                "The grid 91 is as it is since 3600000 ms UTC; a change must take effect after that.",
            )
        ],
    ),
    (
        [Renumber(code="9101", new_code="9102", renumber={f"91010{n}": f"91021{n}" for n in (1, 2, 3, 4)})],
        [
            (
                *("code_taken", "9102", "9102", ""),
                "编码 9102 已经用过或在本次变更中出现两次;编码不得重复使用。",
                "The code 9102 has been used before or stands twice here; no code is used again.",
            )
        ],
    ),
    (
        [Renumber(code="910101", new_code="810101")],
        [
            (
                *("not_under_parent", "810101", "810101", ""),
                "编码 810101(3 级)须以一个未终止的 2 级网格的编码开头。",
                "The code 810101 (level 3) must begin with that of a grid of level 2 that has no end.",
            )
        ],
    ),
    (
        [Renumber(code="9101", new_code="9109", renumber={"910101": "920109"})],
        [
            (
                *("not_under_parent", "910101", "920109", "9109…"),
                "910101 的新编码 920109 须以 9109 开头。",
                "The new code 920109 of 910101 must begin with 9109.",
            )
        ],
    ),
    (
        [Renumber(code="920101", new_code="910110", at=LATE), Renumber(code="9101", new_code="9109")],
        [
            (
                *("grid_begins_later", "910110", "3600000", ""),
                "网格 910110 将于 3600000 毫秒(UTC)开始,而本次变更使其上级网格先行终止。",
                "The grid 910110 begins at 3600000 ms UTC; this change would end before that what it lies under.",
            )
        ],
    ),
    (
        [Renumber(code="910101", new_code="9101021")],
        [
            (
                *("code_ambiguous", "9101021", "910102", ""),
                "编码 9101021 与同级网格 910102 互为开头,管辖范围会混淆。",
                "Of 9101021 and 910102, both of level 3, one code begins the other: their scopes would mix.",
            )
        ],
    ),
    (
        [Renumber(code="91", new_code="93", renumber={"9201": "9309"})],
        [
            (
                *("not_renumbered", "9201", "", ""),
                "renumber 中的 9201 不在本次重新编码之列。",
                "'renumber' names 9201, which this change does not renumber.",
            )
        ],
    ),
    (
        [Split(code="91", parts=(Part("93", "甲", children=("9101", "9102")),))],
        [
            (
                *("too_few_parts", "91", "1", "2"),
                "91 拆分至少要有两个部分,现有 1 个。",
                "A split of 91 needs two parts or more; found 1.",
            )
        ],
    ),
    (
        [
            Split(
                code="91",
                parts=(
                    Part("93", "甲", children=("9101", "7777")),
                    Part("94", "乙", children=("9101",)),
                    Part("95", "丙"),
                ),
                renumber={"9101": "9301"},
            )
        ],
        [
            (
                *("not_covered", "91", "9102", ""),
                "拆分 91 时遗漏了下级网格 9102。",
                "The split of 91 leaves out 9102, which lies in it.",
            ),
            (
                *("given_twice", "91", "9101", ""),
                "拆分 91 时下级网格 9101 被分配了不止一次。",
                "The split of 91 gives 9101 to more than one part.",
            ),
            (
                *("not_a_child", "91", "7777", ""),
                "7777 不是 91 的直接下级网格。",
                "7777 is no grid of the level below in 91.",
            ),
            (
                *("empty_part", "91", "95", ""),
                "91 拆出的 95 没有下级网格。",
                "95, a part of 91, gets no grid of the level below.",
            ),
        ],
    ),
    (
        [Redraw(areas={"910101": square(0, 0), "910102": ()})],
        [
            (
                *("area_not_covered", "910101, 910102", "10250", "20501"),
                "910101, 910102 变更后的面积合计 10250 平方米,变更前 20501 平方米;每个部分都应有面积。",
                "What follows 910101, 910102 covers 10250 m² in sum, before it was 20501 m²; each part needs an area.",
            )
        ],
    ),
    (
        [Merge(codes=("91", "9201"), into=Part("93", "并"))],
        [
            (
                *("not_mergeable", "91, 9201", "91: 1, 9201: 2", ""),
                "合并需要同一级的两个或更多不同的网格。",
                "A merger needs two or more different grids of one level.",
            )
        ],
    ),
    (
        [Rename(code="91")],
        [("nothing_changes", "91", "", "", "91 的更名没有改变任何内容。", "The rename of 91 changes nothing.")],
    ),
]


@pytest.mark.parametrize(("asked", "answer"), REFUSED, ids=[f"{n}-{r[1][0][0]}" for n, r in enumerate(REFUSED)])
def test_a_refused_change_says_in_whole_sentences_what_was_found(asked: list[Change], answer: list[Said]) -> None:
    found = apply_changes(small_city(), small_posts(), asked, T).findings
    assert said(list(found))[: len(answer)] == answer
    assert {(f.part, f.row, f.code.partition(".")[0]) for f in found} == {("changes", len(asked), "grid_change")}


def test_a_post_or_a_code_that_is_in_the_way_is_named() -> None:
    post = Post("li", Role.ACCEPTOR, "91", 1, since_ms=T)
    lost = apply_changes(small_city(), (post,), [SPLIT], T)
    assert said(list(lost.findings)) == [
        (
            *("post_begins_later", "91", "li", ""),
            "li 在 91 的岗位 acceptor 晚于该网格终止才开始,请先改任。",
            "The post of li as acceptor of 91 begins after that grid ends; change it first.",
        )
    ]
    grids = (*small_city(), Grid("9101ab", 3, "格"), Grid("9102ab", 3, "格"))
    merged = apply_changes(grids, (), [Merge(codes=("9101", "9102"), into=Part("9101", "并"))], T)
    assert said(list(merged.findings)) == [
        (
            *("no_free_code", "9102ab", "", ""),
            "9101 下没有可用的编码给 9102ab,请在 renumber 中指定。",
            "There is no free code under 9101 for 9102ab; state one in 'renumber'.",
        )
    ]


TREES: list[tuple[list[Grid], str, str, str, str]] = [
    (
        [replace(CITY, since_ms=5, until_ms=5, became=("9",)), replace(CITY, since_ms=5)],
        *("ends_before_start", "9", "9 的终止不晚于开始。", "9 ends no later than it starts."),
    ),
    (
        [replace(CITY, until_ms=9, became=("9",)), replace(CITY, since_ms=8)],
        *("twice", "9", "编码 9 在同一时间出现两次。", "The code 9 stands twice at one time."),
    ),
    (
        [CITY, Grid("91", 1, "镇", until_ms=9, became=("91",)), Grid("91", 2, "村", since_ms=9)],
        *("level_changed", "91", "编码 91 先为 1 级,后为 2 级。", "The code 91 was of level 1 and is of level 2."),
    ),
    (
        [replace(CITY, became=("91", "92")), Grid("91", 1, "镇"), Grid("92", 1, "镇")],
        *("heirs_without_end", "9", "9 未终止却写有后继 91, 92。", "9 has not ended, yet it became 91, 92."),
    ),
    ([replace(CITY, until_ms=9)], *("no_heir", "9", "9 终止后没有后继。", "9 ended and became nothing.")),
    (
        [replace(CITY, until_ms=9, became=("8",))],
        *("heir_missing", "9", "9 的后继 8 在其终止时并不存在。", "9 became 8, which is no grid when it ends."),
    ),
    (
        [CITY, Grid("8", 0, "市")],
        *("two_cities", "9", "9 是第二个 0 级网格。", "9 is a second grid of level 0."),
    ),
    (
        [CITY, Grid("81", 1, "镇")],
        *("no_parent", "81", "81(1 级)不在任何 0 级网格之下。", "81 (level 1) lies under no grid of level 0."),
    ),
    (
        [CITY, Grid("91", 1, "镇"), Grid("910", 1, "镇")],
        "code_ambiguous",
        "910",
        "编码 910 与同级的 91 互为开头。",
        "Of 910 and 91, both of level 1, one code begins the other.",
    ),
]


@pytest.mark.parametrize(("grids", "code", "key", "zh", "en"), TREES, ids=[tree[1] for tree in TREES])
def test_a_fault_of_a_tree_is_said_in_whole_sentences(grids: list[Grid], code: str, key: str, zh: str, en: str) -> None:
    assert check_tree(GridTree(grids))[0] == Finding(f"grids.{code}", "grids", zh, en, found=key, key=key)


def test_a_fault_of_a_post_is_said_in_whole_sentences() -> None:
    backwards = Post("wu", Role.ACCEPTOR, "91", 1, since_ms=9, until_ms=8)
    nowhere, twice = Post("wu", Role.ACCEPTOR, "77", 1), Post("wu", Role.ACCEPTOR, "91", 1)
    assert check_posts(GridTree(small_city()), Posts([backwards, nowhere, twice, twice])) == [
        Finding(
            *("posts.ends_before_start", "posts", "wu 在 91 的岗位 acceptor 结束不晚于开始。"),
            "The post of wu as acceptor of 91 ends no later than it starts.",
            found="9..8",
            key="wu",
        ),
        Finding(
            *("posts.scope_no_grid", "posts", "wu 的岗位 acceptor 管辖 77,而任期内至少有一段时间没有这个网格。"),
            "wu is acceptor of 77, which is no grid for at least a part of that time.",
            found="77",
            key="wu",
        ),
        Finding(
            *("posts.twice", "posts", "wu 在 91 的岗位 acceptor 有两段任期重叠。"),
            "Two terms of wu as acceptor of 91 overlap.",
            found="91",
            key="wu",
        ),
    ]
    cell = GridTree([CITY, Grid("91", 2, "村"), Grid("9101", 3, "格")])
    vacant = check_vacant(cell, Posts([Post("wu", Role.COLLECTOR, "9", 0)]), T)
    assert said(vacant) == [
        ("vacant", "9101", "grid_head", "", "格(9101)没有 grid_head。", "Nobody is grid_head of 9101.")
    ]
    assert {finding.part for finding in vacant} == {"posts"}


def test_a_past_that_is_not_kept_is_said_in_whole_sentences() -> None:
    grids, posts = small_city(), small_posts()
    lost, added = (
        keeps_the_past(grids, grids[1:], T, posts, posts[1:]),
        keeps_the_past(grids[1:], grids, T, posts[1:], posts),
    )
    assert [(f.code, f.part) for f in (*lost, *added)] == [
        ("grids.past_lost", "grids"),
        ("posts.past_lost", "posts"),
        ("grids.past_added", "grids"),
        ("posts.past_added", "posts"),
    ]
    assert [row[1:] for row in said([*lost, *added])] == [
        (
            *("9", "9", "", "网格 9(市)在生效之前的内容不见了或被改动。"),
            "What the grid 9 was before that time is gone or changed.",
        ),
        (
            *("leader", "leader", "", "leader 在 9 的岗位 leader 在生效之前的任期不见了或被改动。"),
            "The term of leader as leader of 9 before that time is gone or changed.",
        ),
        (
            *("9", "9", "", "网格 9(市)在生效之前的内容是新增的或被改动。"),
            "What the grid 9 is said to have been before that time is new or changed.",
        ),
        (
            *("leader", "leader", "", "leader 在 9 的岗位 leader 在生效之前的任期是新增的或被改动。"),
            "The term of leader as leader of 9 before that time is new or changed.",
        ),
    ]


def test_a_point_that_is_none_or_lies_nowhere_is_refused_in_whole_sentences() -> None:
    drawn, bare = Places(GridTree(small_city())), Places(GridTree([Grid("91", 1, "镇")]))
    assert [drawn.locate(200, 0.0, T), drawn.locate(1.5, 2.5, T), bare.locate(1.5, 2.5, T)] == [
        Finding(
            *("place.no_point", "place", "200, 0.0 不是经纬度。", "200, 0.0 is no longitude and latitude."),
            found="200, 0.0",
            allowed="-180..180, -90..90",
        ),
        Finding(
            *("place.outside", "place"),
            "点 1.5, 2.5 不在本市范围内;本市在东经 113.0–113.008、北纬 34.0–34.002 之间。",
            "The point 1.5, 2.5 lies outside the city, which lies within longitude 113.0 to 113.008 "
            "and latitude 34.0 to 34.002.",
            found="1.5, 2.5",
            allowed="113.0..113.008, 34.0..34.002",
        ),
        Finding(
            *("place.no_areas", "place", "网格没有边界,无法由坐标确定网格。"),
            "The grids have no areas, so a point cannot tell its grid.",
            found="1.5, 2.5",
        ),
    ]


def test_coordinates_of_no_known_system_are_refused_in_whole_sentences() -> None:
    known = "WGS84, CGCS2000, GCJ-02, BD-09"
    assert coordinate_system(None) == Finding(
        *("coordinates.unlabelled", "coordinates", f"坐标没有注明坐标系,应注明 {known} 之一。"),
        f"The coordinates do not state their system; state one of {known}.",
        allowed=known,
    )
    assert coordinate_system(" x1 ") == Finding(
        *("coordinates.unknown_system", "coordinates", f"不认识坐标系“x1”,可用的有 {known}。"),
        f"The coordinate system 'x1' is not known; known are {known}.",
        found="x1",
        allowed=known,
    )
