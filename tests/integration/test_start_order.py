"""Every part is started before the broker and the database it needs: the order does not matter."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from eventlog.tail import ends
from ops.embedded.kafka import free_ports
from ops.embedded.stack import EmbeddedStack
from runtime.settings import load_settings
from tests.support.beside import LOOK_S, Beside
from tests.support.live import eventually
from tests.support.metrics import told

LAST_FIRST = ("audit", "api", "react", "clock", "dispatch", "project")
NODE_S_MAX = 120.0
WAITS_S_MAX = 40.0
READY_S_MAX = 60.0
REPORTS = 20
READ = {"dispatch": "actions", "project": "events", "clock": "events", "react": "events"}


class Away:
    """A broker and a database that are there or not; always at the same addresses."""

    def __init__(self, folder: Path) -> None:
        settings = load_settings()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = EmbeddedStack(folder, settings.cache_dir, settings.java, show=False)
        self._do(self._stack.__aenter__())
        self.kafka: str = self._stack.kafka
        self._master_key = secrets.token_hex(32)

    def settings(self) -> dict[str, str]:
        """What a process needs to join."""
        return {
            "LIANDONG_KAFKA": self._stack.kafka,
            "LIANDONG_POSTGRES": self._stack.postgres,
            "LIANDONG_MASTER_KEY": self._master_key,
            "LIANDONG_METRICS_PORT": "0",
            "LIANDONG_DEMO": "true",
        }

    def go(self) -> None:
        """Both end."""
        self._do(self._stack.kafka_node.stop())
        self._do(self._stack.postgres_node.stop())

    def come(self, node: str) -> None:
        """One of them is there again."""
        self._do({"kafka": self._stack.kafka_node, "postgres": self._stack.postgres_node}[node].start())

    def close(self) -> None:
        """End all of it."""
        self._do(self._stack.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(NODE_S_MAX)


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Away]:
    nodes = Away(tmp_path / "nodes")
    yield nodes
    nodes.close()


def test_parts_that_were_started_before_everything_they_need_work_once_it_is_there(away: Away, tmp_path: Path) -> None:
    beside, port = Beside(away, tmp_path), free_ports(1)[0]
    try:
        away.go()
        running = {part: beside.start(part, LIANDONG_PORT=str(port)) for part in LAST_FIRST}
        for part in LAST_FIRST:
            eventually(lambda part=part: ".waits" in beside.said(part), WAITS_S_MAX, f"{part} waits")
        for node in ("postgres", "kafka"):
            away.come(node)
        eventually(lambda: _ready(port), READY_S_MAX, "the API is ready")
        beside.report(REPORTS)
        beside.all_decided()
        eventually(beside.rows_hold_everything, READY_S_MAX, "the rows hold everything", LOOK_S)
        for part, topic in READ.items():
            wanted = sum(asyncio.run(ends(away.kafka, f"{beside.names.prefix}{topic}")).values())
            eventually(
                lambda part=part, all_of=wanted: _read(tmp_path, part) == all_of, READY_S_MAX, f"{part} read all"
            )
        eventually(lambda: told(tmp_path, "audit", "liandong_audit_cases") == {"": REPORTS}, READY_S_MAX, "compared")
        assert [part for part, process in running.items() if process.poll() is not None] == []
    finally:
        beside.close()


def _read(folder: Path, part: str) -> float:
    return sum(told(folder, part, "liandong_position_offset").values())


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").is_success
    except httpx.HTTPError:
        return False
