"""The sample routing of the demo city; `reference.xinmi` writes it with the profile.

A sample, not Xinmi's adopted division of duties. Two rules disagree on purpose about abandoned vehicles, the field's
standing quarrel between police and city management: their cases fill the docket of unclear ownership.
"""

from __future__ import annotations

from domain.routing.values import OWNER, TERRITORY, Routing, Rule

CORE = ("410183001", "410183002", "410183003", "410183100")
SCENIC_AREA = ("410183401",)
INDUSTRY_ZONE = ("410183402",)
MINING_TOWNS = ("410183104", "410183110", "410183400")
BAN_SINCE_MS, BAN_UNTIL_MS = 1_788_192_000_000, 1_796_054_400_000  # 2026-09-01 to 2026-12-01, Shanghai

URBAN, POLICE = "410183-urban", "410183-police"


def routing() -> Routing:
    """The routing. The same every time."""
    return Routing(
        "sample-2026-1",
        (
            Rule(
                "emergency-owner",
                OWNER,
                classes=("06",),
                basis_zh="突发与安全事项由专业部门第一时间处置,属地配合",
                basis_en="Safety first: whoever has the trained people goes, the town assists",
            ),
            Rule(
                "core-roads-urban",
                URBAN,
                classes=("020101",),
                places=CORE,
                basis_zh="中心城区市政道路由城市管理局管养",
                basis_en="Streets of the urban core are kept by urban management",
            ),
            Rule(
                "highways-owner",
                OWNER,
                classes=("020101",),
                basis_zh="中心城区以外的国省道、县道由交通运输局养护",
                basis_en="Highways outside the urban core are kept by the transport department",
            ),
            Rule(
                "core-order-urban",
                URBAN,
                classes=("0501",),
                places=CORE,
                basis_zh="中心城区街面秩序由城市管理局直管",
                basis_en="Street order in the urban core is under urban management itself",
            ),
            Rule(
                "mine-spoil-emergency",
                "410183-emergency",
                classes=("030102",),
                places=MINING_TOWNS,
                basis_zh="矿区及产煤乡镇的渣土、矸石堆涉及矿山安全,由应急管理局牵头",
                basis_en="Spoil in the mining towns is a matter of mine safety",
            ),
            Rule(
                "scenic-fire-territory",
                TERRITORY,
                classes=("060106",),
                places=SCENIC_AREA,
                basis_zh="景区内野外用火由景区执法队先行处置",
                basis_en="Open fire in the scenic area: its own team is there first",
            ),
            Rule(
                "industry-sites-territory",
                TERRITORY,
                classes=("040102", "040103", "040104"),
                places=INDUSTRY_ZONE,
                basis_zh="产业集聚区工地由集聚区统一管理",
                basis_en="Building sites of the industry zone are under the zone's own management",
            ),
            Rule(
                "village-drains-territory",
                TERRITORY,
                classes=("010102",),
                levels=(2,),
                basis_zh="村、社区一级受理的雨水箅子由乡镇自行清掏",
                basis_en="Drains that a village's desk takes in are cleared by the town itself",
            ),
            Rule(
                "autumn-burning-environment",
                "410183-environment",
                classes=("030107",),
                since_ms=BAN_SINCE_MS,
                until_ms=BAN_UNTIL_MS,
                basis_zh="秋季禁烧期内露天焚烧由生态环境分局牵头",
                basis_en="During the autumn ban open burning is led by the environment department",
            ),
            Rule(
                "abandoned-vehicles-police",
                POLICE,
                classes=("050104",),
                basis_zh="机动车停放由公安交管部门管理",
                basis_en="Where a vehicle stands is a matter for the traffic police",
            ),
            Rule(
                "abandoned-vehicles-urban",
                URBAN,
                classes=("050104",),
                basis_zh="占用公共场地的废弃物由城市管理局清理",
                basis_en="What is dumped in a public place is removed by urban management",
            ),
        ),
    )
