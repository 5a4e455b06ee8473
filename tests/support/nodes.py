"""Kafka and PostgreSQL alone, as a child process, for tests that bring their own parts.

A whole system that nobody needs takes a third of a core: it looks for news many times a second.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
from pathlib import Path

import psutil

from ops.embedded.stack import EmbeddedStack
from runtime.settings import load_settings

SESSION_S = 3.0
ENDED_S_MAX = 30.0


class Nodes:
    """A broker and a database in that folder until `stop`; `kafka` names the broker."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.support.nodes", str(folder)]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the nodes did not start"
        self.kafka: str
        self.kafka, self._postgres = json.loads(line)
        self._master_key = secrets.token_hex(32)

    def settings(self) -> dict[str, str]:
        """What a process needs to join."""
        return {
            "LIANDONG_KAFKA": self.kafka,
            "LIANDONG_POSTGRES": self._postgres,
            "LIANDONG_MASTER_KEY": self._master_key,
            "LIANDONG_SESSION_S": str(SESSION_S),
            "LIANDONG_METRICS_PORT": "0",
            "LIANDONG_PORT": "0",
            "LIANDONG_DEMO": "true",
        }

    def broker(self) -> psutil.Process:
        """The broker's own process."""
        return next(child for child in psutil.Process(self._process.pid).children() if child.name() == "java")

    def stop(self) -> int:
        """End both in order; gives the exit code."""
        self._process.communicate(timeout=ENDED_S_MAX)
        return self._process.returncode


async def _until_told(folder: Path) -> None:
    settings = load_settings()
    async with EmbeddedStack(folder, settings.cache_dir, settings.java, show=False) as stack:
        print(json.dumps([stack.kafka, stack.postgres]), flush=True)
        await asyncio.to_thread(sys.stdin.read)  # it ends with whoever started us


if __name__ == "__main__":
    asyncio.run(_until_told(Path(sys.argv[1])))
