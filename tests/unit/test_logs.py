"""What a log line holds, and what it must never hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog

from runtime.children import start
from runtime.logs import HIDDEN, hide_in_text, hide_secrets
from tests.support.live import eventually

DSN = "postgresql://liandong:s3cr3t-Pa55@127.0.0.1:5432/postgres"
ROOT = Path(__file__).parents[2]


def hidden(**event: Any) -> dict[str, Any]:
    return dict(hide_secrets(None, "info", dict(event)))


def test_a_value_under_a_secrets_name_is_hidden_at_any_depth() -> None:
    found = hidden(user="li", Password="p1", more={"access_token": "p2", "list": [{"dsn": "p3"}, ("x", {"key": "p4"})]})
    assert "p1" not in str(found)
    assert not any(secret in str(found) for secret in ("p2", "p3", "p4"))
    assert found["user"] == "li"
    assert found["more"]["access_token"] == HIDDEN


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"cannot connect to {DSN}", "s3cr3t-Pa55"),
        (f"OSError('{DSN} and {DSN}')", "s3cr3t-Pa55"),
        ("redis://:onlypass@host/0", "onlypass"),
        ("GET / Authorization: Bearer abc.DEF-123", "abc.DEF-123"),
        ("got bearer abc.DEF-123 instead", "abc.DEF-123"),
        ("{'password': 'mine', 'user': 'li'}", "mine"),
        ('{"access_token":"zzz9"}', "zzz9"),
        ("LIANDONG_MASTER_KEY=feed0 and more", "feed0"),
        ("user=li password=mine2 host=x", "mine2"),
    ],
)
def test_a_secret_inside_a_text_is_hidden_and_the_rest_stays(text: str, secret: str) -> None:
    shown = hide_in_text(text)
    assert secret not in shown
    assert HIDDEN in shown
    assert hide_in_text(shown) == shown


@pytest.mark.parametrize("text", ["postgresql://127.0.0.1:5432/postgres", "案件 410183 已超时", "2 tokens left", ""])
def test_a_text_without_a_secret_is_left_alone(text: str) -> None:
    assert hide_in_text(text) == text


def test_objects_and_exceptions_are_looked_at_too() -> None:
    found = hidden(error=OSError(f"no route to {DSN}"), where=Path("/x"), flags={1, 2})
    assert "s3cr3t" not in str(found)
    assert "no route" in found["error"]


PROGRAM = f"""
import logging, structlog, sys
from runtime.logs import configure_logging
configure_logging("info", "dispatch")
structlog.contextvars.bind_contextvars(request="r-1")
structlog.get_logger("x").info("dispatch.took", partitions=[1], dsn="{DSN}")
structlog.get_logger("x").debug("not at this level")
logging.getLogger("aiokafka").error("cannot reach %s", "{DSN}")
try:
    raise OSError("{DSN}")
except OSError:
    structlog.get_logger("x").exception("worker.failed")
raise ValueError("{DSN}")
"""


def test_every_line_is_one_json_object_without_a_secret_also_of_libraries_and_of_a_crash() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, cwd=ROOT, timeout=30, check=False
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert [line["event"] for line in lines] == [
        "dispatch.took",
        f"cannot reach postgresql://liandong:{HIDDEN}@127.0.0.1:5432/postgres",
        "worker.failed",
        "process.failed",
    ]
    assert "s3cr3t" not in done.stderr
    assert {line["process"] for line in lines} == {"dispatch"}
    assert {line["request"] for line in lines} == {"r-1"}
    assert all({"level", "timestamp"} <= line.keys() for line in lines)
    assert "Traceback" in lines[2]["exception"]


def test_a_childs_log_is_moved_aside_while_it_writes_and_it_writes_on(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    program = "import time\nfor n in range(100000):\n print(f'line {n:06}', flush=True)\n time.sleep(0.0005)"
    child = start("part", [sys.executable, "-c", program], log)
    try:
        eventually(lambda: log.stat().st_size > 2_000, 10, "some output")
        assert child.trim_log(bytes_max=1_000)
        aside = (tmp_path / "part.log.1").read_text()
        assert aside.startswith("line 000000\n")
        eventually(lambda: log.stat().st_size > 100, 10, "output after the cut")
    finally:
        child.process.kill()
        child.process.wait(5)
    after = log.read_bytes()
    assert b"\0" not in after, "it writes at the end, not where it was"
    assert len(after) < 100_000
    assert not child.trim_log(bytes_max=10**9)


def test_a_log_beyond_the_limit_is_moved_aside_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.children.LOG_BYTES_MAX", 10)
    log = tmp_path / "part.log"
    log.write_text("twelve bytes")
    child = start("part", [sys.executable, "-c", "print('new')"], log, env=dict(os.environ))
    child.process.wait(10)
    assert ((tmp_path / "part.log.1").read_text(), log.read_text()) == ("twelve bytes", "new\n")
    structlog.reset_defaults()
