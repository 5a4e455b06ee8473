"""Reference contents by the API: drafted, previewed, adopted at an offset of every partition, and asked about later."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from eventlog.position import partition_of
from ops.embedded.kafka import free_ports
from reference.profile import load_profile
from tests.support.beside import Beside
from tests.support.live import Live, eventually
from tests.support.nodes import Nodes

READY_S_MAX = 60.0
MOVED_S_MAX = 30.0
ASKED_S_MAX = 60.0
ZONE = ZoneInfo("Asia/Shanghai")
MICUN = "410183101"
NEW_TOWN = "410183119"


class City:
    """A whole system, with demo accounts and an API of its own."""

    def __init__(self, beside: Beside) -> None:
        port = free_ports(1)[0]
        self.address = f"http://127.0.0.1:{port}"
        for part in ("dispatch", "project", "clock", "react"):
            beside.start(part)
        beside.start("api", LIANDONG_PORT=str(port), LIANDONG_DEMO="true")
        eventually(self._ready, READY_S_MAX, "the API is ready")
        self._tokens: dict[str, str] = {}

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def call(self, username: str, method: str, path: str, **more: Any) -> httpx.Response:
        if username not in self._tokens:
            body = {"username": username, "password": "liandong-demo"}
            self._tokens[username] = httpx.post(f"{self.address}/api/token", json=body).json()["access_token"]
        headers = {"Authorization": f"Bearer {self._tokens[username]}"}
        return httpx.request(method, f"{self.address}{path}", headers=headers, timeout=ASKED_S_MAX, **more)

    def filed(self, grid: str, **place: float) -> str:
        body = {"place": {"grid": grid, **place}, "channel": "hotline", "case_class": "010101"}
        answer = self.call("acceptor", "POST", "/api/cases", json={"action_id": str(uuid.uuid4()), **body})
        assert answer.status_code == 201, answer.text
        case_id = str(answer.json()["case_id"])
        assert self.act("acceptor", case_id, "accept").status_code == 200
        assert self.act("shift_head", case_id, "file", condition="01").status_code == 200
        return case_id

    def act(self, username: str, case_id: str, action: str, **more: Any) -> httpx.Response:
        body = {"action_id": str(uuid.uuid4()), "action": action, **more}
        return self.call(username, "POST", f"/api/cases/{case_id}/actions", json=body)

    def case(self, case_id: str) -> dict[str, Any]:
        return dict(self.call("acceptor", "GET", f"/api/cases/{case_id}").json())

    def draft(self, **body: Any) -> httpx.Response:
        return self.call("admin", "POST", "/api/reference/drafts", json=body)

    def adopt(self, version: str, **more: Any) -> httpx.Response:
        body = {"action_id": str(uuid.uuid4()), "version": version, **more}
        return self.call("admin", "POST", "/api/reference/adoptions", json=body)


@pytest.fixture(scope="module")
def city(nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """One for the whole file: each test reads what is in force before it changes it."""
    beside = Beside(nodes, tmp_path_factory.mktemp("city"))
    yield City(beside)
    beside.close()


def in_force(city: City, part: str) -> Any:
    return city.call("admin", "GET", f"/api/reference/in-force/{part}").json()


def with_limit(standard: Any, limit: str) -> Any:
    condition = standard["classes"][0]["conditions"][0]
    condition["limit"] = limit
    condition["urgent"] = "U" in limit
    return standard


def test_an_adopted_limit_holds_for_cases_filed_from_its_offset_on_and_for_no_other(city: City) -> None:
    before = city.filed("41018300100101")
    drafted = city.draft(parts={"standard": with_limit(in_force(city, "standard"), "3WH")})
    assert drafted.status_code == 201, drafted.text
    draft = drafted.json()
    assert [d["part"] for d in draft["differences"]] == ["standard"] * len(draft["differences"])
    assert (draft["preview"]["open_cases"], draft["preview"]["touched"]) == (1, 1)
    assert city.case(before)["limit"] == "2UH", "a draft changes nothing"
    adopted = city.adopt(draft["version"], base=draft["base"], note="三个工作时")
    assert adopted.status_code == 200, adopted.text
    assert adopted.json()["decided"] == 24
    after = city.filed("41018300100101")
    assert (city.case(before)["limit"], city.case(after)["limit"]) == ("2UH", "3WH")
    assert city.act("dispatcher", before, "dispatch", lead="410183001-team").status_code == 200
    clocks = {c["kind"]: c for c in city.case(before)["clocks"]}
    assert clocks["handle"]["deadline_ms"] - clocks["handle"]["started_ms"] == 2 * 3_600_000
    told = eventually(
        lambda: (
            [a for a in city.call("auditor", "GET", "/api/reference").json()["adoptions"] if a["complete"]][1:]
            and city.call("auditor", "GET", "/api/reference").json()
        ),
        MOVED_S_MAX,
        "both adoptions are in the rows",
    )
    newest, first = told["adoptions"][:2]
    assert (told["in_force"], told["partitions"]) == (draft["version"], {draft["version"]: 24})
    assert (newest["note"], newest["base"], newest["person"]) == ("三个工作时", draft["base"], "admin")
    assert all(
        newest["partitions"][p]["action_offset"] > first["partitions"][p]["action_offset"] for p in first["partitions"]
    )
    again = city.call("admin", "GET", f"/api/reference/{draft['base'][:12]}/standard").json()
    assert again["classes"][0]["conditions"][0]["limit"] == "2UH", "the old version is what it was"


def test_what_has_faults_is_refused_whole_and_every_fault_is_named(city: City) -> None:
    standard = in_force(city, "standard")
    conditions = standard["classes"][0]["conditions"]
    conditions[0]["limit"], conditions[1]["limit"] = "3XX", "0WH"
    standard["classes"][1]["responsible"] = "nobody"
    refused = city.draft(parts={"standard": standard, "weather": {}})
    assert refused.status_code == 422
    assert [f["found"] for f in refused.json()["findings"]] == ["weather"]
    refused = city.draft(parts={"standard": standard})
    found = {f["found"]: f for f in refused.json()["findings"]}
    assert (refused.status_code, refused.json()["code"]) == (422, "reference_faults")
    assert {"3XX", "0WH", "nobody"} <= found.keys()
    assert all(f["zh"] and f["en"] for f in found.values())
    late = {"change": "rename", "code": MICUN, "zh": "米村", "at": "2020-01-01T00:00:00+08:00"}
    past = city.draft(grid_changes=[late])
    assert past.status_code == 422, past.text
    assert city.call("admin", "GET", "/api/reference").json()["partitions"].keys() == {
        city.call("admin", "GET", "/api/reference").json()["in_force"]
    }


def test_only_the_administrator_adopts_only_what_is_published_and_only_on_what_was_previewed(city: City) -> None:
    draft = city.draft(parts={"standard": with_limit(in_force(city, "standard"), "5WH")}).json()
    body = {"action_id": str(uuid.uuid4()), "version": draft["version"]}
    assert city.call("dispatcher", "POST", "/api/reference/adoptions", json=body).status_code == 403
    assert city.call("wall", "GET", "/api/reference").status_code == 403
    assert httpx.get(f"{city.address}/api/reference").status_code == 401
    assert city.adopt("0" * 64).status_code == 404
    assert city.adopt("short").status_code == 422
    moved = city.adopt(draft["version"], base="1" * 64)
    assert (moved.status_code, moved.json()["code"]) == (409, "base_moved")
    first = city.call("admin", "POST", "/api/reference/adoptions", json=body)
    again = city.call("admin", "POST", "/api/reference/adoptions", json=body)
    assert first.json()["outcome"] == "accepted"
    eventually(
        lambda: city.call("admin", "POST", "/api/reference/adoptions", json=body).json() == first.json(),
        MOVED_S_MAX,
        "the first answer",
    )
    assert again.status_code == 200


def test_a_township_is_split_while_its_cases_are_open_and_each_day_keeps_its_answer(city: City) -> None:
    grids = load_profile("xinmi").contents.grids
    villages = [g.code for g in grids if g.level == 2 and g.code.startswith(MICUN)]
    cells = {v: next(g for g in grids if g.level == 3 and g.code.startswith(v)) for v in villages}
    stays, goes = villages[: len(villages) // 2], villages[len(villages) // 2 :]
    staying = city.filed(cells[stays[0]].code)
    going = city.filed(cells[goes[0]].code)
    at = datetime.now(ZONE) + timedelta(seconds=8)
    desk = [{"person": f"{role}-{NEW_TOWN}", "role": role} for role in ("acceptor", "shift_head", "dispatcher")]
    split = {
        "change": "split",
        "code": MICUN,
        "at": at.isoformat(),
        "parts": [
            {"code": MICUN, "zh": "米村镇", "en": "Micun", "children": stays},
            {"code": NEW_TOWN, "zh": "新米镇", "en": "Xinmi New", "children": goes, "posts": desk},
        ],
    }
    units = in_force(city, "units")
    team = {"code": f"{NEW_TOWN}-team", "zh": "新米镇综合执法队", "en": "Xinmi New team", "scope": NEW_TOWN}
    units.append({**team, "kind": "team"})
    drafted = city.draft(parts={"units": units}, grid_changes=[split])
    assert drafted.status_code == 201, drafted.text
    assert drafted.json()["preview"]["moves"] == 1
    assert city.adopt(drafted.json()["version"], base=drafted.json()["base"]).status_code == 200
    moved = eventually(
        lambda: (found := city.case(going))["place"]["grid"].startswith(NEW_TOWN) and found,
        MOVED_S_MAX,
        "the case followed its grid",
    )
    adoption = city.call("auditor", "GET", "/api/reference").json()["adoptions"][0]
    adopted_ms = adoption["partitions"][str(partition_of(going))]["at_ms"]
    assert adoption["version"] == drafted.json()["version"]
    assert moved["placed_ms"] == max(round(at.timestamp() * 1000), adopted_ms), "at its time, or once that was known"
    assert city.case(staying)["place"]["grid"] == cells[stays[0]].code
    assert city.act("dispatcher", going, "dispatch", lead=f"{NEW_TOWN}-team").status_code == 200
    refused = city.call(
        "acceptor",
        "POST",
        "/api/cases",
        json={"action_id": str(uuid.uuid4()), "place": {"grid": cells[goes[0]].code}, "channel": "hotline"},
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "unknown_grid")
    assert refused.json()["allowed"] == [moved["place"]["grid"]]
    seat = cells[goes[0]]
    asked = f"/api/reference/responsible?lon={seat.lon}&lat={seat.lat}&system=WGS84&at={at.date().isoformat()}"
    answers = city.call("auditor", "GET", asked).json()["answers"]
    assert [(a["place"][0]["code"], a["place"][2]["code"]) for a in answers] == [
        (seat.code, MICUN),
        (moved["place"]["grid"], NEW_TOWN),
    ]
    assert [a["responsible"]["dispatcher"][0]["person"] for a in answers] == [
        f"dispatcher-{MICUN}",
        f"dispatcher-{NEW_TOWN}",
    ]
    town = next(t for t in httpx.get(f"{city.address}/api/site").json()["towns"] if t["code"] == NEW_TOWN)
    assert town["zh"] == "新米镇"
    drawn = httpx.get(f"{city.address}/api/site/map").json()["features"]
    assert {NEW_TOWN, MICUN} <= {f["properties"]["code"] for f in drawn}
    unlabelled = city.call("auditor", "GET", f"/api/reference/responsible?lon={seat.lon}&lat={seat.lat}&at=2026-11-25")
    assert unlabelled.status_code == 422
    assert unlabelled.json()["findings"][0]["code"] == "coordinates.unlabelled"
    outside = city.call("auditor", "GET", "/api/reference/responsible?lon=100&lat=30&system=WGS84&at=2026-11-25")
    assert outside.status_code == 422


def test_the_workbook_goes_out_and_comes_back_as_the_same_version(city: City) -> None:
    got = city.call("admin", "GET", "/api/reference/in-force/standard.xlsx")
    assert got.content[:2] == b"PK"
    drafted = city.call("admin", "POST", "/api/reference/drafts/standard.xlsx", content=got.content)
    assert (drafted.status_code, drafted.json()["version"]) == (200, drafted.json()["base"])
    assert drafted.json()["differences"] == []
    refused = city.call("admin", "POST", "/api/reference/drafts/standard.xlsx", content=b"no workbook")
    assert refused.status_code == 422


def test_staff_of_every_role_reads_and_nobody_else_writes(live: Live) -> None:
    assert live.call("admin", "GET", "/api/reference").json()["partitions"]
    assert live.call("handler-410183001", "GET", "/api/reference/in-force/posts").status_code == 200
    assert live.call("handler-410183001", "POST", "/api/reference/drafts", {}).status_code == 403
    assert live.call("admin", "GET", "/api/reference/in-force/nothing").status_code == 404
    assert live.call("admin", "GET", "/api/reference/responsible?grid=410183&at=yesterday").status_code == 422
