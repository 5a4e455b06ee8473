"""Child processes: started on a leash, with their output in a file, and stopped in bounded time.

The kernel sends the leash's signal when the *thread* that started the child ends, so children are started from a
thread that lives as long as they should: the main one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

STOP_S_MAX = 15.0
KILL_S_MAX = 5.0
LEASH = Path(__file__).with_name("leash.py")


class Child:
    """A running child and the file its output goes to."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self.process.pid

    def code(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self.process.poll()

    async def wait(self) -> int:
        """Wait for its end, however long that takes."""
        while (code := self.process.poll()) is None:  # noqa: ASYNC110  # no portable event tells of a child's end
            await asyncio.sleep(0.02)
        return code

    async def stop(self, number: int = signal.SIGTERM, stop_s_max: float = STOP_S_MAX) -> int:
        """Ask it to stop with that signal; kill it when the limit is over. Gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                async with asyncio.timeout(stop_s_max):
                    return await self.wait()
            except TimeoutError:
                self.process.kill()
        async with asyncio.timeout(KILL_S_MAX):
            return await self.wait()

    def last_lines(self, count: int = 12) -> str:
        """The end of its output, for an error message."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
        except OSError:
            return ""


def start(
    name: str,
    command: Sequence[str | Path],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    user: str = "-",
    at_parents_death: int = signal.SIGKILL,
) -> Child:
    """Start a command on a leash. `user` is "-", "uid:gid" or "ns:uid" (see runtime.leash). Raises OSError."""
    log.parent.mkdir(parents=True, exist_ok=True)
    leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(at_parents_death)), user]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*leash, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=None if env is None else dict(env),
            start_new_session=True,
        )
    return Child(name, process, log)
