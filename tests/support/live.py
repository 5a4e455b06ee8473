"""A whole demo as a child process, for tests that need the real thing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

READY_S_MAX = 90
END_S_MAX = 30
ANSWER_S_MAX = 60
PARTS = ("kafka.Kafka", "postgres", "ops.cli")


class Live:
    """A running `liandong demo --quiet`; `address` is its API, `kafka` its broker."""

    def __init__(self, data_dir: Path, port: int, **settings: str) -> None:
        env = {**os.environ, "LIANDONG_DATA_DIR": str(data_dir), "LIANDONG_PORT": str(port), "PYTHONWARNINGS": ""}
        self.data_dir = data_dir
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ops.cli", "demo", "--quiet"],
            env={**env, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        self._lines: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._tokens: dict[str, str] = {}
        try:
            self.kafka = str(eventually(self._named, READY_S_MAX, "the demo is up"))
        except BaseException:
            self.stop()
            raise

    def _listen(self) -> None:
        assert self.process.stdout is not None
        self._lines.extend(iter(self.process.stdout.readline, ""))

    def _named(self) -> str:
        match = re.search(r"Kafka +(127\S+)", self.said())
        assert match or self.process.poll() is None, f"the demo did not start:\n{self.said()}"
        return match[1] if match else ""

    def said(self) -> str:
        """What the demo printed so far."""
        return "".join(self._lines)

    def node(self, name: str) -> psutil.Process:
        """The embedded broker ("kafka") or database ("postgres")."""
        mark = {"kafka": "kafka.Kafka", "postgres": str(self.data_dir / "postgres")}[name]
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):
                if any(mark in word for word in child.cmdline()):
                    return child
        raise AssertionError(f"{name} does not run")

    def part(self, name: str) -> psutil.Process:
        """The process of `liandong serve NAME`."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if child.cmdline()[-2:] == ["serve", name]:
                    return child
        raise AssertionError(f"{name} does not run")

    def family(self) -> list[psutil.Process]:
        """The demo's children, whatever they are."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def token(self, username: str) -> str:
        """A token of a demo account."""
        if username not in self._tokens:
            body = {"username": username, "password": "liandong-demo"}
            answer = httpx.post(f"{self.address}/api/token", json=body, timeout=ANSWER_S_MAX)
            self._tokens[username] = answer.json()["access_token"]
        return self._tokens[username]

    def call(self, username: str, method: str, path: str, body: Any = None) -> httpx.Response:
        """A request by that person."""
        headers = {"Authorization": f"Bearer {self.token(username)}"}
        return httpx.request(method, f"{self.address}{path}", json=body, headers=headers, timeout=ANSWER_S_MAX)

    def report(self, grid: str, **more: Any) -> str:
        """Report a case by the acceptor; gives its id."""
        body = {"action_id": str(uuid.uuid4()), "place": {"grid": grid}, "channel": "hotline", "case_class": "010101"}
        answer = self.call("acceptor", "POST", "/api/cases", {**body, **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["case_id"])

    def act(self, username: str, case_id: str, action: str, **more: Any) -> httpx.Response:
        """One action on a case."""
        body = {"action_id": str(uuid.uuid4()), "action": action, **more}
        return self.call(username, "POST", f"/api/cases/{case_id}/actions", body)

    def dispatched(self, grid: str, lead: str) -> str:
        """A case that waits for its lead's acknowledgement."""
        case_id = self.report(grid)
        assert self.act("acceptor", case_id, "accept").status_code == 200
        assert self.act("shift_head", case_id, "file", condition="01").status_code == 200
        assert self.act("dispatcher", case_id, "dispatch", lead=lead).status_code == 200
        return case_id

    def settings(self) -> dict[str, str]:
        """What another process needs to join this system."""
        return dict(line.split("=", 1) for line in (self.data_dir / "running.env").read_text().splitlines())

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `liandong ARGUMENTS` against this system."""
        env = {**os.environ, **self.settings()}
        command = [sys.executable, "-m", "ops.cli", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    def stop(self) -> int:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(END_S_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.close()

    def close(self) -> None:
        """Let go of its output."""
        self._listener.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()


def eventually(fact: Any, within_s: float, what: str, every_s: float = 0.02) -> Any:
    """Wait for a fact, looking often, a dear one less so; fails with `what` when the limit is over."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := fact():
            return found
        time.sleep(every_s)
    raise AssertionError(f"not within {within_s} s: {what}")
