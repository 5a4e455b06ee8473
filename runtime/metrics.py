"""A process's metrics: its registry, the port where they are asked for, and the file that tells the port.

Owns what every process says of itself. The file has the form of Prometheus' file-based service discovery, so that a
port chosen by the system needs no configuration. It must never hold a secret, and the port never answers anything else.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)

from runtime.faults import Fault

FOLDER = "metrics"
STOP_S_MAX = 2.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # where to ask what listens everywhere


def process_registry(part: str, release: str) -> CollectorRegistry:
    """A registry with the process's memory, processor time and start, and who it is: `worker` is HOST-PID."""
    disable_created_metrics()  # a second series for each counter, which nobody asks for
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    about = Gauge(
        "liandong_build_info",
        "Which release runs as what",
        ["part", "release", "worker"],
        registry=registry,
    )
    about.labels(part, release, worker_name()).set(1)
    return registry


def worker_name() -> str:
    """This process among those of all machines: HOST-PID."""
    return f"{socket.gethostname()}-{os.getpid()}"


@contextmanager
def serve_metrics(registry: CollectorRegistry, data_dir: Path, part: str, host: str, port: int) -> Iterator[int]:
    """Answer on `host` while the context lasts, on any free port if `port` is 0; gives the port.

    Raises Fault `metrics.port_taken`.
    """
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise Fault(
            "metrics.port_taken",
            f"指标端口 {host}:{port} 不可用({error.strerror})。",
            f"The metrics port {host}:{port} cannot be had ({error.strerror}).",
            hint_zh="请用 LIANDONG_METRICS_PORT 另选端口,或设为 0。",
            hint_en="Choose another one with LIANDONG_METRICS_PORT, or 0 for any.",
        ) from error
    try:
        with told(data_dir, part, host, server.server_port):
            yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(STOP_S_MAX)


@contextmanager
def told(data_dir: Path, part: str, host: str, port: int) -> Iterator[Path]:
    """Tell the address in `metrics/PART.json` of the data folder while the context lasts; gives the file."""
    path = data_dir / FOLDER / f"{part}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = EVERYWHERE.get(host, host)
    shown = f"[{shown}]" if ":" in shown else shown
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps([{"targets": [f"{shown}:{port}"], "labels": {"part": part}}]))
    fresh.replace(path)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def targets(data_dir: Path) -> dict[str, str]:
    """Part → address of its metrics, as told in the data folder; a part that was killed may still stand there."""
    found: dict[str, str] = {}
    for path in sorted((data_dir / FOLDER).glob("*.json")):
        try:
            found[path.stem] = json.loads(path.read_text())[0]["targets"][0]
        except (OSError, ValueError, LookupError):
            continue
    return found
