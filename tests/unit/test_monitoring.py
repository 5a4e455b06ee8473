"""Dashboard, alerts and the page for operators speak of metrics that the code really exposes, and of all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from api.hub import Hub
from api.measures import HubCollector
from api.measures import Measures as ApiMeasures
from eventlog.stored import Stored
from eventlog.topics import TopicNames
from ops.audit.process import Measures as AuditMeasures
from ops.measures import SystemMeasures
from runtime.faults import Fault
from runtime.metrics import process_registry, serve_metrics, targets
from streams.chunks import Chunk
from streams.measures import DecisionMeasures, Measures, RowMeasures, TickMeasures

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "ops" / "monitoring"
PAGE = (ROOT / "docs" / "operate.md").read_text()
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "grafana-liandong.json").read_text())
ALERTS = (MONITORING / "alerts.yml").read_text()
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
FROM_THE_PROCESS = {"up"}
NAME = re.compile(r"\b(?:liandong|process)_[a-z0-9_]+\b|\bup\b")
LITERAL = re.compile(r'"(liandong_[a-z0-9_]+)"')


@cache
def exposed() -> dict[str, str]:
    """Family → type, from the registries of every kind of process."""
    hub = Hub("", TopicNames(), "", "Asia/Shanghai", [], 100)
    registries = [process_registry("test", "0"), CollectorRegistry(), CollectorRegistry(), CollectorRegistry()]
    _, processors, api, system = registries
    for kind in (Measures, DecisionMeasures, RowMeasures, TickMeasures):
        kind(processors)
    ApiMeasures(api)
    api.register(HubCollector(hub))
    SystemMeasures(system, ROOT)
    AuditMeasures(system)
    return {family.name: family.type for registry in registries for family in registry.collect()}


def sample_names() -> set[str]:
    return {name + suffix for name, kind in exposed().items() for suffix in SUFFIXES[kind]} | FROM_THE_PROCESS


def unknown(expression: str) -> set[str]:
    """The metrics that an expression names and nobody exposes."""
    outside_of_strings = re.sub(r'"[^"]*"', '""', expression)
    return {name for name in NAME.findall(outside_of_strings) if name not in sample_names()}


def expressions() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield f"dashboard: {panel['title']}", target["expr"]
    for alert, expression in re.findall(r"- alert: (\w+)\n\s+expr: (.+)", ALERTS):
        yield f"alert: {alert}", expression


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_expression_names_metrics_that_are_there(where: str, expression: str) -> None:
    assert unknown(expression) == set(), where
    assert NAME.search(expression), where


def test_an_expression_that_names_none_of_ours_would_be_found() -> None:
    assert unknown('sum(rate(liandong_requests_totals{part="liandong_x"}[5m]))') == {"liandong_requests_totals"}
    assert unknown("liandong_batch_seconds") == {"liandong_batch_seconds"}, "a histogram has no sample of its bare name"


def test_all_expressions_were_walked() -> None:
    assert len(list(expressions())) == ALERTS.count("expr:") + sum(
        len(p.get("targets", ())) for p in DASHBOARD["panels"]
    )
    assert ALERTS.count("expr:") == ALERTS.count("- alert:") > 10


@pytest.mark.parametrize("family", sorted(name for name in exposed() if name.startswith("liandong_")))
def test_every_metric_stands_in_the_page_for_operators(family: str) -> None:
    assert f"`{family}{'_total' if exposed()[family] == 'counter' else ''}`" in PAGE


def test_the_page_names_no_metric_that_is_not_there() -> None:
    named = set(re.findall(r"`(liandong_[a-z0-9_]+)`", PAGE))
    known = {name + ("_total" if kind == "counter" else "") for name, kind in exposed().items()}
    assert named - known == set()


@pytest.mark.parametrize("alert", re.findall(r"- alert: (\w+)", ALERTS))
def test_the_page_says_what_to_do_at_each_alert(alert: str) -> None:
    assert f"| `{alert}` |" in PAGE


def test_no_metric_in_the_code_is_left_out_of_these_tests() -> None:
    sources = [path for folder in ("runtime", "streams", "api", "ops") for path in (ROOT / folder).rglob("*.py")]
    found = {name for path in sources for name in LITERAL.findall(path.read_text())}
    kept = {name.removesuffix("_total") for name in found}
    assert kept - exposed().keys() == set()


def test_the_dashboard_asks_the_datasource_that_is_chosen_and_its_panels_are_told_apart() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == ["datasource"]
    asked = [
        one["datasource"]["uid"] for panel in panels for one in (panel, *panel.get("targets", ())) if "targets" in panel
    ]
    assert set(asked) == {"${datasource}"}
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_a_process_tells_where_it_is_asked_and_takes_it_back_at_its_end(tmp_path: Path) -> None:
    registry = process_registry("clock", "1.2")
    with serve_metrics(registry, tmp_path, "clock", "127.0.0.1", 0) as port:
        assert targets(tmp_path) == {"clock": f"127.0.0.1:{port}"}
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert 'liandong_build_info{part="clock",release="1.2",worker=' in text
        with (
            pytest.raises(Fault, match="port_taken"),
            serve_metrics(registry, tmp_path / "other", "clock", "127.0.0.1", port),
        ):
            pass
    assert targets(tmp_path) == {}
    assert list((tmp_path / "metrics").iterdir()) == []


def test_a_partition_that_was_given_away_has_no_number_any_more() -> None:
    registry = CollectorRegistry()
    measures = Measures(registry)
    measures.took({3: 10, 4: 0})
    with measures.batch([Chunk(4, [Stored(4, 6, 0, None, None)]), Chunk(3, [Stored(3, 10, 0, None, None)])]):
        measures.released({3})
    assert registry.get_sample_value("liandong_position_offset", {"partition": "4"}) == 7
    assert registry.get_sample_value("liandong_records_read_total") == 2
    labels = [s.labels["partition"] for family in registry.collect() for s in family.samples if "partition" in s.labels]
    assert sorted(labels) == ["4", "4"]
