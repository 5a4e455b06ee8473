"""What the API counts. Requests are told apart by route template, never by path: a path is anybody's choice."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from api.hub import Hub

SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Measures:
    """Counters of requests, actions and screens, bound once for each combination that occurs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "liandong_requests",
            "Requests answered, by route template",
            ["method", "route", "status"],
            registry=registry,
        )
        self._request_seconds = Histogram(
            "liandong_request_seconds",
            "From the request's head to the answer's end",
            ["route"],
            registry=registry,
            buckets=SECONDS,
        )
        self._actions = Counter(
            "liandong_actions", "Actions answered, by outcome; `undecided` got a 202", ["outcome"], registry=registry
        )
        self._action_seconds = Histogram(
            "liandong_action_seconds", "From append to outcome", registry=registry, buckets=SECONDS
        )
        self.clients = Gauge("liandong_ws_clients", "Screens on the wall's feed", registry=registry)
        self._bound: dict[tuple[str, str, int], Counter] = {}
        self._bound_seconds: dict[str, Histogram] = {}

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        key = (method, route, status)
        if key not in self._bound:
            self._bound[key] = self._requests.labels(method, route, str(status))
            self._bound_seconds[route] = self._request_seconds.labels(route)
        self._bound[key].inc()
        self._bound_seconds[route].observe(seconds)

    def action(self, outcome: str, seconds: float) -> None:
        """Count an action whose wait for a decision has ended."""
        self._actions.labels(outcome).inc()
        self._action_seconds.observe(seconds)


class HubCollector:
    """What the hub knows, read when somebody asks, so that it costs the hub nothing."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def describe(self) -> Iterable[Metric]:
        """The families without values: the hub need not be loaded to be registered."""
        return self._families()

    def collect(self) -> Iterable[Metric]:
        """The families with the values of now."""
        hub = self._hub
        cases = hub.kpi()
        age = max(time.time() - hub.marks.as_of_ms / 1000, 0.0)
        letters = math.nan if hub.letters.open is None else hub.letters.open
        return self._families(
            len(hub.rows), cases[1], cases[2], age, hub.decisions.waiting, hub.seq, letters, hub.letters.limit
        )

    def _families(self, *values: Any) -> list[Metric]:
        named = (
            GaugeMetricFamily("liandong_open_cases", "Open cases"),
            GaugeMetricFamily("liandong_near_cases", "Open cases near their deadline"),
            GaugeMetricFamily("liandong_overdue_cases", "Open cases past their deadline"),
            GaugeMetricFamily("liandong_feed_lag_seconds", "Age of the data on the wall"),
            GaugeMetricFamily("liandong_waiting_answers", "Requests waiting for a decision"),
            CounterMetricFamily("liandong_frames", "Frames of the wall made since the start"),
            GaugeMetricFamily("liandong_open_letters", "Dead letters that nobody has seen to"),
            GaugeMetricFamily("liandong_open_letters_max", "Beyond so many deciding stands"),
        )
        for family, value in zip(named, values, strict=False):
            family.add_metric([], value)
        return list(named)
